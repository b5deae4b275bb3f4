"""The endpoints that a response advertises (Pingback 1.0 §2, Webmention §3.1.2, TrackBack 1.2).

A parser instead of the expression in Pingback 1.0: it finds a `<link>` in any spelling, with relative and
entity-encoded addresses, and none that stands in a comment, a script or escaped prose.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set

from pingback.model import Endpoint, Protocol, Via
from pingback.page.rdf import RdfCollector
from pingback.page.scanner import Collector, Passing, scan
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.headers import links_in
from pingback.urls import is_http, resolve, same_url

HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml"})  # "": no Content-Type at all

MAX_LOOKED_AT = 2000  # elements with an endpoint's rel; all but the first few of these have no address to be used

RELS = {
    "webmention": Protocol.WEBMENTION,
    # From before the norm: as it was then, and as people write it.
    "http://webmention.org/": Protocol.WEBMENTION,
    "http://webmention.org": Protocol.WEBMENTION,
    "https://webmention.org/": Protocol.WEBMENTION,
    "https://webmention.org": Protocol.WEBMENTION,
    "pingback": Protocol.PINGBACK,
    "trackback": Protocol.TRACKBACK,  # in no norm, but in many themes
}


def endpoints_in(
    url: str,
    *,
    target: str,
    pingback_headers: Sequence[str],
    link_headers: Sequence[str],
    content_type: str | None,
    chunks: Iterable[bytes],
    wanted: Collection[Protocol] = tuple(Protocol),
) -> tuple[Endpoint, ...]:
    """What the final, successful response to `target` advertises of what is `wanted`, one for each protocol at most.

    `url` is where the response came from, `pingback_headers` and `link_headers` are its `X-Pingback` and `Link` lines.
    Headers count before the page. No chunk of it is taken that cannot change the answer; but a TrackBack block can
    stand anywhere in a page, and a better one behind it, as the `<link>` does that overrules an `<a rel="pingback">`.
    """
    found: dict[Protocol, Endpoint] = {}
    if Protocol.PINGBACK in wanted:
        found |= _in_pingback_headers(url, pingback_headers)
    if Protocol.WEBMENTION in wanted:
        found |= _in_link_headers(url, link_headers)
    missing = frozenset(wanted) - found.keys()
    media_type, charset = parse_content_type(content_type)
    if missing and media_type in HTML_TYPES:
        found |= _in_page(url, target, chunks, charset, missing, by_a=not pingback_headers)
    return tuple(found[protocol] for protocol in Protocol if protocol in found)


class EndpointCollector:
    """The first `<link>` or `<a>` for each protocol that is wanted. For TrackBack, `rdf` counts before them.

    `<a rel="pingback">` counts where `by_a` and the page, to its end, has no such `<link>`, usable or not: a stranger's
    comment can hold one, and must not take the pings of a page that says itself where they go.
    """

    tags = frozenset({"link", "a"})
    ends: frozenset[str] = frozenset()

    def __init__(self, passing: Passing, wanted: Set[Protocol], rdf: RdfCollector | None, *, by_a: bool) -> None:
        self._passing = passing
        self._wanted = wanted
        self._rdf = rdf
        self._by_a = by_a
        self._left = MAX_LOOKED_AT
        self._found: dict[Protocol, Endpoint] = {}
        self._anchor: Endpoint | None = None  # the first usable `<a rel="pingback">`

    @property
    def found(self) -> dict[Protocol, Endpoint]:
        """One for each protocol at most, once the page is over."""
        if self._anchor is None or not self._by_a or self._left == 0 or Protocol.PINGBACK in self._found:
            return self._found
        return self._found | {Protocol.PINGBACK: self._anchor}

    @property
    def done(self) -> bool:
        if self._left == 0:
            return True
        settled = set(self._found)
        if self._rdf is not None and self._rdf.done and self._rdf.ping is not None:
            settled.add(Protocol.TRACKBACK)
        return settled >= self._wanted

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        rels = attributes.get("rel")
        if rels is None or self._left == 0:
            return
        named = dict.fromkeys(RELS[rel] for rel in rels.lower().split() if rel in RELS)
        protocols = [protocol for protocol in named if self._is_open(protocol, tag)]
        if not protocols:
            return
        self._left -= 1
        href = attributes.get("href")
        url = None if href is None else _http(self._passing.base, href)
        for protocol in protocols:
            self._take(
                protocol, Via(tag), None if href is None or url is None else _made(protocol, href, url, Via(tag))
            )

    def end(self, tag: str) -> None:
        """Never called: where a `<link>` or `<a>` ends says nothing."""

    def _is_open(self, protocol: Protocol, tag: str) -> bool:
        if protocol is Protocol.PINGBACK and tag == "a" and self._anchor is not None:
            return False
        return protocol in self._wanted and protocol not in self._found

    def _take(self, protocol: Protocol, via: Via, endpoint: Endpoint | None) -> None:
        if protocol is Protocol.PINGBACK:
            if via is Via.A:
                self._anchor = endpoint
                return
            self._by_a = False
        if endpoint is not None:
            self._found[protocol] = endpoint


def _in_pingback_headers(url: str, values: Iterable[str]) -> dict[Protocol, Endpoint]:
    """The first usable one: Pingback 1.0 §2.1."""
    for value in values:
        if endpoint := _endpoint(Protocol.PINGBACK, url, value.strip(), Via.HEADER):
            return {Protocol.PINGBACK: endpoint}
    return {}


def _in_link_headers(url: str, values: Iterable[str]) -> dict[Protocol, Endpoint]:
    """The first usable one: Webmention §3.1.2. A link with another page for an anchor is not ours (RFC 8288 §3.2)."""
    for link in links_in(values):
        if all(RELS.get(rel) is not Protocol.WEBMENTION for rel in link.rels):
            continue
        if link.anchor is not None and not same_url(resolve(url, link.anchor) or "", url):
            continue
        if endpoint := _endpoint(Protocol.WEBMENTION, url, link.url, Via.HEADER):
            return {Protocol.WEBMENTION: endpoint}
    return {}


def _in_page(
    url: str, target: str, chunks: Iterable[bytes], charset: str | None, wanted: Set[Protocol], *, by_a: bool
) -> dict[Protocol, Endpoint]:
    passing = Passing(url)
    rdf = RdfCollector(passing, target, url=url) if Protocol.TRACKBACK in wanted else None
    links = EndpointCollector(passing, wanted, rdf, by_a=by_a)
    collectors: list[Collector] = [links] if rdf is None else [links, rdf]
    scan(chunks, passing, collectors, charset=charset)
    if rdf is None or rdf.ping is None:
        return links.found
    return links.found | {Protocol.TRACKBACK: Endpoint(protocol=Protocol.TRACKBACK, url=rdf.ping, via=Via.RDF)}


def _endpoint(protocol: Protocol, base: str, reference: str, via: Via) -> Endpoint | None:
    url = _http(base, reference)
    return None if url is None else _made(protocol, reference, url, via)


def _http(base: str, reference: str) -> str | None:
    url = resolve(base, reference)
    return url if url is not None and is_http(url) else None


def _made(protocol: Protocol, reference: str, url: str, via: Via) -> Endpoint | None:
    """The endpoint at `url`, which `reference` resolved to.

    An empty address is the page itself for Webmention (§3.1.2), and no endpoint for the others: the expression in
    Pingback 1.0 §2 wants at least one character.
    """
    if not reference.strip() and protocol is not Protocol.WEBMENTION:
        return None
    if protocol is Protocol.WEBMENTION:
        url = url.partition("#")[0]  # it says nothing to a server
    return Endpoint(protocol=protocol, url=url, via=via)
