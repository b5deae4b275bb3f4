"""What a job is made of while it is done: steps at hosts, and an end. And what a run has in hand."""

from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from queue import SimpleQueue
from time import monotonic
from typing import NamedTuple, TypeAlias, Union

from pingback.work import Job


def nothing() -> None:
    """Tells nobody."""


class End(NamedTuple):
    """What came of a job. `keep` writes it, with the job, in one transaction; where the database cannot be used, it is
    called again until the lease is over. `told` is called afterwards, in the thread that runs the Runner. One that only
    puts the job off `counts` for nothing done.

    `twice` is, for a person, what somebody hears twice where it cannot be kept: the job is done again then.
    """

    keep: Callable[[], object]
    told: Callable[[], object] = nothing
    counts: bool = True
    twice: str = ""


class Step(NamedTuple):
    """Work that asks one host, once there is a place there."""

    host: str
    work: Callable[[], Union["Step", End]]


# Called in a thread of the pool, with a place at the job's host. It raises nothing for what may happen.
Handler: TypeAlias = Callable[[Job], Step | End]
Broken: TypeAlias = Callable[[Job, Exception], End]


@dataclass(eq=False)
class Task:
    """A leased job on its way."""

    job: Job
    until: datetime  # the lease ends
    ends: float  # so it does, by `monotonic`
    step: Step
    placed: str | None = None  # the host at which it has a place
    future: "Future[Step | End] | None" = None
    is_out: bool = False  # its step was begun, and what came of it is not kept
    end: End | None = None  # to be kept

    def is_over(self, now: datetime) -> bool:
        """Its lease has run out."""
        return now >= self.until or monotonic() >= self.ends


@dataclass(eq=False)
class Run:
    only: Collection[int] | None
    until: datetime | None  # what becomes due by then is waited for; None where anything is
    ends: float  # when nothing more is begun, by `monotonic`
    patient_until: float = inf  # as `until`, by `monotonic`
    events: "SimpleQueue[Task | None]" = field(default_factory=SimpleQueue)
    tasks: set[Task] = field(default_factory=set)
    queues: dict[str, deque[Task]] = field(default_factory=dict)  # of those that wait for a place at a host
    unkept: list[Task] = field(default_factory=list)
    ended: int = 0
    hears: bool = True
    keep_at: float = 0.0  # these moments are by `monotonic`
    lease_at: float = 0.0
    free_at: float = 0.0
    idle_since: float | None = None
    stuck_since: float | None = None  # the database could be written no more
    trouble: str = ""  # of which the log has said
