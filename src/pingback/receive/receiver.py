"""`Receiver`: a ping on its way in. Accept, known already?, verify, decide, keep; one path for all protocols.

The fault codes are those of Pingback 1.0 §3. Other protocols say the same refusals in their own words.
"""

import typing
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from functools import partial
from math import inf
from threading import BoundedSemaphore
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pingback.errors import Fault, FaultCode, FetchError, NoTurn, StoreError
from pingback.jobs.budget import Busy
from pingback.model import Mention, MentionStatus, Protocol, Words
from pingback.receive.blocklist import hosts_above
from pingback.receive.existence import NoAnswer, NotAsked
from pingback.receive.homes import home_of
from pingback.receive.moderation import with_words
from pingback.receive.observer import RETRY_AFTER, Observer, log_ping
from pingback.receive.policy import Gate, Policy, Shared
from pingback.receive.verification import EXISTS_WITHIN, Verifier, kind_of
from pingback.receive.verify import address_of, fault_of
from pingback.store.looks import FirstLook, NextLook, TooMany
from pingback.urls import key_of, server_of, tidy

if TYPE_CHECKING:
    from pingback.store import Store
    from pingback.store.mentions import Arrival

T = TypeVar("T")

MAX_WAITING = 48  # pings that wait for their source at a time; a server needs more threads than that
MAX_LISTED = 10_000  # mentions in one answer
LISTS_AT_ONCE = 2
LISTS_IN_HAND = 8  # with those that wait; a server needs a thread for each, beside MAX_WAITING

ANSWERED_WITHIN = 2.8  # seconds, a locked database included: WordPress hangs up after 3
TO_KEEP = 0.3  # seconds that there are to write what was found out, however long that took
MOST_QUEUED = 100  # then the sender of one more waits for its source, as if it were not queued: silent ones hide nobody
MOST_WAITING = 1000  # pings whose source nobody has looked at yet
MOST_WAITING_OF_A_HOST = 50  # more than anybody's series, and five minutes' budget
REVERIFY_AFTER = timedelta(hours=1)


class Carrier(typing.Protocol):
    """Who does the jobs that are left here."""

    @property
    def alive(self) -> bool:
        """They will be done."""

    def wake(self) -> object:
        """There is one more."""


class _Coming(NamedTuple):
    """A ping that is being taken: what is known of it, and its times on the monotonic clock."""

    mention: Mention
    client_ip: str | None
    known: "Arrival"
    look_until: float  # what is found out by then is answered at once
    ends: float  # when it has to be answered


