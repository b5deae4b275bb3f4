"""What a browser leaves out of a page is taken out before libxml2 reads it: templates, selects, what is beside frames.

libxml2 has no rules of its own for these (HTML standard §13.2.6): it ignores `</template>` and `</select>` where
another element is open within, and takes all behind them for theirs. Where such an element begins, libxml2 knows best,
and says so by the parser's target: a tag in a comment, a script or an attribute begins nothing. From there on the
content is read here, tag by tag, and goes no further. A page without these elements costs one search for their names.

The content of a template is no part of the page, but where `shadowrootmode` makes it one, which browsers show. In a
select a reader chooses, and can follow no link. What ends one is as the standard has it since 2025, but that
`</select>` always does. Beside frames nothing shows.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

# Elements whose content is text, whatever it looks like (HTML standard §13.1.2).
RAW = frozenset("script style textarea title iframe noembed noframes xmp plaintext".split())
# Elements of which the target says that they begin.
WATCHED = RAW | {"template", "select", "frameset"}
FOREIGN = frozenset({"svg", "math"})

MAX_BEFORE_FRAMES = 64 * 1024  # bytes; what stands before a frameset is a head
MAX_TAG = 4096  # bytes of a tag that are held until its end is there

# Tags that end a select as if it were in a table: who forgets its end mostly does so in a cell.
_CELLS = frozenset("caption col colgroup tbody td tfoot th thead tr".split())
# Elements behind which, as behind text, a frameset is ignored (the standard's “frameset-ok flag”).
_BODY = frozenset(
    "applet area body br button dd dt embed hr iframe image img input keygen li listing marquee object pre select table"
    " textarea wbr xmp".split()
)

_SPACE = rb"\t\n\f\r "
# Possessive, so that a tag is read once; a value whose end is not there yet is none.
_ATTRIBUTES = (
    rb"(?:[%(s)s/]++"
    rb"|(?:=[^%(s)s/>=]*+|[^%(s)s/>=]++)"
    rb"(?:[%(s)s]*+=[%(s)s]*+(?:\"[^\"]*+\"|'[^']*+'|[^%(s)s>\"'][^%(s)s>]*+|(?=>))|(?![%(s)s]*+=))"
    rb")*+"
) % {b"s": _SPACE}
# A tag, with its slash and name; a comment; what browsers take for one.
_MARKUP = re.compile(
    rb"<(/?)([a-z][^%(s)s/>]*+)%(a)s>|<!--(?:-?>|.*?--!?>)|<(?:!(?!--)|\?|/(?![a-z]))[^>]*+>"
    % {b"s": _SPACE, b"a": _ATTRIBUTES},
    re.IGNORECASE | re.DOTALL,
)
_OPENS = re.compile(rb"<(?:[a-z/!?]|\Z)", re.IGNORECASE)
_SCRIPT = re.compile(rb"<!--|-->|<(/?)script(?=[%s/>])" % _SPACE, re.IGNORECASE)
_RAW_ENDS = {
    name: re.compile(rb"</%s(?=[%s/>])" % (name.encode(), _SPACE), re.IGNORECASE)
    for name in RAW - {"script", "plaintext"}
}

_NAMES = b"template|select|frameset"
_RAW_NAMES = "|".join(sorted(RAW)).encode()
# Where something may begin; of raw text only what has a slash at its end, which libxml2 takes for all of the element.
_BEGINS = re.compile(
    rb"<(?:(?:%(n)s)(?=[%(s)s/>])|(?:%(r)s)(?=[%(s)s/])[^<>]*/>)" % {b"s": _SPACE, b"n": _NAMES, b"r": _RAW_NAMES},
    re.IGNORECASE,
)
# The first letters of all these names: what is searched for in all of a page finds next to nothing else.
_MAY_BEGIN = re.compile(rb"<[finpstx][cefilmort][aeflmprtxy][aeilmprt/>%s]" % _SPACE, re.IGNORECASE)
_ALL_NAMES = frozenset(name.encode() for name in WATCHED)
_CUT_OFF = re.compile(rb"<([a-z]*+)([%s/]?)" % _SPACE, re.IGNORECASE)


class Watched(Protocol):
    """What the parser's target says: the last of `WATCHED` that `begun` where a reader would see it, until somebody
    takes note; how many of `FOREIGN` are open, and how many elements in all."""

    begun: str
    foreign: int
    depth: int


class Shown:
    """A page without what a browser leaves out. What it gave must be parsed before it is asked for more."""

    def __init__(self, target: Watched) -> None:
        self._target = target
        self._held = b""  # the beginning of a tag
        self._is_wary = False  # a tag passes that may begin something
        self._depth: int | None = None  # as far as it has passed
        self._last = b""  # letters of it
        self._left_out = ""  # the element whose content is not given
        self._tags = _Tags()  # of its content
        self._nested = 0  # templates that are open in it, or framesets
        self._before: list[bytes] | None = []  # what was given, where a frameset may come yet
        self._heads = 0  # how many of these stand in front of it
        self._left_before = MAX_BEFORE_FRAMES

    def parts(self, piece: bytes) -> Iterable[bytes]:
        if self._left_out or self._is_wary or self._held or (_MAY_BEGIN.search(piece) and _BEGINS.search(piece)):
            return self._parts(piece)
        if _beginning_of_a_tag(piece) < len(piece):
            return self._parts(piece)
        self._noted(piece)  # as most pieces
        return (piece,)

    def _parts(self, piece: bytes) -> Iterator[bytes]:
        data = self._held + piece if self._held else piece
        self._held = b""
        while data:
            if self._left_out:
                self._tags.add(data)
                yield from self._frames_and_ends()
                data = b"" if self._left_out else self._tags.give_back()
            elif self._is_wary:
                stop = data.find(b">") + 1 or len(data)
                if (start := data.rfind(b"<", 0, stop)) > 0:
                    yield self._noted(data[:start])
                    data, stop = data[start:], stop - start
                if self._before is not None and data[:9].lower() == b"<frameset":
                    self._heads = len(self._before)
                self._target.begun = ""
                yield data[:stop]
                self._look_at(data[:stop])
                data = data[stop:]
            else:
                found = _BEGINS.search(data)
                start = found.start() if found else _beginning_of_a_tag(data)
                if start:
                    yield self._noted(data[:start])
                data = data[start:]
                if not found:
                    self._held = data
                    return
                self._is_wary, self._depth, self._last = True, None, b""

    def rest(self) -> Iterator[bytes]:
        """What is left when the page ends."""
        if self._left_out:
            yield from self._parts(self._tags.give_back())
        yield self._held

    def _noted(self, part: bytes) -> bytes:
        if self._before is not None:
            self._before.append(part)
            self._left_before -= len(part)
            if self._left_before < 0:
                self._before = None
        return part

    def _look_at(self, tag: bytes) -> None:
        """A tag, or a part of one, has passed: does it begin something whose content is left out?"""
        begun, depth = self._target.begun, self._target.depth
        self._last = (self._last + tag)[-2:]
        if begun == "frameset":
            if self._before is None or not _is_head(b"".join(self._before[: self._heads])):
                begun = ""
            self._before = None
        elif self._target.foreign or (begun in RAW and self._last != b"/>"):
            begun = ""
        self._noted(tag)
        # What libxml2 tells of behind its first part was no part of it, if nothing was said to begin.
        self._is_wary = not begun and self._depth in (None, depth)
        self._depth = depth
        if begun:
            self._left_out, self._nested = begun, 0
            self._tags = _Tags(begun if begun in RAW else "", frozenset({"noframes"}) if begun == "frameset" else RAW)

    def _frames_and_ends(self) -> Iterator[bytes]:
        while self._left_out and (tag := self._tags.next()):
            if self._left_out == "frameset":
                if tag.name == "frameset" and self._nested >= 0:
                    self._nested += -1 if tag.slash else 1
                elif tag.name == "frame" and not tag.slash and self._nested >= 0:
                    yield tag.text
            elif self._is_ended_by(tag):
                yield b"</%s>" % self._left_out.encode()
                self._left_out = ""

    def _is_ended_by(self, tag: "_Tag") -> bool:
        if tag.name == "template":
            self._nested += -1 if tag.slash else 1
            if self._nested >= 0:
                return False
            self._nested = 0
            return self._left_out == "template"
        if self._nested or self._left_out == "template":
            return False
        if self._left_out == "select" and (tag.name in _CELLS or tag[:2] in ((False, "input"), (True, "table"))):
            self._tags.put_back(tag)
            return True
        return tag.name == self._left_out and (tag.slash or tag.name == "select")


class _Tag(NamedTuple):
    slash: bool
    name: str
    text: bytes


class _Tags:
    """The tags of content that is not parsed. What stands in comments and raw text is none."""

    def __init__(self, raw: str = "", raws: frozenset[str] = RAW) -> None:
        self.has_text = False  # some stood between them
        self._raw = raw  # the element whose text this is
        self._raws = raws
        self._data = b""
        self._at = 0
        self._escapes = 0  # of a script: in a comment, in a script in that
        self._foreign = 0
        self._enough = 0  # bytes with which it is worth to look for the end of a tag again

    def add(self, data: bytes) -> None:
        self._data, self._at = self._data[self._at :] + data, 0

    def give_back(self) -> bytes:
        """What was not read."""
        rest, self._data, self._at, self._enough = self._data[self._at :], b"", 0, 0
        return rest

    def put_back(self, tag: _Tag) -> None:
        self._at -= len(tag.text)

    def next(self) -> _Tag | None:
        """The next tag, where all of it is there."""
        if len(self._data) - self._at < self._enough:
            return None
        self._enough = 0
        while not self._raw or self._pass_raw():
            start = self._data.find(b"<", self._at)
            stop = len(self._data) if start < 0 else start
            self.has_text = self.has_text or bool(self._data[self._at : stop].strip())
            self._at = stop
            if start < 0:
                return None
            markup = _MARKUP.match(self._data, start)
            if markup is None:
                if _OPENS.match(self._data, start):
                    self._enough = 2 * (len(self._data) - start)
                    return None
                self._at += 1
                self.has_text = True
            else:
                self._at = markup.end()
                if markup[2]:
                    return self._tag(markup)
        return None

    def _tag(self, markup: re.Match[bytes]) -> _Tag:
        tag = _Tag(bool(markup[1]), markup[2].decode("utf-8", "replace").lower(), markup[0])
        is_empty = tag.text.endswith(b"/>")
        if tag.name in FOREIGN and not is_empty:
            self._foreign = max(self._foreign + (-1 if tag.slash else 1), 0)
        elif tag.name in self._raws and not tag.slash and not (is_empty and self._foreign):
            self._raw, self._escapes = tag.name, 0
        return tag

    def _pass_raw(self) -> bool:
        """Go to the end tag of raw text, if it is there."""
        if self._raw == "script":
            found = self._end_of_script()
        else:
            ends = _RAW_ENDS.get(self._raw)
            found = ends.search(self._data, self._at) if ends else None
        if found is None:
            self._at = max(self._at, len(self._data) - len(f"</{self._raw}"))
            return False
        self._at, self._raw = found.start(), ""
        return True

    def _end_of_script(self) -> re.Match[bytes] | None:
        """An end tag in a script in a comment ends that alone (HTML standard §13.2.5.26)."""
        while found := _SCRIPT.search(self._data, self._at):
            self._at = found.end()
            if found[0] == b"<!--":
                self._escapes = self._escapes or 1
                self._at -= 2
            elif found[0] == b"-->":
                self._escapes = 0
            elif not found[1]:
                self._escapes = 2 if self._escapes else 0
            elif self._escapes < 2:
                return found
            else:
                self._escapes = 1
        return None


def _beginning_of_a_tag(data: bytes) -> int:
    """Where at the end of data a tag begins that may begin something, and that has no end yet."""
    start = data.rfind(b"<")
    if start <= data.rfind(b">") or len(data) - start > MAX_TAG or not (found := _CUT_OFF.match(data, start)):
        return len(data)
    name = found[1].lower()
    if found[2]:
        return start if name in _ALL_NAMES else len(data)
    is_cut_off = found.end() == len(data) and any(each.startswith(name) for each in _ALL_NAMES)
    return start if is_cut_off else len(data)


def _is_head(page: bytes) -> bool:
    """It has nothing of a body."""
    tags = _Tags()
    tags.add(page)
    while (tag := tags.next()) and not tags.has_text:
        if tag.name in _BODY and not tag.slash:
            return False
    return not tags.has_text and not tags.give_back()
