"""A site on a loopback socket that answers byte for byte as a test scripts it, rightly or wrongly.

with Site({"/": page(b"<p>hello"), "/old": redirect("/")}) as site:
    client.get(site.url + "/old")
assert [request.path for request in site.requests] == ["/old", "/"]
"""

import contextlib
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO, NamedTuple, Self, TypeAlias


class Request(NamedTuple):
    """What came in. The names of the headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


# The bytes of a whole response, head included; several are sent one by one; a callable makes either of a request.
Answer: TypeAlias = bytes | Iterable[bytes]
Page: TypeAlias = Answer | Callable[[Request], Answer]


def page(body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """A complete response, after which the connection stays open unless `headers` say `Connection: close`."""
    fields = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body)), **(headers or {})}
    return head(status, fields) + body


def redirect(location: str, status: int = 302) -> bytes:
    return page(status=status, headers={"Location": location})


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """The status line and headers alone."""
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens at, for a program that cannot choose one itself.

    The system gives ports of 32768 and more to whoever wants any; so nobody gets this one by chance.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)  # `random` gives the same to tests that run side by side
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Site:
    """Serves `pages` by path, query included, and keeps what it was asked; other paths are 404.

    `requests` and `connections` (a count) may be read at any time. With `tls` it speaks HTTPS.
    """

    def __init__(
        self,
        pages: Mapping[str, Page] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.pages: dict[str, Page] = dict(pages or {})
        self.requests: list[Request] = []
        self.connections = 0
        self._tls = tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._closing = threading.Event()
        self._open: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)
        self._serving: list[threading.Thread] = []

    def drip(self, data: Iterable[bytes], every: float = 0.02) -> Iterator[bytes]:
        """`data`, piece by piece, with that many seconds between; ends when the site closes."""
        for piece in data:
            yield piece
            if self._closing.wait(every):
                return

    def silence(self) -> Iterator[bytes]:
        """No answer until the site closes."""
        self._closing.wait()
        yield b""

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._accepting.join()
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._serving:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._serving.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if self._tls is None:
                self._talk(connection)
                return
            # TLS takes the copy away; the original still wakes us when the site closes.
            with self._tls.wrap_socket(connection.dup(), server_side=True) as secured:
                self._talk(secured)

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            while (request := _read(stream)) is not None:
                self.requests.append(request)
                answer = self.pages.get(request.path, page(status=404))
                if callable(answer):
                    answer = answer(request)
                pieces = iter((answer,) if isinstance(answer, bytes) else answer)
                first = next(pieces, b"")
                connection.sendall(first)
                for piece in pieces:
                    connection.sendall(piece)
                if not _is_framed(first):
                    return


def _read(stream: BinaryIO) -> Request | None:
    words = stream.readline().decode("latin-1").split()
    if len(words) != 3:
        return None
    method, path, _ = words
    headers = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(method, path, headers, stream.read(int(headers.get("content-length", 0))))


def _is_framed(response: bytes) -> bool:
    """The client can tell where the response ends without the connection being closed."""
    while response.startswith(b"HTTP/1.1 1"):
        response = response.partition(b"\r\n\r\n")[2]
    fields = response.partition(b"\r\n\r\n")[0].lower()
    framed = b"\r\ncontent-length:" in fields or b"\r\ntransfer-encoding:" in fields
    return framed and b"\r\nconnection: close" not in fields
