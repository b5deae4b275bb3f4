"""Which addresses and URLs the guard lets pass. That it is asked at all is shown in test_ssrf.py."""

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.net import guard
from pingback.net.guard import Guard, Postponed, Refused, is_here, is_public, network_of

# Each network that is refused, written out: the address before it, its first, its last, and the one after.
EDGES = [
    pytest.param(None, "0.0.0.0", "0.255.255.255", "1.0.0.0", id="rfc791-0/8-this-network"),
    pytest.param("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", id="rfc1918-10/8"),
    pytest.param("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", id="rfc6598-100.64/10-shared"),
    pytest.param("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", id="rfc1122-127/8-loopback"),
    pytest.param("168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17", id="metadata-azure-host"),
    pytest.param(
        "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0", id="rfc3927-169.254/16-link-local"
    ),
    pytest.param("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", id="rfc1918-172.16/12"),
    pytest.param("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0", id="rfc6890-192.0.0/24-assignments"),
    pytest.param("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0", id="rfc5737-192.0.2/24-documentation"),
    pytest.param("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0", id="rfc7526-192.88.99/24-6to4-relay"),
    pytest.param("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0", id="rfc1918-192.168/16"),
    pytest.param("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0", id="rfc2544-198.18/15-benchmarks"),
    pytest.param("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0", id="rfc5737-198.51.100/24"),
    pytest.param("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0", id="rfc5737-203.0.113/24"),
    pytest.param("223.255.255.255", "224.0.0.0", "239.255.255.255", None, id="rfc5771-224/4-multicast"),
    pytest.param(None, "240.0.0.0", "255.255.255.255", None, id="rfc1112-240/4-reserved"),
    pytest.param(None, "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::", id="rfc4291-before-2000::/3"),
    pytest.param(
        "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:200::",
        id="rfc2928-2001::/23-assignments",
    ),
    pytest.param(
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        id="rfc3849-2001:db8::/32-documentation",
    ),
    pytest.param(
        "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2003::",
        id="rfc3056-2002::/16-6to4",
    ),
    pytest.param(
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
        id="rfc9637-3fff::/20-documentation",
    ),
    pytest.param(
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "4000::",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        None,
        id="rfc4291-after-2000::/3",
    ),
]

PUBLIC = [
    pytest.param("8.8.8.8", id="ipv4"),
    pytest.param("192.31.196.1", id="rfc7535-as112-is-reachable"),
    pytest.param("2606:4700::1111", id="ipv6"),
    pytest.param("::ffff:8.8.8.8", id="rfc4291-2.5.5.2-mapped-public"),
    pytest.param("64:ff9b::1.0.0.0", id="rfc6052-2.1-nat64-of-the-first-public"),
    pytest.param("64:ff9b::808:808", id="rfc6052-2.1-nat64-of-public"),
    pytest.param("64:ff9b::223.255.255.255", id="rfc6052-2.1-nat64-of-the-last-public"),
]

NOT_PUBLIC = [
    pytest.param("100.100.100.200", id="metadata-alibaba"),
    pytest.param("169.254.0.23", id="metadata-tencent"),
    pytest.param("169.254.169.254", id="metadata-of-most-clouds"),
    pytest.param("192.0.0.192", id="metadata-oracle"),
    pytest.param("::1", id="rfc4291-2.5.3-loopback"),
    pytest.param("::127.0.0.1", id="rfc4291-2.5.5.1-compatible-loopback"),
    pytest.param("::8.8.8.8", id="rfc4291-2.5.5.1-compatible-public"),
    pytest.param("::ffff:127.0.0.1", id="rfc4291-2.5.5.2-mapped-loopback"),
    pytest.param("::ffff:a9fe:a9fe", id="rfc4291-2.5.5.2-mapped-metadata"),
    pytest.param("::ffff:0:127.0.0.1", id="rfc7915-translated-loopback"),
    pytest.param("64:ff9b::7f00:1", id="rfc6052-2.1-nat64-of-loopback"),
    pytest.param("64:ff9b::10.0.0.1", id="rfc6052-2.1-nat64-of-private"),
    pytest.param("64:ff9b::e000:1", id="rfc6052-2.1-nat64-of-multicast"),
    pytest.param("64:ff9a:ffff:ffff:ffff:ffff:808:808", id="rfc6052-2.1-just-below-nat64"),
    pytest.param("64:ff9b::1:808:808", id="rfc6052-2.1-just-above-nat64/96"),
    pytest.param("64:ff9b:1::7f00:1", id="rfc8215-local-nat64-of-loopback"),
    pytest.param("64:ff9b:1:fffe::1", id="rfc8215-local-nat64"),
    pytest.param("100::1", id="rfc6666-discard"),
    pytest.param("2001::1", id="rfc4380-teredo"),
    pytest.param("2001:0:7f00:1:0:ffff:f5ff:fffe", id="rfc4380-4-teredo-by-a-loopback-server"),
    pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", id="rfc4380-4-teredo-of-a-loopback-client"),
    pytest.param("2001:2::1", id="rfc5180-benchmark"),
    pytest.param("2001:10::1", id="rfc4843-orchid"),
    pytest.param("2001:20::1", id="rfc7343-orchid-2"),
    pytest.param("2002:7f00:1::", id="rfc3056-6to4-of-loopback"),
    pytest.param("2002:a9fe:a9fe::1", id="rfc3056-6to4-of-metadata"),
    pytest.param("2002:c0a8:101::1", id="rfc3056-6to4-of-private"),
    pytest.param("2002:808:808::1", id="rfc7526-6to4-of-public"),
    pytest.param("5f00::1", id="rfc9602-srv6"),
    pytest.param("fc00::1", id="rfc4193-unique-local"),
    pytest.param("fd00:ec2::254", id="metadata-aws-ipv6"),
    pytest.param("fe80::1", id="rfc4291-2.5.6-link-local"),
    pytest.param("fec0::1", id="rfc3879-site-local"),
    pytest.param("ff02::1", id="rfc4291-2.7-multicast"),
    pytest.param("ff0e::1", id="rfc4291-2.7-multicast-global-scope"),
    pytest.param("fe80::1%eth0", id="rfc4007-11-zone"),
    pytest.param("2606:4700::1111%1", id="rfc4007-11-zone-on-a-public-address"),
    pytest.param("0177.0.0.1", id="octal"),
    pytest.param("127.1", id="short"),
    pytest.param("2130706433", id="integer"),
    pytest.param("a.example", id="a-name"),
    pytest.param("8.8.8.8/32", id="a-network"),
    pytest.param("", id="nothing"),
]

