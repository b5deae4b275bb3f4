"""The microformats of a page that is already known to link to us: its h-entry, and who wrote it.

mf2py reads them from a DOM of bs4's. It is recursive, and quadratic or worse in nested microformats, in classic ones
and in `rel`; so it is given the entry alone, without its content, and of its markup only what an entry is told by. The
page itself is parsed by lxml, which takes a tenth of the time that bs4 does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from pingback.model import Author
from pingback.text import clean
from pingback.urls import is_http, tidy

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

LONGEST_NAME = 200  # characters, for names of people and sites
LONGEST_TITLE = 500  # a page can make its title as long as itself

MAX_PAGE = 128 * 1024  # bytes; an entry's properties stand about its words, not behind all its comments
MAX_TAGS = 5000  # of the page
MAX_ELEMENTS = 1000  # of one entry without its content; the rest is cut off
MAX_DEPTH = 100  # elements within one another; nobody's entry is so deep

_TAG = re.compile(b"<")
_MARKS = (b"entry", b"card")  # without h-entry, hentry, h-card and vcard there is nothing to read
# What an entry and a card are told by, and what classic microformats (hAtom, hCard) call it. mf2py knows those too, but
# copies all that is below an element for every rule that it tries on it.
_MODERN = {name: name for name in "p-author u-author p-name u-url u-photo dt-published".split()}
_CLASSIC = {
    "author": "p-author",
    "entry-title": "p-name",
    "fn": "p-name",
    "url": "u-url",
    "photo": "u-photo",
    "published": "dt-published",
}
_ENTRIES = frozenset({"h-entry", "hentry"})
_CARDS = frozenset({"h-card", "vcard"})
_AUTHORS = frozenset({"p-author", "u-author", "author"})
_CONTENT = frozenset({"e-content", "entry-content"})
_ATTRIBUTES = "class href src alt title datetime value".split()


class Entry(NamedTuple):
    """What a page's first entry says of itself; None where it says nothing."""

    name: str | None = None
    author: Author | None = None
    published: datetime | None = None


def entry_in(page: bytes, url: str) -> Entry | None:
    """The first h-entry of a page in UTF-8 that came from `url`; its author may be the page's own h-card instead.

    None when the page has no microformats at all, as most have.
    """
    if all(page.find(mark, 0, MAX_PAGE) < 0 for mark in _MARKS):
        return None
    told = _told_of(_beginning(page))
    entry = told.entry
    properties = _properties(entry, "h-entry", url)
    card: object = _first(properties.get("author"))
    if not card:  # the page's own, which the entry may have left to it
        if entry is not None:
            for element in _within(entry):
                element.attributes.clear()
            entry.children.clear()
        card = {"properties": _properties(_first_of(told.elements, _CARDS), "h-card", url)}
    return Entry(
        name=clean(_word(properties.get("name")), LONGEST_TITLE),
        author=_author(card),
        published=instant_of(_word(properties.get("published"))),
    )


def _beginning(page: bytes) -> bytes:
    page = page[:MAX_PAGE]
    if page.count(b"<") <= MAX_TAGS:  # as nearly all; to look at each takes twenty times as long
        return page
    beyond = next(islice(_TAG.finditer(page), MAX_TAGS, None), None)
    return page if beyond is None else page[: beyond.start()]


def instant_of(text: str | None) -> datetime | None:
    """An ISO 8601 date or date and time as an aware instant; one without a zone is taken for UTC. None if neither."""
    try:
        instant = datetime.fromisoformat((text or "").strip())
        instant = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
        return instant if instant.year > 1 else None  # so Go's programs, Hugo among them, write that there is none
    except (ValueError, OverflowError):
        return None


class _Element:
    """An element of the page, and of its attributes those that may say something."""

    __slots__ = ("attributes", "children", "tag")

    def __init__(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.tag = tag
        # Most have none, and then there is nothing to look for.
        self.attributes = {name: attributes[name] for name in _ATTRIBUTES if name in attributes} if attributes else {}
        self.children: list[_Element | str] = []

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)


class _Target:
    """Keeps what lxml's parser tells. A tree of its own would cost the square of an element's attributes in time.

    What is in the content of the first entry is most of a page, and nobody asks for it: it is not kept. That of an
    entry which is its own content is.
    """

    def __init__(self) -> None:
        self.elements: list[_Element] = []  # in document order
        self.entry: _Element | None = None  # the first one
        self._in_entry = False
        self._in_content = 0  # how many elements are open there
        self._open = [_Element("", {})]

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._in_content:
            self._in_content += 1
            return
        element = _Element(tag, attributes)
        if "class" in attributes:
            if self._in_entry and _is_one_of(_CONTENT, element):
                self._in_content = 1
                return
            if self.entry is None and tag != "base" and _is_one_of(_ENTRIES, element):
                self.entry, self._in_entry = element, True
        self._open[-1].children.append(element)
        self._open.append(element)
        self.elements.append(element)

    def end(self, tag: str) -> None:
        if self._in_content:
            self._in_content -= 1
        elif self._open.pop() is self.entry:
            self._in_entry = False

    def data(self, text: str) -> None:
        if not self._in_content:
            self._open[-1].children.append(text)

    def close(self) -> None:
        return None


