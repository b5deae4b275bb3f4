"""The ASGI shell (ASGI 3, on asyncio): mount it anywhere ASGI goes.

What answers may wait for a source or a database, so it runs in threads, and the event loop only reads and writes.
Connections, and the size of what comes before a body, are bounded by the server.
"""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from math import inf
from time import monotonic
from typing import Any, TypeAlias

from pingback.errors import PingbackError
from pingback.protocols.headers import retry_after
from pingback.protocols.xmlrpc import MAX_BODY
from pingback.receive.verify import sender_of
from pingback.server.app import makes_list
from pingback.server.http import Response, plain
from pingback.server.pool import LIST_THREADS, THREADS, Full, Pool
from pingback.server.shell import (
    FAILED,
    MAX_PIECES,
    RECEIVE_WITHIN,
    Answer,
    Forwarded,
    Head,
    Refused,
    body_of,
    check,
    decoded,
    headers_of,
    length_of,
    respond,
)

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Lifespan: TypeAlias = Callable[[object], AbstractAsyncContextManager[None]]

MAX_HEAD = 64 * 1024  # bytes of path, query and headers; some servers pass on what comes
START_AGAIN_AFTER = 60.0  # seconds, where the work could not be started

_BETWEEN = {"cookie": "; "}  # two values of a header (RFC 9110 §5.3, RFC 9113 §8.2.3)

_TOO_MUCH_HEAD = plain(431, f"Path, query and headers have at most {MAX_HEAD} bytes.")
_TOO_SLOW = plain(408, f"The body did not come within {RECEIVE_WITHIN:.0f} seconds.")
_TOO_MANY_PIECES = plain(400, "The body came in too many pieces.")
_FULL = plain(503, "Too many requests wait for an answer.", retry_after(5))

_NO_LIFESPAN = (
    "no lifespan ran: the first request started the site's work in the background, and nothing will stop it in good"
    " order; give your application lifespan=site.lifespan"
)

log = logging.getLogger(__name__)


class _Gone(Exception):
    """The client hung up."""


def lifespan(start: Callable[[], object], stop: Callable[[], object]) -> Lifespan:
    """The `lifespan` of a Starlette or FastAPI application: calls both in a thread, as they may block."""

    @asynccontextmanager
    async def run(app: object) -> AsyncIterator[None]:
        await _in_thread(start)
        try:
            yield
        finally:
            await _in_thread(stop)

    return run


async def _in_thread(work: Callable[[], object]) -> None:
    """Where the machine has no thread to spare, here, rather than not at all."""
    waiting = [work]

    def begin() -> None:
        if waiting:  # or it was done here, and a thread got to it later
            waiting.pop()()

    try:
        await asyncio.to_thread(begin)
    except RuntimeError:
        if not waiting:  # the work's own
            raise
        begin()


def asgi_app(
    answer: Answer,
    *,
    start: Callable[[], object],
    stop: Callable[[], object],
    trusted_proxies: Collection[str] = (),
) -> App:
    """An application that gives what `answer` gives, with paths below where it is mounted.

    The server's lifespan calls `start` and `stop`. Where it sends none, as to an application that is mounted in
    another, the first request calls `start`, and the log says so, unless `start` gives False: all was running already.
    `answer` is called in threads, several at once. What it tells senders of itself begins with the `Host` they gave.
    The sender's address is the scope's `client`, or what `trusted_proxies`, networks in CIDR form, say in
    `X-Forwarded-For`. All requests without an address count as those of one sender.

    It may be made before a process forks: it has no threads before the first request.
    """
    return _App(answer, start=start, stop=stop, trusted_proxies=trusted_proxies)


class _Process:
    """What the application has in one process: after a fork there are no threads, and nothing was started."""

    def __init__(self) -> None:
        self.id = os.getpid()
        self.quick = Pool(THREADS)
        self.lists = Pool(LIST_THREADS)
        self.start_due = 0.0  # on the clock of `monotonic`, when a request has to start the work; never once it runs
        self.starting = threading.Lock()


