"""`pingback.doctor`: a whole check-up, of a site that answers with the bytes of a WordPress, and of others."""

import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.doctor import CheckUp, Seen, checks_of_endpoint, checks_of_page, examine
from pingback.errors import Blocked, Unreachable
from pingback.model import Endpoint, Protocol, Via
from pingback.net.client import Client
from pingback.protocols.linkback import Check, Ping
from pingback.protocols.pingback import ping_of
from pingback.protocols.table import EVERY
from pingback.protocols.trackback import encode_reply
from pingback.protocols.xmlrpc import decode_call, encode_fault, encode_response
from tests.loopback import Page, Request, Site, page, redirect

_CAPTURED = Path(__file__).resolve().parent / "vectors" / "wordpress"

PAGE = "https://my.example/part-5"
RPC = "https://my.example/xmlrpc"
LINK = f'<link rel="pingback" href="{RPC}">'.encode()
BY_HEADER = {"pingback_headers": (RPC,), "head": (RPC,)}

TARGET = "https://my.example/part-5"
XML = {"Content-Type": "text/xml; charset=utf-8"}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def check_up(site: Site, path: str = "/5") -> CheckUp:
    with Client(allow=["127.0.0.1"]) as client:
        return examine(site.url + path, client=client)


def wrong(found: CheckUp) -> list[str]:
    return [check.name for check in found.checks if not check.ok]


def captured(name: str, site: Site) -> bytes:
    """The bytes of a WordPress, that was at this site."""
    return re.sub(rb"127\.0\.0\.1:\d+", site.url.removeprefix("http://").encode(), (_CAPTURED / name).read_bytes())


@pytest.mark.parametrize("fault", ["fault-0-masked", "fault-0-no-url", "fault-16-no-source"])
def test_a_wordpress_is_well(site: Site, fault: str) -> None:
    def endpoint(request: Request) -> bytes:
        if request.method != "POST":
            return page(b"XML-RPC server accepts POST requests only.", status=405, headers={"Allow": "POST"})
        return captured(f"{fault if b'/5' in request.body else 'fault-0-foreign-target'}.reply.http", site)

    site.pages |= {"/5": captured("post-open.page.http", site), "/xmlrpc.php": endpoint}
    found = check_up(site)
    assert [check.message for check in found.checks if not check.ok] == []
    assert [check.name for check in found.checks] == [
        "reachable",
        "advertised",
        "pingback-header",
        "pingback-head",
        "pingback-address",
        "pingback-get",
        "pingback-answer",
        "pingback-time",
        "pingback-source",
        "pingback-target",
    ]


def test_a_wordpress_post_that_is_closed(site: Site) -> None:
    site.pages["/5"] = captured("post-closed.page.http", site)
    assert wrong(check_up(site)) == ["advertised"]


def test_a_page_is_asked_for_by_get_and_by_head(site: Site) -> None:
    site.pages["/5"] = page(b"<p>hello")
    check_up(site)
    assert sorted(request.method for request in site.requests) == ["GET", "HEAD"]


def test_a_page_that_moved_is_judged_where_it_is(site: Site) -> None:
    site.pages |= {"/5": redirect("/five", 301), "/five": page(b'<link rel="webmention" href="">')}
    found = check_up(site)
    assert found.url == f"{site.url}/5"
    assert found.checks[0].message == (
        f"the page is at {site.url}/five; some senders do not follow redirects, so let links lead there"
    )
    assert wrong(found) == ["webmention-empty"]


def test_a_head_that_has_no_answer(site: Site) -> None:
    def answer(request: Request) -> bytes:
        return page(headers={"X-Pingback": f"{site.url}/rpc"}) if request.method == "GET" else b""

    site.pages["/5"] = answer
    assert "pingback-head" in wrong(check_up(site))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(b"", Unreachable, id="hangs-up"),
        pytest.param(redirect("/5"), Unreachable, id="circle"),
        pytest.param(redirect("http://10.0.0.1/"), Blocked, id="redirect-inside"),
    ],
)
def test_no_page_to_look_at(site: Site, answer: Page, error: type[Exception]) -> None:
    site.pages["/5"] = answer
    with pytest.raises(error):
        check_up(site)


def test_an_error_page_is_a_check(site: Site) -> None:
    found = check_up(site, "/none")
    assert (wrong(found), found.ok) == (["reachable"], False)


def rdf(identifier: str) -> bytes:
    return (
        '<!-- <rdf:RDF><rdf:Description rdf:about="x" trackback:ping="/trackback/part-5"'
        f' dc:identifier="{identifier}"/></rdf:RDF> -->'
    ).encode()


