"""`pingback.store.looks`: which known mentions are to be looked at again. More of it is tested through the receiver."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.looks import MOST_FAILING_OF_A_HOST, FirstLook
from pingback.work import Job, JobKind
from tests.store.databases import NewStore

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
def store(new_store: NewStore) -> Store:
    return new_store(clock=lambda: NOON)


def keep(store: Store, number: int, **changes: object) -> Mention:
    kept, _ = store.mentions.keep(replace(MENTION, source=f"https://a.example/{number}", **changes))  # type: ignore[arg-type]  # fields
    return kept


def due(store: Store, at: datetime, most: int = 9) -> list[str]:
    """The sources of those that get a job when the last look may be 30 days ago."""
    before = {"hosts": ["my.example"], "is_ours": lambda target: True, "before": at - 30 * DAY, "now": at, "most": most}
    store.looks.add_overdue(**before)  # type: ignore[arg-type]  # as they are named there
    leased = store.jobs.lease([JobKind.REVERIFY], worker_id="me", now=at, lease=DAY, limit=9, per_host=9)
    sources = [each.source for job in leased for each in store.mentions.with_ids([job.subject])]
    for job in leased:
        store.jobs.done(job)
    return sources


def test_the_oldest_look_first_and_no_more_than_asked_for(store: Store) -> None:
    for number, days in ((1, 1), (2, 0), (3, 2)):
        keep(store, number, verified=NOON + days * DAY)
    assert due(store, NOON + 32 * DAY, most=2) == [f"https://a.example/{number}" for number in (2, 1)]
    assert due(store, NOON + 30 * DAY) == ["https://a.example/2"]
    assert due(store, NOON + 30 * DAY - timedelta(microseconds=1)) == []


def outdated(store: Store, reader: int, **asked: object) -> int:
    before = {"hosts": ["my.example"], "is_ours": lambda target: True, "now": NOON, "most": 9, "reader": reader}
    return store.looks.add_outdated(**(before | asked))  # type: ignore[arg-type]  # as they are named there


def outdated_sources(store: Store) -> list[str]:
    leased = store.jobs.lease([JobKind.REVERIFY], worker_id="me", now=NOON, lease=DAY, limit=9, per_host=9)
    return [each.source for job in leased for each in store.mentions.with_ids([job.subject])]


def test_the_oldest_reading_first_and_no_more_than_asked_for(store: Store) -> None:
    for number, (reader, days) in enumerate([(1, 0), (0, 2), (0, 1), (2, 0)]):
        keep(store, number, read_by=reader, verified=NOON - days * DAY)
    assert [outdated(store, 2, most=1) for _ in range(4)] == [1, 1, 1, 0]
    assert outdated_sources(store) == [f"https://a.example/{number}" for number in (1, 2, 0)]


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        pytest.param({}, True, id="approved"),
        pytest.param({"status": MentionStatus.PENDING}, True, id="waits-for-the-owner"),
        pytest.param({"read_by": 1}, False, id="read-by-this-version"),
        pytest.param({"read_by": 2}, False, id="read-by-a-later-version"),
        pytest.param({"verified": None}, False, id="never-verified"),
        pytest.param({"status": MentionStatus.PENDING, "verified": None}, False, id="waits-for-a-look"),
        pytest.param({"status": MentionStatus.SPAM}, False, id="spam"),
        pytest.param({"status": MentionStatus.DELETED}, False, id="withdrawn"),
        pytest.param({"status": MentionStatus.REJECTED}, False, id="rejected"),
        pytest.param({"target": "https://other.example/5"}, False, id="of-another-host"),
    ],
)
def test_which_readings_are_outdated(store: Store, changes: dict[str, object], is_due: bool) -> None:
    keep(store, 1, **changes)
    assert outdated(store, 1) == is_due
    assert outdated(store, 1) == 0  # it has a job


def test_nor_is_it_where_its_target_is_not_ours(store: Store) -> None:
    keep(store, 1)
    assert outdated(store, 1, is_ours=lambda _: False) == 0


def test_what_a_clock_that_ran_ahead_has_looked_at_is_looked_at_anew(store: Store) -> None:
    keep(store, 1, verified=NOON + 3650 * DAY)
    assert due(store, NOON) == ["https://a.example/1"]


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


def test_those_of_others_are_left_to_them(store: Store) -> None:
    keep(store, 1)
    at = NOON + 40 * DAY
    asked = {"before": at, "now": at, "most": 9}
    assert store.looks.add_overdue(hosts=["other.example"], is_ours=bool, **asked) == 0  # type: ignore[arg-type]
    assert store.looks.add_overdue(hosts=["my.example"], is_ours=lambda _: False, **asked) == 0  # type: ignore[arg-type]
    assert store.looks.add_overdue(hosts=["my.example"], is_ours=bool, **asked) == 1  # type: ignore[arg-type]
    assert store.looks.add_overdue(hosts=["my.example"], is_ours=bool, **asked) == 0  # type: ignore[arg-type]  # it has a job


def test_what_was_left_to_a_site_it_takes_back(store: Store) -> None:
    keep(store, 1)
    keep(store, 2, target="https://my.example/blog/5")
    asked = {"before": NOON + DAY, "now": NOON, "most": 9}
    assert store.looks.add_overdue(hosts=["my.example"], is_ours=bool, **asked) == 2  # type: ignore[arg-type]
    how = {"worker_id": "me", "lease": DAY, "limit": 9, "per_host": 9}
    for job in store.jobs.lease([JobKind.REVERIFY], now=NOON, **how):  # type: ignore[arg-type]
        store.looks.leave_to_others(job, f"https://my.example/{'blog/' * (job.subject == 2)}5", now=NOON)
    assert store.jobs.next_due([JobKind.REVERIFY], now=NOON) == NOON + DAY
    assert store.looks.take_back(hosts=["other.example"], is_ours=bool, now=NOON) == 0
    is_ours = {"hosts": ["my.example"], "is_ours": lambda target: "/blog/" in target, "now": NOON}
    assert [store.looks.take_back(**is_ours) for _ in range(2)] == [1, 0]  # type: ignore[arg-type]
    [back] = store.jobs.lease([JobKind.REVERIFY], now=NOON, **how)  # type: ignore[arg-type]
    assert back.subject == 2
    [other] = store.jobs.lease([JobKind.REVERIFY], now=NOON + DAY, **how, only=[1])  # type: ignore[arg-type]
    assert store.looks.take_back(hosts=["my.example"], is_ours=bool, now=NOON) == 0  # somebody has it in hand
    assert store.jobs.done(other)


def test_a_look_that_ends_after_its_lease_drops_no_other(store: Store) -> None:
    def lease(most: int, at: datetime) -> list[Job]:
        return store.jobs.lease([JobKind.VERIFY], worker_id="me", now=at, lease=DAY, limit=most, per_host=most)

    look = FirstLook(host="a.example", due=NOON, most=99, most_of_host=99)
    for number in range(MOST_FAILING_OF_A_HOST + 1):
        waiting = replace(MENTION, source=f"https://a.example/{number}", status=MentionStatus.PENDING, verified=None)
        store.looks.keep_waiting(waiting, look, home="a.example")
    late, *others = lease(99, NOON)
    for job in others:
        store.jobs.fail(job, NOON + 9 * DAY, now=NOON)
    assert len(lease(99, NOON + DAY)) == 1  # the late one's, by somebody else
    found = replace(MENTION, id=late.subject, status=MentionStatus.REJECTED, verified=None)
    assert store.looks.settle(found, late, again=NOON + 9 * DAY, now=NOON + DAY) is None
    assert len(lease(99, NOON + 9 * DAY)) == MOST_FAILING_OF_A_HOST + 1
