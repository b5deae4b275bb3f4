"""A mention as any output can hold it, whatever a stranger put into it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from html import escape, unescape
from operator import attrgetter

from pingback.fields import Form, Written
from pingback.markup import safe
from pingback.model import FIELDS, Author, Content, Mention
from pingback.text import clean, lines_of, plain, shorten
from pingback.urls import is_http, tidy, without_credentials

MAX_TEXT = 500  # characters; what our own pages' reader keeps of a title
MAX_CONTENT = 10_000  # characters of a reply
_MAX_READ = 4 * MAX_CONTENT  # of its text, blanks included
_MOST_KEPT = 30_000  # characters of one reply in memory; 512 of them take some 30 MB

_TAG = re.compile("<[^>]*>")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def sanitized(mention: Mention) -> Mention:
    """The mention with plain texts of a line each, and with HTTP URLs only, of letters that need no escape anywhere,
    that name the host that is asked. What it says whole has lines, and markup that any page can show.

    What was received is so already; what a blog engine or an import brought into the store may not be.
    """
    return Mention(**_SANITIZED.of(_values(mention)))


def with_safe_words(mention: Mention) -> Mention:
    """The mention as it is kept, but what may stand in a page or a link as it is: markup and the entry's addresses."""
    shown = sanitized(mention)
    return replace(mention, content=shown.content, permalink=shown.permalink, original=shown.original)


def timestamp(instant: datetime) -> str:
    """An aware instant as RFC 3339 has it, in UTC and whole seconds; the form that webmention.io gives, too."""
    return instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _text(text: str) -> str | None:
    return clean(text, MAX_TEXT)


def _address(url: str) -> str:
    return without_credentials(tidy(url))


def _author(author: Author) -> Author | None:
    found = Author(name=clean(author.name, MAX_TEXT), url=_http(author.url), photo=_http(author.photo))
    return found if found != Author() else None


def _content(content: Content) -> Content | None:
    fits = len(content.text) + len(content.html) <= _MOST_KEPT
    return _content_again(content) if fits else _content_of(content)


# A page of replies is asked for again and again, and each takes a tenth of a millisecond for a thousand characters.
@lru_cache(maxsize=512)
def _content_again(content: Content) -> Content | None:
    return _content_of(content)


def _content_of(content: Content) -> Content | None:
    html = safe(content.html)
    text = shorten(lines_of(content.text[:_MAX_READ] or plain(unescape(_TAG.sub(" ", html)))), MAX_CONTENT)
    return Content(text=text, html=html or escape(text).replace("\n", "<br>")) if text else None


def _date(text: str) -> str | None:
    """A day, or an instant, that there is."""
    if not _DATE.fullmatch(text):
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def _http(url: str | None) -> str | None:
    return _address(url) if url and is_http(url) else None


_SANITIZED = Written(
    [each for each in FIELDS if each.stored],
    {
        Form.TEXT: _text,
        Form.URL: _address,
        Form.LINK: _http,
        Form.DATE: _date,
        Form.AUTHOR: _author,
        Form.CONTENT: _content,
    },
)
_values = attrgetter(*_SANITIZED.names)
