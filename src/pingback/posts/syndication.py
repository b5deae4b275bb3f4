"""RSS 0.9x, 1.0 and 2.0, and Atom (RFC 4287), by feedparser.

The library is given bytes in a stream: a string it would take for an address or a file's name, and bytes alone for a
file's name too. What it would be slow with is taken out before (`pingback.posts.reduced`).
"""

import html
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple

from pingback.page.encoding import to_utf8
from pingback.page.microformats import LONGEST_TITLE
from pingback.posts.reduced import reduced
from pingback.posts.values import BadFeed
from pingback.text import clean
from pingback.urls import MAX_URL, resolve

MAX_HUBS = 20  # of one feed that are told

_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_UTF8 = {"content-type": "application/xml; charset=utf-8"}


class Told(NamedTuple):
    """What a feed says, before anybody asks whether it is to be believed. Its addresses are absolute."""

    home: str | None
    hubs: list[str]
    topic: str | None
    entries: "Iterator[ToldEntry]"
    complete: bool


class ToldEntry(NamedTuple):
    url: str | None
    id: str | None
    title: str | None
    html: str | None
    updated: datetime | None


def syndicated(feed: bytes, *, url: str, charset: str | None) -> Told:
    """What an RSS or Atom feed says; BadFeed where it is neither."""
    data, well_formed = reduced(b"".join(to_utf8([feed], charset)).lstrip(), url)
    found = _parsed(data, url)
    complete = well_formed and not found.bozo
    if not complete and not found.entries:
        raise BadFeed(f"{url} is broken off before its first entry")
    return Told(
        home=_absolute(url, found.feed.get("link")),
        hubs=_related(found.feed, "hub", url),
        topic=next(iter(_related(found.feed, "self", url)), None),
        entries=(_entry(entry, url, complete=complete) for entry in found.entries),
        complete=complete,
    )


def _parsed(data: bytes, url: str) -> Any:
    import feedparser

    try:
        return feedparser.parse(BytesIO(data), response_headers=_UTF8, resolve_relative_uris=False, sanitize_html=False)
    except Exception as error:  # of any kind: its handlers raise what comes, `chr` for "&#x110000;" a ValueError
        raise BadFeed(f"{url} is too broken to be read as a feed") from error


def _entry(entry: Mapping[str, Any], url: str, *, complete: bool) -> ToldEntry:
    # FeedBurner puts an address of its own in the place of the post's, and keeps that one here.
    reference = entry.get("feedburner_origlink") or entry.get("link")
    return ToldEntry(
        url=_absolute(url, reference),
        id=(entry.get("id") or "")[:MAX_URL] or None,
        title=clean(entry.get("title"), LONGEST_TITLE),
        html=_content(entry) if complete else None,
        updated=_instant(entry),
    )


def _content(entry: Mapping[str, Any]) -> str | None:
    for content in entry.get("content", ()):
        if content.get("value") and content.get("type") in _MARKUP:
            base = content.get("base")
            return f'<base href="{html.escape(base)}">{content["value"]}' if base else str(content["value"])
    return None


def _instant(entry: Mapping[str, Any]) -> datetime | None:
    for name in ("updated_parsed", "published_parsed"):
        if name in entry:  # where it is not, the library would answer with the other one
            with suppress(TypeError, ValueError, OverflowError):
                year, month, day, hour, minute, second = entry[name][:6]
                return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return None


def _related(feed: Mapping[str, Any], rel: str, url: str) -> list[str]:
    found = islice((link for link in feed.get("links", ()) if link.get("rel") == rel), MAX_HUBS)
    links = [_absolute(url, link.get("href")) for link in found]
    return [link for link in links if link is not None]


def _absolute(url: str, reference: str | None) -> str | None:
    return resolve(url, reference) if reference and reference.strip() else None
