"""`pingback.store.retention`: what is forgotten, and what must never be."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from pingback.model import Discovery, Mention, MentionStatus, Outcome, OutcomeStatus, Protocol
from pingback.sending.transitions import planned
from pingback.store import Store
from pingback.store.jobs import add_job
from pingback.store.retention import BATCH
from pingback.work import JobKind
from tests.receive.pages import Clock
from tests.store.databases import NewStore, change
from tests.store.sent import RETELLING, plan_links, record, take

DAY = timedelta(days=1)
POST = "https://my.example/6"
LINK = "https://a.example/5"
NOTHING = {"mentions": 0, "pings": 0, "attempts": 0, "discoveries": 0, "pauses": 0}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(new_store: NewStore, clock: Clock) -> Store:
    return new_store(clock=clock)


def keep(store: Store, clock: Clock, status: MentionStatus, number: int = 1) -> Mention:
    mention = Mention(
        source=f"https://a.example/{number}",
        target="https://my.example/5",
        protocol=Protocol.PINGBACK,
        status=status,
        received=clock.instant,
    )
    return store.mentions.keep(mention)[0]


def pruned(store: Store, clock: Clock, days: float = 90) -> dict[str, int]:
    """What was forgotten, which is what was said before; and a second time there is nothing."""
    before, now = clock.instant - days * DAY, clock.instant
    foretold = store.retention.count(before=before, now=now)
    found = store.retention.run(before=before, now=now)
    assert found == foretold
    assert store.retention.run(before=before, now=now) == NOTHING
    return found


@pytest.mark.parametrize(
    ("status", "forgotten"),
    [
        (MentionStatus.APPROVED, 0),
        (MentionStatus.PENDING, 0),
        (MentionStatus.SPAM, 1),
        (MentionStatus.REJECTED, 1),
        (MentionStatus.DELETED, 1),
    ],
)
def test_mentions_by_status(store: Store, clock: Clock, status: MentionStatus, forgotten: int) -> None:
    keep(store, clock, status)
    clock.pass_by(days=90)
    assert pruned(store, clock) == NOTHING
    clock.pass_by(seconds=1)
    assert pruned(store, clock) == NOTHING | {"mentions": forgotten}
    assert len(list(store.mentions.list())) == 1 - forgotten


def test_an_old_mention_that_was_withdrawn_of_late_stays(store: Store, clock: Clock) -> None:
    mention = keep(store, clock, MentionStatus.APPROVED)
    clock.pass_by(days=400)
    store.mentions.update(replace(mention, status=MentionStatus.DELETED))
    assert pruned(store, clock) == NOTHING
    clock.pass_by(days=91)
    assert pruned(store, clock)["mentions"] == 1


@pytest.mark.parametrize("decision", [MentionStatus.SPAM, MentionStatus.DELETED])
def test_what_the_owner_decided_stays_so(store: Store, clock: Clock, decision: MentionStatus) -> None:
    mention = keep(store, clock, MentionStatus.PENDING)
    store.moderation.decide([mention.id or 0], decision)
    clock.pass_by(days=400)
    assert pruned(store, clock) == NOTHING
    again = keep(store, clock, MentionStatus.APPROVED)
    store.mentions.update(replace(again, status=MentionStatus.APPROVED))  # it links, still
    assert [kept.status for kept in store.mentions.list()] == [decision]


def test_a_rejected_mention_whose_source_is_to_be_asked_once_more_stays(store: Store, clock: Clock) -> None:
    """A `Retry-After` may put that off for longer than all else is kept."""
    mention = keep(store, clock, MentionStatus.REJECTED)
    with store._database.write() as tx:
        add_job(tx, JobKind.VERIFY, mention.id or 0, host="a.example", due=clock() + 2 * DAY, now=clock())
    clock.pass_by(days=1.5)
    assert pruned(store, clock, days=1) == NOTHING
    [job] = store.jobs.lease([JobKind.VERIFY], worker_id="me", now=clock() + DAY, lease=DAY, limit=1, per_host=1)
    store.jobs.done(job)
    assert pruned(store, clock, days=1) == NOTHING | {"mentions": 1}


def test_an_approval_outlives_the_link(store: Store, clock: Clock) -> None:
    mention = keep(store, clock, MentionStatus.PENDING)
    [approved] = store.moderation.decide([mention.id or 0], MentionStatus.APPROVED)
    store.mentions.update(replace(approved, status=MentionStatus.DELETED))
    clock.pass_by(days=400)
    assert pruned(store, clock) == NOTHING
    again = keep(store, clock, MentionStatus.PENDING)
    assert again.decision is MentionStatus.APPROVED  # for when it links again


def rejected(store: Store, clock: Clock, number: int, *, letters: int = 0, status: MentionStatus | None = None) -> int:
    """The id of a mention that was rejected as the server does it, after it was something else."""
    clock.pass_by(seconds=1)
    mention = Mention(
        source=f"https://a.example/{number}/{'a' * letters}",
        target=f"https://my.example/5?{'b' * letters}{number}",
        protocol=Protocol.WEBMENTION,
        status=status or MentionStatus.PENDING,
        received=clock.instant,
    )
    return (
        store.mentions.update(replace(store.mentions.keep(mention)[0], status=MentionStatus.REJECTED, fault=17)).id or 0
    )


def kept(store: Store) -> list[int | None]:
    return [mention.id for mention in store.mentions.list()]


class TestRejected:
    def test_only_the_newest_stay(self, new_store: NewStore, clock: Clock) -> None:
        store = new_store(clock=clock, most_rejected=3)
        ids = [rejected(store, clock, number) for number in range(6)]
        assert kept(store) == ids[-3:]

    def test_a_file_does_not_grow_by_them(self, tmp_path: Path, clock: Clock) -> None:
        """Each of them needs 20,000 bytes; they go, and push out none of the others."""
        path = tmp_path / "x.db"
        with Store(f"sqlite:///{path}", clock=clock, most_rejected=100) as store:
            short = [rejected(store, clock, number) for number in range(50)]
            long = [rejected(store, clock, number, letters=8000) for number in range(50, 350)]
            assert kept(store) == [*short, *long[-5:]]
        assert path.stat().st_size < 1_000_000  # of which half is the tables and indices

    def test_what_the_owner_decided_stays(self, new_store: NewStore, clock: Clock) -> None:
        store = new_store(clock=clock, most_rejected=1)
        for number, decision in enumerate([MentionStatus.APPROVED, MentionStatus.SPAM, MentionStatus.DELETED]):
            mention = keep(store, clock, MentionStatus.PENDING, number)
            store.moderation.decide([mention.id or 0], decision)
            store.mentions.update(replace(mention, status=MentionStatus.REJECTED))
        ids = [rejected(store, clock, number) for number in range(10, 13)]
        assert kept(store) == [1, 2, 3, ids[-1]]

    def test_what_was_shown_before_stays(self, new_store: NewStore, clock: Clock) -> None:
        """Who keeps copies has to hear that it was withdrawn."""
        store = new_store(clock=clock, most_rejected=1)
        shown = rejected(store, clock, 0, status=MentionStatus.APPROVED)
        ids = [rejected(store, clock, number) for number in range(1, 4)]
        assert kept(store) == [shown, ids[-1]]
        assert [each.id for each in store.listing.withdrawals(size=9).withdrawals] == [shown]

    @pytest.mark.parametrize("status", [each for each in MentionStatus if each is not MentionStatus.REJECTED])
    def test_nothing_else_goes(self, new_store: NewStore, clock: Clock, status: MentionStatus) -> None:
        store = new_store(clock=clock, most_rejected=1)
        others = [keep(store, clock, status, number).id for number in range(3)]
        ids = [rejected(store, clock, number) for number in range(10, 13)]
        assert kept(store) == [*others, ids[-1]]

    def test_one_that_is_gone_is_a_new_one_when_it_is_pinged_again(self, new_store: NewStore, clock: Clock) -> None:
        store = new_store(clock=clock, most_rejected=1)
        first = rejected(store, clock, 0)
        rejected(store, clock, 1)
        assert rejected(store, clock, 0) > first
        assert len(kept(store)) == 1

    def test_one_that_is_pinged_again_is_new(self, new_store: NewStore, clock: Clock) -> None:
        store = new_store(clock=clock, most_rejected=2)
        first = rejected(store, clock, 0)
        rejected(store, clock, 1)
        assert rejected(store, clock, 0) == first
        last = rejected(store, clock, 2)
        assert kept(store) == [first, last]

    def test_very_many_go_little_by_little(self, new_store: NewStore, clock: Clock) -> None:
        store = new_store(clock=clock, most_rejected=10)
        change(store, MANY.replace("'spam'", "'rejected'"))
        counts = []
        for number in range(3):
            rejected(store, clock, number)
            counts.append(len(kept(store)))
        assert counts == [2391, 2282, 2173]


MANY = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500),
    named(n, key) AS (SELECT n, CAST(n AS TEXT) FROM numbers)
INSERT INTO pingback_mentions
    (pair, source_key, target_key, page_key, target_host, source, target, protocol, status, received, dated, tried)
SELECT key, key, 'y', 'y', 'my.example', 'https://a.example/' || n, 'https://my.example/5', 'pingback', 'spam', n, n, 0
FROM named
"""


