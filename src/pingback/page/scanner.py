"""One streaming pass over a page: lxml's target parser, fed in chunks until nobody wants more.

The scanner asks no questions of its own. Each question is a collector that is told of elements as they pass, and that
can look at the `Passing` state it was made with: the document's base, and the text since the last block boundary.
What stands in scripts, styles, templates, text areas and other raw text is no markup, and is not told. Nor is what
stands in comments, but who asks for them is handed their text.

What a page costs is bounded in CPU as well as in bytes: it ends where libxml2 walks through all that is open again and
again (`_Walks`). In memory, too: libxml2 keeps every name that it meets for as long as the thread lives (`feed`).
"""

import threading
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from time import thread_time

from lxml import etree

from pingback.page.encoding import to_utf8
from pingback.page.omitted import FOREIGN, WATCHED, Shown, Watched
from pingback.urls import base_of

FEED_BYTES = 4 * 1024  # a page is read to the end of the piece in which all that was asked for is found
SMALL_PIECE = 1024
MAX_PIECES = 8192  # of text in one block that are kept; a page of NULs comes in a piece each

# Bytes of pages that a thread reads itself. Their names come to 40 MB at most; those of 300 pages came to a gigabyte.
MAX_NAMED = 8 * 1024 * 1024

DENSE = 375  # tags in FEED_BYTES, with which a piece is cut into small ones
FAR = 125_000  # elements that all tags of a piece could walk past, with which it is cut, too
WALKED_PER_BYTE = 1000  # letters of names that are compared; 0.3 s in a page of 1 MiB
WALKED_AT_FIRST = 10_000_000  # letters, whatever the page's length
READ_AT_FIRST = 64 * 1024  # bytes whose time is granted, whatever the page's length
SLOWER = 3  # times as slow as a page without walks
_COMPARISON = 6  # letters that can be compared in the time that a comparison takes beside

EVERY = frozenset("*")

# Where a paragraph ends, for a reader: text on two sides of one of these is not one sentence.
BLOCKS = frozenset(
    "address article aside blockquote body caption dd details dialog div dl dt fieldset figcaption figure footer form"
    " h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main nav ol p pre section summary table tbody td tfoot th"
    " thead title tr ul".split()
)
# Elements whose text is not the page's.
UNSEEN = frozenset("script style textarea iframe noembed noframes xmp plaintext template select".split())
TOLD = WATCHED | FOREIGN | {"base"}  # what targets do something about


class Passing:
    """What collectors can see of the page at this point of the pass.

    `base` is what relative references resolve against, `about:blank` where they name no server; `text` holds the pieces
    of text since the last block boundary; `at_break` are calls to make once, before `text` is cleared at the next one.
    `at_comment` are calls to make with the text of each comment; they are asked for before the pass begins, or not at
    all.
    """

    __slots__ = ("at_break", "at_comment", "base", "text")

    def __init__(self, url: str) -> None:
        self.base = url
        self.text: list[str] = []
        self.at_break: list[Callable[[], None]] = []
        self.at_comment: list[Callable[[str], None]] = []


class Collector(typing.Protocol):
    """One question to a page. It never raises on bad markup and holds bounded memory.

    `tags` are the elements that it is told of, and `ends` those of whose ends it is told, by name or `EVERY`.
    """

    tags: frozenset[str]
    ends: frozenset[str]

    @property
    def done(self) -> bool:
        """It wants to hear no more; what is left of the chunk at hand it hears all the same."""

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element of `tags` begins."""

    def end(self, tag: str) -> None:
        """An element of `ends` ends."""


def scan(chunks: Iterable[bytes], passing: Passing, collectors: Sequence[Collector], *, charset: str | None) -> int:
    """Tell the collectors of a page; `charset` is the HTTP header's. Takes no chunk after all of them are done.

    Gives how many bytes of the page, in UTF-8, were read until then, or until it had cost enough.
    """
    return feed(chunks, _Target(passing, collectors), charset=charset)


class Target(Watched, typing.Protocol):
    """What lxml's parser tells of a page, and the scanner between its pieces."""

    def all_done(self, read: int) -> bool:
        """Nobody wants more of the page than these bytes."""

    def trim(self) -> None:
        """A piece is read: let go of text that nobody needs."""

    def at_break(self) -> None:
        """The page is over."""


