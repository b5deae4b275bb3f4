"""`pingback.server.connections`: a crowd on real sockets, and who gets in all the same.

Any address in 127.0.0.0/8 is ours, so that clients of several addresses are easily had.
"""

import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import TYPE_CHECKING, Any

import pytest

from pingback.server.connections import SILENT_FOR, Channel
from pingback.server.pool import LIST_THREADS
from pingback.server.run import Server
from pingback.server.shell import RECEIVE_WITHIN
from tests.paths.programs import wait_until
from tests.receive.pages import PATIENCE
from tests.server.sockets import HEALTH, connected, exchange, said

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

LONG = 8 * 1024 * 1024  # bytes; more than the kernel takes for a client that does not read
HOG, OTHER, THIRD = "127.0.0.1", "127.0.0.2", "127.0.0.3"


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: my.example", *headers, "", ""]).encode()


HALF_A_POST = b"POST /xmlrpc HTTP/1.1\r\nHost: my.example\r\nContent-Length: 60000\r\n\r\nx"


class App:
    """Answers `/long` with very much, and all else with `ok`: lists, and `/slow`, when `gate` lets them through.

    `began` counts these, and `finished` has their queries in the order in which they went through.
    """

    def __init__(self) -> None:
        self.began, self.gate = threading.Semaphore(0), threading.Semaphore(0)
        self.finished: list[str] = []

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path in ("/slow", "/mentions"):
            self.began.release()
            self.gate.acquire(timeout=PATIENCE)
            self.finished.append(environ["QUERY_STRING"])
        body = b"x" * LONG if path == "/long" else b"ok\n"
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]


class Crowd:
    """A server, and connections to it, all of which end with the test."""

    def __init__(self, app: App, stack: ExitStack) -> None:
        self.app = app
        self._stack = stack

    def serve(self, **options: Any) -> None:
        self.server = self._stack.enter_context(Server(self.app, **options))
        self._stack.callback(self.app.gate.release, 1000)

    def dial(self, source: str, request: bytes = b"") -> socket:
        connection = self._stack.enter_context(closing(connected(self.server, source)))
        connection.sendall(request)
        return connection

    @property
    def channels(self) -> list[Channel]:
        return list(self.server._server.active_channels.values())  # no public way shows which of them are left

    def has(self, connection: socket) -> bool:
        """The server has it still."""
        return connection.getsockname()[1] in [channel.addr[1] for channel in self.channels]

    def wait_for(self, many: int) -> None:
        """Until so many have come in, and have all that can be had at once."""
        wait_until(lambda: len(self.channels) == many and not any(channel.answering for channel in self.channels))

    def later(self, seconds: float) -> None:
        """Let the server think that nothing happened for so long, which no test has time for."""

        def age() -> None:
            for channel in self.channels:
                channel.moved -= seconds
                if channel.request is not None:
                    channel.request.began -= seconds
            self.server._server._next_look = 0.0

        self.server._server.trigger.pull_trigger(age)


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with ExitStack() as stack:
        yield Crowd(App(), stack)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(get("/healthz")[:-2], id="half-a-header"),
        pytest.param(HALF_A_POST, id="half-a-body"),
        pytest.param(get("/healthz"), id="kept-after-a-request"),
        pytest.param(get("/healthz") + HALF_A_POST, id="kept-after-a-request-and-half-of-the-next"),
    ],
)
def test_of_one_address_the_oldest_silent_one_goes(crowd: Crowd, request_: bytes) -> None:
    crowd.serve(connections=4)
    many = []
    for number in range(4):
        many.append(crowd.dial(HOG, request_))
        if request_.startswith(get("/healthz")):
            with many[-1].makefile("rb") as answer:
                assert b"ok\n" in iter(answer.readline, b"")
        crowd.wait_for(number + 1)
    assert exchange(crowd.server, HEALTH, HOG).endswith(b"ok\n")
    assert [crowd.has(connection) for connection in many] == [False, True, True, True]


@pytest.mark.parametrize("pipelined", [1, 20])
def test_who_does_not_read_the_answer_is_silent_too(crowd: Crowd, pipelined: int) -> None:
    crowd.serve(connections=4)
    many = [crowd.dial(HOG, get("/long") * pipelined) for _ in range(4)]
    wait_until(lambda: sum(bool(channel.total_outbufs_len) for channel in crowd.channels) == 4)
    crowd.wait_for(4)
    assert exchange(crowd.server, HEALTH, HOG).endswith(b"ok\n")
    assert [crowd.has(connection) for connection in many].count(True) == 3


