"""An HTTP request and its response as values, so that what answers needs no server, and any server will do."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` is decoded and begins with a slash, `remote_addr` is who connected."""

    method: str
    path: str
    body: bytes = b""
    remote_addr: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """`body` is what a GET would give, for HEAD too: the shell around it leaves it out then."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """A line for a person."""
    return Response(
        status=status,
        headers={"Content-Type": "text/plain; charset=utf-8"} | dict(headers or {}),
        body=f"{text}\n".encode(),
    )
