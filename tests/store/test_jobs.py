"""`pingback.store.jobs`: everybody's turn comes, each job is in one hand, and nothing that goes wrong stays wrong."""

import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from pingback.store import Store
from pingback.store.jobs import (
    add_job,
    drop_job,
    due_of,
    finish_job,
    reschedule_job,
)
from pingback.work import Job
from tests.store.databases import patient
from tests.store.some_jobs import (
    BIG,
    DELIVER,
    HOUR,
    MINUTE,
    NOON,
    NOTIFY,
    ONE,
    SECOND,
    THREE,
    TWO,
    VERIFY,
    add,
    assert_lanes_are_right,
    lease,
    paused_until,
    subjects,
)


@pytest.fixture
def store(store: Store) -> Iterator[Store]:
    yield store
    assert_lanes_are_right(store)


def test_a_leased_job_is_nobody_elses_until_the_lease_runs_out(store: Store) -> None:
    add(store, ONE)
    [job] = lease(store)
    assert (job.kind, job.subject, job.host, job.due) == (DELIVER, 1, "a.example", NOON)
    assert (job.attempts, job.failing_since) == (0, None)
    assert lease(store, now=NOON + MINUTE - SECOND) == []
    [again] = lease(store, now=NOON + MINUTE)
    assert again.id == job.id
    assert again.leased_by != job.leased_by


def test_what_is_not_due_is_not_leased(store: Store) -> None:
    add(store, ONE, TWO)
    one, two = lease(store)
    assert store.jobs.done(one)
    assert store.jobs.postpone(two, NOON + HOUR, now=NOON)
    assert lease(store, now=NOON + HOUR - SECOND) == []
    assert subjects(lease(store, now=NOON + HOUR)) == [2]


def test_the_oldest_come_first_whatever_their_host_and_kind(store: Store) -> None:
    add(store, {1: "z.example", 2: "a.example"}, due=NOON + SECOND)
    add(store, {3: "m.example", 4: "z.example"})
    add(store, {3: "m.example"}, kind=VERIFY, due=NOON - SECOND)
    both = (DELIVER, VERIFY)
    leased = lease(store, kinds=both, now=NOON + MINUTE, limit=4)
    assert [(job.kind, job.subject) for job in leased] == [(VERIFY, 3), (DELIVER, 3), (DELIVER, 4), (DELIVER, 1)]
    assert subjects(lease(store, kinds=both, now=NOON + MINUTE)) == [2]


def test_only_the_kinds_that_were_asked_for(store: Store) -> None:
    add(store, ONE)
    add(store, ONE, kind=VERIFY)
    assert [job.kind for job in lease(store, kinds=[VERIFY])] == [VERIFY]
    assert [job.kind for job in lease(store, kinds=[VERIFY, DELIVER])] == [DELIVER]


@pytest.mark.parametrize(
    ("per_host", "busy", "expected"),
    [
        pytest.param(2, {}, [1, 2, 4], id="none-busy"),
        pytest.param(2, {"x.example": 1}, [1, 4], id="one-under-way"),
        pytest.param(2, {"x.example": 2, "y.example": 1}, [4], id="no-room"),
        pytest.param(2, {"x.example": 7}, [4], id="more-than-allowed"),
        pytest.param(0, {}, [], id="nothing-allowed"),
    ],
)
@pytest.mark.parametrize("only", [None, (1, 2, 3, 4)], ids=["all", "some"])
def test_a_host_gets_no_more_than_it_has_room_for(
    store: Store, per_host: int, busy: dict[str, int], only: Collection[int] | None, expected: list[int]
) -> None:
    add(store, dict.fromkeys((1, 2, 3), "x.example"), {4: "y.example"})
    assert subjects(lease(store, per_host=per_host, busy=busy, only=only)) == expected


def test_two_kinds_share_the_room_of_a_host(store: Store) -> None:
    add(store, {1: "x.example", 2: "x.example"})
    add(store, {3: "x.example"}, kind=VERIFY, due=NOON - SECOND)
    assert subjects(lease(store, kinds=[DELIVER, VERIFY], per_host=2)) == [3, 1]


