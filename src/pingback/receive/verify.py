"""Does the source link to the target? Fetches it and looks, and says so to strangers without telling them more.

Pingback 1.0 §3 lists what a server may check; the fault codes for what can be wrong with a source are here.
"""

import ipaddress
from collections.abc import Collection, Mapping
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING

from pingback.errors import BadStatus, Fault, FaultCode, FetchError
from pingback.model import RELAYS, Protocol, Verification
from pingback.net.guard import OWNERS, Permit
from pingback.page.about import read_mention
from pingback.version import VERSION

if TYPE_CHECKING:
    from pingback.net.client import Client

GONE = frozenset({404, 410})
_FOR_NOW = frozenset({408, 425, 429})  # RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4

# One sentence for all of it: whoever could tell a refused connection from a name that does not exist, or from an
# address that we do not connect to, could scan through us what only we can reach.
NO_SOURCE = "the source does not exist, or cannot be reached from here"

# Webmention §3.2.2. A page is preferred to what else a server may have at the same address.
_ACCEPT = "text/html, application/xhtml+xml, */*;q=0.5"

IPV6_NETWORK = 64  # bits that tell one customer from another; the rest is their own choice (RFC 6177)

_UNKNOWN = "unknown"  # a sender, which is no address

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def verify(
    source: str,
    target: str,
    *,
    client: "Client",
    headers: Mapping[str, str] = _NO_HEADERS,
    protocol: Protocol | None = None,
    permit: Permit = OWNERS,
    seconds: float = inf,
    relays: Collection[str] = RELAYS,
) -> Verification:
    """What the source page says, and whether it links to the target; raises `Blocked`, `Unreachable`, `BadStatus`.

    Which media types count as a page depends on the protocol (Webmention §3.2.2); without one, any of the three may
    take it. `NoTurn` where `permit` says that the source is not to be asked for now. The exchange has so many
    `seconds`, where that is less than the client's limits say.
    """
    with client.get(source, headers={"Accept": _ACCEPT, **headers}, permit=permit, seconds=seconds) as response:
        response.require_success()
        return read_mention(
            response.read(),
            source=source,
            target=target,
            url=response.url,
            content_type=response.content_type,
            protocol=protocol,
            relays=relays,
        )


def is_gone(error: FetchError) -> bool:
    """The source's own server says that there is no such page, which is more than a page that cannot be had now."""
    return isinstance(error, BadStatus) and error.status in GONE


def may_pass(error: FetchError) -> bool:
    """The source may be had later: what its server says of it is an answer for good, but for some statuses.

    What our guard refuses counts as a source that is silent. It would be forgotten earlier, and whoever asks for its
    status page until then could tell which names lead into our network.
    """
    return not isinstance(error, BadStatus) or error.status >= 500 or error.status in _FOR_NOW


def fault_of(error: FetchError) -> Fault:
    """What the sender hears of a source that gave no page."""
    if isinstance(error, BadStatus) and not is_gone(error):
        return Fault(FaultCode.UPSTREAM_ERROR, "the server of the source answered with an error")
    return Fault(FaultCode.SOURCE_NOT_FOUND, NO_SOURCE)


def address_of(client_ip: str | None) -> str | None:
    """The address of whoever asked, as text that can go into a header and a log; None where it is no IP address."""
    try:
        address = ipaddress.ip_address((client_ip or "").partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def sender_of(client_ip: str | None) -> str | None:
    """Who counts as one sender: an IPv4 address, or the network of an IPv6 address; None where there is no address."""
    address = address_of(client_ip)
    if address is None or ":" not in address:
        return address
    return str(ipaddress.ip_network((address, IPV6_NETWORK), strict=False))


def counted_as(client_ip: str | None) -> str | None:
    """Whose limits a ping uses: all senders whose address nobody knows are one; None for our own host's pings."""
    return None if client_ip is None else sender_of(client_ip) or _UNKNOWN


def headers_for(client_ip: str | None, *, site: str, protocol: Protocol) -> dict[str, str]:
    """Names the client to the source's server, as WordPress does: it should know on whose word it is asked."""
    address = address_of(client_ip)
    agent = f"pingback/{VERSION}; {site}; verifying {protocol}"
    if address is None:
        return {"User-Agent": agent}
    return {"User-Agent": f"{agent} from {address}", "X-Pingback-Forwarded-For": address}
