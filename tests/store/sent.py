"""What the tests of the outbox have in common: a post, its links, and what became of them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pingback.model import Outcome, OutcomeStatus, Protocol, QueuedPing, Retelling
from pingback.store.outbox import Outbox

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
POST = "https://a.example/post"
ONE, TWO, THREE = "https://one.example/", "https://two.example/", "https://three.example/"

# As Webmention, Pingback and TrackBack have it.
RETELLING = Retelling(changes=[Protocol.WEBMENTION], removals=[Protocol.WEBMENTION])

ACCEPTED = Outcome(
    source=POST,
    target=ONE,
    status=OutcomeStatus.ACCEPTED,
    message="thank you",
    protocol=Protocol.WEBMENTION,
    endpoint="https://one.example/webmention",
    attempts=1,
)
FAILED = replace(ACCEPTED, status=OutcomeStatus.FAILED, message="no answer", fault=503)


def plan(outbox: Outbox, *targets: str, source: str = POST, now: datetime = NOON) -> None:
    """The post links to these targets, in surroundings that never change."""
    outbox.plan(source, dict.fromkeys(targets, "words"), fingerprint="entry", now=now, retelling=RETELLING)


def claim(outbox: Outbox, *, now: datetime = NOON, limit: int = 100, per_host: int = 100) -> list[QueuedPing]:
    """All that is due, for a minute."""
    return outbox.claim(now=now, lease=MINUTE, limit=limit, per_host=per_host)


def record(
    outbox: Outbox, ping: QueuedPing, outcome: Outcome, *, at: datetime = NOON, next_try: datetime | None = None
) -> QueuedPing:
    return outbox.record(ping, outcome, at=at, seconds=0.5, next_try=next_try, retelling=RETELLING)


def tell(outbox: Outbox, *, now: datetime = NOON, outcome: Outcome = ACCEPTED) -> None:
    """All that is due is sent, and this becomes of it."""
    for ping in claim(outbox, now=now):
        record(outbox, ping, outcome, at=now)


def targets(pings: Iterable[QueuedPing]) -> list[str]:
    return [ping.target for ping in pings]
