"""Jobs by messages: a job's number is on its way to whoever has a thread free, and the row says all else.

Only what may begin now is sent: who is due when, how many at once ask a host, and who comes first, the database says.
So the queue stays short, and one that is lost loses nothing: what was sent and not begun is due again soon.
"""

import logging
import threading
import typing
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.errors import BrokerError, StoreClosed, StoreError
from pingback.jobs.budget import PER_HOST
from pingback.jobs.carriers import LOOK_EVERY, Chore, Chores
from pingback.jobs.pool import Starter, join
from pingback.jobs.workers import is_gone
from pingback.store.jobs import QUEUED
from pingback.work import JobKind

if TYPE_CHECKING:
    from pingback.store.jobs import Jobs

# After which a message that nobody took counts as lost: until then it keeps a place at its host. One that was late only
# comes twice, which costs a look.
SENT_FOR = timedelta(seconds=10)
MOST_QUEUED = 500  # messages: what a few workers do in seconds
AT_ONCE = 100  # that are sent
APART = 0.05  # seconds between two commits that send
SWEEP_EVERY = 60.0  # seconds
CLOSE_WITHIN = 2.0  # seconds

log = logging.getLogger(__name__)


class Queue(typing.Protocol):
    """Carries numbers to workers. All methods raise BrokerError where the broker cannot be used."""

    def send(self, number: int) -> None:
        """Have a worker do the job with this number."""

    def depth(self) -> int:
        """How many messages wait, about."""

    def close(self) -> None:
        """Close the connections."""


class Workers(typing.Protocol):
    """The threads of this process that take messages."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Take no more, and wait for what is under way."""


class Dispatch:
    """Sends the numbers of jobs that may begin. Thread-safe; several processes may do so."""

    def __init__(self, jobs: "Jobs", kinds: Collection[JobKind], queue: Queue, *, clock: Clock) -> None:
        self._jobs = jobs
        self._kinds = tuple(kinds)
        self._queue = queue
        self._clock = clock

    def send_some(self) -> int:
        """How many were sent; 0 where nothing may begin, or enough is on its way. Raises StoreError and BrokerError.

        A job that was sent counts as leased, so that a host has no more of these than it may be asked at once.
        """
        instant = self._clock()
        due = self._jobs.next_due(self._kinds, now=instant)
        if due is None or due > instant:  # whoever looks every second takes no lock for it
            return 0
        room = min(AT_ONCE, MOST_QUEUED - self._queue.depth())
        if room <= 0:
            return 0
        leased = self._jobs.lease(
            self._kinds,
            worker_id=QUEUED,
            now=instant,
            lease=SENT_FOR,
            limit=room,
            per_host=PER_HOST,
        )
        for number, job in enumerate(leased):
            try:
                self._queue.send(job.id)
            except BrokerError:
                self._jobs.release(leased[number:], now=instant)
                raise
        return len(leased)

    def free_the_dead(self) -> None:
        """Have done again what workers that are no more had in hand."""
        self._jobs.free_the_dead(self._clock(), is_gone=is_gone)

    def sweep(self) -> int:
        """Send all that is due, and what was lost: by a broker, or by a worker that is no more. How many that were."""
        self._jobs.open_lost_lanes()
        self.free_the_dead()
        sent = 0
        while some := self.send_some():
            sent += some
        return sent


class Messages:
    """Has jobs done by workers, which a broker tells of them.

    One that is started sends what it is woken for, and does its `own_chores`. One that is `run` has `workers` of its
    own, looks after what becomes due, sends again what was lost, and does the `chores`, too. Thread-safe. Nothing
    begins after `close`. Its threads do not outlive a fork: a child makes one of its own.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        queue: Queue,
        *,
        workers: Callable[[], Workers],
        chores: Iterable[Chore] = (),
        own_chores: Iterable[Chore] = (),
        stopped: threading.Event,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._dispatch = dispatch
        self._queue = queue
        self._workers = workers
        self._stopped = stopped
        self._clock = clock
        self._closed = threading.Event()
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._starter = Starter()
        self._trouble = ""
        self._free_at = 0.0
        self._works = False  # in this process
        sweep = Chore(SWEEP_EVERY, dispatch.sweep, "send again what was lost")
        self._chores = Chores((*chores, sweep), closed=self._closed, clock=clock)
        self._own_chores = Chores(own_chores, closed=self._closed, clock=clock)
        self._threads: dict[str, threading.Thread] = {}

    @property
    def running(self) -> bool:
        """Its threads are there."""
        return bool(self._threads) and self._all_live()

    @property
    def alive(self) -> bool:
        """It was not closed, and its threads live. That the broker can be used is not said: what is due then waits."""
        return not self._closed.is_set() and self._all_live()

    def start(self) -> None:
        """Begin to send, or go on."""
        has_chores = self._works or self._own_chores
        works = {"pingback-messages": self._send} | ({"pingback-chores": self._go_round} if has_chores else {})
        with self._lock:
            if not self._closed.is_set():
                self._starter.keep_up(works, self._threads)

    def wake(self) -> None:
        """There may be something due: send it now."""
        self.start()
        self._woken.set()

    def attend(self) -> None:
        """Go along with workers of this process: look after what becomes due and what was lost, and do the chores."""
        self._works = True
        self.wake()

    def run(self) -> None:
        """Work, and do the chores, until it is stopped; what is under way then is finished."""
        workers = self._workers()
        workers.start()
        self.attend()
        self._stopped.wait()
        workers.stop()
        self.close()

    def sweep(self) -> int:
        """Send all that is due, and what was lost; how much that was. Raises StoreError and BrokerError."""
        return self._dispatch.sweep()

    def check(self) -> None:
        """Raises BrokerError, which says why in a sentence, where the broker cannot be used now."""
        self._queue.depth()

    def close(self) -> None:
        """Begin nothing more. May be called twice."""
        self._closed.set()
        self._woken.set()
        join(self._threads.values(), within=CLOSE_WITHIN)
        self._queue.close()

    def _all_live(self) -> bool:
        return all(thread.is_alive() for thread in list(self._threads.values()))

    def _go_round(self) -> None:
        while not self._closed.is_set():
            self._own_chores.go()
            if self._works:
                self._chores.go()
            self._closed.wait(LOOK_EVERY)

    def _send(self) -> None:
        while not self._closed.is_set():
            self._woken.wait(LOOK_EVERY if self._works or self._trouble else None)
            self._woken.clear()
            self._send_all()
            self._closed.wait(APART)

    def _send_all(self) -> None:
        try:
            if self._works and self._clock() >= self._free_at:
                self._free_at = self._clock() + LOOK_EVERY
                self._dispatch.free_the_dead()
            while not self._closed.is_set() and self._dispatch.send_some() >= AT_ONCE:
                pass
        except StoreClosed:
            self._closed.set()
        except (StoreError, BrokerError) as error:  # it may be itself again
            self._say(str(error))
            self._closed.wait(LOOK_EVERY)
        except Exception:  # or the thread would end here
            log.exception("sending jobs to workers has come to a halt")
            self._closed.wait(LOOK_EVERY)
        else:
            self._say("")

    def _say(self, trouble: str) -> None:
        """Once, until it is over."""
        if trouble and not self._trouble:
            log.error("%s", trouble)
        elif self._trouble and not trouble:
            log.info("jobs are sent to workers again")
        self._trouble = trouble
