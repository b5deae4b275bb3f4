"""`pingback.server.forwarded`: what a proxy says counts, what a stranger says does not."""

import pytest

from pingback.server.forwarded import Forwarded
from pingback.server.shell import Head

PROXIES = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")


def head(peer: str, headers: dict[str, str]) -> Head:
    return Head(
        method="GET",
        scheme="http",
        host="inside:8000",
        mount=b"",
        path=b"/",
        raw_path=b"/",
        query=b"",
        headers=headers,
        remote_addr=peer,
    )


def seen(peer: str, **headers: str) -> tuple[str, str, str]:
    """The address of the client, the scheme and the host that the application sees."""
    forwarded = {f"x-forwarded-{name}": value for name, value in headers.items()}
    outside = Forwarded(PROXIES).as_seen_outside(head(peer, forwarded))
    return outside.remote_addr, outside.scheme, outside.host


@pytest.mark.parametrize(
    ("peer", "hops", "client_ip"),
    [
        pytest.param("127.0.0.1", "192.0.2.7", "192.0.2.7", id="one-proxy"),
        pytest.param("127.0.0.1", "192.0.2.7, 10.1.1.1", "192.0.2.7", id="two-proxies"),
        pytest.param("127.0.0.1", "203.0.113.9, 192.0.2.7, 10.1.1.1", "192.0.2.7", id="the-right-most-no-proxy"),
        pytest.param("127.0.0.1", "127.0.0.1, 192.0.2.7", "192.0.2.7", id="a-forged-proxy-on-the-left"),
        pytest.param("127.0.0.1", "10.1.1.1,10.1.1.2", "10.1.1.1", id="nothing-but-proxies"),
        pytest.param("127.0.0.1", "192.0.2.7, unknown", "127.0.0.1", id="not-an-address"),
        pytest.param("127.0.0.1", "192.0.2.7, unknown, 10.1.1.1", "10.1.1.1", id="not-an-address-behind-a-proxy"),
        pytest.param("127.0.0.1", "", "127.0.0.1", id="empty"),
        pytest.param("127.0.0.1", "192.0.2.7:5555", "192.0.2.7", id="with-a-port"),
        pytest.param("127.0.0.1", "[2001:db9::1]:5555", "2001:db9::1", id="ipv6-with-a-port"),
        pytest.param("127.0.0.1", "2001:db9::1, 2001:db8::5", "2001:db9::1", id="ipv6"),
        pytest.param("127.0.0.1", "::ffff:192.0.2.7", "192.0.2.7", id="rfc4291-2.5.5.2-mapped"),
        pytest.param("::ffff:127.0.0.1", "192.0.2.7", "192.0.2.7", id="a-mapped-proxy"),
        pytest.param("127.0.0.1", "192.0.2.7" + ", 10.1.1.1" * 5000, "10.1.1.1", id="thousands-of-hops"),
        pytest.param("192.0.2.1", "203.0.113.9", "192.0.2.1", id="a-stranger"),
        pytest.param("192.0.2.1", "127.0.0.1", "192.0.2.1", id="a-stranger-as-the-proxy"),
        pytest.param("", "203.0.113.9", "", id="no-peer"),
    ],
)
def test_who_asked(peer: str, hops: str, client_ip: str) -> None:
    assert seen(peer, **{"for": hops})[0] == client_ip


@pytest.mark.parametrize(
    ("peer", "scheme", "host", "outside"),
    [
        pytest.param("127.0.0.1", "https", "blog.example", ("https", "blog.example"), id="a-proxy"),
        pytest.param("127.0.0.1", "evil, HTTPS", "evil, blog.example", ("https", "blog.example"), id="the-nearest"),
        pytest.param("127.0.0.1", "gopher", "", ("http", "inside:8000"), id="nothing-of-use"),
        pytest.param("192.0.2.1", "https", "evil.example", ("http", "inside:8000"), id="a-stranger"),
    ],
)
def test_at_which_address(peer: str, scheme: str, host: str, outside: tuple[str, str]) -> None:
    assert seen(peer, proto=scheme, host=host, **{"for": "192.0.2.7"})[1:] == outside


def test_a_proxy_may_tell_the_scheme_alone() -> None:
    assert seen("127.0.0.1", proto="https") == ("127.0.0.1", "https", "inside:8000")


def test_without_the_headers_nothing_changes() -> None:
    assert seen("127.0.0.1") == ("127.0.0.1", "http", "inside:8000")


def test_a_proxy_that_nobody_named_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    forwarded = Forwarded(())
    for peer in ("127.0.0.1", "10.0.0.1", "127.0.0.1", "198.51.100.1"):
        forwarded.as_seen_outside(head(peer, {"x-forwarded-for": "192.0.2.7"}))
    [record] = caplog.records
    assert record.getMessage() == (
        "requests come through 127.0.0.1, which counts as one sender: is it one of trusted_proxies?"
    )
