"""`/widget.js`: the script for static pages that shows there what this server knows."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pingback.protocols.headers import NOSNIFF
from pingback.server.conditional import conditional
from pingback.server.http import Request, Response

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

_HEADERS = NOSNIFF | {
    "Content-Type": "text/javascript; charset=utf-8",
    "Cache-Control": "public, max-age=3600",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",  # it is for the pages of other origins
}


def answer(request: Request, receiver: "Receiver") -> Response:
    """The script. It asks the server that it came from."""
    return conditional(request, Response(status=200, headers=_HEADERS, body=_script()))


@cache
def _script() -> bytes:
    return files("pingback.server").joinpath("widget.js").read_bytes()
