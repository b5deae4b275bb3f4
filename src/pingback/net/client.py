"""The guarded HTTP client: the one door through which this package goes out.

An exchange is a request with all its redirects. Each hop passes the guard, all hops share one budget of time and bytes.
"""

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict

from pingback import forks, urls
from pingback.errors import NoTurn, SettingsError
from pingback.net.budget import Budget
from pingback.net.connection import Dialer, GuardedAdapter, tls_context
from pingback.net.guard import OWNERS, PORTS, Guard, Permit, Postponed, Refused
from pingback.net.lookups import Resolver, system_resolver
from pingback.net.response import FAILURES, Response, blocked, failed, unreachable
from pingback.urls import shown
from pingback.version import VERSION

if TYPE_CHECKING:
    from pingback.settings import Settings

USER_AGENT = f"pingback/{VERSION} (Webmention, Pingback, TrackBack)"  # Webmention §3.1.2 would like its name in it

log = logging.getLogger(__name__)

_OVERHEAD = 1024 * 1024  # bytes, for headers, redirects and the framing of a page
_LONGEST_TIMEOUT = 24 * 3600.0
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# RFC 9110 §15.4.4: after a 303 the answer to a POST is elsewhere and a GET's; an endpoint has no such answer.
_REDIRECTS_OF_POST = _REDIRECTS - {303}

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110 §5.5
_OWN_HEADERS = frozenset({"accept-encoding", "connection", "content-length", "host", "te", "transfer-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one exchange may use. `timeout` is the whole of it, in seconds; `max_bytes` are of the decoded page."""

    timeout: float = 15.0
    max_bytes: int = 1024 * 1024
    max_redirects: int = 5
    ports: Collection[int] = PORTS

    def __post_init__(self) -> None:
        if not 0 < self.timeout <= _LONGEST_TIMEOUT:
            raise ValueError(f"a time-out of {self.timeout!r} seconds is not between nothing and a day")
        if self.max_bytes < 0 or self.max_redirects < 0:
            raise ValueError("a limit cannot be negative")


class Client:
    """Asks for pages and delivers messages, within the address guard and `limits`. May be shared by threads, and by
    the processes of a fork.

    `allow` are networks (or addresses) that are exempt from the rules for addresses and ports. `resolver` takes host
    and port and gives addresses as text. `ca_bundle` is a file or folder of certificates to trust instead of the usual.
    """

    def __init__(
        self,
        *,
        limits: Limits = Limits(),
        allow: Iterable[str] = (),
        resolver: Resolver = system_resolver,
        user_agent: str = USER_AGENT,
        ca_bundle: str | None = None,
    ) -> None:
        self._limits = limits
        self._guard = Guard(allow=allow, ports=limits.ports)
        self._resolver = resolver
        self._tls = None if ca_bundle is None else tls_context(ca_bundle)
        self.renew_after_fork()
        forks.renew(self)
        self._headers = _checked_headers({"User-Agent": user_agent, "Accept": "*/*"}) | {"Accept-Encoding": "gzip"}

    @property
    def limits(self) -> Limits:
        """What one exchange may use."""
        return self._limits

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        permit: Permit = OWNERS,
        seconds: float = inf,
    ) -> Response:
        """The answer to a GET, redirects followed, whatever its status; Blocked or Unreachable when there is none.

        NoTurn where `permit` says that it is not to be asked for now, or a redirect not to be followed.
        The exchange has so many `seconds`, where that is less than the limits say.
        """
        return self._exchange("GET", url, None, _checked_headers(headers), permit, seconds=seconds)

    def head(self, url: str) -> Response:
        """The answer to a HEAD, redirects followed: its status and headers, without a page."""
        return self._exchange("HEAD", url, None, _NO_HEADERS)

    def post(self, url: str, body: bytes, *, content_type: str, headers: Mapping[str, str] = _NO_HEADERS) -> Response:
        """The answer to a POST, which is sent again where a redirect points; a 303 is returned as it is."""
        checked = _checked_headers({**headers, "Content-Type": content_type})
        return self._exchange("POST", url, body, checked | {"Content-Length": str(len(body))})

    def renew_after_fork(self) -> None:
        """Ask by connections and look-ups of one's own; those of the parent are not even told that they end."""
        self._adapter = GuardedAdapter(Dialer(self._guard, self._resolver), self._tls)

    def close(self) -> None:
        """Drop the connections that were kept for later requests."""
        self._adapter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        permit: Permit = OWNERS,
        *,
        seconds: float = inf,
    ) -> Response:
        forks.notice()
        limits = self._limits
        budget = Budget(seconds=min(seconds, limits.timeout), max_received=limits.max_bytes + _OVERHEAD, permit=permit)
        followed = _REDIRECTS_OF_POST if method == "POST" else _REDIRECTS
        redirects: list[int] = []
        for _ in range(limits.max_redirects + 1):
            response = self._send(method, url, body, headers, budget)
            response.redirects = tuple(redirects)
            locations = response.headers("Location")
            if response.status not in followed or not locations:
                return response
            response.close()
            redirects.append(response.status)
            redirected = urls.resolve(response.url, locations[0])
            if redirected is None:
                raise unreachable(response.url, "it redirects to what is not a URL")
            url = redirected
        raise unreachable(url, f"it is the end of more than {limits.max_redirects} redirects")

    def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], budget: Budget) -> Response:
        try:
            href = self._guard.check_url(url).href.partition("#")[0]
            budget.permit.check_host(href)
            request = PreparedRequest()
            request.method = method
            # As the guard saw it: requests would read it anew, by rules of its own, and might see another host.
            request.url = href
            request.headers = CaseInsensitiveDict({**self._headers, **headers})
            request.body = body
            timeout: Any = budget  # the stubs of requests forget urllib3's Timeout
            raw = self._adapter.send(request, stream=True, timeout=timeout).raw
        except Refused as refusal:
            raise blocked(url, refusal, to_owner=not budget.permit.is_strangers) from refusal
        except Postponed as postponed:
            raise NoTurn(url, str(postponed), retry_after=postponed.seconds) from postponed
        except FAILURES as error:
            raise failed(url, error, seconds=budget.seconds) from error
        log.debug("%s %r: %d", method, shown(href), raw.status)
        return Response(raw, url=href, budget=budget, max_bytes=self._limits.max_bytes)


def client_for(settings: "Settings") -> Client:
    """The client that the settings ask for; SettingsError where that cannot be."""
    try:
        return Client(
            limits=Limits(timeout=settings.timeout), allow=settings.allow_networks, ca_bundle=settings.ca_bundle
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """`headers`, which must be fit to be sent, and not of those that belong to the connection; else ValueError."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise ValueError(f"{name!r} is not a header that can be set")
        if not _FIELD_VALUE.fullmatch(value):
            raise ValueError(f"{value!r} cannot be the value of a header")
    return dict(headers)
