"""What came over HTTP: status and headers at once, the page as a stream that is read only as far as somebody asks.

Or why nothing came, in words for a person: this is the one place that knows what the HTTP libraries raise.
"""

import re
import ssl
import zlib
from collections.abc import Generator, Iterator, Sequence
from http.client import HTTPException, IncompleteRead
from socket import EAI_AGAIN, gaierror
from types import TracebackType
from typing import Self

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from pingback.errors import BadStatus, Blocked, NoSuchHost, Unreachable
from pingback.net.budget import Budget, TooMuch
from pingback.net.connection import NO_WAY
from pingback.net.guard import Refused
from pingback.urls import shown

CHUNK = 16 * 1024  # bytes, decoded, at most; what one `recv` brings is passed on at once

_LEAST = 64  # bytes that a piece counts for, however small

_FOLD = re.compile(r"\r?\n[ \t]+")  # RFC 9112 §5.2
_GZIP = 16 + zlib.MAX_WBITS  # zlib's word for: a gzip header is expected
_GZIP_MAGIC = 0x1F  # the first byte of every member, RFC 1952 §2.3.1
_PLAIN_CODINGS = frozenset({"", "identity"})
_GZIP_CODINGS = frozenset({"gzip", "x-gzip"})  # RFC 9110 §8.4.1.3

# All that comes out of requests (an OSError itself), urllib3, http.client, ssl and zlib when the far side misbehaves.
# ValueError: a host that IDNA or TLS cannot spell, where the URL standard can.
FAILURES = (OSError, ValueError, HTTPException, HTTPError, zlib.error)

OFFLINE = "is this machine offline?"  # nobody can know, but whoever sits at it

# The first line that fits, from what is sure to what is left.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not valid: {0.verify_message}"),
    (ssl.SSLError, "TLS failed: {0.reason}"),
    (TooMuch, "it sends more than a page needs"),
    (ConnectionRefusedError, "the connection was refused"),
    (IncompleteRead, "the response broke off"),
    (ConnectionError, "the connection was closed"),
    (zlib.error, "its content is not the gzip that it says"),
    (HTTPException, "it does not answer in HTTP"),
)


class Response:
    """An answer to one request. `url` is where it came from after redirects, whose statuses are `redirects`;
    `bytes_read` counts the decoded page.

    To be closed, best by `with`: the connection is kept for the next request when the page was read to its end.
    """

    def __init__(self, raw: BaseHTTPResponse, *, url: str, budget: Budget, max_bytes: int) -> None:
        self.url = url
        self.redirects: tuple[int, ...] = ()
        self.status = raw.status
        self.bytes_read = 0
        self._raw = raw
        self._budget = budget
        self._max_bytes = max_bytes
        self._chunks = self._read_chunks()

    def headers(self, name: str) -> list[str]:
        """The value of every line of the header `name`, in order. Bytes that are UTF-8 are read as such."""
        return [_text(value) for value in self._raw.headers.getlist(name)]

    @property
    def content_type(self) -> str | None:
        return next(iter(self.headers("Content-Type")), None)

    def require_success(self) -> None:
        """Raises BadStatus unless the status is one of 200 to 299."""
        if not 200 <= self.status < 300:
            raise BadStatus(self.url, self.status, retry_after=next(iter(self.headers("Retry-After")), None))

    def chunks(self) -> Iterator[bytes]:
        """The decoded page, piece by piece, up to the client's limit; goes on where an earlier reader stopped.

        Unreachable where it breaks off, is not what its headers say, or outlives the budget of time.
        """
        return self._chunks

    def read(self, limit: int | None = None) -> bytes:
        """The page, or its first `limit` bytes; the rest of the chunk in which the limit falls is lost."""
        page = bytearray()
        for chunk in self._chunks:
            page += chunk
            if limit is not None and len(page) >= limit:
                break
        return bytes(page[:limit])

    def close(self) -> None:
        """Give the connection back when nothing is left on it, else drop it."""
        self._chunks.close()
        if self._raw.length_remaining == 0:
            self._raw.drain_conn()
        self._raw.close()
        self._raw.release_conn()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _read_chunks(self) -> Generator[bytes, None, None]:
        try:
            for chunk in self._decoded():
                kept = chunk[: self._max_bytes - self.bytes_read]
                self.bytes_read += len(kept)
                if kept:
                    yield kept
                if self.bytes_read >= self._max_bytes:
                    return
        except FAILURES as error:
            raise failed(self.url, error, seconds=self._budget.seconds) from error

    def _decoded(self) -> Iterator[bytes]:
        if self._listed("Transfer-Encoding") not in {"", "chunked"}:
            raise unreachable(self.url, "it uses a transfer coding that was not asked for")
        coding = self._listed("Content-Encoding")
        if coding in _PLAIN_CODINGS:
            return self._received()
        if coding in _GZIP_CODINGS:
            return _gunzipped(self._received())
        raise unreachable(self.url, "it uses a content coding that was not asked for")

    def _listed(self, name: str) -> str:
        return ",".join(self.headers(name)).strip().lower()

    def _received(self) -> Iterator[bytes]:
        while piece := self._raw.read1(CHUNK, decode_content=False):
            # Two MiB in chunks of one byte would take seconds of our time, so each piece costs as if it were a line.
            self._budget.spend(max(_LEAST - len(piece), 0))
            yield piece


def blocked(url: str, refusal: Refused, *, to_owner: bool) -> Blocked:
    """How to lift the guard is for its owner to hear, and not for whoever named the URL."""
    remedy = f"; if it is yours, give --allow-network {refusal.exempt}" if to_owner and refusal.exempt else ""
    return Blocked(url, f"{shown(url)} is blocked: {refusal}{remedy}")


def unreachable(url: str, reason: str) -> Unreachable:
    return Unreachable(url, f"{shown(url)} could not be reached: {reason}")


def failed(url: str, error: Exception, *, seconds: float) -> Unreachable:
    """What `error` means for `url`, whose exchange had `seconds`."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Unreachable(url, f"{shown(url)} did not answer within {seconds:g} seconds")
    if any(isinstance(cause, gaierror) and cause.errno != EAI_AGAIN for cause in causes):
        return NoSuchHost(url, f"{shown(url)} could not be reached: no such host")
    return unreachable(url, _reason(causes))


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The content of the gzip stream in `pieces`, a chunk at a time: a bomb is as large as its reader asks.

    Members may follow one another (RFC 1952 §2.2); what follows them and is none is left unread, as browsers do.
    """
    member = None
    for piece in pieces:
        while piece:
            if member is None or member.eof:
                if member is not None and piece[0] != _GZIP_MAGIC:
                    return
                member = zlib.decompressobj(_GZIP)
            yield member.decompress(piece, CHUNK)
            piece = member.unused_data if member.eof else member.unconsumed_tail
    if member is not None and not member.eof:
        raise zlib.error("the stream ends too early")


def _text(value: str) -> str:
    """Header bytes as people mean them: http.client reads all as Latin-1 (RFC 9110 §5.5), sites write UTF-8."""
    line = _FOLD.sub(" ", value)
    try:
        return line.encode("latin-1").decode()
    except UnicodeError:
        return line


def _reason(causes: Sequence[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, gaierror) and cause.errno == EAI_AGAIN:
            return f"its name could not be looked up; {OFFLINE}"
        if isinstance(cause, OSError) and not isinstance(cause, gaierror) and cause.errno in NO_WAY:
            return f"there is no way to its network; {OFFLINE}"
    for kind, words in _REASONS:
        for cause in causes:
            if isinstance(cause, kind):
                return words.format(cause)
    system = (cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror)
    return next(system, "it gave no usable response")
