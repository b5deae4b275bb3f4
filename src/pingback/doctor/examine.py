"""A check-up: looks at a page from outside, as a sender would, and at the endpoints that it advertises."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from pingback.doctor import endpoints, page
from pingback.doctor.checks import CheckUp
from pingback.errors import BadStatus, FetchError
from pingback.protocols.linkback import Check
from pingback.protocols.pingback import HEADER
from pingback.protocols.table import headers_read

if TYPE_CHECKING:
    from pingback.net.client import Client


def examine(url: str, *, client: "Client", clock: Callable[[], float] = monotonic) -> CheckUp:
    """What is right and wrong with the page at `url` and its endpoints.

    Blocks for up to a dozen exchanges. Raises `Blocked` and `Unreachable` where there is no page to look at; an error
    page is a check that is not ok. `clock` gives seconds that never run backwards.
    """
    try:
        seen = replace(_look(url, client), head=_head(url, client))
    except BadStatus as error:
        return CheckUp(url=url, checks=(Check(name="reachable", ok=False, message=str(error)),))
    return CheckUp(url=url, checks=tuple(_checks(seen, client, clock)))


def _checks(seen: page.Seen, client: "Client", clock: Callable[[], float]) -> Iterator[Check]:
    yield from page.checks_of(seen)
    for endpoint in seen.endpoints():
        yield from endpoints.checks_of(endpoint, seen.target, client=client, clock=clock)


def _look(url: str, client: "Client") -> page.Seen:
    with client.get(url) as response:
        response.require_success()
        return page.Seen(
            target=url,
            url=response.url,
            headers={name: tuple(response.headers(name)) for name in headers_read()},
            content_type=response.content_type,
            body=response.read(),
        )


def _head(url: str, client: "Client") -> tuple[str, ...] | None:
    try:
        with client.head(url) as response:
            return tuple(response.headers(HEADER))
    except FetchError:
        return None
