"""The microformats of a page that is already known to link to us: its h-entry, and who wrote it.

mf2py reads them from a DOM, and is recursive and quadratic where microformats are nested. So the DOM is built of the
page's beginning only, and a page nested deeper than any entry is has none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pingback.model import Author
from pingback.page.excerpt import plain, shorten
from pingback.urls import is_http

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

LONGEST_NAME = 200  # characters, for names of people and sites
LONGEST_TITLE = 500  # a page can make its title as long as itself

MAX_PAGE = 128 * 1024  # bytes; an entry's properties stand about its words, not behind all its comments
MAX_DEPTH = 200  # elements within one another
MAX_NESTED = 8  # microformats within one another; an author in a comment on an entry in a feed makes four

_MARKS = (b"entry", b"card")  # without h-entry, hentry, h-card and vcard there is nothing to read
_ROOT = re.compile(r"h-[a-z0-9-]+|hentry|vcard|hfeed|hreview|hproduct|hrecipe|hresume|vevent|adr|geo")


class Entry(NamedTuple):
    """What a page's first entry says of itself; None where it says nothing."""

    name: str | None = None
    author: Author | None = None
    published: datetime | None = None


def entry_in(page: bytes, url: str) -> Entry:
    """The first h-entry of a page in UTF-8 that came from `url`; its author may be the page's own h-card instead."""
    if all(page.find(mark, 0, MAX_PAGE) < 0 for mark in _MARKS):
        return Entry()
    # bs4 and mf2py take longer to load than the page to read, and most pages have no microformats.
    import mf2py
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page[:MAX_PAGE], "lxml", from_encoding="utf-8")
    if not _tame(soup):
        return Entry()
    items: list[dict[str, Any]] = mf2py.parse(doc=soup, url=url)["items"]
    entry = next(_of_type(items, "h-entry"), None)
    properties = entry["properties"] if entry else {}
    card = _first(properties.get("author")) or next(_of_type(items, "h-card"), None)
    return Entry(
        name=clean(_word(properties.get("name")), LONGEST_TITLE),
        author=_author(card),
        published=instant_of(_word(properties.get("published"))),
    )


def instant_of(text: str | None) -> datetime | None:
    """An ISO 8601 date or date and time as an aware instant; one without a zone is taken for UTC. None if neither."""
    try:
        instant = datetime.fromisoformat((text or "").strip())
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def clean(text: str | None, length: int) -> str | None:
    """`text` as one line of at most `length` characters; None when nothing is left of it."""
    return shorten(plain(text), length) or None if text else None


def _tame(soup: "BeautifulSoup") -> bool:
    """Make the DOM safe to walk; false where it is too deep for that.

    The content of an entry is not asked for: without its class mf2py does not serialise it, once for each level.
    """
    from bs4.element import AttributeValueList

    open_tags: list[tuple[Tag, bool]] = []
    nested = 0
    for tag in soup.find_all(True):
        while open_tags and open_tags[-1][0] is not tag.parent:
            nested -= open_tags.pop()[1]
        classes = [name for name in tag.get_attribute_list("class") if name and not name.startswith("e-")]
        is_root = any(_ROOT.fullmatch(name) for name in classes)
        nested += is_root
        open_tags.append((tag, is_root))
        if len(open_tags) > MAX_DEPTH or nested > MAX_NESTED:
            return False
        if tag.has_attr("class"):
            tag["class"] = AttributeValueList(classes)
    return True


def _of_type(items: Iterable[Mapping[str, Any]], kind: str) -> Iterator[Mapping[str, Any]]:
    """The items of a kind, in document order: at the top, or in a feed."""
    for item in items:
        if kind in item["type"]:
            yield item
        elif "h-feed" in item["type"]:
            yield from _of_type(item.get("children", ()), kind)


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
    """A stranger's address that a page may show: never `javascript:`."""
    return url if url is not None and is_http(url) else None
