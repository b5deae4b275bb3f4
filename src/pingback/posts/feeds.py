"""The posts that a feed names, from the web or from a file: RSS 0.9x, 1.0 and 2.0, Atom (RFC 4287), by feedparser, and
JSON Feed 1.0 and 1.1 (jsonfeed.org).

feedparser is given bytes in a stream: a string it would take for an address or a file's name, and bytes alone for a
file's name too. What it would be slow with is taken out before (`pingback.posts.reduced`).
"""

import html
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lxml import etree

from pingback.page.encoding import to_utf8
from pingback.page.properties import instant_of
from pingback.page.titles import LONGEST_TITLE
from pingback.posts.reduced import PINGED, reduced
from pingback.posts.values import BadFeed, Feed, FeedEntry
from pingback.protocols.headers import content_type as parse_content_type
from pingback.text import clean
from pingback.urls import MAX_URL, is_http, key_of, origin_of, require_http, resolve, split

if TYPE_CHECKING:
    from pingback.net.client import Client

MAX_ENTRIES = 1000
MAX_FILE = 1024 * 1024  # bytes; of a feed on the web no more is read either

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)

MAX_RELATED = 20  # hubs of one feed that are told, and addresses of one kind of an entry

_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_UTF8 = {"content-type": "application/xml; charset=utf-8"}

MAX_ITEMS = 10_000  # that are looked at; of the first thousand the pages are read

_VERSIONS = ("https://jsonfeed.org/version/1", "http://jsonfeed.org/version/1")


# All that may change in an entry when its post does; enclosures are among the links.
_SAID = ("title", "summary", "content", "published", "updated", "link", "links")


class _Told(NamedTuple):
    """What a feed says, before anybody asks whether it is to be believed. Its addresses are absolute."""

    home: str | None
    hubs: list[str]
    topic: str | None
    entries: "Iterator[_ToldEntry]"
    complete: bool


class _ToldEntry(NamedTuple):
    url: str | None
    others: list[str]  # addresses that may be its own page, where that one is a page of somebody else's
    id: str | None
    title: str | None
    html: str | None
    updated: datetime | None
    fingerprint: str
    trackbacks: Sequence[str] = ()


def fetch_feed(url: str, *, client: "Client") -> Feed:
    """The feed at `url`. Raises as the client does, BadStatus for an error page, and BadFeed for what is no feed."""
    with client.get(url, headers={"Accept": ACCEPT}) as response:
        response.require_success()
        return entries_in(response.read(), url=response.url, content_type=response.content_type)


def feed_in_file(path: Path, *, base_url: str) -> Feed:
    """The feed in a file that will be published at `base_url`, or below it. OSError where it cannot be read."""
    with path.open("rb") as file:
        return entries_in(file.read(MAX_FILE), url=base_url, content_type=None)


def entries_in(feed: bytes, *, url: str, content_type: str | None) -> Feed:
    """What the feed from `url`, an HTTP URL, names; BadFeed, with the reason, where it cannot be read as one."""
    told = _told(feed, require_http(url), content_type)
    home = told.home if told.home is not None and is_http(told.home) else None
    hosts = {split(page).host for page in (url, home) if page is not None}
    whole = {key_of(page) for page in (url, f"{origin_of(url)}/", home) if page is not None}
    entries: dict[str, FeedEntry] = {}
    foreign: dict[str, None] = {}
    without_url = left_out = 0
    for entry in told.entries:
        page = _page_of(entry, hosts, whole)
        if page is None:
            without_url += 1
        elif key_of(page) in entries or page in foreign:
            continue
        elif len(entries) + len(foreign) == MAX_ENTRIES:
            left_out += 1
        elif split(page).host not in hosts:
            foreign[page] = None
        else:
            entries[key_of(page)] = FeedEntry(
                url=page,
                id=entry.id,
                title=entry.title,
                html=entry.html,
                updated=entry.updated,
                fingerprint=entry.fingerprint,
                trackbacks=tuple(dict.fromkeys(filter(is_http, entry.trackbacks))),
            )
    return Feed(
        url=url,
        home=home,
        hubs=tuple(dict.fromkeys(hub for hub in told.hubs if is_http(hub))),
        topic=told.topic if told.topic is not None and is_http(told.topic) else None,
        entries=tuple(entries.values()),
        foreign=tuple(foreign),
        without_url=without_url,
        left_out=left_out,
        complete=told.complete,
    )


def _page_of(entry: _ToldEntry, hosts: Set[str], whole: Set[str]) -> str | None:
    """The entry's own page; where it names none on these hosts, what it links to. No entry is the `whole` blog.

    In a feed of links an entry's link is the page that it is about.
    """
    link = entry.url if entry.url is not None and is_http(entry.url) else None
    if link is not None and split(link).host in hosts:
        return link
    own = (page for page in entry.others if is_http(page) and split(page).host in hosts and key_of(page) not in whole)
    return next(own, link)


def _told(feed: bytes, url: str, content_type: str | None) -> _Told:
    """By what the feed begins with: servers send feeds under many types."""
    if feed.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return _json_feed(feed, url=url)
    return _syndicated(feed, url=url, charset=parse_content_type(content_type).charset)


