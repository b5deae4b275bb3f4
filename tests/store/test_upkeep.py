"""`Mentions.due` and `count_failure`: which mentions are to be looked at again, and how often in a row one failed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MENTION = Mention(
    source="https://a.example/6",
    target="https://my.example/5",
    protocol=Protocol.PINGBACK,
    status=MentionStatus.APPROVED,
    received=NOON,
    verified=NOON,
)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://", clock=lambda: NOON) as store:
        yield store


def keep(store: Store, number: int, **changes: object) -> Mention:
    kept, _ = store.mentions.keep(replace(MENTION, source=f"https://a.example/{number}", **changes))  # type: ignore[arg-type]  # fields
    return kept


def due(store: Store, now: datetime, most: int = 10) -> list[str]:
    found = store.mentions.due(looked_before=now - 30 * DAY, failed_before=now - 3 * DAY, most=most)
    return [mention.source for mention in found]


def test_the_oldest_look_first_and_no_more_than_asked_for(store: Store) -> None:
    for number, days in ((1, 1), (2, 0), (3, 2)):
        keep(store, number, verified=NOON + days * DAY)
    assert due(store, NOON + 32 * DAY) == [f"https://a.example/{number}" for number in (2, 1, 3)]
    assert due(store, NOON + 32 * DAY, most=2) == [f"https://a.example/{number}" for number in (2, 1)]
    assert due(store, NOON + 30 * DAY) == ["https://a.example/2"]
    assert due(store, NOON + 30 * DAY - timedelta(microseconds=1)) == []


@pytest.mark.parametrize(
    "changes",
    [
        *(pytest.param({"status": status}, id=status) for status in MentionStatus if status != MentionStatus.APPROVED),
        pytest.param({"verified": None, "protocol": Protocol.TRACKBACK}, id="never-verified"),
    ],
)
def test_what_is_not_shown_is_not_looked_at(store: Store, changes: dict[str, object]) -> None:
    keep(store, 1, **changes)
    assert due(store, NOON + 400 * DAY) == []


def test_what_failed_is_due_sooner(store: Store) -> None:
    failing, fine = keep(store, 1), keep(store, 2)
    for mention in (failing, fine):
        assert store.mentions.claim(mention, now=NOON + 30 * DAY, not_since=NOON)
    store.mentions.count_failure(failing, now=NOON + 30 * DAY, apart=3 * DAY)
    assert due(store, NOON + 33 * DAY - timedelta(microseconds=1)) == []
    assert due(store, NOON + 33 * DAY) == [failing.source]


def test_failures_count_when_they_are_apart(store: Store) -> None:
    mention = keep(store, 1)
    days = (0.0, 0.5, 2.9, 3.0, 5.9, 6.5)
    counted = [store.mentions.count_failure(mention, now=NOON + day * DAY, apart=3 * DAY) for day in days]
    assert counted == [1, 1, 1, 2, 2, 3]


def test_a_success_begins_anew(store: Store) -> None:
    mention = keep(store, 1)
    store.mentions.count_failure(mention, now=NOON, apart=3 * DAY)
    store.mentions.update(mention)
    assert store.mentions.count_failure(mention, now=NOON + 1 * DAY, apart=3 * DAY) == 1
    assert store.mentions.count_failure(mention, now=NOON + 3 * DAY, apart=3 * DAY) == 1
    assert store.mentions.count_failure(mention, now=NOON + 4 * DAY, apart=3 * DAY) == 2


def test_a_failure_is_no_change_to_who_keeps_copies(store: Store) -> None:
    mention = keep(store, 1)
    store.mentions.count_failure(mention, now=NOON, apart=DAY)
    assert store.mentions.find(mention.source, mention.target) == mention
