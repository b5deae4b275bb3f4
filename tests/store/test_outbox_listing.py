"""`pingback.store.outbox_listing`: the pings a page at a time, and once more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pingback.model import Discovery, OutcomeStatus
from pingback.store.outbox import Outbox
from tests.store.sent import (
    ACCEPTED,
    FAILED,
    HOUR,
    NOON,
    ONE,
    POST,
    RETELLING,
    THREE,
    TWO,
    claim,
    plan,
    record,
    targets,
)


def test_the_last_planned_first_a_page_at_a_time(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO, THREE)
    first, before = outbox.page(size=2)
    assert targets(first) == [THREE, TWO]
    second, end = outbox.page(size=2, before=before)
    assert (targets(second), end) == ([ONE], None)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        pytest.param("two.example", [TWO], id="target"),
        pytest.param("a.example/post", [TWO, ONE], id="source"),
        pytest.param("no answer", [TWO], id="message"),
        pytest.param("/webmention", [TWO, ONE], id="endpoint"),
        pytest.param("o_e", [], id="no-wildcard"),
    ],
)
def test_search(outbox: Outbox, search: str, found: list[str]) -> None:
    plan(outbox, ONE, TWO)
    for ping in claim(outbox):
        record(outbox, ping, ACCEPTED if ping.target == ONE else FAILED)
    assert targets(outbox.page(search=search, size=9)[0]) == found


def test_statuses_and_counts(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO)
    for ping in claim(outbox):
        record(outbox, ping, ACCEPTED if ping.target == ONE else FAILED)
    assert targets(outbox.page(statuses=[OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY], size=9)[0]) == [ONE]
    assert targets(outbox.page(statuses=[OutcomeStatus.GONE], size=9)[0]) == []
    counts = outbox.counts()
    assert (counts[OutcomeStatus.ACCEPTED], counts[OutcomeStatus.FAILED], counts[OutcomeStatus.GONE]) == (1, 1, 0)


def test_what_somebody_has_in_hand_waits_whatever_came_of_it_before(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [held] = claim(outbox)
    record(outbox, held, FAILED, next_try=NOON + HOUR)
    claim(outbox, now=NOON + HOUR)
    [ping], _ = outbox.page(statuses=[OutcomeStatus.WAITING], size=9)
    assert ping.as_outcome() == replace(
        FAILED, target=ONE, status=OutcomeStatus.WAITING, message="waiting to be sent", fault=None, next_try=NOON + HOUR
    )
    assert list(outbox.pings(status=OutcomeStatus.WAITING)) == [ping]
    assert list(outbox.pings(status=OutcomeStatus.FAILED)) == []
    assert (outbox.counts()[OutcomeStatus.WAITING], outbox.counts()[OutcomeStatus.FAILED]) == (1, 0)


def test_one_by_its_number(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [ping] = outbox.pings()
    assert outbox.at(ping.id) == ping
    assert outbox.at(4711) is None


def test_send_again_is_due_at_once_and_asks_the_target_anew(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [held] = claim(outbox)
    record(outbox, held, FAILED, next_try=NOON + HOUR)
    outbox.remember(Discovery(target=ONE, url=ONE, endpoints=()), until=NOON + timedelta(days=1))
    [ping] = outbox.send_again([held.id, held.id, 4711], now=NOON, retelling=RETELLING)
    assert (ping.status, ping.next_try, ping.attempts) == (OutcomeStatus.WAITING, NOON, 1)
    assert outbox.recall(ONE, now=NOON) is None
    assert targets(claim(outbox)) == [ONE]


def test_what_was_taken_is_not_sent_again(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [held] = claim(outbox)
    record(outbox, held, ACCEPTED)
    assert outbox.send_again([held.id], now=NOON, retelling=RETELLING) == []
    assert outbox.find(POST, ONE).next_try is None  # type: ignore[union-attr]  # it was planned above
