"""The values of microformats' properties: words, addresses, dates, and who a card names (microformats2 parsing).

Each value comes from the part of the page that has the property's class, with the value-class pattern. Whatever a page
says, a value costs no more than the first `MAX_NODES` elements and `MAX_VALUE` characters of that part.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from pingback.model import Author
from pingback.page.nodes import Node
from pingback.page.tree import Item, Page
from pingback.text import clean, plain
from pingback.urls import MAX_URL, as_written, tidy, without_credentials

LONGEST_NAME = 200  # characters, for names of people and sites

MAX_VALUE = 10_000  # characters of one value
MAX_NODES = 1000  # elements of one value
MAX_CHILDREN = 100  # of an element, that the value-class pattern and what is implied look at
MAX_VALUES = 10  # of one property
MAX_DATE = 100  # characters

CARDS = frozenset({"h-card", "vcard"})

# Which attribute says it, by element.
_TITLED = {"abbr": "title", "link": "title", "data": "value", "input": "value", "img": "alt", "area": "alt"}
_LINKING = {
    "a": ("href",),
    "area": ("href",),
    "link": ("href",),
    "img": ("src",),
    "audio": ("src",),
    "video": ("src", "poster"),
    "source": ("src",),
    "object": ("data",),
}
_DATED = {"time": "datetime", "ins": "datetime", "del": "datetime", **_TITLED}
_VALUES = frozenset({"value", "value-title"})
_PICTURES = frozenset("u-photo photo u-logo logo avatar".split())
# What a card is called by where it has no `p-name`; the parts of a name, of hCard as well.
_OTHER_NAMES = (
    ("p-nickname", "nickname"),
    ("p-given-name", "given-name", "p-family-name", "family-name"),
    ("n", "p-n"),
    ("p-org", "org"),
)
_NAME_CLASSES = frozenset(name for names in _OTHER_NAMES for name in names)
# With a scheme, or without one and with a path; a host alone is what some people call themselves.
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?//\S*|(?:mailto|javascript|data|tel|acct):.*|(?:[\w-]+\.)+[\w-]+/\S*", re.IGNORECASE
)

_DAY = r"(?P<day>[0-9]{4}-(?:[0-9]{2}-[0-9]{2}|[0-9]{3}))"
_TIME = (
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?"
)
_ZONE = r"(?P<zone>Z|[+-][0-9]{1,2}(?::?[0-9]{2})?)"
_WHEN = re.compile(rf"{_DAY}(?:(?:T| +){_TIME}(?: ?{_ZONE})?)?", re.IGNORECASE | re.ASCII)
_CLOCK = re.compile(rf"{_TIME}(?: ?{_ZONE})?", re.IGNORECASE | re.ASCII)
_MAIL = re.compile(  # RFC 5322 §3.3, as feeds have it
    r"(?:[a-z]{3}, *)?[0-9]{1,2} [a-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})? (?:[+-][0-9]{4}|GMT|UTC?|Z)",
    re.IGNORECASE | re.ASCII,
)
_ONLY_DAY = re.compile(_DAY, re.ASCII)
_ONLY_ZONE = re.compile(_ZONE, re.IGNORECASE | re.ASCII)


def children(page: Page, node: Node) -> Iterator[Node]:
    """The elements right below one, the first `MAX_CHILDREN`."""
    index = node.index + 1
    for _ in range(MAX_CHILDREN):
        if index >= node.stop:
            return
        child = page.nodes[index]
        yield child
        index = child.stop


def text_value(page: Page, node: Node) -> str:
    """The value of a `p-` property, on one line."""
    values = [_value_of_part(page, child) for child in _parts(page, node)]
    if values:
        return plain("".join(values)[:MAX_VALUE])
    told = node.attributes.get(_TITLED.get(node.tag, ""))
    return plain(words(page, node) if told is None else told[:MAX_VALUE])


def url_value(page: Page, node: Node) -> str | None:
    """The value of a `u-` property as an absolute HTTP URL that a page may show; None where it is none."""
    return address(page, _reference(page, node))


def date_value(page: Page, node: Node) -> tuple[datetime, str] | None:
    """The value of a `dt-` property; see `date_of`."""
    parts = [_value_of_part(page, child, _DATED).strip()[:MAX_DATE] for child in _parts(page, node)]
    if parts:
        return _date_of_parts(parts)
    # Pages have these on other elements than the norm says, too.
    for name in ("datetime", "title", "content", "value"):
        if name in node.attributes and (found := date_of(node.attributes[name])) is not None:
            return found
    return date_of(words(page, node))


def date_of(text: str | None) -> tuple[datetime, str] | None:
    """A day, or day and time, of ISO 8601 or of mail: the instant, and the text in ISO 8601 with a zone if it has one.

    For the instant, what has no zone is taken for UTC. None for anything else.
    """
    written = (text or "")[: MAX_DATE + 1].strip()
    if not written or len(written) > MAX_DATE:
        return None
    try:
        found = _WHEN.fullmatch(written)
        return _instant(*(_told(found) if found else _lenient(written)))
    except (ValueError, OverflowError):
        return None


def instant_of(text: str | None) -> datetime | None:
    """Only the instant of that."""
    found = date_of(text)
    return None if found is None else found[0]


def name_of(text: str | None) -> str | None:
    """A person's name as it may be shown; an address is none."""
    name = clean(text[:MAX_VALUE] if text else None, LONGEST_NAME)
    return None if name is None or _ADDRESS.fullmatch(name) else name


