"""Where the posts to be published come from: feeds, sitemaps, a built site, a file, a list."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.errors import FetchError
from pingback.posts.paths import matching
from pingback.posts.site import pages_of
from pingback.posts.values import BadFeed, Feed, FeedEntry, Sitemap
from pingback.sending.absent import LOOK_AFTER, has_passed, is_to_be_looked_for
from pingback.sending.roots import Root
from pingback.sending.values import Publication
from pingback.urls import is_http, key_of, require_http, resolve, shown

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.settings import Settings
    from pingback.store import Store
    from pingback.store.posts import Posts

MAX_FILE = 1024 * 1024  # bytes; of a page on the web no more is read either
MAX_NAMED = 10  # items of a feed that name no page of theirs; of the others only the number is said
NOTED_TOGETHER = 500

_NO_HOME = "http://feed.invalid/"
_BY_PATH = "by --include and --exclude"
_NOT_IN_FEED = "as the feed does not have them"

log = logging.getLogger(__name__)


def of_gone(sources: Iterable[str]) -> Iterator[Publication]:
    """Posts that a person says are deleted."""
    return (Publication(source=source, gone=True, by_hand=True) for source in sources)


def of_missing(posts: "Posts", *, now: datetime, every: bool = False) -> Iterator[Publication]:
    """Posts that are missing, and that it is time to look for, whether somebody names them still or not."""
    return (
        Publication(source=post.source, missing=True)
        for post in posts.missing()
        if every or is_to_be_looked_for(post, now=now)
    )


def of_html(source: str, html: str | bytes | None, *, content_type: str | None = None) -> Publication:
    """A post whose page, or whose words alone, may be at hand."""
    if html is None:
        return Publication(source=source, named=True)
    if isinstance(html, str):
        html, content_type = html.encode("utf-8", "replace"), "text/html; charset=utf-8"
    page = html[:MAX_FILE]
    return Publication(source=source, page=lambda: page, content_type=content_type, named=True)


class Sources:
    """The posts that settings name, for one run. `feeds` are those that were read, `roots` the sites and sitemaps.

    `on_note` hears in a sentence of what is not published, `on_unread` of a feed or sitemap that cannot be read.
    Unless it is a `dry_run`, pages that are passed over in the first run of a root are kept as such.
    """

    def __init__(
        self,
        settings: "Settings",
        *,
        client: "Client",
        store: "Store",
        clock: Clock,
        on_note: Callable[[str], object],
        on_unread: Callable[[str, BadFeed | FetchError], object],
        dry_run: bool = False,
    ) -> None:
        self._settings = settings
        self._client = client
        self._store = store
        self._clock = clock
        self._on_note = on_note
        self._on_unread = on_unread
        self._dry_run = dry_run
        self.feeds: list[Feed] = []
        self.roots: list[Root] = []

    def publications(self, named: Iterable[str]) -> Iterator[Publication]:
        """The posts, those that are `named` first.

        OSError for a file or folder that cannot be read. ValueError where a base URL is missing, and for a folder
        without any page: whoever names the wrong one does not want all posts to be gone.
        """
        settings = self._settings
        for source in {key_of(source): source for source in map(require_http, named)}.values():
            if self._is_chosen(source):
                yield Publication(source=source, named=True)
            else:
                log.warning("nothing is sent for %s: --include or --exclude leaves it out", shown(source))
        entries = {key_of(entry.url): entry for feed in self._feeds() for entry in feed.entries}
        left = dict(entries)
        if len(self.feeds) == len(set(settings.feeds)):
            for publication in self._of_roots(entries):
                left.pop(key_of(publication.source), None)
                yield publication
        elif settings.folder is not None or settings.sitemaps:
            self._on_note("nothing else is published, as a feed that says what is to be could not be read")
        chosen = [entry for entry in left.values() if self._is_chosen(entry.url)]
        self._note(len(left) - len(chosen), _BY_PATH, of="feeds")
        yield from map(_of_entry, chosen)
        if settings.html is not None:
            yield Publication(source=self._base_url(), page=partial(_read, Path(settings.html)), named=True)

    def _base_url(self) -> str:
        if self._settings.base_url is None:
            raise ValueError("a folder or a file needs a base URL: where will it be found on the web?")
        return self._settings.base_url

    def _feeds(self) -> Iterator[Feed]:
        from pingback.posts.feeds import feed_in_file, fetch_feed  # parsers

        base_url = self._settings.base_url
        for name in dict.fromkeys(self._settings.feeds):
            try:
                if is_http(name):
                    feed = fetch_feed(name, client=self._client)
                else:
                    feed = feed_in_file(Path(name), base_url=base_url or _NO_HOME)
            except (BadFeed, FetchError) as error:
                self._on_unread(name, error)
                continue
            if not feed.entries and feed.foreign and not is_http(name) and base_url is None:
                raise ValueError(f"{name} does not say which page it is the feed of: give its base URL")
            self.feeds.append(feed)
            self._note_items(name, feed)
            yield feed

    def _note_items(self, name: str, feed: Feed) -> None:
        """What of a feed is not published, and why."""
        for page in feed.foreign[:MAX_NAMED]:
            self._on_note(
                f"{name}: the item that links to {shown(page)} is left out: that is another site's, and the item has no"
                " guid, id or related link on its own"
            )
        self._note(len(feed.foreign[MAX_NAMED:]), "as these are other sites', too", of=name)
        self._note(feed.without_url, "as their items name none", of=name)
        if not (feed.entries or feed.foreign or feed.without_url):
            self._on_note(f"{name} has no items")
        _warn_of_rest(name, feed)

    def _of_roots(self, entries: Mapping[str, FeedEntry]) -> Iterator[Publication]:
        """The pages of the folder and the sitemaps. A feed beside them narrows them to what it has."""
        from pingback.posts.sitemap import fetch_sitemap  # a parser

        settings = self._settings
        if settings.folder is not None:
            yield from self._of_site(Path(settings.folder), self._base_url(), entries)
        listed = set(entries)
        whole: list[str] = []  # the folders of sitemaps that name all that is in them
        for url in dict.fromkeys(settings.sitemaps):
            try:
                sitemap = fetch_sitemap(url, client=self._client)
            except (BadFeed, FetchError) as error:
                self._on_unread(url, error)
                continue
            self._note(len(sitemap.foreign), "as they are on other hosts", of=url)
            _warn_of_rest(url, sitemap)
            root = self._root(url, is_whole=sitemap.complete and not sitemap.unread)
            fingerprints = {key: entry.fingerprint for key, entry in entries.items()}
            pages = (
                Publication(source=page, fingerprint=fingerprints.get(key_of(page)), by=sitemap.modified.get(page))
                for page in sitemap.pages
            )
            yield from self._chosen_of(root, pages, entries)
            listed.update(map(key_of, sitemap.pages))
            if root.is_whole and not sitemap.left_out:
                whole.append(resolve(url, ".") or url)
        if settings.folder is None and len(whole) == len(set(settings.sitemaps)):
            yield from self._left_of(whole, listed)

    def _left_of(self, folders: Iterable[str], listed: Set[str]) -> Iterator[Publication]:
        """Posts that no sitemap has any longer: it is looked now and then whether they are still there."""
        instant = self._clock()
        for post in chain.from_iterable(map(self._store.posts.under, dict.fromkeys(folders))):
            is_missed = not post.missing and key_of(post.source) not in listed
            is_due = is_missed and has_passed(LOOK_AFTER, post.seen, now=instant)
            if is_due and self._is_chosen(post.source):
                yield Publication(source=post.source, missing=True)

    def _of_site(self, folder: Path, base_url: str, entries: Mapping[str, FeedEntry]) -> Iterator[Publication]:
        """The pages of a built site, and in the end those that it had when it was last published, and has no longer."""
        built: set[str] = set()

        def pages() -> Iterator[Publication]:
            for page in pages_of(folder, base_url=base_url):
                built.add(key_of(page.url))
                yield Publication(source=page.url, page=partial(_read, page.path), fingerprint=page.fingerprint)

        yield from self._chosen_of(self._root(base_url), pages(), entries)
        if not built:
            raise ValueError(f"there is no page in {folder}")
        for post in self._store.posts.under(base_url):
            if key_of(post.source) not in built and self._is_chosen(post.source):
                yield Publication(source=post.source, gone=True)

    def _root(self, url: str, *, is_whole: bool = True) -> Root:
        root = Root(
            url,
            is_first=not self._store.roots.is_known(url),
            is_whole=is_whole,
            since=self._settings.since,
            backfill=self._settings.backfill,
            now=self._clock(),
        )
        self.roots.append(root)
        return root

    def _chosen_of(
        self, root: Root, pages: Iterable[Publication], entries: Mapping[str, FeedEntry]
    ) -> Iterator[Publication]:
        """Those of the pages that are chosen by their path and, where there is a feed, by that."""
        passed_over: list[str] = []
        counts: Counter[str] = Counter()
        for page in pages:
            entry = entries.get(key_of(page.source))
            is_in_feeds = entry is not None or not self.feeds
            if is_in_feeds and self._is_chosen(page.source):
                if entry is not None:
                    page = replace(page, in_feed=True, trackbacks=entry.trackbacks, by=entry.updated)
                yield replace(page, root=root)
                continue
            counts[_BY_PATH if is_in_feeds else _NOT_IN_FEED] += 1
            if root.is_first and not self._dry_run:
                passed_over.append(page.source)
                if len(passed_over) == NOTED_TOGETHER:
                    self._store.roots.keep_unread(passed_over, now=self._clock())
                    passed_over = []
        self._store.roots.keep_unread(passed_over, now=self._clock())
        for reason, number in counts.items():
            self._note(number, reason, of=root.url)

    def _is_chosen(self, url: str) -> bool:
        include, exclude = self._settings.include, self._settings.exclude
        return (not include or matching(url, include) is not None) and matching(url, exclude) is None

    def _note(self, number: int, why: str, *, of: str) -> None:
        if number:
            self._on_note(f"{of}: pages that are left out, {why}: {number}")


def _of_entry(entry: FeedEntry) -> Publication:
    return Publication(source=entry.url, fingerprint=entry.fingerprint, trackbacks=entry.trackbacks)


def _warn_of_rest(name: str, found: Feed | Sitemap) -> None:
    if found.left_out:
        log.warning("%s: %d pages more than can be taken are left out", name, found.left_out)
    if not found.complete:
        log.warning("%s is broken off, too long or not well-formed: only what could be read of it is published", name)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE)
