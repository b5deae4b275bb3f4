"""What the tests of the outbox have in common: a post, its links, and what became of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from pingback.model import Outcome, OutcomeStatus, Protocol
from pingback.sending.transitions import again, planned, tried
from pingback.store import Store
from pingback.work import Job, JobKind, Plan, QueuedPing, Retelling, Try

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


class Held(NamedTuple):
    """A ping that we lease, as it was when we took it."""

    job: Job
    ping: QueuedPing


def plan_links(
    store: Store,
    links: Mapping[str, str],
    *,
    source: str = POST,
    fingerprint: str = "entry",
    now: datetime = NOON,
    untouched: Iterable[str] = (),
) -> Plan:
    """The post has these links, each with the fingerprint of its surroundings."""
    becomes = partial(planned, source=source, now=now, retelling=RETELLING)
    return store.outbox.plan(source, links, becomes=becomes, fingerprint=fingerprint, untouched=untouched, now=now)


def plan(store: Store, *targets: str, source: str = POST, now: datetime = NOON) -> None:
    """The post links to these targets, in surroundings that never change."""
    plan_links(store, dict.fromkeys(targets, "words"), source=source, now=now)


def plan_gone(store: Store, source: str = POST, *, now: datetime = NOON) -> Plan:
    becomes = partial(planned, source=source, now=now, retelling=RETELLING)
    return store.outbox.plan_gone(source, becomes=becomes, now=now)


def take(store: Store, *, now: datetime = NOON, limit: int = 100, worker_id: str = "me") -> list[Held]:
    """All that is due, for a minute."""
    jobs = store.jobs.lease([JobKind.DELIVER], worker_id=worker_id, now=now, lease=MINUTE, limit=limit, per_host=1000)
    held = [(job, store.outbox.at(job.subject)) for job in jobs]
    return [Held(job, ping) for job, ping in held if ping is not None]


def recorded(store: Store, held: Held, result: Try, *, next_try: datetime | None = None) -> QueuedPing | None:
    """The ping after this try of it; None where it is not kept any more."""
    becomes = partial(
        tried, sent=held.ping, outcome=result.outcome, at=result.at, next_try=next_try, retelling=RETELLING
    )
    return store.outbox.record(held.ping, held.job, result, becomes=becomes)


def record(
    store: Store, held: Held, outcome: Outcome, *, at: datetime = NOON, next_try: datetime | None = None
) -> QueuedPing:
    after = recorded(store, held, Try(outcome, at, 0.5), next_try=next_try)
    assert after is not None
    return after


def tell(store: Store, *, now: datetime = NOON, outcome: Outcome = ACCEPTED) -> None:
    """All that is due is sent, and this becomes of it."""
    for held in take(store, now=now):
        record(store, held, outcome, at=now)


def send_again(store: Store, numbers: Iterable[int], *, now: datetime = NOON) -> list[QueuedPing]:
    return store.outbox.send_again(numbers, becomes=partial(again, now=now, retelling=RETELLING), now=now)


def targets(pings: Iterable[QueuedPing | Held]) -> list[str]:
    return [each.ping.target if isinstance(each, Held) else each.target for each in pings]


def postpone(store: Store, held: Held, due: datetime) -> None:
    assert store.jobs.postpone(held.job, due, now=NOON)


def release(store: Store, held: Iterable[Held], *, now: datetime = NOON) -> None:
    store.jobs.release([each.job for each in held], now=now)