NAT64 = IPv6Network("64:ff9b::/96")


@pytest.mark.parametrize(("below", "first", "last", "above"), EDGES)
def test_a_network_that_is_refused_from_edge_to_edge(
    below: str | None, first: str, last: str, above: str | None
) -> None:
    assert not is_public(first)
    assert not is_public(last)
    assert all(is_public(neighbour) for neighbour in (below, above) if neighbour)


def test_every_network_of_the_table_has_its_edges() -> None:
    assert len(EDGES) == len(guard._REFUSED_IPV4) + len(guard._REFUSED_IPV6) + 2  # what surrounds 2000::/3


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_public_is_never_more_than_the_standard_library_says(address: object) -> None:
    plain = ip_address(str(address))
    if plain.version == 6:
        plain = plain.ipv4_mapped or plain
    if is_public(str(address)):
        assert plain.is_global or plain in NAT64
        assert not plain.is_multicast


@given(st.text(max_size=60))
def test_any_text_is_public_or_not(text: str) -> None:
    assert is_public(text) in {True, False}


@pytest.mark.parametrize(
    ("allow", "address", "port"),
    [
        pytest.param([], "8.8.8.8", 80, id="public-usual-port"),
        pytest.param([], "8.8.8.8", 8443, id="public-other-usual-port"),
        pytest.param(["127.0.0.0/8"], "127.0.0.1", 22, id="allowed-network-any-port"),
        pytest.param(["127.0.0.1"], "127.0.0.1", 80, id="allowed-address"),
        pytest.param(["127.0.0.0/8"], "::ffff:127.0.0.1", 80, id="allowed-network-in-mapped-spelling"),
        pytest.param(["fd00::/8"], "fd12::1", 3000, id="allowed-ipv6"),
        pytest.param(["10.0.0.0/8", "192.168.1.0/24"], "192.168.1.9", 80, id="second-of-two"),
        pytest.param(["10.0.0.0/8"], "8.8.8.8", 80, id="public-beside-an-allowed-network"),
    ],
)
def test_passes(allow: list[str], address: str, port: int) -> None:
    assert len(Guard(allow=allow).checked([address], port)) == 1


@pytest.mark.parametrize(
    ("allow", "answers", "port"),
    [
        pytest.param([], ["8.8.8.8"], 22, id="public-other-port"),
        pytest.param(["10.0.0.0/8"], ["8.8.8.8"], 22, id="port-is-lifted-for-that-network-alone"),
        pytest.param(["10.0.0.0/8"], ["192.168.0.1"], 80, id="address-is-lifted-for-that-network-alone"),
        pytest.param(["10.0.0.0/8"], ["10.0.0.1", "192.168.0.1"], 80, id="one-of-two-answers"),
        pytest.param(["10.0.0.0/8"], ["10.0.0.1", "8.8.8.8"], 22, id="port-of-one-of-two-answers"),
        pytest.param([], ["8.8.8.8", "127.0.0.1"], 80, id="public-and-loopback"),
        pytest.param(["0.0.0.0/0"], ["64:ff9b::7f00:1"], 80, id="allowed-ipv4-in-nat64"),
        pytest.param(["fe80::/10"], ["fe80::1%1"], 80, id="allowed-with-a-zone"),
        pytest.param([], ["8.8.8.8", "what?"], 80, id="no-address"),
    ],
)
def test_refused(allow: list[str], answers: list[str], port: int) -> None:
    with pytest.raises(Refused):
        Guard(allow=allow).checked(answers, port)


