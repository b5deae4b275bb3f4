"""`pingback.receive.alarm`: loud, but not once for each stranger."""

import logging

import pytest

from pingback.errors import Fault, FaultCode, StoreError
from pingback.receive.alarm import QUIET_FOR, Alarm

FULL = StoreError("the database x.db cannot grow: the disk is full")


def fail() -> None:
    raise FULL


def stumble() -> None:
    raise ZeroDivisionError


class Seconds:
    passed = 0.0

    def __call__(self) -> float:
        return self.passed


def test_a_stranger_hears_that_it_failed_and_when_to_come_again() -> None:
    with pytest.raises(Fault) as refused, Alarm().hiding():
        fail()
    assert (refused.value.code, refused.value.retry_after) == (FaultCode.INTERNAL_ERROR, 60.0)
    assert "disk" not in refused.value.message


def test_one_line_a_minute_however_many_ask(caplog: pytest.LogCaptureFixture) -> None:
    seconds = Seconds()
    alarm = Alarm(clock=seconds)
    for passed in [0.0] * 100 + [QUIET_FOR - 1, QUIET_FOR, QUIET_FOR + 1]:
        seconds.passed = passed
        with alarm.guarding("keep it"):
            fail()
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, f"pings cannot be kept: {FULL} (since this was last said, 0 more times)"),
        (logging.ERROR, f"pings cannot be kept: {FULL} (since this was last said, 100 more times)"),
    ]


def test_a_bug_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with Alarm().guarding("finish mention 5"):
        stumble()
    assert "cannot finish mention 5" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_fault_passes_through(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Fault), Alarm().hiding():
        raise Fault(FaultCode.NO_LINK, "no link")
    assert caplog.records == []
