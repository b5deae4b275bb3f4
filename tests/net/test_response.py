"""The page as a stream: its pieces, its framing, its coding, and what happens where it breaks off."""

import gzip
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pingback.errors import Unreachable
from pingback.net.client import Client
from pingback.net.response import _gunzipped
from tests.loopback import Site, head, page

TEXT = b"".join(b"<p>paragraph %d</p>" % number for number in range(2000))


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
