"""Which surface answers a request: pure, but for what the `Receiver` does."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pingback.model import Protocol
from pingback.protocols.linkback import Linkback, Surface
from pingback.protocols.table import linkbacks
from pingback.protocols.xmlrpc import MAX_BODY
from pingback.server import api, display, health, pings, trackback, widget, xmlrpc
from pingback.server.http import Request, Response, plain

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

Answer: TypeAlias = "Callable[[Request, Receiver], Response]"


class Route(NamedTuple):
    """`lists` is true of what strangers may ask for at will and what takes long to make."""

    methods: tuple[str, ...]
    answer: Answer
    lists: bool = False


def handle(request: Request, receiver: "Receiver") -> Response:
    """The response to any request; raises nothing."""
    route = _route_of(request.path, request.raw_path)
    if route is None:
        return plain(404, "There is nothing here.")
    if request.method not in route.methods:
        allowed = ", ".join(route.methods)
        return plain(405, f"This takes {allowed} only.", {"Allow": allowed})
    if len(request.body) > MAX_BODY:
        return TOO_LARGE
    return route.answer(request, receiver)


def makes_list(method: str, path: str) -> bool:
    """The answer may be long: a server that knows beforehand can let other requests pass it."""
    path = "/" + path.lstrip("/")  # as waitress gives it to us
    route = _route_of(path, path)
    return route is not None and route.lists and method != "POST"


def _route_of(path: str, raw_path: str) -> Route | None:
    if route := _ROUTES.get(path):
        return route
    if raw_path.startswith("/inbox/"):
        return _INBOX
    return next(filter(None, (_surface_route(linkback, path, raw_path) for linkback in linkbacks())), None)


def _surface_route(linkback: Linkback, path: str, raw_path: str) -> Route | None:
    """What the surface of a protocol answers at this path, if anything."""
    surface = linkback.surface
    if surface is None:
        return None
    is_below = raw_path.startswith(f"{surface.path}/")
    if is_below if surface.target_in_path else path == surface.path:
        methods, answers, lists = _MORE.get(linkback.name, _PINGS)
        return Route(methods, partial(answers, linkback=linkback, surface=surface), lists)
    if is_below and surface.standing:
        return Route(("GET", "HEAD"), partial(pings.status, linkback=linkback, surface=surface))
    return None


def _trackback(request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Response:
    answers = pings.answer if request.method == "POST" else trackback.listing
    return answers(request, receiver, linkback, surface)


def _inbox(request: Request, receiver: "Receiver") -> Response:
    from pingback.server.inbox.routes import answer  # templates and hashes, for who looks at it

    return answer(request, receiver)


TOO_LARGE = plain(413, f"A message has at most {MAX_BODY} bytes.")

_INBOX = Route(("GET", "HEAD", "POST"), _inbox)

_ROUTES = {
    "/healthz": Route(("GET", "HEAD"), health.health),
    "/readyz": Route(("GET", "HEAD"), health.ready),
    "/metrics": Route(("GET", "HEAD"), health.metrics),
    "/api/mentions.jf2": Route(api.METHODS, api.mentions_jf2, lists=True),
    "/api/mentions.json": Route(api.METHODS, api.mentions_json, lists=True),
    "/api/mentions.atom": Route(api.METHODS, api.mentions_atom, lists=True),
    "/api/count": Route(api.METHODS, api.count, lists=True),
    "/api/count.json": Route(api.METHODS, api.count, lists=True),  # as some of webmention.io's readers call it
    "/api/deletions": Route(api.METHODS, api.deletions, lists=True),
    "/mentions": Route(api.METHODS, display.answer, lists=True),
    "/widget.js": Route(("GET", "HEAD"), widget.answer),
    "/inbox": _INBOX,
}

_PINGS = (("POST",), pings.answer, False)
# What a surface answers beside pings, if that is anything: methods, who answers, and whether that takes long.
_MORE = {
    Protocol.PINGBACK: (("POST",), xmlrpc.answer, False),
    Protocol.TRACKBACK: (("GET", "HEAD", "POST"), _trackback, True),
}
