"""One budget of time and bytes for a whole exchange: peers that are slow, silent, endless or explosive.

Only outcomes are asserted; a budget that did not hold shows as a test that hits the time-out of the suite.
"""

import gzip
import itertools
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator
from time import monotonic

import pytest

from pingback.errors import Unreachable
from pingback.net.budget import Budget, MeteredSocket, TooMuch
from pingback.net.client import Client, Limits
from pingback.net.response import Response
from tests.loopback import Request, Site, head, page, redirect

MIB = 1024 * 1024


@pytest.fixture
def hasty() -> Iterator[Client]:
    """For what never comes."""
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=0.2)) as client:
        yield client


def bytewise(data: bytes) -> Iterable[bytes]:
    return (bytes([byte]) for byte in data)


def endless(*pieces: bytes) -> Iterator[bytes]:
    return itertools.cycle(pieces)


CHUNKED = head(200, {"Transfer-Encoding": "chunked"})
ZIPPED = gzip.compress(bytes(9000))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(endless(b"H"), id="status-line"),
        pytest.param(bytewise(head(200, {"X-Long": "x" * 500})), id="header"),
        pytest.param(itertools.chain([b"HTTP/1.1 200 OK\r\n"], endless(b"X-More: x\r\n")), id="headers"),
        pytest.param(endless(head(103, {})), id="interim-responses"),
        pytest.param(endless(head(100, {})), id="continues"),
        pytest.param(itertools.chain([head(200, {})], endless(b"x")), id="body-to-the-end"),
        pytest.param(itertools.chain([head(200, {"Content-Length": "5000"})], endless(b"x")), id="body-of-a-length"),
        pytest.param(itertools.chain([CHUNKED], endless(b"1\r\nx\r\n")), id="chunks"),
        pytest.param(itertools.chain([CHUNKED], endless(b"0")), id="size-of-a-chunk"),
        pytest.param(itertools.chain([CHUNKED, b"1;"], endless(b"x")), id="extension-of-a-chunk"),
        pytest.param(itertools.chain([CHUNKED, b"0\r\n"], endless(b"X: y\r\n")), id="trailers"),
        pytest.param(itertools.chain([head(200, {"Content-Encoding": "gzip"})], bytewise(ZIPPED)), id="gzip"),
    ],
)
def test_a_drip(data: Iterable[bytes], site: Site, hasty: Client) -> None:
    """Every byte comes within what a time-out for each `recv` would wait."""
    site.pages["/"] = site.drip(data)
    with pytest.raises(Unreachable) as failure:
        hasty.get(site.url + "/").read()
    assert str(failure.value) == f"{site.url}/ did not answer within 0.2 seconds"


def test_what_came_before_the_budget_ended_is_not_the_page(site: Site, client: Client) -> None:
    site.pages["/"] = itertools.chain([head(200, {}), b"<p>first"], site.silence())
    with client.get(site.url + "/") as response:
        chunks = response.chunks()
        assert next(chunks) == b"<p>first"
        _end(response)
        with pytest.raises(Unreachable, match="did not answer"):
            next(chunks)


def test_silence(site: Site, hasty: Client) -> None:
    site.pages["/"] = site.silence()
    with pytest.raises(Unreachable, match="did not answer"):
        hasty.get(site.url + "/")


def _end(response: Response) -> None:
    """Its time is over. To wait for that would be to race with what is to come before."""
    response._budget._end = monotonic()


def test_silence_on_a_connection_that_was_used_before(site: Site, client: Client) -> None:
    site.pages["/"] = site.silence()
    client.get(site.url + "/404").read()
    client._limits = Limits(timeout=0.2)
    with pytest.raises(Unreachable, match="did not answer"):
        client.get(site.url + "/")
    assert site.connections == 1


def test_a_budget_starts_with_each_exchange(site: Site, client: Client) -> None:
    """On a connection that is older than the budget of one."""
    site.pages["/"] = page(b"x")
    for _ in range(3):
        response = client.get(site.url + "/")
        assert response.read() == b"x"
        _end(response)
    assert site.connections == 1


@pytest.fixture
def pair() -> Iterator[tuple[MeteredSocket, socket.socket]]:
    """Two ends of a connection; the metered one waits for ever, as far as its last user left it."""
    one, other = socket.socketpair()
    with MeteredSocket(one.family, one.type, fileno=one.detach()) as metered, other:
        metered.settimeout(None)
        yield metered, other


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda metered: metered.recv_into(bytearray(9)), id="receive"),
        pytest.param(lambda metered: [metered.send(bytes(MIB)) for _ in itertools.repeat(None)], id="send"),
        pytest.param(lambda metered: metered.sendall(bytes(50 * MIB)), id="send-all"),
    ],
)
def test_a_peer_that_neither_reads_nor_writes(
    use: Callable[[MeteredSocket], object], pair: tuple[MeteredSocket, socket.socket]
) -> None:
    metered, _ = pair
    metered.budget = Budget(seconds=0.1, max_received=MIB)
    with pytest.raises(TimeoutError):
        use(metered)