class _App:
    def __init__(
        self,
        answer: Answer,
        *,
        start: Callable[[], object],
        stop: Callable[[], object],
        trusted_proxies: Collection[str],
    ) -> None:
        self._answer = answer
        self._start = start
        self._stop = stop
        self._forwarded = Forwarded(trusted_proxies)
        self._process: _Process | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case "websocket":
                await send({"type": "websocket.close", "code": 1000})
            case other:
                raise ValueError(f"this answers no scope of the type {other!r}")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(_Gone, OSError):  # servers raise OSError where the client is gone, if they say so at all
            try:
                head = self._forwarded.as_seen_outside(_head(scope))
                body = await _body(head, receive) if head.method == "POST" else b""
            except Refused as refused:
                await _send(send, scope, refused.response, unread=scope["method"] == "POST")
            else:
                await _send(send, scope, await self._respond(head, body))

    async def _respond(self, head: Head, body: bytes) -> Response:
        process = self._here()
        is_list = makes_list(head.method, head.path.decode(errors="replace"))
        pool = process.lists if is_list else process.quick
        try:
            future = pool.submit(sender_of(head.remote_addr), partial(self._work, process, head, body))
            return await asyncio.wrap_future(future)
        except Full:
            return _FULL

    def _here(self) -> _Process:
        if self._process is None or self._process.id != os.getpid():
            self._process = _Process()
        return self._process

    def _work(self, process: _Process, head: Head, body: bytes) -> Response:
        try:
            self._start_if_due(process)
            return respond(self._answer, head, body)
        except BaseException:  # it would go through the event loop, and end the server
            log.exception("a request ended its thread")
            return FAILED

    def _start_if_due(self, process: _Process) -> None:
        """For one request; others do not wait for it."""
        if monotonic() < process.start_due or not process.starting.acquire(blocking=False):
            return
        try:
            if self._start() is not False:
                log.warning(_NO_LIFESPAN)
            process.start_due = inf
        except Exception:
            process.start_due = monotonic() + START_AGAIN_AFTER
            log.exception("the site's work in the background cannot be started")
        finally:
            process.starting.release()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        phase = "startup"
        try:
            await receive()
            async with lifespan(self._start, self._stop)(self):
                self._here().start_due = inf
                await send({"type": "lifespan.startup.complete"})
                await receive()
                phase = "shutdown"
        except Exception as error:
            if not isinstance(error, PingbackError):  # which is the operator's, and says all
                log.exception("the site's work in the background: its %s failed", phase)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error) or type(error).__name__})
        else:
            await send({"type": "lifespan.shutdown.complete"})


def _head(scope: Scope) -> Head:
    raw_path = scope.get("raw_path") or b""
    query = scope.get("query_string") or b""
    headers = _headers(scope, MAX_HEAD - len(raw_path) - len(query) - len(scope["path"]))
    mount, path = _mount_and_path(scope, raw_path)
    client = scope.get("client")
    return Head(
        method=scope["method"],
        scheme=scope.get("scheme") or "http",
        host=headers.get("host") or _server(scope),
        mount=mount.encode(errors="replace"),
        path=path.encode(errors="replace"),
        raw_path=raw_path,
        query=query,
        headers=headers,
        remote_addr=(client and client[0]) or "",
    )


def _mount_and_path(scope: Scope, raw_path: bytes) -> tuple[str, str]:
    """Where we are mounted, and the path below.

    The path of the scope has both, says the norm; but older hosts cut the mount off, which shows in `raw_path`. A proxy
    may have cut off what comes before the host (`app_root_path` of Starlette), and left where we are mounted in it.
    """
    path: str = scope["path"]
    mount = (scope.get("root_path") or "").rstrip("/")
    if not mount or decoded(raw_path) == mount + path:
        return mount, path
    for prefix in (mount, mount.removeprefix(scope.get("app_root_path") or "")):
        if path == prefix or path.startswith(f"{prefix}/"):
            return mount, path.removeprefix(prefix)
    return mount, path


def _server(scope: Scope) -> str:
    """Where the server listens, if that is a host and a port."""
    host, port = scope.get("server") or ("", None)
    return "" if port is None else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _headers(scope: Scope, most: int) -> dict[str, str]:
    """One value for each name, as WSGI servers have it. Raises Refused where there are more than `most` bytes."""
    values: dict[str, list[str]] = {}
    for name, value in scope.get("headers") or ():
        most -= len(name) + len(value) + 32  # RFC 7541 §4.1
        if most < 0:
            break
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    if most < 0:
        raise Refused(_TOO_MUCH_HEAD)
    return {name: _BETWEEN.get(name, ", ").join(each) for name, each in values.items()}


async def _body(head: Head, receive: Receive) -> bytes:
    """The body, of which no more is read when it is too long, too slow, or comes byte by byte."""
    length = length_of(head)
    body = bytearray()
    try:
        async with asyncio.timeout(RECEIVE_WITHIN):
            for _ in range(MAX_PIECES):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Gone
                body += message.get("body") or b""
                if len(body) > MAX_BODY or not message.get("more_body"):
                    break
            else:
                raise Refused(_TOO_MANY_PIECES)
    except TimeoutError:
        raise Refused(_TOO_SLOW) from None
    whole = bytes(body)
    check(whole, head, length)
    return whole


async def _send(send: Send, scope: Scope, response: Response, *, unread: bool = False) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers_of(response)]
    if unread and scope.get("http_version", "1.1").startswith("1"):
        headers.append((b"connection", b"close"))  # or the server would read the rest of the body
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body_of(scope["method"], response)})
