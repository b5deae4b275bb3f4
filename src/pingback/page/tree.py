"""A page as a tree, read once: its elements and words in document order, what is chrome of it, and its microformats.

A node's words, links and descendants are ranges of the page's lists, so that what is asked of a part of the page costs
the same for a small and a large one. Properties belong to the nearest item around them (microformats2 parsing).
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

from pingback.page.extent import COMMENT, COMMENT_LISTS, HIDDEN_STYLE, PAGERS, Extent
from pingback.page.nodes import ROOTS, Builder, Node, above
from pingback.page.scanner import feed
from pingback.text import plain
from pingback.urls import key_of, resolve_with_key

# Characters of references, and of the base that each is resolved against. All links of a usual page of 1 MiB need less;
# with a base of 8,000 letters short ones would become a gigabyte.
MAX_RESOLVED = 8 * 1024 * 1024

PIECE = 16 * 1024  # bytes that are parsed together

# What a node is or stands in.
LINK, CHROME, MENU, COMMENTS, ENTRY, CITE, QUOTE, SILENT, NOSCRIPT, HIDDEN = (1 << place for place in range(10))

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
CELLS = ("li", "td", "dt", "dd")
ENTRIES = frozenset({"h-entry", "hentry"})
# What begins an item of its own. By name: style sheets call their heights `h-…`.
_ITEMS = ENTRIES | frozenset(
    "h-feed hfeed h-cite h-card vcard h-event vevent h-item h-product h-recipe h-review hreview h-adr adr h-geo geo"
    " h-resume h-listing h-measure".split()
)
# What an item says of what it answers, in order of precedence where it does several.
ANSWERS = ("u-like-of", "u-repost-of", "u-bookmark-of", "u-in-reply-to")
ANSWER_CLASSES = frozenset(ANSWERS).union(f"p-{name[2:]}" for name in ANSWERS)  # older pages write `p-`
_PROPERTIES = {
    name: name
    for name in (
        *ANSWERS,
        *"u-quotation-of u-url u-uid u-photo u-author p-author p-name p-summary p-rsvp e-content dt-published".split(),
    )
} | {f"p-{name[2:]}": name for name in (*ANSWERS, "u-quotation-of")}
_PROPERTIES |= {"e-summary": "p-summary"}  # themes have it, and Post Kinds, a plugin for WordPress
# What an item's properties are called by classic microformats (hAtom, hCard), by the class of the item.
_CLASSIC_ENTRY = {
    "entry-title": "p-name",
    "entry-summary": "p-summary",
    "entry-content": "e-content",
    "author": "p-author",
    "published": "dt-published",
}
_CLASSIC = {
    "hentry": _CLASSIC_ENTRY,
    "hfeed": {"author": "p-author"},
    "vcard": {"fn": "p-name", "url": "u-url", "uid": "u-uid", "photo": "u-photo"},
    "vevent": {"summary": "p-name", "url": "u-url", "uid": "u-uid"},
    "hreview": {"summary": "p-name", "description": "e-content", "reviewer": "p-author", "dtreviewed": "dt-published"},
}

_PARTS = {
    "nav": CHROME | MENU,
    "aside": CHROME,
    "dialog": CHROME,
    "title": CHROME,
    "article": ENTRY,
    "blockquote": QUOTE,
    "noscript": NOSCRIPT,
}
_ROLES = {
    "navigation": CHROME | MENU,
    "complementary": CHROME,
    "contentinfo": CHROME,
    "banner": CHROME,
    "search": CHROME | MENU,
}
_LISTED = (*HEADINGS, *CELLS, "p", "main", "body", "html", "title", "meta", "link", "time")
_TELLING = frozenset(("header", "footer", "form", *_LISTED, *_PARTS))  # elements that tell something without attributes
_COMMENT = frozenset({"li", "div", "article", "section"})  # where the class is no word of a highlighter
# `wm-nosend` is django-wm's word.
_SILENT_CLASSES = frozenset({"no-ping", "wm-nosend"})
_SILENT_ATTRIBUTES = frozenset({"data-no-ping", "data-wm-nosend"})
_RARE = _SILENT_ATTRIBUTES | {"role", "hidden", "aria-hidden", "style", "itemprop", "itemtype", "property"}
# When a post was written, in RDFa as Drupal has it.
_CREATED = frozenset({"schema:dateCreated", "schema:datePublished", "dc:date dc:created"})
_COMMENT_TYPES = frozenset(
    f"{scheme}://schema.org/{name}" for scheme in ("http", "https") for name in ("Comment", "UserComments")
)


class Item:
    """A microformat: its own properties are those that no item within it is nearer to."""

    __slots__ = ("classic", "node", "parent", "properties")

    def __init__(self, node: Node, parent: "Item | None") -> None:
        self.node = node
        self.classic = next((_CLASSIC[name] for name in _CLASSIC if name in node.classes), None)
        self.parent = parent
        self.properties: dict[str, list[Node]] = {}

    def answers(self) -> Iterator[Node]:
        """What it replies to, likes, reposts or bookmarks."""
        for name in ANSWERS:
            yield from self.properties.get(name, ())


class Page:
    """`texts` are the pieces of its words, and `blocks` the numbers of the paragraphs that these stand in.

    An `extent` is how much of it is read; `wanted` are the elements with links to the target that it is read for.
    `is_plain`: it speaks as a whole, and no part of it by itself.
    """

    def __init__(self, utf8: Sequence[bytes], *, url: str, charset: str | None, extent: Extent | None = None) -> None:
        key_of(url)
        built = Builder(url, extent)
        feed(utf8, built, charset=charset, size=PIECE)
        if extent is not None and built.is_to_be_read_anew():
            extent.widen()
            built = Builder(url, extent)
            feed(utf8, built, charset=charset, size=PIECE)
        self.url, self.base = url, built.base
        self.nodes, self.texts, self.wanted = built.nodes, built.texts, built.wanted
        self.root = built.nodes[0]
        self.is_plain = extent is not None and extent.is_plain
        self._breaks, self._scripts = built.breaks, built.scripts
        self._to_resolve = MAX_RESOLVED
        self._targets: dict[str, tuple[str, str] | None] = {}
        self.unread: set[str] = set()  # references that were not resolved: there were too many
        self.links: list[Node] = []
        self.items: list[Item] = []
        self.of: dict[str, list[Node]] = {tag: [] for tag in _LISTED}
        self.entries: list[Node] = []
        self.contents: list[Node] = []  # with the class `e-content`
        self.classic_contents: list[Node] = []  # with the class `entry-content`
        self.dated: list[Node] = []
        self.ids: dict[str, Node] = {}
        self._mark()

    def within(self, nodes: Sequence[Node], part: Node, *, before: Node | None = None) -> Sequence[Node]:
        """Those of some nodes in document order that stand in a part of the page, or before another node in it."""
        stop = part.stop if before is None else before.index
        first = bisect_left(nodes, part.index, key=_index)
        return nodes[first : bisect_left(nodes, stop, first, key=_index)]

    def first_within(self, nodes: Sequence[Node], part: Node) -> Node | None:
        """The first of them."""
        first = bisect_left(nodes, part.index, key=_index)
        return nodes[first] if first < len(nodes) and nodes[first].index < part.stop else None

    def prose(self, node: Node) -> int:
        """Characters outside links and chrome."""
        return self._sums.prose[node.text_stop] - self._sums.prose[node.text]

    def said(self, start: int, stop: int) -> int:
        """Characters of a range of pieces, outside chrome."""
        return self._sums.said[stop] - self._sums.said[start]

    def all_said(self, node: Node) -> int:
        return self._sums.all[node.text_stop] - self._sums.all[node.text]

    def linked(self, node: Node) -> int:
        """Characters within links."""
        return self._sums.linked[node.text_stop] - self._sums.linked[node.text]

    def text(self, node: Node) -> str:
        """Its words on one line, with a blank wherever markup breaks it."""
        return plain(self.words(node.text, node.text_stop))

    def words(self, start: int, stop: int) -> str:
        """A range of pieces, with a blank between paragraphs."""
        first = bisect_right(self._breaks, start)
        places = [start, *self._breaks[first : bisect_left(self._breaks, stop, first)], stop]
        return " ".join("".join(self.texts[place:end]) for place, end in pairwise(places) if place < end)

    def target(self, reference: str) -> tuple[str, str] | None:
        """An `href` as an absolute HTTP URL, and its key; None where it is none, or where too many were asked for."""
        if reference in self._targets:
            return self._targets[reference]
        self._to_resolve -= len(self.base) + len(reference)
        if self._to_resolve < 0:
            self.unread.add(reference)
            return None
        found = self._targets[reference] = resolve_with_key(reference, base=self.base)
        return found

    @cached_property
    def metas(self) -> dict[str, str]:
        """What the `<meta>` elements outside comments say, by their names in lower case; of several the first.

        Those of microdata say nothing where they say different things, as in a list, or stand in an entry without a
        wanted link.
        """
        found: dict[str, str] = {}
        scoped: dict[str, set[str]] = {}
        for node in self.of["meta"]:
            each = node.attributes
            content = each.get("content", "")
            if not content.strip() or node.parts & COMMENTS:
                continue
            if name := each.get("property") or each.get("name"):
                found.setdefault(name.strip().lower(), content)
            elif (name := each.get("itemprop")) and self._may_be_of_wanted(node):
                scoped.setdefault(name.strip().lower(), set()).add(content)
        return {name: contents.pop() for name, contents in scoped.items() if len(contents) == 1} | found

    @cached_property
    def json_ld(self) -> list[tuple[frozenset[str], Mapping[str, Any]]]:
        """What the page says of itself in JSON-LD, at the top or in a graph, each with its types."""
        found: list[tuple[frozenset[str], Mapping[str, Any]]] = []
        for script in self._scripts:
            try:
                told = json.loads(script)
            except (ValueError, RecursionError):
                continue
            for thing in told if isinstance(told, list) else [told]:
                graph = thing.get("@graph") if isinstance(thing, dict) else None
                for each in graph if isinstance(graph, list) else [thing]:
                    if isinstance(each, dict):
                        types = each.get("@type")
                        names = types if isinstance(types, list) else [types]
                        found.append((frozenset(name for name in names if isinstance(name, str)), each))
        return found

    def _may_be_of_wanted(self, node: Node) -> bool:
        if not (node.parts & ENTRY and self.wanted):
            return True
        around = (each for each in above(node) if each.tag == "article" or not ENTRIES.isdisjoint(each.classes))
        entry = next(around, None)
        return entry is None or self.first_within(self.wanted, entry) is not None

    def _mark(self) -> None:
        """What each node is and stands in, and whose property it is. Called once for all of a page: it is plain."""
        of, holders = self.of, self._holders()
        for node in self.nodes[1:]:
            parent, tag, attributes = node.parent, node.tag, node.attributes
            if parent is None:
                continue
            parts, item = parent.parts, parent.item
            if not attributes and tag not in _TELLING:
                node.parts, node.item = parts, item
                continue
            if tag in of:
                of[tag].append(node)
            if tag in _PARTS:
                parts |= _PARTS[tag]
            elif tag == "header":
                parts |= 0 if parts & ENTRY else CHROME
            elif tag == "footer":
                parts |= 0 if parts & QUOTE else CHROME
            elif tag == "form":
                parts |= 0 if self.first_within(holders, node) else CHROME
            if attributes:
                if "href" in attributes and tag in ("a", "area"):
                    parts |= LINK
                    self.links.append(node)
                parts |= self._marks_of(node, tag, attributes)
                if node.classes:
                    if "e-content" in node.classes:
                        self.contents.append(node)
                    elif "entry-content" in node.classes:
                        self.classic_contents.append(node)
                    item = self._item_of(node, node.classes, item)
            if tag == "article" or not ENTRIES.isdisjoint(node.classes):
                self.entries.append(node)
                if tag not in ("html", "body"):
                    parts |= ENTRY
            node.parts, node.item = parts, item

    def _holders(self) -> list[Node]:
        """What no form is around but one that is around the whole page."""
        return [node for node in self.nodes if node.tag in ("main", "article")]

    def _marks_of(self, node: Node, tag: str, attributes: Mapping[str, str]) -> int:
        parts = 0
        if "class" in attributes:
            node.classes = classes = frozenset(attributes["class"].split())
            if not _SILENT_CLASSES.isdisjoint(classes):
                parts |= SILENT
            if tag not in ROOTS and (
                not COMMENT_LISTS.isdisjoint(classes) or ("comment" in classes and tag in _COMMENT)
            ):
                parts |= COMMENTS | CHROME
            if not PAGERS.isdisjoint(classes) and tag not in ROOTS:
                parts |= CHROME | MENU
            if "h-cite" in classes:
                parts |= CITE
        if "id" in attributes:
            self.ids.setdefault(attributes["id"], node)
            if attributes["id"] in COMMENT_LISTS and tag not in ROOTS:
                parts |= COMMENTS | CHROME
        if attributes.get("itemprop") == "datePublished" or (tag == "abbr" and "published" in node.classes):
            self.dated.append(node)
        if _RARE.isdisjoint(attributes):
            return parts
        if "role" in attributes and tag not in ROOTS:
            role = attributes["role"].strip().lower()
            parts |= _ROLES.get(role, 0)
            if role == "main":
                self.of["main"].append(node)
        if (
            "hidden" in attributes
            or attributes.get("aria-hidden") == "true"
            or ("style" in attributes and HIDDEN_STYLE.search(attributes["style"]))
        ) and tag not in ROOTS:
            parts |= CHROME | HIDDEN
        if not _SILENT_ATTRIBUTES.isdisjoint(attributes):
            parts |= SILENT
        if attributes.get("property") in _CREATED:
            self.dated.append(node)
        if is_comment(attributes) and tag not in ROOTS:
            parts |= COMMENTS | CHROME
        return parts

    def _item_of(self, node: Node, classes: frozenset[str], around: Item | None) -> Item | None:
        """Note what the node says of the item around it, and give the item that it stands in or is."""
        if around is not None:
            names = {_PROPERTIES[name] for name in classes if name in _PROPERTIES}
            if around.classic is not None:
                names |= {around.classic[name] for name in classes if name in around.classic}
            for name in names:
                around.properties.setdefault(name, []).append(node)
        if _ITEMS.isdisjoint(classes):
            return around
        item = Item(node, around)
        self.items.append(item)
        return item

    @cached_property
    def blocks(self) -> list[int]:
        """The numbers of the paragraphs that the pieces stand in."""
        numbers: list[int] = []
        for number, place in enumerate((*self._breaks, len(self.texts))):
            numbers += [number] * (place - len(numbers))
        return numbers

    @cached_property
    def _sums(self) -> "_Sums":
        return _Sums(self.texts, self.nodes)


class _Sums:
    """Characters up to each piece, white space folded: all of them, those outside chrome, outside links too, in links.

    Pieces that one element has between two others count together, however the parser cuts them.
    """

    def __init__(self, texts: Sequence[str], nodes: Sequence[Node]) -> None:
        lengths: list[int] = []
        parts: list[int] = []
        for stop, part in _runs(nodes):
            pieces = texts[len(lengths) : stop]
            if pieces:
                lengths += [0] * (len(pieces) - 1)
                lengths.append(len(" ".join("".join(pieces).split())))
                parts += [part] * len(pieces)
        pairs = list(zip(lengths, parts, strict=True))
        self.all = [0, *accumulate(lengths)]
        self.said = [0, *accumulate(0 if part & CHROME else length for length, part in pairs)]
        self.prose = [0, *accumulate(0 if part & (CHROME | LINK) else length for length, part in pairs)]
        self.linked = [0, *accumulate(length if part & LINK else 0 for length, part in pairs)]


def _runs(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """Where the pieces end that stand together in one element, and not in one within it, and what that is part of."""
    around = [nodes[0]]
    for node in nodes[1:]:
        while node.index >= around[-1].stop:
            yield around[-1].text_stop, around.pop().parts
        yield node.text, around[-1].parts
        around.append(node)
    while around:
        yield around[-1].text_stop, around.pop().parts


def is_comment(attributes: Mapping[str, str]) -> bool:
    """In schema.org's words, by its property or its type: forums have only the one or the other."""
    return attributes.get("itemprop") == COMMENT or attributes.get("itemtype", "").strip() in _COMMENT_TYPES


def _index(node: Node) -> int:
    return node.index
