"""Which addresses are this machine's own."""

import socket
from contextlib import suppress
from ipaddress import ip_address

import pytest

from pingback.net.here import is_here


@pytest.mark.parametrize(
    ("address", "here"),
    [
        pytest.param("127.0.0.1", True, id="loopback"),
        pytest.param("127.8.8.8", True, id="all-of-the-loopback-network"),
        pytest.param("::1", True, id="loopback-ipv6"),
        pytest.param("192.0.2.77", False, id="elsewhere"),
        pytest.param("2001:db8::77", False, id="elsewhere-ipv6"),
        pytest.param("255.255.255.255", False, id="no-way-there"),
    ],
)
def test_addresses(address: str, here: bool) -> None:
    assert is_here(ip_address(address)) is here


def test_the_address_by_which_others_reach_this_machine() -> None:
    own = "127.0.0.1"  # where there is no network
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward, suppress(OSError):
        outward.connect(("192.0.2.77", 80))
        own = outward.getsockname()[0]
    assert is_here(ip_address(own))
