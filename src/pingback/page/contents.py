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
from pingback.page.extent import FOR_SCREEN_READERS, UNSAID
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
_LISTS = {"ul": ("li",), "ol": ("li",), "dl": ("dt", "dd")}
_ITEMS = frozenset(item for items in _LISTS.values() for item in items)
_CONTAINERS = frozenset({"blockquote", "pre", *_LISTS, *_ITEMS})
_WITHOUT_PARAGRAPH = _ITEMS | {"pre"}
_PHRASES = TAGS - _CONTAINERS - {"p", "br"}  # emphasis, links and the like
_INLINE = {tag: tag for tag in _PHRASES} | dict.fromkeys(HEADINGS, "strong")

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


class _Writer:
    """Writes down a part of a page until it is over, or is too long."""

    def __init__(self, page: Page, root: Node, left_out: LeftOut, most: int) -> None:
        self.text: list[str] = []
        self.html: list[str] = []
        self.is_cut = False
        self.length = 0  # of the text
        self._most = most
        self._page, self._root, self._left_out = page, root, left_out
        self._pieces = _pieces_of(page, left_out)
        self._unsaid = _NO_WORDS & ~root.parts
        self._size = self._tags = 0  # of the HTML
        # What the next word stands in: containers, and the start tags of inlines by their names. What is open of that:
        # some containers, and the inlines but for the last ones, whose tags wait for a word.
        self._containers: list[Node] = []
        self._inlines: dict[str, str] = {}
        self._written: list[Node] = []
        self._waiting: list[str] = []
        self._in_paragraph = False
        self._as_it_is = self._items = 0  # of the containers
        # What parts the next word from the last one. Less than a line: then it stands in the same containers.
        self._parted, self._breaks = _PARAGRAPH, 0
        self._gap = ""  # in preformatted text
        self._write()
        self.html.append(self._close(0))

    def _write(self) -> None:
        """Go through the part in document order, without a call for each level."""
        nodes, pieces, place, index = self._page.nodes, self._pieces, self._root.text, self._root.index + 1
        around: list[tuple[Node, str | None]] = []
        node, opened = self._root, self._begin(self._root)
        while True:
            inner = nodes[index] if index < node.stop else None
            stop = node.text_stop if inner is None else inner.text
            for piece in pieces[place:stop]:
                self._say(piece)
            if self.is_cut:
                return
            place = stop
            if inner is None:
                self._end(node, opened)
                if not around:
                    return
                node, opened = around.pop()
            elif not self._is_said(inner):
                place, index = inner.text_stop, inner.stop
                self._part(inner.tag)
            elif inner.tag == "p" and self._say_at_once(inner):
                place, index = inner.text_stop, inner.stop
            else:
                around.append((node, opened))
                node, opened = inner, self._begin(inner)
                index += 1

    def _is_said(self, node: Node) -> bool:
        return not (
            node.parts & self._unsaid
            or node.tag in UNSAID
            or node.index in self._left_out.nodes
            or not FOR_SCREEN_READERS.isdisjoint(node.classes)
        )

    def _say_at_once(self, paragraph: Node) -> bool:
        """Write down a paragraph of words, emphasis and links beside one another, as most are, in half of the time that
        its pieces take; False, and nothing is written, where it is none or may be too long."""
        parts = self._parts_of(paragraph)
        text, markup = "".join(parts[::2]).replace("\n", " "), "".join(parts).replace("\n", " ")
        if (
            not text
            or not text.isprintable()
            or "  " in text
            or text.strip() != text
            or escape(text, quote=False) != text
        ):
            return False
        if self.length + len("\n\n") + len(text) > self._most or self._is_near(len(markup), len(parts)):
            return False
        self._part(paragraph.tag)
        containers, between = self._place()
        self._tags += len(parts) // 2
        self._write_down(between + text, self._move(containers, between) + markup)
        self._part(paragraph.tag)
        return True

    def _parts_of(self, paragraph: Node) -> list[str]:
        """The words of such a paragraph, and between any two of them a tag."""
        if self._inlines or self._as_it_is:
            return []
        parts: list[str] = []
        pieces, place = self._pieces, paragraph.text
        for node in self._page.nodes[paragraph.index + 1 : paragraph.stop]:
            tag = node.tag
            if tag not in _PHRASES or node.stop > node.index + 1 or not self._is_said(node):
                return []
            words = "".join(pieces[node.text : node.text_stop])
            start = f"<{tag}>" if tag != "a" else self._link(node)
            if start is None or not words or words[0].isspace() or words[-1].isspace():
                return []
            parts += "".join(pieces[place : node.text]), start, words, f"</{tag}>"
            place = node.text_stop
        parts.append("".join(pieces[place : paragraph.text_stop]))
        return parts

    def _begin(self, node: Node) -> str | None:
        """An element begins; gives the tag that it has opened for its words."""
        if node.tag in BLOCKS:
            self._part(node.tag)
        if node.tag in _CONTAINERS:
            return self._begin_container(node)
        if node.tag == "img" and node.text not in self._left_out.pieces:
            self._say_picture(node.attributes)
        tag = _INLINE.get(node.tag)
        if tag is None or tag in self._inlines:
            return None
        start = f"<{tag}>" if tag != "a" else self._link(node)
        if start is None:
            return None
        self._inlines[tag] = start
        self._waiting.append(start)
        return tag

    def _begin_container(self, node: Node) -> str | None:
        tag = node.tag
        around = self._containers[-1].tag if self._containers else ""
        if len(self._containers) >= MAX_NESTED or (tag in _ITEMS and tag not in _LISTS.get(around, ())):
            return None
        self._containers.append(node)
        self._as_it_is += tag == "pre"
        self._items += tag in _ITEMS
        return tag

    def _end(self, node: Node, opened: str | None) -> None:
        if opened in self._inlines:
            del self._inlines[opened]
            if self._waiting:
                self._waiting.pop()
            else:
                self._put(f"</{opened}>")
        elif opened is not None:
            self._containers.pop()
            self._as_it_is -= opened == "pre"
            self._items -= opened in _ITEMS
            self._gap = ""
        if node.tag in BLOCKS:
            self._part(node.tag)

    def _part(self, tag: str) -> None:
        """An element begins or ends. In lists each item is a line."""
        level = _PARTED.get(tag, _PARAGRAPH) if tag in BLOCKS else 0
        if level > _LINE and self._items:
            level = _LINE
        if self._parted < level:
            self._parted = level

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
        if self.is_cut:
            return
        if piece == LINE_BREAK:
            self._parted = max(self._parted, _LINE)
            self._breaks += 1
            return
        if self._as_it_is:
            self._say_as_it_is(_NEW_LINES.sub("\n", printable(piece)))
            return
        words = " ".join(piece.split())
        if not words.isprintable():
            piece = printable(piece)
            words = " ".join(piece.split())
        if piece and not self._parted and piece[:1] != words[:1]:
            self._parted = _SPACE
        if words:
            self._add(words)
            if piece[-1] != words[-1]:
                self._parted = _SPACE

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
        goes_on = self._parted <= _SPACE and not self._as_it_is
        containers, between = (self._written, " " if self._parted else "") if goes_on else self._place()
        if self.length + len(between) + len(words) > self._most:
            left = MAX_TEXT - len(ELLIPSIS) - self.length - len(between)
            words = shorten(words, max(left, 0) + 1)
            if left <= 0 or (between and len(words) <= _MAX_BROKEN and " " not in words):
                between, words = "", ELLIPSIS  # instead of half a word
            self.is_cut = True
        markup = escape(words, quote=False) if "&" in words or "<" in words or ">" in words else words
        if self._is_near(len(markup), 0) and self._is_too_much(containers, between + markup):
            between, words, markup, containers, self.is_cut = "", ELLIPSIS, ELLIPSIS, self._written, True
            self._parted = 0
            for _ in range(len(self._waiting)):
                self._inlines.popitem()
            self._waiting.clear()
        shell = between if goes_on else self._move(containers, between)
        if self._waiting:
            shell += "".join(self._waiting)
            self._tags += len(self._waiting)
            self._waiting.clear()
        self._write_down(between + words, shell + markup)

    def _write_down(self, text: str, markup: str) -> None:
        self.text.append(text)
        self.length += len(text)
        self.html.append(markup)
        self._size += len(markup)
        self._parted = self._breaks = 0

    def _place(self) -> tuple[list[Node], str]:
        """The containers that the next word stands in, and what parts it from the last one, as plain text."""
        containers = self._containers
        while containers and containers[-1].tag in _LISTS:  # its words stand in items only
            containers = containers[:-1]
        return containers, self._between(containers)

    def _is_near(self, size: int, tags: int) -> bool:
        """So much may be too much: half of what there is room for is more than all the tags that a word may need."""
        return self._size + size > MAX_HTML // 2 or self._tags + tags > MAX_TAGS // 2

    def _is_too_much(self, containers: list[Node], markup: str) -> bool:
        """There is no room for some words, with all the tags that they may need."""
        starts = [*(f"<{each.tag}>" for each in containers), *self._inlines.values()]
        size = len(markup) + sum(map(len, starts)) + _SHELL
        return self._size + size > MAX_HTML or self._tags + 4 * len(starts) + 10 > MAX_TAGS

    def _between(self, containers: list[Node]) -> str:
        """What parts the next word from the last one, as plain text."""
        if not self.text:
            return ""
        if self._as_it_is and containers == self._written:
            gap = _MANY_LINES.sub("\n\n", self._gap)
            return gap if "\n" in gap or self._parted < _LINE else "\n"
        if self._parted == _LINE:
            return "\n\n" if self._breaks > 1 else "\n"
        return ("", " ", "\n", "\n\n")[self._parted]

    def _move(self, containers: list[Node], between: str) -> str:
        """Tags that close what the next word does not stand in, and open the containers and paragraph that it does."""
        is_elsewhere = containers != self._written
        if is_elsewhere or (self._parted == _PARAGRAPH and self._in_paragraph):
            markup = self._close(_same(containers, self._written) if is_elsewhere else len(containers))
            for each in containers[len(self._written) :]:
                markup += f"<{each.tag}>"
                self._written.append(each)
        elif "\n" not in between or (self._as_it_is and any(each.tag == "pre" for each in containers)):
            markup = between
        else:
            markup = "<br>" * between.count("\n")
        if not self._in_paragraph and not (containers and containers[-1].tag in _WITHOUT_PARAGRAPH):
            markup += "<p>"
            self._in_paragraph = True
        self._tags += markup.count("<")
        return markup

    def _close(self, containers: int) -> str:
        """Close the paragraph, and all but so many of the containers. The inlines wait for the next word."""
        markup = ""
        if self._inlines:
            written = [*self._inlines][: len(self._inlines) - len(self._waiting)]
            markup = "".join([f"</{tag}>" for tag in reversed(written)])
            self._waiting = [*self._inlines.values()]
        if self._in_paragraph:
            markup += "</p>"
            self._in_paragraph = False
        while len(self._written) > containers:
            markup += f"</{self._written.pop().tag}>"
        return markup

    def _put(self, markup: str) -> None:
        self.html.append(markup)
        self._size += len(markup)
        self._tags += 1


def _same(containers: list[Node], others: list[Node]) -> int:
    """How many of the outer ones are the same."""
    pairs = zip(containers, others, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], pairs))


def _pieces_of(page: Page, left_out: LeftOut) -> list[str]:
    """The pieces of a page, those that are left out empty."""
    if not left_out.pieces and not left_out.cut:
        return page.texts
    pieces = page.texts[:]
    for place, length in left_out.cut.items():
        pieces[place] = pieces[place][length:]
    for place in left_out.pieces:
        pieces[place] = ""
    return pieces
