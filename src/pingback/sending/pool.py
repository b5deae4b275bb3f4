"""The threads of a courier's run, of which a machine may have none to spare for now (`pids.max`, `TasksMax`)."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Pool:
    """Does work in `size` threads at most, and in the caller's own where no other is to be had."""

    def __init__(self, size: int) -> None:
        self._threads = ThreadPoolExecutor(size, "pingback-courier")
        self._jobs: set[_Job[Any]] = set()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """What `work` will give."""
        job = _Job(work)
        self._jobs.add(job)
        job.future.add_done_callback(lambda _: self._jobs.discard(job))
        try:
            self._threads.submit(job)
        except RuntimeError:  # it is in the queue all the same: whoever comes first does it
            job()
        return job.future

    def shutdown(self) -> None:
        """Cancel what has not begun, and wait for the rest."""
        for job in list(self._jobs):
            job.future.cancel()
        self._threads.shutdown(cancel_futures=True)


class _Job(Generic[T]):
    """Done once, whoever calls it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.future: Future[T] = Future()
        self._work = work
        self._free = Lock()

    def __call__(self) -> None:
        if not self._free.acquire(blocking=False) or not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self._work())
        except BaseException as error:  # whoever waits for the future gets it
            self.future.set_exception(error)
