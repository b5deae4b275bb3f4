"""Delivers what is due in the outbox: many hosts at once, few connections to one, at the pace that each shows.

A ping is claimed, its target's endpoints are looked for (or remembered), the first one is told, and what became of it
is recorded before anybody hears of it. Of two couriers, in two processes even, one gets a ping. Whatever happens to
this process, a ping that was claimed and not recorded is claimed again by another.
"""

import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any

from pingback.clock import Clock, now
from pingback.errors import FetchError, Unreachable
from pingback.holders import is_gone, this_process
from pingback.model import Discovery, Outcome, OutcomeStatus, Protocol, QueuedPing
from pingback.sending.discover import EVERY, discover
from pingback.sending.ping import Delivery, deliver, unfound
from pingback.sending.retry import LONGEST_PACE, PACE, next_try, retry_after
from pingback.urls import host_of, key_of, shown

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.store import Outbox

THREADS = 32  # each spends nearly all of its time waiting for somebody's server
UNDER_WAY = 64  # pings claimed at a time
PER_HOST = 2  # of them for pages of one host, and deliveries to one endpoint's host
LEASE = timedelta(minutes=5)  # several times what the slowest ping takes
STRIKES = 2  # exchanges in a row that a host leaves without an answer; then it is let be for a while
REST = timedelta(minutes=5)
REMEMBERED = 1000  # discoveries of this run, so that many links to one target cost one

_TOO_FAST = 429  # an HTTP status, and WordPress's fault
_DONE = (OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY)

log = logging.getLogger(__name__)


def every_pair(source: str, target: str) -> bool:
    """For who has no wish but to be told."""
    return True


