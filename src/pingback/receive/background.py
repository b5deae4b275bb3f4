"""A few threads for jobs that may outlast the request that asked for them.

A source that answers at once costs a thread some milliseconds, one that drips costs it the whole time-out of a fetch.
Sources of the second kind are to take no thread from those of the first, and which it is, only time tells: so a job
counts as quick at first, as slow when it has run for a while, and of both kinds so many may run. The jobs of one lane,
that is one host, wait for one another.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from pingback.receive.threads import Starter, join

T = TypeVar("T")

QUICK = 32  # jobs at once that have just begun: a good source takes a twentieth of a second, most of it on the way
SLOW = 224  # jobs at once that have run for longer: each spends its time waiting for a socket, and 60 KB
SLOW_AFTER = 0.5  # seconds
PER_LANE = 2  # jobs at once for one host: as many as a browser that is polite
WAITING_PER_LANE = 8  # with 30 s each, the budgets of a target and a source, the last one begins two minutes later
MAX_UNFINISHED = 320  # jobs, running and waiting
CLOSE_WITHIN = 2.0  # seconds that `close` waits for running jobs

log = logging.getLogger(__name__)


class Busy(Exception):
    """There are as many unfinished jobs as there may be, in all or in the lane, or no thread at all for them."""


class _Job(NamedTuple):
    key: Hashable
    lane: Hashable
    future: Future[Any]
    work: Callable[[], Any]


class Background:
    """Runs jobs, at most `quick` and `slow` ones at once, `per_lane` of a lane, and `max_unfinished` in all.

    Its threads are daemons, unlike those of `ThreadPoolExecutor`, for which a process that is told to stop would have
    to wait until the slowest source's time is up. Where the machine has fewer threads to spare, jobs wait longer.
    `clock` gives seconds that never run backwards.
    """

    def __init__(
        self,
        *,
        quick: int = QUICK,
        slow: int = SLOW,
        per_lane: int = PER_LANE,
        waiting_per_lane: int = WAITING_PER_LANE,
        max_unfinished: int = MAX_UNFINISHED,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._quick = quick
        self._size = quick + slow
        self._per_lane = per_lane
        self._unfinished_per_lane = per_lane + waiting_per_lane
        self._max_unfinished = max_unfinished
        self._clock = clock
        self._changed = threading.Condition()
        self._closed = False
        self._unfinished: dict[Hashable, Future[Any]] = {}
        self._waiting: dict[Future[Any], _Job] = {}  # the first to begin first
        self._began: dict[Future[Any], float] = {}  # the running ones, the oldest first
        self._running_in: Counter[Hashable] = Counter()  # by lane
        self._unfinished_in: Counter[Hashable] = Counter()
        self._starter = Starter()
        self._threads: list[threading.Thread] = []
        self._idle = 0

    @property
    def alive(self) -> bool:
        """It was not closed, and none of its threads has come to an end."""
        with self._changed:
            return not self._closed and all(thread.is_alive() for thread in self._threads)

    def submit(self, key: Hashable, work: Callable[[], T], *, lane: Hashable = None) -> Future[T]:
        """What `work` will give; where a job with that key is unfinished, what that one will. Raises `Busy`.

        Jobs whose lane is None wait for no others.
        """
        with self._changed:
            if (known := self._known(key)) is not None:
                return known
            if not self._has_room(lane):
                raise Busy
            future: Future[T] = Future()
            job = _Job(key, lane, future, work)
            self._unfinished[key] = future
            self._unfinished_in[lane] += 1
            self._waiting[future] = job
            self._call_a_thread()
            if not self._threads:  # and so nobody who would do it
                del self._waiting[future]
                self._forget(job)
                raise Busy
        return future

    def find(self, key: Hashable) -> Future[Any] | None:
        """The unfinished job with that key."""
        with self._changed:
            return self._known(key)

    def has_room(self, lane: Hashable = None) -> bool:
        """A job for that lane would be taken now."""
        with self._changed:
            return self._has_room(lane)

    def close(self) -> None:
        """Cancel what has not begun and wait a little for the rest. Nothing is taken in any more."""
        with self._changed:
            self._closed = True
            waiting = list(self._waiting)
            self._changed.notify_all()
        for future in waiting:
            future.cancel()
        join(self._threads, within=CLOSE_WITHIN)

    def _known(self, key: Hashable) -> Future[Any] | None:
        future = self._unfinished.get(key)
        return None if future is None or future.done() else future

    def _has_room(self, lane: Hashable) -> bool:
        if self._closed or len(self._unfinished) >= self._max_unfinished:
            return False
        return lane is None or self._unfinished_in[lane] < self._unfinished_per_lane

    def _call_a_thread(self) -> None:
        """Have one look at what waits: an idle one, or one more."""
        if self._idle:
            self._changed.notify()
        elif len(self._threads) < self._size:
            thread = self._starter.start(self._run, f"pingback-{len(self._threads)}")
            if thread is not None:
                self._threads.append(thread)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                _do(job)
            except BaseException:  # of what was to hear of it, once it was done
                log.exception("what follows a job failed")
            self._end(job)

    def _next(self) -> _Job | None:
        """A job, once there is one that may run; None when all is over."""
        with self._changed:
            while not self._closed:
                # One reading for both: a job that became slow between two would leave no moment to wake up for.
                slow_before = self._clock() - SLOW_AFTER
                if (job := self._take(slow_before)) is not None:
                    if self._waiting:
                        self._call_a_thread()
                    return job
                self._idle += 1
                self._changed.wait(self._until_room(slow_before))
                self._idle -= 1
        return None

    def _take(self, slow_before: float) -> _Job | None:
        if sum(began > slow_before for began in self._began.values()) >= self._quick:
            return None
        job = next((job for job in self._waiting.values() if self._may_run(job.lane)), None)
        if job is None:
            return None
        del self._waiting[job.future]
        if not job.future.set_running_or_notify_cancel():
            self._forget(job)
            return self._take(slow_before)
        self._began[job.future] = self._clock()
        self._running_in[job.lane] += 1
        return job

    def _may_run(self, lane: Hashable) -> bool:
        return lane is None or self._running_in[lane] < self._per_lane

    def _until_room(self, slow_before: float) -> float | None:
        """Seconds until a quick job has become a slow one, where others wait for that."""
        quick = [began for began in self._began.values() if began > slow_before]
        return quick[0] - slow_before if self._waiting and len(quick) >= self._quick else None

    def _end(self, job: _Job) -> None:
        with self._changed:
            del self._began[job.future]
            self._running_in -= Counter([job.lane])  # which drops what has come down to nothing
            self._forget(job)

    def _forget(self, job: _Job) -> None:
        if self._unfinished.get(job.key) is job.future:
            del self._unfinished[job.key]
        self._unfinished_in -= Counter([job.lane])


def _do(job: _Job) -> None:
    try:
        result = job.work()
    except BaseException as error:  # whoever waits for the future gets it
        job.future.set_exception(error)
    else:
        job.future.set_result(result)
