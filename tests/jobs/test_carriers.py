"""`pingback.jobs.carriers`: threads that do jobs and chores from the first call to the end."""

import os
import threading
from collections.abc import Callable
from datetime import datetime

import pytest

from pingback.errors import StoreError
from pingback.jobs.carriers import Chore, Threads
from pingback.work import Job
from tests.jobs.fixture import Bench, no_more_threads
from tests.receive.pages import PATIENCE, Clock


def carrier(bench: Bench, *chores: Chore, work: Callable[[Job], object] = lambda job: None) -> Threads:
    return Threads(bench.runner(work), chores, clock=lambda: bench.clock().timestamp())


def test_what_comes_is_done(bench: Bench) -> None:
    done = threading.Semaphore(0)
    with carrier(bench, work=lambda job: done.release()) as threads:
        for number in range(3):
            bench.add({number: "a.example"})
            threads.wake()
            assert done.acquire(timeout=PATIENCE)
        assert (threads.running, threads.alive) == (True, True)
    assert (threads.running, threads.alive) == (False, False)


def test_it_begins_when_it_is_woken(bench: Bench) -> None:
    threads, done = carrier(bench, work=lambda job: done.set()), threading.Event()
    bench.add({1: "a.example"})
    assert (threads.running, threads.alive) == (False, True)
    threads.wake()
    assert done.wait(PATIENCE)
    threads.close()


def test_a_start_that_failed_is_tried_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()
    threads = carrier(bench, Chore(60.0, lambda: None, "do nothing"), work=lambda job: done.set())
    bench.add({1: "a.example"})
    with no_more_threads():
        for _ in range(3):
            threads.wake()
    assert (threads.running, threads.alive, len(caplog.records)) == (False, True, 1)
    threads.start()
    assert threads.running
    assert done.wait(PATIENCE)
    threads.close()


def test_nothing_begins_after_the_end(bench: Bench) -> None:
    threads = carrier(bench)
    threads.close()
    bench.add({1: "a.example"})
    threads.start()
    threads.wake()
    threads.close()
    assert not threads.running
    assert list(bench.left()) == [1]


def test_the_end_waits_for_nobody_for_long(bench: Bench) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def silent(job: Job) -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    bench.add({1: "a.example"})
    threads = carrier(bench, work=silent)
    threads.wake()
    assert begun.wait(PATIENCE)
    threads.close()
    assert [leased for _, leased in bench.left().values()] == [True]
    go_on.set()
    for thread in threads._threads.values():
        thread.join(PATIENCE)


class Failing(Clock):
    """Fails whoever looks at it first."""

    failed = False

    def __call__(self) -> datetime:
        if not self.failed:
            self.failed = True
            raise ZeroDivisionError
        return self.instant


def test_an_error_of_ours_is_not_the_end(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    done, failing = threading.Event(), Failing()
    bench.add({1: "a.example"})
    with Threads(Bench(bench.store, failing, pool=bench.pool).runner(lambda job: done.set())) as threads:
        assert done.wait(PATIENCE)
        assert threads.running
    assert "ZeroDivisionError" in caplog.text


# Chores


def test_a_closed_store_is_the_end(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with Threads(bench.runner()) as threads:
        bench.store.close()
        threads.wake()
        for _ in range(2):
            for thread in threads._threads.values():
                thread.join(PATIENCE)
            assert not threads.alive
            threads.wake()  # nothing begins anew
    assert [record.getMessage() for record in caplog.records] == [
        f"{bench.store._database.name} is closed: no job is done any more"
    ]


def test_each_chore_has_its_own_time(bench: Bench, clock: Clock) -> None:
    done: list[str] = []
    often, seldom = Chore(10.0, lambda: done.append("often"), "often"), Chore(25.0, lambda: done.append("seldom"), "x")
    threads = carrier(bench, often, seldom)
    for seconds in (0.0, 9.5, 0.5, 9.5, 0.5, 5.0):
        clock.pass_by(seconds=seconds)
        threads.go()
    assert done == ["often", "seldom", "often", "often", "seldom"]


@pytest.mark.parametrize(
    ("error", "traceback"), [(StoreError("the disk is full"), False), (RuntimeError("a bug"), True)]
)
def test_a_chore_that_fails_stops_nobody(
    bench: Bench, clock: Clock, caplog: pytest.LogCaptureFixture, error: Exception, traceback: bool
) -> None:
    done: list[str] = []

    def fail() -> None:
        done.append("failed")
        raise error

    threads = carrier(bench, Chore(1.0, fail, "work"), Chore(1.0, lambda: done.append("went on"), "go on"))
    threads.go()
    clock.pass_by(seconds=1)
    threads.go()
    assert done == ["failed", "went on", "failed", "went on"]
    said = [(record.levelname, record.getMessage()[:11]) for record in caplog.records]
    assert said == [("ERROR", "cannot work")] * (2 if traceback else 1)
    assert all(bool(record.exc_info) is traceback for record in caplog.records)


def test_one_trouble_is_said_once(bench: Bench, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    troubles = ["locked", "too busy", "locked", "", "full"]

    def work() -> None:
        if trouble := troubles.pop(0):
            raise StoreError(trouble)

    threads = carrier(bench, Chore(1.0, work, "work"))
    for _ in range(5):
        threads.go()
        clock.pass_by(seconds=1)
    assert [record.getMessage()[13:] for record in caplog.records] == ["locked", "full"]


def test_a_chore_that_takes_long_keeps_no_job_waiting(bench: Bench) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    with carrier(bench, Chore(60.0, slow, "be slow"), work=lambda job: done.set()) as threads:
        assert begun.wait(PATIENCE)
        bench.add({1: "a.example"})
        threads.wake()
        assert done.wait(PATIENCE)
        go_on.set()


# Forks


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # that other threads are there, is the point
def test_a_child_makes_one_of_its_own(bench: Bench) -> None:
    with carrier(bench) as threads:
        assert threads.running
        pid = os.fork()
        if not pid:
            os._exit(int(threads.running))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert threads.running
