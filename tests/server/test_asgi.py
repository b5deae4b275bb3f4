"""`pingback.server.asgi`: ASGI 3 by scopes and messages, and senders that do not end."""

import asyncio
import threading
from contextlib import suppress
from typing import Any

import pytest

from pingback.protocols.xmlrpc import MAX_BODY
from pingback.server import asgi
from pingback.server.asgi import Message
from pingback.server.http import Request, Response, plain
from pingback.server.shell import MAX_PIECES
from tests.receive.pages import PATIENCE
from tests.server.scopes import END, Seen, app_of, asked, pieces, post, scope, spoken


@pytest.mark.parametrize(
    ("given", "path", "raw_path", "base"),
    [
        pytest.param({}, "/a b", "/a%20b", "http://my.example", id="alone"),
        pytest.param({"raw_path": b"/a%20b"}, "/a b", "/a%20b", "http://my.example", id="raw-path"),
        pytest.param({"raw_path": None}, "/a b", "/a%20b", "http://my.example", id="no-raw-path"),
        pytest.param({"path": "/x/y", "raw_path": b"/x%2Fy"}, "/x/y", "/x%2Fy", "http://my.example", id="escaped"),
        pytest.param(
            {"path": "/ü", "raw_path": b"/\xc3\xbc"}, "/ü", "/%C3%BC", "http://my.example", id="bytes-as-sent"
        ),
        pytest.param({"path": "/\ufffd", "raw_path": b"/%FF"}, "/\ufffd", "/%FF", "http://my.example", id="not-utf-8"),
        pytest.param({"raw_path": b"/else"}, "/a b", "/a%20b", "http://my.example", id="rewritten"),
        pytest.param(
            {"path": "/blog/x/y", "raw_path": b"/blog/x%2Fy", "root_path": "/blog"},
            "/x/y",
            "/x%2Fy",
            "http://my.example/blog",
            id="mounted-as-the-norm-says",
        ),
        pytest.param(
            {"path": "/x/y", "raw_path": b"/blog/x%2Fy", "root_path": "/blog"},
            "/x/y",
            "/x%2Fy",
            "http://my.example/blog",
            id="mounted-by-older-hosts",
        ),
        pytest.param(
            {"path": "/api/count", "raw_path": b"/api/api/count", "root_path": "/api"},
            "/api/count",
            "/api/count",
            "http://my.example/api",
            id="mounted-by-older-hosts-where-a-route-of-ours-begins-so",
        ),
        pytest.param(
            {"path": "/api/api/count", "raw_path": b"/api/api/count", "root_path": "/api"},
            "/api/count",
            "/api/count",
            "http://my.example/api",
            id="mounted-where-a-route-of-ours-begins-so",
        ),
        pytest.param(
            {"path": "/x/y", "raw_path": b"/x%2Fy", "root_path": "/blog"},
            "/x/y",
            "/x%2Fy",
            "http://my.example/blog",
            id="mount-cut-off-by-a-proxy",
        ),
        pytest.param(
            {"path": "/in/x/y", "raw_path": b"/in/x%2Fy", "root_path": "/out/in", "app_root_path": "/out"},
            "/x/y",
            "/x%2Fy",
            "http://my.example/out/in",
            id="half-of-it-cut-off-by-a-proxy",
        ),
        pytest.param(
            {"path": "/blog/x", "raw_path": b"/bl%6Fg/x", "root_path": "/blog/"},
            "/x",
            "/x",
            "http://my.example/blog",
            id="mount-with-escapes-and-a-slash",
        ),
        pytest.param(
            {"path": "/a b/x", "raw_path": b"/a%20b/x", "root_path": "/a b"},
            "/x",
            "/x",
            "http://my.example/a%20b",
            id="mount-with-a-space",
        ),
        pytest.param(
            {"path": "/blogs/x", "raw_path": b"/blogs/x", "root_path": "/blog"},
            "/blogs/x",
            "/blogs/x",
            "http://my.example/blog",
            id="more-letters-than-the-mount",
        ),
        pytest.param(
            {"path": "/blog", "raw_path": b"/blog", "root_path": "/blog"},
            "",
            "",
            "http://my.example/blog",
            id="no-path",
        ),
        pytest.param({"scheme": "https"}, "/a b", "/a%20b", "https://my.example", id="tls"),
        pytest.param(
            {"http_version": "2", "headers": [(b"host", b"my.example:8443")], "scheme": "https"},
            "/a b",
            "/a%20b",
            "https://my.example:8443",
            id="http-2",
        ),
        pytest.param({"headers": []}, "/a b", "/a%20b", "http://127.0.0.1:8000", id="no-host"),
        pytest.param({"headers": [], "server": ("::1", 80)}, "/a b", "/a%20b", "http://[::1]", id="no-host-ipv6"),
        pytest.param({"headers": [], "server": ("/run/x", None)}, "/a b", "/a%20b", "", id="no-host-at-a-socket"),
        pytest.param({"headers": [], "server": None}, "/a b", "/a%20b", "", id="no-host-at-all"),
        pytest.param({"headers": [(b"host", b"a"), (b"host", b"b")]}, "/a b", "/a%20b", "", id="two-hosts"),
        pytest.param({"headers": [(b"Host", b"a/evil")]}, "/a b", "/a%20b", "", id="path-in-the-host"),
    ],
)
def test_where_a_request_goes(given: dict[str, Any], path: str, raw_path: str, base: str) -> None:
    seen = Seen()
    asked(app_of(seen), scope(**{"path": "/a b", "raw_path": b"/a%20b"} | given))
    [request] = seen.requests
    assert (request.path, request.raw_path, request.base) == (path, raw_path, base)


