"""Delivers what is due in the outbox: many hosts at once, few connections to one, at the pace that each shows.

A ping is claimed, its target's endpoints are looked for (or remembered), the first one is told, and what became of it
is recorded before anybody hears of it. Of two couriers, in two processes even, one gets a ping. Whatever happens to
this process, a ping that was claimed and not recorded is claimed again by another.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from math import inf
from random import Random
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any

from pingback.clock import Clock, now
from pingback.errors import FetchError, StoreError, Unreachable
from pingback.holders import is_gone, this_process
from pingback.model import Discovery, Outcome, OutcomeStatus, Protocol, QueuedPing
from pingback.protocols.table import EVERY, retelling
from pingback.sending.discover import discover
from pingback.sending.ping import Delivery, deliver, log_outcome, undelivered
from pingback.sending.retry import next_try, next_turn, pace_of, retry_after
from pingback.sending.run import Job, Run, count_down
from pingback.urls import host_of, key_of, shown

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.store import Outbox

UNDER_WAY = 96  # pings claimed at a time
PER_HOST = 2  # of them for pages of one host, and deliveries to one endpoint's host
LEASE = timedelta(minutes=5)  # at least
SLOWEST = 10  # exchanges' time-outs that a lease lasts; a ping has one or two, and more where endpoints are not there
REST = timedelta(minutes=5)  # for a host that does not answer

_TOO_FAST = 429  # an HTTP status, and WordPress's fault
_DONE = (OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY)

log = logging.getLogger(__name__)


def every_pair(source: str, target: str) -> bool:
    """Accepts every pair."""
    return True


def lease_for(client: "Client") -> timedelta:
    """How long whoever has work in hand may be at it with this client."""
    return max(LEASE, SLOWEST * timedelta(seconds=client.limits.timeout))


class Courier:
    """Delivers pings of one outbox. `wanted` are the protocols that may be used; `allows` is asked for each
    source and target. It stops when `stopped` is set: it claims nothing more, and finishes what is under way.
    """

    def __init__(
        self,
        *,
        client: "Client",
        outbox: "Outbox",
        wanted: Collection[Protocol] = EVERY,
        allows: Callable[[str, str], bool] = every_pair,
        stopped: Event | None = None,
        clock: Clock = now,
        random: Random | None = None,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._wanted = wanted
        self._allows = allows
        self._stopped = stopped or Event()
        self._clock = clock
        self._random = random or Random()  # noqa: S311  # it spreads tries over time, and hides nothing
        self._holder = this_process()
        self._lease = lease_for(client)

    def deliver(
        self,
        on_outcome: Callable[[Outcome], object],
        *,
        sources: Collection[str] | None = None,
        patience: timedelta = timedelta(0),
        seconds: float = inf,
    ) -> None:
        """Deliver what is due, of these sources or of all. `on_outcome` hears what became of each ping, as it is known.

        What becomes due within `patience`, because a host asks for a pause, is waited for; after `seconds` nothing more
        is begun. If `on_outcome` raises, this ends once what is out has ended and is recorded. A KeyboardInterrupt
        waits for nothing. Raises StoreError.
        """
        self._free_what_the_dead_hold()
        instant = self._clock()
        due = self._outbox.next_due(now=instant, sources=sources)
        if due is None or due > instant + patience:  # whoever looks every few seconds takes no lock for it
            return
        run = Run(on_outcome=on_outcome, sources=sources, until=instant + patience, ends=monotonic() + seconds)
        end = self._settle
        try:
            while self._goes_on(run):
                for future in self._ended_next(run):
                    run.futures.pop(future)()
        except (KeyboardInterrupt, SystemExit):
            end = self._break_off
            raise
        finally:
            end(run)

    def _ended_next(self, run: Run) -> Collection["Future[Any]"]:
        """Those that ended, once one has. Until then is the time for what can wait: a commit for each discovery, of
        which nobody loses more than time where it is lost."""
        while run.unremembered:
            done, _ = wait(run.futures, timeout=0)
            if done and len(run.unremembered) < UNDER_WAY:
                return done
            self._remember_one(run)
        return wait(run.futures, return_when=FIRST_COMPLETED).done

    def _remember_one(self, run: Run) -> None:
        found, until = run.unremembered.popleft()
        self._outbox.remember(found, until=until)

    def _settle(self, run: Run) -> None:
        """Wait for what is out, keep what became of it, and give back all else."""
        self._begin_no_more(run)
        wait([future for future in run.futures if not future.cancelled()])
        self._keep_what_ended(run)
        if run.sources is not None:  # who delivers all that is due would have the same aside again and again
            for ping in run.aside:
                self._outbox.postpone(ping, until=self._clock())
        while run.unremembered:
            self._remember_one(run)

    def _break_off(self, run: Run) -> None:
        """As `_settle`, at once. What is out now keeps its lease: it is due again when this process is no more."""
        self._begin_no_more(run)
        with suppress(StoreError):  # which would say less than the interrupt does
            self._keep_what_ended(run)

    def _begin_no_more(self, run: Run) -> None:
        run.ends = -inf
        run.on_outcome = _nobody_hears
        for future in run.futures:
            future.cancel()
        run.pool.close()

    def _keep_what_ended(self, run: Run) -> None:
        while ended := [future for future in run.futures if future.done() and not future.cancelled()]:
            for future in ended:
                run.futures.pop(future)()
        self._outbox.release([job.ping for job in run.jobs if not job.is_out])

    def _free_what_the_dead_hold(self) -> None:
        instant = self._clock()
        for holder in self._outbox.holders(now=instant):
            if is_gone(holder):
                self._outbox.end_leases(holder, now=instant)

    def _goes_on(self, run: Run) -> bool:
        """Something is under way: more was claimed, or became due while there was nothing else to do."""
        while True:
            if not self._is_ending(run):
                self._claim(run)
            if run.futures or self._is_ending(run):
                return bool(run.futures)
            due = self._outbox.next_due(now=self._clock(), sources=run.sources)
            if due is None or due > run.until:
                return False
            seconds = max((due - self._clock()).total_seconds(), 0.05)
            self._stopped.wait(min(seconds, max(run.ends - monotonic(), 0.0)))

    def _claim(self, run: Run) -> None:
        room = UNDER_WAY - len(run.jobs)
        if room < UNDER_WAY // 4 and run.futures:  # by handfuls: a claim costs a commit
            return
        claimed = self._outbox.claim(
            now=self._clock(),
            lease=self._lease,
            limit=room,
            per_host=PER_HOST,
            busy=run.busy + Counter(dict.fromkeys(run.slow_hosts(), PER_HOST - 1)),  # these take one at a time
            sources=run.sources,
            holder=self._holder,
        )
        jobs = [Job(ping=ping, began=monotonic()) for ping in claimed]
        run.jobs.update(jobs)  # all of them first: whatever is raised below, they are given back
        run.busy.update(job.ping.host for job in jobs)
        for job in jobs:
            if self._is_wished(job.ping):
                self._find(run, job)
            else:
                self._set_aside(run, job)

    def _set_aside(self, run: Run, job: Job) -> None:
        """Keep it from this run; one for some sources gives it back in the end."""
        self._outbox.postpone(job.ping, until=run.until + REST)
        run.aside.append(replace(job.ping, leased_until=None))
        run.let_go(job)

    def _is_wished(self, ping: QueuedPing) -> bool:
        """It may go out; news of what was told before by the protocol of that time."""
        told_before = ping.told_by is not None and ping.linked
        may = ping.told_by in self._wanted if told_before else bool(self._protocols_for(ping))
        return may and self._allows(ping.source, ping.target)

    def _protocols_for(self, ping: QueuedPing) -> Collection[Protocol]:
        """Those by which it may be told: of a link that is gone, only some can tell, the one that told of it first."""
        if ping.linked:
            return self._wanted
        removals = [name for name in self._wanted if name in retelling().removals]
        return [name for name in removals if name == ping.told_by] or removals

    def _find(self, run: Run, job: Job) -> None:
        """Look for the target's endpoints, or wait for the look that is under way."""
        key = key_of(job.ping.target)
        known = run.found.get(key)
        if known is None and (recalled := self._recalled(job)):
            known, job.is_recalled = recalled, True
        if known is not None:
            self._tell(run, job, known)
        elif key in run.asking:
            run.asking[key].append(job)
        elif not self._is_ending(run):
            run.asking[key] = [job]
            future = run.pool.submit(partial(discover, job.ping.target, client=self._client))
            run.futures[future] = lambda: self._found(run, key, future)

    def _recalled(self, job: Job) -> Discovery | None:
        """What is remembered, unless this is a try after a change or a failure: then the page is asked anew."""
        ping = job.ping
        if ping.told or ping.attempts or ping.status is not OutcomeStatus.WAITING:
            return None
        return self._outbox.recall(ping.target, now=self._clock())

    def _found(self, run: Run, key: str, future: "Future[Discovery]") -> None:
        jobs = run.asking.pop(key)
        host = jobs[0].ping.host
        try:
            found = future.result()
        except FetchError as error:
            if run.strikes_out((host, "asked"), isinstance(error, Unreachable)):
                self._outbox.pause(host, until=self._clock() + REST)
            for job in jobs:
                self._record(run, job, undelivered(job.ping.source, job.ping.target, error))
            return
        except Exception:
            log.exception("looking for the endpoints of %r failed", shown(jobs[0].ping.target))
            for job in jobs:
                self._record(run, job, _broken(job.ping))
            return
        run.strikes_out((host, "asked"), False)
        run.remember(key, found)
        for job in jobs:
            self._tell(run, job, found)
        if found.max_age > 0:
            run.unremembered.append((found, self._clock() + timedelta(seconds=found.max_age)))

    def _tell(self, run: Run, job: Job, found: Discovery) -> None:
        """Deliver, or wait for one's turn at the endpoint's host: many targets may have theirs at one service."""
        wanted = self._protocols_for(job.ping)
        found = replace(found, target=job.ping.target)  # as this post spells it (Pingback 1.0 §3)
        job.tell = lambda: deliver(job.ping.source, found, client=self._client, wanted=wanted)
        usable = [endpoint for endpoint in found.endpoints if endpoint.protocol in wanted]
        job.endpoint_host = host_of(usable[0].url) if usable else ""
        job.is_for_others = job.ping.linked and bool(found.endpoints) and not usable
        if usable:
            run.queues.setdefault(job.endpoint_host, deque()).append(job)
            self._serve(run, job.endpoint_host)
        else:
            self._start(run, job)

    def _serve(self, run: Run, host: str) -> None:
        """Let those go out whose turn it is at the endpoints' host; where it is left alone, all of them wait longer."""
        queue = run.queues[host]
        while queue and not self._is_ending(run):
            job, instant = queue[0], self._clock()
            if (rest := run.rests.get(host, instant)) > instant:
                self._give_back(run, queue.popleft(), until=rest)
            elif job.ping.leased_until is None or job.ping.leased_until - instant < self._lease / 2:
                self._give_back(run, queue.popleft(), until=instant)
            elif run.telling[host] < (1 if run.is_slow(host) else PER_HOST):
                self._start(run, queue.popleft())
            else:
                return
        if not queue:
            del run.queues[host]

    def _give_back(self, run: Run, job: Job, *, until: datetime) -> None:
        self._outbox.postpone(job.ping, until=until)
        run.let_go(job)

    def _is_ending(self, run: Run) -> bool:
        """Nothing more is to go out; what was claimed and did not is given back in the end."""
        return self._stopped.is_set() or monotonic() >= run.ends

    def _start(self, run: Run, job: Job) -> None:
        if self._is_ending(run):
            return
        run.telling[job.endpoint_host] += 1
        future = job.told = run.pool.submit(job.tell)
        run.futures[future] = lambda: self._told(run, job, future)

    def _told(self, run: Run, job: Job, future: "Future[Delivery]") -> None:
        count_down(run.telling, job.endpoint_host)
        try:
            delivery = future.result()
        except Exception:
            log.exception("delivering the ping of %r failed", shown(job.ping.target))
            delivery = _broken(job.ping)
        outcome = delivery.outcome
        unanswered = outcome.status is OutcomeStatus.FAILED and outcome.fault is None
        if outcome.attempts and run.strikes_out((job.endpoint_host, "told"), unanswered):
            self._let_be(run, job, until=self._clock() + REST)
        host = job.endpoint_host
        if job.is_recalled and delivery.absent:  # what is remembered of the target names an endpoint that is no more
            self._outbox.forget(job.ping.target)
            run.found.pop(key_of(job.ping.target), None)
            job.is_recalled, job.told = False, None
            self._find(run, job)
        elif job.is_for_others and outcome.status is OutcomeStatus.UNSUPPORTED:
            self._set_aside(run, job)
            log_outcome(outcome)
            run.on_outcome(outcome)
        else:
            self._record(run, job, delivery)
        if host in run.queues:
            self._serve(run, host)

    def _record(self, run: Run, job: Job, delivery: Delivery) -> None:
        instant = self._clock()
        outcome = _of_removal(delivery.outcome) if not job.ping.linked else delivery.outcome
        wish = retry_after(delivery.retry_after, now=instant)
        outcome, due = self._scheduled(job.ping, outcome, wish, instant)
        recorded = self._outbox.record(
            job.ping,
            outcome,
            at=instant,
            seconds=monotonic() - job.began,
            next_try=due,
            exchange=None if outcome.status in _DONE else delivery.exchange,
            retelling=retelling(),
        )
        run.let_go(job)
        self._pace(run, job, outcome, wish)
        told = recorded.as_outcome()
        if recorded.status is OutcomeStatus.WAITING and not recorded.is_held:  # for what the post changed meanwhile
            told = replace(outcome, attempts=recorded.attempts, next_try=recorded.next_try)
        log_outcome(told)
        if due is None or due > run.until:
            run.on_outcome(told)

    def _scheduled(
        self, ping: QueuedPing, outcome: Outcome, wish: datetime | None, instant: datetime
    ) -> tuple[Outcome, datetime | None]:
        """The outcome, given up where it failed for too long, and when the next try is due."""
        if outcome.status is not OutcomeStatus.FAILED:
            return outcome, None
        since = ping.failing_since or instant
        if outcome.fault == _TOO_FAST:
            due = next_turn(failing_since=since, now=instant, not_before=wish)
        else:
            due = next_try(failing_since=since, now=instant, random=self._random, not_before=wish)
        return (outcome, due) if due else (replace(outcome, status=OutcomeStatus.GONE), None)

    def _pace(self, run: Run, job: Job, outcome: Outcome, wish: datetime | None) -> None:
        """Let a host that asked for patience have it, from now on after every ping."""
        instant = self._clock()
        if outcome.fault == _TOO_FAST:
            run.gaps |= dict.fromkeys(job.hosts, pace_of(wish, now=instant))
        gaps = [run.gaps[host] for host in job.hosts if host in run.gaps]
        if gaps:
            self._let_be(run, job, until=instant + max(gaps))

    def _let_be(self, run: Run, job: Job, *, until: datetime) -> None:
        self._outbox.pause(job.ping.host, until=until)
        run.rests |= dict.fromkeys(job.hosts, until)


def _nobody_hears(outcome: Outcome) -> None:
    """Whoever asked for outcomes is gone."""


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
