"""`pingback.jobs.pool`: as many threads as there is work, fair to what is quick, or what happens without."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count

import pytest

from pingback.jobs.pool import SLOW_AFTER, Pool
from tests.jobs.fixture import no_more_threads
from tests.receive.pages import PATIENCE


@pytest.fixture
def pool() -> Iterator[Pool]:
    """Has up to three threads, which end with the test."""
    before = set(threading.enumerate())
    pool = Pool(quick=3, slow=0)
    yield pool
    pool.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_all_at_once_and_no_more(pool: Pool) -> None:
    together = threading.Barrier(3, timeout=PATIENCE)
    before = set(threading.enumerate())
    futures = [pool.submit(together.wait) for _ in range(9)]
    assert sorted(future.result(PATIENCE) for future in futures) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert len(set(threading.enumerate()) - before) == 3


def test_what_work_raises_is_for_whoever_waits_for_it(pool: Pool) -> None:
    def fail() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        pool.submit(fail).result(PATIENCE)
    assert pool.submit(lambda: "done").result(PATIENCE) == "done"


def test_no_thread_keeps_the_process(pool: Pool) -> None:
    daemon = pool.submit(lambda: threading.current_thread().daemon)
    assert daemon.result(PATIENCE)


def test_work_that_is_cancelled_before_it_begins_is_not_done(pool: Pool) -> None:
    go_on = threading.Event()
    held = [pool.submit(partial(go_on.wait, PATIENCE)) for _ in range(3)]
    done: list[str] = []
    assert pool.submit(lambda: done.append("done")).cancel()
    go_on.set()
    assert all(future.result(PATIENCE) for future in held)
    assert pool.submit(lambda: list(done)).result(PATIENCE) == []


def test_where_no_thread_can_be_started_the_caller_s_own_does_it(pool: Pool) -> None:
    def fail() -> None:
        raise OSError("failed")

    with no_more_threads():
        assert pool.submit(threading.current_thread).result(0) is threading.current_thread()
        with pytest.raises(OSError, match="failed"):
            pool.submit(fail).result(0)
    assert pool.submit(threading.current_thread).result(PATIENCE) is not threading.current_thread()


def test_where_no_more_can_be_started_those_that_are_there_do_it(pool: Pool) -> None:
    go_on = threading.Event()
    held = pool.submit(partial(go_on.wait, PATIENCE))
    with no_more_threads():
        waiting = pool.submit(lambda: "done")
    assert not waiting.done()
    go_on.set()
    assert held.result(PATIENCE)
    assert waiting.result(PATIENCE) == "done"


def test_that_there_is_no_thread_is_said_once(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    with no_more_threads():
        for _ in range(3):
            pool.submit(lambda: None)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_what_runs_when_it_closes_is_waited_for_and_what_waits_is_cancelled() -> None:
    pool = Pool(quick=1, slow=0)
    begun, gate = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return gate.wait(PATIENCE)

    running, waiting = pool.submit(work), pool.submit(lambda: True)
    waiting.add_done_callback(lambda _: gate.set())
    assert begun.wait(PATIENCE)
    pool.close(within=PATIENCE)
    assert running.result(0) is True
    assert waiting.cancelled()
    assert not pool.alive
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(lambda: True)


def test_threads_that_do_nothing_end_before_it_is_closed() -> None:
    before = set(threading.enumerate())
    together = threading.Barrier(3, timeout=PATIENCE)
    with Pool(quick=3, slow=0) as pool:
        for future in [pool.submit(together.wait) for _ in range(3)]:
            future.result(PATIENCE)
    assert set(threading.enumerate()) <= before


def test_what_becomes_slow_between_two_looks_at_the_clock_wakes_the_next() -> None:
    looks = count()
    begun, gate = threading.Semaphore(0), threading.Event()

    def work() -> bool:
        begun.release()
        return gate.wait(PATIENCE)

    with Pool(quick=1, slow=10, clock=lambda: next(looks) * SLOW_AFTER / 5) as pool:
        for _ in range(6):
            pool.submit(work)
        for _ in range(6):
            assert begun.acquire(timeout=PATIENCE)
        gate.set()
        pool.close(within=PATIENCE)


@dataclass
class Seconds:
    passed: float = 0.0

    def __call__(self) -> float:
        return self.passed


def test_what_takes_long_makes_room_for_what_is_quick_and_is_bounded_too() -> None:
    seconds = Seconds()
    begun, gate = threading.Semaphore(0), threading.Event()

    def slow() -> bool:
        begun.release()
        return gate.wait(PATIENCE)

    pool = Pool(quick=1, slow=1, clock=seconds)
    futures = [pool.submit(slow)]
    assert begun.acquire(timeout=PATIENCE)
    quick = pool.submit(lambda: True)
    assert not quick.done()
    seconds.passed += SLOW_AFTER
    futures.append(pool.submit(slow))
    assert quick.result(PATIENCE) is True
    assert begun.acquire(timeout=PATIENCE)
    seconds.passed += SLOW_AFTER
    futures.append(pool.submit(slow))
    assert not begun.acquire(blocking=False)  # there are two threads
    gate.set()
    assert [future.result(PATIENCE) for future in futures] == [True] * 3
    pool.close(within=PATIENCE)


def test_what_follows_some_work_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    pool, gate = Pool(quick=1, slow=0), threading.Event()

    def ends(_: object) -> None:
        raise SystemExit

    first = pool.submit(lambda: gate.wait(PATIENCE))
    first.add_done_callback(ends)
    gate.set()
    assert first.result(PATIENCE)
    assert pool.submit(lambda: "done").result(PATIENCE) == "done"
    assert pool.alive
    pool.close(within=PATIENCE)
