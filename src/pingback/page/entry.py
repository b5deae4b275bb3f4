"""A page as the post that it holds: what its entry links to and says, and not what the page around it does.

The entry is the `e-content` of the first h-entry, else the first h-entry, `<article>`, `<main>` or `<body>`, or what
the page's author chooses by a CSS selector. Menus, footers and the list of the mentions received are none of it.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pingback.page.about import AboutCollector
from pingback.page.encoding import to_utf8
from pingback.page.endpoints import HTML_TYPES
from pingback.page.head import RobotsCollector, says_noindex
from pingback.page.microformats import LONGEST_NAME, LONGEST_TITLE
from pingback.page.region import Cite, Region
from pingback.page.scanner import EVERY, Passing, for_a_dom, scan
from pingback.protocols.headers import content_type as parse_content_type
from pingback.text import clean
from pingback.urls import as_written, is_http, key_of, resolve

# Characters of references, and of the base that each is resolved against. All links of a usual page of 1 MiB need less;
# with a base of 8,000 letters short ones would become a gigabyte.
MAX_RESOLVED = 8 * 1024 * 1024

# Elements of a page that are looked at; a long one, with all its comments, has 20,000. A link counts as one more for
# each part of the page that it stands in.
MAX_ELEMENTS = 100_000
MAX_IN_DOM = 20_000  # of them, where a selector wants a DOM

# From the most to the least exact: the first of these that a page has is its entry.
_LEVELS = ("e-content", "h-entry", "article", "main", "body")
_SELECTED = "selected"
_IN_PIECES = frozenset({"e-content", _SELECTED})  # the others are over where they end
_MARK = "data-pingback-selected"

_LINKS = frozenset({"a", "area", "link"})  # a <link> only where a class says what it is
# What an h-entry answers is its link wherever it stands in the entry (microformats2, h-entry).
_ANSWERS = frozenset("u-in-reply-to u-like-of u-repost-of u-bookmark-of".split())
# The list of mentions received, as classes or ids of ours, of WordPress, and of others.
_MENTIONS = frozenset(
    "pingback-mentions comments comment-list mentions webmentions pingbacks u-comment p-comment".split()
)
# `wm-nosend` is django-wm's word.
_SILENT_CLASSES = frozenset({"no-ping", "wm-nosend"})
_SILENT_ATTRIBUTES = frozenset({"data-no-ping", "data-wm-nosend"})


class PageKind(StrEnum):
    """What a page is: only a post speaks for itself."""

    POST = "post"
    LIST = "list"
    COPY = "copy"  # of another page, which its canonical address names
    STUB = "stub"  # of a page that is elsewhere by now
    ERROR = "error page"
    OTHER = "no page"  # it is not HTML


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLink:
    """A page that a post links to. `target` is absolute, and otherwise as the post gives it (Pingback 1.0 §3).

    `fingerprint` changes when the words around the link do, or its rels and classes. For what a reply, a like, a repost
    or a bookmark is about, it changes with the whole entry: that is what the far side shows.
    """

    target: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A page as the post that it holds. `links` name each page once, in document order.

    `left_out` counts the links over MAX_LINKS. `fingerprint` changes with the entry's text, white space aside, and its
    links. `noindex`: the page does not want to be found. `unmatched` is the selector, where it finds nothing here.

    `kind` is what the page is, `why` says so where it is no post: "its canonical address is https://…". `published` is
    when the post was, as the page says. `nofollow` counts the links that are kept out for that rel alone.
    """

    url: str
    links: tuple[PostLink, ...]
    left_out: int
    fingerprint: str
    noindex: bool
    title: str | None
    site_name: str | None
    unmatched: str | None = None
    kind: PageKind = PageKind.POST
    why: str | None = None
    published: datetime | None = None
    nofollow: int = 0


