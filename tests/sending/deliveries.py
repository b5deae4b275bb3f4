"""What the tests of deliveries have in common: a store, a client, a clock, and a sender that delivers what is due."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from random import Random

from pingback.model import Outcome
from pingback.net.client import Client
from pingback.sending.sender import Sender
from pingback.sending.transitions import planned
from pingback.store import Store
from pingback.work import JobKind, QueuedPing
from tests.receive.pages import Clock
from tests.store.sent import RETELLING

SOURCE = "https://my.example/6"
NOW = Clock().instant
LONG = timedelta(days=1)  # of patience


class Skipping(threading.Event):
    """Whoever waits for it waits for no time: it is the clock that goes on."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._clock.pass_by(seconds=timeout)
        return self.is_set()


def plan(store: Store, *targets: str, source: str = SOURCE, now: datetime = NOW, words: str = "") -> None:
    becomes = partial(planned, source=source, now=now, retelling=RETELLING)
    store.outbox.plan(source, dict.fromkeys(targets, words), becomes=becomes, fingerprint=words, now=now)


def sender_of(store: Store, client: Client, clock: Clock, *, stopped: threading.Event | None = None) -> Sender:
    return Sender(client=client, store=store, stopped=stopped, clock=clock, random=Random(1))


def delivered(store: Store, client: Client, clock: Clock, patience: timedelta = timedelta(0)) -> list[Outcome]:
    """By a process of its own: it knows of no host what the last one learned, but what the store says."""
    outcomes: list[Outcome] = []
    sender_of(store, client, clock, stopped=Skipping(clock)).deliver(outcomes.append, patience=patience)
    return outcomes


def statuses(outcomes: list[Outcome]) -> dict[str | None, str]:
    """What became of each target; each is told of once."""
    assert len({outcome.target for outcome in outcomes}) == len(outcomes)
    return {outcome.target: outcome.status for outcome in outcomes}


def the_ping(store: Store) -> QueuedPing:
    [ping] = store.outbox.pings()
    return ping


def next_due(store: Store, now: datetime) -> datetime | None:
    return store.jobs.next_due([JobKind.DELIVER], now=now)


@contextmanager
def no_more_threads() -> Iterator[None]:
    """This process can start none: each would need more memory than there is."""
    threading.stack_size(2**50)
    try:
        yield
    finally:
        threading.stack_size(0)
