"""Jobs that come round: each is done every so often, by a thread of its own or by whoever has a loop already."""

import logging
import threading
from collections.abc import Callable, Iterable
from time import monotonic
from typing import NamedTuple, Self

from pingback.errors import StoreError
from pingback.receive.threads import Starter, join

TURN = 1.0  # seconds between two looks at what is due
CLOSE_WITHIN = 2.0  # seconds that the end waits for a job that is running

log = logging.getLogger(__name__)


class Job(NamedTuple):
    """`do` is called every `every` seconds, and the first time at once. A job should be over in seconds."""

    name: str
    every: float
    do: Callable[[], object]


class Rounds:
    """Does jobs when their time has come: by `go`, or, from `start` to `close`, in a thread that calls it.

    `start` does nothing while the thread is there, and nothing after `close`. A job that fails is done again when its
    time comes round. `clock` gives seconds that never run backwards.
    """

    def __init__(self, jobs: Iterable[Job], *, clock: Callable[[], float] = monotonic) -> None:
        self.jobs = tuple(jobs)
        self._due = dict.fromkeys(self.jobs, 0.0)
        self._clock = clock
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._starter = Starter()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Its thread is there."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin. Where no thread is to be had, the next call tries again."""
        with self._lock:
            if not self.running and not self._stopped.is_set():
                self._thread = self._starter.start(self._run, "pingback-rounds")

    def close(self) -> None:
        with self._lock:
            self._stopped.set()
        join([self._thread], within=CLOSE_WITHIN)

    def go(self) -> None:
        """Do what is due."""
        for job, due in self._due.items():
            if self._stopped.is_set():
                return
            if due <= self._clock():
                self._due[job] = self._clock() + job.every
                _do(job)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.go()
            self._stopped.wait(TURN)


def _do(job: Job) -> None:
    try:
        job.do()
    except StoreError as error:  # locked, or full: it may be itself again
        log.error("cannot %s: %s", job.name, error)
    except Exception:  # the end of a job
        log.exception("cannot %s", job.name)
