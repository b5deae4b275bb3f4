"""`pingback.receive.observer`: what a log line says, and which fields it has for who reads logs by program."""

import logging
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from pingback.errors import Fault, FaultCode, StoreError
from pingback.model import Mention, MentionStatus, Protocol
from pingback.receive.observer import QUIET_FOR, Alarm, log_ping, log_settled

SOURCE = "https://ann:secret@a.example/6"
TARGET = "https://my.example/5"

FULL = StoreError("the database x.db cannot grow: the disk is full")


def fields(record: logging.LogRecord) -> dict[str, object]:
    names = ("protocol", "source", "target", "client_ip", "outcome", "fault")
    return {name: vars(record)[name] for name in names if name in vars(record)}


def test_a_ping_that_was_kept(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pingback"):
        log_ping(Protocol.PINGBACK, SOURCE, TARGET, "::ffff:192.0.2.1", MentionStatus.APPROVED)
    [record] = caplog.records
    assert record.getMessage() == (
        "pingback from 'https://a.example/6' to 'https://my.example/5' by 192.0.2.1: approved"
    )
    assert fields(record) == {
        "protocol": "pingback",
        "source": "https://a.example/6",
        "target": "https://my.example/5",
        "client_ip": "192.0.2.1",
        "outcome": "approved",
    }


def test_a_ping_that_was_refused(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pingback"):
        log_ping(Protocol.TRACKBACK, "x" * 9000, TARGET, "not an address", Fault(17, "y" * 9000))
    [record] = caplog.records
    assert len(record.getMessage()) < 1000
    assert (fields(record)["outcome"], fields(record)["fault"], fields(record)["client_ip"]) == ("refused", 17, None)


@pytest.mark.parametrize(
    ("status", "fault", "said"),
    [(MentionStatus.PENDING, None, "pending"), (MentionStatus.DELETED, 17, "deleted, fault 17")],
)
def test_a_ping_that_was_looked_at_after_its_answer(
    status: MentionStatus, fault: int | None, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    settled = Mention(
        id=5,
        source=SOURCE,
        target=TARGET,
        protocol=Protocol.WEBMENTION,
        status=status,
        title=None,
        excerpt=None,
        received=datetime(2026, 1, 2, tzinfo=UTC),
        fault=fault,
    )
    with caplog.at_level(logging.INFO, "pingback"):
        log_settled(settled)
    [record] = caplog.records
    assert record.getMessage() == (
        f"webmention from 'https://a.example/6' to 'https://my.example/5' was looked at: {said}"
    )
    assert fields(record)["outcome"] == status


def fail() -> None:
    raise FULL


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
        with suppress(Fault), alarm.hiding():
            fail()
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, f"pings cannot be kept: {FULL} (since this was last said, 0 more times)"),
        (logging.ERROR, f"pings cannot be kept: {FULL} (since this was last said, 100 more times)"),
    ]


def test_a_fault_passes_through(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Fault), Alarm().hiding():
        raise Fault(FaultCode.NO_LINK, "no link")
    assert caplog.records == []
