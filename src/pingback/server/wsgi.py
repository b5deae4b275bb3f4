"""The WSGI shell (PEP 3333): mount it anywhere WSGI goes."""

from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pingback.protocols.xmlrpc import MAX_BODY
from pingback.server.http import Response, plain
from pingback.server.shell import (
    NO_LENGTH,
    Answer,
    Forwarded,
    Head,
    Refused,
    body_of,
    check,
    headers_of,
    length_of,
    respond,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def wsgi_app(answer: Answer, *, trusted_proxies: Collection[str] = ()) -> "WSGIApplication":
    """An application that gives what `answer` gives, with paths below where it is mounted.

    It may be called from several threads at once. What it tells senders of itself begins with the `Host` they gave.
    The sender's address is `REMOTE_ADDR`, or what `trusted_proxies`, networks in CIDR form, say in `X-Forwarded-For`.
    All requests without an address count as those of one sender.
    """
    forwarded = Forwarded(trusted_proxies)

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        head = forwarded.as_seen_outside(_head(environ))
        response = _response(answer, head, environ)
        start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers_of(response))
        return [body_of(head.method, response)]

    return app


def _response(answer: Answer, head: Head, environ: "WSGIEnvironment") -> Response:
    try:
        body = _body(environ, head) if head.method == "POST" else b""
    except Refused as refused:
        return refused.response
    return respond(answer, head, body)


def _head(environ: "WSGIEnvironment") -> Head:
    return Head(
        method=environ["REQUEST_METHOD"],
        scheme=environ.get("wsgi.url_scheme", ""),
        host=environ.get("HTTP_HOST") or f"{environ.get('SERVER_NAME')}:{environ.get('SERVER_PORT')}",
        mount=_bytes(environ.get("SCRIPT_NAME", "")),
        path=_bytes(environ.get("PATH_INFO", "")),
        raw_path=_bytes(environ.get("REQUEST_URI", "").partition("?")[0]),  # not in PEP 3333, but most servers tell it
        query=_bytes(environ.get("QUERY_STRING", "")),
        headers=_headers(environ),
        remote_addr=environ.get("REMOTE_ADDR") or "",
    )


def _headers(environ: "WSGIEnvironment") -> dict[str, str]:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        headers[name.replace("_", "-").lower()] = environ.get(name, "")
    return headers


def _body(environ: "WSGIEnvironment", head: Head) -> bytes:
    """The body, of which no more is read than one byte too much.

    Without a length it comes in chunks as a rule. A server that takes chunks apart says that the input ends; of any
    other, to read might be to wait for ever.
    """
    length = length_of(head)
    if length is None and not environ.get("wsgi.input_terminated"):
        raise Refused(NO_LENGTH)
    body = _read(environ["wsgi.input"], MAX_BODY + 1 if length is None else length)
    check(body, head, length)
    return body


def _read(stream: Any, size: int) -> bytes:
    """Up to `size` bytes, however few come at once."""
    pieces = []
    while size > 0:
        try:
            piece = stream.read(size)
        except OSError as error:  # what servers raise for a sender that went away
            raise Refused(plain(400, "The body could not be read.")) from error
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _bytes(value: str) -> bytes:
    """WSGI hands over bytes as Latin-1 (PEP 3333, “Unicode Issues”); people mean UTF-8."""
    return value.encode("latin-1")
