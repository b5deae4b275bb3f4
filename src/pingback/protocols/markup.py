"""What real programs send: text in whatever charset, and answers in XML with whatever else they print around them.

An answer is read as HTML is, by a parser that takes white space, warnings of PHP and a cache's comments before and
behind the answer, a bare "&", entities without a DTD, and elements that never end. What only quotes an answer, in a
comment, a script, a text area or as escaped text, holds none.
"""

import re
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING

import webencodings

if TYPE_CHECKING:
    from lxml import etree

MAX_DEPTH = 256  # elements within one another
_PIECE = 1024  # bytes, after which the parser hears that there was too much

# How far into its declaration an answer may name its charset; a bound, as there may be declarations without end.
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}?\sencoding\s{0,9}=\s{0,9}["']([^"'>]{0,40})""")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # no tree takes these characters
_NAME = re.compile(r"[a-z][a-z0-9.:-]*")
# Elements whose content is text to a reader of HTML; the parser, which is older than some, finds elements in it.
_RAW = ("iframe", "noembed", "noframes", "plaintext", "script", "style", "template", "textarea", "title", "xmp")

_NEVER_SENT = {"utf-16le", "utf-16be", "replacement"}  # Encoding standard §4.3: no output is in these


def tree_of(body: bytes) -> "etree._Element":
    """The root of what is in the body; names are in lower case, and there are neither comments nor raw text."""
    from lxml import etree  # for answers; who only asks which protocols there are reads none

    declared = _DECLARED.search(body)
    text = decode_text(body, declared[1].decode("ascii", "replace") if declared else None)
    text = _CDATA.sub(lambda section: escape(section[1]), text)  # which HTML has not
    tree = _Tree(etree.TreeBuilder())
    # Without a `comment` handler, which the stubs want always, lxml drops comments.
    parser = etree.HTMLParser(target=tree, encoding="utf-8")  # type: ignore[arg-type]  # the stubs want `comment`
    # With an element of our own around it, there is a tree even for an empty answer.
    page = f"<html>{_NO_XML.sub('', text)}".encode()
    with suppress(_TooDeep):  # what came before counts
        for start in range(0, len(page), _PIECE):
            parser.feed(page[start : start + _PIECE])
        parser.close()
    root = tree.whole()
    etree.strip_elements(root, *_RAW, with_tail=False)
    return root


def decode_text(value: bytes, *labels: str | None) -> str:
    """The text in the first charset that a label names, else UTF-8 if it is that, else windows-1252.

    Labels are the web's (Encoding standard §4.2): UTF-7 is none, and UTF-16 is not believed, as it is of text that is
    not. Bad bytes become U+FFFD; a byte order mark overrules the label.
    """
    found = filter(None, (webencodings.lookup(label) for label in labels if label))
    named = next((encoding for encoding in found if encoding.name not in _NEVER_SENT), None)
    if named is None:
        try:
            value.decode()
            named = webencodings.UTF8
        except UnicodeDecodeError:
            named = webencodings.lookup("windows-1252")
    text: str = webencodings.decode(value, named)[0]
    return text


class _TooDeep(Exception):
    """Elements stand within one another as in no answer: each tag that follows would cost a walk through them all."""


class _Tree:
    """Builds the tree without attributes: no answer has any, and of one element they cost time by their square."""

    def __init__(self, builder: "etree.TreeBuilder") -> None:
        self._builder = builder
        self._open: list[str] = []

    def data(self, text: str) -> None:
        self._builder.data(_NO_XML.sub("", text))  # "&#27;" has become one only now

    def start(self, tag: str, attributes: object) -> None:
        if len(self._open) == MAX_DEPTH:
            raise _TooDeep
        self._open.append(tag if _NAME.fullmatch(tag) else "none")
        self._builder.start(self._open[-1], {})

    def end(self, tag: str) -> None:
        self._builder.end(self._open.pop())

    def close(self) -> None:
        return None

    def whole(self) -> "etree._Element":
        """The root, all that is open ended."""
        while self._open:
            self.end("")
        return self._builder.close()
