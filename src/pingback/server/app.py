"""Which surface answers a request: pure, but for what the `Receiver` does."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pingback.server import xmlrpc
from pingback.server.http import Request, Response, plain
from pingback.wire.xmlrpc import MAX_BODY

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

Answer: TypeAlias = "Callable[[Request, Receiver], Response]"


class Route(NamedTuple):
    methods: tuple[str, ...]
    answer: Answer


def handle(request: Request, receiver: "Receiver") -> Response:
    """The response to any request; raises nothing."""
    route = _ROUTES.get(request.path)
    if route is None:
        return plain(404, "There is nothing here.")
    if request.method not in route.methods:
        allowed = ", ".join(route.methods)
        return plain(405, f"This takes {allowed} only.", {"Allow": allowed})
    if len(request.body) > MAX_BODY:
        return TOO_LARGE
    return route.answer(request, receiver)


def _health(request: Request, receiver: "Receiver") -> Response:
    return plain(200, "ok")


TOO_LARGE = plain(413, f"A message has at most {MAX_BODY} bytes.")

_ROUTES = {
    "/xmlrpc": Route(("POST",), xmlrpc.answer),
    "/healthz": Route(("GET", "HEAD"), _health),
}