def read_post(
    page: bytes,
    *,
    url: str,
    content_type: str | None,
    robots_headers: Sequence[str] = (),
    selector: str | None = None,
    nofollow: bool = False,
) -> Post:
    """The post on the page that came from `url`, with its `X-Robots-Tag` fields; one that is not HTML has no links.

    `selector` is CSS and chooses the entry; ValueError where it is not CSS, or where `url` is not an HTTP URL. It takes
    a DOM of the page: it is for one's own pages.
    """
    media_type, charset = parse_content_type(content_type)
    if media_type not in HTML_TYPES:
        page = b""
    levels: tuple[str, ...] = _LEVELS
    unmatched = None
    if selector is not None:
        page, matched = _marked(b"".join(to_utf8([page], charset)), selector)
        charset, levels, unmatched = "utf-8", (_SELECTED,), None if matched else selector
    passing = Passing(url)
    collector, about, robots = EntryCollector(passing, url, levels), AboutCollector(passing), RobotsCollector()
    scan([page], passing, [collector, about, robots], charset=charset)
    entry, metas = collector.entry, about.metas
    return Post(
        url=url,
        links=tuple(PostLink(target=target, fingerprint=around) for target, around in entry.links()),
        left_out=entry.left_out,
        fingerprint=entry.fingerprint,
        noindex=robots.noindex or says_noindex(robots_headers),
        title=clean(about.title or metas.get("title") or about.heading, LONGEST_TITLE),
        site_name=clean(metas.get("site_name"), LONGEST_NAME),
        unmatched=unmatched,
    )


def outbound_links(page: bytes, *, url: str, content_type: str | None, selector: str | None = None) -> tuple[str, ...]:
    """The pages that the post on this page would ping, as `read_post` finds them."""
    post = read_post(page, url=url, content_type=content_type, selector=selector)
    return tuple(link.target for link in post.links)