class Courier:
    """Delivers pings of one outbox. `wanted` are the protocols that may be used; `allows` is asked for each
    source and target.

    For one thread; `stop` may be called by any, or by a signal's handler.
    """

    def __init__(
        self,
        *,
        client: "Client",
        outbox: "Outbox",
        wanted: Collection[Protocol] = EVERY,
        allows: Callable[[str, str], bool] = every_pair,
        clock: Clock = now,
        random: Random | None = None,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._wanted = wanted
        self._allows = allows
        self._clock = clock
        self._random = random or Random()  # noqa: S311  # it spreads tries over time, and hides nothing
        self._holder = this_process()
        self._stopped = Event()

    def stop(self) -> None:
        """Claim nothing more, finish what is under way, and let `deliver` end."""
        self._stopped.set()

    def deliver(
        self, *, sources: Collection[str] | None = None, patience: timedelta = timedelta(0)
    ) -> Iterator[Outcome]:
        """Deliver what is due, of these sources or of all; what became of each ping, as it is known.

        What becomes due within `patience`, because a host asks for a pause, is waited for. Raises StoreError.
        """
        run = _Run(sources=sources, until=self._clock() + patience)
        self._free_what_the_dead_hold()
        with ThreadPoolExecutor(THREADS, "pingback-courier") as pool:
            try:
                while self._goes_on(run, pool):
                    done, _ = wait(run.futures, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield from self._ended(run, pool, future)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                self._outbox.release([job.ping for job in run.jobs])

    def _free_what_the_dead_hold(self) -> None:
        instant = self._clock()
        for holder in self._outbox.holders(now=instant):
            if is_gone(holder):
                self._outbox.end_leases(holder, now=instant)

    def _goes_on(self, run: "_Run", pool: ThreadPoolExecutor) -> bool:
        """Something is under way: more was claimed, or became due while there was nothing else to do."""
        while True:
            if not self._stopped.is_set():
                self._claim(run, pool)
            if run.futures or self._stopped.is_set():
                return bool(run.futures)
            due = self._outbox.next_due(now=self._clock(), sources=run.sources)
            if due is None or due > run.until:
                return False
            self._stopped.wait(max((due - self._clock()).total_seconds(), 0.05))

    def _claim(self, run: "_Run", pool: ThreadPoolExecutor) -> None:
        room = UNDER_WAY - len(run.jobs)
        if room < UNDER_WAY // 4 and run.futures:  # by handfuls: a claim costs a commit
            return
        claimed = self._outbox.claim(
            now=self._clock(),
            lease=LEASE,
            limit=room,
            per_host=PER_HOST,
            busy=run.busy,
            sources=run.sources,
            holder=self._holder,
        )
        for ping in claimed:
            if not self._allows(ping.source, ping.target):
                self._outbox.postpone(ping, until=run.until + REST)
                continue
            job = _Job(ping=ping, began=monotonic())
            run.jobs.add(job)
            run.busy[ping.host] += 1
            self._find(run, pool, job)

    def _find(self, run: "_Run", pool: ThreadPoolExecutor, job: "_Job") -> None:
        """Look for the target's endpoints, or wait for who does so already."""
        key = key_of(job.ping.target)
        known = run.found.get(key) or self._recalled(job.ping)
        if known is not None:
            self._tell(run, pool, job, known)
            return
        if key in run.asking:
            run.asking[key].append(job)
            return
        run.asking[key] = [job]
        future = pool.submit(discover, job.ping.target, client=self._client)
        run.futures[future] = lambda: self._found(run, pool, key, future)

    def _recalled(self, ping: QueuedPing) -> Discovery | None:
        """What is remembered, unless this is a try after a change or a failure: then the page is asked anew."""
        if ping.told or ping.attempts or ping.status is not OutcomeStatus.FAILED:
            return None
        return self._outbox.recall(ping.target, now=self._clock())

    def _found(self, run: "_Run", pool: ThreadPoolExecutor, key: str, future: "Future[Discovery]") -> Iterator[Outcome]:
        jobs = run.asking.pop(key)
        host = jobs[0].ping.host
        try:
            found = future.result()
        except FetchError as error:
            self._strike(run, host, isinstance(error, Unreachable))
            for job in jobs:
                yield from self._record(run, job, Delivery(unfound(job.ping.source, job.ping.target, error)))
            return
        except Exception:
            log.exception("looking for the endpoints of %r failed", shown(jobs[0].ping.target))
            for job in jobs:
                yield from self._record(run, job, _broken(job.ping))
            return
        self._strike(run, host, False)
        run.remember(key, found)
        if found.max_age > 0:
            self._outbox.remember(found, until=self._clock() + timedelta(seconds=found.max_age))
        for job in jobs:
            self._tell(run, pool, job, replace(found, target=job.ping.target))

    def _tell(self, run: "_Run", pool: ThreadPoolExecutor, job: "_Job", found: Discovery) -> None:
        """Deliver, or wait for one's turn at the endpoint's host: many targets may have theirs at one service."""
        # Of a link that is gone, only Webmention can tell (§3.1.4, sending updates).
        wanted = self._wanted if job.ping.linked else [Protocol.WEBMENTION]
        usable = [endpoint for endpoint in found.endpoints if endpoint.protocol in wanted]
        job.endpoint_host = host_of(usable[0].url) if usable else ""
        job.tell = lambda: deliver(job.ping.source, found, client=self._client, wanted=wanted)
        if usable and run.telling[job.endpoint_host] >= PER_HOST:
            run.queues.setdefault(job.endpoint_host, deque()).append(job)
            return
        self._start(run, pool, job)

    def _start(self, run: "_Run", pool: ThreadPoolExecutor, job: "_Job") -> None:
        run.telling[job.endpoint_host] += 1
        future = pool.submit(job.tell)
        run.futures[future] = lambda: self._told(run, pool, job, future)

    def _told(
        self, run: "_Run", pool: ThreadPoolExecutor, job: "_Job", future: "Future[Delivery]"
    ) -> Iterator[Outcome]:
        run.telling[job.endpoint_host] -= 1
        queue = run.queues.get(job.endpoint_host)
        if queue:
            self._start(run, pool, queue.popleft())
        try:
            delivery = future.result()
        except Exception:
            log.exception("delivering the ping of %r failed", shown(job.ping.target))
            delivery = _broken(job.ping)
        outcome = delivery.outcome
        if outcome.attempts:
            self._strike(run, job.ping.host, outcome.status is OutcomeStatus.FAILED and outcome.fault is None, "told")
        yield from self._record(run, job, delivery)

    def _ended(self, run: "_Run", pool: ThreadPoolExecutor, future: "Future[Any]") -> Iterator[Outcome]:
        yield from run.futures.pop(future)()

    def _record(self, run: "_Run", job: "_Job", delivery: Delivery) -> Iterator[Outcome]:
        instant = self._clock()
        outcome = _of_removal(delivery.outcome) if not job.ping.linked else delivery.outcome
        outcome, due = self._scheduled(job.ping, outcome, delivery, instant)
        recorded = self._outbox.record(
            job.ping,
            outcome,
            at=instant,
            seconds=monotonic() - job.began,
            next_try=due,
            exchange=None if outcome.status in _DONE else delivery.exchange,
        )
        self._pace(run, job.ping.host, outcome, due)
        run.jobs.discard(job)
        run.busy[job.ping.host] -= 1
        told = recorded.as_outcome()
        log.info(
            "ping from %r to %r: %s, %s", shown(job.ping.source), shown(job.ping.target), told.status, told.message
        )
        if due is None or due > run.until:
            yield told

    def _scheduled(
        self, ping: QueuedPing, outcome: Outcome, delivery: Delivery, instant: datetime
    ) -> tuple[Outcome, datetime | None]:
        """The outcome, given up where it failed for too long, and when the next try is due."""
        if outcome.status is not OutcomeStatus.FAILED:
            return outcome, None
        wish = retry_after(delivery.retry_after, now=instant)
        if outcome.fault == _TOO_FAST:
            return outcome, min(wish or instant + PACE, instant + LONGEST_PACE)
        due = next_try(
            attempts=ping.attempts + 1,
            failing_since=ping.failing_since or instant,
            now=instant,
            random=self._random,
            not_before=wish,
        )
        return (outcome, due) if due else (replace(outcome, status=OutcomeStatus.GONE), None)

    def _pace(self, run: "_Run", host: str, outcome: Outcome, due: datetime | None) -> None:
        """Let a host that asked for patience have it, from now on after every ping."""
        instant = self._clock()
        if outcome.fault == _TOO_FAST and due is not None:
            run.gaps[host] = due - instant
        if host in run.gaps:
            self._outbox.pause(host, until=instant + run.gaps[host])

    def _strike(self, run: "_Run", host: str, unanswered: bool, doing: str = "asked") -> None:
        """A host that leaves us without an answer again and again is not tried for each of its pages."""
        if not unanswered:
            run.strikes.pop((host, doing), None)
            return
        run.strikes[host, doing] += 1
        if run.strikes[host, doing] >= STRIKES:
            self._outbox.pause(host, until=self._clock() + REST)


class _Job:
    """A claimed ping on its way."""

    def __init__(self, *, ping: QueuedPing, began: float) -> None:
        self.ping = ping
        self.began = began
        self.endpoint_host = ""
        self.tell: Callable[[], Delivery]


@dataclass
class _Run:
    """What one `deliver` has under way."""

    sources: Collection[str] | None
    until: datetime

    def __post_init__(self) -> None:
        self.jobs: set[_Job] = set()
        self.futures: dict[Future[Any], Callable[[], Iterator[Outcome]]] = {}
        self.busy: Counter[str] = Counter()  # pings under way by the target's host
        self.telling: Counter[str] = Counter()  # deliveries under way by the endpoint's host
        self.queues: dict[str, deque[_Job]] = {}  # of those that wait for their turn there
        self.asking: dict[str, list[_Job]] = {}  # by target: who waits for its discovery
        self.found: OrderedDict[str, Discovery] = OrderedDict()
        self.strikes: Counter[tuple[str, str]] = Counter()  # by host and what was done there
        self.gaps: dict[str, timedelta] = {}

    def remember(self, key: str, found: Discovery) -> None:
        self.found[key] = found
        if len(self.found) > REMEMBERED:
            self.found.popitem(last=False)


def _of_removal(outcome: Outcome) -> Outcome:
    """A far side that was told that a link is gone, looks and says that there is none, has understood."""
    if outcome.status is not OutcomeStatus.REFUSED:
        return outcome
    return replace(outcome, status=OutcomeStatus.ACCEPTED, message=f"told that the link is gone: {outcome.message}")


def _broken(ping: QueuedPing) -> Delivery:
    """For an error of ours: the log says which."""
    failed = Outcome(
        source=ping.source,
        target=ping.target,
        status=OutcomeStatus.FAILED,
        message="something went wrong here",
        attempts=1,
    )
    return Delivery(failed)
