"""Under which address a page wants to be known: `rel=canonical` (RFC 6596), by header or in the page's head."""

from collections.abc import Iterable, Mapping, Sequence

from pingback.page.endpoints import HTML_TYPES
from pingback.page.scanner import Passing, scan
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.headers import links_in
from pingback.urls import is_http, resolve

_REL = "canonical"


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


def _http(base: str, reference: str) -> str | None:
    url = resolve(base, reference)
    return url if url is not None and is_http(url) else None
