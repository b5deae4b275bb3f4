"""Delivers pings of the outbox: the handler of the jobs of the kind `deliver`.

A target's endpoints are looked for (or remembered), the first one is told, and what became of it is recorded with the
job, before anybody hears of it. The Runner says when, and how many at once; what hosts show us on the way, its budget
is told here.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from pingback.clock import Clock, now
from pingback.errors import FetchError, StoreError, Unreachable, UnreadableRow
from pingback.jobs.retry import AGING, DELIVERIES, retry_after
from pingback.jobs.steps import End, Step
from pingback.model import Discovery, Outcome, OutcomeStatus, Protocol
from pingback.protocols.table import EVERY, retelling
from pingback.sending.discover import discover
from pingback.sending.ping import Delivery, deliver, given, log_outcome, undelivered
from pingback.sending.transitions import tried
from pingback.urls import key_of, server_of, shown
from pingback.work import Job, QueuedPing, Try

if TYPE_CHECKING:
    from pingback.jobs.budget import HostBudget
    from pingback.net.client import Client
    from pingback.store import Store

ASIDE_FOR = timedelta(minutes=5)  # what this run may not send, and the next one may
ONCE_MORE_AFTER = timedelta(seconds=2)  # where a server had no room just then, and does not say until when
UNREADABLE_FOR = timedelta(days=1)
SHARED_FOR = 60.0  # seconds in which many links to one target cost one look
REMEMBERED = 1000  # discoveries in memory
KEPT_TOGETHER = 20  # discoveries that are kept on the way of one ping

_TOO_FAST = 429  # an HTTP status, and WordPress's fault
_NO_ROOM = 503  # an HTTP status
_DONE = (OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY)

log = logging.getLogger(__name__)


def nobody(outcome: Outcome) -> None:
    """Does not listen."""


class Deliveries:
    """Delivers the pings of a store. Thread-safe.

    `wanted` are the protocols that may be used. `on_outcome` hears what became of each ping, in the thread that runs
    the Runner; not of a failure that is due again `until` then, as that run tries it once more.
    """

    def __init__(
        self,
        *,
        client: "Client",
        store: "Store",
        budget: "HostBudget",
        wanted: Collection[Protocol] = EVERY,
        on_outcome: Callable[[Outcome], object] = nobody,
        until: datetime | None = None,
        clock: Clock = now,
        random: Random | None = None,
    ) -> None:
        self.client = client
        self.store = store
        self.budget = budget
        self.wanted = wanted
        self.on_outcome = on_outcome
        self.until = until
        self.clock = clock
        self.random = random or Random()  # noqa: S311  # it spreads tries over time, and hides nothing
        self.looks = _Looks(self)
        self._unkept: deque[tuple[Discovery, datetime]] = deque()  # discoveries that the store is still to keep
        self._aside: set[int] = set()
        self._once_more: set[int] = set()
        self._unreadable: set[int] = set()  # of these the log knows

    def __call__(self, job: Job) -> Step | End:
        """What is to be done for the job, with a place at its target's host."""
        began, instant = monotonic(), self.clock()
        try:
            known = self.store.outbox.to_deliver(job.subject, now=instant)
        except UnreadableRow as error:
            return self._put_off(job, error)
        if known is None:
            return End(partial(self.store.jobs.done, job))
        ping, remembered = known
        told_before = ping.told_by is not None and ping.linked  # then by the protocol of that time, or not at all
        if not (ping.told_by in self.wanted if told_before else self.protocols_for(ping)):
            return self.set_aside(job)
        return _OnItsWay(self, job, ping, began=began).begin(remembered)

    def broken(self, job: Job, error: Exception) -> End:
        """For an error of ours, of which the log tells: the ping failed, and is tried again."""
        try:
            known = self.store.outbox.to_deliver(job.subject, now=self.clock())
        except StoreError:
            known = None
        if known is None:
            return self._put_off(job, error)
        ping, _ = known
        failed = Outcome(
            source=ping.source,
            target=ping.target,
            status=OutcomeStatus.FAILED,
            message="something went wrong here",
            attempts=1,
        )
        return _OnItsWay(self, job, ping, began=monotonic()).ended(Delivery(failed))

    def settle(self) -> None:
        """Keep the discoveries that no ping took along."""
        while found := self.take_along():
            for discovery, until in found:
                self.store.discoveries.remember(discovery, until=until)

    def give_back(self) -> None:
        """Let others have at once what this run might not send; who sends all that is due would only have it again."""
        if self._aside:
            self.store.outbox.give_back(self._aside, now=self.clock())

    def set_aside(self, job: Job, told: Callable[[], object] = lambda: None) -> End:
        """Keep it from this run, and for a while from others; `give_back` ends that."""
        self._aside.add(job.subject)
        instant = self.clock()
        later = max(self.until or instant, instant) + ASIDE_FOR
        return End(partial(self.store.jobs.postpone, job, later, now=instant), told, counts=False)

    def once_more(self, job: Job, instant: datetime) -> datetime | None:
        """When this run, if it is patient enough, tries a second time what failed for want of room; None after that."""
        due = instant + ONCE_MORE_AFTER
        if self.until is None or due > self.until or job.subject in self._once_more:
            return None
        self._once_more.add(job.subject)
        return due

    def protocols_for(self, ping: QueuedPing) -> Collection[Protocol]:
        """Those by which it may be told: of a link that is gone, only some can tell, the one that told of it first."""
        if ping.linked:
            return self.wanted
        removals = [name for name in self.wanted if name in retelling().removals]
        return [name for name in removals if name == ping.told_by] or removals

    def found(self, discovery: Discovery) -> None:
        """To be kept with what comes of a ping: a commit for it would be one more, and nobody waits for it."""
        if discovery.max_age > 0:
            self._unkept.append((discovery, self.clock() + timedelta(seconds=discovery.max_age)))

    def take_along(self) -> list[tuple[Discovery, datetime]]:
        """Some discoveries that are to be kept."""
        taken: list[tuple[Discovery, datetime]] = []
        with suppress(IndexError):
            while len(taken) < KEPT_TOGETHER:
                taken.append(self._unkept.popleft())
        return taken

    def put_back(self, taken: list[tuple[Discovery, datetime]]) -> None:
        """They could not be kept now."""
        self._unkept.extend(taken)

    def _put_off(self, job: Job, error: Exception) -> End:
        """Nobody can tell what the job is about; an owner who sees to it has a day."""
        if job.subject not in self._unreadable and len(self._unreadable) < REMEMBERED:
            self._unreadable.add(job.subject)
            log.error("ping %s of the outbox cannot be read, and is put off: %s", job.subject, error)
        instant = self.clock()
        return End(partial(self.store.jobs.postpone, job, instant + UNREADABLE_FOR, now=instant), counts=False)


