"""Which addresses and URLs the guard lets pass. That it is asked at all is shown in test_ssrf.py."""

from ipaddress import IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.net.guard import Guard, Refused, is_public

PUBLIC = [
    pytest.param("8.8.8.8", id="ipv4"),
    pytest.param("9.255.255.255", id="ipv4-below-10/8"),
    pytest.param("11.0.0.0", id="ipv4-above-10/8"),
    pytest.param("100.63.255.255", id="rfc6598-just-below"),
    pytest.param("100.128.0.0", id="rfc6598-just-above"),
    pytest.param("172.15.255.255", id="rfc1918-just-below-172.16/12"),
    pytest.param("172.32.0.0", id="rfc1918-just-above-172.16/12"),
    pytest.param("192.0.1.1", id="ipv4-between-192.0.0/24-and-192.0.2/24"),
    pytest.param("192.31.196.1", id="rfc7535-as112-is-reachable"),
    pytest.param("198.17.255.255", id="rfc2544-just-below"),
    pytest.param("223.255.255.255", id="rfc5771-just-below-multicast"),
    pytest.param("2606:4700::1111", id="ipv6"),
    pytest.param("2001:200::1", id="rfc2928-just-above-2001::/23"),
    pytest.param("::ffff:8.8.8.8", id="rfc4291-2.5.5.2-mapped-public"),
    pytest.param("64:ff9b::808:808", id="rfc6052-2.1-nat64-of-public"),
]

NOT_PUBLIC = [
    pytest.param("0.0.0.0", id="rfc791-this-host"),
    pytest.param("0.1.2.3", id="rfc791-this-network"),
    pytest.param("10.0.0.1", id="rfc1918-10/8"),
    pytest.param("100.64.0.1", id="rfc6598-shared"),
    pytest.param("100.100.100.200", id="metadata-alibaba"),
    pytest.param("127.0.0.1", id="rfc1122-3.2.1.3-loopback"),
    pytest.param("127.255.255.254", id="rfc1122-3.2.1.3-loopback-last"),
    pytest.param("168.63.129.16", id="metadata-azure-host"),
    pytest.param("169.254.0.23", id="metadata-tencent"),
    pytest.param("169.254.169.254", id="metadata-rfc3927-link-local"),
    pytest.param("172.16.0.1", id="rfc1918-172.16/12"),
    pytest.param("172.31.255.255", id="rfc1918-172.16/12-last"),
    pytest.param("192.0.0.8", id="rfc7600-dummy-address"),
    pytest.param("192.0.0.192", id="metadata-oracle"),
    pytest.param("192.0.2.1", id="rfc5737-documentation-1"),
    pytest.param("192.88.99.1", id="rfc7526-6to4-relay"),
    pytest.param("192.168.1.1", id="rfc1918-192.168/16"),
    pytest.param("198.18.0.1", id="rfc2544-benchmark"),
    pytest.param("198.19.255.255", id="rfc2544-benchmark-last"),
    pytest.param("198.51.100.1", id="rfc5737-documentation-2"),
    pytest.param("203.0.113.1", id="rfc5737-documentation-3"),
    pytest.param("224.0.0.1", id="rfc5771-multicast"),
    pytest.param("239.255.255.255", id="rfc2365-multicast-last"),
    pytest.param("240.0.0.1", id="rfc1112-4-reserved"),
    pytest.param("255.255.255.255", id="rfc919-broadcast"),
    pytest.param("::", id="rfc4291-2.5.2-unspecified"),
    pytest.param("::1", id="rfc4291-2.5.3-loopback"),
    pytest.param("::127.0.0.1", id="rfc4291-2.5.5.1-compatible-loopback"),
    pytest.param("::8.8.8.8", id="rfc4291-2.5.5.1-compatible-public"),
    pytest.param("::ffff:127.0.0.1", id="rfc4291-2.5.5.2-mapped-loopback"),
    pytest.param("::ffff:a9fe:a9fe", id="rfc4291-2.5.5.2-mapped-metadata"),
    pytest.param("::ffff:0:127.0.0.1", id="rfc7915-translated-loopback"),
    pytest.param("64:ff9b::7f00:1", id="rfc6052-2.1-nat64-of-loopback"),
    pytest.param("64:ff9b::10.0.0.1", id="rfc6052-2.1-nat64-of-private"),
    pytest.param("64:ff9b::e000:1", id="rfc6052-2.1-nat64-of-multicast"),
    pytest.param("64:ff9b:1::7f00:1", id="rfc8215-local-nat64-of-loopback"),
    pytest.param("64:ff9b:1:fffe::1", id="rfc8215-local-nat64"),
    pytest.param("100::1", id="rfc6666-discard"),
    pytest.param("2001::1", id="rfc4380-teredo"),
    pytest.param("2001:0:7f00:1:0:ffff:f5ff:fffe", id="rfc4380-4-teredo-by-a-loopback-server"),
    pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", id="rfc4380-4-teredo-of-a-loopback-client"),
    pytest.param("2001:2::1", id="rfc5180-benchmark"),
    pytest.param("2001:10::1", id="rfc4843-orchid"),
    pytest.param("2001:20::1", id="rfc7343-orchid-2"),
    pytest.param("2001:db8::1", id="rfc3849-documentation"),
    pytest.param("2002:7f00:1::", id="rfc3056-6to4-of-loopback"),
    pytest.param("2002:a9fe:a9fe::1", id="rfc3056-6to4-of-metadata"),
    pytest.param("2002:c0a8:101::1", id="rfc3056-6to4-of-private"),
    pytest.param("2002:808:808::1", id="rfc7526-6to4-of-public"),
    pytest.param("3fff::1", id="rfc9637-documentation"),
    pytest.param("4000::1", id="rfc4291-2.4-unassigned"),
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
        pytest.param("http://metadata.google.internal/", "metadata", id="metadata-google"),
        pytest.param("http://METADATA.google.internal./", "metadata", id="metadata-google-case-and-root-dot"),
        pytest.param("http://metadata/", "metadata", id="metadata-short"),
        pytest.param("http://instance-data/latest", "metadata", id="metadata-aws-name"),
    ],
)
def test_url_refused_without_a_look_up(url: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        Guard().check_url(url)


@pytest.mark.parametrize(
    "url", ["http://a.example/", "https://a.example:8443/x?y#z", "http://a.example:443/", "http://metadata.example/"]
)
def test_url_passes(url: str) -> None:
    assert Guard().check_url(url).host.endswith(".example")


def test_other_ports_wait_for_the_addresses_when_a_network_is_allowed() -> None:
    assert Guard(allow=["10.0.0.0/8"]).check_url("http://a.example:9000/").port == 9000
