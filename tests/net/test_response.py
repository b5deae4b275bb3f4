"""The page as a stream: its pieces, its framing, its coding, and what happens where it breaks off."""

import gzip
import itertools
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pingback.errors import Blocked, Unreachable
from pingback.net.client import Client, Limits
from pingback.net.guard import Permit
from pingback.net.response import _gunzipped
from tests.loopback import Site, head, page

TEXT = b"".join(b"<p>paragraph %d</p>" % number for number in range(2000))

PORT = "is not allowed, only 80, 443, 8080 and 8443 are"
RANGE = "give --allow-network CIDR, the range of its addresses, like 192.168.1.0/24"
NO_WAY = "255.255.255.255"  # a connection to all at once: the system refuses, and nothing leaves


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(page(TEXT), id="rfc9112-6.2-content-length"),
        pytest.param(head(200, {}) + TEXT, id="rfc9112-6.3-to-the-end"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n" + TEXT, id="http-1.0"),
        pytest.param(b"HTTP/1.1 200 OK\n\n" + TEXT, id="rfc9112-2.2-bare-line-feeds"),
        pytest.param(b"HTTP/1.1 200\r\n\r\n" + TEXT, id="rfc9112-4-no-reason"),
        pytest.param(
            head(200, {"Transfer-Encoding": "chunked"}) + chunked(TEXT[:10], TEXT[10:]), id="rfc9112-7.1-chunked"
        ),
        pytest.param(
            head(200, {"Transfer-Encoding": "Chunked"}) + b"%x;a=b\r\n%s\r\n0\r\nX: y\r\n\r\n" % (len(TEXT), TEXT),
            id="rfc9112-7.1-chunked-with-extension-and-trailer",
        ),
        pytest.param(page(gzip.compress(TEXT), headers={"Content-Encoding": "gzip"}), id="rfc9110-8.4.1.3-gzip"),
        pytest.param(page(gzip.compress(TEXT), headers={"Content-Encoding": "X-GZip"}), id="rfc9110-8.4.1.3-x-gzip"),
        pytest.param(page(TEXT, headers={"Content-Encoding": "identity"}), id="rfc9110-12.5.3-identity"),
        pytest.param(
            page(gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]), headers={"Content-Encoding": "gzip"}),
            id="rfc1952-2.2-two-members",
        ),
        pytest.param(
            page(gzip.compress(TEXT) + bytes(20_000), headers={"Content-Encoding": "gzip"}), id="gzip-with-padding"
        ),
        pytest.param(
            head(200, {"Transfer-Encoding": "chunked", "Content-Encoding": "gzip"}) + chunked(gzip.compress(TEXT)),
            id="gzip-in-chunks",
        ),
    ],
)
def test_a_whole_page(answer: bytes, site: Site, client: Client) -> None:
    site.pages["/"] = answer
    with client.get(site.url + "/") as response:
        chunks = list(response.chunks())
        assert b"".join(chunks) == TEXT
        assert all(0 < len(chunk) <= 16384 for chunk in chunks)
        assert response.bytes_read == len(TEXT)


