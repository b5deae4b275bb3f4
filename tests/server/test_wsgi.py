"""`pingback.server.wsgi`: PEP 3333, by its reference checker, and bodies of every kind of server."""

import io
import socket
import threading
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from pingback.jobs.limits import Rate
from pingback.server.inbox.passwords import hash_of
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import PATIENCE, Page, Pages
from tests.server.conftest import SITE, SOURCE, TARGET
from tests.server.shells import wsgi_of

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

PING = xmlrpc.client.dumps((SOURCE, TARGET), "pingback.ping").encode()


class Body(io.BytesIO):
    """Counts what is read of it, and gives at most seven bytes at once."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(7 if size is None or size < 0 else min(size, 7))
        self.taken += len(piece)
        return piece


def ask(receiver: Receiver, environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of the answer, which is checked against PEP 3333 on the way."""
    setup_testing_defaults(environ)
    environ = {"QUERY_STRING": "", "SCRIPT_NAME": ""} | environ
    begun: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        begun[:] = [status, dict(headers)]
        return lambda data: None

    answer = validator(wsgi_of(receiver))(environ, start_response)
    body = b"".join(answer)
    answer.close()  # type: ignore[attr-defined]  # the checker's iterator has it, and insists on it
    return begun[0], begun[1], body


def post(body: io.BytesIO, **environ: Any) -> dict[str, Any]:
    return {"REQUEST_METHOD": "POST", "PATH_INFO": "/xmlrpc", "wsgi.input": body} | environ


def test_a_ping(receiver: Receiver, pages: Pages) -> None:
    environ = post(Body(PING), CONTENT_LENGTH=str(len(PING)), CONTENT_TYPE="text/xml", REMOTE_ADDR="192.0.2.7")
    status, headers, body = ask(receiver, environ)
    assert (status, headers["Content-Type"]) == ("200 OK", "text/xml; charset=utf-8")
    assert headers["Content-Length"] == str(len(body))
    assert xmlrpc.client.loads(body)[0] == (f"Pingback from {SOURCE} to {TARGET} registered.",)
    assert pages.asked[0][1]["X-Pingback-Forwarded-For"] == "192.0.2.7"


@pytest.mark.parametrize("environ", [{}, {"REMOTE_ADDR": ""}, {"REMOTE_ADDR": "unix:"}], ids=["none", "empty", "unix"])
def test_requests_without_an_address_count_as_those_of_one_sender(pages: Pages, environ: dict[str, Any]) -> None:
    taking = dict(environ, CONTENT_LENGTH=str(len(PING)))
    with (
        Store("sqlite://") as store,
        Receiver(site=SITE, store=store, client=pages, rate=Rate("1/minute")) as receiver,
    ):
        assert b"registered" in ask(receiver, post(Body(PING), **taking))[2]
        assert b"too many pings from your address" in ask(receiver, post(Body(PING), **taking))[2]
        assert b"is known already" in ask(receiver, post(Body(PING), **(taking | {"REMOTE_ADDR": "192.0.2.7"})))[2]


def test_rfc6265_3_each_cookie_has_a_header_of_its_own(receiver: Receiver) -> None:
    receiver.store.secrets.set_password(hash_of("correct horse"))
    form = b"password=correct+horse"
    environ = post(
        Body(form),
        PATH_INFO="/inbox/login",
        CONTENT_LENGTH=str(len(form)),
        CONTENT_TYPE="application/x-www-form-urlencoded",
    )
    setup_testing_defaults(environ)
    given: list[tuple[str, str]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        given.extend(headers)

    wsgi_of(receiver)(environ, start_response)
    cookies = [value.partition("=")[0] for name, value in given if name == "Set-Cookie"]
    assert cookies == ["pingback_inbox", "pingback_device"]


@pytest.mark.parametrize("content_type", ["application/xml; charset=latin-1", "text/plain", ""])
def test_any_content_type_will_do(receiver: Receiver, content_type: str) -> None:
    environ = post(Body(PING), CONTENT_LENGTH=str(len(PING)), CONTENT_TYPE=content_type)
    assert b"registered" in ask(receiver, environ)[2]


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        pytest.param({}, "411", id="no-length"),
        pytest.param({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, "411", id="chunked"),
        pytest.param({"CONTENT_LENGTH": str(64 * 1024 + 1)}, "413", id="too-large"),
        pytest.param({"CONTENT_LENGTH": "9" * 4000}, "413", id="length-of-4000-digits"),
        pytest.param({"CONTENT_LENGTH": "9", "HTTP_CONTENT_ENCODING": "gzip"}, "415", id="gzip"),
        pytest.param({"CONTENT_LENGTH": "9", "HTTP_CONTENT_ENCODING": " Deflate "}, "415", id="deflate"),
        pytest.param({"CONTENT_LENGTH": "9", "HTTP_CONTENT_ENCODING": "identity, br"}, "415", id="one-of-two"),
        pytest.param({"CONTENT_LENGTH": "9", "HTTP_CONTENT_ENCODING": "x\xff"}, "415", id="unknown-coding"),
        pytest.param({"HTTP_CONTENT_ENCODING": "gzip", "wsgi.input_terminated": True}, "415", id="gzip-in-chunks"),
    ],
)
def test_bodies_that_are_not_read(receiver: Receiver, environ: dict[str, Any], status: str) -> None:
    body = Body(b"x" * 100_000)
    assert ask(receiver, post(body, **environ))[0][:3] == status
    assert body.taken == 0


