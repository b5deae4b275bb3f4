"""A part of a page as somebody's words: plain text with its line breaks, and the same words as HTML of few elements.

Both are written in one go, so that they end at the same word. The HTML is not the page's: it is made anew of the tree,
from containers (quotations, lists, preformatted text), paragraphs in them, and emphasis and links in these, each opened
when a word needs it. So it is well nested, and nothing of it is empty.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import takewhile

from pingback.markup import LINK_REL, MAX_HTML, MAX_TAGS, TAGS, safe
from pingback.model import Content
from pingback.page.nodes import LINE_BREAK, Node
from pingback.page.scanner import BLOCKS
from pingback.page.tree import COMMENTS, HEADINGS, HIDDEN, MENU, NOSCRIPT, Page
from pingback.text import ELLIPSIS, printable, shorten

MAX_TEXT = 10_000  # characters
MAX_PLAIN = 5 * MAX_TEXT  # of plain text, white space included, that is looked at
MAX_NESTED = 10  # containers in one another
MAX_LINK = 1000  # characters of an address
_NOWHERE = "https://nowhere.invalid/"  # where text comes from, which holds no links

_NO_WORDS = HIDDEN | COMMENTS | MENU | NOSCRIPT
_UNSAID = frozenset(
    "annotation annotation-xml audio button canvas dialog embed form head input map meter nav object option progress"
    " select svg title video".split()
)
_FOR_SCREEN_READERS = frozenset(
    "screen-reader-text sr-only visually-hidden visuallyhidden".split()
)  # “opens in a new tab”
_LISTS = {"ul": ("li",), "ol": ("li",), "dl": ("dt", "dd")}
_ITEMS = frozenset(item for items in _LISTS.values() for item in items)
_CONTAINERS = frozenset({"blockquote", "pre", *_LISTS, *_ITEMS})
_INLINE = TAGS - _CONTAINERS - {"p", "br"}

_SPACE, _LINE, _PARAGRAPH = 1, 2, 3  # what parts two words
_PARTED = {"td": _SPACE, "th": _SPACE, "tr": _LINE, **dict.fromkeys(_ITEMS, _LINE)}  # other blocks by a paragraph
_NEW_LINES = re.compile("\r\n|[\r\v\f\x1c-\x1f\x85\u2028\u2029]")
_MANY_LINES = re.compile(r"\n[^\S\n]*\n\s*\n")
_MAX_GAP = 1000  # characters of white space
_MAX_BROKEN = 30  # characters of a word's beginning that are given up
_SHELL = 200  # characters of end tags and the like, at most


@dataclass(slots=True)
class LeftOut:
    """What of a part of a page is not said: elements by their indices, pieces, and of some pieces the beginning."""

    nodes: set[int] = field(default_factory=set)
    pieces: set[int] = field(default_factory=set)
    cut: dict[int, int] = field(default_factory=dict)


def content_of(page: Page, root: Node, left_out: LeftOut | None = None) -> Content | None:
    """The words of a part of the page; None where it has none."""
    left_out = left_out or LeftOut()
    writer = _Writer(page, root, left_out, MAX_TEXT)
    if writer.length > MAX_TEXT:  # only a text that is over at just that length needs no room for an ellipsis
        writer = _Writer(page, root, left_out, MAX_TEXT - len(ELLIPSIS))
    text = "".join(writer.text).strip()
    return Content(text=text, html=safe("".join(writer.html)).strip()) if text else None


def content_of_text(text: str) -> Content | None:
    """Plain text as such words: its lines stay lines, and its markup stays text."""
    markup = "<br>".join(map(escape, text[:MAX_PLAIN].splitlines()))
    page = Page([markup.encode("utf-8", "replace")], url=_NOWHERE, charset="utf-8")
    return content_of(page, page.root)


@dataclass(slots=True, eq=False)
class _Open:
    """An element as it is written, when a word needs it."""

    tag: str
    start: str


class _Writer:
    """Writes down a part of a page until it is over, or is too long."""

    def __init__(self, page: Page, root: Node, left_out: LeftOut, most: int) -> None:
        self.text: list[str] = []
        self.html: list[str] = []
        self.is_cut = False
        self.length = 0  # of the text
        self._most = most
        self._page, self._root, self._left_out = page, root, left_out
        self._size = self._tags = 0  # of the HTML
        # What the next word stands in, and what is open of that.
        self._containers: list[_Open] = []
        self._inlines: list[_Open] = []
        self._written: list[_Open] = []
        self._written_inlines: list[_Open] = []
        self._in_paragraph = False
        self._as_it_is = self._items = 0  # of the containers
        # What parts the next word from the last one.
        self._parted = self._breaks = 0
        self._gap = ""  # in preformatted text
        self._write()

    def _write(self) -> None:
        """Go through the part in document order, without a call for each level."""
        page, place, index = self._page, self._root.text, self._root.index + 1
        waiting = [(self._root, self._begin(self._root))]
        while waiting:
            node, opened = waiting[-1]
            inner = page.nodes[index] if index < node.stop else None
            stop = node.text_stop if inner is None else inner.text
            self._say_pieces(place, stop)
            if self.is_cut:
                break
            place = stop
            if inner is None:
                waiting.pop()
                self._end(node, opened)
            elif self._is_said(inner):
                index += 1
                waiting.append((inner, self._begin(inner)))
            else:
                place, index = inner.text_stop, inner.stop
                self._part(inner)
        self._close(0)

    def _say_pieces(self, start: int, stop: int) -> None:
        texts, left_out, cut = self._page.texts, self._left_out.pieces, self._left_out.cut
        for place in range(start, stop):
            if self.is_cut:
                return
            if place not in left_out:
                self._say(texts[place][cut[place] :] if place in cut else texts[place])

    def _is_said(self, node: Node) -> bool:
        if (
            node.tag in _UNSAID
            or node.index in self._left_out.nodes
            or not _FOR_SCREEN_READERS.isdisjoint(node.classes)
        ):
            return False
        return not node.parts & ~self._root.parts & _NO_WORDS

    def _begin(self, node: Node) -> _Open | None:
        """An element begins; gives what it has opened for its words."""
        tag = node.tag
        self._part(node)
        if tag in HEADINGS:
            tag = "strong"
        if tag in _CONTAINERS:
            around = self._containers[-1].tag if self._containers else ""
            if len(self._containers) >= MAX_NESTED or (tag in _ITEMS and tag not in _LISTS.get(around, ())):
                return None
            opened = _Open(tag, f"<{tag}>")
            self._containers.append(opened)
            self._as_it_is += tag == "pre"
            self._items += tag in _ITEMS
            return opened
        if tag == "img" and node.text not in self._left_out.pieces:
            self._say_picture(node.attributes)
        if tag not in _INLINE or any(each.tag == tag for each in self._inlines):
            return None
        start = f"<{tag}>" if tag != "a" else self._link(node)
        if start is None:
            return None
        opened = _Open(tag, start)
        self._inlines.append(opened)
        return opened

    def _end(self, node: Node, opened: _Open | None) -> None:
        if opened is not None and opened.tag in _CONTAINERS:
            self._containers.pop()
            self._as_it_is -= opened.tag == "pre"
            self._items -= opened.tag in _ITEMS
            self._gap = ""
        elif opened is not None:
            self._inlines.pop()
            if opened in self._written_inlines:
                self._written_inlines.pop()
                self._put(f"</{opened.tag}>")
        self._part(node)

    def _part(self, node: Node) -> None:
        """A block begins or ends. In lists each item is a line."""
        if node.tag in BLOCKS:
            level = _PARTED.get(node.tag, _PARAGRAPH)
            if level > _LINE and self._items:
                level = _LINE
            self._parted = max(self._parted, level)

    def _link(self, node: Node) -> str | None:
        if node is self._root:
            return None
        found = self._page.target(node.attributes.get("href", "")) if "href" in node.attributes else None
        if found is None or len(found[0]) > MAX_LINK:
            return None
        return f'<a href="{escape(found[0])}" rel="{LINK_REL}">'

    def _say_picture(self, attributes: Mapping[str, str]) -> None:
        words = attributes.get("alt", "").strip()
        # A description is parted from the words beside it, an emoji is one of them.
        self._say(f" {words} " if len(words.split()) > 1 else words)

    def _say(self, piece: str) -> None:
        if piece == LINE_BREAK:
            self._parted = max(self._parted, _LINE)
            self._breaks += 1
            return
        piece = printable(piece)
        if self._as_it_is:
            self._say_as_it_is(_NEW_LINES.sub("\n", piece))
            return
        words = " ".join(piece.split())
        if words and piece[0].isspace():
            self._parted = max(self._parted, _SPACE)
        if words:
            self._add(words)
        if piece[-1:].isspace():
            self._parted = max(self._parted, _SPACE)

    def _say_as_it_is(self, piece: str) -> None:
        words = piece.strip()
        if not words:
            self._gap = (self._gap + piece)[:_MAX_GAP]
            return
        start = piece.index(words[0])
        self._gap = (self._gap + piece[:start])[:_MAX_GAP]
        indented = "" if self._written == self._containers else self._gap.rpartition("\n")[2]
        self._add(indented + _MANY_LINES.sub("\n\n", words))
        self._gap = piece[start + len(words) :]

    def _add(self, words: str) -> None:
        """Write words down, with what parts them from the last ones, and what they stand in."""
        containers = self._containers
        while containers and containers[-1].tag in _LISTS:  # its words stand in items only
            containers = containers[:-1]
        between = self._between(containers)
        if self.length + len(between) + len(words) > self._most:
            left = MAX_TEXT - len(ELLIPSIS) - self.length - len(between)
            words = shorten(words, max(left, 0) + 1)
            if left <= 0 or (between and len(words) <= _MAX_BROKEN and " " not in words):
                between, words = "", ELLIPSIS  # instead of half a word
            self.is_cut = True
        markup = escape(words, quote=False)
        needed = [len(each.start) for each in (*containers, *self._inlines)]
        size = len(between) + len(markup) + sum(needed) + _SHELL
        if self._size + size > MAX_HTML or self._tags + 4 * len(needed) + 10 > MAX_TAGS:
            between, words, containers, self.is_cut = "", ELLIPSIS, self._written, True
            markup = ELLIPSIS
            self._inlines, self._parted = self._written_inlines[:], 0
        self._open(containers, between)
        self.html.append(markup)
        self._size += len(markup)
        self.text += between, words
        self.length += len(between) + len(words)
        self._parted = self._breaks = 0
        self._gap = ""

    def _between(self, containers: list[_Open]) -> str:
        """What parts the next word from the last one, as plain text."""
        if not self.text:
            return ""
        if self._as_it_is and containers == self._written:
            gap = _MANY_LINES.sub("\n\n", self._gap)
            return gap if "\n" in gap or self._parted < _LINE else "\n"
        if self._parted == _LINE:
            return "\n\n" if self._breaks > 1 else "\n"
        return ("", " ", "\n", "\n\n")[self._parted]

    def _open(self, containers: list[_Open], between: str) -> None:
        """Close what the next word does not stand in, and open what it does."""
        is_new = containers != self._written
        is_as_it_is = any(each.tag == "pre" for each in containers) if self._as_it_is else False
        if is_new or (self._parted == _PARAGRAPH and self._in_paragraph):
            pairs = zip(containers, self._written, strict=False)
            same = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], pairs))
            self._close(same)
            for each in containers[same:]:
                self._put(each.start)
                self._written.append(each)
        elif is_as_it_is or "\n" not in between:
            self.html.append(between)
            self._size += len(between)
        else:
            self._put("<br>" * between.count("\n"))
        if not self._in_paragraph and not (containers and containers[-1].tag in (*_ITEMS, "pre")):
            self._put("<p>")
            self._in_paragraph = True
        if len(self._inlines) > len(self._written_inlines):
            for each in self._inlines[len(self._written_inlines) :]:
                self._put(each.start)
                self._written_inlines.append(each)

    def _close(self, containers: int) -> None:
        """Close the paragraph, and all but so many of the containers."""
        ends = [each.tag for each in (*self._written[containers:], *self._written_inlines)]
        if self._in_paragraph:
            ends.insert(len(self._written) - containers, "p")
        for tag in reversed(ends):
            self._put(f"</{tag}>")
        del self._written[containers:]
        self._written_inlines.clear()
        self._in_paragraph = False

    def _put(self, markup: str) -> None:
        self.html.append(markup)
        self._size += len(markup)
        self._tags += markup.count("<")
