"""The mentions of a page as a fragment of HTML for it, with microformats, and a script that shows it on static pages.

As blogs have it: “3 thoughts on …”, and a line for each in order of arrival; likes and the like in a line together. A
stranger's picture is not among it: to load it would tell the stranger who reads the page.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from pingback.errors import Fault, StoreError
from pingback.model import Mention, MentionKind
from pingback.protocols.headers import NOSNIFF
from pingback.sanitized import sanitized, timestamp
from pingback.server.api import CACHED, PREFLIGHT, SHARED
from pingback.server.http import Request, Response, conditional, plain
from pingback.server.query import Query
from pingback.text import clean
from pingback.urls import host_of

if TYPE_CHECKING:
    from jinja2 import Template

    from pingback.receive.receiver import Receiver
    from pingback.store.listing import Listing

PATH = "/mentions"
PER_PAGE = 200
MAX_TITLE = 200  # characters

# For a person who opens it by itself; as a part of a page it is under that page's policy.
_ALONE = {"Content-Security-Policy": "default-src 'none'; sandbox"}
_HTML = {"Content-Type": "text/html; charset=utf-8"}

_SCRIPT = NOSNIFF | {
    "Content-Type": "text/javascript; charset=utf-8",
    "Cache-Control": "public, max-age=3600",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",  # it is for the pages of other origins
}

log = logging.getLogger(__name__)


class _Group(NamedTuple):
    """Mentions that say nothing but that somebody did something. `property` is theirs in the page's h-entry."""

    words: str
    property: str
    mentions: Sequence[Mention]


def answer(request: Request, receiver: "Receiver") -> Response:
    """`/mentions?target=URL`; with `title`, the heading says what the page is called."""
    if request.method == "OPTIONS":
        return PREFLIGHT
    try:
        return _shown(request, Query(request.query), receiver)
    except Fault as fault:
        return plain(400, fault.message, SHARED)
    except StoreError as error:
        log.error("%s", error)
        return plain(503, "The mentions cannot be read now; try again later.", SHARED)
    except Exception:  # the end of a request
        log.exception("mentions could not be shown")
        return plain(500, "Something went wrong here.", SHARED)


def widget(request: Request, receiver: "Receiver") -> Response:
    """The script. It asks the server that it came from."""
    return conditional(request, Response(status=200, headers=_SCRIPT, body=_script()))


_GROUPED = {
    MentionKind.LIKE: ("Liked by", "u-like"),
    MentionKind.REPOST: ("Reposted by", "u-repost"),
    MentionKind.BOOKMARK: ("Bookmarked by", "u-bookmark"),
}


def fragment(mentions: Sequence[Mention], *, count: int | None = None, title: str | None = None, more: str = "") -> str:
    """The mentions as HTML for their page, whose `title` is plain text.

    `count` is how many there are in all, where these are a part; `more` is the address of the next ones, if any.
    """
    shown = [sanitized(mention) for mention in mentions]
    groups = [_Group(*words, [each for each in shown if each.kind is kind]) for kind, words in _GROUPED.items()]
    return _template().render(
        heading=heading(len(shown) if count is None else count, title),
        thoughts=[each for each in shown if each.kind not in _GROUPED],
        groups=[group for group in groups if group.mentions],
        more=more,
    )


def fragment_of(listing: "Listing", query: Query, *, at: str) -> tuple[str, datetime | None]:
    """The fragment that a query asks for, and when these mentions last changed; `at` is where the next ones are."""
    listed = listing.part(query.selection, query.part(usual=PER_PAGE, upward=True))
    html = fragment(
        listed.mentions,
        count=sum(listing.counts(query.selection).kinds.values()),
        title=query.text("title"),
        more=f"{at}{query.next(listed.end)}" if listed.end else "",
    )
    return html, listed.changed


def heading(count: int, title: str | None = None) -> str:
    """What stands over the mentions of a page, as plain text."""
    page = clean(title, MAX_TITLE)
    return f"{count} thought{'s' * (count != 1)} on {f'“{page}”' if page else 'this page'}"


def line(mention: Mention) -> str:
    """One mention as readers know it from blogs, as plain text."""
    return f"{mention.protocol.capitalize()}: {mention.title or mention.source}"


def _shown(request: Request, query: Query, receiver: "Receiver") -> Response:
    html, changed = fragment_of(receiver.store.listing, query, at=f"{request.mount}{request.path}")
    response = Response(status=200, headers={**_HTML, **_ALONE, **SHARED, **CACHED}, body=html.encode())
    return conditional(request, response, changed=changed)


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Autoescape is for all of it, whatever a template is called.
    pages = Environment(loader=PackageLoader("pingback.server"), autoescape=True, undefined=StrictUndefined)
    pages.filters |= {"timestamp": timestamp, "who": _who}
    return pages.get_template("mentions.html")


def _who(mention: Mention) -> str:
    name = mention.author.name if mention.author else None
    return name or mention.site_name or host_of(mention.source)


@cache
def _script() -> bytes:
    return files("pingback.server").joinpath("widget.js").read_bytes()