def address(page: Page, reference: str | None) -> str | None:
    """What a page refers to as an absolute HTTP URL that another page may show; None where it is none."""
    found = None if reference is None else page.target(reference)
    return None if found is None or reference is None else without_credentials(tidy(as_written(reference, found[0])))


def card_of(page: Page, item: Item) -> Author:
    """Whom an item names, by its own properties or by what these imply."""
    return Author(name=_card_name(page, item), url=card_url(page, item), photo=_card_photo(page, item))


def card_url(page: Page, item: Item) -> str | None:
    """The first address of a card, or what its own link or only link implies, if that leads to no picture."""
    for name in ("u-url", "u-uid"):
        for node in item.properties.get(name, ())[:MAX_VALUES]:
            if (url := url_value(page, node)) is not None:
                return url
    implied = (node for node in _implied(page, item.node, "a", "href") if "u-photo" not in node.classes)
    return next((address(page, node.attributes["href"]) for node in implied), None)


def words(page: Page, node: Node, *, portraits: bool = True) -> str:
    """What stands in an element, on one line, with the `alt` of its pictures, or of those only that show nobody."""
    marks = [
        (each.text, f" {each.attributes['alt'][:MAX_VALUE]} ")
        for each in _below(page, node)
        if each.tag == "img" and each.attributes.get("alt") and (portraits or not _is_portrait(page, each))
    ]
    said: list[str] = []
    length, next_mark, block = 0, 0, None
    for index in range(node.text, node.text_stop):
        while next_mark < len(marks) and marks[next_mark][0] <= index:
            said.append(marks[next_mark][1])
            next_mark += 1
        piece = page.texts[index]
        if page.blocks[index] != block:
            said.append(" ")
            block = page.blocks[index]
        said.append(piece[:MAX_VALUE])
        length += len(piece)
        if length > MAX_VALUE or len(said) > MAX_NODES:
            break
    said += (mark for _, mark in marks[next_mark:])
    return plain("".join(said)[:MAX_VALUE])


def _below(page: Page, node: Node) -> Sequence[Node]:
    """An element and what stands in it, as far as it is looked at."""
    return page.nodes[node.index : min(node.stop, node.index + MAX_NODES)]


def _parts(page: Page, node: Node) -> list[Node]:
    """What the value-class pattern takes the value from."""
    return [child for child in children(page, node) if not _VALUES.isdisjoint(child.classes)]


def _value_of_part(page: Page, node: Node, attributes: dict[str, str] = _TITLED) -> str:
    if "value-title" in node.classes:
        return node.attributes.get("title", "")
    return node.attributes.get(attributes.get(node.tag, "")) or words(page, node)


def _reference(page: Page, node: Node) -> str | None:
    for name in _LINKING.get(node.tag, ()):
        if name in node.attributes:
            return node.attributes[name] if name == "href" else node.attributes[name] or None
    told = "".join(_value_of_part(page, child) for child in _parts(page, node))
    told = told or node.attributes.get(_TITLED.get(node.tag, ""), "")
    return told or _start_of(page, node) or None


def _start_of(page: Page, node: Node) -> str:
    """The words of an element, as far as they may be an address: thousands of these can stand within one another."""
    said: list[str] = []
    left = MAX_URL
    for piece in page.texts[node.text : min(node.text_stop, node.text + MAX_CHILDREN)]:
        said.append(piece[:left])
        left -= len(said[-1])
        if left <= 0:
            break
    return plain("".join(said))


# Dates


def _date_of_parts(parts: list[str]) -> tuple[datetime, str] | None:
    """Day, time and zone, each in an element of its own or not, in any order."""
    day = clock = zone = ""
    for part in parts:
        if (found := date_of(part)) is not None and not _ONLY_DAY.fullmatch(part):
            return found
        if not day and _ONLY_DAY.fullmatch(part):
            day = part
        elif not zone and _ONLY_ZONE.fullmatch(part):
            zone = part
        elif not clock and _CLOCK.fullmatch(part):
            clock = part
    return date_of(f"{day} {clock}{zone}" if clock else day)


def _told(found: re.Match[str]) -> tuple[datetime, str, str]:
    """The local time, how exact it is, and its zone as ISO 8601 writes it."""
    day = _day_of(found["day"])
    if found["hour"] is None:
        return datetime.combine(day, time()), "day", ""
    hour = int(found["hour"])
    if found["half"]:
        is_late = found["half"] in "pP"
        hour = hour % 12 + 12 * is_late if hour <= 12 else hour  # some write 13 p.m.
    micro = int((found["fraction"] or "").ljust(6, "0")[:6])
    local = datetime.combine(day, time(hour, int(found["minute"] or 0), int(found["second"] or 0), micro))
    return local, "second" if found["second"] else "minute", _zone_of(found["zone"] or "")


