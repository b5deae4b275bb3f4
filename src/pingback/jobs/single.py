"""`SingleJobs`: does one job at a time, by its number, in the thread of whoever asks."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from math import inf
from random import Random
from time import monotonic, sleep
from typing import TYPE_CHECKING

from pingback.errors import StoreClosed, StoreError
from pingback.jobs.budget import HostBudget
from pingback.jobs.ending import Failures
from pingback.jobs.keeping import AGAIN_AFTER, Run, Task
from pingback.jobs.steps import Broken, End, Handler, Step
from pingback.jobs.workers import worker_id
from pingback.work import Job, JobKind

if TYPE_CHECKING:
    from pingback.store.jobs import Jobs

TAKE_WITHIN = 15.0  # seconds that a message waits for a database that cannot be used
ROOM_WITHIN = 1.0  # seconds that a step waits for a place at its host
LOOK_FOR_ROOM_EVERY = 0.05
NO_ROOM_FOR = timedelta(seconds=2)

log = logging.getLogger(__name__)


class SingleJobs:
    """Does jobs for a carrier that has threads of its own, and is told numbers. Thread-safe.

    `lease` is how long a job may take in all; `broken` says what to keep of a job whose handler raised.
    """

    def __init__(
        self,
        jobs: "Jobs",
        handlers: Mapping[JobKind, Handler],
        *,
        budget: HostBudget,
        lease: timedelta,
        broken: Broken | None = None,
        random: Random | None = None,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._jobs = jobs
        self._handlers = dict(handlers)
        self._budget = budget
        self._clock = budget.clock
        self._lease = lease
        self._failures = Failures(jobs, clock=self._clock, broken=broken, random=random)
        self._pause = pause
        self._trouble = ""  # with the database, of which the log has said

    def do(self, number: int) -> bool:
        """Do this job and keep what came of it; False where it is nobody's to do by now, or in other hands.

        A database that cannot be used is waited for. What is not kept all the same is due again, as its lease runs out.
        """
        job = self._take(number)
        if job is None:
            return False
        until, ends = self._clock() + self._lease, monotonic() + self._lease.total_seconds()
        run = Run(self._clock, self._failures.fail, None, None, inf, trouble=self._trouble)
        task = Task(job, until, ends, Step(job.host, partial(self._handlers[job.kind], job)))
        run.tasks.append(task)
        run.keep(task, self._end_of(job, task.step))
        while run.tasks:
            self._trouble = run.trouble
            self._pause(AGAIN_AFTER)
            run.keep_again()
        return True

    def _take(self, number: int) -> Job | None:
        until = monotonic() + TAKE_WITHIN
        while True:
            instant = self._clock()
            try:
                job = self._jobs.take(number, worker_id=worker_id(), now=instant, lease=self._lease)
            except StoreClosed:
                raise
            except StoreError as error:
                if not self._trouble:
                    log.error("%s", error)
                self._trouble = str(error)
                if monotonic() >= until:
                    return None
                self._pause(AGAIN_AFTER)
                continue
            self._trouble = ""
            if job is not None and job.kind not in self._handlers:
                self._jobs.release([job], now=instant)
                return None
            return job

    def _end_of(self, job: Job, step: Step) -> End:
        """Take step after step, each with a place at its host."""
        try:
            while True:
                if (due := self._enter(step.host)) is not None:
                    return End(partial(self._jobs.postpone, job, due, now=self._clock()), counts=False)
                try:
                    came = step.work()
                finally:
                    self._budget.leave(step.host)
                if isinstance(came, End):
                    return came
                step = came
        except BaseException as error:  # the carrier's word that it takes too long, too
            return self._failures.end_of(job, error)

    def _enter(self, host: str) -> datetime | None:
        """Have a place at the host; until when there will be none, where there is none."""
        until = monotonic() + ROOM_WITHIN
        while not self._budget.enter(host):
            if (pause := self._budget.paused_until(host)) is not None:
                return pause
            if monotonic() >= until:
                return self._clock() + NO_ROOM_FOR
            self._pause(LOOK_FOR_ROOM_EVERY)
        return None
