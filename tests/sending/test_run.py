"""`pingback.sending.run`: what may be sent again at once when a run is broken off."""

from concurrent.futures import Future
from datetime import UTC, datetime

import pytest

from pingback.model import OutcomeStatus, QueuedPing
from pingback.sending.ping import Delivery
from pingback.sending.run import Job

PING = QueuedPing(
    id=1,
    source="https://my.example/6",
    target="https://a.example/1",
    host="a.example",
    status=OutcomeStatus.WAITING,
    message="",
    fingerprint="",
    next_try=datetime(2026, 1, 1, tzinfo=UTC),
)


def waiting() -> Future[Delivery]:
    return Future()


def begun() -> Future[Delivery]:
    future = waiting()
    future.set_running_or_notify_cancel()
    return future


def ended() -> Future[Delivery]:
    future = begun()
    future.set_exception(ConnectionError())
    return future


def cancelled() -> Future[Delivery]:
    future = waiting()
    future.cancel()
    return future


@pytest.mark.parametrize(
    ("told", "is_out"),
    [
        pytest.param(None, False, id="never-begun"),
        pytest.param(cancelled(), False, id="cancelled-before-it-began"),
        pytest.param(begun(), True, id="under-way"),
        pytest.param(ended(), True, id="ended-a-moment-ago-and-nobody-recorded-it"),
    ],
)
def test_what_is_out(told: Future[Delivery] | None, is_out: bool) -> None:
    job = Job(ping=PING, began=0.0)
    job.told = told
    assert job.is_out is is_out
