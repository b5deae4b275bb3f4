"""How often and by how many at once a host is asked, by all that this process does: one budget for both directions.

A stranger's word sends us to a server of their choice, be it by the name of a source, by where that redirects to, or by
the address that they give to a name of their own. So what is done on it has a rate of its own, and nothing that comes
of it, but a host's own wish, keeps our pings from that host.
"""

import logging
import threading
import typing
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from pingback.clock import Clock, now
from pingback.errors import NoTurn, StoreError
from pingback.jobs.retry import LONGEST_PACE, pace_of
from pingback.net.guard import Address, Permit, Postponed, Refused, is_here, network_of, untranslated
from pingback.urls import server_of, shown
from pingback.work import LONGEST_PAUSE, Pause

if TYPE_CHECKING:
    from pingback.jobs.limits import Rate, SharedCount
    from pingback.store.pauses import Pauses

PER_HOST = 2  # exchanges at a time: as many as a browser that is polite
STRIKES = 2  # exchanges in a row that a host leaves without an answer; then it pauses
SILENT_FOR = timedelta(minutes=5)
KNOWN_FOR = timedelta(seconds=1)  # what other processes were told by a host
ADDRESS_RATE = "60/minute"  # of a host it is less; behind one address there may be a thousand, as good as their names
REMEMBERED = 1000  # hosts, or sources, of which something is known

log = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")


class OwnPages(typing.Protocol):
    """What is the site's own, and has no budget."""

    def holds(self, url: str) -> bool:
        """The address is one of the site's pages."""

    def has_host(self, host: str) -> bool:
        """A page of the site may be at this host."""


class Busy(Exception):
    """As many exchanges with the host are under way as may be, or it pauses."""


