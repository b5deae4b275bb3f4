"""`pingback.doctor.endpoints`: what endpoints answer to pings that they must refuse."""

from collections.abc import Iterator
from itertools import cycle

import pytest

from pingback.doctor.endpoints import checks_of
from pingback.model import Endpoint, Protocol, Via
from pingback.net.client import Client
from pingback.protocols.linkback import Check, Ping
from pingback.protocols.pingback import ping_of
from pingback.protocols.table import EVERY
from pingback.protocols.trackback import encode_reply
from pingback.protocols.xmlrpc import decode_call, encode_fault, encode_response
from tests.loopback import Page, Request, Site, page

TARGET = "https://my.example/part-5"
XML = {"Content-Type": "text/xml; charset=utf-8"}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def checks(site: Site, protocol: Protocol, *times: float) -> dict[str, Check]:
    ticks = cycle(times or (0.0, 0.1))
    endpoint = Endpoint(protocol=protocol, url=f"{site.url}/endpoint", via=Via.LINK)
    with Client(allow=["127.0.0.1"]) as client:
        found = list(checks_of(endpoint, TARGET, client=client, clock=lambda: next(ticks)))
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def xmlrpc(source: bytes, target: bytes = encode_fault(33, "no"), *, get: int = 405) -> Page:
    """An endpoint with these answers for a source that does not exist, and for a target elsewhere."""

    def answer(request: Request) -> bytes:
        if request.method == "GET":
            return page(status=get)
        return page(source if ping_of(decode_call(request.body))[1] == TARGET else target, headers=XML)

    return answer


def test_a_good_pingback_endpoint(site: Site) -> None:
    site.pages["/endpoint"] = xmlrpc(encode_fault(16, "no such source"))
    found = checks(site, Protocol.PINGBACK)
    assert {name: check.message for name, check in found.items() if check.ok} == {
        "pingback-get": "a GET is answered with 405",
        "pingback-answer": "a ping is answered with HTTP status 200 and XML-RPC",
        "pingback-time": "a ping is answered after 0.1 seconds",
        "pingback-source": "a source that does not exist is fault 16",
        "pingback-target": "a ping for a page of another site is fault 33",
    }
    sent = [ping_of(decode_call(request.body)) for request in site.requests if request.method == "POST"]
    assert sent == [
        Ping("https://nobody.invalid/pingback-doctor", TARGET),
        Ping("https://nobody.invalid/pingback-doctor", "https://elsewhere.invalid/"),
    ]


@pytest.mark.parametrize(
    ("said", "ok", "words"),
    [
        pytest.param(encode_fault(0, ""), True, "WordPress says so of everything", id="wordpress-fault-0"),
        pytest.param(encode_fault(50, "bad gateway"), True, "as good as 16", id="P18-50"),
        pytest.param(encode_response("thanks"), True, "has to be verified later", id="queued"),
        pytest.param(encode_fault(33, ""), False, "takes no pings for this page (fault 33)", id="P18-33"),
        pytest.param(encode_fault(32, ""), False, "does not know this page (fault 32)", id="P18-32"),
        pytest.param(encode_fault(49, ""), False, "does not let us ping (fault 49)", id="P18-49"),
        pytest.param(encode_fault(429, "Slow\n down."), False, "there is fault 429: Slow down.", id="wordpress-429"),
        pytest.param(encode_fault(-32601, ""), False, "fault -32601: the endpoint has no such method", id="no-method"),
        pytest.param(b"<h1>Hello", False, "not answered in XML-RPC", id="no-xml"),
        pytest.param(encode_fault(16, "") + b"<br>", False, "not answered in XML-RPC", id="markup-behind"),
    ],
)
def test_a_source_that_does_not_exist(site: Site, said: bytes, ok: bool, words: str) -> None:
    site.pages["/endpoint"] = xmlrpc(said)
    check = checks(site, Protocol.PINGBACK)["pingback-source"]
    assert check.ok is ok
    assert words in check.message


