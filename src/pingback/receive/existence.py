"""Does a target exist, does it take pings still, and where is it in the end? Asks the site, where nobody else can tell.

A sender who waits hears what the site says in the time that there is for it; what it says later is heard by whoever
looks at the source afterwards.
"""

import threading
import typing
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from pingback.clock import Clock, now
from pingback.errors import Fault, FaultCode, FetchError, StoreError
from pingback.jobs.pool import Starter
from pingback.net.guard import Permit, Refused
from pingback.page.entry import published_of
from pingback.page.head import canonical_in
from pingback.receive.policy import Full, Shared
from pingback.receive.verify import GONE
from pingback.urls import is_under, key_of, server_of

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.net.response import Response

MAX_REMEMBERED = 1000  # targets; a stranger chooses them

MAX_ASKED = 48  # targets at a time that somebody waits for; strangers choose them

MAX_HEAD = 64 * 1024  # bytes of a page in which its canonical address may stand
PERMANENT = frozenset({301, 308})  # RFC 9110 §15.4.2 and §15.4.9; any other redirect may lead elsewhere tomorrow


class NoAnswer(Exception):
    """The site did not say within the time that there was whether it has a page: it may well have it."""


class NotAsked(NoAnswer):
    """So many targets are being asked for that this one is not."""


def everything_exists(target: str, *, within: float = inf) -> bool:
    """For a site of which nobody knows better."""
    return True


