"""`pingback.server.run`: the server on real sockets, with senders of every kind, and how it stops."""

import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import xmlrpc.client
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pingback.errors import SettingsError
from pingback.model import MentionStatus
from pingback.server.run import STOP_WITHIN, Server, serve
from pingback.store import Store
from tests.loopback import Site, page
from tests.receive.lax import Receiver
from tests.receive.pages import PATIENCE
from tests.server.conftest import SOURCE, TARGET
from tests.server.shells import wsgi_of
from tests.server.sockets import HEALTH, connected, exchange, said

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PING = xmlrpc.client.dumps((SOURCE, TARGET), "pingback.ping").encode()


def post(body: bytes, *more: str, length: int | None = None) -> bytes:
    lines = ["POST /xmlrpc HTTP/1.1", "Host: my.example", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *more, "", ""]).encode() + body


@pytest.fixture
def server(receiver: Receiver) -> Iterator[Server]:
    with Server(wsgi_of(receiver), threads=2) as server:
        yield server


def test_a_ping_by_the_standard_librarys_client(server: Server, receiver: Receiver) -> None:
    with xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc") as endpoint:
        assert endpoint.pingback.ping(SOURCE, TARGET) == f"Pingback from {SOURCE} to {TARGET} registered."
        with pytest.raises(xmlrpc.client.Fault) as again:
            endpoint.pingback.ping(SOURCE, TARGET)
        assert again.value.faultCode == 48
        assert endpoint.pingback.extensions.getPingbacks(TARGET) == [SOURCE]


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        pytest.param(HEALTH, b"200 OK", b"\r\n\r\nok\n", id="health"),
        pytest.param(HEALTH.replace(b"GET", b"HEAD"), b"200 OK", b"Content-Length: 3", id="head"),
        pytest.param(HEALTH.replace(b"1.1", b"1.0"), b"200 OK", b"ok\n", id="http-1.0"),
        pytest.param(HEALTH.replace(b"healthz", b"xmlrpc"), b"405 Method Not Allowed", b"Allow: POST", id="405"),
        pytest.param(HEALTH.replace(b"healthz", b""), b"404 Not Found", b"", id="404"),
        pytest.param(post(PING, "Connection: close"), b"200 OK", b"registered", id="ping"),
        pytest.param(post(b"", "Connection: close"), b"200 OK", b"-32700", id="no-body"),
        pytest.param(
            b"POST /xmlrpc HTTP/1.1\r\nHost: my.example\r\nConnection: close\r\n\r\n",
            b"411 Length Required",
            b"needs a Content-Length",
            id="rfc9110-15.5.12-no-length",
        ),
        pytest.param(
            b"POST /webmention HTTP/1.0\r\n\r\n", b"411 Length Required", b"Content-Length", id="no-length-http-1.0"
        ),
        pytest.param(
            post(gzip.compress(PING), "Connection: close", "Content-Encoding: gzip"),
            b"415 Unsupported Media Type",
            b"Accept-Encoding: identity",
            id="rfc9110-15.5.16-gzip",
        ),
        pytest.param(
            post(PING, "Connection: close", "Content-Encoding: identity"), b"200 OK", b"registered", id="identity"
        ),
        pytest.param(post(b"", length=64 * 1024 + 1), b"413 Request Entity Too Large", b"", id="413-body-unread"),
        pytest.param(
            post(b"", "Expect: 100-continue", length=64 * 1024 + 1),
            b"413 Request Entity Too Large",
            b"",
            id="rfc9110-10.1.1-413-without-100-continue",
        ),
        pytest.param(b"\x16\x03\x01\x02\0\x01\0\r\n\r\n", b"400 Bad Request", b"", id="tls-handshake"),
        pytest.param(b"GET\r\n\r\n", b"400 Bad Request", b"", id="garbage"),
        pytest.param(b"GET http://[bad/ HTTP/1.1\r\n\r\n", b"400 Bad Request", b"", id="broken-host"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400 Bad Request", b"", id="broken-header"),
        pytest.param(
            b"POST /xmlrpc HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
            b"400 Bad Request",
            b"",
            id="length-of-5000-digits",
        ),
        pytest.param(
            b"POST /xmlrpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
            b"400 Bad Request",
            b"",
            id="broken-chunk",
        ),
        pytest.param(
            b"POST /xmlrpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
            % (len(PING), PING),
            b"200 OK",
            b"registered",
            id="rfc9112-7.1-chunks",
        ),
        pytest.param(
            b"POST /xmlrpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n%s\r\n" % (b"x" * 1024) * 65,
            b"413 Request Entity Too Large",
            b"",
            id="413-chunks-without-end",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000, b"431 Request Header Fields Too Large", b"", id="431-header"
        ),
    ],
)
def test_one_request(
    server: Server, caplog: pytest.LogCaptureFixture, request_: bytes, status: bytes, words: bytes
) -> None:
    answer = exchange(server, request_)
    assert re.match(rb"HTTP/1\.[01] " + re.escape(status) + rb"\r\n", answer)
    assert words in answer
    assert [record for record in caplog.records if record.levelname not in ("DEBUG", "INFO")] == []