class _Looks:
    """The looks at targets: many links to one target share one, while it is under way and for a while after."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._lock = Lock()
        self._found: OrderedDict[str, tuple[Discovery, float]] = OrderedDict()
        self._asking: dict[str, Future[Discovery]] = {}

    def known(self, target: str) -> Discovery | None:
        """What was just found."""
        with self._lock:
            found, until = self._found.get(key_of(target), (None, 0.0))
        return found if monotonic() < until else None

    def forget(self, target: str) -> None:
        """It was wrong."""
        with self._lock:
            self._found.pop(key_of(target), None)

    def discover(self, target: str) -> Discovery:
        """What the target advertises. Raises as `discover` does."""
        key = key_of(target)
        if (found := self.known(target)) is not None:
            return found
        with self._lock:
            asking = self._asking.get(key)
            mine = self._asking[key] = Future() if asking is None else asking
        if asking is not None:
            return asking.result()
        try:
            found = self._look(target)
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            with self._lock:
                self._found[key] = found, monotonic() + SHARED_FOR
                if len(self._found) > REMEMBERED:
                    self._found.popitem(last=False)
            mine.set_result(found)
            self._deliveries.found(found)
            return found
        finally:
            with self._lock:
                del self._asking[key]

    def _look(self, target: str) -> Discovery:
        budget, host = self._deliveries.budget, server_of(target)
        try:
            found = discover(target, client=self._deliveries.client)
        except Unreachable:
            budget.unanswered(host, "look")
            raise
        except FetchError:
            budget.answered(host, "look")
            raise
        budget.answered(host, "look")
        return found


class _OnItsWay:
    """One ping, from the look at its target to the record of what became of it."""

    def __init__(self, deliveries: Deliveries, job: Job, ping: QueuedPing, *, began: float) -> None:
        self._deliveries = deliveries
        self._job = job
        self._ping = ping
        self._began = began
        self._is_remembered = False
        self._endpoint_host = ""  # where there is none
        self._told: Outcome | None = None

    def begin(self, remembered: Discovery | None) -> Step | End:
        """Look at the target, where it is not known what that advertises.

        After a change or a failure the page is asked anew, whatever is remembered of it.
        """
        ping = self._ping
        if ping.direct:
            return self._tell(given(ping.target, ping.target, Protocol.TRACKBACK))
        if (found := self._deliveries.looks.known(ping.target)) is not None:
            return self._tell(found)
        if remembered is not None and not (ping.told or ping.attempts) and ping.status is OutcomeStatus.WAITING:
            self._is_remembered = True
            return self._tell(remembered)
        return self._look()

    def _look(self) -> Step | End:
        try:
            found = self._deliveries.looks.discover(self._ping.target)
        except FetchError as error:
            return self.ended(undelivered(self._ping.source, self._ping.target, error))
        return self._tell(found)

    def _tell(self, found: Discovery) -> Step | End:
        """Deliver, once there is a place at the endpoint's host: many targets may have theirs at one service."""
        wanted = self._deliveries.protocols_for(self._ping)
        found = replace(found, target=self._ping.target)  # as this post spells it (Pingback 1.0 §3)
        usable = [endpoint for endpoint in found.endpoints if endpoint.protocol in wanted]
        if usable:
            self._endpoint_host = server_of(usable[0].url)
            return Step(self._endpoint_host, partial(self._deliver, found, wanted))
        if self._ping.linked and found.endpoints:  # for protocols that this run may not use
            delivery = deliver(self._ping.source, found, client=self._deliveries.client, wanted=wanted)
            log_outcome(delivery.outcome)
            return self._deliveries.set_aside(self._job, partial(self._deliveries.on_outcome, delivery.outcome))
        return self._deliver(found, wanted)

    def _deliver(self, found: Discovery, wanted: Collection[Protocol]) -> Step | End:
        ours, target = self._deliveries, self._ping.target
        delivery = deliver(self._ping.source, found, client=ours.client, wanted=wanted)
        outcome = delivery.outcome
        if outcome.attempts:
            unanswered = outcome.status is OutcomeStatus.FAILED and outcome.fault is None
            note = ours.budget.unanswered if unanswered else ours.budget.answered
            note(self._endpoint_host, "tell")
        if self._is_remembered and delivery.absent:  # it names an endpoint that is no more
            ours.store.discoveries.forget(target)
            ours.looks.forget(target)
            self._is_remembered = False
            return Step(self._job.host, self._look)
        return self.ended(delivery)

    def ended(self, delivery: Delivery) -> End:
        """Keep what became of it, and when the next try is due."""
        instant = self._deliveries.clock()
        outcome = delivery.outcome if self._ping.linked else _of_removal(delivery.outcome)
        wish = retry_after(delivery.retry_after, now=instant, within=DELIVERIES.horizon)
        if outcome.fault == _TOO_FAST:
            for host in {self._job.host, self._endpoint_host} - {""}:
                self._deliveries.budget.too_fast(host, wish)
        since = self._ping.aging_since or instant if delivery.ages else None
        outcome, due = self._scheduled(outcome, wish, instant, aging_since=since)
        is_done = outcome.status in _DONE
        exchange = None if is_done else delivery.exchange
        return End(
            partial(self._keep, outcome, instant, monotonic() - self._began, due, since if due else None, exchange),
            partial(self._tell_outcome, due),
            twice=f"{shown(self._ping.source)} to {shown(self._ping.target)}" if is_done else "",
        )

    def _scheduled(
        self, outcome: Outcome, wish: datetime | None, instant: datetime, *, aging_since: datetime | None
    ) -> tuple[Outcome, datetime | None]:
        """The outcome, given up where it failed for too long, and when the next try is due."""
        is_failed, random = outcome.status is OutcomeStatus.FAILED, self._deliveries.random
        is_plain_503 = is_failed and outcome.fault == _NO_ROOM and wish is None
        if is_plain_503 and (soon := self._deliveries.once_more(self._job, instant)):
            return outcome, soon
        since = self._job.failing_since or instant
        if aging_since is not None and outcome.status not in _DONE:
            due = AGING.next_try(failing_since=aging_since, now=instant, random=random, not_before=wish)
        elif not is_failed:
            due = None
        elif outcome.fault == _TOO_FAST:
            due = DELIVERIES.next_at_pace(failing_since=since, now=instant, not_before=wish)
        else:
            due = DELIVERIES.next_try(failing_since=since, now=instant, random=random, not_before=wish)
        return (outcome, due) if due or not is_failed else (replace(outcome, status=OutcomeStatus.GONE), None)

    def _keep(
        self,
        outcome: Outcome,
        instant: datetime,
        seconds: float,
        due: datetime | None,
        aging_since: datetime | None,
        exchange: str | None,
    ) -> None:
        becomes = partial(
            tried,
            sent=self._ping,
            outcome=outcome,
            at=instant,
            next_try=due,
            retelling=retelling(),
            aging_since=aging_since,
        )
        discovered = self._deliveries.take_along()
        try:
            recorded = self._deliveries.store.outbox.record(
                self._ping, self._job, Try(outcome, instant, seconds, exchange), becomes=becomes, discovered=discovered
            )
        except BaseException:
            self._deliveries.put_back(discovered)
            raise
        if recorded is None:
            log.debug("ping %s is not kept any more", self._ping.id)
            return
        told = recorded.as_outcome()
        if recorded.status is OutcomeStatus.WAITING and not recorded.is_held:  # for what the post changed meanwhile
            told = replace(outcome, attempts=recorded.attempts, next_try=recorded.next_try)
        log_outcome(told)
        self._told = told

    def _tell_outcome(self, due: datetime | None) -> None:
        until = self._deliveries.until
        if self._told is not None and (due is None or until is None or due > until):
            self._deliveries.on_outcome(self._told)


def _of_removal(outcome: Outcome) -> Outcome:
    """A far side that was told that a link is gone, looks and says that there is none, has understood."""
    if outcome.status is not OutcomeStatus.REFUSED:
        return outcome
    return replace(outcome, status=OutcomeStatus.ACCEPTED, message=f"told that the link is gone: {outcome.message}")
