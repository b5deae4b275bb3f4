"""JSON Feed 1.0 and 1.1 (jsonfeed.org)."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice

from pingback.page.microformats import LONGEST_TITLE, instant_of
from pingback.posts.syndication import MAX_HUBS, Told, ToldEntry
from pingback.posts.values import BadFeed
from pingback.text import clean
from pingback.urls import MAX_URL, resolve

MAX_ITEMS = 10_000  # that are looked at; of the first thousand the pages are read

_VERSIONS = ("https://jsonfeed.org/version/1", "http://jsonfeed.org/version/1")


def json_feed(feed: bytes, *, url: str) -> Told:
    """What a JSON feed says; BadFeed where it is none, or is cut off: half of it cannot be read."""
    try:
        found = json.loads(feed.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise BadFeed(f"{url} is not JSON, or not all of it") from None
    if not isinstance(found, dict) or not str(found.get("version")).startswith(_VERSIONS):
        raise BadFeed(f"{url} is JSON, but not a JSON feed")
    websub = (hub for hub in _objects(found, "hubs") if _text(hub, "type") in (None, "WebSub"))
    hubs = [_address(hub, "url", url) for hub in islice(websub, MAX_HUBS)]
    return Told(
        home=_address(found, "home_page_url", url),
        hubs=[hub for hub in hubs if hub is not None],
        topic=_address(found, "feed_url", url),
        entries=(_entry(item, url) for item in islice(_objects(found, "items"), MAX_ITEMS)),
        complete=True,
    )


def _entry(item: Mapping[str, object], url: str) -> ToldEntry:
    updated = instant_of(_text(item, "date_modified")) or instant_of(_text(item, "date_published"))
    return ToldEntry(
        url=_address(item, "url", url),
        id=(_text(item, "id") or "")[:MAX_URL] or None,
        title=clean(_text(item, "title"), LONGEST_TITLE),
        html=_text(item, "content_html"),
        updated=updated,
    )


def _objects(value: Mapping[str, object], key: str) -> Iterator[Mapping[str, object]]:
    values = value.get(key)
    return (each for each in values if isinstance(each, dict)) if isinstance(values, list) else iter(())


def _text(value: Mapping[str, object], key: str) -> str | None:
    text = value.get(key)
    return text if isinstance(text, str) and text else None


def _address(value: Mapping[str, object], key: str, url: str) -> str | None:
    reference = _text(value, key)
    return None if reference is None else resolve(url, reference)
