"""The TrackBack surface (TrackBack 1.2): the ping URL of each page of the site is its own path, below `/trackback`."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pingback.errors import Fault, FaultCode
from pingback.model import Mention, Protocol
from pingback.protocols.trackback import Listed, decode_trackback, encode_listing, encode_reply
from pingback.sanitized import sanitized
from pingback.server.http import NOSNIFF, Request, Response, retry_after, status_of

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

ROOT = "/trackback"
MAX_ITEMS = 1000  # in one listing, which may have a thousand bytes for each

_UNKEPT = {"Cache-Control": "no-store"}
_NO_WORDS = "-"  # RSS 0.91 wants a description

log = logging.getLogger(__name__)


def answer(request: Request, receiver: "Receiver") -> Response:
    """Nearly always 200: whatever is wrong with the message or the ping is an error inside.

    Only for a sender that may come again it is 503, when we have no room, or 429, when it was too fast. No cache is to
    keep a listing: which of several sites it is of depends on the host, which is the word of who asks.
    """
    response = _answered(request, receiver)
    return response if request.method == "POST" else replace(response, headers={**response.headers, **_UNKEPT})


def _answered(request: Request, receiver: "Receiver") -> Response:
    try:
        if request.method == "POST":
            return _xml(_ping(request, receiver))
        return _xml(_listing(request, receiver))
    except Fault as fault:
        body = encode_reply(1, fault.message)
        return _xml(body) if fault.retry_after is None else _xml(body, status_of(fault), retry_after(fault.retry_after))
    except Exception:  # the end of a request
        log.exception("a TrackBack failed")
        return _xml(encode_reply(1, "something went wrong here"))


def _ping(request: Request, receiver: "Receiver") -> bytes:
    ping = decode_trackback(request.body, request.content_type)
    receiver.ping(
        ping.url,
        _target(request, request.query, receiver),
        client_ip=request.remote_addr,
        protocol=Protocol.TRACKBACK,
        words=ping.words,
    )
    return encode_reply()


def _listing(request: Request, receiver: "Receiver") -> bytes:
    """What TrackBack 1.1 calls Retrieving TrackBack Pings; its field is none of the target's."""
    fields = request.query.split("&")
    if "__mode=rss" not in fields:
        raise Fault(FaultCode.BAD_PARAMETERS, "a TrackBack ping is a POST")  # since TrackBack 1.1
    query = "&".join([field for field in fields if field.partition("=")[0] != "__mode"])
    target = _target(request, query, receiver)
    return encode_listing(
        title=f"Pings of {target}",
        link=target,
        description="The pages that are known to link to this one.",
        items=map(_listed, receiver.approved_of(target, most=MAX_ITEMS, client_ip=request.remote_addr)),
    )


def _target(request: Request, query: str, receiver: "Receiver") -> str:
    path = request.raw_path.removeprefix(ROOT)
    return receiver.target_at(f"{path}?{query}" if query else path, asked_at=request.base)


def _listed(mention: Mention) -> Listed:
    shown = sanitized(mention)
    return Listed(title=shown.title or shown.source, link=shown.source, description=shown.excerpt or _NO_WORDS)


def _xml(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status=status,
        headers={"Content-Type": "text/xml; charset=utf-8"} | NOSNIFF | dict(headers or {}),
        body=body,
    )
