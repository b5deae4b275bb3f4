"""Who asked, and at which address, when a proxy stands before us: `X-Forwarded-*`, from proxies that we know only.

Anybody can send these headers. Those of a stranger would let them ping as whomever they like, past every limit.
"""

import ipaddress
import logging
import threading
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pingback.server.shell import Head

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_HOPS = 20  # proxies in a row that are looked past

_FOR, _PROTO, _HOST = "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"
_SCHEMES = ("http", "https")

log = logging.getLogger(__name__)


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
            if _FOR in head.headers and not peer.is_global:
                self._warn_once(peer)
            return head
        scheme = _last(head.headers.get(_PROTO, "")).lower()
        return replace(
            head,
            remote_addr=str(self._proxies.client_of(peer, head.headers.get(_FOR, ""))),
            scheme=scheme if scheme in _SCHEMES else head.scheme,
            host=_last(head.headers.get(_HOST, "")) or head.host,
        )

    def _warn_once(self, peer: Address) -> None:
        """A private address that forwards is our own proxy, more likely than not, and nobody said so."""
        with self._lock:
            warned, self._warned = self._warned, True
        if not warned:
            log.warning("requests come through %s, which counts as one sender: is it one of trusted_proxies?", peer)


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


def _last(values: str) -> str:
    return values.rpartition(",")[2].strip()