def test_what_asks_no_host_has_no_bound_but_the_limit(store: Store) -> None:
    add(store, dict.fromkeys(range(9), ""), kind=NOTIFY)
    assert subjects(lease(store, kinds=[NOTIFY], per_host=2, limit=5)) == [0, 1, 2, 3, 4]
    assert subjects(lease(store, kinds=[NOTIFY], per_host=2, busy={"": 5})) == [5, 6, 7, 8]


def test_a_host_with_a_thousand_jobs_hides_nobody(store: Store) -> None:
    add(store, BIG)
    add(store, ONE, TWO, due=NOON + SECOND)
    later = NOON + SECOND
    leased = lease(store, now=later, limit=5, per_host=2)
    assert subjects(leased) == [1000, 1001, 1, 2]
    add(store, THREE)
    assert subjects(lease(store, now=later, limit=5, per_host=2)) == [3]
    store.jobs.release(leased, now=later)
    assert subjects(lease(store, now=later, limit=5, per_host=2)) == [1000, 1001, 1, 2]


@pytest.mark.parametrize("only", [None, (1, 2, 3, 4)], ids=["all", "some"])
def test_what_others_have_leased_counts_for_its_host(store: Store, only: Collection[int] | None) -> None:
    add(store, dict.fromkeys((1, 2, 3), "x.example"))
    add(store, {4: "x.example"}, kind=VERIFY, due=NOON + SECOND)
    [first] = lease(store, worker_id="one", limit=1, per_host=2)

    def rest(*, at: datetime, busy: Mapping[str, int] = {}) -> list[int]:
        leased = lease(store, kinds=[DELIVER, VERIFY], now=at, per_host=2, worker_id="two", only=only, busy=busy)
        store.jobs.release(leased, now=at)
        return subjects(leased)

    assert rest(at=NOON, busy={"x.example": 1}) == []
    assert rest(at=NOON) == [2]
    assert rest(at=NOON + MINUTE) == [2, 3]  # the lease is over
    store.jobs.done(first)
    assert rest(at=NOON) == [2, 3]


def test_many_hosts_without_room_hide_nobody(store: Store) -> None:
    add(store, {number: f"h{number}.example" for number in range(200)})
    add(store, {999: "last.example"}, due=NOON + SECOND)
    busy = {f"h{number}.example": 2 for number in range(200)}
    assert subjects(lease(store, now=NOON + SECOND, limit=5, per_host=2, busy=busy)) == [999]


def test_nothing_is_leased_for_a_host_that_pauses(store: Store) -> None:
    add(store, ONE, TWO)
    store.jobs.pause("a.example", NOON + MINUTE)
    store.jobs.pause("a.example", NOON + SECOND)  # a pause that is longer stays so
    add(store, {4: "a.example"})
    assert paused_until(store, "a.example", now=NOON) == NOON + MINUTE
    assert subjects(lease(store, only=[1, 2, 4])) == [2]
    assert subjects(lease(store, now=NOON + MINUTE - SECOND)) == []
    assert paused_until(store, "a.example", now=NOON + MINUTE) is None
    assert subjects(lease(store, now=NOON + MINUTE, limit=1)) == [1]
    assert subjects(lease(store, now=NOON + MINUTE, only=[4])) == [4]


@pytest.mark.parametrize(("only", "expected"), [((), []), ((1, 2, 3), [1, 2, 3]), ((2, 7), [2])])
def test_a_lease_for_some_subjects(store: Store, only: Collection[int], expected: list[int]) -> None:
    add(store, BIG, due=NOON - MINUTE)
    add(store, ONE, TWO, {3: "big.example"})
    assert subjects(lease(store, limit=10, per_host=1, only=only)) == expected


def test_no_more_than_asked_for(store: Store) -> None:
    add(store, ONE, TWO)
    assert lease(store, limit=0) == []
    assert subjects(lease(store, limit=1)) == [1]


def test_a_lease_that_is_over_before_it_begins_is_the_callers_mistake(store: Store) -> None:
    with pytest.raises(ValueError, match="lease"):
        store.jobs.lease([DELIVER], worker_id="w", now=NOON, lease=timedelta(0), limit=1, per_host=1)


