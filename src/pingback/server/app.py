"""Which surface answers a request: pure, but for what the `Receiver` does.

And for whoever watches the server by program: is it alive, can it take pings, and how does it do?
"""

import logging
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pingback.errors import StoreError
from pingback.model import Protocol
from pingback.protocols.linkback import Linkback
from pingback.protocols.table import linkbacks
from pingback.protocols.xmlrpc import MAX_BODY
from pingback.server import api, display, pings
from pingback.server.http import Request, Response, plain

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus' text format
_NOT_KEPT = {"Cache-Control": "no-store"}

log = logging.getLogger(__name__)


class Route(NamedTuple):
    """`lists` is true of what strangers may ask for at will and what takes long to make.

    Where `methods` is None, who answers says which there are: not even that is for everybody.
    """

    methods: tuple[str, ...] | None
    answer: api.Answer
    lists: bool = False


def handle(request: Request, receiver: "Receiver") -> Response:
    """The response to any request; raises nothing."""
    route = _route_of(request.path, request.raw_path)
    if route is None:
        return plain(404, "There is nothing here.")
    if route.methods is not None and request.method not in route.methods:
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
    if raw_path.startswith("/publish/"):
        return _PUBLISH
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


def _inbox(request: Request, receiver: "Receiver") -> Response:
    from pingback.server.inbox.routes import answer  # templates and hashes, which only the inbox needs

    return answer(request, receiver)


def _publish(request: Request, receiver: "Receiver") -> Response:
    from pingback.server.publish import answer  # signatures, which only few need

    return answer(request, receiver)


def _health(request: Request, receiver: "Receiver") -> Response:
    """The process lives. Whether it is of any use is another question: one that a restart would not settle."""
    return plain(200, "ok")


def _ready(request: Request, receiver: "Receiver") -> Response:
    """A ping could be taken now: 503 says why not, in the words of the log, but without the names of files."""
    trouble = receiver.trouble()
    return plain(200, "ready", _NOT_KEPT) if trouble is None else plain(503, trouble, _NOT_KEPT)


def _metrics(request: Request, receiver: "Receiver") -> Response:
    """What was counted, where somebody counts."""
    try:
        body = receiver.observer.exposition(receiver.store)
    except StoreError as error:
        log.error("no metrics: %s", error)
        return plain(503, "The mentions cannot be counted now.", _NOT_KEPT)
    if body is None:
        return plain(404, "Nothing is counted here.")
    return Response(status=200, headers={"Content-Type": _EXPOSITION} | _NOT_KEPT, body=body)


TOO_LARGE = plain(413, f"A message has at most {MAX_BODY} bytes.")


_INBOX = Route(("GET", "HEAD", "POST"), _inbox)
_PUBLISH = Route(None, _publish)


_ROUTES = {
    "/healthz": Route(("GET", "HEAD"), _health),
    "/readyz": Route(("GET", "HEAD"), _ready),
    "/metrics": Route(("GET", "HEAD"), _metrics),
    "/api/mentions.jf2": Route(api.METHODS, api.mentions_jf2, lists=True),
    "/api/mentions.json": Route(api.METHODS, api.mentions_json, lists=True),
    "/api/mentions.atom": Route(api.METHODS, api.mentions_atom, lists=True),
    "/api/count": Route(api.METHODS, api.count, lists=True),
    "/api/count.json": Route(api.METHODS, api.count, lists=True),  # as some of webmention.io's readers call it
    "/api/deletions": Route(api.METHODS, api.deletions, lists=True),
    display.PATH: Route(api.METHODS, display.answer, lists=True),
    "/widget.js": Route(("GET", "HEAD"), display.widget),
    "/inbox": _INBOX,
    "/publish": _PUBLISH,
}


_PINGS = (("POST",), pings.answer, False)


# What a surface answers beside pings, if that is anything: methods, who answers, and whether that takes long.
_MORE = {
    Protocol.PINGBACK: (("POST",), pings.answer_call, False),
    Protocol.TRACKBACK: (("GET", "HEAD", "POST"), pings.answer_or_list, True),
}
