"""`pingback.receive.background`: bounded, shared by key, fair to quick jobs and to all lanes, and stoppable."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from itertools import count
from threading import Event, Semaphore

import pytest

from pingback.receive.background import SLOW_AFTER, Background, Busy
from tests.receive.pages import PATIENCE


@pytest.fixture
def gate() -> Iterator[Event]:
    gate = Event()
    yield gate
    gate.set()


def test_gives_what_the_work_gives_or_raises() -> None:
    background = Background()
    assert background.submit("a", lambda: 7).result(PATIENCE) == 7
    with pytest.raises(ZeroDivisionError):
        background.submit("b", lambda: 1 // 0).result(PATIENCE)
    assert background.submit("a", lambda: 8).result(PATIENCE) == 8  # a key is free again when its job is done
    background.close()


def test_an_unfinished_job_is_shared_by_its_key(gate: Event) -> None:
    background = Background()
    first = background.submit("a", lambda: gate.wait(PATIENCE))
    assert background.submit("a", lambda: False) is first
    gate.set()
    assert first.result(PATIENCE) is True
    background.close()


def test_so_many_at_once_and_no_more(gate: Event) -> None:
    background = Background(quick=2, slow=0, max_unfinished=3)
    begun = Semaphore(0)

    def work() -> bool:
        begun.release()
        return gate.wait(PATIENCE)

    jobs = [background.submit(number, work) for number in range(3)]
    for _ in range(2):
        assert begun.acquire(timeout=PATIENCE)
    assert not begun.acquire(blocking=False)
    with pytest.raises(Busy):
        background.submit("one more", work)
    gate.set()
    assert [job.result(PATIENCE) for job in jobs] == [True] * 3
    background.close()


def test_a_job_that_becomes_slow_between_two_looks_at_the_clock_wakes_the_next(gate: Event) -> None:
    looks = count()
    background = Background(quick=1, slow=10, clock=lambda: next(looks) * SLOW_AFTER / 5)
    begun = Semaphore(0)

    def work() -> bool:
        begun.release()
        return gate.wait(PATIENCE)

    for number in range(6):
        background.submit(number, work)
    for _ in range(6):
        assert begun.acquire(timeout=PATIENCE)
    gate.set()
    background.close()


def test_close_cancels_what_waits_and_waits_for_what_runs(gate: Event) -> None:
    background = Background(quick=1, slow=0)
    begun = Event()

    def work() -> bool:
        begun.set()
        return gate.wait(PATIENCE)

    running = background.submit("running", work)
    waiting = background.submit("waiting", lambda: True)
    waiting.add_done_callback(lambda _: gate.set())
    assert begun.wait(PATIENCE)
    background.close()
    assert running.result(0) is True
    with pytest.raises(CancelledError):
        waiting.result(0)
    with pytest.raises(Busy):
        background.submit("after", lambda: True)


def test_one_lane_takes_no_thread_from_another(gate: Event) -> None:
    background = Background(per_lane=1, waiting_per_lane=1)
    running = background.submit(1, lambda: gate.wait(PATIENCE), lane="slow.example")
    waiting = background.submit(2, lambda: gate.is_set(), lane="slow.example")
    with pytest.raises(Busy):
        background.submit(3, lambda: True, lane="slow.example")
    assert (background.has_room("slow.example"), background.has_room("a.example")) == (False, True)
    assert background.submit(4, lambda: "good", lane="a.example").result(PATIENCE) == "good"
    assert not waiting.running()
    gate.set()
    assert (running.result(PATIENCE), waiting.result(PATIENCE)) == (True, True)
    background.close()
    assert not background.has_room("a.example")


@dataclass
class Seconds:
    passed: float = 0.0

    def __call__(self) -> float:
        return self.passed


def test_a_job_that_takes_long_makes_room_for_quick_ones(gate: Event) -> None:
    seconds = Seconds()
    background = Background(quick=1, slow=1, clock=seconds)
    begun = Semaphore(0)

    def slow() -> bool:
        begun.release()
        return gate.wait(PATIENCE)

    jobs = [background.submit("slow", slow)]
    assert begun.acquire(timeout=PATIENCE)
    quick = background.submit("quick", lambda: True)
    assert not quick.done()
    seconds.passed += SLOW_AFTER
    jobs.append(background.submit("another", lambda: True))
    assert quick.result(PATIENCE) is True
    gate.set()
    assert all(job.result(PATIENCE) for job in jobs)
    background.close()


def test_slow_jobs_are_bounded_too(gate: Event) -> None:
    seconds = Seconds()
    background = Background(quick=1, slow=1, clock=seconds)
    begun = Semaphore(0)

    def slow() -> bool:
        begun.release()
        return gate.wait(PATIENCE)

    jobs = []
    for number in range(2):
        jobs.append(background.submit(number, slow))
        assert begun.acquire(timeout=PATIENCE)
        seconds.passed += SLOW_AFTER
    jobs.append(background.submit("one more", slow))
    assert not begun.acquire(blocking=False)
    gate.set()
    assert [job.result(PATIENCE) for job in jobs] == [True] * 3
    background.close()


def test_an_unfinished_job_can_be_found(gate: Event) -> None:
    background = Background()
    job = background.submit("a", lambda: gate.wait(PATIENCE))
    assert background.find("a") is job
    assert background.find("b") is None
    gate.set()
    job.result(PATIENCE)
    assert background.find("a") is None
    background.close()


def test_what_follows_a_job_ends_no_thread() -> None:
    background = Background(quick=1, slow=0)
    gate = Event()

    def ends(_: Future[bool]) -> None:
        raise SystemExit

    first = background.submit("first", lambda: gate.wait(PATIENCE))
    first.add_done_callback(ends)
    gate.set()
    assert first.result(PATIENCE)
    assert background.submit("second", lambda: "done").result(PATIENCE) == "done"
    assert background.alive
    background.close()
