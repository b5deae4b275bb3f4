"""A page's elements and words in document order, as the parser gives them: what `Page` is made of."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pingback.page.extent import Extent
from pingback.page.omitted import FOREIGN, WATCHED
from pingback.page.scanner import BLOCKS, TOLD, UNSEEN, base_of, is_shown

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
_MATTERS = TOLD | BLOCKS | _OUTLINE | {"a"}  # elements that tell something by their names alone
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
        self._skipped: frozenset[str] = frozenset() if extent is None else extent.skipped
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

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        depth = self.depth = self.depth + 1
        if self._unseen:
            self._unseen += tag in UNSEEN
            return
        texts = self.texts
        if tag in _MATTERS:  # one look-up for the others
            if tag in TOLD and not self._sees(tag, attributes):
                return
            if tag in BLOCKS:
                self.breaks.append(len(texts))
            if self._was_plain and (tag in _OUTLINE or tag == "a"):
                self._outline(tag, attributes)
        is_wanted = False
        is_skipped = self._is_full or tag in self._skipped
        extent = self._extent
        if attributes and extent is not None:
            if "href" in attributes or "src" in attributes:
                is_wanted = extent.wanted.is_meant_by(attributes, self.base)
            if is_wanted:
                is_skipped = False
            elif (is_skipped or self._was_plain) and extent.keeps(attributes):
                is_skipped = self._is_full
        if is_skipped:
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

    def end(self, tag: str) -> None:
        depth = self.depth = self.depth - 1
        if self._unseen:
            self._unseen -= tag in UNSEEN
            if not self._unseen:
                self._end_of_unseen()
            return
        if depth < self._level:
            node = self._open
            node.stop = len(self.nodes)
            node.text_stop = self._edge = len(self.texts)
            if node.parent is not None:
                self._open = node.parent
                self._level = node.parent.level
        if tag in _MATTERS:
            if tag in BLOCKS:
                self.breaks.append(len(self.texts))
            elif tag == "a":
                self._is_in_link = False
            elif tag in FOREIGN:
                self.foreign -= 1

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
        return not extent.is_plain or any(_is_beside(link, extent) for link in self.wanted)

    def trim(self) -> None:
        """Forget what nobody sees, and join what a page gives in ever so many pieces, as one of NULs does."""
        if self._unseen and not self._is_script:
            del self.texts[self._kept :]
        elif not self._unseen:
            edge = max(self._edge, self.nodes[-1].text, *self.breaks[-1:])
            if len(self.texts) - edge > MAX_PIECES:
                self.texts[edge:] = ["".join(self.texts[edge:])]

    def at_break(self) -> None:
        """The page is over: what is open ends."""
        if self._unseen:
            self._end_of_unseen()
        node: Node | None = self._open
        while node is not None:
            node.stop = len(self.nodes)
            node.text_stop = len(self.texts)
            node = node.parent

    def _outline(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take note of what lists are made of: articles, and titles that are links."""
        if tag == "a":
            self._is_in_link = True
            is_title = self._open.tag in _TITLES and attributes.get("href", "/") != "/"
        else:
            is_title = tag in _TITLES and self._is_in_link
        if self._extent is not None and (is_title or tag in ("time", "article", "main")):
            self._extent.sees("time" if is_title else tag)

    def _has_words(self, extent: Extent) -> bool:
        """A link that was wanted has words beside it, and these are not others'."""
        while self._looked < len(self.wanted):
            link = self.wanted[self._looked]
            first, last = bisect_right(self.breaks, link.text), bisect_left(self.breaks, link.text_stop)
            if not link.stop or last == len(self.breaks):
                return False  # it is still open, or its paragraph is
            start = self.breaks[first - 1] if first else 0
            around = (*self.texts[start : link.text], *self.texts[link.text_stop : self.breaks[last]])
            if link.tag == "a" and not _is_beside(link, extent) and any(text.strip() for text in around):
                return True
            self._looked += 1
        return False

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
        return True

    def _end_of_unseen(self) -> None:
        if self._is_script and len(self.scripts) < MAX_SCRIPTS:
            self.scripts.append("".join(self.texts[self._kept :])[:MAX_SCRIPT])
        self._is_script = False
        self._unseen = 0
        del self.texts[self._kept :]


def _is_beside(link: Node, extent: Extent) -> bool:
    around = link.parent
    while around is not None:
        if around.tag not in ROOTS and extent.is_beside(around.tag, around.attributes):
            return True
        around = around.parent
    return False
