"""`pingback.receive.rounds`: jobs whose time comes round."""

import threading

import pytest

from pingback.errors import StoreError
from pingback.receive.rounds import Job, Rounds
from tests.receive.pages import PATIENCE, Clock


def test_each_job_has_its_own_time() -> None:
    done: list[str] = []
    clock = Clock()
    often, seldom = Job("often", 10.0, lambda: done.append("often")), Job("seldom", 25.0, lambda: done.append("seldom"))
    rounds = Rounds([often, seldom], clock=lambda: clock.instant.timestamp())
    for seconds in (0.0, 9.5, 0.5, 9.5, 0.5, 5.0):
        clock.pass_by(seconds=seconds)
        rounds.go()
    assert done == ["often", "seldom", "often", "often", "seldom"]


@pytest.mark.parametrize(
    ("error", "traceback"), [(StoreError("the disk is full"), False), (RuntimeError("a bug"), True)]
)
def test_a_job_that_fails_stops_nobody(caplog: pytest.LogCaptureFixture, error: Exception, traceback: bool) -> None:
    done: list[str] = []

    def fail() -> None:
        done.append("failed")
        raise error

    clock = Clock()
    jobs = [Job("work", 1.0, fail), Job("go on", 1.0, lambda: done.append("went on"))]
    rounds = Rounds(jobs, clock=lambda: clock.instant.timestamp())
    rounds.go()
    clock.pass_by(seconds=1)
    rounds.go()
    assert done == ["failed", "went on", "failed", "went on"]
    assert [(record.levelname, record.getMessage()[:11]) for record in caplog.records] == [("ERROR", "cannot work")] * 2
    assert all(bool(record.exc_info) is traceback for record in caplog.records)


def test_a_thread_that_goes_round_until_the_end() -> None:
    went = threading.Event()
    rounds = Rounds([Job("go", 60.0, went.set)])
    with rounds:
        assert went.wait(PATIENCE)
    assert "pingback-rounds" not in {thread.name for thread in threading.enumerate()}


def test_it_starts_once_and_never_again_after_the_end() -> None:
    went = threading.Semaphore(0)
    rounds = Rounds([Job("go", 3600.0, went.release)])
    ran = [rounds.running]
    rounds.start()
    rounds.start()
    assert went.acquire(timeout=PATIENCE)
    ran.append(rounds.running)
    rounds.close()
    rounds.start()
    ran.append(rounds.running)
    assert ran == [False, True, False]
    assert not went.acquire(blocking=False)
