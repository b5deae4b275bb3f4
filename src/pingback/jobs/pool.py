"""A few threads for work that waits for somebody's server.

A far side that answers at once costs a thread some milliseconds, one that drips costs it the whole time-out. The second
kind is to take no thread from the first, and which it is, only time tells: so work counts as quick at first, as slow
when it has run for a while, and of both kinds so much may run.
"""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import Future
from time import monotonic
from typing import Any, Self, TypeVar

T = TypeVar("T")

QUICK = 32  # at once that have just begun: a good far side takes a twentieth of a second, most of it on the way
SLOW = 64  # at once that have run for longer: each spends its time waiting for a socket, and 60 KB
SLOW_AFTER = 0.5  # seconds
CLOSE_WITHIN = 2.0  # seconds that `close` waits for what runs

log = logging.getLogger(__name__)


class Starter:
    """Starts daemons: a process that is told to stop would have to wait for other threads. For one caller at a time."""

    def __init__(self) -> None:
        self._failing = False

    def start(self, work: Callable[[], None], name: str) -> threading.Thread | None:
        """A thread that does the work; None where there is none to be had. The log says so once, until there is."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._failing:
                log.warning("this machine has no thread to spare: what is left to threads has to wait")
            self._failing = True
            return None
        self._failing = False
        return thread

    def keep_up(self, works: Mapping[str, Callable[[], None]], threads: MutableMapping[str, threading.Thread]) -> None:
        """See that each of these, by its name, has a thread that lives."""
        for name, work in works.items():
            if name not in threads or not threads[name].is_alive():
                thread = self.start(work, name)
                if thread is not None:
                    threads[name] = thread


def join(threads: Iterable[threading.Thread | None], *, within: float) -> None:
    """Wait so many seconds for the end of these, those aside that were not started, and the one that waits."""
    end = monotonic() + within
    for thread in threads:
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, end - monotonic()))


class Pool:
    """Does work in daemon threads, which are started as they are needed: at most `quick` and `slow` at once.

    Where the machine has no thread to spare, those that are there do all of it, and else the caller's own does.
    Thread-safe. `clock` gives seconds that never run backwards.
    """

    def __init__(self, *, quick: int = QUICK, slow: int = SLOW, clock: Callable[[], float] = monotonic) -> None:
        self.size = quick + slow
        self._quick = quick
        self._clock = clock
        self._changed = threading.Condition()
        self._closed = False
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._began: OrderedDict[Future[Any], float] = OrderedDict()  # of what runs, the oldest first
        self._starter = Starter()
        self._threads: list[threading.Thread] = []
        self._idle = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """It was not closed, and none of its threads has come to an end."""
        with self._changed:
            return not self._closed and all(thread.is_alive() for thread in self._threads)

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """What `work` will give. RuntimeError where the pool is closed."""
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("this pool is closed")
            self._waiting.append((future, work))
            self._call_a_thread()
            if self._threads:
                return future
            self._waiting.pop()
        try:
            future.set_result(work())
        except Exception as error:  # as in a thread; an interrupt is the caller's own
            future.set_exception(error)
        return future

    def close(self, *, within: float = 0.0) -> None:
        """Cancel what has not begun, and wait so many seconds for the rest, and a moment for threads that do nothing.

        May be called twice.
        """
        with self._changed:
            self._closed = True
            if not self._began:
                within = max(within, CLOSE_WITHIN)
            waiting = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for future, _ in waiting:
            future.cancel()
        join(self._threads, within=within)

    def _call_a_thread(self) -> None:
        """Have one look at what waits: an idle one, or one more."""
        if self._idle:
            self._changed.notify()
        elif len(self._threads) < self.size:
            thread = self._starter.start(self._run, f"pingback-{len(self._threads)}")
            if thread is not None:
                self._threads.append(thread)

    def _run(self) -> None:
        while (task := self._next()) is not None:
            future, work = task
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:  # whoever waits for the future gets it
                error = raised
            with self._changed:
                del self._began[future]
            try:
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)
            except BaseException:  # of what was to hear of it; the thread goes on
                log.exception("what follows some work failed")
            del task, future, work, result, error  # an idle thread keeps no page alive

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        """What may begin, once there is something; None when all is over."""
        with self._changed:
            while not self._closed:
                # One reading for both: what became slow between two would leave no moment to wake up for.
                slow_before = self._clock() - SLOW_AFTER
                while self._waiting and self._quick_ones(slow_before) < self._quick:
                    task = self._waiting.popleft()
                    if task[0].set_running_or_notify_cancel():
                        self._began[task[0]] = self._clock()
                        if self._waiting:
                            self._call_a_thread()
                        return task
                self._idle += 1
                self._changed.wait(self._until_room(slow_before))
                self._idle -= 1
        return None

    def _quick_ones(self, slow_before: float) -> int:
        return sum(began > slow_before for began in self._began.values())

    def _until_room(self, slow_before: float) -> float | None:
        """Seconds until what is quick has become slow, where others wait for that."""
        if not self._waiting:
            return None
        return next((began - slow_before for began in self._began.values() if began > slow_before), None)
