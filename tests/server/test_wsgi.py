"""`pingback.server.wsgi`: PEP 3333, by its reference checker, and bodies of every kind of server."""

import io
import xmlrpc.client
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from pingback.receive.receiver import Receiver
from pingback.server.wsgi import wsgi_app
from tests.receive.pages import Pages
from tests.server.conftest import SOURCE, TARGET

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

    answer = validator(wsgi_app(receiver))(environ, start_response)
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
    ],
)
def test_bodies_that_are_not_read(receiver: Receiver, environ: dict[str, Any], status: str) -> None:
    body = Body(b"x" * 100_000)
    assert ask(receiver, post(body, **environ))[0][:3] == status
    assert body.taken == 0


@pytest.mark.parametrize("length", ["many", "²", "+1", "1_0", "1.0"])
def test_a_length_that_is_no_number(receiver: Receiver, length: str) -> None:
    begun: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        begun.append(status)

    environ = post(Body(PING), CONTENT_LENGTH=length)
    setup_testing_defaults(environ)
    list(wsgi_app(receiver)(environ, start_response))  # the checker does not let such a request through
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


def test_the_body_of_a_get_is_not_read(receiver: Receiver) -> None:
    body = Body(PING)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "wsgi.input": body, "CONTENT_LENGTH": "9"}
    assert ask(receiver, environ)[0] == "200 OK"
    assert body.taken == 0


def test_a_path_that_is_not_utf_8(receiver: Receiver) -> None:
    assert ask(receiver, {"REQUEST_METHOD": "GET", "PATH_INFO": "/\xff"})[0] == "404 Not Found"
