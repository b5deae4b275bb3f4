"""`pingback.store.tallies`: counts that are kept in the transaction of whatever they count."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pingback.errors import StoreError
from pingback.model import Mention, MentionKind, MentionStatus, OutcomeStatus, Protocol
from pingback.store import Store
from pingback.store.listing import Selection
from tests.postgresql.server import Server
from tests.store.databases import NewStore, asked
from tests.store.sent import plan

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
APPROVED, PENDING, REJECTED = MentionStatus.APPROVED, MentionStatus.PENDING, MentionStatus.REJECTED
SPAM, DELETED = MentionStatus.SPAM, MentionStatus.DELETED


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store(clock=lambda: NOON, most_rejected=3)


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


def test_what_is_undone_is_not_counted(store: Store) -> None:
    keep(store)
    with suppress(ZeroDivisionError), store._database.write() as tx:
        tx.execute("UPDATE pingback_mentions SET status = 'spam'")
        raise ZeroDivisionError
    check(store)


def test_nobody_waits_for_others_that_count_the_same(postgresql_url: str) -> None:
    at_once = f"{postgresql_url}&timeout=0"
    with Store(postgresql_url, clock=lambda: NOON) as store, Store(at_once, clock=lambda: NOON) as other:
        with store._database.write() as tx:
            store.mentions.keep_in(tx, mention(1), home=None)
            with other._database.write() as beside:
                other.mentions.keep_in(beside, mention(2), home=None)
                store.mentions.keep_in(tx, mention(3, PENDING), home=None)
                other.mentions.keep_in(beside, mention(4, PENDING), home=None)
        check(store)
        assert slots(store) == [(0, 2), (1, 2)]
        other.moderation.decide([1, 2, 3, 4], SPAM)  # also what was counted in another slot
        check(store)
        assert slots(store) == [(0, 2), (1, 2)]


def test_where_more_write_than_there_are_slots_they_share_one(postgresql: Server, postgresql_url: str) -> None:
    taken = "SELECT count(pg_advisory_lock(hashtext('pingback slot'), number)) FROM generate_series(0, 62) AS number"
    with Store(postgresql_url, clock=lambda: NOON) as store, postgresql.connect(postgresql_url) as others:
        assert others.execute(taken).fetchall() == [(63,)]
        keep(store, 1)
        keep(store, 2)
        check(store)
        assert slots(store) == [(63, 2)]


def slots(store: Store) -> list[tuple[int, int]]:
    """How many mentions were counted in each."""
    return asked(store, "SELECT slot, CAST(sum(number) AS bigint) FROM pingback_days GROUP BY slot ORDER BY slot")


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