class HostBudget:
    """Counts the exchanges with each host. Thread-safe.

    A host is named as by `pingback.urls.server_of`, and "" is none, which has no bounds. One that is slow, or asked for
    patience, gets one exchange at a time. All processes with the same `pauses` heed them within a second.

    What strangers name is counted by `rate`, where there is one, and by one of addresses. Pages of the `site` need no
    room in that of their host, nor its hosts in that of an address. `is_here` knows the machine's own addresses.
    """

    def __init__(
        self,
        rate: "Rate | None" = None,
        *,
        shared: "SharedCount | None" = None,
        site: OwnPages | None = None,
        clock: Clock = now,
        pauses: "Pauses | None" = None,
        is_here: Callable[[Address], bool] = is_here,
    ) -> None:
        self._rate = rate
        self._shared = shared
        self._site = site
        self.clock = clock
        self._kept = pauses
        self._is_here = is_here
        self._lock = threading.RLock()
        self._address_rate: Rate | None = None
        self._under_way: Counter[str] = Counter()
        self._strikes: dict[str, dict[str, tuple[int, datetime]]] = {}  # how many in a row, and until when they count
        self._gaps: dict[str, tuple[timedelta, datetime]] = {}  # after each exchange, and until when
        self._pauses: dict[str, datetime] = {}
        self._known: dict[str, datetime] = {}  # until when it is not looked up again what others know of a host
        self._spent: dict[str, datetime] = {}  # sources that led to a host without room, and until when there is none

    # How many at once

    def room(self, host: str) -> int:
        """How many exchanges with the host may begin now."""
        self._learn(host)
        with self._lock:
            return self._room(host)

    def enter(self, host: str) -> bool:
        """Begin an exchange with the host, where there is room; `leave` ends it."""
        self._learn(host)
        with self._lock:
            if not self._room(host):
                return False
            self._under_way[host] += 1
            return True

    def leave(self, host: str) -> None:
        """The exchange is over. A host that asked for patience pauses for a while."""
        with self._lock:
            self._under_way -= Counter([host])  # which drops what has come down to nothing
            instant = self.clock()
            gap, until = self._gaps.get(host, (timedelta(0), instant))
        if _holds(until, instant):
            self.pause(host, instant + gap)

    @contextmanager
    def place(self, host: str) -> Iterator[None]:
        """An exchange with the host; raises `Busy` where there is no room."""
        if not self.enter(host):
            raise Busy
        try:
            yield
        finally:
            self.leave(host)

    def places(self, host: str) -> int:
        """How many exchanges with the host may be under way."""
        with self._lock:
            return 1 if self._is_slow(host, self.clock()) else PER_HOST

    def busy(self) -> dict[str, int]:
        """How many of its `PER_HOST` places each host has not free, of those that have not all; whatever pauses."""
        with self._lock:
            instant = self.clock()
            slow = [host for host in {*self._gaps, *self._strikes} if self._is_slow(host, instant)]
            return dict(self._under_way + Counter(dict.fromkeys(slow, PER_HOST - 1)))

    # Pauses

    def unanswered(self, host: str, doing: str = "") -> None:
        """On the owner's own word the host was asked, and gave no answer. After two in a row it pauses.

        What strangers have us ask does not count: they may know slow pages of anybody.
        """
        with self._lock:
            instant = self.clock()
            strikes = self._strikes.get(host, {})
            count = 1 + (strikes[doing][0] if doing in strikes and _holds(strikes[doing][1], instant) else 0)
            _put(self._strikes, host, strikes | {doing: (count, instant + LONGEST_PAUSE)})
        if count >= STRIKES:
            self.pause(host, instant + SILENT_FOR)

    def answered(self, host: str, doing: str = "") -> None:
        """The host gave an answer, whichever, to the same kind of question."""
        with self._lock:
            strikes = self._strikes.get(host, {})
            strikes.pop(doing, None)
            if not strikes:
                self._strikes.pop(host, None)

    def too_fast(self, host: str, not_before: datetime | None = None) -> None:
        """The host said that there was too much of us: it pauses until then, and for as long after each exchange."""
        instant = self.clock()
        gap = pace_of(not_before, now=instant)
        with self._lock:
            _put(self._gaps, host, (gap, instant + gap + LONGEST_PACE))
        self.pause(host, instant + gap)

    def pause(self, host: str, until: datetime) -> None:
        """Leave the host alone until then, an hour at most; a pause that is longer already stays so."""
        instant = self.clock()
        until = min(until, instant + LONGEST_PAUSE)
        with self._lock:
            if not host or until <= (self._paused_until(host) or instant):
                return
            _put(self._pauses, host, until)
            gap = self._gaps.get(host, ())
        if self._kept is not None:
            try:
                self._kept.keep(host, Pause(until, *gap))
            except StoreError as error:  # we know, and others will learn it themselves
                log.debug("the pause of %r is not kept: %s", host, error)

    def paused_until(self, host: str) -> datetime | None:
        """When the host's pause ends; None where it does not pause."""
        self._learn(host)
        with self._lock:
            return self._paused_until(host)

    # What strangers name

    def take(self, source: str) -> bool:
        """Count a request at the host of the source, where that has room left, and where it led to the last time."""
        with self._lock:
            until = self._spent.get(source)
        if until is not None and _holds(until, self.clock()):
            return False
        return not self.seconds_at(source)

    @contextmanager
    def asking(self, source: str, *, sender: str | None = None) -> Iterator["StrangersPermit"]:
        """The permit of an exchange that begins at a source that was counted, or at one of our own.

        Where it ends in NoTurn, the source has no room for as long as that says.
        """
        try:
            yield StrangersPermit(self, source, sender)
        except NoTurn as postponed:
            with self._lock:
                wait = min(timedelta(seconds=postponed.retry_after), LONGEST_PAUSE)
                _put(self._spent, source, self.clock() + wait)
            raise

    def seconds_at(self, url: str) -> float:
        """Count a request at the host of the URL: 0.0, or the seconds until there may be one."""
        payer = self.payer_of(url)
        seconds = self._rate.take(payer) if self._rate is not None and payer is not None else 0.0
        if seconds:
            log.debug("the host of %r has been asked enough for the next %.0f s", shown(url), seconds)
        return seconds

    def check_address(self, host: str, address: Address) -> None:
        """Count a request at the address, which the host has; Postponed where it had enough, Refused if it is ours."""
        if self._site is not None and self._site.has_host(host):
            return
        reached = untranslated(address)
        if self._is_here(reached):
            raise Refused(f"{address} is an address of this machine")
        network = network_of(reached)
        if seconds := self._rate_of_addresses().take(network):
            raise Postponed(f"{network} has been asked often enough for now", seconds=seconds)

    def payer_of(self, url: str) -> str | None:
        """The host whose budget this URL is charged to, or None for our own pages."""
        return None if self._site is not None and self._site.holds(url) else server_of(url)

    def _room(self, host: str) -> int:
        if not host:
            return PER_HOST
        free = self.places(host) - self._under_way[host]
        return max(free, 0) if self._paused_until(host) is None else 0

    def _paused_until(self, host: str) -> datetime | None:
        until = self._pauses.get(host)
        return until if until is not None and _holds(until, self.clock()) else None

    def _learn(self, host: str) -> None:
        """Look up what the host told other processes."""
        instant = self.clock()
        with self._lock:
            if self._kept is None or not host or _holds(self._known.get(host, instant), instant):
                return
            _put(self._known, host, instant + KNOWN_FOR)
        try:
            pause = self._kept.of(host, now=instant)
        except StoreError as error:
            log.debug("the pause of %r is not known: %s", host, error)
            return
        if pause is None:
            return
        with self._lock:
            if pause.until > (self._paused_until(host) or instant):
                _put(self._pauses, host, pause.until)
            _, until = self._gaps.get(host, (pause.gap, instant))
            if pause.gap_until is not None and (pause.gap_until > until or not _holds(until, instant)):
                _put(self._gaps, host, (pause.gap, pause.gap_until))

    def _is_slow(self, host: str, instant: datetime) -> bool:
        """It asked for patience, or did not answer the last time."""
        if host in self._gaps and _holds(self._gaps[host][1], instant):
            return True
        return any(_holds(until, instant) for _, until in self._strikes.get(host, {}).values())

    def _rate_of_addresses(self) -> "Rate":
        from pingback.jobs.limits import Rate  # takes a while to load

        with self._lock:
            self._address_rate = self._address_rate or Rate(ADDRESS_RATE, self._shared, of="addresses")
        return self._address_rate


