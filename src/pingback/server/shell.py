"""What the WSGI and the ASGI shell do alike: read requests as servers hand them over, and give them the responses.

Who asked, and at which address, is told by `X-Forwarded-*` when a proxy stands before us; from proxies that we know
only. Anybody can send these headers: those of a stranger would let them ping as whomever they like, past every limit.
"""

import ipaddress
import logging
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import quote, unquote_to_bytes

from pingback.protocols.xmlrpc import MAX_BODY
from pingback.server.app import TOO_LARGE
from pingback.server.http import Request, Response, plain
from pingback.urls import is_http, split

Answer: TypeAlias = Callable[[Request], Response]

RECEIVE_WITHIN = 10.0  # seconds for a request to come in, from its first byte to its last
MAX_PIECES = 2000  # in which a request may come; the longest has 40 bytes in each then, and over any network hundreds
_IN_PATH = "/:@!$&'()*+,;="  # and letters, digits and "-._~", which stand for themselves (RFC 3986 §3.3)
_IN_QUERY = _IN_PATH + "?%"
_WITHOUT_BODY = (204, 304)  # whose length would be another one's, if any (RFC 9110 §8.6)
_HOST = re.compile(r"[^/\\?#@\s]+")

FAILED = plain(500, "This could not be answered: there is a mistake in the server.")
NO_LENGTH = plain(411, "The request needs a Content-Length.")
# What would be taken is said by `Accept-Encoding` (RFC 9110 §15.5.16).
_CODED = plain(415, "A compressed message is not taken; send it as it is.", {"Accept-Encoding": "identity"})

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_HOPS = 20  # proxies in a row that are looked past

_FORWARDED_FOR, _FORWARDED_PROTO, _FORWARDED_HOST = "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"
_SCHEMES = ("http", "https")
_UNNAMED_PROXY = "requests come through %s, which counts as one sender: is it one of trusted_proxies?"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request as a server hands it over, before its body.

    `mount` is the path where we are mounted, `path` what is below, both decoded; `raw_path` is all of it as it was
    sent, or empty where the server does not tell. The names of `headers` are in lower case; each has one value, in
    Latin-1 for whatever bytes were sent. `host` is where the client came to, a port included.
    """

    method: str
    scheme: str
    host: str
    mount: bytes
    path: bytes
    raw_path: bytes
    query: bytes
    headers: Mapping[str, str]
    remote_addr: str


class Refused(Exception):
    """The body is not taken, for the reason in `response`."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.body)
        self.response = response


