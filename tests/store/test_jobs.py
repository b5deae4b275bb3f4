"""`pingback.store.jobs`: everybody's turn comes, each job is in one hand, and nothing that goes wrong stays wrong."""

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from pingback.model import Job, JobKind
from pingback.store import Store
from pingback.store.jobs import (
    add_job,
    add_jobs,
    drop_job,
    due_of,
    finish_job,
    reschedule_job,
    waiting,
)

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
VERIFY, DELIVER, NOTIFY = JobKind.VERIFY, JobKind.DELIVER, JobKind.NOTIFY
ONE, TWO, THREE = {1: "a.example"}, {2: "b.example"}, {3: "c.example"}
BIG = dict.fromkeys(range(1000, 2000), "big.example")


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/pingback.db" if request.param == "file" else "sqlite://"
    with Store(url) as store:
        yield store
        assert_lanes_are_right(store)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[Store, sqlite3.Connection]]:
    """A store, and another program at its file."""
    path = tmp_path / "pingback.db"
    with Store(f"sqlite:///{path}") as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        yield store, other


def assert_lanes_are_right(store: Store) -> None:
    """Each lane is due when the first of its jobs is, or the pause of its host ends."""
    expected = """
        SELECT kind, host, max(min(due), coalesce((SELECT until FROM pingback_pauses AS p WHERE p.host = j.host), 0))
        FROM pingback_jobs AS j GROUP BY kind, host ORDER BY kind, host
    """
    with store._database.read() as tx:
        kept = tx.execute("SELECT kind, host, due FROM pingback_lanes ORDER BY kind, host")
        assert [tuple(row) for row in kept] == [tuple(row) for row in tx.execute(expected)]


def add(
    store: Store,
    *hosts: Mapping[int, str],
    kind: JobKind = DELIVER,
    due: datetime = NOON,
    now: datetime = NOON,
    anew: bool = False,
) -> None:
    with store._database.write() as tx:
        for each in hosts:
            add_jobs(tx, kind, each, due=due, now=now, anew=anew)


def lease(
    store: Store,
    *,
    kinds: Collection[JobKind] = (DELIVER,),
    now: datetime = NOON,
    limit: int = 100,
    per_host: int = 100,
    busy: Mapping[str, int] = {},
    only: Collection[int] | None = None,
    worker_id: str = "worker",
) -> list[Job]:
    """For a minute."""
    return store.jobs.lease(
        kinds, worker_id=worker_id, now=now, lease=MINUTE, limit=limit, per_host=per_host, busy=busy, only=only
    )


def subjects(jobs: Iterable[Job]) -> list[int]:
    return [job.subject for job in jobs]


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
    assert subjects(lease(store, now=later, limit=5, per_host=2)) == [1000, 1001, 1, 2]
    assert subjects(lease(store, now=later, limit=5, per_host=2)) == [1002, 1003]


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
    assert store.jobs.paused_until("a.example", now=NOON) == NOON + MINUTE
    assert subjects(lease(store, only=[1, 2, 4])) == [2]
    assert subjects(lease(store, now=NOON + MINUTE - SECOND)) == []
    assert store.jobs.paused_until("a.example", now=NOON + MINUTE) is None
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


@pytest.mark.parametrize(
    ("kind", "host", "most", "expected"),
    [
        pytest.param(DELIVER, None, 99, 9, id="all"),
        pytest.param(DELIVER, None, 4, 4, id="no-more-than-asked-for"),
        pytest.param(DELIVER, "a.example", 99, 6, id="of-a-host"),
        pytest.param(DELIVER, "a.example", 4, 4, id="of-a-host-no-more-than-asked-for"),
        pytest.param(DELIVER, "c.example", 99, 0, id="of-another-host"),
        pytest.param(VERIFY, None, 99, 0, id="of-another-kind"),
    ],
)
def test_how_many_wait(store: Store, kind: JobKind, host: str | None, most: int, expected: int) -> None:
    add(store, dict.fromkeys(range(6), "a.example"), dict.fromkeys((6, 7, 8), "b.example"))
    with store._database.read() as tx:
        assert waiting(tx, kind, host=host, most=most) == expected


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
        return [job for _ in range(10) for job in lease(store, limit=1)]

    with ThreadPoolExecutor(8) as threads:
        taken = [job for jobs in threads.map(take, range(8)) for job in jobs]
    assert sorted(subjects(taken)) == list(BIG)[:80]


