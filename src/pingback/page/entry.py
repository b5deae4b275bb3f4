"""The links of a page's entry: what a post links to, and not what the page around it does."""

from collections.abc import Mapping

from pingback.page.scanner import EVERY, Passing, scan
from pingback.urls import is_http, key_of, resolve
from pingback.wire.headers import content_type as parse_content_type

# From the most to the least exact: the first of these that a page has is its entry.
_ENTRY_LEVELS = ("e-content", "h-entry", "article", "main", "body")


def outbound_links(page: bytes, *, url: str, content_type: str | None) -> tuple[str, ...]:
    """The links of the page's entry that would be pinged: absolute, in document order, each page once.

    The entry is the first h-entry's `e-content`, else the first h-entry, `<article>`, `<main>` or `<body>`. Left out
    are `rel=nofollow`, links within the page itself, and what is not HTTP.
    """
    passing = Passing(url)
    collector = OutboundCollector(passing)
    scan([page], passing, [collector], charset=parse_content_type(content_type).charset)
    found: dict[str, str] = {}
    for link in collector.links:
        found.setdefault(key_of(link), link)
    found.pop(key_of(url), None)
    return tuple(found.values())


class OutboundCollector:
    """The HTTP links of the page's entry, as `_ENTRY_LEVELS` chooses it."""

    tags = ends = EVERY
    done = False  # a more exact entry may come at any time

    def __init__(self, passing: Passing) -> None:
        self._passing = passing
        self._depth = 0
        self._inside: dict[str, int] = {}  # level → depth of the element that opened it
        self._over: set[str] = set()
        self._links: dict[str, list[str]] = {}

    @property
    def links(self) -> list[str]:
        return next((self._links[level] for level in _ENTRY_LEVELS if level in self._links), [])

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        for level in self._levels(tag, attributes):
            if level not in self._inside and level not in self._over:
                self._inside[level] = self._depth
                self._links.setdefault(level, [])
        if tag not in ("a", "area") or "href" not in attributes:
            return
        if "nofollow" in attributes.get("rel", "").lower().split():
            return
        link = resolve(self._passing.base, attributes["href"])
        if link is not None and is_http(link):
            for level in self._inside:
                self._links[level].append(link)

    def end(self, tag: str) -> None:
        for level in [level for level, depth in self._inside.items() if depth == self._depth]:
            del self._inside[level]
            if level != "e-content":  # an entry may be told in several pieces
                self._over.add(level)
        self._depth -= 1

    def _levels(self, tag: str, attributes: Mapping[str, str]) -> list[str]:
        levels = [tag] if tag in _ENTRY_LEVELS else []
        classes = attributes.get("class", "").split()
        if "h-entry" in classes or "hentry" in classes:
            levels.append("h-entry")
        if "e-content" in classes and "h-entry" in self._inside:
            levels.append("e-content")
        return levels
