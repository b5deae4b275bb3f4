"""`pingback.doctor.page`: what is wrong with a page, in the eyes of the senders that there are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.doctor.page import Seen, checks_of

PAGE = "https://my.example/part-5"
RPC = "https://my.example/xmlrpc"
LINK = f'<link rel="pingback" href="{RPC}">'.encode()
BY_HEADER = {"pingback_headers": (RPC,), "head": (RPC,)}


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
    [check] = [check for check in checks_of(seen(**options)) if check.name == name]
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
    [check] = [check for check in checks_of(seen(**options)) if check.name == name]
    assert not check.ok
    assert words in check.message


def test_what_is_not_there_is_not_looked_at() -> None:
    assert [check.name for check in checks_of(seen(link_headers=("</w>; rel=webmention",)))] == [
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
    assert all(check.message.isprintable() for check in checks_of(page))


def test_an_a_beside_a_header_is_not_looked_at() -> None:
    found = checks_of(seen(body=LINK.replace(b"<link", b"<a").replace(b"xml", b"old"), **BY_HEADER))
    assert "pingback-link" not in [check.name for check in found]