def test_the_least_scope_that_the_norm_allows() -> None:
    seen = Seen()
    least = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/x"}
    assert asked(app_of(seen), least | {"query_string": b"", "headers": []}).status == 200
    [request] = seen.requests
    assert (request.path, request.raw_path, request.base, request.remote_addr) == ("/x", "/x", "", "")


@pytest.mark.parametrize(
    ("client", "address"),
    [
        pytest.param(("192.0.2.7", 5555), "192.0.2.7", id="tcp"),
        pytest.param(None, "", id="socket"),
        pytest.param(["2001:db8::1", 0], "2001:db8::1", id="ipv6"),
        pytest.param((None, None), "", id="none"),
    ],
)
def test_who_asked(client: Any, address: str) -> None:
    seen = Seen()
    asked(app_of(seen), scope(client=client))
    assert [request.remote_addr for request in seen.requests] == [address]


def test_a_trusted_proxy_is_believed() -> None:
    seen = Seen()
    headers = [
        (b"host", b"inside"),
        (b"x-forwarded-for", b"203.0.113.9"),
        (b"x-forwarded-for", b"192.0.2.9"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-host", b"my.example"),
    ]
    asked(app_of(seen, trusted_proxies=["10.0.0.0/8"]), scope(client=("10.0.0.1", 0), headers=headers))
    asked(app_of(seen, trusted_proxies=["10.0.0.0/8"]), scope(client=("192.0.2.1", 0), headers=headers))
    assert [(request.remote_addr, request.base) for request in seen.requests] == [
        ("192.0.2.9", "https://my.example"),
        ("192.0.2.1", "http://inside"),
    ]


def test_headers_that_come_twice_are_one() -> None:
    seen = Seen()
    headers = [(b"cookie", b"a=1"), (b"X-Y", b"1"), (b"cookie", b"b=2"), (b"x-y", b"\xff"), (b"content-type", b"a/b")]
    asked(app_of(seen), scope(headers=headers))
    [request] = seen.requests
    assert request.headers == {"cookie": "a=1; b=2", "x-y": "1, ÿ", "content-type": "a/b"}
    assert request.content_type == "a/b"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"headers": [(b"x", b"y" * 70_000)]}, id="one-long-header"),
        pytest.param({"headers": [(b"x", b"")] * 3000}, id="many-short-headers"),
        pytest.param({"query_string": b"x" * 70_000}, id="query"),
        pytest.param({"path": "/" + "x" * 70_000, "raw_path": b""}, id="path"),
        pytest.param({"raw_path": b"/%" * 40_000, "root_path": "/x", "method": "POST"}, id="raw-path"),
    ],
)
def test_rfc6585_5_more_than_any_request_needs(given: dict[str, Any]) -> None:
    seen = Seen()
    assert asked(app_of(seen), scope(**given)).status == 431
    assert seen.requests == []


