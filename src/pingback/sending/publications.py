"""Where the posts to be published come from: a feed, a sitemap, a built site, a file, a list."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pingback.posts.site import pages_of
from pingback.posts.values import Feed
from pingback.sending.absent import is_to_be_looked_for
from pingback.sending.values import Publication
from pingback.urls import key_of

if TYPE_CHECKING:
    from pingback.store.posts import Posts

MAX_FILE = 1024 * 1024  # bytes; of a page on the web no more is read either


def of_urls(sources: Iterable[str], *, named: bool = False) -> Iterator[Publication]:
    """Posts by their permalinks, each once."""
    once = {key_of(source): source for source in sources}
    return (Publication(source=source, named=named) for source in once.values())


def of_gone(sources: Iterable[str]) -> Iterator[Publication]:
    """Posts that a person says are deleted."""
    return (Publication(source=source, gone=True, by_hand=True) for source in sources)


def of_missing(posts: "Posts", *, now: datetime) -> Iterator[Publication]:
    """Posts that are missing, and that it is time to look for, whether somebody names them still or not."""
    return (
        Publication(source=post.source, missing=True) for post in posts.missing() if is_to_be_looked_for(post, now=now)
    )


def of_html(source: str, html: str | bytes | None, *, content_type: str | None = None) -> Publication:
    """A post whose page, or whose words alone, may be at hand."""
    if html is None:
        return Publication(source=source, named=True)
    if isinstance(html, str):
        html, content_type = html.encode("utf-8", "replace"), "text/html; charset=utf-8"
    page = html[:MAX_FILE]
    return Publication(source=source, page=lambda: page, content_type=content_type, named=True)


def of_file(path: Path, *, source: str) -> Publication:
    """A post whose page is in a file."""
    return Publication(source=source, page=partial(_read, path), named=True)


def of_feed(feed: Feed) -> Iterator[Publication]:
    """The posts of a feed. Pages are asked for only of those of which the feed says something new."""
    return (
        Publication(source=entry.url, fingerprint=entry.fingerprint, trackbacks=entry.trackbacks)
        for entry in feed.entries
    )


def of_site(folder: Path, *, base_url: str, posts: "Posts") -> Iterator[Publication]:
    """The pages of a built site, and in the end those that it had when it was last published, and has no longer.

    OSError where it cannot be read; ValueError for a base URL that is none, and for a folder without any page: whoever
    names the wrong one does not want all posts to be gone.
    """
    built = set()
    for page in pages_of(folder, base_url=base_url):
        built.add(key_of(page.url))
        yield Publication(source=page.url, page=partial(_read, page.path), fingerprint=page.fingerprint)
    if not built:
        raise ValueError(f"there is no page in {folder}")
    for post in posts.under(base_url):
        if key_of(post.source) not in built:
            yield Publication(source=post.source, gone=True)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE)
