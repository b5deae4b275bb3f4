"""`pingback.store.outbox`: the pings a page at a time, and once more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pingback.model import Discovery, OutcomeStatus
from pingback.store import Store
from tests.store.sent import (
    ACCEPTED,
    FAILED,
    HOUR,
    MINUTE,
    NOON,
    ONE,
    POST,
    THREE,
    TWO,
    plan,
    record,
    send_again,
    take,
    targets,
)


def test_the_last_planned_first_a_page_at_a_time(store: Store) -> None:
    plan(store, ONE, TWO, THREE)
    first, before = store.outbox.page(size=2)
    assert targets(first) == [THREE, TWO]
    second, end = store.outbox.page(size=2, before=before)
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
def test_search(store: Store, search: str, found: list[str]) -> None:
    plan(store, ONE, TWO)
    for held in take(store):
        record(store, held, ACCEPTED if held.ping.target == ONE else FAILED)
    assert targets(store.outbox.page(search=search, size=9)[0]) == found


def test_statuses_and_counts(store: Store) -> None:
    plan(store, ONE, TWO)
    for held in take(store):
        record(store, held, ACCEPTED if held.ping.target == ONE else FAILED)
    assert targets(store.outbox.page(statuses=[OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY], size=9)[0]) == [ONE]
    assert targets(store.outbox.page(statuses=[OutcomeStatus.GONE], size=9)[0]) == []
    counts = store.outbox.counts()
    assert (counts[OutcomeStatus.ACCEPTED], counts[OutcomeStatus.FAILED], counts[OutcomeStatus.GONE]) == (1, 1, 0)


def test_what_somebody_has_in_hand_waits_whatever_came_of_it_before(store: Store) -> None:
    plan(store, ONE)
    [held] = take(store)
    record(store, held, FAILED, next_try=NOON + HOUR)
    take(store, now=NOON + HOUR)
    [ping], _ = store.outbox.page(statuses=[OutcomeStatus.WAITING], size=9)
    assert ping.as_outcome() == replace(
        FAILED,
        target=ONE,
        status=OutcomeStatus.WAITING,
        message="waiting to be sent",
        fault=None,
        next_try=NOON + HOUR + MINUTE,
    )
    assert list(store.outbox.pings(status=OutcomeStatus.WAITING)) == [ping]
    assert list(store.outbox.pings(status=OutcomeStatus.FAILED)) == []
    assert (store.outbox.counts()[OutcomeStatus.WAITING], store.outbox.counts()[OutcomeStatus.FAILED]) == (1, 0)


def test_one_by_its_number(store: Store) -> None:
    plan(store, ONE)
    [ping] = store.outbox.pings()
    assert store.outbox.at(ping.id) == ping
    assert store.outbox.at(4711) is None


def test_send_again_is_due_at_once_and_asks_the_target_anew(store: Store) -> None:
    plan(store, ONE)
    [held] = take(store)
    record(store, held, FAILED, next_try=NOON + HOUR)
    store.discoveries.remember(Discovery(target=ONE, url=ONE, endpoints=()), until=NOON + timedelta(days=1))
    [ping] = send_again(store, [held.ping.id, held.ping.id, 4711])
    assert (ping.status, ping.next_try, ping.attempts) == (OutcomeStatus.WAITING, NOON, 1)
    assert store.discoveries.recall(ONE, now=NOON) is None
    assert targets(take(store)) == [ONE]


def test_what_was_taken_is_not_sent_again(store: Store) -> None:
    plan(store, ONE)
    [held] = take(store)
    record(store, held, ACCEPTED)
    assert send_again(store, [held.ping.id]) == []
    assert store.outbox.find(POST, ONE).next_try is None  # type: ignore[union-attr]  # it was planned above
