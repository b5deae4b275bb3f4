"""Which addresses are this machine's own, public ones included."""

import errno
import socket
from ipaddress import IPv4Address, ip_address

from pingback.net.guard import Address
from pingback.net.permit import Postponed

COME_AGAIN = 10.0  # seconds

_PORT = 9  # any would do
_NOBODYS = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}  # documentation, RFC 5737 and RFC 3849
_SCARCE = frozenset({errno.EADDRINUSE, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def is_here(address: Address) -> bool:
    """What is sent to `address` would not leave this machine. Nothing is sent to find out.

    An address that something outside translates to ours is not seen: a router, a cloud, the host of a container.
    Postponed where the machine has no socket to spare, OSError where no way leads to the address.
    """
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        return _is_bindable(family, str(address)) or _is_routed_here(family, address)
    except OSError as error:
        if error.errno in _SCARCE:
            raise Postponed("this machine has no socket to spare", seconds=COME_AGAIN) from error
        raise


def _is_bindable(family: socket.AddressFamily, address: str) -> bool:
    """A socket may have this address, as it may have all that are ours; False where it may have anybody's.

    Linux allows that by `net.ipv4.ip_nonlocal_bind`, which some set for addresses that move from machine to machine.
    """
    return _binds(family, address) and not _binds(family, _NOBODYS[family])


def _binds(family: socket.AddressFamily, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return False
        raise
    return True


def _is_routed_here(family: socket.AddressFamily, address: Address) -> bool:
    """For a datagram socket to connect is to choose a route. To an address of its own the machine sends from that
    address, or from the first one of the same network; so this alone would miss all others of a network."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((str(address), _PORT))
        sender = ip_address(probe.getsockname()[0])
    return sender == address or sender.is_loopback
