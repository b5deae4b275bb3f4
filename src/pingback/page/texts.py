"""Webmention sources that are not HTML: does a plain text or a JSON document hold the target (Webmention §3.2.2).

Feeds do not count, whatever they are written in: they repeat what their posts say, and forget it.
"""

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from pingback.urls import key_of, leads_to
from pingback.words import excerpt_around

MAX_ASKED = 10_000  # addresses that are held against the target; a text that has more was made to keep us busy
MAX_MARKS = 5  # that may close upon an address; `).` at the end of a sentence are two

# An address begins a word, a mark around it aside: one within another address is no link.
_ADDRESS = re.compile(r"(?<![^\s<>()\[\]\"'])(?ai:https?)://[^\s<>\[\]\"]+")
_CLOSING = frozenset(")'.,;:!?")  # an address can hold and end with these too
_NO_BASE = "about:blank"  # against which nothing relative resolves
_FEED = "application/feed+json"  # JSON Feed


class Said(NamedTuple):
    """What a document that holds the target says; None where it says nothing."""

    title: str | None = None
    excerpt: str | None = None


def reader_of(media_type: str) -> Callable[[str, str], Said | None] | None:
    """What takes the text of such a document, and the target, and gives None where the one does not hold the other."""
    if media_type == "text/plain":
        return said_in_text
    if media_type == "application/json" or (media_type.endswith("+json") and media_type != _FEED):
        return said_in_json
    return None


def said_in_text(text: str, target: str) -> Said | None:
    """The target stands in the text as a whole word; the excerpt is of its line."""
    wanted = _Target(target)
    for line in text.splitlines():
        for found in _ADDRESS.finditer(line):
            if length := _length_of(found[0], wanted):
                stop = found.start() + length
                return Said(excerpt=excerpt_around(line[: found.start()], line[found.start() : stop], line[stop:]))
    return None


def said_in_json(text: str, target: str) -> Said | None:
    """The target is a string value in the document, at any depth."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, or nested too deeply, or with a number of too many digits
        return None
    if not _holds(document, _Target(target)):
        return None
    names = [document.get(name) for name in ("name", "title")] if isinstance(document, dict) else []
    return Said(title=next((name for name in names if isinstance(name, str) and name.strip()), None))


class _Target:
    """What addresses are held against."""

    def __init__(self, target: str) -> None:
        self._key = key_of(target)
        self._left = MAX_ASKED

    def is_meant_by(self, address: str) -> bool:
        self._left -= 1
        return self._left >= 0 and leads_to(address, self._key, base=_NO_BASE)


def _length_of(address: str, target: _Target) -> int:
    """How much of it is the address of the target, marks that close upon it left out; 0 when it is another's."""
    for length in range(len(address), max(0, len(address) - MAX_MARKS - 1), -1):
        if target.is_meant_by(address[:length]):
            return length
        if address[length - 1] not in _CLOSING:
            return 0
    return 0


def _holds(document: object, target: _Target) -> bool:
    """Without recursion: what the parser could still take apart may be too deep for our own calls."""
    values = [document]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list):
            values += value
        elif isinstance(value, str) and value[:4].lower() == "http" and target.is_meant_by(value):
            return True
    return False
