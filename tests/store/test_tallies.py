"""`pingback.store.tallies`: counts that are kept in the transaction of whatever they count."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pingback.errors import StoreError
from pingback.model import Mention, MentionKind, MentionStatus, OutcomeStatus, Protocol
from pingback.store import Store
from pingback.store.listing import Selection
from tests.store.sent import plan

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
APPROVED, PENDING, REJECTED = MentionStatus.APPROVED, MentionStatus.PENDING, MentionStatus.REJECTED
SPAM, DELETED = MentionStatus.SPAM, MentionStatus.DELETED


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{file}", clock=lambda: NOON, most_rejected=3) as store:
        yield store


def mention(number: int = 1, status: MentionStatus = APPROVED, **fields: object) -> Mention:
    whole = Mention(
        source=f"https://a.example/{number}",
        target="https://b.example/5",
        protocol=Protocol.PINGBACK,
        status=status,
        received=NOON,
        verified=NOON,
    )
    return replace(whole, **fields)  # type: ignore[arg-type]  # `fields` are those of a Mention


def keep(store: Store, number: int = 1, status: MentionStatus = APPROVED, **fields: object) -> Mention:
    return store.mentions.keep(mention(number, status, **fields))[0]


def check(store: Store) -> None:
    """Each count is what there is."""
    there = [*store.mentions.list()]
    assert store.tallies.mentions() == Counter((each.protocol, each.status.value) for each in there)
    assert store.overview.counts() == {status: sum(each.status is status for each in there) for status in MentionStatus}
    assert store.listing.counts(Selection(host="b.example")).kinds == Counter(
        each.kind for each in there if each.status is APPROVED
    )
    days = Counter(each.received.date() for each in there)
    assert store.overview.days(5, now=NOON + DAY) == [
        (day, days[day]) for day in (date(2025, 12, 30) + number * DAY for number in range(5))
    ]


def _rejected_and_back(store: Store) -> None:
    store.mentions.update(replace(keep(store), status=REJECTED, fault=17))
    keep(store, kind=MentionKind.LIKE, received=NOON - DAY, protocol=Protocol.WEBMENTION)


def _too_many_rejected(store: Store) -> None:
    for number in range(9):
        keep(store, number, REJECTED)


def _forgotten(store: Store) -> None:
    for number, status in enumerate((SPAM, DELETED, REJECTED, APPROVED)):
        keep(store, number, status)
    assert store.retention.run(before=NOON + DAY, now=NOON + DAY)["mentions"] == 3


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda store: keep(store), id="kept"),
        pytest.param(lambda store: [keep(store, received=NOON - DAY) for _ in range(2)], id="known"),
        pytest.param(lambda store: [keep(store, number, PENDING) for number in range(3)], id="several"),
        pytest.param(lambda store: store.mentions.update(replace(keep(store), status=SPAM)), id="another-status"),
        pytest.param(
            lambda store: store.mentions.update(replace(keep(store), kind=MentionKind.REPLY)), id="another-kind"
        ),
        pytest.param(lambda store: store.mentions.update(replace(keep(store), title="x")), id="another-title"),
        pytest.param(
            lambda store: store.moderation.decide([keep(store, number).id or 0 for number in range(3)], DELETED),
            id="decided",
        ),
        pytest.param(_rejected_and_back, id="rejected-and-back"),
        pytest.param(_too_many_rejected, id="too-many-rejected"),
        pytest.param(_forgotten, id="forgotten"),
        pytest.param(lambda store: (keep(store), store.readiness.check()), id="a-trial"),
        pytest.param(
            lambda store: (keep(store), store.moves.keep("https://b.example/5", "https://b.example/6")), id="moved"
        ),
    ],
)
def test_what_is_counted_is_what_there_is(store: Store, change: Callable[[Store], object]) -> None:
    change(store)
    check(store)


def test_what_is_undone_is_not_counted(store: Store, file: Path) -> None:
    keep(store)
    with closing(sqlite3.connect(file)) as other:
        other.execute("UPDATE pingback_mentions SET status = 'spam'")
        other.rollback()
    check(store)


def test_pings_by_what_became_of_them(store: Store) -> None:
    plan(store, *(f"https://c.example/{number}" for number in range(3)), source="https://b.example/5")
    assert store.tallies.pings() == {("", "waiting"): 3}
    plan(store, "https://c.example/0", source="https://b.example/5")
    assert store.tallies.pings() == {("", "waiting"): 1, ("", "skipped"): 2}
    counts = store.outbox.counts()
    assert (counts[OutcomeStatus.WAITING], counts[OutcomeStatus.SKIPPED], counts[OutcomeStatus.GONE]) == (1, 2, 0)


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.tallies.mentions()
