"""Threads of our own, of which a machine may have none to spare for now (`pids.max`, `TasksMax`)."""

import logging
import threading
from collections.abc import Callable, Iterable
from time import monotonic

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


def join(threads: Iterable[threading.Thread | None], *, within: float) -> None:
    """Wait so many seconds for the end of these, those aside that were not started, and the one that waits."""
    end = monotonic() + within
    for thread in threads:
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, end - monotonic()))
