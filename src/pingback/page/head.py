"""What a page says to robots: under which address it wants to be known, and whether it wants to be found at all.

The address is `rel=canonical` (RFC 6596), by header or in the page's head. Of robots' rules, in `<meta>` elements and
in `X-Robots-Tag` header fields, there is no norm; these are Google's “Robots meta tag and X-Robots-Tag specifications”,
which all search engines follow.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from pingback.page.endpoints import HTML_TYPES
from pingback.page.scanner import Passing, scan
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.headers import links_in
from pingback.urls import is_http, resolve

_REL = "canonical"

OWN_NAME = "pingback"  # by which a page can address us alone

_FORBIDDING = frozenset({"noindex", "none"})
_VALUED = frozenset("unavailable_after max-snippet max-image-preview max-video-preview".split())
_NAME = re.compile(r"[a-z0-9_*\-]+")
_between = re.compile(r"[\s,]+").split


def canonical_in(
    url: str, *, link_headers: Sequence[str], content_type: str | None, chunks: Iterable[bytes]
) -> str | None:
    """The first one that the response from `url` names, as an absolute HTTP URL; None where it names none.

    Of the page no chunk is taken that lies behind its head: what stands in a body may be a stranger's.
    """
    for link in links_in(link_headers):
        if _REL in link.rels and link.anchor is None:
            return _http(url, link.url)
    media_type, charset = parse_content_type(content_type)
    if media_type not in HTML_TYPES:
        return None
    passing = Passing(url)
    collector = CanonicalCollector(passing)
    scan(chunks, passing, [collector], charset=charset)
    return collector.url


def says_noindex(fields: Iterable[str]) -> bool:
    """The `X-Robots-Tag` fields of a response forbid to list it, to everybody or to us: `noindex`, `pingback: none`."""
    return any(_forbids_us(field.lower()) for field in fields)


class CanonicalCollector:
    """The first `<link rel=canonical>` of the head."""

    tags = frozenset({"link", "body"})
    ends: frozenset[str] = frozenset()

    def __init__(self, passing: Passing) -> None:
        self._passing = passing
        self.done = False
        self.url: str | None = None

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self.done:
            return
        if tag == "body":
            self.done = True
        elif _REL in attributes.get("rel", "").lower().split() and "href" in attributes:
            self.url = _http(self._passing.base, attributes["href"])
            self.done = True

    def end(self, tag: str) -> None:
        """Never called: where a `<link>` ends says nothing."""


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


def _http(base: str, reference: str) -> str | None:
    url = resolve(base, reference)
    return url if url is not None and is_http(url) else None


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
