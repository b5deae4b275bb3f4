"""The WSGI shell (PEP 3333) around `handle`: mount it anywhere WSGI goes."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from pingback.protocols.xmlrpc import MAX_BODY
from pingback.server.app import TOO_LARGE, handle
from pingback.server.http import Request, Response, plain
from pingback.urls import is_http, split

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from pingback.receive.receiver import Receiver

_IN_PATH = "/:@!$&'()*+,;="  # and letters, digits and "-._~", which stand for themselves (RFC 3986 §3.3)
_IN_QUERY = _IN_PATH + "?%"
_WITHOUT_BODY = (204, 304)  # whose length would be another one's, if any (RFC 9110 §8.6)
_HOST = re.compile(r"[^/\\?#@\s]+")

_NO_LENGTH = plain(411, "The request needs a Content-Length.")
# What would be taken is said by `Accept-Encoding` (RFC 9110 §15.5.16).
_CODED = plain(415, "A compressed message is not taken; send it as it is.", {"Accept-Encoding": "identity"})


def wsgi_app(receiver: "Receiver") -> "WSGIApplication":
    """An application that answers the routes of `pingback.server.app` below where it is mounted.

    It may be called from several threads at once. What it tells senders of itself begins with the `Host` they gave.
    The sender's address is `REMOTE_ADDR`; behind a proxy, the server or a middleware like `Forwarded` has to put it
    there. All requests without an address count as those of one sender.
    """

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        response = _response(environ, receiver)
        status = f"{response.status} {HTTPStatus(response.status).phrase}"
        headers = [*response.headers.items(), *(("Set-Cookie", cookie) for cookie in response.cookies)]
        if response.status not in _WITHOUT_BODY:
            headers.append(("Content-Length", str(len(response.body))))
        start_response(status, headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body]

    return app


class _Unreadable(Exception):
    def __init__(self, response: Response) -> None:
        self.response = response


def _response(environ: "WSGIEnvironment", receiver: "Receiver") -> Response:
    method = environ["REQUEST_METHOD"]
    try:
        body = _body(environ) if method == "POST" else b""
    except _Unreadable as unreadable:
        return unreadable.response
    request = Request(
        method=method,
        path=_bytes(environ.get("PATH_INFO", "")).decode(errors="replace"),
        raw_path=_raw_path(environ),
        query=quote(_bytes(environ.get("QUERY_STRING", "")), safe=_IN_QUERY),
        base=_base(environ),
        headers=_headers(environ),
        content_type=environ.get("CONTENT_TYPE") or None,
        body=body,
        remote_addr=environ.get("REMOTE_ADDR") or "",
    )
    return handle(request, receiver)


def _headers(environ: "WSGIEnvironment") -> dict[str, str]:
    """As servers give them: one value for each name, and Latin-1 for whatever bytes were sent."""
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }


def _body(environ: "WSGIEnvironment") -> bytes:
    """The body, of which nothing is read when it is compressed, or said to be too long."""
    if _is_coded(environ.get("HTTP_CONTENT_ENCODING", "")):
        raise _Unreadable(_CODED)
    given = environ.get("CONTENT_LENGTH", "")
    if not given:
        return _unmeasured(environ)
    if not (given.isascii() and given.isdigit()):
        raise _Unreadable(plain(400, "The Content-Length is not a number."))
    if len(given) > 18 or int(given) > MAX_BODY:
        raise _Unreadable(TOO_LARGE)
    body = _read(environ["wsgi.input"], int(given))
    if len(body) < int(given):
        raise _Unreadable(plain(400, "The body ended too early."))
    return body


def _is_coded(content_encoding: str) -> bool:
    """Something other than the bytes themselves comes (RFC 9110 §8.4)."""
    return any(coding.strip().lower() not in ("", "identity") for coding in content_encoding.split(","))


def _unmeasured(environ: "WSGIEnvironment") -> bytes:
    """The body of a request without a length, in chunks as a rule.

    A server that takes chunks apart says that the input ends; of any other, to read might be to wait for ever. Where
    there are no chunks either and nothing came, the sender forgot the length, and had better hear of that.
    """
    if not environ.get("wsgi.input_terminated"):
        raise _Unreadable(_NO_LENGTH)
    body = _read(environ["wsgi.input"], MAX_BODY + 1)
    if not body and not environ.get("HTTP_TRANSFER_ENCODING"):
        raise _Unreadable(_NO_LENGTH)
    return body


def _read(stream: Any, size: int) -> bytes:
    """Up to `size` bytes, however few come at once."""
    pieces = []
    while size > 0:
        try:
            piece = stream.read(size)
        except OSError as error:  # what servers raise for a sender that went away
            raise _Unreadable(plain(400, "The body could not be read.")) from error
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _raw_path(environ: "WSGIEnvironment") -> str:
    """The path below where we are mounted, as it was sent; of PEP 3333 we have it decoded only.

    Most servers tell the original too. It is believed where it is the same path, which it is not when a front server
    rewrote it.
    """
    path = _bytes(environ.get("PATH_INFO", ""))
    sent = environ.get("REQUEST_URI", "").partition("?")[0].removeprefix(_mount(environ))
    if unquote_to_bytes(_bytes(sent)) == path:
        return quote(_bytes(sent), safe=_IN_PATH + "%")
    return quote(path, safe=_IN_PATH)


def _base(environ: "WSGIEnvironment") -> str:
    """Where we are mounted (PEP 3333, “URL Reconstruction”): a URL, or its path alone where the `Host` is none."""
    host = environ.get("HTTP_HOST") or f"{environ.get('SERVER_NAME')}:{environ.get('SERVER_PORT')}"
    origin = f"{environ.get('wsgi.url_scheme')}://{host}"
    if not _HOST.fullmatch(host) or not is_http(origin):
        return _mount(environ)
    return split(origin).href.removesuffix("/") + _mount(environ)


def _mount(environ: "WSGIEnvironment") -> str:
    return quote(_bytes(environ.get("SCRIPT_NAME", "")), safe=_IN_PATH).rstrip("/")


def _bytes(value: str) -> bytes:
    """WSGI hands over bytes as Latin-1 (PEP 3333, “Unicode Issues”); people mean UTF-8."""
    return value.encode("latin-1")
