"""`Sender`: sends what is due in a store, in the thread of whoever asks for it."""

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from functools import partial
from math import inf
from threading import Event
from typing import TYPE_CHECKING

from pingback.clock import Clock, now
from pingback.errors import StoreError
from pingback.jobs.budget import HostBudget
from pingback.jobs.pool import Pool
from pingback.jobs.runner import Runner, lease_for
from pingback.jobs.steps import Broken, Handler
from pingback.model import Outcome, Protocol
from pingback.protocols.table import EVERY
from pingback.sending.delivery import Deliveries
from pingback.work import JobKind

if TYPE_CHECKING:
    from random import Random

    from pingback.net.client import Client
    from pingback.sending.reading import Reader
    from pingback.store import Store


class Sender:
    """Runs the jobs of a store that send. Thread-safe; each call has threads of its own while it lasts.

    `wanted` are the protocols that may be used. `budget` is that of all who ask hosts in this process. When `stopped`
    is set, its methods finish what is out, and end.
    """

    def __init__(
        self,
        *,
        client: "Client",
        store: "Store",
        budget: HostBudget | None = None,
        wanted: Collection[Protocol] = EVERY,
        stopped: Event | None = None,
        clock: Clock = now,
        random: "Random | None" = None,
    ) -> None:
        self.client = client
        self.store = store
        self.budget = budget or HostBudget(clock=clock, pauses=store.pauses)
        self.stopped = stopped or Event()
        self.clock = clock
        self._wanted = wanted
        self._random = random

    def deliver(
        self,
        on_outcome: Callable[[Outcome], object],
        *,
        only: Collection[int] | None = None,
        patience: timedelta = timedelta(0),
        seconds: float = inf,
    ) -> None:
        """Deliver what is due, all of it or these pings.

        `on_outcome` hears what became of each ping, as it is known. What becomes due within `patience`, because a host
        asks for a pause, is waited for; after `seconds` nothing more is begun. If `on_outcome` raises, this ends once
        what is out has ended and is recorded. A KeyboardInterrupt waits for nothing. Raises StoreError.
        """
        deliveries = Deliveries(
            client=self.client,
            store=self.store,
            budget=self.budget,
            wanted=self._wanted,
            on_outcome=on_outcome,
            until=self.clock() + patience,
            clock=self.clock,
            random=self._random,
        )
        runner = partial(self._run, JobKind.DELIVER, deliveries, deliveries.broken)
        try:
            runner(only=only, patience=patience, seconds=seconds)
        except Exception:
            with suppress(StoreError):  # which would say less
                self._settle(deliveries, only)
            raise
        self._settle(deliveries, only)

    def read(self, reader: "Reader", *, seconds: float = inf) -> None:
        """Plan the pings of the posts that wait to be published. Raises StoreError."""
        self._run(JobKind.READ, reader, reader.broken, seconds=seconds)

    def _settle(self, deliveries: Deliveries, only: Collection[int] | None) -> None:
        deliveries.settle()
        if only is not None:
            deliveries.give_back()

    def _run(
        self,
        kind: JobKind,
        handler: Handler,
        broken: Broken,
        *,
        only: Collection[int] | None = None,
        patience: timedelta = timedelta(0),
        seconds: float = inf,
    ) -> None:
        with Pool() as pool:
            runner = Runner(
                self.store.jobs,
                {kind: handler},
                budget=self.budget,
                pool=pool,
                lease=lease_for(self.client.limits.timeout),
                stopped=self.stopped,
                broken=broken,
                random=self._random,
            )
            runner.run(only=only, patience=patience, seconds=seconds)