def _syndicated(feed: bytes, *, url: str, charset: str | None) -> _Told:
    """What an RSS or Atom feed says; BadFeed where it is neither."""
    data, well_formed = reduced(b"".join(to_utf8([feed], charset)).lstrip(), url)
    found = _parsed(data, url)
    complete = well_formed and not found.bozo
    if not complete and not found.entries:
        raise BadFeed(f"{url} is broken off before its first entry")
    no_pages = _no_permalinks(data)
    return _Told(
        home=_absolute(url, found.feed.get("link")),
        hubs=_related(found.feed, "hub", url),
        topic=next(iter(_related(found.feed, "self", url)), None),
        entries=(_entry_of(entry, url, no_pages, complete=complete) for entry in found.entries),
        complete=complete,
    )


def _parsed(data: bytes, url: str) -> Any:
    import feedparser

    try:
        return feedparser.parse(BytesIO(data), response_headers=_UTF8, resolve_relative_uris=False, sanitize_html=False)
    except Exception as error:  # of any kind: its handlers raise what comes, `chr` for "&#x110000;" a ValueError
        raise BadFeed(f"{url} is too broken to be read as a feed") from error


def _no_permalinks(data: bytes) -> set[str]:
    """The guids that say that they are no addresses (RSS 2.0, guid), which feedparser does not tell of all."""
    if b"isPermaLink" not in data:
        return set()
    guids = etree.fromstring(data).iter("{*}guid")
    return {(guid.text or "").strip() for guid in guids if guid.get("isPermaLink", "").strip().lower() == "false"}


def _entry_of(entry: Mapping[str, Any], url: str, no_pages: Set[str], *, complete: bool) -> _ToldEntry:
    # FeedBurner puts an address of its own in the place of the post's, and keeps that one here.
    reference = entry.get("feedburner_origlink") or entry.get("link")
    name = (entry.get("id") or "")[:MAX_URL]
    return _ToldEntry(
        url=_absolute(url, reference),
        others=[
            *([name] if name not in no_pages else []),
            *_related(entry, "related", url),
            *_related(entry, "alternate", url),
        ],
        id=name or None,
        title=clean(entry.get("title"), LONGEST_TITLE),
        html=_content(entry) if complete else None,
        updated=_instant(entry),
        # Not by the entry's own `get`, which would answer with one date in the place of another.
        fingerprint=_fingerprint([dict(entry).get(name) for name in _SAID]),
        trackbacks=_related(entry, PINGED, url),
    )


def _fingerprint(said: object) -> str:
    return sha256(json.dumps(said, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()


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
    found = islice((link for link in feed.get("links", ()) if link.get("rel") == rel), MAX_RELATED)
    links = [_absolute(url, link.get("href")) for link in found]
    return [link for link in links if link is not None]


def _absolute(url: str, reference: str | None) -> str | None:
    return resolve(url, reference) if reference and reference.strip() else None


def _json_feed(feed: bytes, *, url: str) -> _Told:
    """What a JSON feed says; BadFeed where it is none, or is cut off: half of it cannot be read."""
    try:
        found = json.loads(feed.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise BadFeed(f"{url} is not JSON, or not all of it") from None
    if not isinstance(found, dict) or not str(found.get("version")).startswith(_VERSIONS):
        raise BadFeed(f"{url} is JSON, but not a JSON feed")
    websub = (hub for hub in _json_objects(found, "hubs") if _json_text(hub, "type") in (None, "WebSub"))
    hubs = [_json_address(hub, "url", url) for hub in islice(websub, MAX_RELATED)]
    return _Told(
        home=_json_address(found, "home_page_url", url),
        hubs=[hub for hub in hubs if hub is not None],
        topic=_json_address(found, "feed_url", url),
        entries=(_json_entry(item, url) for item in islice(_json_objects(found, "items"), MAX_ITEMS)),
        complete=True,
    )


def _json_entry(item: Mapping[str, object], url: str) -> _ToldEntry:
    updated = instant_of(_json_text(item, "date_modified")) or instant_of(_json_text(item, "date_published"))
    name = (_json_text(item, "id") or "")[:MAX_URL]
    return _ToldEntry(
        url=_json_address(item, "url", url),
        others=[name],
        id=name or None,
        title=clean(_json_text(item, "title"), LONGEST_TITLE),
        html=_json_text(item, "content_html"),
        updated=updated,
        fingerprint=_fingerprint(item),
    )


def _json_objects(value: Mapping[str, object], key: str) -> Iterator[Mapping[str, object]]:
    values = value.get(key)
    return (each for each in values if isinstance(each, dict)) if isinstance(values, list) else iter(())


def _json_text(value: Mapping[str, object], key: str) -> str | None:
    text = value.get(key)
    return text if isinstance(text, str) and text else None


def _json_address(value: Mapping[str, object], key: str, url: str) -> str | None:
    reference = _json_text(value, key)
    return None if reference is None else resolve(url, reference)
