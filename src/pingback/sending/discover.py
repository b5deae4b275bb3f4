"""Which endpoints a target advertises (Pingback 1.0 §2)."""

from typing import TYPE_CHECKING

from pingback.model import Discovery
from pingback.page.endpoints import endpoints_in

if TYPE_CHECKING:
    from pingback.net.client import Client


def discover(target: str, *, client: "Client") -> Discovery:
    """What the target's final response advertises; of its page no more is read than the answer takes.

    Blocks for one GET. Raises `Blocked`, `Unreachable`, and `BadStatus`: an error page advertises nothing.
    """
    with client.get(target) as response:
        response.require_success()
        endpoints = endpoints_in(
            response.url,
            pingback_headers=response.headers("X-Pingback"),
            content_type=response.content_type,
            chunks=response.chunks(),
        )
        return Discovery(target=target, url=response.url, endpoints=endpoints)
