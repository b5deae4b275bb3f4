"""`pingback.work`: how a ping of the outbox stands, for others to see."""

from dataclasses import replace
from datetime import UTC, datetime

from pingback.model import Outcome, OutcomeStatus, Protocol
from pingback.work import QueuedPing

INSTANT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def test_a_queued_ping_gives_its_outcome() -> None:
    ping = QueuedPing(
        id=7,
        source="s",
        target="t",
        host="b.example",
        status=OutcomeStatus.FAILED,
        message="m",
        protocol=Protocol.PINGBACK,
        endpoint="e",
        fault=503,
        attempts=2,
        next_try=INSTANT,
        fingerprint="f",
    )
    assert ping.as_outcome() == Outcome(
        source="s",
        target="t",
        status=OutcomeStatus.FAILED,
        message="m",
        protocol=Protocol.PINGBACK,
        endpoint="e",
        fault=503,
        attempts=2,
        next_try=INSTANT,
    )
    assert not ping.told
    assert replace(ping, told_by=Protocol.PINGBACK).told