def test_a_peer_that_reads_no_body(hasty: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(Unreachable, match="did not answer within"):
            hasty.post(url, bytes(50 * MIB), content_type="text/xml")


def test_one_exchange_may_have_less_time_than_the_others(site: Site) -> None:
    site.pages["/"] = site.silence()
    with (
        Client(allow=["127.0.0.1"], limits=Limits(timeout=600.0)) as client,
        pytest.raises(Unreachable, match=r"did not answer within 0\.2 seconds"),
    ):
        client.get(f"{site.url}/", seconds=0.2)


@pytest.mark.parametrize("seconds", [0.0, -0.1])
def test_an_exchange_whose_time_is_over_before_it_begins(site: Site, hasty: Client, seconds: float) -> None:
    with pytest.raises(Unreachable, match="did not answer within 0 seconds"):
        hasty.get(f"{site.url}/", seconds=seconds)
    assert not site.requests


def test_no_exchange_has_more_time_than_the_limits_say(site: Site, hasty: Client) -> None:
    site.pages["/"] = site.silence()
    with pytest.raises(Unreachable, match=r"did not answer within 0\.2 seconds"):
        hasty.get(f"{site.url}/", seconds=600.0)


def test_redirects_share_the_budget(site: Site) -> None:
    """Each hop alone is quick enough; five of them are not."""

    def slow(request: Request) -> Iterator[bytes]:
        threading.Event().wait(0.15)
        yield redirect(f"/{int(request.path[1:]) + 1}")

    site.pages |= {f"/{hop}": slow for hop in range(6)}
    with (
        Client(allow=["127.0.0.1"], limits=Limits(timeout=0.4)) as client,
        pytest.raises(Unreachable, match="did not answer"),
    ):
        client.get(site.url + "/0")


def test_nobody_takes_the_connection(hasty: Client) -> None:
    """The queue of the listener is full, so the far side is silent before HTTP begins."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(address)
        with pytest.raises(Unreachable, match="did not answer"):
            hasty.get(f"http://127.0.0.1:{address[1]}/")
        for connection in waiting:
            connection.close()


@pytest.mark.parametrize(
    ("first", "flood", "reason"),
    [
        pytest.param([], head(100, {}), "more than a page needs", id="continues"),
        pytest.param([], head(103, {}), "not answer in HTTP", id="interim-responses"),
        pytest.param([CHUNKED, b"0\r\n"], b"X: y\r\n", "more than a page needs", id="trailers"),
        pytest.param([CHUNKED], b"1;" + b"x" * 999 + b"\r\ny\r\n", "more than a page needs", id="extensions"),
    ],
)
def test_a_flood_around_the_page(first: list[bytes], flood: bytes, reason: str, site: Site, client: Client) -> None:
    """As fast as the line allows, so that time alone would let hundreds of megabytes in."""
    site.pages["/"] = itertools.chain(first, endless(flood * 1000))
    with pytest.raises(Unreachable, match=reason):
        client.get(site.url + "/").read()


@pytest.mark.parametrize(
    ("start", "more"),
    [
        pytest.param(head(200, {}), b"x" * 10_000, id="to-the-end"),
        pytest.param(head(200, {"Content-Length": str(50 * MIB)}), b"x" * 10_000, id="50-mib"),
        pytest.param(CHUNKED, b"2710\r\n" + b"x" * 10_000 + b"\r\n", id="chunked"),
    ],
)
def test_an_endless_page_is_cut(start: bytes, more: bytes, site: Site, client: Client) -> None:
    site.pages["/"] = itertools.chain([start], endless(more))
    with client.get(site.url + "/") as response:
        assert response.read() == b"x" * MIB
        assert response.bytes_read == MIB
        assert response.read() == b""


def test_a_page_in_crumbs(site: Site, client: Client) -> None:
    """Each byte a chunk: what costs us far more than the peer ends far sooner."""
    site.pages["/"] = itertools.chain([CHUNKED], endless(b"1\r\nx\r\n" * 1000))
    with client.get(site.url + "/") as response:
        with pytest.raises(Unreachable, match="it sends more than a page needs"):
            response.read()
        assert response.bytes_read < 40_000


def test_the_limit_is_of_the_client(site: Site) -> None:
    site.pages["/"] = page(b"0123456789")
    with Client(allow=["127.0.0.1"], limits=Limits(max_bytes=4)) as client:
        assert client.get(site.url + "/").read() == b"0123"


def test_a_gzip_bomb(site: Site, client: Client) -> None:
    """A thousandfold; memory is asserted since nothing else tells whether it was blown up."""
    member = gzip.compress(bytes(50 * MIB))
    site.pages["/"] = page(member, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    with client.get(site.url + "/") as response:
        size = sum(len(chunk) for chunk in response.chunks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == MIB
    assert peak < 2 * MIB


def test_gzip_that_holds_nothing_without_end(site: Site, client: Client) -> None:
    """Empty members: they never reach the limit of the decoded page."""
    members = gzip.compress(b"") * 500
    site.pages["/"] = itertools.chain([head(200, {"Content-Encoding": "gzip"})], endless(members))
    with pytest.raises(Unreachable, match="it sends more than a page needs"):
        client.get(site.url + "/").read()


@pytest.mark.parametrize("coding", ["deflate", "br", "zstd", "compress", "gzip, gzip", "gzip, br", "chunked"])
def test_codings_that_were_not_asked_for(coding: str, site: Site, client: Client) -> None:
    site.pages["/"] = page(zlib.compress(bytes(MIB)), headers={"Content-Encoding": coding, "X-Pingback": "/rpc"})
    with client.get(site.url + "/") as response:
        assert response.headers("X-Pingback") == ["/rpc"]
        with pytest.raises(Unreachable, match="content coding"):
            response.read()


def test_bytes_that_come_one_by_one_cost_as_much_as_a_line() -> None:
    ours, theirs = socket.socketpair()
    with theirs, MeteredSocket(fileno=ours.detach()) as metered:
        metered.budget = Budget(seconds=60, max_received=640)
        for _ in range(10):
            theirs.sendall(b"x")
            assert metered.recv_into(bytearray(1)) == 1
        theirs.sendall(b"x")
        with pytest.raises(TooMuch):
            metered.recv_into(bytearray(1))
