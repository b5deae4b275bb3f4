"""Which addresses are this machine's own."""

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address

import pytest

from pingback.net.here import is_here
from pingback.net.permit import Postponed


@pytest.mark.parametrize(
    ("address", "here"),
    [
        pytest.param("127.0.0.1", True, id="loopback"),
        pytest.param("127.8.8.8", True, id="all-of-the-loopback-network"),
        pytest.param("127.255.255.255", True, id="ours-though-no-route-may-be-chosen"),
        pytest.param("::1", True, id="loopback-ipv6"),
        pytest.param("192.0.2.77", False, id="elsewhere"),
        pytest.param("2001:db8::77", False, id="elsewhere-ipv6"),
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


@contextmanager
def no_file_to_open() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.77", "::1", "2001:db8::77"])
def test_while_nobody_can_say_nothing_is_taken_for_elsewhere(address: str) -> None:
    with no_file_to_open(), pytest.raises(Postponed) as postponed:
        is_here(ip_address(address))
    assert postponed.value.seconds == 10.0
