"""An HTTP request and its response as values, so that what answers needs no server, and any server will do.

What a reader has already need not be sent again (RFC 9110 §13): `ETag`, `Last-Modified`, and 304.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

_OF_CONTENT = frozenset({"Content-Type", "Link"})  # which a 304 has not


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked; `remote_addr` is who connected, or empty where nobody knows.

    `path` is decoded and begins with a slash. `raw_path` is the same with the escapes that it was sent with, `query`
    is what follows its question mark; both are ASCII. `base` is the URL under which the paths stand, without a slash
    at its end, or its path alone where the client named no host. The names of `headers` are in lower case.
    """

    method: str
    path: str
    raw_path: str = ""
    query: str = ""
    base: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    body: bytes = b""
    remote_addr: str = ""

    @property
    def mount(self) -> str:
        """The path of `base`, without the host: the client chose the host, and no shared answer may hold it."""
        _, scheme, rest = self.base.rpartition("://")
        return ("/".join(["", *rest.split("/")[1:]]) if scheme else self.base).rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """`body` is what a GET would give, for HEAD too: the shell around it leaves it out then.

    `cookies` are more values of `Set-Cookie`, the one header that cannot be folded into one (RFC 6265 §3).
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()


def plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """A line for a person."""
    return Response(
        status=status,
        headers={"Content-Type": "text/plain; charset=utf-8"} | dict(headers or {}),
        body=f"{text}\n".encode(errors="replace"),
    )


def conditional(request: Request, response: Response, *, changed: datetime | None = None) -> Response:
    """The response with what tells it from others, or a 304 where the request says that it is known.

    The `ETag` is strong, of the bytes. `changed` is the last change of what is shown.
    """
    tag = f'"{sha256(response.body).hexdigest()[:32]}"'
    headers = {**response.headers, "ETag": tag}
    if changed is not None:
        headers["Last-Modified"] = format_datetime(changed.astimezone(UTC).replace(microsecond=0), usegmt=True)
    if not _is_known(request.headers, tag, changed):
        return replace(response, headers=headers)
    kept = {name: value for name, value in headers.items() if name not in _OF_CONTENT}
    return Response(status=304, headers=kept, body=b"")


def _is_known(asked: Mapping[str, str], tag: str, changed: datetime | None) -> bool:
    """Where there is an `If-None-Match`, the date says nothing (RFC 9110 §13.2.2)."""
    if (tags := asked.get("if-none-match")) is not None:
        return tags.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in tags.split(",")]
    try:
        since = parsedate_to_datetime(asked.get("if-modified-since", ""))
    except (ValueError, OverflowError):  # what cannot be read is passed over (RFC 9110 §13.1.3)
        return False
    since = since.replace(tzinfo=UTC) if since.tzinfo is None else since
    return changed is not None and changed.replace(microsecond=0) <= since
