"""What a TrackBack ping URL answers beside pings: the list of those that a page has."""

from dataclasses import replace
from typing import TYPE_CHECKING

from pingback.errors import Fault, FaultCode
from pingback.model import Mention
from pingback.protocols.linkback import Linkback, Reply, Surface
from pingback.protocols.trackback import Listed, encode_listing, reply_with
from pingback.sanitized import sanitized
from pingback.server import pings
from pingback.server.http import Request, Response

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

MAX_ITEMS = 1000  # in one listing, which may have a thousand bytes for each

_UNKEPT = {"Cache-Control": "no-store"}
_NO_WORDS = "-"  # RSS 0.91 wants a description


def listing(request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Response:
    """What TrackBack 1.1 calls Retrieving TrackBack Pings; its field is none of the target's.

    No cache is to keep it: which of several sites it is of depends on the host, which is the word of who asks.
    """

    def reply() -> Reply:
        fields = request.query.split("&")
        if "__mode=rss" not in fields:
            raise Fault(FaultCode.BAD_PARAMETERS, "a TrackBack ping is a POST")  # since TrackBack 1.1
        query = "&".join([field for field in fields if field.partition("=")[0] != "__mode"])
        target = pings.target_of(request, query, receiver, surface)
        approved = receiver.approved_of(target, most=MAX_ITEMS, client_ip=request.remote_addr)
        return reply_with(
            encode_listing(
                title=f"Pings of {target}",
                link=target,
                description="The pages that are known to link to this one.",
                items=map(_listed, approved),
            )
        )

    response = pings.answered(reply, linkback, surface)
    return replace(response, headers={**response.headers, **_UNKEPT})


def _listed(mention: Mention) -> Listed:
    shown = sanitized(mention)
    return Listed(title=shown.title or shown.source, link=shown.source, description=shown.excerpt or _NO_WORDS)
