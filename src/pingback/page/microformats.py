"""The microformats of a page that is already known to link to us: its h-entry, and who wrote it.

mf2py reads them from a DOM. It is recursive, and quadratic or worse in nested microformats, in classic ones and in
`rel`; so it is given the entry alone, without its content, and of its markup only what an entry is told by.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from pingback.model import Author
from pingback.text import clean
from pingback.urls import is_http, tidy

if TYPE_CHECKING:
    from bs4 import Tag
    from bs4.element import NavigableString

LONGEST_NAME = 200  # characters, for names of people and sites
LONGEST_TITLE = 500  # a page can make its title as long as itself

MAX_PAGE = 128 * 1024  # bytes; an entry's properties stand about its words, not behind all its comments
# Of the page; bs4 takes 25 microseconds to make an element, and to take one away it looks at all that stand before it.
MAX_TAGS = 5000
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
_ATTRIBUTES = frozenset("href src alt title datetime value".split())


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
    # bs4 and mf2py take longer to load than the page to read.
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_beginning(page), "lxml", from_encoding="utf-8")
    # A <base> has had its say: `url` is what it made of the page's address.
    for base in soup.find_all("base"):
        base.decompose()
    entry = soup.find(_is_one_of(_ENTRIES))
    properties = _properties(entry, "h-entry", url)
    card: object = _first(properties.get("author"))
    if not card:  # the page's own, which the entry may have left to it
        card = {"properties": _properties(soup.find(_is_one_of(_CARDS)), "h-card", url)}
    return Entry(
        name=clean(_word(properties.get("name")), LONGEST_TITLE),
        author=_author(card),
        published=instant_of(_word(properties.get("published"))),
    )


def _beginning(page: bytes) -> bytes:
    page = page[:MAX_PAGE]
    beyond = next(islice(_TAG.finditer(page), MAX_TAGS, None), None)
    return page if beyond is None else page[: beyond.start()]


def instant_of(text: str | None) -> datetime | None:
    """An ISO 8601 date or date and time as an aware instant; one without a zone is taken for UTC. None if neither."""
    try:
        instant = datetime.fromisoformat((text or "").strip())
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_one_of(classes: Set[str]) -> "Callable[[Tag], bool]":
    return lambda tag: not classes.isdisjoint(_classes_of(tag))


def _classes_of(tag: "Tag") -> list[str]:
    return [name for name in tag.get_attribute_list("class") if name]


def _properties(root: "Tag | NavigableString | None", kind: str, url: str) -> Mapping[str, Any]:
    """What mf2py finds in the microformat of that kind at `root`, which is taken out of its document."""
    if root is None or isinstance(root, str):
        return {}
    import mf2py
    from bs4 import BeautifulSoup

    _reduce(root, kind)
    alone = BeautifulSoup("", "lxml")
    alone.append(root.extract())
    try:
        items: list[Mapping[str, Any]] = mf2py.parse(doc=alone, url=url)["items"]
    except ValueError:  # of an address that urllib cannot take apart
        return {}
    return items[0]["properties"] if items else {}


def _reduce(root: "Tag", kind: str) -> None:
    """Leave of the markup only what `root` is told by, and of other microformats none but its first author's card."""
    tags = _cut_to_size(root)
    is_card, is_author = _is_one_of(_CARDS), _is_one_of(_AUTHORS)
    author = next((tag for tag in tags if tag is not root and is_card(tag) and is_author(tag)), None)
    # By identity: two tags are equal in bs4 when all that is below them is.
    of_card = set() if author is None else {id(tag) for tag in (author, *author.find_all(True))}
    _label([tag for tag in tags if id(tag) not in of_card], [kind])
    _label([tag for tag in tags if id(tag) in of_card], ["p-author", "h-card"])


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
        tag.attrs = {name: value for name, value in tag.attrs.items() if name in _ATTRIBUTES}
        tag["class"] = AttributeValueList(sorted(new))


def _cut_to_size(root: "Tag") -> list["Tag"]:
    """The elements at and below `root`, in document order; an entry's content, and what is too much, is taken out.

    A root that is its own content stays: its author and date can stand nowhere else.
    """
    is_content = _is_one_of(_CONTENT)
    kept: list[Tag] = []
    open_tags = [(root, 0)]
    while open_tags:
        tag, depth = open_tags.pop()
        if len(kept) == MAX_ELEMENTS or depth > MAX_DEPTH or (tag is not root and is_content(tag)):
            tag.decompose()
            continue
        kept.append(tag)
        open_tags += [(child, depth + 1) for child in reversed(tag.find_all(True, recursive=False))]
    return kept


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