@pytest.mark.parametrize(
    ("messages", "body"),
    [
        pytest.param(pieces(b"hello"), b"hello", id="one-piece"),
        pytest.param(pieces(b"he", b"", b"llo"), b"hello", id="pieces"),
        pytest.param(pieces(b"hello", b""), b"hello", id="end-in-a-piece-of-its-own"),
        pytest.param([{"type": "http.request", "body": b"hello"}], b"hello", id="no-more-is-the-default"),
        pytest.param([{"type": "http.request", "more_body": True}, *pieces(b"hello")], b"hello", id="no-body-is-empty"),
    ],
)
def test_bodies(messages: list[Message], body: bytes) -> None:
    seen = Seen()
    assert asked(app_of(seen), post(body), messages).status == 200
    assert [request.body for request in seen.requests] == [body]


def test_the_longest_body() -> None:
    seen = Seen()
    body = b"x" * MAX_BODY
    assert asked(app_of(seen), post(body), pieces(body)).status == 200
    assert [len(request.body) for request in seen.requests] == [MAX_BODY]


CHUNKED = [(b"transfer-encoding", b"chunked")]


@pytest.mark.parametrize(
    ("headers", "messages", "status"),
    [
        pytest.param([(b"content-length", b"65537")], [], 413, id="too-long"),
        pytest.param([(b"content-length", b"9" * 4000)], [], 413, id="length-of-4000-digits"),
        pytest.param([(b"content-length", b"5"), (b"content-encoding", b"gzip")], [], 415, id="gzip"),
        pytest.param([*CHUNKED, (b"content-encoding", b"identity"), (b"content-encoding", b"br")], [], 415, id="two"),
        pytest.param([(b"content-length", b"5"), (b"content-length", b"5")], [], 400, id="two-lengths"),
        pytest.param([(b"content-length", "²".encode())], [], 400, id="length-that-is-no-number"),
        pytest.param([(b"content-length", b"5")], pieces(b"four"), 400, id="ends-too-early"),
        pytest.param([], pieces(b""), 411, id="no-length-and-nothing"),
        pytest.param(CHUNKED, pieces(b"x" * 60_000, b"x" * 10_000, end=False), 413, id="chunks-that-are-too-long"),
        pytest.param(CHUNKED, pieces(*[b"x"] * MAX_PIECES, end=False), 400, id="byte-by-byte"),
        pytest.param(CHUNKED, pieces(*[b""] * MAX_PIECES, end=False), 400, id="no-byte-by-no-byte"),
    ],
)
def test_bodies_that_are_not_taken(headers: list[tuple[bytes, bytes]], messages: list[Message], status: int) -> None:
    """What is asked for beyond the messages never comes."""
    seen = Seen()
    refused = asked(app_of(seen), scope("/xmlrpc", method="POST", headers=headers), messages)
    assert (refused.status, seen.requests) == (status, [])
    assert ("connection", "close") in refused.headers


def test_rfc9113_8_2_2_there_is_no_connection_to_close_in_http_2() -> None:
    refused = asked(app_of(Seen()), scope(method="POST", http_version="2", headers=[(b"content-length", b"65537")]))
    assert [name for name, _ in refused.headers] == ["content-type", "content-length"]


