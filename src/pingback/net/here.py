"""Which addresses are this machine's own, public ones included."""

import socket
from ipaddress import IPv4Address, ip_address

from pingback.net.guard import Address

_PORT = 9  # any would do


def is_here(address: Address) -> bool:
    """What is sent to `address` would not leave this machine.

    Nothing is sent: for a datagram socket to connect is to choose a route, and to one of its own addresses the machine
    chooses that very address to send from. An address that a router outside translates to ours is not seen.
    """
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), _PORT))
            sender = ip_address(probe.getsockname()[0])
    except OSError:  # no way there, so it is elsewhere
        return False
    return sender == address or sender.is_loopback
