"""A page's elements and words in document order, as the parser gives them: what `Page` is made of."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from pingback.page.extent import CONTENT, ENTRY, MAX_BEGINNING, SKIPPED, WANTED, Extent
from pingback.page.omitted import FOREIGN, WATCHED
from pingback.page.scanner import BLOCKS, TOLD, UNSEEN, is_shown
from pingback.text import plain
from pingback.urls import base_of

if TYPE_CHECKING:
    from pingback.page.tree import Item

# Elements of a page that are looked at; a long one, with all its comments, has 20,000.
MAX_ELEMENTS = 100_000

# The piece that stands for a `<br>`: white space like any other, but told from what a page writes.
LINE_BREAK = "\u2028"

MAX_PIECES = 1000  # of text in one place; the parser gives a page of NULs in a piece each

MAX_CLIMB = 200  # elements around one that are looked at

MAX_HEAD = 200  # elements among which a page's title is

MAX_SCRIPTS = 20  # of JSON-LD
MAX_SCRIPT = 64 * 1024  # characters of each

ROOTS = frozenset({"html", "body", "main"})  # themes give them classes of all kinds
_TITLES = frozenset("h1 h2 h3 h4 h5 h6".split())
_OUTLINE = _TITLES | {"time", "article", "main"}
_MATTERS = TOLD | BLOCKS | _OUTLINE  # elements that tell something by their names alone
_SOME = 50  # pieces
_JSON_LD = "application/ld+json"
_NONE: frozenset[str] = frozenset()


class Node:
    """An element. `stop`, `text` and `text_stop` are where it ends among the nodes, and its words among the pieces;
    `block` numbers the paragraph that it begins in; `item` is the nearest one, its own if it is one."""

    __slots__ = (
        *("attributes", "block", "classes", "index", "item", "level", "parent", "parts", "stop", "tag", "text"),
        "text_stop",
    )

    def __init__(
        self,
        tag: str,
        attributes: Mapping[str, str],
        parent: "Node | None",
        index: int,
        text: int,
        block: int,
        level: int,
    ) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.index = index
        self.text = text
        self.block = block
        self.level = level
        self.classes = _NONE
        self.parts = 0
        self.item: Item | None = None
        self.stop = self.text_stop = 0

    def holds(self, other: "Node") -> bool:
        """The other is this node or stands in it."""
        return self.index <= other.index < self.stop

    @property
    def own_item(self) -> "Item | None":
        """The item that it is."""
        return self.item if self.item is not None and self.item.node is self else None

    @property
    def rels(self) -> list[str]:
        """The words of its `rel`, in lower case."""
        return self.attributes["rel"].lower().split() if "rel" in self.attributes else []


def above(node: Node) -> Iterator[Node]:
    """The elements around one, from the nearest on."""
    around = node.parent
    for _ in range(MAX_CLIMB):
        if around is None:
            return
        yield around
        around = around.parent


@dataclass(slots=True)
class _Part:
    """A part of an entry in which all elements get nodes: what it says at length, for `left` more characters, or what
    tells something behind these."""

    depth: int
    counted: int  # the pieces before which its words are counted
    left: float


class Builder:
    """The parser's target. Its handlers are called for every element of a page, so they are plain."""

    def __init__(self, url: str, extent: Extent | None) -> None:
        root = Node("", {}, None, 0, 0, 0, 0)
        self.base = url
        self.nodes = [root]
        self.wanted: list[Node] = []
        self.texts: list[str] = []
        self.breaks: list[int] = []  # before which pieces a paragraph ends
        self.scripts: list[str] = []
        self.depth = 0
        self.begun = ""
        self.foreign = 0
        self.data = self.texts.append
        self._extent = extent
        if extent is not None:
            extent.base = url
        self._told = _nothing if extent is None else extent.told
        self._skipped = _NONE if extent is None else extent.skipped  # elements that get no node but for what they tell
        self._parts: list[_Part] = []  # that are open
        self._is_brief = False  # behind the beginning of what an entry says at length
        self._look: float = inf  # with how many pieces it is worth to find out
        self._entry = 0  # how many elements were open with the outermost entry
        self._open = root
        self._level = 0  # how many elements were open with it
        self._edge = 0  # the piece at which an element ended last
        self._unseen = 0  # how many of UNSEEN are open
        self._kept = 0  # how many pieces stood before them
        self._is_script = False  # of JSON-LD
        self._has_base = False
        self._was_plain = extent is not None and extent.is_plain
        self._is_in_link = False
        self._is_full = False  # only what is wanted gets a node
        self._looked = 0  # how many that are wanted have no words, or others' ones
        self._beside: dict[Node, bool] = {}  # whether what stands in an element may be beside the page's words

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        depth = self.depth = self.depth + 1
        told = 0
        if tag in self._skipped and not (attributes and (told := self._told(attributes))):
            if tag in BLOCKS:
                self.breaks.append(len(self.texts))
            elif tag == "a":
                self._pass_link(attributes)
            elif tag == "br":
                self.texts.append(LINE_BREAK)
            return
        if self._unseen:
            self._unseen += tag in UNSEEN
            return
        texts, extent = self.texts, self._extent
        if tag in _MATTERS:  # one look-up for the others
            if tag in TOLD and not self._sees(tag, attributes):
                return
            if tag in BLOCKS:
                self.breaks.append(len(texts))
            if self._was_plain and tag in _OUTLINE:
                self._outline(tag)
        elif tag == "a":
            self._pass_link(attributes)
        if not told and attributes and extent is not None:
            if self._was_plain:
                told = extent.told(attributes)
            elif extent.wanted.is_meant_by(attributes, self.base):
                told = WANTED
        is_wanted = told == WANTED
        if self._is_full and not is_wanted:
            return
        nodes = self.nodes
        node = Node(tag, attributes, self._open, len(nodes), len(texts), len(self.breaks), depth)
        nodes.append(node)
        self._open = node
        self._level = depth
        if is_wanted:
            self.wanted.append(node)
        if tag == "br":
            texts.append(LINE_BREAK)
        if len(texts) > self._look:
            self._count()
        if self._look < inf or self._is_brief or (extent is not None and "class" in attributes and not self._was_plain):
            self._begin_part(tag, attributes)

    def end(self, tag: str) -> None:
        depth = self.depth = self.depth - 1
        if depth >= self._level and tag in self._skipped:
            if tag in BLOCKS:
                self.breaks.append(len(self.texts))
            elif tag == "a":
                self._is_in_link = False
            return
        if self._unseen:
            self._unseen -= tag in UNSEEN
            if not self._unseen:
                self._end_of_unseen()
            return
        if depth < self._level:
            self._end_of_node(depth)
        if tag in _MATTERS:
            if tag in BLOCKS:
                self.breaks.append(len(self.texts))
            elif tag in FOREIGN:
                self.foreign -= 1
        elif tag == "a":
            self._is_in_link = False

    def close(self) -> None:
        return None

    def all_done(self, read: int) -> bool:
        if len(self.nodes) > MAX_ELEMENTS:
            self._is_full = True
            return self._extent is None or bool(self.wanted)
        extent = self._extent
        if extent is None or not self._was_plain or self._unseen:
            return False
        if not extent.is_plain:
            return True  # it is to be read anew
        return bool(self.wanted) and self._has_words(extent) and self._is_titled() and extent.ends_at(read)

    def is_to_be_read_anew(self) -> bool:
        """The page was read as one that speaks as a whole, and is none, or the link is not in what it says."""
        extent = self._extent
        if extent is None or not self._was_plain:
            return False
        return not extent.is_plain or any(self._is_beside(link, extent) for link in self.wanted)

    def trim(self) -> None:
        """Forget what nobody sees, and join what a page gives in ever so many pieces, as one of NULs does."""
        if self._unseen and not self._is_script:
            del self.texts[self._kept :]
        elif not self._unseen:
            edge = max(self._edge, self.nodes[-1].text, *self.breaks[-1:])
            if len(self.texts) - edge > MAX_PIECES:
                self.texts[edge:] = ["".join(self.texts[edge:])]
                for part in self._parts:
                    part.counted = min(part.counted, len(self.texts))

    def at_break(self) -> None:
        """The page is over: what is open ends."""
        if self._unseen:
            self._end_of_unseen()
        node: Node | None = self._open
        while node is not None:
            node.stop = len(self.nodes)
            node.text_stop = len(self.texts)
            node = node.parent

    def _end_of_node(self, depth: int) -> None:
        node = self._open
        node.stop = len(self.nodes)
        node.text_stop = self._edge = len(self.texts)
        if node.parent is not None:
            self._open = node.parent
            self._level = node.parent.level
        if depth < self._entry:
            self._entry = 0
        if self._parts and depth < self._parts[-1].depth:
            part = self._parts.pop()
            if self._parts:  # what is said in a part is said around it, too, and is counted once
                self._parts[-1].left -= MAX_BEGINNING - part.left if part.left < inf else 0
                self._parts[-1].counted = part.counted if part.left < inf else len(self.texts)
            self._skip()

    def _begin_part(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Where an entry begins to say something, its elements get nodes; behind the beginning of that, what tells
        something does. What is not said is not counted."""
        extent = self._extent
        if extent is None:
            return
        told = extent.told_by(attributes.get("class", ""))
        if told & ENTRY and not self._entry:
            self._entry = self.depth
        if told & CONTENT and self._entry and extent.may_be_brief:
            if self._look < inf:
                self._count()
            self._parts.append(_Part(self.depth, len(self.texts), MAX_BEGINNING))
        elif self._is_brief or (self._look < inf and extent.is_unsaid(tag, attributes)):
            if self._look < inf:
                self._count()
            self._parts.append(_Part(self.depth, len(self.texts), inf))
        else:
            return
        self._skip()

    def _count(self) -> None:
        """Take note of what the innermost part has said until now."""
        part = self._parts[-1]
        part.left -= len(plain("".join(self.texts[part.counted :])))
        part.counted = len(self.texts)
        self._skip()

    def _skip(self) -> None:
        """Find out which elements are skipped from here on."""
        part = self._parts[-1] if self._parts else None
        self._is_brief = part is not None and part.left < 0
        self._look = part.counted + _SOME if part is not None and 0 <= part.left < inf else inf
        if self._extent is None or self._unseen:
            self._skipped = _NONE
        else:
            self._extent.is_brief = self._is_brief
            self._skipped = SKIPPED if self._is_brief else self._extent.skipped

    def _outline(self, tag: str) -> None:
        """Take note of what lists are made of: articles, and titles within links."""
        if self._extent is not None and (tag not in _TITLES or self._is_in_link):
            self._extent.sees("time" if tag in _TITLES else tag)

    def _pass_link(self, attributes: Mapping[str, str]) -> None:
        """Take note of a title that is a link, as lists have them."""
        self._is_in_link = True
        is_title = self._open.tag in _TITLES and attributes.get("href", "/") != "/"
        if is_title and self._was_plain and self._extent is not None:
            self._extent.sees("time")

    def _has_words(self, extent: Extent) -> bool:
        """A link that was wanted has words beside it, and these are not others'."""
        while self._looked < len(self.wanted):
            link = self.wanted[self._looked]
            first, last = bisect_right(self.breaks, link.text), bisect_left(self.breaks, link.text_stop)
            if not link.stop or last == len(self.breaks):
                return False  # it is still open, or its paragraph is
            start = self.breaks[first - 1] if first else 0
            around = (*self.texts[start : link.text], *self.texts[link.text_stop : self.breaks[last]])
            if link.tag == "a" and not self._is_beside(link, extent) and any(text.strip() for text in around):
                return True
            self._looked += 1
        return False

    def _is_beside(self, link: Node, extent: Extent) -> bool:
        around, passed = link.parent, list[Node]()
        while around is not None and around not in self._beside:
            passed.append(around)
            around = around.parent
        is_beside = around is not None and self._beside[around]
        for each in reversed(passed):
            is_beside = is_beside or (each.tag not in ROOTS and extent.is_beside(each.tag, each.attributes))
            self._beside[each] = is_beside
        return is_beside

    def _is_titled(self) -> bool:
        return any(
            node.tag == "title" and node.parent is not None and node.parent.tag == "head" and node.text_stop > node.text
            for node in self.nodes[:MAX_HEAD]
        )

    def _sees(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """Note what has to be known of an element beyond its node; whether its content is seen."""
        if tag in WATCHED and not is_shown(tag, attributes):
            self.begun = tag
            if tag in UNSEEN:
                self._unseen, self._kept = 1, len(self.texts)
                self._skip()
                self._is_script = tag == "script" and attributes.get("type", "").strip().lower() == _JSON_LD
                if "src" in attributes:  # it is a link, and the page's words have nothing of it
                    node = Node(
                        tag, attributes, self._open, len(self.nodes), len(self.texts), len(self.breaks), self.depth
                    )
                    node.stop, node.text_stop = node.index + 1, node.text
                    self.nodes.append(node)
                    if self._extent is not None and self._extent.wanted.is_meant_by(attributes, self.base):
                        self.wanted.append(node)
                return False
        elif tag in FOREIGN:
            self.foreign += 1
        elif tag == "base" and not self._has_base and "href" in attributes:
            self._has_base = True
            self.base = base_of(self.base, attributes["href"])
            if self._extent is not None:
                self._extent.base = self.base
        return True

    def _end_of_unseen(self) -> None:
        if self._is_script and len(self.scripts) < MAX_SCRIPTS:
            self.scripts.append("".join(self.texts[self._kept :])[:MAX_SCRIPT])
        self._is_script = False
        self._unseen = 0
        self._skip()
        del self.texts[self._kept :]


def _nothing(attributes: Mapping[str, str]) -> int:
    return 0