@pytest.mark.parametrize("path", ["/xmlrpc", "/trackback/part-5", "/webmention", "/inbox/login", "/nowhere"])
def test_rfc9110_15_5_16_a_compressed_message_hears_what_is_taken(receiver: Receiver, path: str) -> None:
    body = Body(b"x" * 9)
    environ = post(body, PATH_INFO=path, CONTENT_LENGTH="9", HTTP_CONTENT_ENCODING="gzip")
    status, headers, answer = ask(receiver, environ)
    assert (status, headers["Accept-Encoding"]) == ("415 Unsupported Media Type", "identity")
    assert answer == b"A compressed message is not taken; send it as it is.\n"
    assert body.taken == 0


@pytest.mark.parametrize("coding", ["identity", "Identity", "", " , identity"])
def test_rfc9110_8_4_no_coding_at_all(receiver: Receiver, coding: str) -> None:
    environ = post(Body(PING), CONTENT_LENGTH=str(len(PING)), HTTP_CONTENT_ENCODING=coding)
    assert b"registered" in ask(receiver, environ)[2]


@pytest.mark.parametrize("length", ["many", "²", "+1", "1_0", "1.0"])
def test_a_length_that_is_no_number(receiver: Receiver, length: str) -> None:
    begun: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        begun.append(status)

    environ = post(Body(PING), CONTENT_LENGTH=length)
    setup_testing_defaults(environ)
    list(wsgi_of(receiver)(environ, start_response))  # the checker does not let such a request through
    assert begun == ["400 Bad Request"]


def test_a_body_that_ends_too_early(receiver: Receiver) -> None:
    assert ask(receiver, post(Body(PING), CONTENT_LENGTH=str(len(PING) + 1)))[0] == "400 Bad Request"


def test_a_sender_that_went_away(receiver: Receiver) -> None:
    class Broken(Body):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    assert ask(receiver, post(Broken(PING), CONTENT_LENGTH=str(len(PING))))[0] == "400 Bad Request"


def test_chunks_that_the_server_took_apart(receiver: Receiver) -> None:
    environ = post(Body(PING)) | {"wsgi.input_terminated": True}
    assert b"registered" in ask(receiver, environ)[2]
    endless = Body(b"x" * 1_000_000)
    assert ask(receiver, post(endless) | {"wsgi.input_terminated": True})[0][:3] == "413"
    assert endless.taken == 64 * 1024 + 1
    nothing = post(Body(b"")) | {"wsgi.input_terminated": True}
    assert ask(receiver, nothing)[0] == "411 Length Required"
    assert b"-32700" in ask(receiver, nothing | {"HTTP_TRANSFER_ENCODING": "chunked"})[2]


@contextmanager
def plain_server(app: "WSGIApplication") -> Iterator[int]:
    """The standard library's server, which takes no chunks apart; gives its port."""
    with make_server("127.0.0.1", 0, app, handler_class=Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(f"Content-Length: {len(PING)}", b"200 OK", id="a-length"),
        pytest.param("X: y", b"411 Length Required", id="no-length"),
        pytest.param("Transfer-Encoding: chunked", b"411 Length Required", id="chunks"),
        pytest.param(f"Content-Length: {len(PING)}\r\nContent-Encoding: gzip", b"415 Unsupported Media", id="gzip"),
    ],
)
def test_any_server_for_wsgi_will_do(receiver: Receiver, headers: str, status: bytes) -> None:
    with (
        plain_server(wsgi_of(receiver)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
    ):
        connection.sendall(f"POST /xmlrpc HTTP/1.1\r\nHost: my.example\r\n{headers}\r\n\r\n".encode() + PING)
        assert connection.recv(4096).partition(b" ")[2].startswith(status)


def test_mounted_below_a_path(receiver: Receiver) -> None:
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/blog/ping", "PATH_INFO": "/healthz"}
    assert ask(receiver, environ) == (
        "200 OK",
        {"Content-Type": "text/plain; charset=utf-8", "Content-Length": "3"},
        b"ok\n",
    )


def test_head_has_the_length_but_not_the_body(receiver: Receiver) -> None:
    status, headers, body = ask(receiver, {"REQUEST_METHOD": "HEAD", "PATH_INFO": "/healthz"})
    assert (status, headers["Content-Length"], body) == ("200 OK", "3", b"")


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        pytest.param({"REQUEST_METHOD": "OPTIONS", "PATH_INFO": "/api/count"}, "204 No Content", id="204"),
        pytest.param({"PATH_INFO": "/widget.js", "HTTP_IF_NONE_MATCH": "*"}, "304 Not Modified", id="304"),
    ],
)
def test_rfc9110_8_6_what_has_no_body_has_no_length(receiver: Receiver, environ: dict[str, Any], status: str) -> None:
    answered, headers, body = ask(receiver, {"REQUEST_METHOD": "GET"} | environ)
    assert (answered, "Content-Length" in headers, body) == (status, False, b"")


