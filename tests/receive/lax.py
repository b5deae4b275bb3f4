"""A receiver that takes and shows whatever links, at once and in the caller's thread, for tests of something else."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from math import inf
from threading import Event
from typing import Any, Self

from pingback.clock import Clock, now
from pingback.jobs.budget import HostBudget
from pingback.jobs.carriers import Threads
from pingback.jobs.limits import Rate
from pingback.jobs.pool import Pool
from pingback.jobs.runner import LEASE, Runner
from pingback.net.client import Client
from pingback.protocols.table import on_their_word
from pingback.receive import receiver
from pingback.receive.existence import HostTargets, everything_exists
from pingback.receive.moderation import Decide, Moderator, approve
from pingback.receive.observer import NOBODY, Observer
from pingback.receive.pages import SitePages
from pingback.receive.policy import Policy
from pingback.receive.verification import Verifier
from pingback.store import Store
from pingback.work import JobKind

_LAX: dict[str, Any] = {
    "answer_within": None,
    "queued": (),
    "believed": (),
    "rate": None,
}


class Later:
    """Does what is left to it when it is told to."""

    def __init__(self) -> None:
        self.alive = True

    def wake(self) -> None:
        """There will be time for it."""


class Here(Later):
    """Does at once what is left to it."""

    def __init__(self, do: Callable[[], object]) -> None:
        super().__init__()
        self._do = do

    def wake(self) -> None:
        """Now."""
        self._do()


class Receiver(receiver.Receiver):
    """`pingback.receive.receiver.Receiver`, where what it is not given limits and hides nothing.

    What it leaves to jobs is done by `threads`, where it answers before it knows, else at once; without them, by
    `run_jobs`.
    """

    def __init__(
        self,
        *,
        site: str | Iterable[str],
        store: Store,
        client: Client,
        target_exists: Callable[[str], object] | None = None,
        decide: Decide = approve,
        block: Iterable[str] = (),
        self_pings: bool = True,
        observer: Observer = NOBODY,
        verify_trackbacks: bool = True,
        source_rate: Rate | None = None,
        threads: bool = True,
        clock: Clock = now,
        **policy: Any,
    ) -> None:
        if not verify_trackbacks:
            policy["believed"] = store.moderation.on_their_word = on_their_word()
        exists = everything_exists if target_exists is None else HostTargets(target_exists)
        pages = SitePages(site, target_exists=exists, self_pings=self_pings)
        budget = HostBudget(source_rate, site=pages, clock=clock, pauses=store.pauses)
        verifier = Verifier(
            pages,
            Moderator(store.blocks, decide=decide, block=block),
            store=store,
            client=client,
            budget=budget,
            clock=clock,
        )
        verifier.observer = observer
        self.runner = Runner(
            store.jobs,
            {JobKind.VERIFY: verifier.verify, JobKind.REVERIFY: verifier.reverify},
            budget=budget,
            pool=Pool(),
            lease=LEASE,
            stopped=Event(),
        )
        self.verifier = verifier
        self.threads = Threads(self.runner)
        waits = policy.get("answer_within") is None and not policy.get("queued")
        self._later = Here(self.run_jobs) if threads and waits else Later()
        carrier = self.threads if threads and not waits else self._later
        super().__init__(verifier, policy=Policy(**(_LAX | policy)), carrier=carrier)
        self._believed = policy.get("believed", ())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Do no jobs any more."""
        self._later.alive = False
        self.threads.close()

    def run_jobs(self, *, seconds: float = inf) -> int:
        """Do what is due; how much there was."""
        self.store.moderation.approve_on_their_word()
        self.verifier.adopt(but_of=self._believed)
        return self.runner.run(seconds=seconds)

    def reverify(self, *, after: timedelta, most: int) -> int:
        """Look again at old mentions; how many are looked at."""
        self.verifier.add_overdue(after=after, most=most)
        return self.runner.run()
