"""Which URLs may be asked for, which addresses may be connected to, and on whose word.

The default is the open internet and nothing else: globally reachable unicast addresses by IANA's special-purpose
registries (RFC 6890), the usual web ports, no credentials. Networks of one's own are allowed one by one.
"""

import errno
import socket
from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from pingback import urls

Address: TypeAlias = IPv4Address | IPv6Address

PORTS = frozenset({80, 443, 8080, 8443})
MAX_NAMED = 4  # addresses in a sentence

# Tables of our own: `ipaddress.is_global` differs between Python 3.11 and 3.14, and is true for multicast,
# for 64:ff9b::7f00:1, for 192.88.99.1, in 3.11 for 2002:7f00:1:: as well.
_REFUSED_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 791 §3.2; Linux takes 0.0.0.0 for loopback
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # shared, RFC 6598; Alibaba's metadata at 100.100.100.200
        "127.0.0.0/8",  # loopback, RFC 1122 §3.2.1.3
        "168.63.129.16/32",  # Azure's host, public by its number only
        "169.254.0.0/16",  # link-local, RFC 3927; metadata of most clouds at 169.254.169.254
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890; Oracle's metadata at 192.0.0.192
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, withdrawn by RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, RFC 1112 §4, and limited broadcast, RFC 919
    )
)
# Global unicast is assigned from here alone (RFC 4291 §2.4). Outside lie loopback, unique local (with AWS's metadata at
# fd00:ec2::254), link-local, multicast, IPv4-compatible and -translated forms, local NAT64 (RFC 8215), discard, SRv6.
_UNICAST_IPV6 = IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, RFC 2928: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, whose relays RFC 7526 withdrew; an IPv4 address of any kind inside, RFC 3056
        "3fff::/20",  # documentation, RFC 9637
    )
)
# Where clouds keep the keys of their machines: link-local, and the public or shared numbers of Azure, Oracle, Alibaba.
_METADATA = tuple(
    map(ip_network, ("169.254.0.0/16", "168.63.129.16", "192.0.0.192", "100.100.100.200", "fe80::/10", "fd00:ec2::/32"))
)
_A_RANGE = "CIDR, the range of its addresses, like 192.168.1.0/24"
_LOCALHOST = frozenset({"localhost", "localhost."})  # RFC 6761 §6.3
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1

# Names that clouds give to their metadata; not all of them lead to an address that is refused.
_METADATA_HOSTS = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.azure.internal",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.packet.net",
        "metadata.platformequinix.com",
        "metadata.tencentyun.com",
    }
)

COME_AGAIN = 10.0  # seconds