def feed(chunks: Iterable[bytes], target: Target, *, charset: str | None, size: int = FEED_BYTES) -> int:
    """Have lxml's parser tell the target of a page, as `scan` does with collectors, in pieces of so many bytes.

    A thread that has read much has each further page read in a thread of its own: lxml's dictionary of names ends with
    its thread. That takes a tenth of a millisecond.
    """
    if _here.read < MAX_NAMED:
        read = _feed(chunks, target, charset, size)
        _here.read += read
        return read
    found: list[int] = []
    failed: list[BaseException] = []

    def read_there() -> None:
        try:
            found.append(_feed(chunks, target, charset, size))
        except BaseException as error:  # it is raised where the page was asked for
            failed.append(error)

    thread = threading.Thread(target=read_there, name="pingback-page", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # there is no room for one, or the process is about to end
        return _feed(chunks, target, charset, size)
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


class _Here(threading.local):
    """What this thread has read, in bytes."""

    read = 0


_here = _Here()


def _feed(chunks: Iterable[bytes], target: Target, charset: str | None, size: int) -> int:
    walks, read, shown = _Walks(), 0, Shown(target)
    # The stubs want a `comment` handler always, and tags that may be bytes; lxml wants neither.
    parser = etree.HTMLParser(target=target, encoding="utf-8")  # type: ignore[arg-type]  # as said above
    for piece, tags in _pieces(to_utf8(chunks, charset), target, size):
        began = thread_time()
        for part in shown.parts(piece):
            parser.feed(part)
        read += len(piece)
        walks.count(len(piece), tags, target.depth, thread_time() - began)
        if target.all_done(read) or walks.are_over:
            target.at_break()
            return read
        target.trim()
    for part in shown.rest():
        parser.feed(part)
    with suppress(etree.XMLSyntaxError):  # lxml's answer to a page without any markup
        parser.close()
    target.at_break()
    return read


def for_a_dom(page: bytes, most: int) -> bytes:
    """The beginning of a page in UTF-8 with about so many elements, of which a DOM can be made at a bounded cost."""
    return page[: scan([page], Passing("about:blank"), [_Count(most)], charset="utf-8")]


def _pieces(chunks: Iterable[bytes], target: Target, size: int) -> Iterator[tuple[bytes, int]]:
    """The chunks in pieces, each with how many tags it has; they are small where one could cost many or long walks
    (`_Walks`)."""
    for chunk in chunks:
        start = 0
        while start < len(chunk):
            piece = chunk[start : start + size]
            tags = piece.count(b"<")
            if tags * FEED_BYTES > DENSE * size or tags * target.depth > FAR:
                piece = piece[:SMALL_PIECE]
                tags = piece.count(b"<")
            yield piece, tags
            start += len(piece)


class _Walks:
    """Knows of a page whose tags make libxml2 walk through it, again and again, and to what that comes in CPU.

    For a tag that neither opens nor closes an element (`</i>` where no `<i>` is open, a second `<body>`) it compares
    names with all elements that are open: 1 MiB of `<b>` and then `</i>` took 44 s. How far it walked can only be
    estimated from above. So the page ends where two things come together: the estimate is out of proportion to the
    page's length, and so is the CPU that it took, against a page without walks on this machine.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._left = WALKED_AT_FIRST  # letters of names that may be compared yet
        self._read = 0
        self._seconds = 0.0

    @property
    def are_over(self) -> bool:
        return self._left < 0 and self._seconds > (self._read + READ_AT_FIRST) * SLOWER * _usual_seconds()

    def count(self, length: int, tags: int, depth: int, seconds: float) -> None:
        """A piece of so many bytes and tags was read in so many seconds of CPU, and so many elements are open behind
        it."""
        self._read += length
        self._seconds += seconds
        self._left += length * WALKED_PER_BYTE
        if tags:
            idle = tags - abs(depth - self._depth)
            self._left -= max(depth, self._depth) * idle * (_COMPARISON + length // tags)
        self._depth = depth


@cache
def _usual_seconds() -> float:
    """What a byte of a page costs that is dense with tags, and has no walks."""
    page = b"<p>a<b>c</b></p>" * 2048

    def seconds() -> float:
        began = thread_time()
        etree.HTMLParser(target=_Target(Passing("about:blank"), ())).feed(page)  # type: ignore[arg-type]  # as in `scan`
        return thread_time() - began

    return min(seconds() for _ in range(3)) / len(page)


class _Count:
    """Is done when so many elements have passed."""

    tags = EVERY
    ends: frozenset[str] = frozenset()

    def __init__(self, most: int) -> None:
        self._left = most

    @property
    def done(self) -> bool:
        return self._left <= 0

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._left -= 1

    def end(self, tag: str) -> None:
        """Never called: an element was counted where it began."""


class _Target:
    """The parser's target. Called for every element of a page, so its two handlers are plain: one look-up for an
    element that nobody asked for (figures: tests/bench/bench_page.py)."""

    def __init__(self, passing: Passing, collectors: Sequence[Collector]) -> None:
        self._passing = passing
        self._collectors = list(collectors)
        self._text = passing.text
        self._breaks = passing.at_break
        self.depth = 0
        self.begun = ""
        self.foreign = 0
        self._unseen = 0  # how many of UNSEEN are
        self._kept = 0  # how much of the text stood before them
        self._has_base = False
        self.data = passing.text.append
        if passing.at_comment:  # lxml makes no string of a comment when there is nothing to call with it
            self.comment = self._comment
        self._subscribe()

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self._unseen:
            self._unseen += tag in UNSEEN
            return
        if tag in BLOCKS:
            if self._breaks:
                self.at_break()
            self._text.clear()
        elif tag == "br":
            self._text.append(" ")
        if self._every:
            for element in self._every:
                element(tag, attributes)
        if tag in self._starts:
            self._tell(tag, attributes)

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self._unseen:
            self._unseen -= tag in UNSEEN
            if self._unseen:
                return
            del self._text[self._kept :]
        if self._every_end:
            for every_end in self._every_end:
                every_end(tag)
        if tag in self._ends:
            for end in self._ends[tag]:
                end(tag)
        if tag in BLOCKS:
            if self._breaks:
                self.at_break()
            self._text.clear()

    def close(self) -> None:
        return None

    def _comment(self, text: str) -> None:
        if not self._unseen:
            for call in self._passing.at_comment:
                call(text)

    def at_break(self) -> None:
        """A block begins or ends, or the page is over: make the calls that were asked for."""
        if self._unseen:
            del self._text[self._kept :]
        calls = self._breaks[:]
        self._breaks.clear()
        for call in calls:
            call()

    def trim(self) -> None:
        """Forget text that nobody needs for an excerpt: of scripts and the like, and of blocks without an end."""
        if self._unseen:
            del self._text[self._kept :]
        elif len(self._text) > MAX_PIECES and not self._breaks:
            del self._text[:-MAX_PIECES]
        else:  # behind a link whose words are awaited
            del self._text[4 * MAX_PIECES :]

    def all_done(self, read: int) -> bool:
        """Let go of the collectors that are done; true when none is left."""
        left = [collector for collector in self._collectors if not collector.done]
        if len(left) < len(self._collectors):
            self._collectors = left
            self._subscribe()
        return not left

    def _subscribe(self) -> None:
        self._every = [one.element for one in self._collectors if one.tags == EVERY]
        self._every_end = [one.end for one in self._collectors if one.ends == EVERY]
        self._starts: dict[str, list[Callable[[str, Mapping[str, str]], None]]] = {tag: [] for tag in TOLD}
        self._ends: dict[str, list[Callable[[str], None]]] = {tag: [self._end_foreign] for tag in FOREIGN}
        for one in self._collectors:
            for tag in one.tags - EVERY:
                self._starts.setdefault(tag, []).append(one.element)
            for tag in one.ends - EVERY:
                self._ends.setdefault(tag, []).append(one.end)

    def _end_foreign(self, tag: str) -> None:
        self.foreign -= 1

    def _tell(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in WATCHED:
            if not is_shown(tag, attributes):
                self.begun = tag
                self._unseen = int(tag in UNSEEN)
                self._kept = len(self._text)
        elif tag in FOREIGN:
            self.foreign += 1
        elif tag == "base" and not self._has_base and "href" in attributes:
            self._has_base = True
            self._passing.base = base_of(self._passing.base, attributes["href"])
        for element in self._starts[tag]:
            element(tag, attributes)


def is_shown(tag: str, attributes: Mapping[str, str]) -> bool:
    """Of what is unseen, a template is shown that makes a shadow root."""
    return tag == "template" and attributes.get("shadowrootmode", "").lower() in ("open", "closed")
