"""Is the server alive, can it take pings, and how does it do: for whoever watches it by program."""

import logging
from typing import TYPE_CHECKING

from pingback.errors import StoreError
from pingback.server.http import Request, Response, plain

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus' text format
_NOT_KEPT = {"Cache-Control": "no-store"}

log = logging.getLogger(__name__)


def health(request: Request, receiver: "Receiver") -> Response:
    """The process lives. Whether it is of any use is another question: one that a restart would not settle."""
    return plain(200, "ok")


def ready(request: Request, receiver: "Receiver") -> Response:
    """A ping could be taken now: 503 says why not, in the words of the log, but without the names of files."""
    trouble = receiver.trouble()
    return plain(200, "ready", _NOT_KEPT) if trouble is None else plain(503, trouble, _NOT_KEPT)


def metrics(request: Request, receiver: "Receiver") -> Response:
    """What was counted, where somebody counts."""
    try:
        body = receiver.observer.exposition(receiver.store)
    except StoreError as error:
        log.error("no metrics: %s", error)
        return plain(503, "The mentions cannot be counted now.", _NOT_KEPT)
    if body is None:
        return plain(404, "Nothing is counted here.")
    return Response(status=200, headers={"Content-Type": _EXPOSITION} | _NOT_KEPT, body=body)
