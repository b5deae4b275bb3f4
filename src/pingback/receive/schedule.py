"""A thread that does one thing again and again, and at once when somebody asks for it."""

import logging
import threading
from collections.abc import Callable

EVERY = 2.0  # seconds between two turns, when nobody asks for one
PAUSE = 0.2  # seconds after each turn, however many ask for the next
CLOSE_WITHIN = 2.0  # seconds that `close` waits for a turn that has begun

log = logging.getLogger(__name__)


class Schedule:
    """Calls `work` every few seconds from the first `wake` or `start` on. Thread-safe."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have a turn soon, of which the caller sees nothing."""
        self._woken.set()
        self.start()

    def start(self) -> None:
        """Have turns from now on, the first in a few seconds."""
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="pingback-schedule", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """No more turns; waits a little for one that has begun."""
        with self._lock:
            self._closed.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(CLOSE_WITHIN)

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