def seen(pingback_headers: tuple[str, ...] = (), link_headers: tuple[str, ...] = (), **options: Any) -> Seen:
    headers = {"X-Pingback": pingback_headers, "Link": link_headers}
    return Seen(**({"target": PAGE, "url": PAGE, "content_type": "text/html", "headers": headers} | options))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("reachable", {}, id="reachable"),
        pytest.param("reachable", {"url": "https://my.example/five"}, id="reachable-by-redirect"),
        pytest.param("advertised", {"link_headers": ("</w>; rel=webmention",)}, id="webmention-alone-will-do"),
        pytest.param("pingback-header", BY_HEADER, id="one-header"),
        pytest.param("pingback-head", BY_HEADER, id="header-on-head"),
        pytest.param("pingback-address", BY_HEADER, id="address"),
        pytest.param("pingback-link", {"body": LINK}, id="link-by-the-expression"),
        pytest.param("pingback-link", {"body": LINK.replace(b">", b" />")}, id="link-in-xhtml"),
        pytest.param(
            "pingback-link",
            {"body": LINK.replace(b"xmlrpc", b"&lt;x"), "pingback_headers": ()},
            id="link-with-an-entity",
        ),
        pytest.param(
            "pingback-link",
            BY_HEADER | {"body": f"<link href='{RPC}' rel=pingback>".encode()},
            id="any-link-by-a-header",
        ),
        pytest.param("trackback-block", {"body": rdf(PAGE)}, id="trackback-block"),
        pytest.param(
            "trackback-block", {"body": rdf(PAGE).replace(b"trackback:ping", b"TrackBack:Ping")}, id="any-case"
        ),
    ],
)
def test_right(name: str, options: dict[str, Any]) -> None:
    [check] = [check for check in checks_of_page(seen(**options)) if check.name == name]
    assert check.ok, check.message


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        pytest.param("advertised", {}, "advertises no endpoint; `pingback advertise` prints", id="nothing"),
        pytest.param(
            "pingback-header",
            {"pingback_headers": (RPC, RPC)},
            "2 X-Pingback headers, at which WordPress breaks off",
            id="two-headers",
        ),
        pytest.param("pingback-header", {"pingback_headers": ("/xmlrpc",)}, "must be an absolute URL", id="relative"),
        pytest.param("pingback-header", {"pingback_headers": (f"{RPC}, {RPC}/2",)}, "2", id="joined-by-a-proxy"),
        pytest.param("pingback-head", {"pingback_headers": (RPC,)}, "a HEAD request has no answer", id="no-head"),
        pytest.param("pingback-head", BY_HEADER | {"head": ()}, "without the X-Pingback header", id="get-only"),
        pytest.param(
            "pingback-address", {"pingback_headers": (f"{RPC}?a=1&b=2",)}, "an “&” in it", id="ampersand-in-header"
        ),
        pytest.param(
            "pingback-address", {"body": LINK.replace(b"rpc", b"?a&amp;b")}, "an “&” in it", id="ampersand-in-link"
        ),
        pytest.param(
            "pingback-link", {"body": f'<link href="{RPC}" rel="pingback">'.encode()}, "rel first", id="href-first"
        ),
        pytest.param("pingback-link", {"body": LINK.replace(b'"', b"'")}, "in double quotes", id="single-quotes"),
        pytest.param(
            "pingback-link", {"body": LINK.replace(b"<link", b"<a")}, "only an <a> names the endpoint", id="only-an-a"
        ),
        pytest.param(
            "pingback-link", {"body": b'<link rel="pingback" href="/xmlrpc">'}, "an absolute URL", id="relative-link"
        ),
        pytest.param(
            "pingback-link",
            {"body": b"<!-- " + LINK.replace(b"xml", b"old") + b" -->" + LINK},
            "rel first",
            id="P7-decoy",
        ),
        pytest.param(
            "pingback-link",
            BY_HEADER | {"body": LINK.replace(b"xml", b"old")},
            "name two endpoints",
            id="two-endpoints",
        ),
        pytest.param(
            "trackback-block",
            {"body": rdf("https://my.example/other")},
            "must be the page's own URL",
            id="T9-other-page",
        ),
    ],
)
def test_wrong(name: str, options: dict[str, Any], words: str) -> None:
    [check] = [check for check in checks_of_page(seen(**options)) if check.name == name]
    assert not check.ok
    assert words in check.message


def test_what_is_not_there_is_not_looked_at() -> None:
    assert [check.name for check in checks_of_page(seen(link_headers=("</w>; rel=webmention",)))] == [
        "reachable",
        "advertised",
    ]


@given(st.binary(max_size=300), st.lists(st.text(max_size=30), max_size=2), st.lists(st.text(max_size=30), max_size=2))
def test_any_page_gives_checks(body: bytes, pingback_headers: list[str], link_headers: list[str]) -> None:
    page = seen(
        body=b"<link rel=pingback href=" + body,
        pingback_headers=tuple(pingback_headers),
        link_headers=tuple(link_headers),
        head=None,
    )
    assert all(check.message.isprintable() for check in checks_of_page(page))


def test_an_a_beside_a_header_is_not_looked_at() -> None:
    found = checks_of_page(seen(body=LINK.replace(b"<link", b"<a").replace(b"xml", b"old"), **BY_HEADER))
    assert "pingback-link" not in [check.name for check in found]


def checks(site: Site, protocol: Protocol, *times: float) -> dict[str, Check]:
    ticks = cycle(times or (0.0, 0.1))
    endpoint = Endpoint(protocol=protocol, url=f"{site.url}/endpoint", via=Via.LINK)
    with Client(allow=["127.0.0.1"]) as client:
        found = list(checks_of_endpoint(endpoint, TARGET, client=client, clock=lambda: next(ticks)))
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