@pytest.mark.parametrize(
    ("said", "ok", "words"),
    [
        pytest.param(encode_fault(0, ""), True, "fault 0", id="wordpress-fault-0"),
        pytest.param(encode_fault(32, ""), True, "fault 32", id="P18-32"),
        pytest.param(encode_response("thanks"), False, "is accepted; it should be fault 33", id="accepted"),
        pytest.param(encode_fault(16, "gone"), False, "should be fault 33, and is fault 16: gone", id="P18-16"),
        pytest.param(b"", False, "not answered in XML-RPC", id="nothing"),
    ],
)
def test_a_target_elsewhere(site: Site, said: bytes, ok: bool, words: str) -> None:
    site.pages["/endpoint"] = xmlrpc(encode_fault(16, ""), said)
    check = checks(site, Protocol.PINGBACK)["pingback-target"]
    assert check.ok is ok
    assert words in check.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(page(encode_fault(16, ""), status=500, headers=XML), "HTTP status 500", id="status"),
        pytest.param(page(encode_fault(16, "")), "Content-Type is text/html; charset=utf-8", id="content-type"),
        pytest.param(page(b"\n" + encode_fault(16, ""), headers=XML), "something stands before the XML", id="newline"),
        pytest.param(page(b"\xef\xbb\xbf" + encode_fault(16, ""), headers=XML), "before the XML", id="bom"),
        pytest.param(page(b"<!-- hi --><methodResponse/>", headers=XML), "before the XML", id="comment"),
    ],
)
def test_an_answer_that_wordpress_does_not_take(site: Site, answer: bytes, words: str) -> None:
    site.pages["/endpoint"] = answer
    check = checks(site, Protocol.PINGBACK)["pingback-answer"]
    assert not check.ok
    assert words in check.message


def test_an_endpoint_that_is_a_page(site: Site) -> None:
    site.pages["/endpoint"] = xmlrpc(encode_fault(16, ""), get=200)
    check = checks(site, Protocol.PINGBACK)["pingback-get"]
    assert (check.ok, "it should be 405" in check.message) == (False, True)


def test_an_answer_that_comes_too_late_for_wordpress(site: Site) -> None:
    site.pages["/endpoint"] = xmlrpc(encode_fault(16, ""))
    check = checks(site, Protocol.PINGBACK, 0.0, 3.1)["pingback-time"]
    assert (check.ok, check.message) == (
        False,
        "a ping is answered after 3.1 seconds; WordPress hangs up after 3",
    )


@pytest.mark.parametrize("protocol", EVERY)
def test_an_endpoint_that_cannot_be_reached(site: Site, protocol: Protocol) -> None:
    site.pages["/endpoint"] = b""
    found = checks(site, protocol)
    assert list(found) == [f"{protocol}-endpoint"]
    assert not found[f"{protocol}-endpoint"].ok
    assert "could not be reached" in found[f"{protocol}-endpoint"].message


@pytest.mark.parametrize(("status", "ok"), [(400, True), (200, False), (202, False), (405, False), (500, False)])
def test_webmention_3_2_3_a_form_without_fields(site: Site, status: int, ok: bool) -> None:
    site.pages["/endpoint"] = page(status=status)
    assert checks(site, Protocol.WEBMENTION)["webmention-empty"].ok is ok


@pytest.mark.parametrize(
    ("said", "ok", "words"),
    [
        pytest.param(encode_reply(1, "which url?"), True, "is an error", id="T3-error"),
        pytest.param(encode_reply(), False, "is taken, which the norm forbids", id="T3-taken"),
        pytest.param(b"", False, "must be answered with an error, but", id="wordpress-nothing"),
    ],
)
def test_trackback_without_a_url(site: Site, said: bytes, ok: bool, words: str) -> None:
    site.pages["/endpoint"] = page(said, headers=XML)
    check = checks(site, Protocol.TRACKBACK)["trackback-empty"]
    assert check.ok is ok
    assert words in check.message
    assert site.requests[0].body == b"title=A+ping+without+a+url"
