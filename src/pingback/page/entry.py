"""A page as the post that it holds: what the post links to and says, and not what the page around it does.

The post's words are its `e-content`, else all of it without chrome, or what the page's author chooses by a CSS
selector. What it answers is told wherever it stands in it.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple

from pingback.page.encoding import to_utf8
from pingback.page.endpoints import HTML_TYPES
from pingback.page.head import RobotsCollector, says_noindex
from pingback.page.items import Subject
from pingback.page.nature import Nature, nature_of
from pingback.page.nature import PageKind as PageKind
from pingback.page.nodes import LINE_BREAK, Node
from pingback.page.properties import LONGEST_NAME
from pingback.page.scanner import BLOCKS, for_a_dom
from pingback.page.titles import LONGEST_TITLE, best_of, heading_of, title_of
from pingback.page.tree import CHROME, COMMENTS, ENTRIES, LINK, MENU, SILENT, Item, Page
from pingback.protocols.headers import content_type as parse_content_type
from pingback.text import clean, plain
from pingback.urls import as_written

MAX_LINKS = 1000  # pages that one post pings; those over it are counted
MAX_IN_DOM = 20_000  # elements, where a selector wants a DOM
_CITED = 20  # links of what an entry answers that are looked at

BLOCK_LINKS = 3  # that lead to the own site and say most of a block, which is a menu then
BLOCK_TEXT = 0.7

_MARK = "data-pingback-selected"
_BRIDGE = "brid.gy"
# What a page has around its words. A post may be given as words alone.
_AROUND = re.compile(rb"<(?:!doctype|html|head|body)\b", re.IGNORECASE)


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

    `selector` is CSS and chooses the post's words; ValueError where it is not CSS, or where `url` is not an HTTP URL.
    It takes a DOM of the page: it is for one's own pages. `nofollow`: links with that rel count, too.
    """
    media_type, charset = parse_content_type(content_type)
    is_html = media_type in HTML_TYPES
    if not is_html:
        page = b""
    page = b"".join(to_utf8([page], charset))
    is_whole = _AROUND.search(page) is not None
    unmatched = None
    if selector is not None:
        page, matched = _marked(page, selector)
        unmatched = None if matched else selector
    subject = Subject(Page([page], url=url, charset="utf-8"))
    title = title_of(subject.page)
    words = _Words(subject, follow_all=nofollow)
    if selector is None:
        words.take_post()
    else:
        words.take_selected()
    nature = Nature(PageKind.POST)
    if not is_html:
        nature = Nature(PageKind.OTHER, f"it is not an HTML page but {plain(media_type)[:100]}")
    elif is_whole or title is not None:
        nature = nature_of(subject)
    metas = best_of(subject.page.metas)
    links, fingerprint = words.told()
    return Post(
        url=url,
        links=links,
        left_out=words.left_out,
        fingerprint=fingerprint,
        noindex=_says_noindex(subject.page) or says_noindex(robots_headers),
        title=clean(title or metas.get("title") or heading_of(subject.page), LONGEST_TITLE),
        site_name=clean(metas.get("site_name"), LONGEST_NAME),
        unmatched=unmatched,
        kind=nature.kind,
        why=nature.why,
        published=subject.published,
        nofollow=words.nofollow,
    )


def outbound_links(page: bytes, *, url: str, content_type: str | None, selector: str | None = None) -> tuple[str, ...]:
    """The pages that the post on this page would ping, as `read_post` finds them."""
    post = read_post(page, url=url, content_type=content_type, selector=selector)
    return tuple(link.target for link in post.links)


def published_of(page: bytes, *, url: str, content_type: str | None) -> datetime | None:
    """When the post on the HTML page that came from `url` was published, as the page says itself."""
    media_type, charset = parse_content_type(content_type)
    return Subject(Page([page], url=url, charset=charset)).published if media_type in HTML_TYPES else None


def _says_noindex(page: Page) -> bool:
    robots = RobotsCollector()
    for node in page.of["meta"]:
        robots.element("meta", node.attributes)
    return robots.noindex


class _Link:
    def __init__(self, target: str) -> None:
        self.target = target
        self.is_answer = False
        self.said = sha256()


