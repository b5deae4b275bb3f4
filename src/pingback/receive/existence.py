"""Does a target exist, and does it take pings still? Asks the site, for when no blog engine is there to tell."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from pingback.clock import Clock, now
from pingback.errors import Fault, FaultCode, FetchError
from pingback.net.guard import Permit, Refused
from pingback.page.about import published_of
from pingback.receive.turns import host_of
from pingback.receive.verify import GONE
from pingback.receive.whereabouts import Whereabouts
from pingback.urls import key_of

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.net.response import Response

MAX_REMEMBERED = 1000  # targets; a stranger chooses them


def everything_exists(target: str) -> bool:
    """For a site of which nobody knows better."""
    return True


class _Target(NamedTuple):
    exists: bool
    published: datetime | None = None


class _WithinHosts(Permit):
    """The owner's, for these hosts alone, with `www.` before them or without, on any port."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = {host.removeprefix("www.") for host in hosts}

    def check_host(self, url: str) -> None:
        if host_of(url).removeprefix("www.") not in self._hosts:
            raise Refused("it is a redirect that leaves the site")


class SiteTargets:
    """Whether the site has a page at `target`: a callable for `Receiver(target_exists=...)`.

    Only 404 and 410 mean that it has none: fault 32 is for what definitely does not exist (Pingback 1.0 §3), so any
    other answer and a site that cannot be reached both count as existing. So does a page that redirects to a host that
    is neither its own nor one of the site's (`report_moves` names these), which is not asked: strangers choose targets,
    and where a page redirects to may be their choice, too. Blocks for one GET, of whose page no more is
    read than is asked for below; the answer is remembered for `remembered_for` seconds. `clock` gives seconds that
    never run backwards, `today` says what time it is.

    With `close_after` a page whose own date is longer ago takes no pings any more (fault 33). One that does not say
    when it was published takes them for ever.
    """

    def __init__(
        self,
        client: "Client",
        *,
        remembered_for: float = 300.0,
        clock: Callable[[], float] = monotonic,
        close_after: timedelta | None = None,
        today: Clock = now,
    ) -> None:
        self._client = client
        self._remembered_for = remembered_for
        self._clock = clock
        self._close_after = close_after
        self._today = today
        self._remembered: OrderedDict[str, tuple[float, _Target]] = OrderedDict()  # the oldest answer first
        self._lock = threading.Lock()
        self._whereabouts: Whereabouts | None = None
        self._hosts: frozenset[str] = frozenset()

    def report_moves(self, report: Callable[[str, str], object], *, site: Sequence[str]) -> None:
        """From now on tell `report` where each page of `site` that is asked for is in the end; see `Whereabouts`."""
        self._whereabouts = Whereabouts(report, site=site)
        self._hosts = frozenset(map(host_of, site))

    def __call__(self, target: str) -> bool:
        """`target` is an absolute HTTP URL; ValueError otherwise.

        Raises `Fault` where it is closed, and what those raise who are told of moves.
        """
        known = self._known(target)
        self._check_open(known)
        return known.exists

    def _check_open(self, known: _Target) -> None:
        if self._close_after is None or known.published is None:
            return
        if self._today() - known.published > self._close_after:
            message = f"the target takes no pings any more, {self._close_after.days} days after it was published"
            raise Fault(FaultCode.TARGET_NOT_PINGABLE, message)

    def _known(self, target: str) -> _Target:
        key = key_of(target)
        with self._lock:
            until, known = self._remembered.get(key, (0.0, _Target(False)))
        if self._clock() < until:
            return known
        known = self._ask(target)
        with self._lock:
            self._remembered[key] = self._clock() + self._remembered_for, known
            self._remembered.move_to_end(key)
            if len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return known

    def _ask(self, target: str) -> _Target:
        try:
            with self._client.get(target, permit=_WithinHosts({host_of(target), *self._hosts})) as response:
                if response.status in GONE:
                    return _Target(False)
                return _Target(True, self._published(target, response))
        except FetchError:
            return _Target(True)

    def _published(self, target: str, response: "Response") -> datetime | None:
        """When the page was published, where that is wanted; whoever wants to know where it is hears of it, too."""
        if self._close_after is None or not 200 <= response.status < 300:
            if self._whereabouts is not None:
                self._whereabouts.see(target, response, response.chunks())
            return None
        page = response.read()
        if self._whereabouts is not None:
            self._whereabouts.see(target, response, [page])
        return published_of(page, url=response.url, content_type=response.content_type)
