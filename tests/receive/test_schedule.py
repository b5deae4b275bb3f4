"""`pingback.receive.schedule`: a turn for whoever asks, and none after the end."""

from threading import Semaphore

import pytest

from pingback.receive.schedule import Schedule
from tests.receive.pages import PATIENCE


def test_a_turn_for_whoever_asks() -> None:
    turns = Semaphore(0)
    schedule = Schedule(turns.release)
    schedule.wake()
    assert schedule._thread is None
    schedule.start()
    assert turns.acquire(timeout=PATIENCE)
    for _ in range(2):
        schedule.wake()
        assert turns.acquire(timeout=PATIENCE)
    schedule.close()


def test_a_turn_that_fails_is_not_the_last(caplog: pytest.LogCaptureFixture) -> None:
    turns = Semaphore(0)

    def work() -> None:
        turns.release()
        raise ZeroDivisionError

    schedule = Schedule(work)
    schedule.start()
    for _ in range(2):
        schedule.wake()
        assert turns.acquire(timeout=PATIENCE)
    schedule.close()
    assert "ZeroDivisionError" in caplog.text


def test_no_turn_after_the_end() -> None:
    turns = Semaphore(0)
    schedule = Schedule(turns.release)
    schedule.close()
    schedule.start()
    assert schedule._thread is None
    assert not turns.acquire(blocking=False)