class _Found(NamedTuple):
    """A link of the post: `node` says it, and `link` has the reference; they differ in what an entry answers."""

    node: Node
    link: Node
    is_answer: bool = False


class _Words:
    """What a post says, and the links in it that are told."""

    def __init__(self, subject: Subject, *, follow_all: bool) -> None:
        self._subject = subject
        self._page = subject.page
        self._follow_all = follow_all
        self._spans: list[tuple[int, int]] = []  # of the pieces of the page's words
        self._found: list[_Found] = []
        self._targets: dict[str, tuple[str, str] | None] = {}  # by references
        self._links: dict[str, _Link] = {}
        self._over: set[str] = set()  # the keys of links over MAX_LINKS, and references that were not resolved
        self._nofollow: set[str] = set()

    @property
    def left_out(self) -> int:
        """How many links are not told, as there are too many."""
        return len(self._over)

    @property
    def nofollow(self) -> int:
        return len(self._nofollow - self._links.keys())

    def take_post(self) -> None:
        post, page = self._subject.post, self._page
        item = post.own_item
        contents = self._contents(page.contents, post)
        for content in contents:
            self._take(content, MENU | COMMENTS)
        if not contents:
            for part in (item is not None and self._contents(page.classic_contents, post)) or [post]:
                self._take(part, CHROME, menus=_Menus(self._subject, part))
        for node in item.answers() if item is not None else ():
            if not node.parts & COMMENTS and (link := self._answered(node)) is not None:
                self._found.append(_Found(node, link, is_answer=True))
        for link in page.within(page.links, post):
            if link.item is post.item and not link.parts & COMMENTS:
                if item is not None and "in-reply-to" in link.rels:
                    self._found.append(_Found(link, link, is_answer=True))
                elif self._is_for_a_bridge(link, item):
                    self._found.append(_Found(link, link))

    def take_selected(self) -> None:
        stop = 0
        for node in self._page.nodes:
            if node.index >= stop and _MARK in node.attributes:
                stop = node.stop
                self._take(node, MENU | COMMENTS)

    def told(self) -> tuple[tuple[PostLink, ...], str]:
        """The links, and the fingerprint of all that is said."""
        waiting: dict[int, list[tuple[_Link, bytes]]] = {}
        for found in sorted(self._found, key=lambda found: found.node.index):
            link = self._link(found.link)
            if link is not None:
                link.is_answer = link.is_answer or found.is_answer
                waiting.setdefault(found.node.block, []).append((link, _marks(found.node)))
        said = sha256()
        for block, words in self._paragraphs(waiting):
            if words:
                said.update(words + b"\n")
            around = sha256(words).digest()  # once, however many links are in one paragraph
            for link, marks in waiting.get(block, ()):
                said.update(link.target.encode() + marks + b"\n")
                link.said.update(around + marks)
        for link in self._links.values():
            if link.is_answer:
                link.said.update(said.digest())
        links = tuple(PostLink(target=link.target, fingerprint=link.said.hexdigest()) for link in self._links.values())
        return links, said.hexdigest()

    def _contents(self, contents: Sequence[Node], post: Node) -> list[Node]:
        """The outermost of them that are the post's own."""
        found: list[Node] = []
        for node in self._page.within(contents, post):
            around = node.parent.item if node.parent is not None else None
            is_own = around is post.item and node is not post and not node.parts & COMMENTS
            if is_own and not (found and found[-1].holds(node)):
                found.append(node)
        return found

    def _take(self, root: Node, left_out: int, *, menus: "_Menus | None" = None) -> None:
        """The words and links of a part of the page, without those parts of it, and in it without menus and what it
        only cites."""
        nodes, place = self._page.nodes, root.index
        left_out &= ~root.parts
        start, enough = root.text, self._page.prose(root)
        while place < root.stop:
            node = nodes[place]
            if node is not root and (
                node.parts & left_out or (menus is not None and (menus.holds(node) or self._is_lesser(node, enough)))
            ):
                self._spans.append((start, node.text))
                start, place = node.text_stop, node.stop
                continue
            if node.parts & LINK and "href" in node.attributes and node.tag in ("a", "area"):
                self._found.append(_Found(node, node))
            place += 1
        self._spans.append((start, root.text_stop))

    def _is_lesser(self, node: Node, prose: int) -> bool:
        """It is cited by a post of so much prose, or is an article or entry within that is not most of it."""
        if "h-cite" in node.classes:
            return True
        is_entry = node.tag == "article" or not ENTRIES.isdisjoint(node.classes)
        return is_entry and 2 * self._page.prose(node) < prose

    def _answered(self, node: Node) -> Node | None:
        """Where what an entry answers is: the node itself, or the `u-url` or first link of the box that tells of it."""
        if "href" in node.attributes:
            return node
        if (box := node.own_item) is not None:
            for each in box.properties.get("u-url", ()):
                if "href" in each.attributes:
                    return each
        links = self._page.links
        first = bisect_left(links, node.index, key=lambda link: link.index)
        for link in links[first : first + _CITED]:
            if node.holds(link) and link.item is node.item:  # and not, say, its author's
                return link
        return None

    def _is_for_a_bridge(self, link: Node, item: Item | None) -> bool:
        """An empty link to a service that is told by it: `<a href="https://brid.gy/publish/mastodon"></a>`."""
        is_empty = link.tag == "a" and link.stop == link.index + 1 and not self._page.all_said(link)
        if not is_empty or "title" in link.attributes or "aria-label" in link.attributes:
            return False
        key = self._subject.key_of_link(link)
        if key is None or self._subject.is_site(key):
            return False
        host = key.partition("/")[0]
        named = not link.classes or any(name.startswith("u-bridgy") for name in link.classes)
        return host == _BRIDGE or host.endswith(f".{_BRIDGE}") or (named and item is not None)

    def _link(self, node: Node) -> _Link | None:
        """The link to where a node leads, if it is told; of several with one key the first one's target counts."""
        reference = node.attributes["href"]
        found = None if node.parts & SILENT else self._target(reference)
        if found is None:
            return None
        url, key = found
        if not self._follow_all and "nofollow" in node.rels:
            self._nofollow.add(key)
            return None
        if key not in self._links:
            if len(self._links) == MAX_LINKS:
                self._over.add(key)
                return None
            self._links[key] = _Link(as_written(reference, url))
        return self._links[key]

    def _target(self, reference: str) -> tuple[str, str] | None:
        """Where a reference leads, and its key; None where that is nothing to be told."""
        if reference not in self._targets:
            found = self._page.target(reference)
            if reference in self._page.unread:
                self._over.add(reference)
            is_told = found and not (self._subject.is_own_name(found[1]) or self._subject.is_held_by(found[0]))
            self._targets[reference] = found if is_told else None
        return self._targets[reference]

    def _paragraphs(self, waiting: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """The words that stand together, white space folded, and the numbers of these with links that wait for them."""
        words: dict[int, list[str]] = {number: [] for number in waiting}
        for start, stop in self._spans:
            for place in range(start, stop):
                if self._page.texts[place] != LINE_BREAK:  # as fingerprints always had it: a new one sends all again
                    words.setdefault(self._page.blocks[place], []).append(self._page.texts[place])
        for number in sorted(words):
            yield number, " ".join("".join(words[number]).split()).encode("utf-8", "replace")


class _Menus:
    """The blocks of a part of the page whose links all lead to the own site, and are most of what they say."""

    def __init__(self, subject: Subject, root: Node) -> None:
        self._page = subject.page
        keys = [(link.index, subject.key_of_link(link)) for link in self._page.within(self._page.links, root)]
        known = [(index, key) for index, key in keys if key is not None]
        self._links = [index for index, _ in known]
        self._foreign = [0, *accumulate(not subject.is_site(key) for _, key in known)]

    def holds(self, node: Node) -> bool:
        if node.tag not in BLOCKS or node.tag in ("html", "body"):
            return False
        first, stop = bisect_left(self._links, node.index), bisect_left(self._links, node.stop)
        if stop - first < BLOCK_LINKS or self._foreign[stop] > self._foreign[first]:
            return False
        return self._page.linked(node) >= BLOCK_TEXT * self._page.all_said(node)


def _marks(node: Node) -> bytes:
    """A link's rels and classes, whatever their order and number."""
    if "rel" not in node.attributes and not node.classes:
        return b"||"
    rels = sorted(set(node.rels))
    return f"|{' '.join(rels)}|{' '.join(sorted(node.classes))}".encode("utf-8", "replace")


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
