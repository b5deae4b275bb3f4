"""How much of a stranger's page has to be read, and which of its elements kept, for what it says of a target.

Most pages have no microformats. Of those the words around the link are wanted, and the page is read to the link.
"""

import re
from collections.abc import Mapping

from pingback.page.links import Wanted
from pingback.page.scanner import BLOCKS

# The list of mentions received, as classes or ids of ours, of WordPress, and of others.
COMMENT_LISTS = frozenset(
    "pingback-mentions comments comment-list commentlist comments-list comments-area comment-area comment-body respond"
    " comment-respond comments-section comment-section comments-wrapper comments-container post-comments"
    " wp-block-comments wp-block-latest-comments comment-thread comment-item comment-content comment-wrapper"
    " entry-comments article-comments disqus_thread isso-thread mentions webmentions webmention-list pingbacks replies"
    " u-comment p-comment".split()
)
COMMENT = "comment"  # a property of schema.org

_INLINE = frozenset(
    "a b bdi bdo big cite code dfn em font i kbd label mark q s samp small span strong sub sup u".split()
)
# Elements that get no node where nothing is told by them. Of a page that speaks as a whole little is wanted. Where a
# part of it may speak, nothing is left out of it but what only looks so; and of an answer nothing at all, as its words
# are shown with their emphasis.
_OF_WHOLE = (_INLINE | BLOCKS | {"img"}) - frozenset(
    "html head body title article aside blockquote dialog footer form h1 h2 h3 h4 h5 h6 header main nav".split()
)
_OF_PARTS = _INLINE - {"a"}
_CHROME = frozenset({"hidden", "role"})
_TELLING = _CHROME | {"class", "id", "itemprop", "style"}

_ITEMS = frozenset("h-entry hentry h-cite h-card vcard h-event vevent h-review hreview h-feed hfeed".split())
_CARDS = (b"h-card", b"vcard")
_ANSWERS = (b"in-reply-to", b"p-rsvp", b"bookmark-of")
_RELS = frozenset({"author", "bookmark"})
_PART, _COMMENTS = 1, 2
_DATES = (b"article:published_time", b'"datePublished"')  # which count before those of a part
# What may say behind the link who speaks, and when: in lower case, and roughly.
_SIGNS = tuple(b"entry card cite event review feed bookmark author <time datepublished ld+json".split())
_SURE = re.compile(
    rb"\bh-?(?:entry|feed|review)\b|\b[hv]-?(?:card|event)\b|\bh-cite\b|rel\s*=[^<>]{0,100}?(?:author|bookmark)"
    rb"|<time\b|datepublished|ld\+json"
)


class Extent:
    """What of a page in UTF-8 that may link to the target is read, and which of its elements get a node."""

    def __init__(self, utf8: bytes, target: str, *, fragment: str = "") -> None:
        self._utf8 = utf8
        self._known: dict[str, int] = {}  # classes and rels that were looked at; pages have them again and again
        self.wanted = Wanted(target)
        # Nothing seen yet says that a part of the page may speak. What is around a card says whose it is, and what a
        # fragment names may be any element.
        self.is_whole = not fragment and not any(mark in utf8 for mark in _CARDS)
        self.skipped = _OF_WHOLE if self.is_whole else self._skipped_of_parts()

    def keeps(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """An element gets a node though it may be skipped."""
        if not self.is_whole:
            return not _TELLING.isdisjoint(attributes)
        told = 0
        if "class" in attributes:
            told = self._told_by(attributes["class"])
        if "rel" in attributes:
            told |= self._told_by(attributes["rel"])
        if ("id" in attributes and attributes["id"] in COMMENT_LISTS) or attributes.get("itemprop") == COMMENT:
            told |= _COMMENTS
        if tag == "time" or ("itemprop" in attributes and attributes["itemprop"] == "datePublished"):
            told |= 0 if any(date in self._utf8 for date in _DATES) else _PART
        if told & _PART:
            self.is_whole = False
            self.skipped = self._skipped_of_parts()
        elif told:
            self.skipped = _OF_PARTS
        telling = _TELLING if self.skipped is _OF_PARTS else _CHROME
        return bool(told) or not telling.isdisjoint(attributes)

    def _skipped_of_parts(self) -> frozenset[str]:
        return frozenset() if any(mark in self._utf8 for mark in _ANSWERS) else _OF_PARTS

    def ends_at(self, read: int) -> bool:
        """Nothing behind so many bytes can say who speaks."""
        rest = self._utf8[read:].lower()
        self.is_whole = not (any(sign in rest for sign in _SIGNS) and _SURE.search(rest))
        return self.is_whole

    def _told_by(self, value: str) -> int:
        """What classes or rels say."""
        told = self._known.get(value)
        if told is None:
            names = value.split()
            told = _PART if not (_ITEMS.isdisjoint(names) and _RELS.isdisjoint(value.lower().split())) else 0
            told |= _COMMENTS if not COMMENT_LISTS.isdisjoint(names) or "comment" in names else 0
            self._known[value] = told
        return told
