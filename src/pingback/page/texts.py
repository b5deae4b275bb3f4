"""Sources that are not HTML: does a plain text or a JSON document hold the target (Webmention §3.2.2).

Feeds do not count, whatever they are written in: they repeat what their posts say, and forget it. All of a text is
looked at, in time that its length bounds: what surely is another host's is passed over by an expression, and what is
left is taken apart as a URL twice at most.
"""

import re
from collections.abc import Callable, Container
from json import JSONDecoder

from pingback.page.documents import Asked, Said, said_in
from pingback.page.titles import LONGEST_TITLE
from pingback.text import clean, excerpt_around
from pingback.urls import key_at, key_of, leads_to, split

LARGEST = 1024 * 1024  # bytes of a page that are read at most: one of as many may have been cut off
MAX_MARKS = 5  # that may close upon an address; `).` at the end of a sentence are two

# An address begins a word, a mark around it aside: one within another address is no link.
_ADDRESS = re.compile(r"(?<![^\s<>()\[\]\"'])(?ai:https?)://[^\s<>\[\]\"]+")
_CLOSING = ")'.,;:!?"  # an address can hold and end with these too
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # as `str.splitlines` has them
_NO_BASE = "about:blank"  # against which nothing relative resolves
_FEEDS = frozenset({"application/feed+json", "application/jf2feed+json"})  # JSON Feed, JF2 Feed
_JSON = "application/json"

_DECODER = JSONDecoder(strict=False)
_TITLES = ("name", "title")  # the better one first
# How a string of JSON begins that may be an address.
_HTTP = re.compile(r"(?ai:(?:h|\\u00[46]8)(?:t|\\u00[57]4){2}(?:p|\\u00[57]0))")

# A string, which may be cut off, with the colon that makes a name of it; brackets; what else JSON has. Nothing is given
# back once it is matched, and depth is a number here: a document may be as deep as it is long.
_TOKEN = re.compile(
    r'"(?P<string>[^"\\]*+(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\]*+)*+)'
    r'(?:(?P<closed>")[ \t\r\n]*+(?P<colon>:)?|(?:\\(?:u[0-9A-Fa-f]{0,3})?)?\Z)'
    r"|(?P<open>[\[{]++)|(?P<close>[\]}]++)|[-+0-9.Eaeflnrstu \t\r\n,:]++"
)


def reader_of(media_type: str, sources: Container[str]) -> Callable[[str, Asked, bool], Said | None] | None:
    """What reads such a document, if its type is one of `sources`, `_JSON` for all kinds of it; else None.

    Of the document's text, what it is asked for, and whether the text was cut off, it makes what is said; None where
    the document does not hold the target.
    """
    is_json = media_type == _JSON or media_type.endswith("+json")
    if media_type in _FEEDS or (_JSON if is_json else media_type) not in sources:
        return None
    return said_in_json if is_json else said_in_text


def said_in_text(text: str, asked: Asked, cut: bool = False) -> Said | None:
    """The target stands in the text as a whole word; the excerpt is of its line. Of the last word of a text that was
    `cut` off nobody knows whether it is whole."""
    wanted = _Target(asked.target)
    for found in _ADDRESS.finditer(text):
        if cut and found.end() == len(text):
            break
        if length := wanted.length_in(found[0]):
            return Said(excerpt=_excerpt(text, found.start(), found.start() + length))
    return None


def said_in_json(text: str, asked: Asked, cut: bool = False) -> Said | None:
    """The target is a string value in the document, at any depth, or a link in what its format calls HTML. What is no
    JSON has no values, and neither has what ends too early, unless it was `cut` off here."""
    wanted = _Target(asked.target)
    titles: dict[str, str] = {}
    linked, end, depth, name = False, 0, 0, ""  # the name is one of the document's own, whose value is to come
    for token in _TOKEN.finditer(text):
        if token.start() != end or depth < 0:
            return None
        end = token.end()
        match token.lastgroup:
            case "open":
                depth, name = depth + end - token.start(), ""
            case "close":
                depth, name = depth - end + token.start(), ""
            case "colon":
                name = token["string"] if depth == 1 else ""
            case "closed" if end < len(text) or not cut:  # else the colon behind it may be what was cut off
                string = token["string"]
                if name in _TITLES:
                    titles[name] = _value_of(string)
                if not linked and _HTTP.match(string):
                    linked = wanted.is_meant_by(_value_of(string))
                name = ""
    if end < len(text) or (depth != 0 and not cut):
        return None
    if not cut and (said := said_in(text, asked, wanted.is_the_value, is_linked=linked)) is not None:
        return said
    if not linked:
        return None
    return Said(title=next(filter(None, (clean(titles.get(name), LONGEST_TITLE) for name in _TITLES)), None))


class _Target:
    """What addresses are held against."""

    def __init__(self, target: str) -> None:
        self._key = key_of(target)
        self._ends_in_mark = self._key.endswith((*_CLOSING, "%27"))
        host = split(target).host
        # Of an IP address there are many spellings: none is foreign for sure, as "" stands everywhere.
        own = rf"{re.escape(host)}(?::[0-9]*)?(?:[/?#]|\Z)" if host[-1].isalpha() else ""
        foreign = rf"https?://(?!{own})[a-z0-9.-]*+(?::[0-9]*)?(?:[/?#]|\Z)"
        self._is_foreign = re.compile(foreign, re.ASCII | re.IGNORECASE).match

    def is_meant_by(self, address: str) -> bool:
        return not self._is_foreign(address) and leads_to(address, self._key, base=_NO_BASE)

    def is_the_value(self, string: str) -> bool:
        return _HTTP.match(string) is not None and self.is_meant_by(string)

    def length_in(self, address: str) -> int:
        """How much of it is the target's address, marks that close upon it left out; 0 when it is another's."""
        stop = max(len(address.rstrip(_CLOSING)), len(address) - MAX_MARKS)
        inner, marks = address[:stop], address[stop:]
        if self._is_foreign(inner):
            return 0
        if key_at(inner, base=_NO_BASE) == self._key:
            return stop
        if "#" in inner or not (self._ends_in_mark or address.endswith(("/.", "/.."))):
            return 0
        # Some of the marks are its own: what the target's key leaves of the whole's are those that close upon it.
        key = key_at(address, base=_NO_BASE) or ""
        left = key.removeprefix(self._key).replace("%27", "'")
        return len(address) - len(left) if key.startswith(self._key) and marks.endswith(left) else 0


def _excerpt(text: str, start: int, stop: int) -> str:
    """The line of the address that begins and ends there."""
    begin = 1 + max(text.rfind(line_end, 0, start) for line_end in _LINE_ENDS)
    end = min((found for found in (text.find(line_end, stop) for line_end in _LINE_ENDS) if found >= 0), default=None)
    return excerpt_around(text[begin:start], text[start:stop], text[stop:end])


def _value_of(string: str) -> str:
    """What a string of JSON stands for."""
    return str(_DECODER.decode(f'"{string}"')) if "\\" in string else string
