"""Whose server may be asked now: the budgets of each host and each address, wherever a source leads by redirects.

A stranger's word sends us to a server of their choice, be it by the name of a source, by where that redirects to, or by
the address that they give to a name of their own.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.errors import NoTurn
from pingback.net.guard import Address, Permit, Postponed, Refused, is_here, network_of, untranslated
from pingback.receive.pages import SitePages
from pingback.urls import shown, split

if TYPE_CHECKING:
    from pingback.receive.limits import Rate

ADDRESS_RATE = "60/minute"  # of a host it is less; behind one address there may be a thousand, as good as their names
MOST_PAUSED = 1000  # sources, whose pings wait: no more of them can

log = logging.getLogger(__name__)


class Turns:
    """Counts turns of hosts by `rate`, where there is one, and of addresses by a rate of their own. Thread-safe.

    Pages of the `site` need no turn of their host, nor its hosts one of an address. `is_here` knows the machine's own
    addresses.
    """

    def __init__(
        self, rate: "Rate | None", *, site: SitePages, clock: Clock, is_here: Callable[[Address], bool] = is_here
    ) -> None:
        self._rate = rate
        self._site = site
        self._clock = clock
        self._is_here = is_here
        self._lock = threading.Lock()
        self._address_rate: Rate | None = None
        self._paused: dict[str, datetime] = {}  # sources that led to a host without a turn, and until when it has none

    def take(self, source: str) -> bool:
        """Take a turn at the host of the source, where one is left there, and where it led to the last time."""
        with self._lock:
            until = self._paused.get(source)
        if until is not None and self._clock() < until:
            return False
        return not self.seconds_at(source)

    @contextmanager
    def visiting(self, source: str, *, sender: str | None = None) -> Iterator["Way"]:
        """The permit of an exchange that begins at a source with a turn, or at one of our own.

        Where it ends in NoTurn, the source has no turn for as long as that says.
        """
        try:
            yield Way(self, source, sender)
        except NoTurn as postponed:
            self._pause(source, postponed.retry_after)
            raise

    def seconds_at(self, url: str) -> float:
        """Take a turn at the host of the URL: 0.0, or the seconds until there may be one."""
        if self._rate is None or self._site.holds(url):
            return 0.0
        seconds = self._rate.take(host_of(url))
        if seconds:
            log.debug("the host of %r has been asked enough for the next %.0f s", shown(url), seconds)
        return seconds

    def check_address(self, host: str, address: Address) -> None:
        """Take a turn at the address, which the host has; Postponed where none is left, Refused where it is ours."""
        if self._site.has_host(host):
            return
        reached = untranslated(address)
        if self._is_here(reached):
            raise Refused(f"{address} is an address of this machine")
        network = network_of(reached)
        if seconds := self._rate_of_addresses().take(network):
            raise Postponed(f"{network} has been asked often enough for now", seconds=seconds)

    def payer_of(self, url: str) -> str | None:
        """The host whose budget this URL is charged to, or None for our own pages."""
        return None if self._site.holds(url) else host_of(url)

    def _rate_of_addresses(self) -> "Rate":
        from pingback.receive.limits import Rate  # takes a while to load

        with self._lock:
            self._address_rate = self._address_rate or Rate(ADDRESS_RATE)
        return self._address_rate

    def _pause(self, source: str, seconds: float) -> None:
        with self._lock:
            if len(self._paused) >= MOST_PAUSED:
                self._paused.clear()
            self._paused[source] = self._clock() + timedelta(seconds=seconds)


class Way(Permit):
    """The way of one exchange on a stranger's word: a host that it comes to by a redirect needs a turn, as any address.

    From one page of a host to the next (`http` to `https`, a slash added) one turn is enough. Back and forth between
    two hosts each change takes one, or two would be as good as a thousand; and what follows one of our own pages, too,
    as these may redirect wherever a stranger likes.
    """

    is_strangers = True

    def __init__(self, turns: Turns, source: str, sender: str | None) -> None:
        self.sender = sender
        self._turns = turns
        self._payer = turns.payer_of(source)

    def check_host(self, url: str) -> None:
        payer = self._turns.payer_of(url)
        if payer is not None and payer != self._payer and (seconds := self._turns.seconds_at(url)):
            raise Postponed(f"{payer} has been asked often enough for now", seconds=seconds)
        self._payer = payer

    def check_address(self, host: str, address: Address, *, allowed: bool) -> None:
        if not allowed:
            self._turns.check_address(host, address)


def host_of(url: str) -> str:
    """Whom a request would burden: whichever of its ports is named, and with the root's dot or without (RFC 1034 §3.1),
    a server is the same."""
    return split(url).host.rstrip(".")
