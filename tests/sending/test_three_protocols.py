"""`pingback.sending.ping` over sockets: which endpoint is told, in which words, and what leads on to the next."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

import pytest

from pingback.model import Outcome, OutcomeStatus, Protocol, Words
from pingback.net.client import Client, Limits
from pingback.protocols.pingback import encode_ping
from pingback.protocols.table import EVERY
from pingback.protocols.xmlrpc import encode_fault, encode_response
from pingback.sending.ping import send
from tests.loopback import Page, Request, Site, page

XML = {"Content-Type": "text/xml"}
PINGED = page(encode_response("Thanks."), headers=XML)
TRACKED = page(b"<response><error>0</error></response>", headers=XML)
NO_METHOD = page(encode_fault(-32601, "no such method"), headers=XML)
ENDPOINTS = {"webmention": "/wm", "pingback": "/rpc", "trackback": "/tb"}


@pytest.fixture
def site() -> Iterator[Site]:
    """Its page at `/five` takes pings in three ways, and its page at `/six?a=1&b=2` links there."""
    with Site() as site:
        site.pages["/five"] = page(
            f'<link rel="webmention" href="/wm"><link rel="pingback" href="/rpc"><a rel="trackback" href="/tb">'
            f"{site.url}</a>".encode()
        )
        site.pages["/six?a=1&b=2"] = page(
            '<meta property="og:site_name" content="Ünsere Seite"><title>Sechs &amp; mehr</title>'
            f'<p>Wie in <a href="{site.url}/five">fünf</a> steht.</p>'.encode()
        )
        site.pages |= {"/wm": page(status=202), "/rpc": PINGED, "/tb": TRACKED}
        yield site


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=30.0)) as client:
        yield client


def source(site: Site) -> str:
    return f"{site.url}/six?a=1&b=2"


def sent(site: Site, client: Client, **options: Protocol | Words) -> Outcome:
    return send(source(site), f"{site.url}/five", client=client, **options)  # type: ignore[arg-type]  # by name


def posts(site: Site) -> list[Request]:
    return [request for request in site.requests if request.method == "POST"]


def form_of(request: Request) -> dict[str, str]:
    """As the standard library reads it; each field stands there once."""
    fields = parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert len(dict(fields)) == len(fields)
    return dict(fields)


def test_webmention_before_the_others(site: Site, client: Client) -> None:
    outcome = sent(site, client)
    assert (outcome.status, outcome.protocol) == (OutcomeStatus.ACCEPTED, Protocol.WEBMENTION)
    [request] = posts(site)
    assert (request.path, request.headers["content-type"]) == ("/wm", "application/x-www-form-urlencoded")
    assert form_of(request) == {"source": source(site), "target": f"{site.url}/five"}  # W6


def test_w4_the_query_of_the_endpoint_stays_where_it_is(site: Site, client: Client) -> None:
    site.pages["/five"] = page(b"", headers={"Link": '</wm?id=5&x=%20>; rel="webmention"'})
    site.pages["/wm?id=5&x=%20"] = page(status=201, headers={"Location": "/status/1"})
    outcome = sent(site, client)
    assert outcome.message == f"accepted; its status: {site.url}/status/1"
    [request] = posts(site)
    assert request.path == "/wm?id=5&x=%20"
    assert form_of(request).keys() == {"source", "target"}


def test_a_trackback_says_what_the_source_says_of_itself(site: Site, client: Client) -> None:
    outcome = sent(site, client, protocol=Protocol.TRACKBACK)
    assert (outcome.status, outcome.protocol) == (OutcomeStatus.ACCEPTED, Protocol.TRACKBACK)
    [request] = posts(site)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"  # T2
    assert form_of(request) == {  # T3
        "url": source(site),
        "title": "Sechs & mehr",
        "excerpt": "Wie in fünf steht.",
        "blog_name": "Ünsere Seite",
    }


@pytest.mark.parametrize(
    ("words", "asked", "expected"),
    [
        pytest.param(
            Words(title="T", excerpt="E", site_name="S"),
            False,
            {"title": "T", "excerpt": "E", "blog_name": "S"},
            id="all-of-it",
        ),
        pytest.param(
            Words(title="T"),
            True,
            {"title": "T", "excerpt": "Wie in fünf steht.", "blog_name": "Ünsere Seite"},
            id="what-is-missing-comes-from-the-page",
        ),
    ],
)
def test_a_trackback_in_the_caller_s_words(
    site: Site, client: Client, words: Words, asked: bool, expected: Mapping[str, str]
) -> None:
    sent(site, client, protocol=Protocol.TRACKBACK, words=words)
    [request] = posts(site)
    assert form_of(request) == {"url": source(site), **expected}
    assert any(request.path.startswith("/six") for request in site.requests) is asked


def test_t5_without_a_page_the_url_is_the_title(site: Site, client: Client) -> None:
    del site.pages["/six?a=1&b=2"]
    sent(site, client, protocol=Protocol.TRACKBACK)
    [request] = posts(site)
    assert form_of(request) == {"url": source(site), "title": source(site)}


@pytest.mark.parametrize(
    ("answers", "heard", "status"),
    [
        pytest.param({"/wm": page(status=404)}, ["/wm", "/rpc"], "accepted", id="404-leads-on"),
        pytest.param({"/wm": page(status=405)}, ["/wm", "/rpc"], "accepted", id="405-leads-on"),
        pytest.param({"/wm": page(status=410), "/rpc": NO_METHOD}, ["/wm", "/rpc", "/tb"], "accepted", id="no-method"),
        pytest.param(
            {"/wm": page(status=404), "/rpc": page(status=404), "/tb": page(status=404)},
            ["/wm", "/rpc", "/tb"],
            "refused",
            id="none-is-there",
        ),
        pytest.param({"/wm": page(status=400)}, ["/wm"], "refused", id="400-says-no"),
        pytest.param({"/wm": page(status=403)}, ["/wm"], "refused", id="403-says-no"),
        pytest.param({"/wm": page(status=500)}, ["/wm"], "failed", id="500-may-be-back"),
        pytest.param({"/wm": page(status=503)}, ["/wm"], "failed", id="503-may-be-back"),
        pytest.param(
            {"/wm": page(status=404), "/rpc": page(encode_fault(17, ""), headers=XML)},
            ["/wm", "/rpc"],
            "refused",
            id="17-says-no",
        ),
    ],
)
def test_the_next_endpoint_where_one_is_not_there(
    site: Site, client: Client, answers: Mapping[str, Page], heard: list[str], status: str
) -> None:
    site.pages |= answers
    outcome = sent(site, client)
    assert [request.path for request in posts(site)] == heard
    assert (outcome.status, outcome.attempts) == (status, len(heard))
    assert ENDPOINTS[str(outcome.protocol)] == heard[-1]


@pytest.mark.parametrize("protocol", EVERY)
def test_the_wanted_protocol_and_no_other(site: Site, client: Client, protocol: Protocol) -> None:
    site.pages[ENDPOINTS[protocol]] = page(status=404)
    outcome = sent(site, client, protocol=protocol)
    assert (outcome.status, outcome.protocol, outcome.fault) == (OutcomeStatus.REFUSED, protocol, 404)
    assert [request.path for request in posts(site)] == [ENDPOINTS[protocol]]


def test_a_wanted_protocol_that_nobody_advertises(site: Site, client: Client) -> None:
    site.pages["/five"] = page(headers={"X-Pingback": "/rpc"})
    outcome = sent(site, client, protocol=Protocol.TRACKBACK)
    assert (outcome.status, outcome.protocol) == (OutcomeStatus.UNSUPPORTED, None)
    assert outcome.message == f"{site.url}/five advertises no endpoint for trackback"


def test_the_call_of_a_pingback_is_what_it_was(site: Site, client: Client) -> None:
    sent(site, client, protocol=Protocol.PINGBACK)
    [request] = posts(site)
    assert request.body == encode_ping(source(site), f"{site.url}/five")
