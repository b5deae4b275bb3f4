"""`pingback.jobs.runner` when it is stopped, broken off, or short of threads, or cannot write; and how it goes on."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from pingback.errors import StoreClosed, StoreError
from pingback.jobs.pool import Pool
from pingback.jobs.steps import End, Step
from pingback.store import Store
from pingback.work import Job
from tests.jobs.fixture import Bench, many_hosts, no_more_threads, one_host
from tests.receive.pages import PATIENCE, Clock
from tests.store.databases import patient

NOW = Clock().instant
LONG = timedelta(days=1)  # of patience; by clocks that hurry


# Whoever stops, breaks off or comes second


def test_stopped_while_some_are_out(bench: Bench) -> None:
    bench.add(one_host(6))
    assert 1 <= bench.runner(lambda job: bench.stopped.set()).run(patience=LONG) == len(bench.told) <= 2
    assert not any(leased for _, leased in bench.left().values())
    bench.stopped.clear()
    assert len(bench.told) + bench.runner().run() == 6 == len(set(bench.told))


def test_stopped_between_two_steps(bench: Bench) -> None:
    def first(job: Job) -> Step:
        bench.stopped.set()
        return Step("b.example", lambda: bench.ends(job))

    bench.add({1: "a.example"})
    assert bench.runner(handler=first).run() == 0
    assert bench.left() == {1: (NOW, False)}


def test_stopped_while_it_waits(bench: Bench) -> None:
    """By a signal's handler, say: patience ends at once."""
    timer = threading.Timer(0.05, bench.stopped.set)

    def later(job: Job) -> End:
        timer.start()  # by whenever it is over, the job is to be waited for
        return bench.fails(job, NOW + timedelta(hours=1))

    bench.add({1: "a.example"})
    assert bench.runner(handler=later).run(patience=LONG) == 1
    timer.join()
    assert bench.left() == {1: (NOW + timedelta(hours=1), False)}


