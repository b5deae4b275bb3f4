"""A mention as any output can hold it, whatever a stranger put into it."""

from dataclasses import replace
from datetime import UTC, datetime

from pingback.model import Author, Mention
from pingback.text import clean
from pingback.urls import is_http, tidy, without_credentials

MAX_TEXT = 500  # characters; what our own pages' reader keeps of a title


def sanitized(mention: Mention) -> Mention:
    """The mention with plain texts of a line each, and with HTTP URLs only, of letters that need no escape anywhere,
    that name the host that is asked.

    What was received is so already; what a blog engine or an import brought into the store may not be.
    """
    author = mention.author and Author(
        name=clean(mention.author.name, MAX_TEXT),
        url=_url(mention.author.url),
        photo=_url(mention.author.photo),
    )
    return replace(
        mention,
        source=without_credentials(tidy(mention.source)),
        target=without_credentials(tidy(mention.target)),
        title=clean(mention.title, MAX_TEXT),
        excerpt=clean(mention.excerpt, MAX_TEXT),
        site_name=clean(mention.site_name, MAX_TEXT),
        author=author if author != Author() else None,
    )


def timestamp(instant: datetime) -> str:
    """An aware instant as RFC 3339 has it, in UTC and whole seconds; the form that webmention.io gives, too."""
    return instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _url(url: str | None) -> str | None:
    return without_credentials(tidy(url)) if url and is_http(url) else None
