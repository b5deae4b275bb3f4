"""Which endpoints a target advertises (Pingback 1.0 §2, Webmention §3.1.2, TrackBack 1.2)."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from pingback.model import Discovery, Protocol
from pingback.page.endpoints import endpoints_in

if TYPE_CHECKING:
    from pingback.net.client import Client


def discover(target: str, *, client: "Client", wanted: Collection[Protocol] = tuple(Protocol)) -> Discovery:
    """What the target's final response advertises of what is `wanted`; of its page no more is read than that takes.

    Blocks for one GET. Raises `Blocked`, `Unreachable`, and `BadStatus`: an error page advertises nothing.
    """
    with client.get(target) as response:
        response.require_success()
        endpoints = endpoints_in(
            response.url,
            target=target,
            pingback_headers=response.headers("X-Pingback"),
            link_headers=response.headers("Link"),
            content_type=response.content_type,
            chunks=response.chunks(),
            wanted=wanted,
        )
        return Discovery(target=target, url=response.url, endpoints=endpoints)
