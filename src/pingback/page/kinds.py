"""How a source's entry relates to the target: a like, a repost, a bookmark, a reply, or only a mention.

The properties are those of microformats2 (`u-like-of`, …), and `rel="in-reply-to"` of classic ones. A pass of its own
finds them, and not mf2py: a link can stand anywhere in the entry's content, which mf2py is spared.
"""

from collections.abc import Mapping
from typing import NamedTuple

from pingback.model import MentionKind
from pingback.page.microformats import MAX_PAGE
from pingback.page.scanner import EVERY, Passing, scan
from pingback.urls import key_of, leads_to

MAX_LINKS = 1000  # with such a property that are held against the target

# In order of precedence, for a link that is several.
_KINDS = {
    "u-like-of": MentionKind.LIKE,
    "u-repost-of": MentionKind.REPOST,
    "u-bookmark-of": MentionKind.BOOKMARK,
    "u-in-reply-to": MentionKind.REPLY,
}
_WORDS = (b"u-like-of", b"u-repost-of", b"u-bookmark-of", b"in-reply-to")
_ENTRIES = frozenset({"h-entry", "hentry"})
# What begins an item of its own, whose properties are not the entry's. By name: style sheets call their heights `h-…`.
_ITEMS = _ENTRIES | frozenset("h-feed hfeed h-cite h-card vcard h-event h-item h-product h-recipe h-review".split())


class _Cite(NamedTuple):
    """An element with a property that is no link itself: its `u-url` is meant, else its first link.

    `level` is how many items are open within it.
    """

    kinds: frozenset[MentionKind]
    depth: int
    level: int
    href: str | None = None
    is_named: bool = False


def kind_in(page: bytes, target: str, *, url: str) -> MentionKind:
    """What the first entry of a page in UTF-8, which came from `url`, is to the target that the page links to."""
    if all(page.find(word, 0, MAX_PAGE) < 0 for word in _WORDS):
        return MentionKind.MENTION
    passing = Passing(url)
    collector = KindCollector(passing, target)
    scan([page[:MAX_PAGE]], passing, [collector], charset="utf-8")
    return collector.kind


class KindCollector:
    """What the properties of the first entry say of the target; other entries within it speak for themselves."""

    tags = ends = EVERY

    def __init__(self, passing: Passing, target: str) -> None:
        self._passing = passing
        self._target = key_of(target)
        self._left = MAX_LINKS
        self._depth = 0
        self._items: list[int] = []  # the depths of the items that are open, the entry's first
        self._cite: _Cite | None = None
        self._found: set[MentionKind] = set()
        self.done = False

    @property
    def kind(self) -> MentionKind:
        return next((kind for kind in _KINDS.values() if kind in self._found), MentionKind.MENTION)

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        classes = attributes.get("class", "").split()
        level = len(self._items)
        if level == 0:
            if not (self.done or _ENTRIES.isdisjoint(classes)):
                self._items.append(self._depth)
            return
        href = attributes.get("href")
        is_item = not _ITEMS.isdisjoint(classes)
        if self._cite is not None and self._cite.level == level and href is not None:
            self._cite = _with_link(self._cite, href, classes)
        if level == 1 and (kinds := _kinds_of(classes, attributes.get("rel", ""))):
            if href is not None:
                self._ask(href, kinds)
            elif self._cite is None:
                self._cite = _Cite(kinds, self._depth, level + is_item)
        if is_item:
            self._items.append(self._depth)

    def end(self, tag: str) -> None:
        if self._cite is not None and self._cite.depth == self._depth:
            if self._cite.href is not None:
                self._ask(self._cite.href, self._cite.kinds)
            self._cite = None
        if self._items and self._items[-1] == self._depth:
            self._items.pop()
            self.done = self.done or not self._items
        self._depth -= 1

    def _ask(self, href: str, kinds: frozenset[MentionKind]) -> None:
        self._left -= 1
        self.done = self._left <= 0
        if self._left >= 0 and leads_to(href, self._target, base=self._passing.base):
            self._found |= kinds


def _kinds_of(classes: list[str], rel: str) -> frozenset[MentionKind]:
    kinds = frozenset(_KINDS[name] for name in classes if name in _KINDS)
    return kinds | {MentionKind.REPLY} if "in-reply-to" in rel.split() else kinds


def _with_link(cite: _Cite, href: str, classes: list[str]) -> _Cite:
    if "u-url" in classes and not cite.is_named:
        return cite._replace(href=href, is_named=True)
    is_its_own = cite.href is None and _ITEMS.isdisjoint(classes)  # and not, say, its author's
    return cite._replace(href=href) if is_its_own else cite