@pytest.mark.parametrize("messages", [[], pieces(b"x", end=False)], ids=["silent", "half"])
def test_a_body_that_does_not_come(messages: list[Message], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "RECEIVE_WITHIN", 0.01)
    seen = Seen()
    assert asked(app_of(seen), post(b"xyz"), messages).status == 408
    assert seen.requests == []


def test_a_client_that_goes_before_its_body_has_come(caplog: pytest.LogCaptureFixture) -> None:
    seen = Seen()
    assert asyncio.run(spoken(app_of(seen), post(b"xyz"), [*pieces(b"x", end=False), END])) == []
    assert (seen.requests, caplog.records) == ([], [])


def test_a_client_that_goes_before_its_answer_has_come(caplog: pytest.LogCaptureFixture) -> None:
    async def send(message: Message) -> None:
        raise OSError

    async def receive() -> Message:
        return END

    seen = Seen()
    asyncio.run(app_of(seen)(scope(), receive, send))  # type: ignore[arg-type]  # a coroutine, and of no other kind
    assert len(seen.requests) == 1
    assert caplog.records == []


def test_work_goes_on_when_nobody_waits_for_it() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def answer(request: Request) -> Response:
        begun.set()
        assert go_on.wait(PATIENCE)
        done.set()
        return plain(200, "late")

    async def cancelled() -> None:
        waiting = asyncio.create_task(spoken(app_of(answer), scope()))
        await asyncio.to_thread(begun.wait, PATIENCE)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        go_on.set()
        await asyncio.to_thread(done.wait, PATIENCE)

    asyncio.run(cancelled())
    assert done.is_set()


def test_the_body_of_a_get_is_not_read() -> None:
    assert asked(app_of(Seen()), scope(headers=[(b"content-length", b"9")])).status == 200


@pytest.mark.parametrize(
    ("method", "response", "headers", "body"),
    [
        pytest.param("GET", plain(200, "ok"), [("content-length", "3")], b"ok\n", id="get"),
        pytest.param("HEAD", plain(200, "ok"), [("content-length", "3")], b"", id="head"),
        pytest.param("GET", Response(status=204, headers={}, body=b""), [], b"", id="rfc9110-8.6-no-length-of-204"),
        pytest.param("GET", Response(status=304, headers={}, body=b""), [], b"", id="rfc9110-8.6-no-length-of-304"),
        pytest.param(
            "GET",
            Response(status=303, headers={"Location": "/x"}, body=b"", cookies=("a=1", "b=2")),
            [("location", "/x"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("content-length", "0")],
            b"",
            id="rfc6265-3-each-cookie-has-a-header-of-its-own",
        ),
    ],
)
def test_responses(method: str, response: Response, headers: list[tuple[str, str]], body: bytes) -> None:
    answer = asked(app_of(Seen(response)), scope(method=method))
    assert (answer.status, answer.body) == (response.status, body)
    assert [header for header in answer.headers if header[0] != "content-type"] == headers


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), KeyboardInterrupt()], ids=["error", "exit", "break"])
def test_an_answer_that_fails_is_a_500(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def answer(request: Request) -> Response:
        raise error

    assert asked(app_of(answer), scope()).status == 500
    [record] = caplog.records
    assert (record.levelname, record.exc_info and record.exc_info[1]) == ("ERROR", error)


def test_a_websocket_is_closed() -> None:
    websocket = {"type": "websocket", "path": "/", "headers": []}
    sent = asyncio.run(spoken(app_of(Seen()), websocket, [{"type": "websocket.connect"}]))
    assert sent == [{"type": "websocket.close", "code": 1000}]


def test_asgi_3_a_scope_that_nobody_knows_raises() -> None:
    with pytest.raises(ValueError, match=r"^this answers no scope of the type 'telnet'$"):
        asyncio.run(spoken(app_of(Seen()), {"type": "telnet"}))