def test_the_address_with_most_of_them_loses_one(crowd: Crowd) -> None:
    crowd.serve(connections=6)
    first = crowd.dial(OTHER)
    many = [crowd.dial(HOG) for _ in range(5)]
    assert exchange(crowd.server, HEALTH, THIRD).endswith(b"ok\n")
    assert [crowd.has(connection) for connection in (first, *many)] == [True, False, True, True, True, True]
    first.sendall(HEALTH)
    assert said(first).endswith(b"ok\n")


def test_of_many_addresses_with_one_each_the_oldest_goes(crowd: Crowd) -> None:
    crowd.serve(connections=4)
    many = [crowd.dial(f"127.0.1.{number}") for number in range(4)]
    assert exchange(crowd.server, HEALTH, OTHER).endswith(b"ok\n")
    assert [crowd.has(connection) for connection in many] == [False, True, True, True]


def test_what_is_being_answered_stays(crowd: Crowd) -> None:
    crowd.serve(connections=4, threads=2)
    busy = [crowd.dial(HOG, get("/slow", "Connection: close")) for _ in range(3)]  # the third waits for a thread
    for _ in range(2):
        assert crowd.app.began.acquire(timeout=PATIENCE)
    wait_until(lambda: sum(channel.answering for channel in crowd.channels) == 3)
    idle = crowd.dial(HOG)
    crowd.dial(HOG, HEALTH)
    assert said(idle) == b""
    crowd.app.gate.release(3)
    assert [said(connection)[-3:] for connection in busy] == [b"ok\n"] * 3


def test_trusted_proxies_are_exempt(crowd: Crowd) -> None:
    crowd.serve(connections=4, trusted_proxies=["127.0.0.1/32"])
    proxied = [crowd.dial(HOG) for _ in range(3)]
    stranger = crowd.dial(OTHER)
    assert exchange(crowd.server, HEALTH, THIRD).endswith(b"ok\n")
    assert [crowd.has(connection) for connection in (*proxied, stranger)] == [True, True, True, False]


def test_where_nobody_has_to_go_newcomers_wait(crowd: Crowd) -> None:
    crowd.serve(connections=4, trusted_proxies=["127.0.0.0/8"])
    many = [crowd.dial(HOG) for _ in range(4)]
    waiting = crowd.dial(HOG, HEALTH)
    wait_until(lambda: len(crowd.channels) == 4)
    assert [crowd.has(connection) for connection in (*many, waiting)] == [True, True, True, True, False]
    many[0].close()
    assert said(waiting).endswith(b"ok\n")


