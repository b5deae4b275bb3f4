"""`Receiver`: a ping on its way in. Accept, known already?, verify, decide, keep; one path for all protocols.

The fault codes are those of Pingback 1.0 §3. Other protocols say the same refusals in their own words.
"""

import logging
from collections.abc import Callable, Collection
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from math import inf
from threading import BoundedSemaphore
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pingback.clock import Clock, now
from pingback.errors import Fault, FaultCode, FetchError, NoTurn, StoreError
from pingback.model import Mention, MentionStatus, Protocol, Verification, Words
from pingback.receive.alarm import RETRY_AFTER, Alarm
from pingback.receive.background import Background, Busy
from pingback.receive.backlog import REVERIFY_AFTER, Backlog
from pingback.receive.changes import with_page, with_words
from pingback.receive.gate import Gate
from pingback.receive.logbook import log_ping, log_settled
from pingback.receive.moderation import Moderator
from pingback.receive.observer import NOBODY, Observer, timed
from pingback.receive.pages import SitePages
from pingback.receive.renewal import Renewal
from pingback.receive.schedule import Schedule
from pingback.receive.target_check import TargetCheck
from pingback.receive.turns import Turns
from pingback.receive.verify import address_of, fault_of, headers_for, verify
from pingback.urls import key_of, tidy

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.receive.limits import Rate
    from pingback.store import Store

T = TypeVar("T")

