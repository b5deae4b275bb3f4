"""`pingback serve` among crowds: somebody brings very many connections or questions, and pings are answered as ever."""

import socket
import xmlrpc.client
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pingback.clock import now
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.loopback import Site, page
from tests.paths.programs import PATIENCE, Serving

MINE = "https://my.example/"
PINGS = 5
LISTED = 300

HALF_A_POST = b"POST /xmlrpc HTTP/1.1\r\nHost: my.example\r\nContent-Length: 60000\r\n\r\nx"
CALL = xmlrpc.client.dumps((MINE,), "pingback.extensions.getPingbacks").encode()
GET_PINGBACKS = b"POST /xmlrpc HTTP/1.1\r\nHost: my.example\r\nContent-Length: %d\r\n\r\n%s" % (len(CALL), CALL)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: my.example\r\n\r\n".encode()


@pytest.fixture
def site() -> Iterator[Site]:
    """A blog with a series of posts that all link to ours."""
    linking = page(f'<title>Six</title><p>On <a href="{MINE}5">five</a>.'.encode())
    with Site({f"/{number}": linking for number in range(PINGS)}) as site:
        yield site


@contextmanager
def crowd(root: str, many: int, request: bytes) -> Iterator[None]:
    """So many connections that say this, and read nothing."""
    parts = urlsplit(root)
    with ExitStack() as stack:
        for _ in range(many):
            connection = stack.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE))
            connection.sendall(request)
        yield


def ping(endpoint: str, source: str) -> str:
    with xmlrpc.client.ServerProxy(endpoint) as server:
        return str(server.pingback.ping(source, f"{MINE}5"))


@pytest.mark.parametrize("request_", [pytest.param(b"", id="idle"), pytest.param(HALF_A_POST, id="half-a-request")])
def test_450_connections_lock_nobody_out(site: Site, tmp_path: Path, request_: bytes) -> None:
    with Serving(tmp_path, MINE) as server, crowd(server.root, 450, request_):
        for number in range(PINGS):
            assert "Pingback from" in ping(server.endpoint, f"{site.url}/{number}")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(get(f"/api/mentions.jf2?per-page=1000&target={MINE}") * 20, id="jf2"),
        pytest.param(get(f"/mentions?per-page=1000&target={MINE}") * 20, id="fragment"),
        pytest.param(get("/trackback/?__mode=rss") * 20, id="trackbacks"),
        pytest.param(GET_PINGBACKS * 20, id="getPingbacks"),
    ],
)
def test_long_lists_that_nobody_reads_leave_room_for_pings(site: Site, tmp_path: Path, request_: bytes) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        for number in range(LISTED):
            store.mentions.keep(mention(number))
    with Serving(tmp_path, MINE) as server, crowd(server.root, 100, request_):
        for number in range(PINGS):
            assert "Pingback from" in ping(server.endpoint, f"{site.url}/{number}")


def mention(number: int) -> Mention:
    return Mention(
        source=f"https://a.example/{number}",
        target=MINE,
        protocol=Protocol.PINGBACK,
        status=MentionStatus.APPROVED,
        title="A post",
        excerpt="As was said in part five, it is so, and nobody knows why. " * 3,
        received=now(),
        verified=now(),
    )
