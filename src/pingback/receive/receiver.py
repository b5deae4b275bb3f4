"""`Receiver`: a ping on its way in. Accept, known already?, verify, decide, keep; one path for all protocols.

The fault codes are those of Pingback 1.0 §3. Other protocols say the same refusals in their own words.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from threading import BoundedSemaphore
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pingback.clock import Clock, now
from pingback.errors import Fault, FaultCode, NoTurn, StoreError
from pingback.model import Mention, MentionStatus, Protocol, Words
from pingback.receive.background import Background, Busy
from pingback.receive.existence import TargetCheck
from pingback.receive.moderation import Moderator, with_words
from pingback.receive.observer import RETRY_AFTER, Observer, log_ping
from pingback.receive.pages import SitePages
from pingback.receive.policy import Gate, Policy
from pingback.receive.settling import Settler, already_known
from pingback.receive.verify import address_of
from pingback.urls import key_of, tidy

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.store import Store

T = TypeVar("T")

MAX_WAITING = 48  # pings that wait for their source at a time; a server needs more threads than that
MAX_LISTED = 10_000  # mentions in one answer
LISTS_AT_ONCE = 2
LISTS_IN_HAND = 8  # with those that wait; a server needs a thread for each, beside MAX_WAITING

log = logging.getLogger(__name__)


class Receiver:
    """Takes pings for the pages of `site` and keeps what is true of them in `store`. Thread-safe.

    `moderator` refuses whom the owner blocked and decides on any other's mention. Its `settler` looks at sources, and
    finishes what had to wait. Long lists that are made in a thread that pings need are made within `listing`.

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
        self._policy = policy
        self._clock = clock
        self.settler = Settler(site, moderator, store=store, client=client, policy=policy, clock=clock)
        self.listing = Gate(at_once=LISTS_AT_ONCE, in_hand=LISTS_IN_HAND)
        self._targets = TargetCheck(site.check_exists, in_background=self.settler.background is not None)
        self._waiting = BoundedSemaphore(MAX_WAITING)
        self._closed = False

    @property
    def store(self) -> "Store":
        """Where the mentions are kept."""
        return self._store

    @property
    def observer(self) -> Observer:
        """Who counts and times what is done."""
        return self.settler.observer

    @property
    def alive(self) -> bool:
        """It was not closed, and what is to be verified afterwards will be."""
        background = self.settler.background
        return not self._closed and (background is None or background.alive)

    def trouble(self) -> str | None:
        """Why no ping could be taken now, in words for anybody; None where one could. May wait for the database."""
        if not self.alive:
            return "Nothing is verified any more: the server is stopping."
        try:
            self._store.readiness.check()
        except StoreError as error:
            self.settler.alarm.ring(error)
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
        self.settler.start()
        try:
            with self.settler.alarm.hiding():
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
        with self.settler.alarm.hiding():
            return self._store.mentions.find_pair(pair)

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
        """Finish what is pending, and go on with it in the background, where there is one. Raises StoreError."""
        self.settler.resume()

    def close(self) -> None:
        """Stop the background; what it has not finished stays pending, for the next process to take up."""
        self._closed = True
        self.settler.close()
        self._targets.close()

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
        known = self._store.mentions.find(arrived.source, arrived.target)
        if known is not None and known.status is not MentionStatus.REJECTED:
            if protocol not in self._policy.believed:
                self._refresh(known, client_ip, protocol)
            raise already_known()
        if protocol in self._policy.believed:
            return self._keep_unverified(arrived, words)
        background = self._background_for(protocol)
        if background is None:
            if self.settler.backlog.has_turn(arrived.source):
                with suppress(NoTurn):
                    return self.settler.keep(self.settler.judge(arrived, client_ip))
            raise _too_busy()
        return self._keep_in_time(arrived, client_ip, background)

    def _background_for(self, protocol: Protocol) -> Background | None:
        """Who looks at the sources of a protocol's pings; None where that is the caller's own thread."""
        waits = self._policy.answer_within is None and not self.queues(protocol)
        return None if waits else self.settler.background

    def _of_approved(self, target: str, client_ip: str | None, read: Callable[[str], list[T]]) -> list[T]:
        """What is read of the target; where that is nothing, the site is asked whether there is such a page."""
        target = _text(target)
        self._site.check_target(target)
        with self.settler.alarm.hiding():
            found = read(target)
        if not found:
            if self._policy.rate is not None:
                self._policy.rate.check_sender(client_ip)
            with suppress(Busy):
                self._targets.check_exists(target)
        return found

    def _keep_unverified(self, arrived: Mention, words: Words) -> Mention:
        """Nobody is asked but the site itself: a stranger's word sends us nowhere."""
        try:
            self._targets.check_exists(arrived.target)
        except Busy:
            raise _too_busy() from None
        return self.settler.keep(with_words(arrived, words), source_asked=False)

    def _keep_in_time(self, arrived: Mention, client_ip: str | None, background: Background) -> Mention:
        if self.queues(arrived.protocol):
            # Webmention §3.2.1: this should be synchronous. Where nobody has time for it, `_judge` asks.
            with suppress(Busy):
                self._targets.check_exists(arrived.target)
        judge = partial(self.settler.judge, arrived, client_ip)
        try:
            judging = self.settler.backlog.look(background, ("judge", *_key(arrived)), arrived.source, judge)
            if self._done_in_time(judging, arrived.protocol):
                return self.settler.keep(judging.result())
        except (Busy, NoTurn):
            return self._keep_waiting(arrived)
        pending = self.settler.keep(arrived, holder=self.settler.backlog.holder)
        judging.add_done_callback(lambda judged: self.settler.settle(pending, judged.result))
        return pending

    def _keep_waiting(self, arrived: Mention) -> Mention:
        try:
            with self.settler.backlog.joining(arrived.source):
                pending = self.settler.keep(arrived, source_asked=False)
        except Busy:
            raise _too_busy() from None
        self.settler.wake()
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

    def _refresh(self, known: Mention, client_ip: str | None, protocol: Protocol) -> None:
        """Verify anew what a sender pings again, at most once an hour, whatever comes of it."""
        if not self.settler.backlog.ask_again(known):
            return
        renew = partial(self.settler.renew_if_due, known, client_ip)
        background = self._background_for(protocol)
        if background is None:
            if self.settler.backlog.has_turn(known.source):
                renew()
            return
        try:
            looking = self.settler.backlog.look(background, ("backlog", known.id), known.source, renew)
            self._done_in_time(looking, protocol)
        except Busy:
            self.settler.wake()


def _text(url: str) -> str:
    if not isinstance(url, str):
        raise TypeError(f"a URL is a str, not {type(url).__name__}")
    return url.strip()


def _key(mention: Mention) -> tuple[str, str, str]:
    """What makes pings equal. By another protocol, other sources hold a link."""
    return mention.protocol, key_of(mention.source), key_of(mention.target)


def _too_busy() -> Fault:
    message = "too many pings are waiting; try again later"
    return Fault(FaultCode.UPSTREAM_ERROR, message, retry_after=RETRY_AFTER)
