"""`pingback.sending.pool`: as many threads as there is work, and what happens where there are none to be had."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from pingback.sending.pool import Pool
from tests.receive.pages import PATIENCE


@contextmanager
def no_more_threads() -> Iterator[None]:
    """This process can start none: each would need more memory than there is."""
    threading.stack_size(2**50)
    try:
        yield
    finally:
        threading.stack_size(0)


@pytest.fixture
def pool() -> Iterator[Pool]:
    """Has up to three threads, which end with the test."""
    before = set(threading.enumerate())
    pool = Pool(3)
    yield pool
    pool.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_all_at_once_and_no_more(pool: Pool) -> None:
    together = threading.Barrier(3, timeout=PATIENCE)
    running = threading.active_count()
    futures = [pool.submit(together.wait) for _ in range(9)]
    assert sorted(future.result(PATIENCE) for future in futures) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert threading.active_count() - running == 3


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
