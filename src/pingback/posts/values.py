"""Where posts come from, as values: feeds, sitemaps and the pages of a built site."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pingback.errors import PingbackError


class BadFeed(PingbackError):
    """What should be a feed or a sitemap is none, or cannot be read at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """A post as its feed tells it. `url` is its own page, an absolute HTTP URL.

    `html` is the whole of its content, with a `<base>` where the feed gives one; None for a mere summary, and for all
    entries of a feed that is not complete: half a text would look like a post that lost its links. `fingerprint`
    changes with whatever the feed says of the post. `trackbacks` are those addresses for TrackBacks that the post is to
    ping (`trackback:about` of the TrackBack module for RSS), and not its own.
    """

    url: str
    id: str | None
    title: str | None
    html: str | None
    updated: datetime | None
    fingerprint: str = field(default="", compare=False)
    trackbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`entries` in the feed's order, each page once. `home` is the page that it is the feed of.

    `hubs` and `topic` are what it gives for WebSub. `foreign` is what those entries link to that name no page on its
    own or its home's host, `without_url` counts those that link to nothing, `left_out` those over MAX_ENTRIES.
    `complete`: it was well-formed.
    """

    url: str
    home: str | None
    hubs: tuple[str, ...]
    topic: str | None
    entries: tuple[FeedEntry, ...]
    foreign: tuple[str, ...]
    without_url: int
    left_out: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """`pages` and, of an index, the `sitemaps` it lists: absolute HTTP URLs, each once, in order.

    `foreign` are those on other hosts than the sitemap's, `left_out` counts those over MAX_URLS, `unread` are sitemaps
    of an index that were not read. `complete`: it was well-formed, and read to its end; else there may be more that is
    left out. `modified` says of pages when they last changed.
    """

    url: str
    pages: tuple[str, ...]
    sitemaps: tuple[str, ...]
    foreign: tuple[str, ...]
    left_out: int
    unread: tuple[str, ...] = ()
    complete: bool
    modified: Mapping[str, datetime] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPage:
    """A page of a built site, in the file at `path`. `fingerprint` changes with what the file holds."""

    url: str
    path: Path
    fingerprint: str