def test_what_an_xml_rpc_client_that_compresses_hears(server: Server) -> None:
    class Compressing(xmlrpc.client.Transport):
        encode_threshold = 10

    endpoint = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc", transport=Compressing())
    with pytest.raises(xmlrpc.client.ProtocolError) as refused:
        endpoint.system.listMethods()
    endpoint("close")()
    assert (refused.value.errcode, refused.value.errmsg) == (415, "Unsupported Media Type")


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    answer = exchange(server, post(PING) + post(PING) + HEALTH)
    assert [answer.count(words) for words in (b"registered", b"<int>48</int>", b"\r\nok\n")] == [1, 1, 1]
    assert answer.index(b"registered") < answer.index(b"<int>48</int>") < answer.index(b"\r\nok\n")


@pytest.mark.parametrize(
    "half",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /xmlrpc HTTP/1.1\r\nHost: my", id="half-a-header"),
        pytest.param(post(PING)[:-10], id="half-a-body"),
    ],
)
def test_senders_that_fall_silent_hold_no_thread(server: Server, half: bytes) -> None:
    silent = [connected(server) for _ in range(10)]  # the server has two threads
    for connection in silent:
        connection.sendall(half)
    assert exchange(server, HEALTH).endswith(b"ok\n")
    for connection in silent:
        connection.close()


