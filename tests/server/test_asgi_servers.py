"""`pingback.server.asgi` in uvicorn and hypercorn: alone, mounted, behind a proxy, and attacked."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.paths.programs import PATIENCE, wait_until
from tests.server.hosting import Hosted, connect, exchange, get, read_all

ALONE = """
import os
import threading
from pingback.server.asgi import asgi_app, lifespan
from pingback.server.http import plain

running = False

def start():
    global running
    if running:
        return False
    running = True
    print(f"started in {os.getpid()}", flush=True)
    return True

def stop():
    print(f"stopped in {os.getpid()}", flush=True)

def answer(request):
    if request.path == "/wait":
        threading.Event().wait()
    if request.path == "/fail":
        raise ValueError("a mistake")
    if request.path == "/process":
        return plain(200, f"process {os.getpid()}")
    seen = (request.method, request.path, request.raw_path, request.query, request.base, request.remote_addr)
    return plain(200, repr((*seen, request.body)))

app = asgi_app(answer, start=start, stop=stop, trusted_proxies=["127.0.0.1"])
"""
IN_STARLETTE = f"""{ALONE}
from starlette.applications import Starlette
from starlette.routing import Mount

app = Starlette(routes=[Mount("/in/ping", app)], lifespan=lifespan(start, stop))
"""
IN_NESTED = IN_STARLETTE.replace('Mount("/in/ping", app)', 'Mount("/in", Starlette(routes=[Mount("/ping", app)]))')
IN_STARLETTE_WITHOUT = IN_STARLETTE.replace(", lifespan=lifespan(start, stop)", "")
IN_FASTAPI = f"""{ALONE}
from fastapi import FastAPI