@pytest.mark.parametrize(
    "network", ["127.0.0.1/8", "localhost", "127.0.0.0/33", "10.0.0.0/8,192.168.0.0/16", "", "a.example/24"]
)
def test_allow_takes_networks_only(network: str) -> None:
    with pytest.raises(ValueError, match=r"network|host bits"):
        Guard(allow=[network])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param("ftp://a.example/", "not an absolute HTTP URL", id="ftp"),
        pytest.param("file:///etc/passwd", "not an absolute HTTP URL", id="file"),
        pytest.param("gopher://a.example:70/_x", "not an absolute HTTP URL", id="gopher"),
        pytest.param("javascript:alert(1)", "not an absolute HTTP URL", id="javascript"),
        pytest.param("/relative", "not an absolute HTTP URL", id="relative"),
        pytest.param("", "not an absolute HTTP URL", id="empty"),
        pytest.param("http://", "not an absolute HTTP URL", id="no-host"),
        pytest.param("http://[::1%25eth0]/", "not an absolute HTTP URL", id="rfc6874-zone"),
        pytest.param("http://256.256.256.256/", "not an absolute HTTP URL", id="url-5.1-ipv4-out-of-range"),
        pytest.param("http://a.example:65536/", "not an absolute HTTP URL", id="port-out-of-range"),
        pytest.param("http://a.example/" + "x" * 9000, "not an absolute HTTP URL", id="too-long"),
        pytest.param("http://user@a.example/", "credentials", id="rfc9110-4.2.4-user"),
        pytest.param("http://user:secret@a.example/", "credentials", id="rfc9110-4.2.4-user-and-password"),
        pytest.param("http://:secret@a.example/", "credentials", id="rfc9110-4.2.4-password"),
        pytest.param("http://a.example:22/", "port 22", id="ssh"),
        pytest.param("http://a.example:0/", "port 0", id="port-0"),
        pytest.param("https://a.example:6379/", "port 6379", id="redis"),
    ],
)
def test_url_refused_without_a_look_up(url: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        Guard().check_url(url)


METADATA_HOSTS = [
    pytest.param("instance-data", id="aws-short"),
    pytest.param("instance-data.ec2.internal", id="aws"),
    pytest.param("metadata", id="short"),
    pytest.param("metadata.azure.internal", id="azure"),
    pytest.param("metadata.goog", id="google-short"),
    pytest.param("metadata.google.internal", id="google"),
    pytest.param("metadata.packet.net", id="packet"),
    pytest.param("metadata.platformequinix.com", id="equinix"),
    pytest.param("metadata.tencentyun.com", id="tencent"),
]


@pytest.mark.parametrize("host", METADATA_HOSTS)
def test_the_name_of_a_metadata_service_is_refused_however_it_is_written(host: str) -> None:
    for written in (host, host.upper(), f"{host}.", f"{host.title()}.", f"{host}:8080", f"%{ord(host[0]):x}{host[1:]}"):
        for allow in ([], ["0.0.0.0/0", "::/0"]):
            with pytest.raises(Refused, match="a cloud's metadata service"):
                Guard(allow=allow).check_url(f"http://{written}/latest/")


@pytest.mark.parametrize("host", METADATA_HOSTS)
def test_a_name_that_only_holds_that_of_a_metadata_service_passes(host: str) -> None:
    for name in (f"x{host}", f"x.{host}", f"{host}x", f"{host}.example"):
        assert Guard().check_url(f"http://{name}/").host == name


def test_every_metadata_service_of_the_table_is_tried() -> None:
    assert len(METADATA_HOSTS) == len(guard._METADATA_HOSTS)


@pytest.mark.parametrize("url", ["http://a.example/", "https://a.example:8443/x?y#z", "http://a.example:443/"])
def test_url_passes(url: str) -> None:
    assert Guard().check_url(url).host.endswith(".example")


def test_other_ports_wait_for_the_addresses_when_a_network_is_allowed() -> None:
    assert Guard(allow=["10.0.0.0/8"]).check_url("http://a.example:9000/").port == 9000


@pytest.mark.parametrize(
    ("address", "network"),
    [
        pytest.param("8.8.8.8", "8.8.8.8", id="ipv4"),
        pytest.param("2606:4700::1", "2606:4700::/64", id="ipv6"),
        pytest.param("2606:4700:0:1:ffff:ffff:ffff:ffff", "2606:4700:0:1::/64", id="ipv6-last-of-a-network"),
    ],
)
def test_the_network_of_an_address(address: str, network: str) -> None:
    assert network_of(ip_address(address)) == network


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
