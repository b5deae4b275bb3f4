"""A few threads for jobs that may outlast the request that asked for them."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from queue import SimpleQueue
from time import monotonic
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

THREADS = 16  # each spends nearly all of its time waiting for a source's server
MAX_UNFINISHED = 256  # jobs, running and waiting: at 15 s each, the budget of a fetch, the last one is four minutes off
CLOSE_WITHIN = 2.0  # seconds that `close` waits for running jobs


class Busy(Exception):
    """There are as many unfinished jobs as there may be."""


class _Job(NamedTuple):
    key: Hashable
    future: Future[Any]
    work: Callable[[], Any]


class Background:
    """Runs jobs, at most `threads` at once and `max_unfinished` in all.

    Its threads are daemons, unlike those of `ThreadPoolExecutor`, for which a process that is told to stop would have
    to wait until the slowest source's time is up.
    """

    def __init__(self, *, threads: int = THREADS, max_unfinished: int = MAX_UNFINISHED) -> None:
        self._size = threads
        self._max_unfinished = max_unfinished
        self._lock = threading.Lock()
        self._closed = False
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._unfinished: dict[Hashable, Future[Any]] = {}
        self._threads: list[threading.Thread] = []

    @property
    def alive(self) -> bool:
        """It was not closed, and none of its threads has come to an end."""
        with self._lock:
            return not self._closed and all(thread.is_alive() for thread in self._threads)

    def submit(self, key: Hashable, work: Callable[[], T]) -> Future[T]:
        """What `work` will give; where a job with that key is unfinished, what that one will. Raises `Busy`."""
        with self._lock:
            known = self._unfinished.get(key)
            if known is not None and not known.done():
                return known
            if self._closed or len(self._unfinished) >= self._max_unfinished:
                raise Busy
            future: Future[T] = Future()
            self._unfinished[key] = future
            self._jobs.put(_Job(key, future, work))
            if len(self._threads) < min(self._size, len(self._unfinished)):
                thread = threading.Thread(target=self._run, name=f"pingback-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def close(self) -> None:
        """Cancel what has not begun and wait a little for the rest. Nothing is taken in any more."""
        with self._lock:
            self._closed = True
            waiting = list(self._unfinished.values())
        for future in waiting:
            future.cancel()
        for _ in self._threads:
            self._jobs.put(None)
        end = monotonic() + CLOSE_WITHIN
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if job.future.set_running_or_notify_cancel():
                try:
                    result = job.work()
                except BaseException as error:  # whoever waits for the future gets it
                    job.future.set_exception(error)
                else:
                    job.future.set_result(result)
            with self._lock:
                if self._unfinished.get(job.key) is job.future:
                    del self._unfinished[job.key]
