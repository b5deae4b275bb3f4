"""An HTTP request and its response as values, so that what answers needs no server, and any server will do."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