def _told_of(page: bytes) -> _Target:
    from lxml import etree  # who reads no page need not load it

    target = _Target()
    parser = etree.HTMLParser(target=target, encoding="utf-8")  # type: ignore[arg-type]  # the stubs want `comment`
    parser.feed(page)
    with suppress(etree.XMLSyntaxError):  # lxml's answer to a page without any markup
        parser.close()
    return target


def _within(root: _Element) -> Iterator[_Element]:
    """An element, and all below it."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield element
        waiting += [child for child in element.children if isinstance(child, _Element)]


def _first_of(elements: Iterable[_Element], classes: Set[str]) -> _Element | None:
    """The first element with one of the classes; a <base> is none, and has had its say in the page's `url`."""
    return next((each for each in elements if _is_one_of(classes, each) and each.tag != "base"), None)


def _is_one_of(classes: Set[str], element: "_Element | Tag") -> bool:
    return not classes.isdisjoint(_classes_of(element))


def _classes_of(element: "_Element | Tag") -> list[str]:
    value = element.get("class") or ""  # bs4 gives a list
    return value.split() if isinstance(value, str) else list(value)


def _properties(root: _Element | None, kind: str, url: str) -> Mapping[str, Any]:
    """What mf2py finds in the microformat of that kind at `root`."""
    if root is None:
        return {}
    import mf2py  # which takes longer to load than most pages to read

    try:
        items: list[Mapping[str, Any]] = mf2py.parse(doc=_reduced(root, kind), url=url)["items"]
    except ValueError:  # of an address that urllib cannot take apart
        return {}
    return items[0]["properties"] if items else {}


def _reduced(root: _Element, kind: str) -> "BeautifulSoup":
    """A document of what `root` is told by, and of other microformats none but its first author's card."""
    document, tags = _copied(root)
    author = next((tag for tag in tags[1:] if _is_one_of(_CARDS, tag) and _is_one_of(_AUTHORS, tag)), None)
    # By identity: two tags are equal in bs4 when all that is below them is.
    of_card = set() if author is None else {id(tag) for tag in (author, *author.find_all(True))}
    _label([tag for tag in tags if id(tag) not in of_card], [kind])
    _label([tag for tag in tags if id(tag) in of_card], ["p-author", "h-card"])
    return document


def _label(tags: "Sequence[Tag]", root_classes: Sequence[str]) -> None:
    """Give the first of `tags`, a root, these classes, and the others those of the properties, each property once."""
    from bs4.element import AttributeValueList

    said: set[str] = set()
    names: Mapping[str, str] = {}
    for number, tag in enumerate(tags):
        given = _classes_of(tag)
        if number == 0:
            names = _MODERN if any(name.startswith("h-") for name in given) else _CLASSIC
        new = {names[name] for name in given if name in names} - said if number else set(root_classes)
        said |= new
        tag["class"] = AttributeValueList(sorted(new))


def _copied(root: _Element) -> "tuple[BeautifulSoup, list[Tag]]":
    """A document of `root` alone, and its elements in document order; an entry's content, and what is too much, is not
    in it.

    A root that is its own content is: its author and date can stand nowhere else.
    """
    from bs4 import BeautifulSoup

    document = BeautifulSoup("", "html.parser")  # there is nothing to parse, and lxml takes 60 microseconds for it
    tags: list[Tag] = []
    waiting: list[tuple[Tag, _Element | str, int]] = [(document, root, 0)]  # what goes where, the next one last
    while waiting:
        parent, element, depth = waiting.pop()
        if isinstance(element, str):
            parent.append(element)
            continue
        if len(tags) == MAX_ELEMENTS or depth > MAX_DEPTH or element.tag == "base":
            continue
        if element is not root and _is_one_of(_CONTENT, element):
            continue
        tag = document.new_tag(element.tag, attrs=dict(element.attributes))
        parent.append(tag)
        tags.append(tag)
        waiting += [(tag, child, depth + 1) for child in reversed(element.children)]
    return document, tags


def _first(values: object) -> object:
    return values[0] if isinstance(values, list) and values else None


def _word(values: object) -> str | None:
    """The first value of a property as text: an image is `{"value", "alt"}`, an item within has a `value`."""
    value = _first(values)
    if isinstance(value, Mapping):
        value = value.get("value")
    return value if isinstance(value, str) else None


def _author(card: object) -> Author | None:
    if isinstance(card, str):
        name = clean(card, LONGEST_NAME)
        return Author(name=name) if name else None
    if not isinstance(card, Mapping):
        return None
    properties = card.get("properties", {})
    author = Author(
        name=clean(_word(properties.get("name")), LONGEST_NAME),
        url=_address(_word(properties.get("url"))),
        photo=_address(_word(properties.get("photo"))),
    )
    return author if author != Author() else None


def _address(url: str | None) -> str | None:
    """A stranger's address that a page may show: never `javascript:`, and with the host that would be asked."""
    return tidy(url) if url is not None and is_http(url) else None
