"""What the objects say that a page has in JSON-LD: their addresses, their texts, and which of them are the page."""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import NamedTuple

MAX_THINGS = 100  # of a kind that are looked at

Thing = Mapping[str, object]

_POSTING = re.compile(r"(?:Article|Posting|Report)\Z")


class Values(NamedTuple):
    """What objects say by a property: those that are the page, and those that may be anything."""

    own: list[object]
    anonymous: list[object]


def is_posting(types: Iterable[str]) -> bool:
    return any(map(_POSTING.search, types))


def values_of(things: Iterable[Thing], name: str, *, is_page: Callable[[Thing], bool | None]) -> Values:
    """`is_page` is None of an object that does not say what it is."""
    values = Values([], [])
    for thing in islice(things, MAX_THINGS):
        if name in thing and (found := is_page(thing)) is not False:
            (values.own if found else values.anonymous).append(thing[name])
    return values


def url_in(value: object) -> str | None:
    """The address in what JSON-LD has for one: a string, a list, an object."""
    for _ in range(3):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, Mapping):
            value = value.get("url") or value.get("contentUrl") or value.get("@id")
    return value if isinstance(value, str) else None


def text_in(value: object) -> str | None:
    """The text in what JSON-LD has for one, in the first language."""
    for _ in range(3):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, Mapping):
            value = value.get("@value")
    return value if isinstance(value, str) else None
