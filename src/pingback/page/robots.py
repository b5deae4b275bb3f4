"""Does a page want to be found? The robots rules in its `<meta>` elements and in its `X-Robots-Tag` header fields.

No norm has them; these are Google's “Robots meta tag and X-Robots-Tag specifications”, which all search engines follow.
"""

import re
from collections.abc import Iterable, Mapping

OWN_NAME = "pingback"  # by which a page can address us alone

_FORBIDDING = frozenset({"noindex", "none"})
_VALUED = frozenset("unavailable_after max-snippet max-image-preview max-video-preview".split())
_NAME = re.compile(r"[a-z0-9_*\-]+")
_between = re.compile(r"[\s,]+").split


def says_noindex(fields: Iterable[str]) -> bool:
    """The `X-Robots-Tag` fields of a response forbid to list it, to everybody or to us: `noindex`, `pingback: none`."""
    return any(_forbids_us(field.lower()) for field in fields)


class RobotsCollector:
    """What `<meta name="robots">` says; rules for other robots by name are not for us."""

    tags = frozenset({"meta"})
    ends: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.noindex = False

    @property
    def done(self) -> bool:
        return self.noindex

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        if attributes.get("name", "").strip().lower() in ("robots", OWN_NAME):
            self.noindex = self.noindex or _forbids(attributes.get("content", "").lower())

    def end(self, tag: str) -> None:
        """Never called: where a `<meta>` ends says nothing."""


def _forbids_us(field: str) -> bool:
    """A robot's name before a rule holds for the rest of the field, and looks like the name of a rule with a value."""
    robot = OWN_NAME
    for rule in field.split(","):
        name, colon, rest = rule.partition(":")
        if colon and _NAME.fullmatch(name.strip()) and name.strip() not in _VALUED:
            robot, rule = name.strip(), rest
        if robot in (OWN_NAME, "*") and _forbids(rule):
            return True
    return False


def _forbids(rules: str) -> bool:
    return not _FORBIDDING.isdisjoint(_between(rules))
