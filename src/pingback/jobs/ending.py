"""What is kept of a job whose handler raised, whoever ran it."""

import logging
from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.errors import StoreClosed, StoreError
from pingback.jobs.retry import DELIVERIES, VERIFICATIONS
from pingback.jobs.steps import Broken, End
from pingback.work import Job, JobKind

if TYPE_CHECKING:
    from pingback.store.jobs import Jobs

log = logging.getLogger(__name__)


class Failures:
    """The ends of jobs that failed by no fault of a far side. Without `broken`, such a job is due by the back-off."""

    def __init__(
        self, jobs: "Jobs", *, clock: Clock, broken: Broken | None = None, random: Random | None = None
    ) -> None:
        self._jobs = jobs
        self._clock = clock
        self._broken: Callable[[Job, Exception], End] = broken or self.fail
        self._random = random or Random()  # noqa: S311  # it spreads tries over time, and hides nothing

    def end_of(self, job: Job, error: BaseException) -> End:
        """What is to be kept of a job whose handler raised this. A store that was closed is raised again."""
        if isinstance(error, StoreClosed):
            raise error
        if isinstance(error, StoreError):  # no bug of ours
            log.error("%s %d failed: %s", job.kind, job.subject, error)
        else:
            log.error("%s %d failed", job.kind, job.subject, exc_info=error)
        if isinstance(error, Exception):
            try:
                return self._broken(job, error)
            except Exception:
                log.exception("what to keep of %s %d, nobody knows", job.kind, job.subject)
        return self.fail(job, error)

    def fail(self, job: Job, _: BaseException) -> End:
        """The job is due again, until that has gone on for too long."""
        instant = self._clock()
        schedule = VERIFICATIONS if job.kind in (JobKind.VERIFY, JobKind.REVERIFY) else DELIVERIES
        due = schedule.next_try(failing_since=job.failing_since or instant, now=instant, random=self._random)
        keep = partial(self._jobs.fail, job, due, now=instant) if due else partial(self._jobs.done, job)
        return End(keep)