class HostTargets:
    """What the program around us says of targets, by a `function` of its own that may take its time. Thread-safe.

    Where somebody waits for no longer than `within`, a thread of its own calls it; or the caller's, where the machine
    has none to spare. It goes on when nobody waits any more, and what it says is for those who ask meanwhile.
    """

    def __init__(self, function: Callable[[str], object]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._asked: dict[str, Future[object]] = {}
        self._starter = Starter()

    def __call__(self, target: str, *, within: float = inf) -> object:
        """What the function gives, or raises; `NoAnswer` where that takes longer."""
        if within == inf:
            return self._function(target)
        asking = self._ask(target)
        try:
            return asking.result(within)
        except TimeoutError as error:
            if asking.done():  # by the function itself
                raise
            raise NoAnswer from error

    def _ask(self, target: str) -> "Future[object]":
        key = key_of(target)
        with self._lock:
            if (known := self._asked.get(key)) is not None:
                return known
            if len(self._asked) >= MAX_ASKED:
                raise NotAsked
            asking = self._asked[key] = Future()
            call = partial(self._call, key, target, asking)
            thread = self._starter.start(call, "pingback-target")
        if thread is None:
            call()
        return asking

    def _call(self, key: str, target: str, asking: "Future[object]") -> None:
        try:
            asking.set_result(self._function(target))
        except BaseException as error:  # whoever waits for the future gets it
            asking.set_exception(error)
        finally:
            with self._lock:
                del self._asked[key]


class _Target(NamedTuple):
    exists: bool
    published: datetime | None = None


class _WithinHosts(Permit):
    """The owner's, for these hosts alone, with `www.` before them or without, on any port."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = {host.removeprefix("www.") for host in hosts}

    def check_host(self, url: str) -> None:
        if server_of(url).removeprefix("www.") not in self._hosts:
            raise Refused("it is a redirect that leaves the site")


class Report(typing.Protocol):
    """Hears that the page at `target` is at `final`, and may take `within` seconds for it; StoreError after those."""

    def __call__(self, target: str, final: str, *, within: float | None) -> object: ...


class SiteTargets:
    """Whether the site has a page at `target`, by what it answers.

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
        self._asking: Shared[_Target] = Shared()
        self._whereabouts: Whereabouts | None = None
        self._hosts: frozenset[str] = frozenset()

    def report_moves(self, report: Report, *, site: Sequence[str]) -> None:
        """From now on tell `report` where each page of `site` that is asked for is in the end; see `Whereabouts`."""
        self._whereabouts = Whereabouts(report, site=site)
        self._hosts = frozenset(map(server_of, site))

    def __call__(self, target: str, *, within: float = inf) -> bool:
        """`target` is an absolute HTTP URL; ValueError otherwise.

        Raises `Fault` where it is closed, `NoAnswer` where the site takes longer than `within` seconds, and what those
        raise who are told of moves.
        """
        known, close_after = self._known(target, within), self._close_after
        if close_after is not None and known.published is not None and self._today() - known.published > close_after:
            message = f"the target takes no pings any more, {close_after.days} days after it was published"
            raise Fault(FaultCode.TARGET_NOT_PINGABLE, message)
        return known.exists

    def _known(self, target: str, within: float) -> _Target:
        key = key_of(target)
        with self._lock:
            until, known = self._remembered.get(key, (0.0, _Target(False)))
        if self._clock() < until:
            return known
        ask = partial(self._ask, target, within)
        try:
            known = ask() if within == inf else self._asking.find(key, ask, within=within, most=MAX_ASKED).value
        except Full as error:
            raise NotAsked from error
        except TimeoutError as error:
            raise NoAnswer from error
        with self._lock:
            self._remembered[key] = self._clock() + self._remembered_for, known
            self._remembered.move_to_end(key)
            if len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return known

    def _ask(self, target: str, within: float) -> _Target:
        ends = monotonic() + within
        permit = _WithinHosts({server_of(target), *self._hosts})
        try:
            with self._client.get(target, permit=permit, seconds=within) as response:
                if response.status in GONE:
                    return _Target(False)
                return _Target(True, self._published(target, response, ends))
        except StoreError as error:
            if within == inf:
                raise
            raise NoAnswer from error  # whoever looks at the source afterwards asks once more, and has more time
        except FetchError as error:
            if monotonic() >= ends:  # of the time that we had, which is no answer of the site's
                raise NoAnswer from error
            return _Target(True)

    def _published(self, target: str, response: "Response", ends: float) -> datetime | None:
        """When the page was published, where that is wanted; whoever wants to know where it is hears of it, too."""
        if self._close_after is None or not 200 <= response.status < 300:
            if self._whereabouts is not None:
                self._whereabouts.see(target, response, response.chunks(), until=ends)
            return None
        page = response.read()
        if self._whereabouts is not None:
            self._whereabouts.see(target, response, [page], until=ends)
        return published_of(page, url=response.url, content_type=response.content_type)


class Whereabouts:
    """Tells `report`, for each address of a page that was seen, where within `site` the page is in the end.

    That is where permanent redirects lead, and then the page that it names as its canonical one. Never the root of the
    site: lost pages are often sent there, and have nothing in common.
    """

    def __init__(self, report: Report, *, site: Sequence[str]) -> None:
        self._report = report
        self._site = tuple(site)

    def see(self, target: str, response: "Response", page: Iterable[bytes], *, until: float = inf) -> None:
        """The site answered for `target` with this response and its page, of which the beginning is taken.

        `until` is when somebody who waits has to hear, on the monotonic clock. Of one that is an error, or elsewhere
        for now, nothing is said. Raises what `page` and `report` raise.
        """
        if not 200 <= response.status < 300 or not PERMANENT.issuperset(response.redirects):
            return
        named = canonical_in(
            response.url,
            link_headers=response.headers("Link"),
            content_type=response.content_type,
            chunks=_beginning(page),
        )
        final = next((url for url in (named, response.url) if url is not None and self._is_page(url)), None)
        if final is not None:
            self._tell(response.url, final, until)
            if response.redirects:
                self._tell(target, final, until)

    def _tell(self, target: str, final: str, until: float) -> None:
        self._report(target, final, within=None if until == inf else max(until - monotonic(), 0.0))

    def _is_page(self, url: str) -> bool:
        return any(is_under(url, root) and _path(url) != _path(root) for root in self._site)


def _path(url: str) -> str:
    """All of a URL that makes it a page, with or without a slash at its end."""
    return key_of(url).removesuffix("/")


def _beginning(page: Iterable[bytes]) -> Iterator[bytes]:
    left = MAX_HEAD
    for chunk in page:
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return