def test_released_jobs_are_due_as_they_were(store: Store) -> None:
    add(store, ONE, due=NOON - HOUR)
    add(store, TWO)
    first = lease(store)
    store.jobs.release(first, now=NOON)
    store.jobs.release([], now=NOON)
    assert [(job.subject, job.due, job.attempts) for job in lease(store)] == [(1, NOON - HOUR, 0), (2, NOON, 0)]


def test_failures_are_counted_since_the_first_and_a_postponed_job_has_none(store: Store) -> None:
    add(store, ONE)
    for minutes, failed in enumerate([False, True, True]):
        now = NOON + minutes * MINUTE
        [job] = lease(store, now=now)
        change = store.jobs.fail if failed else store.jobs.postpone
        assert change(job, now + MINUTE, now=now)
    [job] = lease(store, now=NOON + HOUR)
    assert (job.attempts, job.failing_since) == (2, NOON + MINUTE)


def test_whose_lease_ran_out_changes_nothing(store: Store) -> None:
    add(store, ONE)
    [late] = lease(store)
    [other] = lease(store, now=NOON + MINUTE)
    store.jobs.release([late], now=NOON)
    assert not store.jobs.postpone(late, NOON + HOUR, now=NOON)
    assert not store.jobs.fail(late, NOON + HOUR, now=NOON)
    assert not store.jobs.done(late)
    assert store.jobs.done(other)
    assert not store.jobs.done(other)


def test_a_lease_that_ran_out_and_that_nobody_else_took_is_ours_still(store: Store) -> None:
    add(store, ONE)
    [job] = lease(store)
    assert store.jobs.next_due([DELIVER], now=NOON + HOUR) == NOON + HOUR
    assert store.jobs.done(job)


def test_when_there_is_something_to_lease(store: Store) -> None:
    jobs = store.jobs
    assert jobs.next_due([DELIVER], now=NOON) is None
    add(store, ONE, TWO, THREE)
    assert jobs.next_due([DELIVER], now=NOON - MINUTE) == NOON
    assert jobs.next_due([DELIVER], now=NOON + SECOND) == NOON + SECOND
    assert jobs.next_due([VERIFY], now=NOON) is None
    one, two, three = lease(store)
    assert jobs.next_due([DELIVER], now=NOON) == NOON + MINUTE  # the leases
    jobs.postpone(one, NOON + 2 * MINUTE, now=NOON)
    jobs.pause("b.example", NOON + 3 * MINUTE)
    jobs.pause("a.example", NOON + SECOND)
    jobs.done(three)
    assert jobs.next_due([DELIVER], now=NOON) == NOON + 2 * MINUTE
    assert jobs.next_due([DELIVER], now=NOON, only=[2]) == NOON + 3 * MINUTE  # the pause, longer than the lease
    [one] = lease(store, now=NOON + 2 * MINUTE)
    jobs.done(one)
    assert jobs.next_due([DELIVER], now=NOON) == NOON + 3 * MINUTE
    jobs.done(two)
    assert jobs.next_due([DELIVER], now=NOON) is None
    assert jobs.next_due([DELIVER], now=NOON, only=[2]) is None


def test_a_job_that_is_there_is_due_at_the_earlier_instant(store: Store) -> None:
    add(store, ONE, due=NOON + HOUR)
    add(store, ONE, due=NOON + 2 * HOUR)
    assert store.jobs.next_due([DELIVER], now=NOON) == NOON + HOUR
    add(store, ONE, due=NOON)
    [job] = lease(store)
    store.jobs.fail(job, NOON + HOUR, now=NOON)
    add(store, ONE)
    [again] = lease(store)
    assert (again.id, again.attempts, again.failing_since) == (job.id, 1, NOON)
    store.jobs.fail(again, NOON + HOUR, now=NOON)
    add(store, ONE, anew=True)
    [anew] = lease(store)
    assert (anew.attempts, anew.failing_since) == (0, None)


