"""`pingback.server.pool`: as many threads as are needed, in turn, and no longer than they are."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from pingback.server.pool import Full, Pool, RoundRobin
from tests.receive.pages import PATIENCE


class Slow:
    """Work that waits; `began` keeps the names of what has begun, in order, `most` how much was begun at once."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.most = 0
        self._lock = threading.Lock()
        self._running = 0
        self.gate = threading.Event()
        self._begun = threading.Semaphore(0)

    def __call__(self, name: str) -> None:
        with self._lock:
            self.began.append(name)
            self._running += 1
            self.most = max(self.most, self._running)
        self._begun.release()
        assert self.gate.wait(PATIENCE)
        with self._lock:
            self._running -= 1

    def in_pool(self, pool: Pool, name: str) -> Future[None]:
        return pool.submit(name[0], lambda: self(name))

    def wait_until_begun(self, count: int) -> None:
        for _ in range(count):
            assert self._begun.acquire(timeout=PATIENCE)


def test_a_thread_for_each_until_there_are_enough() -> None:
    pool, slow = Pool(3), Slow()
    futures = [slow.in_pool(pool, name) for name in ("a1", "a2", "a3", "a4", "a5", "b1")]
    slow.wait_until_begun(3)
    assert len(slow.began) == 3
    slow.gate.set()
    for future in futures:
        future.result(PATIENCE)
    assert sorted(slow.began) == ["a1", "a2", "a3", "a4", "a5", "b1"]
    assert slow.most == 3


def test_clients_in_turn() -> None:
    pool, slow = Pool(1), Slow()
    futures = [slow.in_pool(pool, name) for name in ("a1", "a2", "a3", "b1")]
    slow.gate.set()
    for future in futures:
        future.result(PATIENCE)
    assert slow.began in (["a1", "a2", "b1", "a3"], ["a1", "b1", "a2", "a3"])  # a thread may begin before all are there


def test_a_thread_that_is_idle_for_long_ends_and_another_comes() -> None:
    pool = Pool(1, idle_for=0.0)
    first = pool.submit(None, threading.current_thread).result(PATIENCE)
    first.join(PATIENCE)
    assert not first.is_alive()
    assert pool.submit(None, lambda: "again").result(PATIENCE) == "again"


def test_where_too_many_wait_whoever_has_most_loses_one() -> None:
    pool, slow = Pool(1, max_waiting=3), Slow()
    first = slow.in_pool(pool, "x1")
    slow.wait_until_begun(1)
    a1, a2, b1, b2 = [slow.in_pool(pool, name) for name in ("a1", "a2", "b1", "b2")]
    with pytest.raises(Full):
        b2.result(PATIENCE)
    c1 = slow.in_pool(pool, "c1")
    with pytest.raises(Full):
        a2.result(PATIENCE)
    slow.gate.set()
    for future in (first, a1, b1, c1):
        future.result(PATIENCE)
    assert slow.began == ["x1", "a1", "b1", "c1"]


def test_errors_go_to_whoever_waits_and_the_thread_goes_on() -> None:
    pool = Pool(1)

    def fail() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        pool.submit(None, fail).result(PATIENCE)
    assert pool.submit(None, lambda: "next").result(PATIENCE) == "next"


def test_what_was_cancelled_before_it_began_never_does() -> None:
    pool, slow = Pool(1), Slow()
    first, second, third = [slow.in_pool(pool, name) for name in ("a1", "a2", "a3")]
    slow.wait_until_begun(1)
    assert second.cancel()
    slow.gate.set()
    first.result(PATIENCE)
    third.result(PATIENCE)
    assert slow.began == ["a1", "a3"]


@contextmanager
def shortage() -> Iterator[None]:
    """The machine has no thread to spare."""
    threading.stack_size(2**50)  # bytes, which no machine has
    try:
        yield
    finally:
        threading.stack_size(0)


def test_a_thread_that_cannot_start() -> None:
    pool = Pool(1)
    with shortage(), pytest.raises(Full):
        pool.submit(None, lambda: "never")
    assert pool.submit(None, lambda: "now").result(PATIENCE) == "now"


def test_where_no_more_threads_can_start_those_that_there_are_do_all() -> None:
    pool, slow = Pool(3), Slow()
    futures = [slow.in_pool(pool, "a1")]
    slow.wait_until_begun(1)
    with shortage():
        futures += [slow.in_pool(pool, "a2"), slow.in_pool(pool, "b1")]
    slow.gate.set()
    for future in futures:
        future.result(PATIENCE)
    assert (slow.began, slow.most) == (["a1", "a2", "b1"], 1)


class Waiting(NamedTuple):
    client: str | None
    number: int = 0


@pytest.mark.parametrize(
    ("came", "went"),
    [
        pytest.param("a1 a2 a3", "a1 a2 a3", id="of-one-client-in-order"),
        pytest.param("a1 b1 c1", "a1 b1 c1", id="of-many-in-order"),
        pytest.param("a1 a2 a3 b1", "a1 b1 a2 a3", id="who-has-one-waits-for-one-of-each"),
        pytest.param("a1 a2 b1 b2 c1", "a1 b1 c1 a2 b2", id="in-turn"),
    ],
)
def test_round_robin(came: str, went: str) -> None:
    queue = RoundRobin()
    for word in came.split():
        queue.append(Waiting(word[0], int(word[1])))
    assert len(queue) == len(came.split())
    left = [queue.popleft() for _ in range(len(queue))]
    assert " ".join(f"{client}{number}" for client, number in left) == went
    assert not queue


def test_whoever_comes_back_is_behind_all_others() -> None:
    queue = RoundRobin()
    queue.append(Waiting("a"))
    queue.append(Waiting("b"))
    queue.popleft()
    queue.append(Waiting("a"))
    queue.append(Waiting(None))
    queue.append(Waiting("a"))
    assert [queue.popleft().client for _ in range(4)] == ["b", "a", None, "a"]


@pytest.mark.parametrize(
    ("came", "dropped", "left"),
    [
        pytest.param("a1", "a1", "", id="the-only-one"),
        pytest.param("a1 a2 b1", "a2", "a1 b1", id="of-whoever-has-most"),
        pytest.param("a1 b1 b2 b3 c1 c2", "b3", "a1 b1 c1 b2 c2", id="of-whoever-has-most-in-the-middle"),
        pytest.param("a1 b1 c1", "c1", "a1 b1", id="of-equals-the-last"),
        pytest.param("a1 b1 b2 a2", "b2", "a1 b1 a2", id="of-equals-the-last-that-came-to-have-any"),
    ],
)
def test_drop(came: str, dropped: str, left: str) -> None:
    queue = RoundRobin()
    for word in came.split():
        queue.append(Waiting(word[0], int(word[1])))
    client, number = queue.drop()
    assert f"{client}{number}" == dropped
    assert len(queue) == len(left.split())
    assert " ".join(f"{each.client}{each.number}" for each in [queue.popleft() for _ in range(len(queue))]) == left