class StrangersPermit(Permit):
    """That of one exchange on a stranger's word: a host that it comes to by a redirect needs room, as any address.

    From one page of a host to the next (`http` to `https`, a slash added) one request is counted. Back and forth
    between two hosts each change is one, or two would be as good as a thousand; and what follows one of our own pages,
    too, as these may redirect wherever a stranger likes.
    """

    is_strangers = True

    def __init__(self, budget: HostBudget, source: str, sender: str | None) -> None:
        self.sender = sender
        self._budget = budget
        self._payer = budget.payer_of(source)

    def check_host(self, url: str) -> None:
        payer = self._budget.payer_of(url)
        if payer is not None and payer != self._payer and (seconds := self._budget.seconds_at(url)):
            raise Postponed(f"{payer} has been asked often enough for now", seconds=seconds)
        self._payer = payer

    def check_address(self, host: str, address: Address, *, allowed: bool) -> None:
        if not allowed:
            self._budget.check_address(host, address)


def _holds(until: datetime, instant: datetime) -> bool:
    """It is not over. What no clock that runs straight can have left behind is."""
    return instant < until <= instant + 2 * LONGEST_PAUSE


def _put(known: dict[K, V], key: K, value: V) -> None:
    """The oldest is forgotten where too much is known."""
    known.pop(key, None)
    known[key] = value
    if len(known) > REMEMBERED:
        del known[next(iter(known))]