def _day_of(text: str) -> date:
    if len(text) > 8:  # ordinal dates have eight characters
        return date.fromisoformat(text)
    found = date(int(text[:4]), 1, 1) + timedelta(days=int(text[5:]) - 1)
    if found.year != int(text[:4]):
        raise ValueError("no day of that year")
    return found


def _zone_of(text: str) -> str:
    """`+1`, `+0100` and `+01:00` as `+01:00`."""
    if not text or text in "zZ":
        return text.upper()
    digits = text[1:].replace(":", "")
    hours, minutes = (digits, "00") if len(digits) < 3 else (digits[:-2], digits[-2:])
    return f"{text[0]}{int(hours):02}:{minutes}"


def _lenient(text: str) -> tuple[datetime, str, str]:
    """Whatever else of ISO 8601 the standard library reads, as days of a week and forms without hyphens, and mail's."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        when = _of_mail(text) if _MAIL.fullmatch(text) else datetime.fromisoformat(text)
        zone = "" if when.tzinfo is None else when.isoformat()[len(when.replace(tzinfo=None).isoformat()) :]
        return when.replace(tzinfo=None), "second", zone
    return datetime.combine(day, time()), "day", ""


def _of_mail(text: str) -> datetime:
    from email.utils import parsedate_to_datetime  # takes 8 ms to load, and few pages have such dates

    return parsedate_to_datetime(text)


def _instant(local: datetime, exact: str, zone: str) -> tuple[datetime, str] | None:
    if exact == "day":
        written = local.date().isoformat()
    else:
        timespec = "minutes" if exact == "minute" else "auto"
        written = local.isoformat(timespec=timespec) + zone
    instant = datetime.fromisoformat(local.isoformat() + (zone or "Z")).astimezone(UTC)
    return (
        (instant, written) if instant.year > 1 else None
    )  # so Go's programs, Hugo among them, write that there is none


# Cards


def _card_name(page: Page, item: Item) -> str | None:
    for node in item.properties.get("p-name", ())[:MAX_VALUES]:
        if (name := _name_in(page, node)) is not None:
            return name
    named = _others(page, item)
    for names in _OTHER_NAMES:
        if any(name in named for name in names):
            return name_of(" ".join(text_value(page, named[name]) for name in names if name in named))
    if not _says_more(page, item):
        return _name_in(page, item.node) or next(
            (name_of(node.attributes[_TITLED[node.tag]]) for node in _implied(page, item.node, "img", "alt")), None
        )
    links = item.properties.get("u-url", ())[:MAX_VALUES]
    return next((name for node in links if (name := _name_in(page, node)) is not None), None)


def _name_in(page: Page, node: Node) -> str | None:
    """The words of a name, without those of the picture beside it where there are others."""
    if node.tag in _TITLED or _parts(page, node):
        return name_of(text_value(page, node))
    return name_of(words(page, node, portraits=False)) or name_of(words(page, node))


def _others(page: Page, item: Item) -> dict[str, Node]:
    """The other names that an item has, each the first time."""
    found: dict[str, Node] = {}
    for node in _below(page, item.node)[1:]:
        if node.classes and node.item is item and not _NAME_CLASSES.isdisjoint(node.classes):
            for name in node.classes & _NAME_CLASSES:
                found.setdefault(name, node)
    return found


def _says_more(page: Page, item: Item) -> bool:
    """All of an item's words are no name: it has a note, an address, or other items."""
    for node in _below(page, item.node)[1:]:
        if node.item is not item or any(name.startswith(("p-", "e-")) for name in node.classes):
            return True
    return item.node.stop - item.node.index > MAX_NODES


def _card_photo(page: Page, item: Item) -> str | None:
    for node in item.properties.get("u-photo", ())[:MAX_VALUES]:
        if (url := url_value(page, node)) is not None:
            return url
    return next((address(page, node.attributes["src"]) for node in _implied(page, item.node, "img", "src")), None)


def _implied(page: Page, root: Node, tag: str, attribute: str) -> Iterator[Node]:
    """The root, its only child of a kind, or that of its only child, where it is no item of its own."""
    if root.tag == tag and attribute in root.attributes:
        yield root
        return
    below = list(children(page, root))
    for _ in range(2):
        of_kind = [node for node in below if node.tag == tag and attribute in node.attributes]
        if len(of_kind) == 1 and of_kind[0].item is root.item:
            yield of_kind[0]
            return
        if len(below) != 1 or below[0].item is not root.item:
            return
        below = list(children(page, below[0]))


def _is_portrait(page: Page, node: Node) -> bool:
    """By its classes, or as what a card implies."""
    if not _PICTURES.isdisjoint(node.classes) or any("avatar" in name for name in node.classes):
        return True
    return node.item is not None and any(each is node for each in _implied(page, node.item.node, "img", "src"))