@pytest.mark.parametrize("asked", [[0], [5, 0, 9]], ids=["once", "several-times"])
@pytest.mark.parametrize("end", ["done", "failed", "postponed", "released"])
def test_what_is_asked_for_while_somebody_is_at_it_is_due_again_when_they_have_ended(
    store: Store, end: str, asked: list[int]
) -> None:
    add(store, ONE)
    [job] = lease(store)
    for minutes in asked:
        add(store, ONE, due=NOON + minutes * SECOND)
    assert lease(store) == []  # not while they are at it
    match end:
        case "done":
            assert store.jobs.done(job)
        case "failed":
            assert store.jobs.fail(job, NOON + HOUR, now=NOON)
        case "postponed":
            assert store.jobs.postpone(job, NOON + HOUR, now=NOON)
        case "released":
            store.jobs.release([job], now=NOON)
    [again] = lease(store)
    assert (again.due, again.attempts) == (NOON, int(end == "failed"))
    assert not store.jobs.done(job)
    assert store.jobs.done(again)
    assert lease(store, now=NOON + HOUR) == []


def test_in_the_transaction_of_others(store: Store) -> None:
    with store._database.write() as tx:
        for number in (1, 2, 3):
            add_job(tx, DELIVER, number, host="a.example", due=NOON, now=NOON)
        assert due_of(tx, DELIVER, 3) == NOON
        drop_job(tx, DELIVER, 3)
        drop_job(tx, DELIVER, 4)
        assert due_of(tx, DELIVER, 3) is None
    one, two = lease(store)
    with pytest.raises(ZeroDivisionError), store._database.write() as tx:
        raise ZeroDivisionError(finish_job(tx, one))
    with store._database.write() as tx:
        assert finish_job(tx, one)
        assert reschedule_job(tx, two, due=NOON + HOUR, failed=True, now=NOON)
        assert due_of(tx, DELIVER, 2) == NOON + HOUR


def test_what_is_dropped_while_somebody_is_at_it_is_no_more_theirs(store: Store) -> None:
    add(store, ONE)
    [job] = lease(store)
    with store._database.write() as tx:
        drop_job(tx, DELIVER, 1)
    assert not store.jobs.done(job)
    assert not store.jobs.fail(job, NOON, now=NOON)
    assert store.jobs.next_due([DELIVER], now=NOON) is None


# Processes


def test_what_the_dead_have_leased_is_due_at_once(store: Store) -> None:
    add(store, ONE, TWO, THREE)
    [one] = lease(store, worker_id="gone pid:[1] 7/1", limit=1)
    [two] = lease(store, worker_id="alive", limit=1)
    add(store, ONE)
    assert store.jobs.free_the_dead(NOON, is_gone="gone pid:[1] 7/1".__eq__) == 1
    assert store.jobs.free_the_dead(NOON, is_gone="gone pid:[1] 7/1".__eq__) == 0
    assert subjects(lease(store)) == [1, 3]
    assert not store.jobs.done(one)
    assert store.jobs.done(two)


def test_of_many_leases_at_once_each_gets_its_own(store: Store) -> None:
    add(store, dict(list(BIG.items())[:80]))
    together = Barrier(8, timeout=300)

    def take(_: int) -> list[Job]:
        together.wait()
        jobs: list[Job] = []
        while len(jobs) < 10:  # PostgreSQL passes over the host that another one looks at
            jobs += lease(store, limit=1)
        return jobs

    with ThreadPoolExecutor(8) as threads:
        taken = [job for jobs in threads.map(take, range(8)) for job in jobs]
    assert sorted(subjects(taken)) == list(BIG)[:80]


_LEASE_ALL = """
import sys
from datetime import datetime, timedelta
from pingback.work import JobKind
from pingback.store import Store
from tests.store.databases import change, patient

with Store(sys.argv[1]) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    how = dict(worker_id="w", now=datetime.fromisoformat(sys.argv[2]), lease=timedelta(hours=1), limit=3, per_host=150)
    while leased := store.jobs.lease([JobKind.DELIVER], **how):
        print(*(job.subject for job in leased), flush=True)
"""


def test_two_processes_never_have_the_same_job(shared_url: str) -> None:
    url = patient(shared_url)
    with Store(url) as store:
        add(store, dict(list(BIG.items())[:150]))
    command = [sys.executable, "-c", _LEASE_ALL, url, NOON.isoformat()]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=300)[0] for process in processes]
    assert Counter(map(int, " ".join(printed).split())) == Counter(list(BIG)[:150])
