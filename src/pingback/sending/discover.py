"""Which endpoints a target advertises."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from pingback.errors import Unreachable
from pingback.model import Discovery, Protocol
from pingback.page.endpoints import endpoints_in
from pingback.protocols.headers import fresh_for
from pingback.protocols.table import EVERY

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.net.response import Response

REMEMBERED_FOR = 24 * 3600.0  # seconds at most, and where the target does not say


def discover(target: str, *, client: "Client", wanted: Collection[Protocol] = EVERY) -> Discovery:
    """What the target's final response advertises of what is `wanted`; of its page no more is read than that takes.

    A page that breaks off or never ends advertises what came before. Blocks for one GET. Raises `Blocked`,
    `Unreachable`, and `BadStatus`: an error page advertises nothing.
    """
    with client.get(target) as response:
        response.require_success()
        page = _Page(response)
        endpoints = endpoints_in(
            response.url,
            target=target,
            headers=response.headers,
            content_type=response.content_type,
            chunks=page,
            wanted=wanted,
        )
        if page.broken is not None and not endpoints:
            raise page.broken
        return Discovery(target=target, url=response.url, endpoints=endpoints, max_age=_max_age(response))


class _Page:
    """The pieces of a response's page, as far as they come; `broken` says why there are no more."""

    def __init__(self, response: "Response") -> None:
        self._response = response
        self.broken: Unreachable | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.chunks()
        except Unreachable as error:
            self.broken = error


def _max_age(response: "Response") -> float:
    """Webmention §3.1.2 wants the target's cache headers to be respected."""
    seconds = fresh_for(
        response.headers("Cache-Control"),
        expires=next(iter(response.headers("Expires")), None),
        date=next(iter(response.headers("Date")), None),
    )
    return REMEMBERED_FOR if seconds is None else min(seconds, REMEMBERED_FOR)
