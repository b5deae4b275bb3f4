"""A check-up: looks at a page and at the endpoints that it advertises from outside, as senders of each kind do.

WordPress is the sender to please: it asks by HEAD first, takes the characters of an address as they stand there, finds
a `<link>` in one spelling only, and gives up a whole run of pings when it meets two `X-Pingback` headers. An endpoint
is asked by the probes of its protocol: pings that it must refuse (Pingback 1.0 §2, TrackBack 1.2).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from pingback.errors import BadStatus, FetchError
from pingback.model import Endpoint, Protocol, Via
from pingback.page.endpoints import endpoints_in
from pingback.protocols.linkback import Answer, Check, Probe
from pingback.protocols.pingback import HEADER
from pingback.protocols.table import headers_read, linkback_of
from pingback.protocols.xmlrpc import MAX_BODY
from pingback.text import plain
from pingback.urls import is_http, same_url, shown

if TYPE_CHECKING:
    from pingback.net.client import Client

# The expression of Pingback 1.0 §2.2, and the four entities that it wants expanded.
_LINK = re.compile(rb'<link rel="pingback" href="([^"]+)" ?/?>')
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))

_WAYS = {Via.HEADER: "a header", Via.LINK: "a <link>", Via.A: "an <a>", Via.RDF: "a block of RDF"}
_SPELLING = '<link rel="pingback" href="…">, rel first and in double quotes'


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckUp:
    """All that was looked at for the page at `url`, in the order in which a sender would meet it."""

    url: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, object]:
        return {"url": self.url, "checks": [check.as_json() for check in self.checks]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The final response for `target`, at `url`. `headers` are the lines of those in which an endpoint can stand.

    `head` are the `X-Pingback` lines of a HEAD, None where that had no answer.
    """

    target: str
    url: str
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    head: tuple[str, ...] | None = None
    content_type: str | None = None
    body: bytes = b""

    @property
    def pingback_headers(self) -> tuple[str, ...]:
        return self.headers.get(HEADER, ())

    def endpoints(self, *, but_of: str | None = None) -> tuple[Endpoint, ...]:
        """What the response advertises, but in a header of this name."""
        return endpoints_in(
            self.url,
            target=self.target,
            headers=lambda name: () if name == but_of else self.headers.get(name, ()),
            content_type=self.content_type,
            chunks=[self.body],
        )


def examine(url: str, *, client: "Client", clock: Callable[[], float] = monotonic) -> CheckUp:
    """What is right and wrong with the page at `url` and its endpoints.

    Blocks for up to a dozen exchanges. Raises `Blocked` and `Unreachable` where there is no page to look at; an error
    page is a check that is not ok. `clock` gives seconds that never run backwards.
    """
    try:
        seen = replace(_look(url, client), head=_head(url, client))
    except BadStatus as error:
        return CheckUp(url=url, checks=(Check(name="reachable", ok=False, message=str(error)),))
    checks = [*checks_of_page(seen)]
    for endpoint in seen.endpoints():
        checks += checks_of_endpoint(endpoint, seen.target, client=client, clock=clock)
    return CheckUp(url=url, checks=tuple(checks))


def checks_of_page(seen: Seen) -> Iterator[Check]:
    """What is right and wrong with the page."""
    found = {endpoint.protocol: endpoint for endpoint in seen.endpoints()}
    there = same_url(seen.target, seen.url)
    moved = f"the page is at {shown(seen.url)}; some senders do not follow redirects, so let links lead there"
    yield Check(name="reachable", ok=True, message="the page can be reached" if there else moved)
    listed = ", ".join(f"{endpoint.protocol} by {_WAYS[endpoint.via]}" for endpoint in found.values())
    missing = "the page advertises no endpoint; `pingback advertise` prints what it must carry"
    yield Check(name="advertised", ok=bool(listed), message=f"the page advertises {listed}" if listed else missing)
    if seen.pingback_headers:
        yield _pingback_header(seen)
        yield _pingback_head(seen)
    if pingback := found.get(Protocol.PINGBACK):
        yield from _pingback_link(seen, pingback)
        yield _pingback_address(pingback)
    if b"trackback:ping" in seen.body.lower():
        yield _trackback_block(found.get(Protocol.TRACKBACK))