class Proxies:
    """Those that are trusted: `networks` in CIDR form."""

    def __init__(self, networks: Collection[str]) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def __contains__(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def client_of(self, peer: Address, hops: str) -> Address:
        """The first address from the right that is no proxy; where something else stands there, the proxy before it."""
        client = peer
        for hop in reversed(hops.rsplit(",", MAX_HOPS)):
            address = address_in(hop)
            if address is None:
                return client
            client = address
            if client not in self:
                return client
        return client


class Forwarded:
    """What the outermost of `proxies`, networks in CIDR form, saw.

    The client is the right-most address in `X-Forwarded-For` that is none of the proxies: what stands left of it is
    hearsay. Scheme and host are those that the nearest proxy names. Of any other peer none of the headers counts.
    """

    def __init__(self, proxies: Collection[str] = ()) -> None:
        self._proxies = Proxies(proxies)
        self._lock = threading.Lock()
        self._warned = False

    def as_seen_outside(self, head: "Head") -> "Head":
        peer = address_in(head.remote_addr)
        if peer is None:
            return head
        if peer not in self._proxies:
            # A private address that forwards is our own proxy, more likely than not, and nobody said so.
            if _FORWARDED_FOR in head.headers and not peer.is_global:
                with self._lock:
                    warned, self._warned = self._warned, True
                if not warned:
                    log.warning(_UNNAMED_PROXY, peer)
            return head
        scheme = _last(head.headers.get(_FORWARDED_PROTO, "")).lower()
        return replace(
            head,
            remote_addr=str(self._proxies.client_of(peer, head.headers.get(_FORWARDED_FOR, ""))),
            scheme=scheme if scheme in _SCHEMES else head.scheme,
            host=_last(head.headers.get(_FORWARDED_HOST, "")) or head.host,
        )


def length_of(head: Head) -> int | None:
    """The length of the body as the client tells it, None where it does not. Raises Refused where no body is taken."""
    codings = head.headers.get("content-encoding", "").split(",")
    if any(coding.strip().lower() not in ("", "identity") for coding in codings):  # RFC 9110 §8.4
        raise Refused(_CODED)
    given = head.headers.get("content-length", "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit()):
        raise Refused(plain(400, "The Content-Length is not a number."))
    if len(given) > 18 or int(given) > MAX_BODY:
        raise Refused(TOO_LARGE)
    return int(given)


def check(body: bytes, head: Head, length: int | None) -> None:
    """Raises Refused where the body is too long, a part of it is missing, or its length is.

    Where no chunks were announced either and nothing came, the sender forgot the length, and had better hear of that.
    """
    if len(body) > MAX_BODY:
        raise Refused(TOO_LARGE)
    if length is None and not body and not head.headers.get("transfer-encoding"):
        raise Refused(NO_LENGTH)
    if length is not None and len(body) < length:
        raise Refused(plain(400, "The body ended too early."))


def respond(answer: Answer, head: Head, body: bytes) -> Response:
    """What `answer` gives. Raises nothing: what goes wrong is logged, and is a 500."""
    try:
        return answer(
            Request(
                method=head.method,
                path=head.path.decode(errors="replace"),
                raw_path=_raw_path(head),
                query=quote(head.query, safe=_IN_QUERY),
                base=_base(head),
                headers=head.headers,
                content_type=head.headers.get("content-type") or None,
                body=body,
                remote_addr=head.remote_addr,
            )
        )
    except Exception:
        log.exception("a request could not be answered")
        return FAILED


def headers_of(response: Response) -> list[tuple[str, str]]:
    """All headers of the response, each cookie with one of its own (RFC 6265 §3)."""
    headers = [*response.headers.items(), *(("Set-Cookie", cookie) for cookie in response.cookies)]
    if response.status not in _WITHOUT_BODY:
        headers.append(("Content-Length", str(len(response.body))))
    return headers


def body_of(method: str, response: Response) -> bytes:
    return b"" if method == "HEAD" else response.body


def decoded(path: bytes) -> str:
    return unquote_to_bytes(path).decode(errors="replace")


def address_in(text: str) -> Address | None:
    """The address in a hop, which some proxies write with a port; IPv4 where it is that mapped into IPv6."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _raw_path(head: Head) -> str:
    """The path below where we are mounted, as it was sent.

    It is believed where it is the same path, which it is not when a front server rewrote it. One may have cut off
    where we are mounted, or a part of that.
    """
    path = head.path.decode(errors="replace")
    for folders in range(head.mount.count(b"/"), -1, -1):
        below = head.raw_path.split(b"/", folders + 1)[folders + 1 :]
        sent = b"/" + below[0] if below else b""
        if decoded(sent) == path:
            return quote(sent, safe=_IN_PATH + "%")
    return quote(head.path, safe=_IN_PATH)


def _base(head: Head) -> str:
    """Where we are mounted (PEP 3333, “URL Reconstruction”): a URL, or its path alone where the `Host` is none."""
    origin = f"{head.scheme}://{head.host}"
    if not _HOST.fullmatch(head.host) or not is_http(origin):
        return _mount(head)
    return split(origin).href.removesuffix("/") + _mount(head)


def _mount(head: Head) -> str:
    return quote(head.mount, safe=_IN_PATH).rstrip("/")


def _last(values: str) -> str:
    return values.rpartition(",")[2].strip()
