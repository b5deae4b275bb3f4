"""The threads of one run of the courier.

They are daemons, unlike those of `ThreadPoolExecutor`: a process that is told to stop would have to wait for those
until the slowest far side's time is up.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Any, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


class Pool:
    """Does work in up to `size` threads, which are started as they are needed. For one caller's thread.

    Where the machine has no thread to spare, those that are there do all of it, and else the caller's own does.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads = 0
        self._idle = Semaphore(0)
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """What `work` will give."""
        future: Future[T] = Future()
        if not self._idle.acquire(blocking=False) and self._threads < self._size:
            self._start_thread()
        if self._threads:
            self._work.put((future, work))
        else:
            try:
                future.set_result(work())
            except Exception as error:  # as below; an interrupt is the caller's own
                future.set_exception(error)
        return future

    def close(self) -> None:
        """Let each thread end when it has done what it is at. Work that was not begun is its owner's to cancel."""
        for _ in range(self._threads):
            self._work.put(None)

    def _start_thread(self) -> None:
        try:
            Thread(target=self._run, name="pingback-courier", daemon=True).start()
        except RuntimeError as error:
            log.debug("this machine has no thread to spare: %s", error)
        else:
            self._threads += 1

    def _run(self) -> None:
        while (task := self._work.get()) is not None:
            future, work = task
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:  # whoever waits for the future gets it
                    future.set_exception(error)
            del task, future, work  # an idle thread keeps no page alive
            self._idle.release()