def checks_of_endpoint(
    endpoint: Endpoint, target: str, *, client: "Client", clock: Callable[[], float]
) -> Iterator[Check]:
    """What is right and wrong with the endpoint of a target; ends early where it cannot be reached.

    Blocks for a few exchanges. `clock` gives seconds that never run backwards.
    """
    linkback = linkback_of(endpoint.protocol)
    try:
        for probe in linkback.probes if linkback else ():
            began = clock()
            answer = _answer(probe, endpoint.url, target, client)
            yield from probe.judge(answer, clock() - began)
    except FetchError as error:
        yield Check(name=f"{endpoint.protocol}-endpoint", ok=False, message=plain(str(error)))


def _look(url: str, client: "Client") -> Seen:
    with client.get(url) as response:
        response.require_success()
        return Seen(
            target=url,
            url=response.url,
            headers={name: tuple(response.headers(name)) for name in headers_read()},
            content_type=response.content_type,
            body=response.read(),
        )


def _head(url: str, client: "Client") -> tuple[str, ...] | None:
    try:
        with client.head(url) as response:
            return tuple(response.headers(HEADER))
    except FetchError:
        return None


def _pingback_header(seen: Seen) -> Check:
    check = partial(Check, name="pingback-header")
    if len(seen.pingback_headers) > 1:
        count = len(seen.pingback_headers)
        return check(
            ok=False, message=f"there are {count} X-Pingback headers, at which WordPress breaks off: send exactly one"
        )
    value = seen.pingback_headers[0].strip()
    if not is_http(value) or len(value.split()) > 1:  # a proxy joins two headers by a comma and a space
        return check(ok=False, message=f"X-Pingback is {shown(value)!r}, and must be an absolute URL and nothing else")
    return check(ok=True, message="there is exactly one X-Pingback header, with an absolute URL")


def _pingback_head(seen: Seen) -> Check:
    check = partial(Check, name="pingback-head")
    if seen.head is None:
        return check(ok=False, message="a HEAD request has no answer; WordPress begins with one")
    if seen.head != seen.pingback_headers:
        return check(
            ok=False,
            message="a HEAD request is answered without the X-Pingback header of the GET: WordPress asks by HEAD first",
        )
    return check(ok=True, message="a HEAD request is answered with the same X-Pingback header")


def _pingback_link(seen: Seen, pingback: Endpoint) -> Iterator[Check]:
    check = partial(Check, name="pingback-link")
    in_page = seen.endpoints(but_of=HEADER)
    link = next((endpoint for endpoint in in_page if endpoint.protocol == Protocol.PINGBACK), None)
    if pingback.via is Via.A:
        yield check(
            ok=False, message=f"only an <a> names the endpoint, where few senders look: write it as {_SPELLING}"
        )
        return
    if link is None or link.via is not Via.LINK:
        return
    if link.url != pingback.url:
        yield check(
            ok=False,
            message="X-Pingback and <link rel=pingback> name two endpoints; some senders take the one, some the other",
        )
    elif pingback.via is Via.LINK and not same_url(_by_expression(seen.body), pingback.url):
        yield check(
            ok=False, message=f"write it as {_SPELLING}, with an absolute URL: WordPress finds no other spelling"
        )
    else:
        yield check(ok=True, message="the <link> names the endpoint in a way that all senders find")


def _by_expression(body: bytes) -> str:
    """What a sender finds that follows the norm to the letter; "" where that is nothing."""
    found = _LINK.search(body)
    if found is None:
        return ""
    url = found[1].decode("utf-8", "replace")
    for entity, letter in _ENTITIES:
        url = url.replace(entity, letter)
    return url


def _pingback_address(pingback: Endpoint) -> Check:
    check = partial(Check, name="pingback-address")
    if "&" in pingback.url:
        return check(
            ok=False,
            message=f"{shown(pingback.url)} has an “&” in it, which WordPress takes for “&amp;”: use a URL without",
        )
    return check(ok=True, message=f"pingbacks go to {shown(pingback.url)}")


def _trackback_block(trackback: Endpoint | None) -> Check:
    check = partial(Check, name="trackback-block")
    if trackback is None or trackback.via is not Via.RDF:
        return check(
            ok=False, message="no block of TrackBack RDF is for this page: its dc:identifier must be the page's own URL"
        )
    return check(ok=True, message=f"a block of TrackBack RDF is for this page: pings go to {shown(trackback.url)}")


def _answer(probe: Probe, url: str, target: str, client: "Client") -> Answer:
    if probe.message is None:
        with client.get(url) as response:
            return Answer(url, response.url, response.status, b"", response.content_type)
    body, content_type = probe.message(target)
    with client.post(url, body, content_type=content_type) as response:
        return Answer(url, response.url, response.status, response.read(MAX_BODY + 1), response.content_type)