def test_urgent_data_does_not_keep_the_server_busy(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with connected(server) as connection:
        connection.sendall(b"GET /healthz HT")
        connection.send(b"!", socket.MSG_OOB)
        assert said(connection) == b""
    assert caplog.records == []


def test_full_queues_are_no_warnings(caplog: pytest.LogCaptureFixture) -> None:
    gate, running = threading.Event(), threading.Semaphore(0)

    def slow(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        running.release()
        gate.wait(PATIENCE)
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    with Server(slow, threads=1) as server:
        waiting = [connected(server) for _ in range(5)]
        for connection in waiting:
            connection.sendall(HEALTH)
        assert running.acquire(timeout=PATIENCE)
        gate.set()
        assert [said(connection)[:15] for connection in waiting] == [b"HTTP/1.1 200 OK"] * 5
        for connection in waiting:
            connection.close()
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_url_and_real_port(receiver: Receiver, host: str) -> None:
    if host == "::1":
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6")
    with Server(wsgi_of(receiver), host=host) as server:
        assert re.fullmatch(r"http://(127\.0\.0\.1|localhost|\[::1\]):[1-9]\d*", server.url)
        assert exchange(server, HEALTH).endswith(b"ok\n")


def test_a_port_that_is_taken(receiver: Receiver, server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(SettingsError, match=rf"cannot listen at host 127.0.0.1 port {port}: Address already in use$"):
        serve(wsgi_of(receiver), host="127.0.0.1", port=port)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        pytest.param("192.0.2.1", 0, id="not-our-address"),
        pytest.param("no such host", 0, id="no-such-name"),
        pytest.param("x" * 300, 0, id="name-too-long"),
        pytest.param("", 70_000, id="no-name-no-port"),
        pytest.param("::zz", 0, id="not-an-address"),
        pytest.param("127.0.0.1", 70_000, id="no-such-port"),
        pytest.param("127.0.0.1", -1, id="port-below-zero"),
    ],
)
def test_what_cannot_be_listened_at(receiver: Receiver, host: str, port: int) -> None:
    with pytest.raises(SettingsError, match="cannot listen at host"):
        serve(wsgi_of(receiver), host=host, port=port)


def test_stopping_finishes_what_is_running_and_drops_the_rest() -> None:
    gate, running = threading.Event(), threading.Event()

    def slow(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        running.set()
        gate.wait(PATIENCE)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    with Server(slow) as server:
        asking, idle = connected(server), connected(server)
        idle.sendall(b"GET / HT")
        asking.sendall(HEALTH)
        assert running.wait(PATIENCE)
        server.stop()
        assert said(idle) == b""  # so the server is stopping by now
        with pytest.raises(ConnectionRefusedError):
            connected(server)
        gate.set()
        assert said(asking).endswith(b"done")
    asking.close()
    idle.close()


def test_a_server_that_never_ran_can_be_closed(receiver: Receiver) -> None:
    with closing(Server(wsgi_of(receiver))) as server:
        server.stop()


SERVE = """
    import sys
    from pingback import MentionStatus, Site

    site = Site(
        "https://my.example/",
        store=sys.argv[1],
        target_exists=lambda target: True,
        decide=lambda mention: MentionStatus.APPROVED,
        allow_networks=["127.0.0.0/8"],
        answer_within=60.0,
    )
    with site:
        site.serve(port=0, on_ready=lambda url: print(url, flush=True))
    print("stopped")
"""


def test_sigterm_stops_it_cleanly(tmp_path: Path) -> None:
    gate, asked = threading.Event(), threading.Event()

    def slow(request: object) -> bytes:
        asked.set()
        gate.wait(PATIENCE)
        return page(b'<a href="https://my.example/part-5">link</a>')

    database = f"sqlite:///{tmp_path}/mentions.db"
    command = [sys.executable, "-c", textwrap.dedent(SERVE), database]
    with (
        Site({"/post": slow}) as source,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            url = process.stdout.readline().strip()
            call = xmlrpc.client.dumps((f"{source.url}/post", "https://my.example/part-5"), "pingback.ping").encode()
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=PATIENCE) as connection:
                connection.sendall(post(call))
                assert asked.wait(PATIENCE)
                os.kill(process.pid, signal.SIGTERM)
                gate.set()
                assert b"registered" in said(connection)
            assert process.wait(PATIENCE) == 0
            assert (process.stdout.read(), process.stderr.read()) == ("stopped\n", "")
        finally:
            process.kill()
    with Store(database) as store:
        assert [mention.status for mention in store.mentions.list()] == [MentionStatus.APPROVED]


def test_ctrl_c_waits_for_no_source(tmp_path: Path) -> None:
    asked = threading.Event()
    database = f"sqlite:///{tmp_path}/mentions.db"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    with (
        Site() as source,
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(SERVE), database], stdout=subprocess.PIPE) as process,
    ):

        def silent(request: object) -> Iterable[bytes]:
            asked.set()
            return source.silence()

        source.pages["/post"] = silent
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().strip()
            call = xmlrpc.client.dumps((f"{source.url}/post", "https://my.example/part-5"), "pingback.ping").encode()
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=PATIENCE) as connection:
                connection.sendall(post(call))
                assert asked.wait(PATIENCE)
                os.kill(process.pid, signal.SIGINT)
                assert said(connection) == b""
            assert process.wait(STOP_WITHIN / 2) == 0
            assert process.stdout.read() == b"stopped\n"
        finally:
            process.kill()
            signal.signal(signal.SIGINT, before)
