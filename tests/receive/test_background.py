"""`pingback.receive.background`: bounded, shared by key, and stoppable."""

from collections.abc import Iterator
from concurrent.futures import CancelledError
from threading import Event, Semaphore

import pytest

from pingback.receive.background import Background, Busy
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
    background = Background(threads=2, max_unfinished=3)
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


def test_close_cancels_what_waits_and_waits_for_what_runs(gate: Event) -> None:
    background = Background(threads=1)
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