class Receiver:
    """Takes pings for the pages of a site and keeps what is true of them in its store. Thread-safe.

    All is done in the caller's thread. What cannot be done while the sender waits is kept with a job, which the
    `carrier` hears of. Long lists that are made in a thread that pings need are made within `listing`. `feeds` are the
    site's own.
    """

    def __init__(self, verifier: Verifier, *, policy: Policy, carrier: Carrier, feeds: tuple[str, ...] = ()) -> None:
        self._verifier = verifier
        self.site = verifier.site
        self.feeds = feeds
        self._store = verifier.store
        self._policy = policy
        self._carrier = carrier
        self.listing = Gate(at_once=LISTS_AT_ONCE, in_hand=LISTS_IN_HAND)
        self._waiting = BoundedSemaphore(MAX_WAITING)
        self._looks: Shared[Mention] = Shared()

    @property
    def store(self) -> "Store":
        """Where the mentions are kept."""
        return self._store

    @property
    def relays(self) -> Collection[str]:
        """The hosts that say what was said elsewhere."""
        return self._verifier.relays

    @property
    def observer(self) -> Observer:
        """Who counts and times what is done."""
        return self._verifier.observer

    def trouble(self) -> str | None:
        """Why no ping could be taken now, in words for anybody; None where one could. May wait for the database."""
        if not self._carrier.alive:
            return "Nothing is verified any more: the server is stopping."
        try:
            self._store.readiness.check()
        except StoreError as error:
            self._verifier.alarm.ring(error)
            return f"Pings cannot be kept: {error.public or 'the database cannot be used'}."
        return None

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

        A pair that is known, by whichever protocol, is fault 48; it is verified anew when the last look is an hour old,
        soon or then. A Fault whose `retry_after` is set means that the ping is welcome later: too many are waiting, or
        came from this sender (49), or the store fails. `words` are those of a TrackBack; they are kept where it is not
        verified, else the source's page is believed before its sender.
        """
        source, target = _text(source), _text(target)
        began = monotonic()
        try:
            with self._verifier.alarm.hiding():
                self._policy.check_sender(client_ip)
                mention = self._take(source, target, client_ip, protocol, words or Words(), began)
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

    def wake(self) -> None:
        """Jobs were left by somebody else."""
        self._carrier.wake()

    def target_at(self, address: str, *, asked_at: str) -> str:
        """The URL of the page of the site that has this path and query; see `pingback.receive.pages`."""
        return self.site.target_at(address, asked_at=asked_at)

    def find_pair(self, pair: str) -> Mention | None:
        """The mention whose source and target have this key (`pingback.store.keys.pair_of`)."""
        with self._verifier.alarm.hiding():
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

    def _take(
        self, source: str, target: str, client_ip: str | None, protocol: Protocol, words: Words, began: float
    ) -> Mention:
        self.site.check_target(target)
        self.site.check_source(source, target)
        source, target = tidy(source), tidy(target)
        known = self._store.mentions.arrival(
            source=source, target=target, home=home_of(source), hosts=hosts_above(source)
        )
        self._verifier.moderator.check_source(source, blocks=known.blocks)
        mention = Mention(
            source=source,
            target=target,
            protocol=protocol,
            status=MentionStatus.PENDING,
            received=self._verifier.clock(),
            client_ip=address_of(client_ip),
            reputation=known.reputation,
            decision=known.known.decision if known.known else None,  # an approval, where nobody could look before
        )
        look_until, ends = self._times(protocol, began)
        coming = _Coming(mention, client_ip, known, look_until, ends)
        if known.unreadable:
            raise _already_known()
        if known.known is not None and known.known.status is not MentionStatus.REJECTED:
            if protocol not in self._policy.believed:
                self._ask_again(known.known, coming)
            raise _already_known()
        if protocol in self._policy.believed:
            return self._keep_unverified(coming, words)
        try:
            if self.queues(protocol):
                # Webmention §3.2.1: this should be synchronous. Where the site takes longer, the job asks.
                with suppress(NoAnswer):
                    self.site.check_exists(target, within=EXISTS_WITHIN)
                with suppress(TooMany):
                    return self._keep_waiting(coming, most=MOST_QUEUED)
            return self._look(coming)
        except TooMany:
            raise _too_busy() from None

    def _times(self, protocol: Protocol, began: float) -> tuple[float, float]:
        """Until when to look, and when a ping that began then has to be answered; neither where the sender waits."""
        within = self._policy.answer_within
        if within is None:
            if not self.queues(protocol):
                return inf, inf
            within = ANSWERED_WITHIN - TO_KEEP
        return began + within, began + max(ANSWERED_WITHIN, within + TO_KEEP)

    def _look(self, coming: _Coming) -> Mention:
        """Equal pings at once share one look, and so one request to the server of the source."""
        mention = coming.mention
        # By another protocol, other sources hold a link.
        key = (mention.protocol, key_of(mention.source), key_of(mention.target))
        if self._looks.is_ours(key):  # a host's own decider pings what it decides on
            raise _already_known()
        if coming.look_until == inf:
            looked = self._looks.find(key, partial(self._verify_now, coming), within=inf)
        elif self._waiting.acquire(blocking=False):  # slow sources must not use up the threads
            try:
                within = coming.look_until - monotonic()
                looked = self._looks.find(key, partial(self._verify_now, coming), within=within)
            except TimeoutError:
                return self._keep_waiting(coming)
            finally:
                self._waiting.release()
        else:
            return self._keep_waiting(coming)
        if not looked.by_us:
            raise _already_known()
        return looked.value

    def _verify_now(self, coming: _Coming) -> Mention:
        mention, until = coming.mention, coming.look_until
        try:
            if until <= monotonic():
                raise Busy
            with self._verifier.budget.place(server_of(mention.source)):
                if not self._verifier.budget.take(mention.source):
                    raise Busy
                found = self._verifier.judge(mention, coming.client_ip, blocks=coming.known.blocks, until=until)
        except FetchError as error:
            if monotonic() < until:  # else the time was ours, and tells nothing of the source
                raise fault_of(error) from error
        except (Busy, NoTurn) as error:
            if until == inf:
                raise _too_busy() from error
        except NoAnswer:
            pass
        else:
            return self._keep(found, coming)
        return self._keep_waiting(coming)

    def _keep(self, mention: Mention, coming: _Coming) -> Mention:
        """The mention as it is on disk then; raises `Fault` where an equal ping was faster."""
        was_tried = coming.known.known is not None and mention.verified is not None
        keep = self._store.looks.keep_instead if was_tried else self._store.mentions.keep
        kept, new = keep(mention, home=home_of(mention.source), within=_left(coming))
        if not new:
            raise _already_known()
        self._verifier.on_kept(kept)
        return kept

    def _keep_unverified(self, coming: _Coming, words: Words) -> Mention:
        """Nobody is asked but the site itself: a stranger's word sends us nowhere."""
        try:
            self.site.check_exists(coming.mention.target, within=inf if coming.look_until == inf else EXISTS_WITHIN)
        except NotAsked:
            raise _too_busy() from None
        except NoAnswer:
            pass
        return self._keep(with_words(coming.mention, words), coming)

    def _keep_waiting(self, coming: _Coming, *, most: int = MOST_WAITING) -> Mention:
        """The mention as it is on disk then, with the job that looks at its source. Raises `TooMany`."""
        mention = coming.mention
        look = FirstLook(
            host=server_of(mention.source),
            due=mention.received,
            most=most,
            most_of_host=MOST_WAITING_OF_A_HOST,
        )
        kept, new = self._store.looks.keep_waiting(mention, look, home=home_of(mention.source), within=_left(coming))
        if not new:
            raise _already_known()
        self._carrier.wake()
        return kept

    def _ask_again(self, known: Mention, coming: _Coming) -> None:
        """Have verified anew what a sender pings again, at most once an hour, whatever comes of it."""
        instant = self._verifier.clock()
        look = NextLook(kind=kind_of(known), host=server_of(known.source), apart=REVERIFY_AFTER)
        if self._store.looks.ask_again(known, look, now=instant, within=_left(coming)) > instant:
            return
        if coming.ends == inf:
            with suppress(Busy):  # then it is done when it can be
                self._verifier.look_again(known, coming.client_ip)
        else:
            self._carrier.wake()

    def _of_approved(self, target: str, client_ip: str | None, read: Callable[[str], list[T]]) -> list[T]:
        """What is read of the target; where that is nothing, the site is asked whether there is such a page."""
        target = _text(target)
        self.site.check_target(target)
        with self._verifier.alarm.hiding():
            found = read(target)
        if not found:
            self._policy.check_sender(client_ip)
            waits = self._policy.answer_within is None and not self._policy.queued
            with suppress(NoAnswer):
                self.site.check_exists(target, within=inf if waits else EXISTS_WITHIN)
        return found


def _left(coming: _Coming) -> float | None:
    """Seconds that the database has; None for as long as it takes any writer."""
    return None if coming.ends == inf else max(coming.ends - monotonic(), 0.0)


def _text(url: str) -> str:
    if not isinstance(url, str):
        raise TypeError(f"a URL is a str, not {type(url).__name__}")
    return url.strip()


def _already_known() -> Fault:
    return Fault(FaultCode.ALREADY_REGISTERED, "the ping is known already")


def _too_busy() -> Fault:
    message = "too many pings are waiting; try again later"
    return Fault(FaultCode.UPSTREAM_ERROR, message, retry_after=RETRY_AFTER)