_LEASE_ALL = """
import sys
from datetime import datetime, timedelta
from pingback.model import JobKind
from pingback.store import Store

with Store(sys.argv[1]) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    how = dict(worker_id="w", now=datetime.fromisoformat(sys.argv[2]), lease=timedelta(hours=1), limit=3, per_host=100)
    while leased := store.jobs.lease([JobKind.DELIVER], **how):
        print(*(job.subject for job in leased), flush=True)
"""


def test_two_processes_never_have_the_same_job(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/pingback.db?timeout=300"
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


# Clocks


@pytest.mark.parametrize("how", ["in-a-new-process", "as-it-ran-backwards", "once-a-minute", "when-told-to"])
def test_a_clock_that_ran_ahead_and_came_back_leaves_nothing_behind(tmp_path: Path, how: str) -> None:
    url, now, ahead = f"sqlite:///{tmp_path}/x.db", NOON + 2 * MINUTE, NOON + timedelta(days=3650)
    with Store(url) as store, Store(url) as fast, Store(url) as new:
        if how == "once-a-minute":
            lease(store)
        add(fast, ONE, TWO, THREE, now=ahead, due=ahead)
        in_hand, failing, waiting = lease(fast, now=ahead)
        fast.jobs.fail(failing, ahead + HOUR, now=ahead)
        fast.jobs.release([waiting], now=ahead)
        fast.jobs.pause("c.example", ahead + HOUR)
        if how == "when-told-to":
            store.jobs.heal_clock(now)
            assert store.jobs.next_due([DELIVER], now=now) == now
        healed = {"as-it-ran-backwards": fast, "in-a-new-process": new}.get(how, store)
        assert subjects(lease(healed, now=now)) == [3]
        assert store.jobs.paused_until("c.example", now=now) is None
        assert_lanes_are_right(store)
        assert subjects(lease(store, now=now + MINUTE)) == [1, 3]  # when their leases end
        assert lease(store, now=now + HOUR - SECOND, only=[2]) == []
        [failed] = lease(store, now=now + HOUR, only=[2])
        assert failed.failing_since == now
        assert not store.jobs.done(in_hand)


def test_a_clock_that_comes_back_takes_nothing_from_those_that_are_at_it(store: Store) -> None:
    ahead = NOON + timedelta(days=3650)
    add(store, ONE, now=ahead, due=ahead)
    [job] = lease(store, now=ahead)
    assert lease(store) == []  # heals, and the lease goes on
    assert store.jobs.next_due([DELIVER], now=NOON) == NOON + MINUTE
    assert store.jobs.done(job)


def test_the_clocks_of_machines_may_differ_a_little(store: Store) -> None:
    add(store, ONE, due=NOON + HOUR, now=NOON + MINUTE)
    store.jobs.heal_clock(NOON)
    assert store.jobs.next_due([DELIVER], now=NOON) == NOON + HOUR


# Rows that cannot be read


@pytest.mark.parametrize(
    "damage",
    [
        "due = 'soon'",
        "due = x'00'",
        "due = 9223372036854775807",
        "due = -9223372036854775807",
        "due = 1.5",
        "subject = 'seven'",
        "attempts = 'many'",
        "failing_since = 'long ago'",
        "failing_since = 9223372036854775807",
        "host = x'ff'",
        "kind = 'of-a-later-version'",
        "leased_by = x'ff'",
    ],
)
@pytest.mark.parametrize("host", ["a.example", "b.example"])
def test_one_row_that_cannot_be_read_stops_no_other(
    file: tuple[Store, sqlite3.Connection], caplog: pytest.LogCaptureFixture, damage: str, host: str
) -> None:
    store, other = file
    add(store, ONE, {2: host})
    other.execute(f"UPDATE pingback_jobs SET {damage} WHERE subject = 1")
    if damage.startswith("kind"):
        other.execute("UPDATE pingback_lanes SET kind = 'of-a-later-version' WHERE host = 'a.example'")
        add(store, {2: host})
    for minutes in range(3):
        leased = lease(store, now=NOON + minutes * MINUTE)
        assert [job.subject for job in leased if job.subject != 1] == [2]
        store.jobs.free_the_dead(NOON, is_gone=lambda worker: False)
    said = [record.getMessage() for record in caplog.records]
    is_passed_over = damage.startswith(("kind", "leased_by", "host"))
    assert len(said) == (not is_passed_over)
    assert all("cannot be read, and is set aside" in message for message in said)


def test_a_lane_that_misleads_is_put_right(file: tuple[Store, sqlite3.Connection]) -> None:
    store, other = file
    add(store, ONE, due=NOON + HOUR)
    add(store, TWO, due=NOON + SECOND)
    other.execute("UPDATE pingback_lanes SET due = 0 WHERE host = 'a.example'")
    other.execute("INSERT INTO pingback_lanes VALUES ('deliver', 'nobody.example', 0)")
    assert lease(store, limit=2) == []
    assert subjects(lease(store, now=NOON + SECOND, limit=1)) == [2]
    assert store.jobs.next_due([DELIVER], now=NOON) == NOON + SECOND + MINUTE


# What it costs


@pytest.mark.parametrize("state", ["empty", "filled", "analyzed"])
def test_whatever_waits_no_table_is_walked(file: tuple[Store, sqlite3.Connection], state: str) -> None:
    """A lease looks at the lanes that are due, in their order, and in each at the jobs that are due for longest."""
    store, other = file
    if state != "empty":
        add(store, {number: f"h{number % 30}.example" for number in range(300)}, due=NOON + HOUR)
        store.jobs.pause("h7.example", NOON + HOUR)
    add(store, ONE, TWO, THREE)
    if state == "analyzed":
        other.execute("ANALYZE")
    lease(store, limit=1)  # which looks for what a clock left behind
    asked: list[str] = []
    for lent in (store._database.read, store._database.write):
        with lent() as tx:
            tx.connection.set_trace_callback(asked.append)
    [one, two] = lease(store, per_host=2, busy={"h1.example": 2})
    store.jobs.next_due([DELIVER], now=NOON)
    lease(store, only=[1, 2, 3])
    store.jobs.next_due([DELIVER], now=NOON, only=[1, 2, 3])
    add(store, {1: "a.example", 4: "b.example"})
    store.jobs.fail(one, NOON + HOUR, now=NOON)
    store.jobs.done(two)
    store.jobs.pause("h8.example", NOON + HOUR)
    store.jobs.free_the_dead(NOON, is_gone=lambda worker: True)
    with store._database.read() as tx:
        waiting(tx, DELIVER, most=9)
        waiting(tx, DELIVER, host="a.example", most=9)
    statements = [each for each in asked if each.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))]
    plans = {str(row[3]) for each in statements for row in other.execute(f"EXPLAIN QUERY PLAN {each}")}
    assert len(statements) > 20
    walked = [line for line in plans if line.startswith("SCAN") and "pingback_" in line]
    assert walked == []
    by_lane = "SEARCH pingback_lanes USING COVERING INDEX pingback_lanes_by_due (kind=? AND due<?)"
    by_host = "SEARCH own USING COVERING INDEX pingback_jobs_by_host (kind=? AND host=? AND due<?)"
    leased = "SEARCH pingback_jobs USING COVERING INDEX pingback_jobs_by_lease (leased_by>?)"
    assert {by_lane, by_host, leased} <= plans, plans


@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "right"])
def test_what_a_clock_left_behind_is_found_by_an_index(file: tuple[Store, sqlite3.Connection], ahead: bool) -> None:
    store, other = file
    add(store, dict.fromkeys(range(300), "a.example"), now=NOON + (HOUR if ahead else timedelta(0)))
    asked: list[str] = []
    for lent in (store._database.read, store._database.write):
        with lent() as tx:
            tx.connection.set_trace_callback(asked.append)
    store.jobs.heal_clock(NOON)
    plans = {
        str(row[3]) for each in asked if "pingback_jobs" in each for row in other.execute(f"EXPLAIN QUERY PLAN {each}")
    }
    assert any("pingback_jobs_by_setting (set_at>? AND set_at<?)" in line for line in plans)
    assert not any(line.startswith("SCAN pingback_jobs") for line in plans)