_PORT = 9  # any would do
_NOBODYS = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}  # documentation, RFC 5737 and RFC 3849
_SCARCE = frozenset({errno.EADDRINUSE, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Refused(Exception):
    """The guard says no; the text says why. Not an OSError, which urllib3 and requests would take for their own.

    `exempt` is what the owner has to give as `--allow-network` for a yes; empty where nothing would help.
    """

    def __init__(self, reason: str, *, exempt: str = "") -> None:
        super().__init__(reason)
        self.exempt = exempt


class Postponed(Exception):
    """Not now, but maybe in so many seconds: nobody was asked, and nothing found out; the text says why.

    Not an OSError, which urllib3 and requests would take for their own.
    """

    def __init__(self, reason: str, *, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Guard:
    """The rules of one client. `allow` lifts the rules for address and port within those networks alone."""

    def __init__(self, *, allow: Iterable[str] = (), ports: Collection[int] = PORTS) -> None:
        self._allow = tuple(ip_network(network) for network in allow)
        self._ports = frozenset(ports)

    def check_url(self, url: str) -> urls.HttpUrl:
        """The parts of `url`, when it may be asked for as far as can be said without a look-up; else Refused."""
        try:
            parsed = urls.split(url)
        except ValueError:
            raise Refused("it is not an absolute HTTP URL") from None
        if parsed.has_credentials:
            raise Refused("it holds credentials")
        if parsed.host.rstrip(".") in _METADATA_HOSTS:
            raise Refused(f"{parsed.host} is a cloud's metadata service")
        if parsed.port not in self._ports and not self._allow:
            raise self._wrong_port(parsed.port, exempt=_all_of_host(parsed.host))
        return parsed

    def checked(self, answers: Iterable[str], port: int) -> list[Address]:
        """The addresses in `answers`, when every one of them may be connected to on `port`; else Refused.

        One bad answer spoils them all: whoever gives a public and a private address for one name is up to something.
        """
        addresses = [_parsed(answer) for answer in dict.fromkeys(answers)]
        refused = [
            address
            for address in addresses
            if not (self.allows(address) or (port in self._ports and _is_public(address)))
        ]
        if not refused:
            return addresses
        if _is_public(refused[0]):
            raise self._wrong_port(port, exempt=_all_of(refused))
        raise Refused(f"{refused[0]} is not a public address", exempt=_all_of(refused))

    def allows(self, address: Address) -> bool:
        """The address is in one of the networks that are exempt."""
        return any(address in network for network in self._allow)

    def _wrong_port(self, port: int, *, exempt: str) -> Refused:
        ports = " and ".join(", ".join(map(str, sorted(self._ports))).rsplit(", ", 1))
        return Refused(f"port {port} is not allowed, only {ports} are", exempt=exempt)


class Permit:
    """The owner's: all that the guard lets pass. A stranger's exchange has `jobs.budget.StrangersPermit`.

    `sender` is who is to share what strangers have, where that is known.
    """

    is_strangers = False
    sender: str | None = None

    def check_host(self, url: str) -> None:
        """Asked before each request, of redirects as well. Raises `Postponed`, or `Refused` for good."""

    def check_address(self, host: str, address: Address, *, allowed: bool) -> None:
        """Asked before each request, also on a connection that was kept, and for each address of `host` that is tried.

        `allowed` are addresses that are exempt from the rules of the client's guard. Raises `Postponed`, and `Refused`
        where this one is not to be asked at all.
        """


OWNERS = Permit()


def is_public(address: str) -> bool:
    """`address` is a globally reachable unicast address; False for all that is not an address."""
    try:
        return _is_public(_parsed(address))
    except Refused:
        return False


def network_of(address: Address) -> str:
    """Whose server an address is: of IPv6 the network (/64) counts, as the rest is its owner's choice (RFC 6177)."""
    return str(address) if isinstance(address, IPv4Address) else str(ip_network((address, 64), strict=False))


def untranslated(address: Address) -> Address:
    """The address that is reached in the end: behind a translator's (RFC 6052 §2.1) an IPv4 address."""
    if isinstance(address, IPv6Address) and address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_here(address: Address) -> bool:
    """What is sent to `address` would not leave this machine. Nothing is sent to find out.

    An address that something outside translates to ours is not seen: a router, a cloud, the host of a container.
    Postponed where the machine has no socket to spare, OSError where no way leads to the address.
    """
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        # A socket may have any address that is ours. It may have anybody's where Linux says so by
        # `net.ipv4.ip_nonlocal_bind`, which some set for addresses that move from machine to machine.
        if _binds(family, str(address)) and not _binds(family, _NOBODYS[family]):
            return True
        # For a datagram socket to connect is to choose a route. To an address of its own the machine sends from that
        # address, or from the first one of the same network; so this alone would miss all others of a network.
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), _PORT))
            sender = ip_address(probe.getsockname()[0])
    except OSError as error:
        if error.errno in _SCARCE:
            raise Postponed("this machine has no socket to spare", seconds=COME_AGAIN) from error
        raise
    return sender == address or sender.is_loopback


def _all_of(addresses: Collection[Address]) -> str:
    """What exempts these addresses. Nobody is told to exempt the metadata of their cloud."""
    if any(untranslated(address) in network for address in addresses for network in _METADATA):
        return ""
    if len(addresses) > MAX_NAMED:
        return _A_RANGE
    return " --allow-network ".join(str(ip_network(address)) for address in addresses)


def _all_of_host(host: str) -> str:
    """As `_all_of`, where nobody looked up the host's addresses."""
    if host in _LOCALHOST:
        return _all_of([ip_address("127.0.0.1"), ip_address("::1")])
    try:
        return _all_of([_parsed(host.strip("[]"))])
    except Refused:
        return _A_RANGE


def _parsed(text: str) -> Address:
    """The address that `text` spells; an IPv4-mapped one (RFC 4291 §2.5.5.2) is the IPv4 address the kernel takes."""
    try:
        address = ip_address(text)
    except ValueError:
        raise Refused(f"{text!r} is not an address") from None
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:  # RFC 4007 §11: a zone exists on this machine only
        raise Refused(f"{text!r} names an interface")
    return address.ipv4_mapped or address


def _is_public(address: Address) -> bool:
    address = untranslated(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_IPV4)
    return address in _UNICAST_IPV6 and not any(address in network for network in _REFUSED_IPV6)


def _binds(family: socket.AddressFamily, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return False
        raise
    return True
