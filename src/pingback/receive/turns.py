"""Whose server may be asked now: the budget of each host, which counts wherever a source leads by redirects.

A stranger's word sends us to a server of their choice, be it by the name of a source, or by where that redirects to.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.errors import NoTurn
from pingback.net.permit import Permit, Postponed
from pingback.urls import shown, split

if TYPE_CHECKING:
    from pingback.receive.limits import Rate

MOST_PAUSED = 1000  # sources, whose pings wait: no more of them can

log = logging.getLogger(__name__)


class Turns:
    """Counts turns by `rate`, where there is one; pages that are `is_own` need none. Thread-safe."""

    def __init__(self, rate: "Rate | None", *, is_own: Callable[[str], bool], clock: Clock) -> None:
        self._rate = rate
        self._is_own = is_own
        self._clock = clock
        self._lock = threading.Lock()
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
        if self._rate is None or self._is_own(url):
            return 0.0
        seconds = self._rate.take(host_of(url))
        if seconds:
            log.debug("the host of %r has been asked enough for the next %.0f s", shown(url), seconds)
        return seconds

    def payer_of(self, url: str) -> str | None:
        """The host whose turn the URL takes; None where it takes none."""
        return None if self._is_own(url) else host_of(url)

    def _pause(self, source: str, seconds: float) -> None:
        with self._lock:
            if len(self._paused) >= MOST_PAUSED:
                self._paused.clear()
            self._paused[source] = self._clock() + timedelta(seconds=seconds)


class Way(Permit):
    """The way of one exchange on a stranger's word: each host that it comes to by a redirect needs a turn.

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


def host_of(url: str) -> str:
    """Whom a request would burden: whichever of its ports is named, and with the root's dot or without (RFC 1034 §3.1),
    a server is the same."""
    return split(url).host.rstrip(".")
