"""Which surface answers a request: pure, but for what the `Receiver` does."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pingback.protocols.xmlrpc import MAX_BODY
from pingback.server import api, display, health, trackback, webmention, widget, xmlrpc
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
    route = _ROUTES.get(request.path) or _route_below(request.raw_path)
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
    route = _ROUTES.get(path) or _route_below(path)
    return route is not None and route.lists and method != "POST"


def _route_below(path: str) -> Route | None:
    return next((route for folder, route in _FOLDERS.items() if path.startswith(folder)), None)


def _inbox(request: Request, receiver: "Receiver") -> Response:
    from pingback.server.inbox.routes import answer  # templates and hashes, for who looks at it

    return answer(request, receiver)


TOO_LARGE = plain(413, f"A message has at most {MAX_BODY} bytes.")

_INBOX = Route(("GET", "HEAD", "POST"), _inbox)

_ROUTES = {
    xmlrpc.ROOT: Route(("POST",), xmlrpc.answer),
    webmention.ROOT: Route(("POST",), webmention.answer),
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

# What answers for all that is below.
_FOLDERS = {
    f"{trackback.ROOT}/": Route(("GET", "HEAD", "POST"), trackback.answer, lists=True),
    f"{webmention.ROOT}/": Route(("GET", "HEAD"), webmention.status),
    "/inbox/": _INBOX,
}
