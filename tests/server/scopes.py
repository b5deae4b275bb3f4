"""ASGI and WSGI, spoken by hand: requests as servers hand them over, and what comes back."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple
from wsgiref.util import setup_testing_defaults

from pingback.server.asgi import App, Message, asgi_app
from pingback.server.http import Request, Response, plain
from pingback.server.shell import Answer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

END = {"type": "http.disconnect"}


class Got(NamedTuple):
    """The names of the headers are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Seen:
    """Answers requests, which it keeps, with `response`."""

    def __init__(self, response: Response | None = None) -> None:
        self.requests: list[Request] = []
        self._response = response or plain(200, "seen")

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return self._response


def nothing() -> None:
    pass


def app_of(answer: Answer, **options: Any) -> App:
    """Its work runs already, if `options` do not say otherwise."""
    return asgi_app(answer, **({"start": lambda: False, "stop": nothing} | options))


def scope(path: str = "/healthz", **more: Any) -> dict[str, Any]:
    """A GET over HTTP/1.1, as the norm has it."""
    usual = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"my.example")],
        "client": ("192.0.2.7", 5555),
        "server": ("127.0.0.1", 8000),
    }
    return usual | more


def post(body: bytes, path: str = "/xmlrpc", *headers: tuple[bytes, bytes], **more: Any) -> dict[str, Any]:
    """The scope of a POST whose body has this length."""
    given = [(b"host", b"my.example"), (b"content-length", str(len(body)).encode()), *headers]
    return scope(path, method="POST", headers=given, **more)


def pieces(*bodies: bytes, end: bool = True) -> list[Message]:
    """The body in so many pieces; without its `end` one more is to come."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": True} for body in bodies]
    if end:
        messages[-1]["more_body"] = False
    return messages


async def spoken(app: App, scope: dict[str, Any], messages: Iterable[Message] = ()) -> list[Message]:
    """What the application sends. After the last message nothing comes, for however long it waits."""
    sent: list[Message] = []
    left = deque(messages)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        return left.popleft()

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def asked(app: App, scope: dict[str, Any], messages: Iterable[Message] = ()) -> Got:
    return got(asyncio.run(spoken(app, scope, messages)))


def got(sent: list[Message]) -> Got:
    """The one response among what was sent, whose form is checked on the way."""
    start, body = sent
    assert (start["type"], body["type"]) == ("http.response.start", "http.response.body")
    assert not body.get("more_body", False)
    assert all(name == name.lower() for name, _ in start["headers"])
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    return Got(start["status"], headers, body["body"])


def asked_by_wsgi(app: "WSGIApplication", environ: dict[str, Any]) -> Got:
    setup_testing_defaults(environ)
    begun: list[tuple[int, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        begun.append((int(status[:3]), [(name.lower(), value) for name, value in headers]))

    body = b"".join(app(environ, start_response))
    [(status, headers)] = begun
    return Got(status, headers, body)