inner, app = app, FastAPI(root_path="/out", lifespan=lifespan(start, stop))
app.mount("/in/ping", inner)
"""
UVICORN, HYPERCORN, GUNICORN = ("uvicorn program:app", "hypercorn program:app", "gunicorn program:app")
_SAID = re.compile("started in|stopped in|no lifespan ran")
SERVERS = pytest.mark.parametrize("server", [UVICORN, HYPERCORN], ids=["uvicorn", "hypercorn"])


def hosted_by(folder: Path, program: str, server: str, *options: str) -> Hosted:
    folder.joinpath("program.py").write_text(program)
    return Hosted(folder, " ".join([server, *options]))


@SERVERS
@pytest.mark.parametrize(
    ("program", "options", "path", "base"),
    [
        pytest.param(ALONE, [], "", "", id="alone"),
        pytest.param(ALONE, ["--root-path", "/out"], "", "/out", id="alone-behind-a-proxy-that-cuts"),
        pytest.param(IN_STARLETTE, [], "/in/ping", "/in/ping", id="starlette"),
        pytest.param(IN_NESTED, [], "/in/ping", "/in/ping", id="starlette-in-starlette"),
        pytest.param(IN_STARLETTE, ["--root-path", "/out"], "/in/ping", "/out/in/ping", id="starlette-behind-a-proxy"),
        pytest.param(IN_FASTAPI, [], "/in/ping", "/out/in/ping", id="fastapi-behind-a-proxy"),
    ],
)
def test_a_request_and_the_lifespan(
    tmp_path: Path, server: str, program: str, options: list[str], path: str, base: str
) -> None:
    with hosted_by(tmp_path, program, server, *options) as hosted:
        body = b"source=x"
        request = (
            f"POST {path}/trackback/a%2Fb%C3%BC?q=%20 HTTP/1.1\r\nHost: my.example\r\nConnection: close\r\n"
            f"X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        answer = exchange(hosted.port, request.encode() + body).decode()
        assert re.match(r"HTTP/1\.1 200\b", answer)
        seen = ("POST", "/trackback/a/bü", "/trackback/a%2Fb%C3%BC", "q=%20", f"https://my.example{base}", "192.0.2.7")
        assert answer.partition("\r\n\r\n")[2] == f"{(*seen, body)!r}\n"
        hosted.stop()
        assert re.findall(_SAID, hosted.log) == ["started in", "stopped in"]


@pytest.mark.parametrize(
    ("program", "server", "path"),
    [
        pytest.param(ALONE, f"{UVICORN} --lifespan off", "", id="uvicorn-without"),
        pytest.param(IN_STARLETTE_WITHOUT, UVICORN, "/in/ping", id="uvicorn-mounted"),
        pytest.param(IN_STARLETTE_WITHOUT, HYPERCORN, "/in/ping", id="hypercorn-mounted"),
    ],
)
def test_where_no_lifespan_runs_the_log_says_so_once(tmp_path: Path, program: str, server: str, path: str) -> None:
    with hosted_by(tmp_path, program, server) as hosted:
        for _ in range(3):
            assert b" 200" in exchange(hosted.port, get(f"{path}/x"))
        hosted.stop()
        assert re.findall(_SAID, hosted.log) == ["started in", "no lifespan ran"]


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(UVICORN, id="uvicorn"),
        pytest.param(HYPERCORN, id="hypercorn"),
        pytest.param(f"{GUNICORN} --worker-class asgi --preload", id="gunicorn-which-forks"),
    ],
)
def test_each_of_two_workers_starts_and_stops_its_own_work(tmp_path: Path, server: str) -> None:
    with hosted_by(tmp_path, ALONE, server, "--workers", "2") as hosted:
        wait_until(lambda: len(re.findall(r"started in", hosted.log)) == 2)
        assert re.search(rb"process \d+\n", exchange(hosted.port, get("/process")))
        hosted.stop()
        started, stopped = [set(re.findall(rf"{word} in (\d+)", hosted.log)) for word in ("started", "stopped")]
        assert started == stopped
        assert len(started) == 2


def test_work_that_cannot_start_ends_the_server(tmp_path: Path) -> None:
    program = ALONE.replace("def start():", "def start():\n    raise ValueError('the database is locked')")
    with hosted_by(tmp_path, program, UVICORN) as hosted:
        assert hosted.wait() != 0
        assert "ValueError: the database is locked" in hosted.log


CHUNKS = b"POST /xmlrpc HTTP/1.1\r\nHost: my.example\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module", params=[UVICORN, HYPERCORN], ids=["uvicorn", "hypercorn"])
def alone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    with hosted_by(tmp_path_factory.mktemp("alone"), ALONE, request.param) as hosted:
        yield hosted


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(get("/fail"), b"500", id="a-mistake-of-ours"),
        pytest.param(b"POST /x HTTP/1.1\r\nHost: my.example\r\nContent-Length: 65537\r\n\r\n", b"413", id="413-unread"),
        pytest.param(CHUNKS + b"400\r\n%s\r\n" % (b"x" * 1024) * 200, b"413", id="413-chunks-without-end"),
        pytest.param(CHUNKS.replace(b"Transfer", b"Content-Encoding: br\r\nTransfer"), b"415", id="415-unread"),
        pytest.param(get("/x", "Cookie: " + "x" * 200_000), b"4..", id="giant-header"),
        pytest.param(get("/x", *["x: y"] * 20_000), b"4..", id="many-headers"),
        pytest.param(get("/" + "%2F" * 60_000), b"4..", id="giant-path"),
        pytest.param(get("/x", "Upgrade: websocket").replace(b"close", b"upgrade"), b"...", id="half-a-websocket"),
        pytest.param(
            get(
                "/x",
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ).replace(b"close", b"upgrade"),
            b"403",
            id="websocket",
        ),
    ],
)
def test_what_is_refused(alone: Hosted, request_: bytes, status: bytes) -> None:
    mistakes = alone.log.count("Traceback")
    with connect(alone.port) as connection:
        with suppress(ConnectionError):  # it does not read all of it
            connection.sendall(request_)
        assert re.match(rb"HTTP/1\.[01] %s\b" % status, connection.recv(4096))
    assert b" 200" in exchange(alone.port, get("/x"))
    assert alone.log.count("Traceback") - mistakes == (status == b"500")


@SERVERS
def test_senders_that_drip_hang_up_or_never_read(tmp_path: Path, server: str) -> None:
    """One that is slow is answered with 408 while the others, and those that went away, stop nobody."""
    program = f"{ALONE}\nimport pingback.server.asgi\npingback.server.asgi.RECEIVE_WITHIN = 2.0"
    with hosted_by(tmp_path, program, server) as hosted:
        slow = [connect(hosted.port) for _ in range(100)]
        for connection in slow:
            connection.sendall(b"POST /x HTTP/1.1\r\nHost: my.example\r\nContent-Length: 9\r\n\r\nx")
        gone = [connect(hosted.port) for _ in range(100)]
        for connection in gone[:50]:
            connection.sendall(b"POST /x HTTP/1.1\r\nHost: my.example\r\nContent-Length: 9\r\n\r\nx")
        for connection in gone[50:]:
            connection.sendall(get("/wait"))
        for connection in gone:
            connection.close()
        assert b" 200" in exchange(hosted.port, get("/x"))
        for connection in slow:
            with connection:
                assert re.match(rb"HTTP/1\.1 408\b", read_all(connection))
        assert b" 200" in exchange(hosted.port, get("/x"))
        assert "Traceback" not in hosted.log


def test_http_2(tmp_path: Path) -> None:
    client = httpx.Client(http1=False, http2=True, timeout=PATIENCE)
    with hosted_by(tmp_path, ALONE, HYPERCORN) as hosted, client:
        taken = client.post(f"{hosted.url}/a%2Fb?q", content=b"x")
        assert (taken.http_version, taken.status_code) == ("HTTP/2", 200)
        assert taken.text == f"{('POST', '/a/b', '/a%2Fb', 'q', hosted.url, '127.0.0.1', b'x')!r}\n"
        assert "Traceback" not in hosted.log
