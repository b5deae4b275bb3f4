"""Why a URL could not be had, in words for a person: the one place that knows what the HTTP libraries raise."""

import ssl
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead
from socket import EAI_AGAIN, gaierror
from zlib import error as ZlibError

from urllib3.exceptions import HTTPError

from pingback.errors import Blocked, Unreachable
from pingback.net.budget import TooMuch
from pingback.net.dial import NO_WAY
from pingback.net.guard import Refused
from pingback.urls import shown

# All that comes out of requests (an OSError itself), urllib3, http.client, ssl and zlib when the far side misbehaves.
# ValueError: a host that IDNA or TLS cannot spell, where the URL standard can.
FAILURES = (OSError, ValueError, HTTPException, HTTPError, ZlibError)

OFFLINE = "is this machine offline?"  # nobody can know, but whoever sits at it

# The first line that fits, from what is sure to what is left.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (gaierror, "no such host"),
    (ssl.SSLCertVerificationError, "its certificate is not valid: {0.verify_message}"),
    (ssl.SSLError, "TLS failed: {0.reason}"),
    (TooMuch, "it sends more than a page needs"),
    (ConnectionRefusedError, "the connection was refused"),
    (IncompleteRead, "the response broke off"),
    (ConnectionError, "the connection was closed"),
    (ZlibError, "its content is not the gzip that it says"),
    (HTTPException, "it does not answer in HTTP"),
)


def blocked(url: str, refusal: Refused, *, to_owner: bool) -> Blocked:
    """How to lift the guard is for its owner to hear, and not for whoever named the URL."""
    remedy = f"; if it is yours, give --allow-network {refusal.exempt}" if to_owner and refusal.exempt else ""
    return Blocked(url, f"{shown(url)} is blocked: {refusal}{remedy}")


def unreachable(url: str, reason: str) -> Unreachable:
    return Unreachable(url, f"{shown(url)} could not be reached: {reason}")


def failed(url: str, error: Exception, *, seconds: float) -> Unreachable:
    """What `error` means for `url`, whose exchange had `seconds`."""
    causes = tuple(_causes(error))
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Unreachable(url, f"{shown(url)} did not answer within {seconds:g} seconds")
    return unreachable(url, _reason(causes))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _reason(causes: tuple[BaseException, ...]) -> str:
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