def test_the_body_of_a_get_is_not_read(receiver: Receiver) -> None:
    body = Body(PING)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "wsgi.input": body, "CONTENT_LENGTH": "9"}
    assert ask(receiver, environ)[0] == "200 OK"
    assert body.taken == 0


def test_a_path_that_is_not_utf_8(receiver: Receiver) -> None:
    assert ask(receiver, {"REQUEST_METHOD": "GET", "PATH_INFO": "/\xff"})[0] == "404 Not Found"


@pytest.mark.parametrize(
    ("environ", "target"),
    [
        pytest.param({"PATH_INFO": "/trackback/5"}, "https://my.example/5", id="plain"),
        pytest.param(
            {"PATH_INFO": "/trackback/5", "QUERY_STRING": "a=1&b=%2F?"}, "https://my.example/5?a=1&b=%2F?", id="query"
        ),
        pytest.param(
            {"PATH_INFO": "/trackback/a/b c", "REQUEST_URI": "/trackback/a%2Fb%20c?x"},
            "https://my.example/a%2Fb%20c",
            id="escapes-as-sent",
        ),
        pytest.param(
            {"PATH_INFO": "/trackback/\xc3\xbc", "REQUEST_URI": "/trackback/\xc3\xbc"},
            "https://my.example/%C3%BC",
            id="bytes-as-sent",
        ),
        pytest.param(
            {"PATH_INFO": "/trackback/\xc3\xbc 1:2;50%?#/"},
            "https://my.example/%C3%BC%201:2;50%25%3F%23/",
            id="no-other-word-than-the-decoded-path",
        ),
        pytest.param(
            {"PATH_INFO": "/trackback/5", "REQUEST_URI": "/before/rewriting"}, "https://my.example/5", id="rewritten"
        ),
        pytest.param(
            {"SCRIPT_NAME": "/a b", "PATH_INFO": "/trackback/x/y", "REQUEST_URI": "/a%20b/trackback/x%2Fy"},
            "https://my.example/x%2Fy",
            id="mounted",
        ),
        pytest.param(
            {"PATH_INFO": "/trackback/5", "REQUEST_URI": "http://my.example/trackback/5"},
            "https://my.example/5",
            id="rfc9112-3.2.2-absolute-form",
        ),
    ],
)
def test_the_target_of_a_trackback_is_the_path_as_it_was_sent(
    receiver: Receiver, pages: Pages, environ: dict[str, Any], target: str
) -> None:
    pages.web[SOURCE] = Page(f'<a href="{target}">x</a>')
    body = b"url=https://a.example/post%3Fx%3D1%26y%3D2"
    sent = post(Body(body), CONTENT_LENGTH=str(len(body)), CONTENT_TYPE="application/x-www-form-urlencoded") | environ
    status, headers, answer = ask(receiver, sent)
    assert (status, headers["Content-Type"]) == ("200 OK", "text/xml; charset=utf-8")
    assert b"<error>0</error>" in answer
    assert [mention.target for mention in receiver.approved_of(target)] == [target]


@pytest.mark.parametrize(
    ("environ", "base"),
    [
        pytest.param({"HTTP_HOST": "my.example"}, "http://my.example", id="host"),
        pytest.param({"HTTP_HOST": "my.example:8000"}, "http://my.example:8000", id="port"),
        pytest.param({"HTTP_HOST": "my.example", "wsgi.url_scheme": "https"}, "https://my.example", id="tls"),
        pytest.param({"HTTP_HOST": "[::1]:8000"}, "http://[::1]:8000", id="ipv6"),
        pytest.param(
            {"HTTP_HOST": "my.example", "SCRIPT_NAME": "/a b/"}, "http://my.example/a%20b", id="mounted-with-a-slash"
        ),
        pytest.param(
            {"HTTP_HOST": "", "SERVER_NAME": "server.example", "SERVER_PORT": "8000"},
            "http://server.example:8000",
            id="no-host",
        ),
        pytest.param({"HTTP_HOST": "my.example/evil"}, "", id="path-in-the-host"),
        pytest.param({"HTTP_HOST": "me@my.example", "SCRIPT_NAME": "/x"}, "/x", id="user-in-the-host"),
        pytest.param({"HTTP_HOST": "my.example:port"}, "", id="port-in-words"),
    ],
)
def test_pep_3333_the_status_page_is_where_the_sender_came_to(pages: Pages, environ: dict[str, Any], base: str) -> None:
    body = b"source=https://a.example/post%3Fx%3D1%26y%3D2&target=https://my.example/part-5%3Fa%3D1%26b%3D2"
    sent = post(Body(body), CONTENT_LENGTH=str(len(body)), PATH_INFO="/webmention") | environ
    pages.gate.clear()
    with Store("sqlite://") as store, Receiver(site=SITE, store=store, client=pages, answer_within=0.0) as receiver:
        status, headers, _ = ask(receiver, sent)
        pages.gate.set()
    assert status == "201 Created"
    assert headers["Location"].rpartition("/webmention/")[0] == base