def test_more_than_one_transaction_takes(new_store: NewStore, clock: Clock) -> None:
    assert BATCH < 2500
    store = new_store(clock=clock)
    change(store, MANY)
    assert pruned(store, clock)["mentions"] == 2500


def sent(store: Store, clock: Clock, status: OutcomeStatus = OutcomeStatus.ACCEPTED) -> None:
    """A post with one link was published, and its ping was told by pingback."""
    plan_links(store, {LINK: "x"}, source=POST, now=clock.instant)
    [held] = take(store, now=clock.instant)
    outcome = Outcome(
        source=POST, target=LINK, status=status, message="so", protocol=Protocol.PINGBACK, endpoint=LINK, attempts=1
    )
    due = clock.instant + DAY if status is OutcomeStatus.FAILED else None
    record(store, held, outcome, at=clock.instant, next_try=due)


def test_a_ping_whose_link_stands_is_remembered_for_ever(store: Store, clock: Clock) -> None:
    sent(store, clock)
    clock.pass_by(days=4000)
    assert pruned(store, clock) == NOTHING | {"attempts": 1}
    becomes = partial(planned, source=POST, now=clock.instant, retelling=RETELLING)
    assert store.outbox.dry_run(POST, {LINK: "words"}, becomes=becomes, now=clock.instant) == []