@pytest.mark.parametrize("status", [200, 204, 304])
def test_an_empty_page(status: int, site: Site, client: Client) -> None:
    site.pages["/"] = head(status, {"Content-Encoding": "gzip", "Content-Length": "0"})
    with client.get(site.url + "/") as response:
        assert list(response.chunks()) == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(
            page(TEXT, headers={"Content-Length": "99999", "Connection": "close"}),
            "broke off",
            id="rfc9112-8-too-short",
        ),
        pytest.param(
            head(200, {"Transfer-Encoding": "chunked", "Connection": "close"}) + b"ffff\r\n" + TEXT[:99],
            "broke off",
            id="rfc9112-8-chunk-too-short",
        ),
        pytest.param(
            head(200, {"Transfer-Encoding": "chunked", "Connection": "close"}) + b"5\r\nhello\r\n",
            "broke off",
            id="rfc9112-8-no-last-chunk",
        ),
        pytest.param(
            head(200, {"Transfer-Encoding": "chunked", "Connection": "close"}) + b"what?\r\nhello\r\n",
            "broke off",
            id="rfc9112-7.1-size-is-no-number",
        ),
        pytest.param(
            head(200, {"Transfer-Encoding": "gzip, chunked", "Connection": "close"}) + chunked(gzip.compress(TEXT)),
            "transfer coding",
            id="rfc9112-7-another-transfer-coding",
        ),
        pytest.param(page(TEXT, headers={"Content-Encoding": "gzip"}), "not the gzip", id="rfc1952-no-gzip"),
        pytest.param(
            page(gzip.compress(TEXT)[:-9], headers={"Content-Encoding": "gzip"}), "not the gzip", id="rfc1952-cut"
        ),
        pytest.param(
            page(gzip.compress(TEXT)[:-8] + bytes(8), headers={"Content-Encoding": "gzip"}),
            "not the gzip",
            id="rfc1952-2.3.1-wrong-checksum",
        ),
        pytest.param(
            page(gzip.compress(TEXT)[:5], headers={"Content-Encoding": "gzip"}), "not the gzip", id="rfc1952-head-only"
        ),
    ],
)
def test_a_broken_page(answer: bytes, reason: str, site: Site, client: Client) -> None:
    site.pages["/"] = answer
    with client.get(site.url + "/") as response, pytest.raises(Unreachable, match=reason):
        response.read()


def test_the_first_piece_is_what_is_there(site: Site, client: Client) -> None:
    site.pages["/"] = itertools.chain([head(200, {}), b"<link rel=pingback>"], site.silence())
    with client.get(site.url + "/") as response:
        assert next(response.chunks()) == b"<link rel=pingback>"


def test_a_link_in_the_head_of_a_large_page_needs_little_of_it(site: Site, client: Client) -> None:
    site.pages["/"] = page(b"<link rel=pingback href=/rpc>" + b"x" * 1_000_000)
    with client.get(site.url + "/") as response:
        assert b"rel=pingback" in next(response.chunks())
        assert response.bytes_read <= 32 * 1024


def test_headers_need_no_body(site: Site, client: Client) -> None:
    site.pages["/"] = page(TEXT, headers={"X-Pingback": "/rpc"})
    with client.get(site.url + "/") as response:
        assert response.headers("X-Pingback") == ["/rpc"]
        assert response.bytes_read == 0


def test_reading_goes_on_where_it_stopped(site: Site, client: Client) -> None:
    site.pages["/"] = page(TEXT)
    with client.get(site.url + "/") as response:
        first = next(response.chunks())
        assert first + response.read() == TEXT


def test_reading_up_to_a_limit(site: Site, client: Client) -> None:
    site.pages["/"] = page(TEXT)
    with client.get(site.url + "/") as response:
        assert response.read(100) == TEXT[:100]
    with client.get(site.url + "/") as response:
        assert response.read(10**9) == TEXT


def test_a_closed_response_has_no_more(site: Site, client: Client) -> None:
    site.pages["/"] = page(TEXT)
    response = client.get(site.url + "/")
    response.close()
    response.close()
    assert response.read() == b""


@settings(max_examples=50)
@given(content=st.binary(max_size=200), repeat=st.integers(1, 500), cut=st.integers(1, 3000), members=st.integers(1, 3))
def test_gzip_in_any_pieces(content: bytes, repeat: int, cut: int, members: int) -> None:
    text = content * repeat
    stream = gzip.compress(text) * members
    pieces = (stream[start : start + cut] for start in range(0, len(stream), cut))
    assert b"".join(_gunzipped(pieces)) == text * members


class Stranger(Permit):
    is_strangers = True


