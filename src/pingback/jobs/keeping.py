"""What a run has in hand. It keeps what came of jobs, at once or when the database is itself again, and says what is
lost."""

import logging
from collections.abc import Collection, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from queue import SimpleQueue
from time import monotonic

from pingback.clock import Clock
from pingback.errors import StoreClosed, StoreError
from pingback.jobs.steps import Broken, End, Step
from pingback.work import Job

AGAIN_AFTER = 0.5  # seconds, where the database could not be written
KEEP_WITHIN = 10.0  # seconds, in the end, for all that could not be kept
MOST_NAMED = 5  # of what may be heard twice

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Task:
    """A leased job on its way: it waits for a place at its step's host, its step is under way, or its end is to be
    kept."""

    job: Job
    until: datetime  # the lease ends
    ends: float  # so it does, by `monotonic`
    step: Step
    placed: str | None = None  # the host at which it has a place
    future: "Future[Step | End] | None" = None
    end: End | None = None

    @property
    def waits(self) -> bool:
        """Its step was not begun."""
        return self.future is None and self.end is None


@dataclass(eq=False)
class Run:
    """`fail` says what to keep of a job whose own End cannot be kept."""

    clock: Clock
    fail: Broken
    only: Collection[int] | None
    until: datetime | None  # what becomes due by then is waited for; None where anything is
    ends: float  # when nothing more is begun, by `monotonic`
    patient_until: float = inf  # as `until`, by `monotonic`
    events: "SimpleQueue[None]" = field(default_factory=SimpleQueue)
    tasks: list[Task] = field(default_factory=list)
    ended: int = 0
    hears: bool = True
    keep_at: float = 0.0  # these moments are by `monotonic`
    lease_at: float = 0.0
    free_at: float = 0.0
    idle_since: float | None = None
    stuck_since: float | None = None  # the database could be written no more
    trouble: str = ""  # of which the log has said

    def is_over(self, task: Task) -> bool:
        """Its lease has run out."""
        return self.clock() >= task.until or monotonic() >= task.ends

    def unkept(self) -> list[tuple[Task, End]]:
        """What came of jobs and could not be kept; what was tried last comes last."""
        return [(task, task.end) for task in self.tasks if task.end is not None]

    def keep(self, task: Task, end: End) -> None:
        """Have it kept, now or later, and then told."""
        task.end = end
        try:
            end.keep()
        except StoreClosed:
            self._lose(task)
            raise
        except Exception as error:
            if isinstance(error, StoreError) and error.public is not None:
                self._keep_later(task, error)
            elif end.told is _unkeepable:
                log.exception("keeping that %s %d failed, failed", task.job.kind, task.job.subject)
                self._lose(task)
            else:
                log.exception("keeping what came of %s %d failed", task.job.kind, task.job.subject)
                self.keep(task, self.fail(task.job, error)._replace(told=_unkeepable, twice=end.twice))
            return
        self.stuck_since, self.trouble = None, ""
        self.tasks.remove(task)
        self.ended += end.counts
        self._tell(end)

    def _keep_later(self, task: Task, error: StoreError) -> None:
        """The database cannot be used; it may be itself again before the lease is over."""
        self.say(error)
        self.stuck_since = self.stuck_since or monotonic()
        if self.is_over(task):
            self._lose(task)
        else:
            self.tasks.remove(task)
            self.tasks.append(task)

    def _lose(self, task: Task) -> None:
        log.error("what came of %s %d is lost%s", task.job.kind, task.job.subject, _twice([task.end]))
        self.tasks.remove(task)
        if not self.unkept():
            self.stuck_since = None  # as far as anybody knows

    def _tell(self, end: End) -> None:
        if self.hears:
            try:
                end.told()
            except Exception:
                if self.until is not None:
                    raise
                log.exception("telling of a job failed")  # nobody is there who would hear of it

    def keep_again(self) -> None:
        """Try once more, where it is time for that; one that fails is enough to see that it is too early."""
        if monotonic() < self.keep_at:
            return
        for task, end in self.unkept():
            self.keep(task, end)
            self.keep_at = monotonic() + AGAIN_AFTER
            if task in self.tasks:
                break

    def say(self, error: StoreError) -> None:
        """Have the log say that the database cannot be used: once, until something was written."""
        if not self.trouble:
            log.error("%s", error)
        self.trouble = str(error)

    def keep_last(self) -> str:
        """Keep in the end what could not be kept by then; says what is not kept, "" where all is."""
        until = monotonic() + KEEP_WITHIN
        for task, end in self.unkept():
            if monotonic() < until:
                self.keep(task, end)
        left = [end for _, end in self.unkept()]
        return f"what came of {len(left)} jobs is not kept{_twice(left)}" if left else ""


def _twice(ends: Iterable[End | None]) -> str:
    """What may be heard twice where these are not kept, to go on with a sentence."""
    named = [end.twice for end in ends if end is not None and end.twice]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f", and may be sent twice: {', '.join(named[:MOST_NAMED])}{more}" if named else ""


def _unkeepable() -> None:
    """Marks the End of a job whose own could not be kept."""
