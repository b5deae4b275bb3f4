"""Who carries the jobs: here, threads of the program itself; in `pingback.jobs.messages`, workers that a broker tells.

`Runner.run` does it in the caller's own thread.
"""

import logging
import threading
import typing
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import NamedTuple, Self

from pingback.errors import BrokerError, StoreClosed, StoreError
from pingback.jobs.pool import Starter, join
from pingback.jobs.runner import Runner

LOOK_EVERY = 1.0  # seconds between two looks at which chore is due
PAUSE = 1.0  # seconds, after an error of ours
CLOSE_WITHIN = 2.0  # seconds that the end waits for what is under way

log = logging.getLogger(__name__)


class Chore(NamedTuple):
    """What is to be done every so many seconds, and the first time at once; in other words, for the log, its `name`."""

    every: float
    do: Callable[[], object]
    name: str


class Carrier(typing.Protocol):
    """Has jobs done, from `start` or `wake` on until `close`. Thread-safe."""

    @property
    def running(self) -> bool:
        """Its threads are there."""

    @property
    def alive(self) -> bool:
        """What waits will be done: it was not closed, and none of its threads has come to an end."""

    def start(self) -> None:
        """Begin, or go on."""

    def wake(self) -> None:
        """There may be something due: look now."""

    def run(self) -> None:
        """Do the jobs and the chores in this process until it is stopped; what is out then is finished."""

    def close(self) -> None:
        """Begin nothing more, and wait a little for what is under way. May be called twice."""


class Chores:
    """Does each chore when its time has come. For one thread at a time. Nothing begins once `closed` is set."""

    def __init__(self, chores: Iterable[Chore], *, closed: threading.Event, clock: Callable[[], float]) -> None:
        self._chores = tuple(chores)
        self._due = [0.0] * len(self._chores)
        self._said: set[str] = set()  # chores for which something else cannot be used
        self._closed = closed
        self._clock = clock

    def __bool__(self) -> bool:
        return bool(self._chores)

    def go(self) -> None:
        """Do the chores whose time has come."""
        for number, chore in enumerate(self._chores):
            if self._closed.is_set():
                return
            if self._due[number] <= self._clock():
                self._due[number] = self._clock() + chore.every
                self._do(chore)

    def _do(self, chore: Chore) -> None:
        try:
            chore.do()
        except (StoreError, BrokerError) as error:  # locked, full or away: it may be itself again
            if chore.name not in self._said:
                log.error("cannot %s: %s", chore.name, error)
            self._said.add(chore.name)
        except Exception:  # the end of a chore
            log.exception("cannot %s", chore.name)
        else:
            self._said.discard(chore.name)


class Threads:
    """One thread that runs the Runner, and one for `chores`, which may block for seconds.

    They begin with `start` or `wake`; where no thread is to be had, the next call tries again. Nothing begins after
    `close`. Thread-safe. Its threads do not outlive a fork: a child makes one of its own. `clock` gives seconds that
    never run backwards.
    """

    def __init__(self, runner: Runner, chores: Iterable[Chore] = (), *, clock: Callable[[], float] = monotonic) -> None:
        self._runner = runner
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._chores = Chores(chores, closed=self._closed, clock=clock)
        self._starter = Starter()
        self._works = {"pingback-jobs": self._run} | ({"pingback-chores": self._go_round} if self._chores else {})
        self._threads: dict[str, threading.Thread] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Its threads are there."""
        return len(self._threads) == len(self._works) and self._all_live()

    @property
    def alive(self) -> bool:
        """It was not closed, and none of its threads has come to an end."""
        return not self._closed.is_set() and self._all_live() and self._runner.pool.alive

    def start(self) -> None:
        """Begin, or go on."""
        if not self.running:
            self._start(self._works)

    def run(self) -> None:
        """Do the jobs in this thread, and the chores in one of their own, until the Runner is stopped.

        What is out then is finished.
        """
        self._start({name: work for name, work in self._works.items() if name == "pingback-chores"})
        self._runner.run_forever()
        self.close()

    def wake(self) -> None:
        """There may be something due: look now."""
        self.start()
        self._runner.wake()

    def go(self) -> None:
        """Do the chores whose time has come."""
        self._chores.go()

    def close(self) -> None:
        """Begin nothing more, and wait a little for what is under way. May be called twice."""
        with self._lock:
            self._closed.set()
        self._runner.stop()
        end = monotonic() + CLOSE_WITHIN
        join(self._threads.values(), within=CLOSE_WITHIN)
        self._runner.pool.close(within=max(0.0, end - monotonic()))

    def _start(self, works: Mapping[str, Callable[[], None]]) -> None:
        with self._lock:
            if not self._closed.is_set():
                self._starter.keep_up(works, self._threads)

    def _all_live(self) -> bool:
        return all(thread.is_alive() for thread in list(self._threads.values()))

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._runner.run_forever()
            except StoreClosed as error:
                if not self._closed.is_set():  # before us
                    log.error("%s: no job is done any more", error)
                self._closed.set()
                return
            except StoreError as error:  # said by then; in the end, what could not be kept is due again
                log.debug("%s", error)
            except Exception:  # or the thread would end here
                log.exception("the jobs have come to a halt")
            self._closed.wait(PAUSE)

    def _go_round(self) -> None:
        while not self._closed.is_set():
            self.go()
            self._closed.wait(LOOK_EVERY)
