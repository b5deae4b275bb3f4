"""The reading API: approved mentions as JF2, JSON and Atom, how many there are, and what was withdrawn.

What is approved is public, so that any page's script may read it (Fetch standard §3.3); nothing can be written here.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, TypeAlias

from pingback.errors import Fault, StoreError
from pingback.model import Mention, MentionKind, iso
from pingback.protocols.headers import NOSNIFF
from pingback.sanitized import sanitized
from pingback.server import feeds
from pingback.server.http import Request, Response, conditional
from pingback.server.query import Query
from pingback.store.listing import Listed, Listing
from pingback.urls import tidy

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

Answer: TypeAlias = "Callable[[Request, Receiver], Response]"

METHODS = ("GET", "HEAD", "OPTIONS")
# For readers that ask again and again; what is approved may take this long to be seen.
CACHED = {"Cache-Control": "public, max-age=60"}
SHARED = NOSNIFF | {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, Link"}

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_ATOM = {"Content-Type": "application/atom+xml; charset=utf-8"}
_ALLOWED = {
    "Access-Control-Allow-Methods": ", ".join(METHODS),
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",  # seconds
}
PREFLIGHT = Response(status=204, headers=SHARED | _ALLOWED, body=b"")

# The words for kinds in webmention.io's counts.
_TYPES = {
    MentionKind.LIKE: "like",
    MentionKind.REPLY: "reply",
    MentionKind.REPOST: "repost",
    MentionKind.BOOKMARK: "bookmark",
    MentionKind.MENTION: "mention",
}

log = logging.getLogger(__name__)


def _answering(answer: Callable[[Request, Query, Listing], Response]) -> Answer:
    """A surface that gives this answer, or says as webmention.io does why there is none."""

    @wraps(answer)
    def answered(request: Request, receiver: "Receiver") -> Response:
        if request.method == "OPTIONS":
            return PREFLIGHT
        try:
            return answer(request, Query(request.query), receiver.store.listing)
        except Fault as fault:
            return _refused(400, "invalid_input", fault.message)
        except StoreError as error:
            log.error("%s", error)
            return _refused(503, "unavailable", "the mentions cannot be read now; try again later")
        except Exception:  # the end of a request
            log.exception("a request to the API failed")
            return _refused(500, "internal_error", "something went wrong here")

    return answered


@_answering
def mentions_jf2(request: Request, query: Query, listing: Listing) -> Response:
    """`/api/mentions.jf2`, in the shape of webmention.io's."""
    listed, mentions = _part(query, listing)
    return _of_part(request, query, listed, _encoded(feeds.jf2(mentions)), _JSON)


@_answering
def mentions_json(request: Request, query: Query, listing: Listing) -> Response:
    """`/api/mentions.json`: the mentions as the command line prints them."""
    listed, mentions = _part(query, listing)
    body = _encoded({"mentions": [mention.as_json() for mention in mentions]})
    return _of_part(request, query, listed, body, _JSON)


@_answering
def mentions_atom(request: Request, query: Query, listing: Listing) -> Response:
    """`/api/mentions.atom`."""
    listed, mentions = _part(query, listing)
    next_query = query.next(listed.end) if listed.end else None
    body = feeds.atom(mentions, query=f"?{request.query}", next_query=next_query)
    return _of_part(request, query, listed, body, _ATOM)


@_answering
def count(request: Request, query: Query, listing: Listing) -> Response:
    """`/api/count`, in the shape of webmention.io's."""
    counts = listing.counts(query.selection)
    types = {word: counts.kinds.get(kind, 0) for kind, word in _TYPES.items()}
    types |= {f"rsvp-{answer}": number for answer, number in counts.answers.items()}
    response = _ok(_encoded({"count": sum(counts.kinds.values()), "type": types}), _JSON)
    return conditional(request, response, changed=counts.changed)


@_answering
def deletions(request: Request, query: Query, listing: Listing) -> Response:
    """`/api/deletions`: what was shown and is not any more, for those who keep copies."""
    found = listing.withdrawals(since=query.since, size=query.per_page(), after=query.after)
    entries = [
        {"id": gone.id, "source": tidy(gone.source), "target": tidy(gone.target), "deleted": iso(gone.at)}
        for gone in found.withdrawals
    ]
    next_page = {"Link": _next(query.next(found.end))} if found.end else {}
    return conditional(request, _ok(_encoded({"deletions": entries}), _JSON | next_page))


def _part(query: Query, listing: Listing) -> tuple[Listed, Sequence[Mention]]:
    listed = listing.part(query.selection, query.part())
    return listed, [sanitized(mention) for mention in listed.mentions]


def _of_part(request: Request, query: Query, listed: Listed, body: bytes, content_type: Mapping[str, str]) -> Response:
    next_page = {"Link": _next(query.next(listed.end))} if listed.end else {}
    return conditional(request, _ok(body, {**content_type, **next_page}), changed=listed.changed)


def _next(url: str) -> str:
    return f'<{url}>; rel="next"'


def _ok(body: bytes, headers: Mapping[str, str]) -> Response:
    return Response(status=200, headers={**headers, **SHARED, **CACHED}, body=body)


def _refused(status: int, error: str, description: str) -> Response:
    body = _encoded({"error": error, "error_description": description})
    return Response(status=status, headers=_JSON | SHARED, body=body)


def _encoded(value: object) -> bytes:
    """All of it in ASCII: no reader can mistake the charset."""
    return json.dumps(value).encode()
