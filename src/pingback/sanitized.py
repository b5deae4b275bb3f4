"""A mention as any output can hold it, whatever a stranger put into it."""

from datetime import UTC, datetime
from html import escape
from operator import attrgetter

from pingback.fields import Form, Written
from pingback.model import FIELDS, Author, Content, Mention
from pingback.text import clean
from pingback.urls import is_http, tidy, without_credentials

MAX_TEXT = 500  # characters; what our own pages' reader keeps of a title


def sanitized(mention: Mention) -> Mention:
    """The mention with plain texts of a line each, and with HTTP URLs only, of letters that need no escape anywhere,
    that name the host that is asked.

    What was received is so already; what a blog engine or an import brought into the store may not be.
    """
    return Mention(**_SANITIZED.of(_values(mention)))


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
    text = clean(content.text, MAX_TEXT)
    return None if text is None else Content(text=text, html=escape(text))


def _http(url: str | None) -> str | None:
    return _address(url) if url and is_http(url) else None


_SANITIZED = Written(
    [each for each in FIELDS if each.stored],
    {Form.TEXT: _text, Form.URL: _address, Form.AUTHOR: _author, Form.CONTENT: _content},
)
_values = attrgetter(*_SANITIZED.names)