def test_a_ping_whose_link_is_gone_is_forgotten_with_its_attempts(store: Store, clock: Clock) -> None:
    sent(store, clock)
    clock.pass_by(days=60)
    plan_links(store, {}, source=POST, now=clock.instant)
    assert pruned(store, clock) == NOTHING
    clock.pass_by(days=31)
    assert pruned(store, clock) == NOTHING | {"pings": 1, "attempts": 1}


def test_a_ping_that_waits_for_its_next_try_stays(store: Store, clock: Clock) -> None:
    sent(store, clock, OutcomeStatus.FAILED)
    clock.pass_by(days=400)
    assert pruned(store, clock)["pings"] == 0


def test_what_is_remembered_for_a_while(store: Store, clock: Clock) -> None:
    found = Discovery(target=LINK, url=LINK, endpoints=())
    store.discoveries.remember(found, until=clock.instant + DAY)
    store.jobs.pause("a.example", clock.instant + DAY)
    assert pruned(store, clock) == NOTHING
    clock.pass_by(days=1)
    assert pruned(store, clock) == NOTHING | {"discoveries": 1, "pauses": 1}


def test_vacuum_gives_the_room_back(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "x.db"
    with Store(f"sqlite:///{path}", clock=clock) as store:
        for number in range(200):
            mention = keep(store, clock, MentionStatus.SPAM, number)
            store.mentions.update(replace(mention, excerpt="x" * 2000))
        clock.pass_by(days=91)
        pruned(store, clock)
        store.retention.vacuum()
    assert path.stat().st_size < 200 * 2000


def test_no_more_than_asked_for(new_store: NewStore, clock: Clock) -> None:
    store = new_store(clock=clock)
    change(store, MANY)
    times = clock.instant - 90 * DAY, clock.instant
    found = [store.retention.run(before=times[0], now=times[1], most=1200)["mentions"] for _ in range(4)]
    assert found == [1200, 1200, 100, 0]


def test_where_nothing_is_old_nobody_has_to_wait(tmp_path: Path, clock: Clock) -> None:
    with Store(f"sqlite:///{tmp_path}/x.db?timeout=0", clock=clock) as store:
        keep(store, clock, MentionStatus.SPAM)
        with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert store.retention.run(before=clock.instant - DAY, now=clock.instant) == NOTHING
            other.execute("ROLLBACK")


class TestTriedAgain:
    """Rejected mentions whose source is to be asked once more."""

    def test_they_push_out_none_and_are_pushed_out_by_none(self, new_store: NewStore, clock: Clock) -> None:
        store = new_store(clock=clock, most_rejected=3)
        retried = [self.retried(store, clock, number) for number in range(4)]
        others = [rejected(store, clock, number) for number in range(4, 9)]
        assert kept(store) == [*retried[-3:], *others[-3:]]

    def retried(self, store: Store, clock: Clock, number: int) -> int:
        mention = keep(store, clock, MentionStatus.PENDING, number)
        with store._database.write() as tx:  # as whoever looks at sources does
            add_job(tx, JobKind.VERIFY, mention.id or 0, host="a.example", due=clock.instant, now=clock.instant)
        return store.mentions.update(replace(mention, status=MentionStatus.REJECTED, fault=16)).id or 0