def test_stopped_between_a_look_and_the_wait_for_the_next(bench: Bench) -> None:
    def clock() -> datetime:
        bench.stopped.set()
        return NOW

    runner = Bench(bench.store, clock, stopped=bench.stopped, pool=bench.pool).runner()
    thread = threading.Thread(target=runner.run_forever, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


class EnoughError(Exception):
    """Somebody wants to hear no more."""


def test_whoever_hears_no_more_loses_nothing(bench: Bench) -> None:
    """What was out when the caller broke off is kept, and what was not is free for the next."""
    together = threading.Barrier(4)
    done: list[int] = []

    def handler(job: Job) -> End:
        if job.host != "a.example":
            together.wait(PATIENCE)
        done.append(job.subject)
        return End(lambda: bench.store.jobs.done(job), enough)

    def enough() -> None:
        raise EnoughError

    bench.add(many_hosts(4), one_host(8, first=10))
    with pytest.raises(EnoughError):
        bench.runner(handler=handler).run()
    assert not any(leased for _, leased in bench.left().values())
    assert sorted([*bench.left(), *done]) == [1, 2, 3, 4, *range(10, 18)]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_waits_for_nobody(bench: Bench, raised: type[BaseException]) -> None:
    """What is out then stays leased: whoever sees this process end may do it again."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    def work(job: Job) -> None:
        if job.host == "silent.example":
            begun.release()
            assert go_on.wait(PATIENCE)
        else:
            for _ in range(2):
                assert begun.acquire(timeout=PATIENCE)

    def handler(job: Job) -> End:
        work(job)
        return bench.ends(job)._replace(told=interrupt)

    def interrupt() -> None:
        raise raised

    bench.add({1: "a.example"}, one_host(3, "silent.example", first=2))
    try:
        with pytest.raises(raised):
            bench.runner(handler=handler).run()
        assert [leased for _, leased in bench.left().values()] == [True, True, False]
    finally:
        go_on.set()


def test_an_interrupt_keeps_what_was_done_by_then(bench: Bench) -> None:
    all_done = threading.Barrier(3)

    def handler(job: Job) -> End:
        if job.subject == 4:
            raise AssertionError
        return End(partial(keep, job))

    def keep(job: Job) -> None:
        if not interrupted:
            interrupted.append(job.subject)
            raise KeyboardInterrupt
        bench.store.jobs.done(job)

    interrupted: list[int] = []
    bench.add(many_hosts(3))
    with pytest.raises(KeyboardInterrupt):
        bench.runner(lambda job: all_done.wait(PATIENCE), handler=handler).run()
    assert interrupted[0] not in bench.left()  # which was rolled back, and is kept after all


def test_a_machine_without_a_thread_to_spare(bench: Bench) -> None:
    bench.add(many_hosts(3), one_host(3, first=10))
    with no_more_threads():
        assert bench.runner().run() == 6


def test_after_its_seconds_it_begins_nothing(bench: Bench) -> None:
    bench.add({1: "a.example"})
    assert bench.runner().run(seconds=0.0) == 0
    assert bench.left() == {1: (NOW, False)}
    assert bench.runner().run() == 1


def test_two_runners_in_two_threads(shared_url: str) -> None:
    url = patient(shared_url)
    with Store(url) as one, Store(url) as other:
        benches = [Bench(store, Clock()) for store in (one, other)]
        benches[0].add(*(one_host(10, f"h{host}.example", first=100 * host) for host in range(6)))
        thread = threading.Thread(target=benches[1].runner().run)
        thread.start()
        benches[0].runner().run()
        thread.join()
        done = benches[0].told + benches[1].told
        assert sorted(done) == [100 * host + number for host in range(6) for number in range(10)]
        for bench in benches:
            bench.pool.close(within=PATIENCE)


# A database that cannot be used


class Locked:
    """A store whose file another program may lock."""

    def __init__(self, path: Path) -> None:
        self.store = Store(f"sqlite:///{path}?timeout=0.01")
        self.bench = Bench(self.store, Clock(), pool=Pool(quick=4, slow=0))
        self._other = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()

    def lock(self, _: object = None) -> None:
        with self._lock:
            if not self._other.in_transaction:
                self._other.execute("BEGIN IMMEDIATE")

    def unlock(self) -> None:
        self._other.rollback()

    def close(self) -> None:
        self._other.close()
        self.bench.pool.close(within=PATIENCE)
        self.store.close()


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Locked]:
    with closing(Locked(tmp_path / "x.db")) as locked:
        yield locked


def test_a_database_that_is_locked_from_the_beginning(locked: Locked) -> None:
    locked.bench.add({1: "a.example"})
    locked.lock()
    with pytest.raises(StoreError, match="is locked by another program"):
        locked.bench.runner().run()
    locked.unlock()
    assert locked.bench.left() == {1: (NOW, False)}
    assert locked.bench.runner().run() == 1


def test_what_cannot_be_kept_now_is_kept_later(locked: Locked) -> None:
    bench = locked.bench
    tries: list[int] = []

    def handler(job: Job) -> End:
        locked.lock()
        return End(partial(keep, job), lambda: bench.told.append(job.subject))

    def keep(job: Job) -> None:
        tries.append(job.subject)
        if len(tries) > 3:
            locked.unlock()
        bench.store.jobs.done(job)

    bench.add(many_hosts(2))
    assert bench.runner(handler=handler).run() == 2
    assert sorted(bench.told) == [1, 2]
    assert {1, 2} == set(tries[:3])  # the one that fails first keeps nobody from being tried


def test_what_cannot_be_kept_until_its_lease_is_over_is_due_again(locked: Locked) -> None:
    bench = locked.bench
    bench.add(many_hosts(2))
    bench.runner(locked.lock, lease=timedelta(seconds=1)).run()
    locked.unlock()
    assert len(bench.left()) == 2
    bench.clock.pass_by(minutes=5)  # type: ignore[attr-defined]  # the clock of the test
    assert bench.runner().run() == 2


def test_it_is_tried_once_more_in_the_end(locked: Locked) -> None:
    bench = locked.bench
    tries: list[int] = []

    def keep(job: Job) -> None:
        tries.append(job.subject)
        bench.stopped.set()
        if len(tries) == 2:
            locked.unlock()
        bench.store.jobs.done(job)

    def handler(job: Job) -> End:
        locked.lock()
        return End(partial(keep, job), lambda: bench.told.append(job.subject))

    bench.add({1: "a.example"})
    assert bench.runner(handler=handler).run() == 1
    assert (tries, bench.told) == ([1, 1], [1])


def test_who_stops_hears_of_what_could_not_be_kept(locked: Locked) -> None:
    bench = locked.bench

    def stop(job: Job) -> None:
        locked.lock()
        bench.stopped.set()

    bench.add({1: "a.example"})
    with pytest.raises(StoreError, match="is locked by another program"):
        bench.runner(stop).run()


def test_a_run_does_not_wait_for_ever_and_says_what_may_be_heard_twice(locked: Locked) -> None:
    """Nothing more is begun while nothing can be kept, and what was not begun is free for the next."""
    bench, told = locked.bench, threading.Barrier(2)

    def handler(job: Job) -> End:
        told.wait(PATIENCE)
        locked.lock()
        return bench.ends(job)._replace(twice=f"post {job.subject} to a.example")

    bench.add(one_host(4))
    with pytest.raises(StoreError) as raised:
        bench.runner(handler=handler, stuck_for=0).run()
    name = locked.store._database.name
    assert str(raised.value) in [
        f"{name} is locked by another program: what came of 2 jobs is not kept, and may be sent twice: "
        f"post {first} to a.example, post {second} to a.example"
        for first, second in ((1, 2), (2, 1))
    ]
    locked.unlock()
    assert len(bench.left()) == 4


def test_of_many_that_may_be_heard_twice_some_are_named(locked: Locked) -> None:
    bench, all_told = locked.bench, threading.Barrier(7)
    bench.pool = Pool(quick=7, slow=0)

    def handler(job: Job) -> End:
        all_told.wait(PATIENCE)
        locked.lock()
        return bench.ends(job)._replace(twice=f"x to {job.host}")

    bench.add(many_hosts(7))
    with pytest.raises(
        StoreError, match=r"of 7 jobs is not kept, .*(x to h\d.example, ){4}x to h\d.example and 2 more$"
    ):
        bench.runner(handler=handler, stuck_for=0).run()


def test_an_end_that_no_row_takes_stops_no_other(locked: Locked, caplog: pytest.LogCaptureFixture) -> None:
    """What is wrong with one row is no reason to wait for the database."""
    bench = locked.bench

    def keep(job: Job) -> None:
        if job.subject == 1:
            raise StoreError("the database holds a row that cannot be read")
        bench.store.jobs.done(job)

    bench.add(one_host(3))
    runner = bench.runner(handler=lambda job: End(partial(keep, job), lambda: bench.told.append(job.subject)))
    assert runner.run() == 3
    assert sorted(bench.told) == [2, 3]
    assert [leased for _, leased in bench.left().values()] == [False]
    assert "keeping what came of deliver 1 failed" in caplog.text


@pytest.mark.parametrize("forever", [False, True], ids=["run", "forever"])
def test_a_closed_store_ends_it_at_once(locked: Locked, caplog: pytest.LogCaptureFixture, forever: bool) -> None:
    bench, go_on = locked.bench, threading.Event()

    def handler(job: Job) -> End:
        if job.subject == 2:
            assert go_on.wait(PATIENCE)
        else:
            locked.store.close()
        return bench.ends(job)._replace(twice=f"post to {job.host}")

    bench.add(many_hosts(2))
    runner = bench.runner(handler=handler)
    try:
        with pytest.raises(StoreClosed):
            runner.run_forever() if forever else runner.run()
    finally:
        go_on.set()
    assert "what came of deliver 1 is lost, and may be sent twice: post to h1.example" in caplog.text


def test_a_handler_that_finds_the_store_closed_is_no_error_of_ours(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(job: Job) -> End:
        bench.store.close()
        bench.store.jobs.done(job)
        raise AssertionError

    bench.add(many_hosts(3))
    with pytest.raises(StoreClosed):
        bench.runner(handler=handler).run()
    assert caplog.records == []


# As long as the program runs


def forever(
    bench: Bench, work: Callable[[Job], object] = lambda job: None
) -> tuple[threading.Thread, Callable[[], None]]:
    runner = bench.runner(work)
    thread = threading.Thread(target=runner.run_forever)
    thread.start()
    return thread, runner.wake


def test_what_comes_is_done_until_it_is_stopped(bench: Bench) -> None:
    done = threading.Semaphore(0)
    thread, wake = forever(bench, lambda job: done.release())
    for number in range(3):
        bench.add({number: "a.example"})
        wake()
        assert done.acquire(timeout=PATIENCE)
    bench.stopped.set()
    wake()
    thread.join(PATIENCE)
    assert bench.told == [0, 1, 2]


def test_slow_sources_keep_nobody_from_quick_ones(bench: Bench) -> None:
    go_on, begun, done = threading.Event(), threading.Semaphore(0), threading.Semaphore(0)

    def work(job: Job) -> None:
        if job.host.startswith("h"):
            begun.release()
            assert go_on.wait(PATIENCE)
        done.release()

    thread, wake = forever(bench, work)
    bench.add(many_hosts(40))  # more than may be quick at once
    wake()
    for _ in range(40):
        assert begun.acquire(timeout=PATIENCE)
    bench.add({99: "quick.example"})
    wake()
    assert done.acquire(timeout=PATIENCE)
    go_on.set()
    bench.stopped.set()
    wake()
    thread.join(PATIENCE)
    assert len(bench.told) == 41


def test_nobody_who_hears_of_it_ends_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Semaphore(0)

    def handler(job: Job) -> End:
        return End(lambda: bench.store.jobs.done(job), partial(fail, job))

    def fail(job: Job) -> None:
        done.release()
        raise ZeroDivisionError

    runner = bench.runner(handler=handler)
    thread = threading.Thread(target=runner.run_forever)
    thread.start()
    for number in range(2):
        bench.add({number: "a.example"})
        runner.wake()
        assert done.acquire(timeout=PATIENCE)
    runner.stop()
    thread.join(PATIENCE)
    assert "ZeroDivisionError" in caplog.text


def test_a_database_that_was_locked_for_a_while(locked: Locked, caplog: pytest.LogCaptureFixture) -> None:
    bench, done = locked.bench, threading.Event()
    bench.add({1: "a.example"})
    locked.lock()
    thread, wake = forever(bench, lambda job: done.set())
    while not caplog.records:
        wake()
        threading.Event().wait(0.01)
    locked.unlock()
    assert done.wait(PATIENCE)
    bench.stopped.set()
    wake()
    thread.join(PATIENCE)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_lock_that_lasts_is_said_once(locked: Locked, caplog: pytest.LogCaptureFixture) -> None:
    bench, tries = locked.bench, iter(range(5))

    def keep(job: Job) -> object:
        if next(tries, None) is not None:
            locked.lock()
        else:
            locked.unlock()
        return bench.store.jobs.done(job)

    bench.add({1: "a.example"})
    told = threading.Event()
    runner = bench.runner(handler=lambda job: End(partial(keep, job), told.set))
    thread = threading.Thread(target=runner.run_forever)
    thread.start()
    while not told.wait(0.01):
        runner.wake()
    runner.stop()
    thread.join(PATIENCE)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
