"""A part of a page that may turn out to be its entry: its links, and fingerprints of what it says."""

from collections.abc import Iterator, Set
from hashlib import sha256

MAX_LINKS = 1000  # pages that one post pings; those over it are counted


class Region:
    """Is told of text and links as they pass, and where a block ends: text without a block's border is one paragraph.

    `found`: the page has it. `text` takes the pieces of the block at hand. `unread` counts links that were not told.
    """

    def __init__(self) -> None:
        self.found = False
        self.text: list[str] = []
        self.unread = 0
        self._said = sha256()
        self._links: dict[str, _Link] = {}
        self._over: set[str] = set()  # the keys of links over MAX_LINKS
        self._waiting: list[tuple[_Link, bytes]] = []  # the links of the block at hand, and their marks

    @property
    def left_out(self) -> int:
        """How many links are not among `links`."""
        return len(self._over) + self.unread

    @property
    def fingerprint(self) -> str:
        """Changes with the text, white space aside, and with the links."""
        return self._said.hexdigest()

    def links(self) -> Iterator[tuple[str, str]]:
        """The target of each link, and the fingerprint of what surrounds it; of an answer, of all that is said."""
        for link in self._links.values():
            said = link.said.copy()
            if link.is_answer:
                said.update(self._said.digest())
            yield link.target, said.hexdigest()

    def add(self, key: str, target: str, marks: bytes, *, answer: bool) -> None:
        """A link; of several with one key the first one's target counts, and the surroundings of all of them."""
        link = self._links.get(key)
        if link is None and len(self._links) == MAX_LINKS:
            self._over.add(key)
            return
        if link is None:
            link = self._links[key] = _Link(target)
        link.is_answer = link.is_answer or answer
        self._waiting.append((link, marks))

    def end_block(self) -> None:
        """The words that stand together are complete: they are what surrounds their links."""
        if not self.text and not self._waiting:
            return
        words = " ".join("".join(self.text).split()).encode("utf-8", "replace")
        self.text.clear()
        if words:
            self._said.update(words + b"\n")
        around = sha256(words).digest()  # once, however many links are in one block
        for link, marks in self._waiting:
            self._said.update(link.target.encode() + marks + b"\n")
            link.said.update(around + marks)
        self._waiting.clear()


class _Link:
    def __init__(self, target: str) -> None:
        self.target = target
        self.is_answer = False
        self.said = sha256()


class Cite:
    """What a reply answers, told in a box of its own, as it passes: `<div class="u-in-reply-to h-cite">`.

    Its reference is that of its `u-url`, else of its first link; not of its author's card.
    """

    def __init__(self, marks: bytes) -> None:
        self.marks = marks
        self._depth = 0
        self._nested_at = 0  # depth of the microformat within that is open; 0: none
        self._url: str | None = None
        self._first: str | None = None

    @property
    def reference(self) -> str | None:
        return self._first if self._url is None else self._url

    def element(self, classes: Set[str], reference: str | None) -> None:
        self._depth += 1
        if not self._nested_at and any(name.startswith("h-") for name in classes):
            self._nested_at = self._depth
        if self._nested_at or reference is None:
            return
        if self._first is None:
            self._first = reference
        if self._url is None and "u-url" in classes:
            self._url = reference

    def end(self) -> None:
        if self._depth == self._nested_at:
            self._nested_at = 0
        self._depth -= 1