class EntryCollector:
    """Follows all that may turn out to be the entry, to its end: which one it is, is known when the page is over."""

    tags = ends = EVERY

    def __init__(self, passing: Passing, url: str, levels: Sequence[str] = _LEVELS) -> None:
        self._passing = passing
        self._own_key = key_of(url)
        self._regions = {level: Region() for level in levels}
        self._inside: dict[str, int] = {}  # level → depth of the element that opened it
        self._over: set[str] = set()
        self._depth = 0
        self._quotes = 0  # how many <blockquote> are open
        # Depth of the outermost open element that is left out, and of the outermost that asks for silence; 0: none.
        self._left_out_at = 0
        self._silent_at = 0
        self._cite: Cite | None = None  # what is left out is what the entry answers
        self._taken = 0  # pieces of the passing text that the regions have
        self._to_resolve = MAX_RESOLVED
        self._left = MAX_ELEMENTS
        passing.at_break.append(self._block_ended)

    @property
    def done(self) -> bool:
        """A more exact entry may come at any time, but for pages that were made to keep us busy."""
        return self._left < 0

    @property
    def entry(self) -> Region:
        return next((region for region in self._regions.values() if region.found), Region())

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._left -= 1
        self._depth += 1
        self._quotes += tag == "blockquote"
        classes = frozenset(attributes.get("class", "").split())
        if not self._silent_at and _is_silent(classes, attributes):
            self._silent_at = self._depth
        reference = self._reference(tag, attributes)
        if self._cite:
            self._cite.element(classes, reference)
        if self._left_out_at:
            return
        answers = "h-entry" in self._inside and not _ANSWERS.isdisjoint(classes)
        if answers and reference is not None:
            self._add(reference, _marks(attributes, classes), answer=True)
        elif answers and any(name.startswith("h-") for name in classes):
            self._leave_out()
            self._cite = Cite(_marks(attributes, classes))
        elif _MARK not in attributes and self._is_left_out(tag, classes, attributes.get("id")):
            self._leave_out()
        else:
            self._enter(tag, classes, attributes)
            if reference is not None and tag != "link":
                self._add(reference, _marks(attributes, classes), answer=False)

    def end(self, tag: str) -> None:
        if self._depth == self._left_out_at:
            self._take_text()
            self._left_out_at = 0
            self._add_cited()
        elif self._cite:
            self._cite.end()
        if self._depth == self._silent_at:
            self._silent_at = 0
        for level in [level for level, depth in self._inside.items() if depth == self._depth]:
            self._take_text()
            del self._inside[level]
            if level not in _IN_PIECES:
                self._over.add(level)
        self._quotes -= tag == "blockquote"
        self._depth -= 1

    def _reference(self, tag: str, attributes: Mapping[str, str]) -> str | None:
        if self._silent_at or tag not in _LINKS or "nofollow" in attributes.get("rel", "").lower().split():
            return None
        return attributes.get("href")

    def _is_left_out(self, tag: str, classes: Set[str], name: str | None) -> bool:
        """Bodies are not: themes give them classes of all kinds. Nor is the footer of a quotation, its source,
        nor an h-cite among the entry's own words, which cites; elsewhere it is a mention."""
        if tag in ("html", "body"):
            return False
        if tag == "nav" or (tag == "footer" and not self._quotes):
            return True
        if "h-cite" in classes and _IN_PIECES.isdisjoint(self._inside):
            return True
        return name in _MENTIONS or not _MENTIONS.isdisjoint(classes)

    def _leave_out(self) -> None:
        self._take_text()
        self._left_out_at = self._depth

    def _enter(self, tag: str, classes: Set[str], attributes: Mapping[str, str]) -> None:
        for level in self._levels_of(tag, classes, attributes):
            if level in self._regions and level not in self._inside and level not in self._over:
                self._take_text()
                self._inside[level] = self._depth
                self._regions[level].found = True

    def _levels_of(self, tag: str, classes: Set[str], attributes: Mapping[str, str]) -> list[str]:
        levels = [tag] if tag in _LEVELS else []
        if "h-entry" in classes or "hentry" in classes:
            levels.append("h-entry")
        if "e-content" in classes and "h-entry" in self._inside:
            levels.append("e-content")
        if _MARK in attributes:
            levels.append(_SELECTED)
        return levels

    def _add_cited(self) -> None:
        cite, self._cite = self._cite, None
        if cite and cite.reference is not None:
            self._add(cite.reference, cite.marks, answer=True)

    def _add(self, reference: str, marks: bytes, *, answer: bool) -> None:
        # What the h-entry answers counts for its content too, which may be elsewhere or come later.
        levels = {*self._inside, "e-content"} if answer else self._inside
        regions = [self._regions[level] for level in levels]
        self._left -= len(regions)
        self._to_resolve -= len(self._passing.base) + len(reference)
        if self._to_resolve < 0:
            for region in regions:
                region.unread += 1
            return
        target = resolve(self._passing.base, reference)
        if target is None or not is_http(target) or (key := key_of(target)) == self._own_key:
            return
        for region in regions:
            region.add(key, as_written(reference, target), marks, answer=answer)

    def _take_text(self) -> None:
        """Give the regions that are open the text that passed since the last time."""
        pieces = self._passing.text[self._taken :]
        self._taken += len(pieces)
        if not self._left_out_at:
            for level in self._inside:
                self._regions[level].text += pieces

    def _block_ended(self) -> None:
        if self.done:
            return
        self._take_text()
        self._taken = 0
        for region in self._regions.values():
            region.end_block()
        self._passing.at_break.append(self._block_ended)


def _is_silent(classes: Set[str], attributes: Mapping[str, str]) -> bool:
    return not (_SILENT_CLASSES.isdisjoint(classes) and _SILENT_ATTRIBUTES.isdisjoint(attributes))


def _marks(attributes: Mapping[str, str], classes: Set[str]) -> bytes:
    """A link's rels and classes, whatever their order and number."""
    rels = sorted(set(attributes.get("rel", "").lower().split()))
    return f"|{' '.join(rels)}|{' '.join(sorted(classes))}".encode("utf-8", "replace")


def _marked(page: bytes, selector: str) -> tuple[bytes, bool]:
    """The page, in UTF-8, with a mark on the elements that the selector finds, and whether there are any."""
    from bs4 import BeautifulSoup
    from soupsieve import SelectorSyntaxError

    # bs4 warns of what might be a file's name, or XML; what begins so is neither.
    soup = BeautifulSoup(b"<!DOCTYPE html>" + for_a_dom(page, MAX_IN_DOM), "lxml", from_encoding="utf-8")
    try:
        found = soup.select(selector)
    except SelectorSyntaxError as error:
        raise ValueError(f"{selector!r} is not a CSS selector: {str(error).splitlines()[0]}") from None
    for element in found:
        element[_MARK] = ""
    return soup.encode("utf-8"), bool(found)