@pytest.mark.parametrize(
    ("url", "why", "remedy"),
    [
        pytest.param(
            "http://10.0.0.1/", "10.0.0.1 is not a public address", "give --allow-network 10.0.0.1/32", id="v4"
        ),
        pytest.param(
            "http://[fd00::1]/", "fd00::1 is not a public address", "give --allow-network fd00::1/128", id="v6"
        ),
        pytest.param(
            "http://127.0.0.1:8000/", f"port 8000 {PORT}", "give --allow-network 127.0.0.1/32", id="port-of-an-address"
        ),
        pytest.param(
            "http://[::1]:8000/", f"port 8000 {PORT}", "give --allow-network ::1/128", id="port-of-a-v6-address"
        ),
        pytest.param(
            "http://localhost:8000/",
            f"port 8000 {PORT}",
            "give --allow-network 127.0.0.1/32 --allow-network ::1/128",
            id="port-of-localhost",
        ),
        pytest.param("http://blog.example:8000/", f"port 8000 {PORT}", RANGE, id="port-of-a-name"),
        pytest.param(
            "http://two.example/",
            "10.0.0.1 is not a public address",
            "give --allow-network 10.0.0.1/32 --allow-network fd00::1/128",
            id="name-with-two-addresses",
        ),
        pytest.param("http://five.example/", "10.0.0.1 is not a public address", RANGE, id="name-with-five"),
        pytest.param("http://169.254.169.254/", "169.254.169.254 is not a public address", None, id="metadata"),
        pytest.param("http://[fe80::1]/", "fe80::1 is not a public address", None, id="link-local"),
        pytest.param(
            "http://[64:ff9b::a9fe:1]/", "64:ff9b::a9fe:1 is not a public address", None, id="link-local-by-nat64"
        ),
        pytest.param("http://metadata/", "metadata is a cloud's metadata service", None, id="metadata-by-name"),
        pytest.param("http://me@blog.example/", "it holds credentials", None, id="credentials"),
    ],
)
def test_blocked(url: str, why: str, remedy: str | None) -> None:
    addresses = {"two.example": ["10.0.0.1", "fd00::1"], "five.example": [f"10.0.0.{last}" for last in range(1, 6)]}
    with Client(resolver=lambda host, port: addresses[host]) as client:
        with pytest.raises(Blocked) as to_owner:
            client.get(url)
        with pytest.raises(Blocked) as to_stranger:
            client.get(url, permit=Stranger())
    named = url.replace("me@", "")
    assert str(to_stranger.value) == f"{named} is blocked: {why}"
    assert str(to_owner.value) == f"{named} is blocked: {why}" + (f"; if it is yours, {remedy}" if remedy else "")


def test_only_what_is_not_exempt_yet_is_named() -> None:
    with (
        Client(allow=["10.0.0.1"], resolver=lambda *_: ["10.0.0.1", "10.0.0.2"]) as client,
        pytest.raises(Blocked, match=r"10\.0\.0\.2 is not a public address.* --allow-network 10\.0\.0\.2/32$"),
    ):
        client.get("http://a.example/")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(socket.gaierror(socket.EAI_NONAME, "?"), "no such host", id="no-such-name"),
        pytest.param(
            socket.gaierror(socket.EAI_AGAIN, "?"),
            "its name could not be looked up; is this machine offline?",
            id="no-name-server",
        ),
    ],
)
def test_a_name_that_leads_nowhere(error: OSError, words: str) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise error

    with Client(resolver=resolver) as client, pytest.raises(Unreachable) as failure:
        client.get("http://a.example/")
    assert str(failure.value) == f"http://a.example/ could not be reached: {words}"


def test_no_way_to_the_network() -> None:
    with Client(allow=[NO_WAY]) as client, pytest.raises(Unreachable) as failure:
        client.get(f"http://{NO_WAY}/")
    words = "there is no way to its network; is this machine offline?"
    assert str(failure.value) == f"http://{NO_WAY}/ could not be reached: {words}"


@pytest.mark.parametrize("answers", [["127.0.0.2", NO_WAY], [NO_WAY, "127.0.0.2"]], ids=["last", "first"])
def test_a_network_that_we_are_not_on_says_nothing_of_a_host_that_has_another(answers: list[str]) -> None:
    with (
        Site() as site,
        Client(allow=["127.0.0.0/8", NO_WAY], resolver=lambda *_: answers, limits=Limits(timeout=30.0)) as client,
        pytest.raises(Unreachable, match="the connection was refused"),
    ):
        client.get(f"http://a.example:{site.port}/")
