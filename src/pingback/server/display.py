"""The mentions of a page as a fragment of HTML for it, with microformats, and a script that shows it on static pages.

As blogs have it: “3 thoughts on …”, and each in order of arrival, a reply with all its words, folded where they are
many; likes, bookmarks, and answers to an invitation, are rows of names. A stranger's picture is not among it: to load
it would tell the stranger who reads the page.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from pingback.captions import beginning_of, link_of, name_of, speaker_of, via, words_of, written
from pingback.errors import Fault, StoreError
from pingback.model import REACTIONS, RELAYS, REPLIES, Mention, MentionKind, Rsvp
from pingback.protocols.headers import NOSNIFF
from pingback.sanitized import sanitized
from pingback.server.api import CACHED, PREFLIGHT, SHARED
from pingback.server.http import Request, Response, conditional, plain
from pingback.server.query import Query
from pingback.text import clean
from pingback.urls import host_of, key_of

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


class _Row(NamedTuple):
    """Those who did the same, each once. `property` is what their mentions are in the page's h-entry."""

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


_ROWS = {
    (MentionKind.LIKE, None): ("Liked by", "u-like"),
    (MentionKind.REPOST, None): ("Reposted by", "u-repost"),
    (MentionKind.BOOKMARK, None): ("Bookmarked by", "u-bookmark"),
    (MentionKind.RSVP, Rsvp.YES): ("RSVP: yes", "u-rsvp"),
    (MentionKind.RSVP, Rsvp.MAYBE): ("RSVP: maybe", "u-rsvp"),
    (MentionKind.RSVP, Rsvp.INTERESTED): ("RSVP: interested", "u-rsvp"),
    (MentionKind.RSVP, Rsvp.NO): ("RSVP: no", "u-rsvp"),
}


def fragment(
    mentions: Sequence[Mention],
    *,
    count: int | None = None,
    title: str | None = None,
    more: str = "",
    relays: Collection[str] = RELAYS,
) -> str:
    """The mentions as HTML for their page, whose `title` is plain text.

    `count` is how many there are in all, where these are a part; `more` is the address of the next ones, if any. What
    a host of `relays` tells is said without its name.
    """
    shown = [sanitized(mention) for mention in mentions]
    in_rows = {place: list[Mention]() for place in _ROWS}
    thoughts: list[Mention] = []
    for each in _last_answers(shown):
        in_rows.get((each.kind, each.rsvp if each.kind is MentionKind.RSVP else None), thoughts).append(each)
    return _template().render(
        heading=heading(len(shown) if count is None else count, title),
        thoughts=thoughts,
        rows=[_Row(*_ROWS[place], found) for place, each in in_rows.items() if (found := _each_person_once(each))],
        more=more,
        relays=relays,
    )


def fragment_of(listing: "Listing", query: Query, *, at: str, relays: Collection[str]) -> tuple[str, datetime | None]:
    """The fragment that a query asks for, and when these mentions last changed; `at` is where the next ones are."""
    listed = listing.part(query.selection, query.part(usual=PER_PAGE, upward=True))
    html = fragment(
        listed.mentions,
        count=sum(listing.counts(query.selection).kinds.values()),
        title=query.text("title"),
        more=f"{at}{query.next(listed.end)}" if listed.end else "",
        relays=relays,
    )
    return html, listed.changed


def heading(count: int, title: str | None = None) -> str:
    """What stands over the mentions of a page, as plain text."""
    page = clean(title, MAX_TITLE)
    return f"{count} thought{'s' * (count != 1)} on {f'“{page}”' if page else 'this page'}"


def _shown(request: Request, query: Query, receiver: "Receiver") -> Response:
    html, changed = fragment_of(
        receiver.store.listing, query, at=f"{request.mount}{request.path}", relays=receiver.relays
    )
    response = Response(status=200, headers={**_HTML, **_ALONE, **SHARED, **CACHED}, body=html.encode())
    return conditional(request, response, changed=changed)


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Autoescape is for all of it, whatever a template is called.
    pages = Environment(loader=PackageLoader("pingback.server"), autoescape=True, undefined=StrictUndefined)
    pages.filters |= {
        "beginning": beginning_of,
        "host": host_of,
        "initials": _initials,
        "link": link_of,
        "name": name_of,
        "via": via,
        "words": words_of,
        "written": written,
    }
    pages.tests["note"] = _is_note
    pages.globals["reactions"] = REACTIONS
    return pages.get_template("mentions.html")


def _is_note(mention: Mention) -> bool:
    """It is told by who says it, and not by its title."""
    if mention.kind in REPLIES:
        return True
    return not mention.title and bool(speaker_of(mention) or words_of(mention))


def _each_person_once(mentions: Iterable[Mention]) -> list[Mention]:
    """The first of each author's, or the first in which they say something."""
    found: dict[object, Mention] = {}
    for mention in mentions:
        known = found.setdefault(_person(mention), mention)
        if words_of(mention) and not words_of(known):
            found[_person(mention)] = mention
    return list(found.values())


def _last_answers(mentions: Iterable[Mention]) -> Iterable[Mention]:
    """The mentions without those in which somebody answered an invitation and later thought better of it."""
    last: dict[object, Mention] = {}
    for mention in mentions:
        if mention.kind is MentionKind.RSVP:
            known = last.setdefault(_person(mention), mention)
            if known.received < mention.received:
                last[_person(mention)] = mention
    return [each for each in mentions if each.kind is not MentionKind.RSVP or last[_person(each)] is each]


def _person(mention: Mention) -> object:
    """Who it is: the author by address, else by name and host."""
    url = mention.author and mention.author.url
    return key_of(url) if url else (name_of(mention).casefold(), host_of(mention.url))


def _initials(mention: Mention) -> str:
    """A letter or two for the author's name, in the place of a picture."""
    words = [word for word in map(_letters, name_of(mention).split()) if word] or [host_of(mention.url)]
    return "".join([word[0].upper()[0] for word in (words if len(words) == 1 else (words[0], words[-1]))])


def _letters(word: str) -> str:
    return "".join(filter(str.isalnum, word))


@cache
def _script() -> bytes:
    return files("pingback.server").joinpath("widget.js").read_bytes()
