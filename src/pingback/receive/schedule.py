"""A thread that does one thing again and again, and at once when somebody asks for it."""

import logging
import threading
from collections.abc import Callable

from pingback.receive.threads import Starter, join

EVERY = 2.0  # seconds between two turns, when nobody asks for one
PAUSE = 0.2  # seconds after each turn, however many ask for the next
CLOSE_WITHIN = 2.0  # seconds that `close` waits for a turn that has begun

log = logging.getLogger(__name__)


class Schedule:
    """Calls `work` every few seconds from `start` on. Thread-safe."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._closed = threading.Event()
        self._starter = Starter()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have the next turn soon, of which the caller sees nothing."""
        self._woken.set()

    @property
    def running(self) -> bool:
        """Its thread was started."""
        return self._thread is not None

    def start(self) -> None:
        """Have turns from now on, the first in a few seconds; where no thread is to be had, try again the next time."""
        if self.running:
            return
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = self._starter.start(self._run, "pingback-schedule")

    def close(self) -> None:
        """No more turns; waits a little for one that has begun."""
        with self._lock:
            self._closed.set()
        self._woken.set()
        join([self._thread], within=CLOSE_WITHIN)

    def _run(self) -> None:
        while not self._closed.is_set():
            self._woken.wait(EVERY)
            self._woken.clear()
            if self._closed.is_set():
                return
            try:
                self._work()
            except Exception:  # or the thread would end here
                log.exception("a turn of the schedule failed")
            self._closed.wait(PAUSE)
