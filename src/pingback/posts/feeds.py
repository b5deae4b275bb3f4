"""The posts that a feed names: RSS, Atom or JSON Feed, from the web or from a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from pingback.posts.jsonfeed import json_feed
from pingback.posts.syndication import Told, syndicated
from pingback.posts.values import Feed, FeedEntry
from pingback.protocols.headers import content_type as parse_content_type
from pingback.urls import is_http, key_of, require_http, split

if TYPE_CHECKING:
    from pingback.net.client import Client

MAX_ENTRIES = 1000
MAX_FILE = 1024 * 1024  # bytes; of a feed on the web no more is read either

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)


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
    entries: dict[str, FeedEntry] = {}
    foreign: dict[str, None] = {}
    without_url = left_out = 0
    for entry in told.entries:
        if entry.url is None or not is_http(entry.url):
            without_url += 1
        elif key_of(entry.url) in entries or entry.url in foreign:
            continue
        elif len(entries) + len(foreign) == MAX_ENTRIES:
            left_out += 1
        elif split(entry.url).host not in hosts:
            foreign[entry.url] = None
        else:
            entries[key_of(entry.url)] = FeedEntry(
                url=entry.url, id=entry.id, title=entry.title, html=entry.html, updated=entry.updated
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


def _told(feed: bytes, url: str, content_type: str | None) -> Told:
    """By what the feed begins with: servers send feeds under many types."""
    if feed.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return json_feed(feed, url=url)
    return syndicated(feed, url=url, charset=parse_content_type(content_type).charset)
