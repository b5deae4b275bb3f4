"""Keeps what came of jobs: at once, or when the database is itself again; and says what is lost."""

import logging
from collections.abc import Iterable
from functools import partial
from random import Random
from time import monotonic
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.errors import StoreClosed, StoreError
from pingback.jobs.retry import DELIVERIES, VERIFICATIONS
from pingback.jobs.steps import Broken, End, Run, Task
from pingback.work import Job, JobKind

if TYPE_CHECKING:
    from pingback.store.jobs import Jobs

AGAIN_AFTER = 0.5  # seconds, where the database could not be written
KEEP_WITHIN = 10.0  # seconds, in the end, for all that could not be kept
MOST_NAMED = 5  # of what may be heard twice

log = logging.getLogger(__name__)


class Keeper:
    """Keeps the ends of jobs for a Runner; see there for `broken`."""

    def __init__(self, jobs: "Jobs", *, clock: Clock, broken: Broken | None, random: Random | None) -> None:
        self._jobs = jobs
        self._clock = clock
        self._broken = broken or self._fail
        self._random = random or Random()  # noqa: S311  # it spreads tries over time, and hides nothing

    def end_of(self, job: Job, error: BaseException) -> End:
        """What is to be kept of a job whose handler raised."""
        log.error("%s %d failed", job.kind, job.subject, exc_info=error)
        if not isinstance(error, Exception):
            return self._fail(job, error)
        try:
            return self._broken(job, error)
        except Exception:
            log.exception("what to keep of %s %d, nobody knows", job.kind, job.subject)
            return self._fail(job, error)

    def _fail(self, job: Job, _: BaseException) -> End:
        """The job is due again, until that has gone on for too long."""
        instant = self._clock()
        schedule = VERIFICATIONS if job.kind in (JobKind.VERIFY, JobKind.REVERIFY) else DELIVERIES
        due = schedule.next_try(failing_since=job.failing_since or instant, now=instant, random=self._random)
        if due is None:
            return End(partial(self._jobs.done, job))
        return End(partial(self._jobs.fail, job, due, now=instant))

    def keep(self, run: Run, task: Task, end: End) -> None:
        """Have it kept, now or later, and then told."""
        task.end = end
        try:
            end.keep()
        except StoreClosed:
            self._lose(run, task)
            raise
        except Exception as error:
            if isinstance(error, StoreError) and error.public is not None:
                self._keep_later(run, task, error)
            elif end.told is _unkeepable:
                log.exception("keeping that %s %d failed, failed", task.job.kind, task.job.subject)
                self._lose(run, task)
            else:
                log.exception("keeping what came of %s %d failed", task.job.kind, task.job.subject)
                self.keep(run, task, self._fail(task.job, error)._replace(told=_unkeepable, twice=end.twice))
            return
        run.stuck_since, run.trouble = None, ""
        if task in run.unkept:
            run.unkept.remove(task)
        run.tasks.discard(task)
        run.ended += end.counts
        self._tell(run, end)

    def _keep_later(self, run: Run, task: Task, error: StoreError) -> None:
        """The database cannot be used; it may be itself again before the lease is over."""
        self.say(run, error)
        if run.stuck_since is None:
            run.stuck_since = monotonic()
        if task in run.unkept:
            run.unkept.remove(task)  # the next time another one comes first
        if task.is_over(self._clock()):
            self._lose(run, task)
        else:
            run.unkept.append(task)

    def _lose(self, run: Run, task: Task) -> None:
        log.error("what came of %s %d is lost%s", task.job.kind, task.job.subject, _twice([task]))
        run.tasks.discard(task)
        if task in run.unkept:
            run.unkept.remove(task)
        if not run.unkept:
            run.stuck_since = None  # as far as anybody knows

    def _tell(self, run: Run, end: End) -> None:
        if not run.hears:
            return
        if run.until is not None:
            end.told()
            return
        try:
            end.told()
        except Exception:  # nobody is there who would hear of it
            log.exception("telling of a job failed")

    def keep_again(self, run: Run) -> None:
        """Try once more, where it is time for that; one that fails is enough to see that it is too early."""
        if not run.unkept or monotonic() < run.keep_at:
            return
        for task in list(run.unkept):
            if task.end is not None:
                self.keep(run, task, task.end)
            if task in run.unkept:
                break
        run.keep_at = monotonic() + AGAIN_AFTER

    def say(self, run: Run, error: StoreError) -> None:
        """Have the log say that the database cannot be used: once, until something was written."""
        if not run.trouble:
            log.error("%s", error)
        run.trouble = str(error)

    def keep_last(self, run: Run) -> str:
        """Keep in the end what could not be kept by then; says what is not kept, "" where all is."""
        until = monotonic() + KEEP_WITHIN
        for task in [task for task in run.tasks if task.end is not None]:
            if monotonic() < until and task.end is not None:
                self.keep(run, task, task.end)
        unkept = [task for task in run.tasks if task.end is not None]
        return f"what came of {len(unkept)} jobs is not kept{_twice(unkept)}" if unkept else ""


def _twice(tasks: Iterable[Task]) -> str:
    """What may be heard twice where the ends of these are not kept, to go on with a sentence."""
    named = [task.end.twice for task in tasks if task.end is not None and task.end.twice]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f", and may be sent twice: {', '.join(named[:MOST_NAMED])}{more}" if named else ""


def _unkeepable() -> None:
    """Marks the End of a job whose own could not be kept."""
