"""The endpoints that a response advertises, as each protocol's record says that they are to be found.

A parser instead of the expression in Pingback 1.0: it finds a `<link>` in any spelling, with relative and
entity-encoded addresses, and none that stands in a comment, a script or escaped prose.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from pingback.model import Endpoint, Protocol, Via
from pingback.page.rdf import RdfCollector
from pingback.page.scanner import Collector, Passing, scan
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.headers import links_in
from pingback.protocols.linkback import Linkback
from pingback.protocols.table import EVERY, linkbacks
from pingback.urls import is_http, resolve, same_url

HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml"})  # "": no Content-Type at all

MAX_LOOKED_AT = 2000  # elements with an endpoint's rel; all but the first few of these have no address to be used


def endpoints_in(
    url: str,
    *,
    target: str,
    headers: Callable[[str], Collection[str]],
    content_type: str | None,
    chunks: Iterable[bytes],
    wanted: Collection[Protocol] = EVERY,
) -> tuple[Endpoint, ...]:
    """What the final, successful response to `target` advertises of what is `wanted`, one for each protocol at most.

    `url` is where the response came from, `headers` gives its lines of that name. Headers count before the page. No
    chunk of it is taken that cannot change the answer; but a block of RDF can stand anywhere in a page, and a better
    one behind it, as the `<link>` does that overrules an `<a rel="pingback">`.
    """
    asked = [linkback for linkback in linkbacks() if linkback.name in wanted]
    found = {linkback.name: endpoint for linkback in asked if (endpoint := _in_headers(linkback, url, headers))}
    missing = [linkback for linkback in asked if linkback.name not in found]
    media_type, charset = parse_content_type(content_type)
    if missing and media_type in HTML_TYPES:
        without_a = {each.name for each in missing if each.a_comes_last and each.header and headers(each.header)}
        passing = Passing(url)
        rdf = RdfCollector(passing, target, url=url) if any(linkback.in_rdf for linkback in missing) else None
        links = EndpointCollector(passing, missing, rdf, without_a=without_a)
        collectors: list[Collector] = [links] if rdf is None else [links, rdf]
        scan(chunks, passing, collectors, charset=charset)
        found |= links.found
    return tuple(found[linkback.name] for linkback in asked if linkback.name in found)


class EndpointCollector:
    """The first `<link>` or `<a>` for each protocol that is wanted; where one is found `in_rdf`, `rdf` counts before.

    Where an `<a>` comes last, it counts if the page, to its end, has no such `<link>`, usable or not; and not at all
    for the protocols `without_a`.
    """

    tags = frozenset({"link", "a"})
    ends: frozenset[str] = frozenset()

    def __init__(
        self,
        passing: Passing,
        wanted: Collection[Linkback],
        rdf: RdfCollector | None,
        *,
        without_a: Collection[Protocol],
    ) -> None:
        self._passing = passing
        self._wanted = frozenset(linkback.name for linkback in wanted)
        self._by_rel: dict[str, list[Linkback]] = {}
        for linkback in wanted:
            for rel in linkback.rels:
                self._by_rel.setdefault(rel, []).append(linkback)
        self._rdf = rdf
        self._in_rdf = [linkback.name for linkback in wanted if linkback.in_rdf]
        self._without_a = set(without_a)
        self._left = MAX_LOOKED_AT
        self._found: dict[Protocol, Endpoint] = {}
        self._last: dict[Protocol, Endpoint] = {}  # the first usable `<a>`, of those for whom it comes last

    @property
    def found(self) -> dict[Protocol, Endpoint]:
        """One for each protocol at most, once the page is over."""
        last = {name: endpoint for name, endpoint in self._last.items() if name not in self._without_a and self._left}
        return last | self._found | self._of_rdf()

    @property
    def done(self) -> bool:
        if self._left == 0:
            return True
        settled = set(self._found)
        if self._rdf is not None and self._rdf.done and self._rdf.ping is not None:
            settled.update(self._in_rdf)
        return settled >= self._wanted

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        rels = attributes.get("rel")
        if rels is None or self._left == 0:
            return
        named = dict.fromkeys(linkback for rel in rels.lower().split() for linkback in self._by_rel.get(rel, ()))
        is_open = [linkback for linkback in named if self._is_open(linkback, tag)]
        if not is_open:
            return
        self._left -= 1
        href = attributes.get("href")
        url = None if href is None else _http(self._passing.base, href)
        for linkback in is_open:
            endpoint = None if href is None or url is None else _made(linkback, href, url, Via(tag))
            self._take(linkback, tag, endpoint)

    def end(self, tag: str) -> None:
        """Never called: where a `<link>` or `<a>` ends says nothing."""

    def _is_open(self, linkback: Linkback, tag: str) -> bool:
        return linkback.name not in self._found and not (tag == "a" and linkback.name in self._last)

    def _take(self, linkback: Linkback, tag: str, endpoint: Endpoint | None) -> None:
        comes_last = linkback.a_comes_last and tag == "a"
        if linkback.a_comes_last and not comes_last:
            self._without_a.add(linkback.name)
        if endpoint is not None:
            (self._last if comes_last else self._found)[linkback.name] = endpoint

    def _of_rdf(self) -> dict[Protocol, Endpoint]:
        if self._rdf is None or self._rdf.ping is None:
            return {}
        return {name: Endpoint(protocol=name, url=self._rdf.ping, via=Via.RDF) for name in self._in_rdf}


def _in_headers(linkback: Linkback, url: str, headers: Callable[[str], Iterable[str]]) -> Endpoint | None:
    """The first usable one. A link with another page for an anchor is not ours (RFC 8288 §3.2)."""
    for value in headers(linkback.header) if linkback.header else ():
        if endpoint := _endpoint(linkback, url, value.strip()):
            return endpoint
    for link in links_in(headers("Link")) if linkback.in_link_header else ():
        if linkback.rels.isdisjoint(link.rels):
            continue
        if link.anchor is not None and not same_url(resolve(url, link.anchor) or "", url):
            continue
        if endpoint := _endpoint(linkback, url, link.url):
            return endpoint
    return None


def _endpoint(linkback: Linkback, base: str, reference: str) -> Endpoint | None:
    url = _http(base, reference)
    return None if url is None else _made(linkback, reference, url, Via.HEADER)


def _http(base: str, reference: str) -> str | None:
    url = resolve(base, reference)
    return url if url is not None and is_http(url) else None


def _made(linkback: Linkback, reference: str, url: str, via: Via) -> Endpoint | None:
    """The endpoint at `url`, which `reference` resolved to.

    The expression in Pingback 1.0 §2 wants at least one character; others are empty where the page is its own endpoint.
    """
    if not reference.strip() and not linkback.empty_is_page:
        return None
    return Endpoint(protocol=linkback.name, url=url.partition("#")[0] if linkback.drops_fragment else url, via=via)