@pytest.mark.parametrize(
    ("address", "holder"),
    [
        pytest.param("192.0.2.1", "192.0.2.1", id="ipv4"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", id="rfc4291-2.5.5.2-mapped-ipv4"),
        pytest.param("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64", id="rfc6177-ipv6-network"),
        pytest.param("fe80::1%lo", "fe80::/64", id="rfc4007-11-zone"),
        pytest.param("198.51.100.7", None, id="trusted-proxy"),
        pytest.param("::ffff:198.51.100.7", None, id="trusted-proxy-mapped"),
        pytest.param("localhost", None, id="unix-socket"),
        pytest.param(None, None, id="no-address"),
    ],
)
def test_whom_a_connection_counts_for(address: str | None, holder: str | None) -> None:
    with closing(Server(App(), trusted_proxies=["198.51.100.0/24"])) as server:
        assert server._server.holder_of((address, None)) == holder


def test_a_storm_of_newcomers_keeps_nobody_out(crowd: Crowd) -> None:
    crowd.serve(connections=8)
    for _ in range(300):
        crowd.dial(HOG, HALF_A_POST)
    assert exchange(crowd.server, HEALTH, HOG).endswith(b"ok\n")
    assert len(crowd.channels) <= 8


def test_who_does_not_read_holds_no_thread(crowd: Crowd) -> None:
    """By waitress alone a thread would wait once 16 MiB are unread, and for ever."""
    crowd.serve(threads=1)
    silent = crowd.dial(HOG, get("/long") * 4 + get("/long", "Connection: close"))
    wait_until(lambda: any(channel.total_outbufs_len for channel in crowd.channels))
    assert exchange(crowd.server, HEALTH, HOG).endswith(b"ok\n")
    assert said(silent).count(b"x") == 5 * LONG


def test_what_is_not_read_is_bounded(crowd: Crowd) -> None:
    crowd.serve(unread=LONG * 3 // 2)
    reading = crowd.dial(OTHER, get("/long", "Connection: close"))
    wait_until(lambda: sum(channel.total_outbufs_len for channel in crowd.channels) > 0)
    silent = [crowd.dial(HOG, get("/long")) for _ in range(4)]
    wait_until(lambda: not all(crowd.has(connection) for connection in silent))
    wait_until(lambda: sum(channel.total_outbufs_len for channel in crowd.channels) <= LONG * 3 // 2)
    assert said(reading).count(b"x") == LONG


@pytest.mark.parametrize(
    ("request_", "seconds"),
    [
        pytest.param(b"", SILENT_FOR, id="nothing"),
        pytest.param(b"GET / HTT", RECEIVE_WITHIN, id="half-a-request"),
        pytest.param(get("/long"), SILENT_FOR, id="an-answer-that-is-not-read"),
        pytest.param(get("/long") * 2, SILENT_FOR, id="answers-that-are-not-read"),
    ],
)
def test_silence_has_an_end(crowd: Crowd, request_: bytes, seconds: float) -> None:
    crowd.serve()
    silent = crowd.dial(HOG, request_)
    wait_until(lambda: len(crowd.channels) == 1)
    if request_.startswith(get("/long")):
        wait_until(lambda: any(channel.total_outbufs_len for channel in crowd.channels))
        crowd.wait_for(1)
    elif request_:
        wait_until(lambda: crowd.channels[0].request is not None)
    crowd.later(seconds + 1)
    wait_until(lambda: not crowd.has(silent))


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        pytest.param(OTHER, [], id="of-another-address"),
        pytest.param(THIRD, ["X-Forwarded-For: 192.0.2.9"], id="of-another-client-of-a-proxy"),
    ],
)
def test_lists_are_made_for_one_client_after_the_other(crowd: Crowd, source: str, headers: list[str]) -> None:
    crowd.serve(trusted_proxies=[THIRD])
    hog = HOG if source == OTHER else THIRD
    for number in range(LIST_THREADS + 5):
        crowd.dial(hog, get(f"/mentions?hog{number}"))
    for _ in range(LIST_THREADS):
        assert crowd.app.began.acquire(timeout=PATIENCE)
    wait_until(lambda: sum(len(channel.requests) for channel in crowd.channels) == LIST_THREADS + 5)
    late = crowd.dial(source, get("/mentions?late", "Connection: close", *headers))
    wait_until(lambda: sum(len(channel.requests) for channel in crowd.channels) == LIST_THREADS + 6)
    assert exchange(crowd.server, HEALTH, HOG).endswith(b"ok\n")  # a thread that makes no lists
    while "late" not in crowd.app.finished:
        crowd.app.gate.release()
        assert crowd.app.began.acquire(timeout=PATIENCE)
    assert said(late).endswith(b"ok\n")
    assert len(crowd.app.finished) <= LIST_THREADS + 2


@pytest.mark.parametrize(
    "drop",
    [
        pytest.param((get("/"), b"x"), id="a-header"),
        pytest.param((HALF_A_POST, b"x"), id="a-body"),
        pytest.param((b"", b"\r\n"), id="empty-requests"),
    ],
)
def test_a_request_in_too_many_pieces_is_given_up(crowd: Crowd, drop: tuple[bytes, bytes]) -> None:
    crowd.serve(pieces=20)
    begin, piece = drop
    connection = crowd.dial(HOG, begin[:-2] if begin.startswith(b"GET") else begin)
    connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)

    def is_gone() -> bool:
        try:
            connection.sendall(piece)
        except OSError:
            return True
        return False

    wait_until(is_gone)
    assert exchange(crowd.server, HEALTH, HOG).endswith(b"ok\n")


def test_each_request_of_a_connection_has_pieces_of_its_own(crowd: Crowd) -> None:
    crowd.serve(pieces=20)
    connection = crowd.dial(OTHER)
    for number in range(30):
        connection.sendall(get("/"))
        answer = b""
        while not answer.endswith(b"ok\n"):
            piece = connection.recv(65536)
            assert piece, number
            answer += piece


FEW_FILES = """
    import resource, socket
    from pingback.server.run import Server

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "3")])
        return [b"ok\\n"]

    with Server(app) as server:
        port = int(server.url.rpartition(":")[2])
        many = [socket.socket() for _ in range(100)]
        asking = socket.socket()
        asking.settimeout(60)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (asking.fileno() + 50, most))
        for each in [*many, asking]:
            each.connect(("127.0.0.1", port))
        asking.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
        print(asking.recv(1000).split()[1].decode())
"""


def test_where_files_run_out_somebody_goes() -> None:
    command = [sys.executable, "-c", textwrap.dedent(FEW_FILES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 2)
    assert (done.stdout, done.stderr) == ("200\n", "")
