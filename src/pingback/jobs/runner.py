"""`Runner`: does the jobs that are due, many hosts at once, few exchanges with one, each job in one hand.

A job is leased, its handler is called in a thread, and what came of it is kept with the job in one transaction, before
anybody hears of it. Whatever happens to this process, a job that was leased and not ended is due again.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from math import inf
from queue import Empty
from random import Random
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from pingback.errors import StoreClosed, StoreError
from pingback.jobs.budget import PER_HOST, HostBudget
from pingback.jobs.ending import Failures
from pingback.jobs.keeping import Run, Task
from pingback.jobs.pool import Pool
from pingback.jobs.steps import Broken, End, Handler, Step
from pingback.jobs.workers import is_gone, worker_id
from pingback.work import JobKind

if TYPE_CHECKING:
    from pingback.store.jobs import Jobs

LEASE = timedelta(minutes=5)  # at least
SLOWEST = 10  # exchanges' time-outs that a lease lasts; a job has one or two, and more where endpoints are not there
LOOK_EVERY = 1.0  # seconds between two looks at what others have made due, or left by their end
LEASE_AFTER = 0.2  # seconds between two leases of less than a handful: each costs a commit
STUCK_FOR = 15.0  # seconds that a run waits for a database that cannot be written
OTHERS_TAKE = 30.0  # seconds that a run waits for hosts at which others have all places
NOTICE_ROOM_AFTER = 0.1  # seconds; that others have left a host, nobody says

log = logging.getLogger(__name__)


def lease_for(timeout: float) -> timedelta:
    """How long whoever has a job in hand may be at it, where an exchange takes so many seconds at most."""
    return max(LEASE, SLOWEST * timedelta(seconds=timeout))


class Runner:
    """Does jobs of the kinds that have a handler. For one thread at a time, but for `wake` and `stop`.

    `lease` is how long a job may take in all. Once `stopped` is set it begins nothing more, and finishes what is out.
    `broken` says what to keep of a job whose handler raised; without it, the job is due again by the back-off.
    """

    def __init__(
        self,
        jobs: "Jobs",
        handlers: Mapping[JobKind, Handler],
        *,
        budget: HostBudget,
        pool: Pool,
        lease: timedelta,
        stopped: Event,
        broken: Broken | None = None,
        random: Random | None = None,
    ) -> None:
        self._jobs = jobs
        self._handlers = dict(handlers)
        self._kinds = tuple(handlers)
        self._budget = budget
        self.pool = pool
        self._clock = budget.clock
        self._lease = lease
        self._stopped = stopped
        self._failures = Failures(jobs, clock=self._clock, broken=broken, random=random)
        self.stuck_for = STUCK_FOR
        self._current: Run | None = None

    def run(
        self, *, only: Collection[int] | None = None, patience: timedelta = timedelta(0), seconds: float = inf
    ) -> int:
        """Do what is due, all of it or that about these subjects; how many jobs were done or tried.

        What becomes due within `patience` is waited for; after `seconds` nothing more is begun. If `told` of an End
        raises, this ends once what is out has ended and is kept. A KeyboardInterrupt waits for nothing. Raises
        StoreError, which says how much is not kept, once the database could not be written for half a minute.
        """
        self._free_the_dead()
        instant = self._clock()
        due = self._jobs.next_due(self._kinds, now=instant, only=only)
        if due is None or due > instant + patience:  # whoever looks every few seconds takes no lock for it
            return 0
        patient_until = monotonic() + patience.total_seconds()
        until, ends = instant + patience, monotonic() + seconds
        return self._go(Run(self._clock, self._failures.fail, only, until, ends, patient_until))

    def run_forever(self) -> None:
        """Do what is due, and what becomes due, until it is stopped. A database that cannot be used is waited for, but
        for one that was closed. Raises StoreError."""
        self._go(Run(self._clock, self._failures.fail, None, None, inf))

    def wake(self) -> None:
        """There may be something due."""
        if (run := self._current) is not None:
            run.events.put(None)

    def stop(self) -> None:
        """Begin nothing more; `run` and `run_forever` return when what is out has ended."""
        self._stopped.set()
        self.wake()

    def _go(self, run: Run) -> int:
        self._current = run
        try:
            self._work(run)
        except (KeyboardInterrupt, SystemExit, StoreClosed):
            self._break_off(run)
            raise
        finally:
            self._current = None
        return run.ended

    def _work(self, run: Run) -> None:
        try:
            while self._goes_on(run):
                self._take_note(run)
                run.keep_again()
                self._begin_waiting(run)
        except StoreClosed:
            raise
        except Exception as error:
            run.hears = False
            try:
                self._settle(run)
            except StoreError as unkept:
                if isinstance(error, StoreError):
                    raise unkept from error  # which says more
                log.error("%s", unkept)
            raise
        self._settle(run)

    def _goes_on(self, run: Run) -> bool:
        """Something is under way, or is to be waited for."""
        if self._is_ending(run):
            self._begin_no_more(run)
            return any(task.future is not None for task in run.tasks)
        if run.until is None:
            self._lease_or_say(run)
            return True
        if run.stuck_since is not None:
            if monotonic() - run.stuck_since >= self.stuck_for:
                run.ends = -inf
            return True
        self._lease_more(run)
        if run.tasks:
            run.idle_since = None
            return True
        due = self._jobs.next_due(self._kinds, now=self._clock(), only=run.only)
        if due is None or due > run.until:
            return False
        return self._waits(run, due)

    def _waits(self, run: Run, due: datetime) -> bool:
        """Wait until then, while nothing is under way; what is due already waits for what others have under way."""
        instant, ends = self._clock(), run.ends
        if due > instant:
            if monotonic() >= run.patient_until:  # the clock was set back
                return False
            run.idle_since, ends = None, min(run.ends, run.patient_until)
        elif run.idle_since is None:
            run.idle_since = monotonic()
        elif monotonic() - run.idle_since > OTHERS_TAKE:
            return False
        seconds = max((due - instant).total_seconds(), NOTICE_ROOM_AFTER)
        self._stopped.wait(min(seconds, max(ends - monotonic(), 0.0)))
        run.events.put(None)
        return True

    def _is_ending(self, run: Run) -> bool:
        """Nothing more is to be begun; what was leased and not begun is given back in the end."""
        return self._stopped.is_set() or monotonic() >= run.ends

    # Leases

    def _free_the_dead(self) -> None:
        self._jobs.free_the_dead(self._clock(), is_gone=is_gone)

    def _lease_or_say(self, run: Run) -> None:
        try:
            if run.trouble and monotonic() < run.lease_at:
                return
            if monotonic() >= run.free_at:
                run.free_at = monotonic() + LOOK_EVERY
                self._free_the_dead()
            self._lease_more(run)
        except StoreClosed:
            raise
        except StoreError as error:  # locked, or full: it may be itself again
            run.lease_at = monotonic() + LOOK_EVERY
            run.say(error)

    def _lease_more(self, run: Run) -> None:
        room = self.pool.size - len(run.tasks)
        if not room or (run.tasks and room < self.pool.size // 4 and monotonic() < run.lease_at):
            return
        run.lease_at = monotonic() + LEASE_AFTER
        instant, began = self._clock(), monotonic()
        leased = self._jobs.lease(
            self._kinds,
            worker_id=worker_id(),
            now=instant,
            lease=self._lease,
            limit=room,
            per_host=PER_HOST,
            busy=self._busy(run),
            only=run.only,
        )
        if leased:
            run.trouble = ""
        until, ends = instant + self._lease, began + self._lease.total_seconds()
        run.tasks += [Task(job, until, ends, Step(job.host, partial(self._handlers[job.kind], job))) for job in leased]
        self._begin_waiting(run)

    def _busy(self, run: Run) -> Counter[str]:
        """How many are under way with each host beside the jobs that are leased for it, or will be: of a slow one all
        places but one are taken."""
        leased = [task.placed for task in run.tasks if task.placed == task.job.host and not run.is_over(task)]
        return Counter(self._budget.busy()) - Counter(leased)

    # Places

    def _begin_waiting(self, run: Run) -> None:
        """Begin what there is room for at its host; what would wait for too long is given back."""
        full = set()
        for task in [task for task in run.tasks if task.waits]:
            host, instant = task.step.host, self._clock()
            if host in full or not self._may_begin(run):
                continue
            if task.placed == host:
                self._begin(run, task)
            elif (pause := self._budget.paused_until(host)) is not None:
                self._put_off(run, task, pause)
            elif task.until - instant < self._lease / 2 or run.is_over(task):
                self._put_off(run, task, instant)
            elif self._budget.enter(host):
                task.placed = host
                self._begin(run, task)
            else:
                full.add(host)

    def _may_begin(self, run: Run) -> bool:
        """Nothing is begun while nothing can be kept: a far side would hear of it again."""
        return run.stuck_since is None and not self._is_ending(run)

    def _put_off(self, run: Run, task: Task, due: datetime) -> None:
        """Give the job back, untried. That its own host pauses, others are to know, or it would be leased for each."""
        run.keep(task, End(partial(self._postpone, task, due), counts=False))

    def _postpone(self, task: Task, due: datetime) -> None:
        if task.step.host == task.job.host and due > self._clock():
            self._jobs.pause(task.job.host, due)
        self._jobs.postpone(task.job, due, now=self._clock())

    def _begin(self, run: Run, task: Task) -> None:
        task.future = self.pool.submit(task.step.work)
        task.future.add_done_callback(lambda _: run.events.put(None))

    def _leave(self, task: Task, _: object = None) -> None:
        if task.placed is not None:
            host, task.placed = task.placed, None
            self._budget.leave(host)

    # What comes of it

    def _take_note(self, run: Run) -> None:
        """Wait for something to happen, and see to all that has."""
        with suppress(Empty):
            run.events.get(timeout=self._seconds_to_wait(run))
            while True:
                run.events.get_nowait()
        self._see(run)

    def _seconds_to_wait(self, run: Run) -> float | None:
        """Until something is to be looked at that does not say so by itself."""
        moments = [run.keep_at - monotonic()] if run.unkept() else []
        if any(task.waits for task in run.tasks):
            moments.append(NOTICE_ROOM_AFTER)
        if self._is_ending(run):
            if all(task.future is None for task in run.tasks):  # since a moment ago, and nothing would wake us
                return 0.0
        else:
            if 0 < self.pool.size - len(run.tasks) < self.pool.size // 4:
                moments.append(run.lease_at - monotonic())
            if run.ends < inf:
                moments.append(run.ends - monotonic())
            if run.until is None:
                moments.append(self._until_a_look(run))
        return max(min(moments), 0.0) if moments else None

    def _until_a_look(self, run: Run) -> float:
        """Seconds; who is woken looks at once."""
        due = None
        if not run.tasks:
            with suppress(StoreError):  # the next lease says so
                due = self._jobs.next_due(self._kinds, now=self._clock())
        if due is None:
            return LOOK_EVERY
        return min(max((due - self._clock()).total_seconds(), LEASE_AFTER), LOOK_EVERY)

    def _see(self, run: Run) -> None:
        """Steps have ended: by an error, by the next step, or by what is to be kept."""
        for task in list(run.tasks):
            if task.future is None or not task.future.done():
                continue
            error = task.future.exception()
            came = self._failures.end_of(task.job, error) if error is not None else task.future.result()
            if isinstance(came, End):
                task.end, task.future = came, None
                self._leave(task)
                run.keep(task, came)
            else:
                task.step, task.future = came, None
                if came.host != task.placed or run.is_over(task):
                    self._leave(task)

    # The end

    def _begin_no_more(self, run: Run) -> None:
        run.ends = -inf
        for task in run.tasks:
            if task.future is None or task.future.cancel():
                task.future = None
                self._leave(task)

    def _settle(self, run: Run) -> None:
        """Wait for what is out, keep what became of it, and give back all else. Raises StoreError."""
        self._begin_no_more(run)
        while out := [task.future for task in run.tasks if task.future is not None]:
            wait(out, return_when=FIRST_COMPLETED)
            self._see(run)
        self._give_back(run)

    def _break_off(self, run: Run) -> None:
        """As `_settle`, at once. What is out now keeps its lease: it is due again when this process is no more."""
        run.hears = False
        self._begin_no_more(run)
        try:
            self._see(run)
            self._give_back(run)
        except StoreClosed:
            log.debug("what was not begun is due again when this process is no more")
        except StoreError as error:
            log.error("%s", error)
        for task in run.tasks:
            if task.future is not None:
                task.future.add_done_callback(partial(self._leave, task))
            else:
                self._leave(task)

    def _give_back(self, run: Run) -> None:
        """Keep what is to be kept, and release what was not begun."""
        unkept = run.keep_last()
        try:
            self._jobs.release([task.job for task in run.tasks if task.waits], now=self._clock())
        except StoreError:
            if not unkept:
                raise
        if unkept:
            raise StoreError(f"{run.trouble}: {unkept}")
