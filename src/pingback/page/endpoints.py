"""The endpoints that a response advertises (Pingback 1.0 §2).

A parser instead of the norm's regular expression: it finds the `<link>` in any spelling, with relative and
entity-encoded addresses, and none that stands in a comment, a script or escaped prose.
"""

from collections.abc import Iterable, Mapping, Sequence

from pingback.model import Endpoint, Protocol, Via
from pingback.page.scanner import Passing, scan
from pingback.urls import is_http, resolve
from pingback.wire.headers import content_type as parse_content_type

HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml"})  # "": no Content-Type at all

RELS = {"pingback": Protocol.PINGBACK}


def endpoints_in(
    url: str, *, pingback_headers: Sequence[str], content_type: str | None, chunks: Iterable[bytes]
) -> tuple[Endpoint, ...]:
    """What a final, successful response advertises; `url` is where it came from.

    `pingback_headers` are its `X-Pingback` lines. The first usable one is the answer, and no chunk of the body is
    taken; else the first `<link rel="pingback">` is, and no chunk behind it is taken.
    """
    for value in pingback_headers:
        if endpoint := _endpoint(url, value.strip(), Via.HEADER):
            return (endpoint,)
    media_type, charset = parse_content_type(content_type)
    if media_type not in HTML_TYPES:
        return ()
    passing = Passing(url)
    collector = EndpointCollector(passing)
    scan(chunks, passing, [collector], charset=charset)
    return tuple(collector.found.values())


class EndpointCollector:
    """The first `<link>` for each protocol. `<a rel="pingback">` is no endpoint: a stranger's comment can hold one."""

    tags = frozenset({"link"})
    ends: frozenset[str] = frozenset()

    def __init__(self, passing: Passing) -> None:
        self._passing = passing
        self.found: dict[Protocol, Endpoint] = {}

    @property
    def done(self) -> bool:
        return len(self.found) == len(RELS)

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        for rel in attributes.get("rel", "").lower().split():
            protocol = RELS.get(rel)
            if protocol is None or protocol in self.found:
                continue
            if endpoint := _endpoint(self._passing.base, attributes.get("href", ""), Via(tag)):
                self.found[protocol] = endpoint

    def end(self, tag: str) -> None:
        """Never called: where a `<link>` ends says nothing."""


def _endpoint(base: str, reference: str, via: Via) -> Endpoint | None:
    """The expression in Pingback 1.0 §2 wants at least one character: an empty address names no endpoint."""
    url = resolve(base, reference) if reference.strip() else None
    if url is None or not is_http(url):
        return None
    return Endpoint(protocol=Protocol.PINGBACK, url=url, via=via)