MAX_WAITING = 48  # pings that wait for their source at a time; a server needs more threads than that
MAX_LISTED = 10_000  # mentions in one answer
LISTS_AT_ONCE = 2
LISTS_IN_HAND = 8  # with those that wait; a server needs a thread for each, beside MAX_WAITING

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How pings are taken.

    With `answer_within` (seconds), no ping waits longer than that for its source: what is not verified by then is kept
    as `pending`, answered with success, and finished by background threads. Without, everything is done in the caller's
    thread. Pings of the protocols in `queued` wait for no source: they are kept and verified afterwards.

    A TrackBack brings words of its own and proves nothing, so that it is verified like all others. Pings of protocols
    that are `believed` stay `pending` with these words instead, and nobody asks their source until another protocol
    names the same pair; what the owner approves of them is on their word (`Moderation.on_their_word`).

    `rate` is how often a sender may ping (`sender_of` its address), fault 49 beyond; `source_rate` is how often the
    host of a source, the site itself aside, may be asked on the word of strangers. A ping beyond that is kept as
    `pending`, too, and verified when its turn comes; without background threads it is fault 50. The same holds for an
    address that was asked 60 times in a minute, by whatever names (`pingback.receive.turns`), and for names whose
    sender or domain has too many look-ups that hang (`pingback.net.lookups`).
    """

    answer_within: float | None
    queued: Collection[Protocol]
    believed: Collection[Protocol]
    rate: "Rate | None"
    source_rate: "Rate | None"


class Receiver:
    """Takes pings for the pages of `site` and keeps what is true of them in `store`. Thread-safe.

    `moderator` refuses whom the owner blocked and decides on any other's mention. `observer` is told of each answer and
    each look at a source, `on_settled` of each mention that was kept or found to be something else, once that is on
    disk, in the thread that did it; both are set before the first ping. Who makes a long list in a thread that pings
    need, too, does so within `listing`.

    It is made without a thread, a file or a request. From the first ping on, or from `resume`, a thread takes up what
    waits in the store.
    """

    def __init__(
        self,
        site: SitePages,
        moderator: Moderator,
        *,
        store: "Store",
        client: "Client",
        policy: Policy,
        clock: Clock = now,
    ) -> None:
        self._site = site
        self._moderator = moderator
        self._store = store
        self._client = client
        self._policy = policy
        self._clock = clock
        self.observer: Observer = NOBODY
        self.on_settled: Callable[[Mention], object] = lambda mention: None
        self.listing = Gate(at_once=LISTS_AT_ONCE, in_hand=LISTS_IN_HAND)
        self._background = Background() if policy.answer_within is not None or policy.queued else None
        self._targets = TargetCheck(site.check_exists, in_background=self._background is not None)
        self._renewal = Renewal(store=store, look=self._verify, decided=moderator.decided, clock=clock)
        self._waiting = BoundedSemaphore(MAX_WAITING)
        self._alarm = Alarm()
        self._closed = False
        self._backlog = Backlog(
            store.queue,
            background=self._background,
            turns=Turns(policy.source_rate, site=site, clock=clock),
            unasked=policy.believed,
            settle=lambda pending: self._settle(pending, partial(self._judge, pending, pending.client_ip)),
            renew=lambda known: self._renew_if_due(known, None),
            clock=clock,
        )
        self._schedule = Schedule(self._alarm.guarding("take up what waits")(self._take_up))

    @property
    def store(self) -> "Store":
        """Where the mentions are kept."""
        return self._store

    @property
    def alive(self) -> bool:
        """It was not closed, and what is to be verified afterwards will be."""
        return not self._closed and (self._background is None or self._background.alive)

    def trouble(self) -> str | None:
        """Why no ping could be taken now, in words for anybody; None where one could. May wait for the database."""
        if not self.alive:
            return "Nothing is verified any more: the server is stopping."
        try:
            self._store.upkeep.check_writable()
        except StoreError as error:
            self._alarm.ring(error)
            return f"Pings cannot be kept: {error.public or 'the database cannot be used'}."
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ping(
        self,
        source: str,
        target: str,
        *,
        client_ip: str | None = None,
        protocol: Protocol = Protocol.PINGBACK,
        words: Words | None = None,
    ) -> Mention:
        """The mention that was kept; raises `Fault` for any other end. `client_ip` is the sender's IP address.

        Without it nobody is counted: such a ping is our own host's word. A stranger whose address is unknown is `""`.

        A pair that is known, by whichever protocol, is fault 48; it is verified anew when the last try is an hour old,
        at once or then. A Fault whose `retry_after` is set means that the ping is welcome later: too many are waiting,
        or came from this sender (49), or the store fails. `words` are those of a TrackBack; they are kept where it is
        not verified, else the source's page is believed before its sender.
        """
        source, target = _text(source), _text(target)
        began = monotonic()
        if self._background is not None:
            self._schedule.start()
        try:
            with self._alarm.hiding():
                if self._policy.rate is not None:
                    self._policy.rate.check_sender(client_ip)
                mention = self._take(source, target, client_ip, protocol, words or Words())
        except Fault as fault:
            log_ping(protocol, source, target, client_ip, fault)
            self.observer.received(protocol, fault, monotonic() - began)
            raise
        log_ping(protocol, source, target, client_ip, mention.status)
        self.observer.received(protocol, mention.status, monotonic() - began)
        return mention

    def queues(self, protocol: Protocol) -> bool:
        """Pings of this protocol are answered before they are verified."""
        return protocol in self._policy.queued

    def target_at(self, address: str, *, asked_at: str) -> str:
        """The URL of the page of the site that has this path and query; see `pingback.receive.pages`."""
        return self._site.target_at(address, asked_at=asked_at)

    def find_pair(self, pair: str) -> Mention | None:
        """The mention whose source and target have this key (`pingback.store.keys.pair_of`)."""
        with self._alarm.hiding():
            return self._store.find_pair(pair)

    def approved_of(self, target: str, *, most: int = MAX_LISTED, client_ip: str | None = None) -> list[Mention]:
        """The approved mentions of the target in order of arrival; Fault 33 or 32 as for a ping.

        Where there are more than `most`, they are the newest. Fault 49 where `client_ip`, an IP address, has the site
        asked for its pages more often than it may ping.
        """
        return self._of_approved(target, client_ip, partial(self._store.listing.newest, most=most))

    def pingbacks_of(self, target: str, *, client_ip: str | None = None) -> list[str]:
        """The sources of `approved_of`, and its faults."""
        return self._of_approved(target, client_ip, partial(self._store.listing.newest_sources, most=MAX_LISTED))

    def resume(self) -> None:
        """Finish what is pending, here, or in the background where there is one, which goes on with it from now on.

        A process may have ended before it could; what another has in hand is left to it. Raises StoreError.
        """
        self._take_up()
        if self._background is not None:
            self.start()

    @property
    def running(self) -> bool:
        """Its background takes up what waits."""
        return self._schedule.running

    def start(self) -> None:
        """Have the background take up what waits, soon and from now on."""
        self._schedule.start()
        self._schedule.wake()

    def work_off(self, *, until: float = inf) -> int:
        """Finish what is pending in this thread, as far as it begins before `until` on the monotonic clock.

        How many mentions were looked at. Raises StoreError.
        """
        self._store.moderation.approve_on_their_word()
        return self._backlog.work_off(until=until)

    def reverify(self, *, after: timedelta, most: int, until: float = inf) -> int:
        """Look again at approved mentions whose source was last asked for that long ago, the oldest first.

        One that failed since is looked at sooner. Blocks, for `most` exchanges at most, as far as they begin before
        `until` on the monotonic clock; how many there were. Raises StoreError.
        """
        looked_at = 0
        if until <= monotonic():
            return looked_at
        for known in self._renewal.overdue(after=after, most=most):
            looked_at += 1
            with self._alarm.guarding(f"verify mention {known.id} anew"), suppress(NoTurn):
                self._renew(known, None)
            if self._closed or until <= monotonic():
                break
        return looked_at

    def close(self) -> None:
        """Stop the background; what it has not finished stays pending, for `resume` to take up."""
        self._closed = True
        self._backlog.close()
        self._schedule.close()
        self._targets.close()
        if self._background is not None:
            self._background.close()

    def _take_up(self) -> None:
        self._store.moderation.approve_on_their_word()
        self._backlog.take_up()

    def _take(self, source: str, target: str, client_ip: str | None, protocol: Protocol, words: Words) -> Mention:
        self._site.check_target(target)
        self._site.check_source(source, target)
        self._moderator.check_source(source)
        arrived = Mention(
            source=tidy(source),
            target=tidy(target),
            protocol=protocol,
            status=MentionStatus.PENDING,
            received=self._clock(),
            client_ip=address_of(client_ip),
        )
        known = self._store.find(arrived.source, arrived.target)
        if known is not None and known.status is not MentionStatus.REJECTED:
            if protocol not in self._policy.believed:
                self._refresh(known, client_ip, protocol)
            raise _known()
        if protocol in self._policy.believed:
            return self._keep_unverified(arrived, words)
        background = self._background_for(protocol)
        if background is None:
            if self._backlog.has_turn(arrived.source):
                with suppress(NoTurn):
                    return self._keep(self._judge(arrived, client_ip))
            raise _too_busy()
        return self._keep_in_time(arrived, client_ip, background)

    def _background_for(self, protocol: Protocol) -> Background | None:
        """Who looks at the sources of a protocol's pings; None where that is the caller's own thread."""
        waits = self._policy.answer_within is None and not self.queues(protocol)
        return None if waits else self._background

    def _of_approved(self, target: str, client_ip: str | None, read: Callable[[str], list[T]]) -> list[T]:
        """What is read of the target; where that is nothing, the site is asked whether there is such a page."""
        target = _text(target)
        self._site.check_target(target)
        with self._alarm.hiding():
            found = read(target)
        if not found:
            if self._policy.rate is not None:
                self._policy.rate.check_sender(client_ip)
            with suppress(Busy):
                self._targets.check_exists(target)
        return found

    def _judge(self, arrived: Mention, client_ip: str | None) -> Mention:
        """The mention as it should be kept; raises `Fault` where it should not."""
        self._site.check_target(arrived.target)  # once more: since it came, the site and the blocks may have changed
        self._moderator.check_source(arrived.source)
        self._site.check_exists(arrived.target)
        try:
            verification = self._verify(arrived, client_ip)
        except FetchError as error:
            raise fault_of(error) from error
        if not verification.linked:
            raise Fault(FaultCode.NO_LINK, verification.reason or "the source does not link to the target")
        return self._moderator.decided(with_page(arrived, verification, self._clock()), arrived)

    def _verify(self, mention: Mention, client_ip: str | None) -> Verification:
        # What is kept and looked at later still counts for whom sent it, unless somebody else asks for it now.
        client_ip = mention.client_ip or "" if client_ip is None and mention.id is not None else client_ip
        headers = headers_for(client_ip, site=self._site.name, protocol=mention.protocol)
        look = partial(verify, mention.source, mention.target, protocol=mention.protocol)
        with (
            timed(partial(self.observer.verified, mention.protocol)),
            self._backlog.visiting(mention.source, client_ip) as permit,
        ):
            return look(client=self._client, headers=headers, permit=permit)

    def _keep(self, mention: Mention, *, source_asked: bool = True, holder: str | None = None) -> Mention:
        kept, new = self._store.keep(mention, source_asked=source_asked, holder=holder)
        if not new:  # an equal ping was faster
            raise _known()
        self.on_settled(kept)
        return kept

    def _keep_unverified(self, arrived: Mention, words: Words) -> Mention:
        """Nobody is asked but the site itself: a stranger's word sends us nowhere."""
        try:
            self._targets.check_exists(arrived.target)
        except Busy:
            raise _too_busy() from None
        return self._keep(with_words(arrived, words), source_asked=False)

    def _keep_in_time(self, arrived: Mention, client_ip: str | None, background: Background) -> Mention:
        if self.queues(arrived.protocol):
            # Webmention §3.2.1: this should be synchronous. Where nobody has time for it, `_judge` asks.
            with suppress(Busy):
                self._targets.check_exists(arrived.target)
        judge = partial(self._judge, arrived, client_ip)
        try:
            judging = self._backlog.look(background, ("judge", *_key(arrived)), arrived.source, judge)
            if self._done_in_time(judging, arrived.protocol):
                return self._keep(judging.result())
        except (Busy, NoTurn):
            return self._keep_waiting(arrived)
        pending = self._keep(arrived, holder=self._backlog.holder)
        judging.add_done_callback(lambda judged: self._settle(pending, judged.result))
        return pending

    def _keep_waiting(self, arrived: Mention) -> Mention:
        try:
            with self._backlog.joining(arrived.source):
                pending = self._keep(arrived, source_asked=False)
        except Busy:
            raise _too_busy() from None
        self._schedule.wake()
        return pending

    def _done_in_time(self, job: Future[Any], protocol: Protocol) -> bool:
        """Waits for as long as an answer may take; not at all where many wait: slow sources must not use up threads."""
        if self.queues(protocol):
            return False
        if self._waiting.acquire(blocking=False):
            try:
                wait([job], timeout=self._policy.answer_within)
            finally:
                self._waiting.release()
        return job.done() and not job.cancelled()

    def _settle(self, pending: Mention, judge: Callable[[], Mention]) -> bool:
        """Bring a pending mention to its end, in a thread that nobody waits for; false where it waits still."""
        with self._alarm.guarding(f"finish mention {pending.id}"), suppress(NoTurn, CancelledError):
            self._end(pending, judge)
            return True
        return False

    def _end(self, pending: Mention, judge: Callable[[], Mention]) -> None:
        try:
            settled = replace(judge(), id=pending.id)
        except Fault as fault:
            settled = replace(pending, status=MentionStatus.REJECTED, fault=fault.code)
        except (NoTurn, CancelledError):  # nobody has looked: it waits
            self._backlog.give_back(pending)
            raise
        kept = self._store.update(settled)
        if kept.wanted:  # since somebody began to look, the owner approved it: to be looked at once more, by that word
            self._backlog.give_back(kept)
            self._schedule.wake()
        else:
            log_settled(kept)
            self.on_settled(kept)

    def _refresh(self, known: Mention, client_ip: str | None, protocol: Protocol) -> None:
        """Verify anew what a sender pings again, at most once an hour, whatever comes of it."""
        if not self._backlog.ask_again(known):
            return
        renew = partial(self._renew_if_due, known, client_ip)
        background = self._background_for(protocol)
        if background is None:
            if self._backlog.has_turn(known.source):
                renew()
            return
        try:
            self._done_in_time(self._backlog.look(background, ("backlog", known.id), known.source, renew), protocol)
        except Busy:
            self._schedule.wake()

    def _renew_if_due(self, known: Mention, client_ip: str | None) -> bool:
        """True where its time had come, and nobody else took it."""
        with self._alarm.guarding(f"verify mention {known.id} anew"), suppress(NoTurn):
            instant = self._clock()
            due = instant - REVERIFY_AFTER
            if not self._store.claim(known, now=instant, not_since=due, holder=self._backlog.holder):
                return False
            self._renew(known, client_ip)
            self._store.queue.answer(known, looked=instant)
        return True

    def _renew(self, known: Mention, client_ip: str | None) -> None:
        if known.status is MentionStatus.PENDING and known.verified is None:
            self._end(known, partial(self._judge, known, client_ip))
            return
        with suppress(Fault):
            self._site.check_exists(known.target)  # which learns of it when the page has moved
        renewed = self._renewal.renew(known, client_ip)
        if renewed is not None:
            self.on_settled(renewed)


def _text(url: str) -> str:
    if not isinstance(url, str):
        raise TypeError(f"a URL is a str, not {type(url).__name__}")
    return url.strip()


def _key(mention: Mention) -> tuple[str, str, str]:
    """What makes pings equal. By another protocol, other sources hold a link."""
    return mention.protocol, key_of(mention.source), key_of(mention.target)


def _known() -> Fault:
    return Fault(FaultCode.ALREADY_REGISTERED, "the ping is known already")


def _too_busy() -> Fault:
    message = "too many pings are waiting; try again later"
    return Fault(FaultCode.UPSTREAM_ERROR, message, retry_after=RETRY_AFTER)
