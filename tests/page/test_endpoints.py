"""The endpoints that a response advertises (Pingback 1.0 §2: P1 to P12; Webmention §3.1.2: W1 to W4; T12)."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Protocol
from pingback.page.endpoints import endpoints_in
from pingback.protocols.table import EVERY

PAGE = "https://blog.example/2026/post"
LINK = '<link rel="pingback" href="https://blog.example/xmlrpc">'
ENDPOINT = "https://blog.example/xmlrpc"

PINGBACK_IN_HTML = [
    pytest.param(LINK, ENDPOINT, id="p9-exactly"),
    pytest.param("<LINK REL='PingBack' HREF=https://blog.example/xmlrpc />", ENDPOINT, id="any-case-and-quotes"),
    pytest.param('<link href="https://blog.example/xmlrpc" rel="pingback">', ENDPOINT, id="href-first"),
    pytest.param('<link rel="alternate\npingback x" href="https://blog.example/xmlrpc">', ENDPOINT, id="several-rels"),
    pytest.param('<link rel="pingback" href="/xmlrpc">', ENDPOINT, id="relative"),
    pytest.param('<link rel="pingback" href=" https://blog.example/xmlrpc\n">', ENDPOINT, id="white-space-around"),
    pytest.param(
        '<base href="https://cdn.example/x/"><link rel="pingback" href="y">', "https://cdn.example/x/y", id="base"
    ),
    pytest.param('<link rel="pingback" href="/x?a=1&amp;b=2">', "https://blog.example/x?a=1&b=2", id="p10-amp"),
    pytest.param('<link rel="pingback" href="/x&#63;a&#x3D;1">', "https://blog.example/x?a=1", id="numeric-entities"),
    pytest.param(f"<p>text</p></body>{LINK}", ENDPOINT, id="in-the-body"),
    pytest.param(f'{LINK}<link rel="pingback" href="/second">', ENDPOINT, id="p9-first-match"),
    pytest.param(f'<link rel="pingback" href="">{LINK}', ENDPOINT, id="p9-empty-is-none"),
    pytest.param(f'<link rel="pingback" href="mailto:a@b.example">{LINK}', ENDPOINT, id="not-http-is-none"),
    pytest.param(f'<link rel="pingback" href="http://[">{LINK}', ENDPOINT, id="no-url-is-none"),
    pytest.param(f"<!-- {LINK.replace('xmlrpc', 'no')} -->{LINK}", ENDPOINT, id="p7-comment"),
    pytest.param(f"<script>x='{LINK.replace('xmlrpc', 'no')}'</script>{LINK}", ENDPOINT, id="p7-script"),
    pytest.param(f"<template>{LINK.replace('xmlrpc', 'no')}</template>{LINK}", ENDPOINT, id="template"),
    pytest.param(f"<textarea>{LINK.replace('xmlrpc', 'no')}</textarea>{LINK}", ENDPOINT, id="textarea"),
    pytest.param(f"<title>{LINK.replace('xmlrpc', 'no')}</title>{LINK}", ENDPOINT, id="title"),
    pytest.param(f"<noscript>{LINK}</noscript>", ENDPOINT, id="noscript-counts"),
]
NO_PINGBACK_IN_HTML = [
    pytest.param("", id="empty"),
    pytest.param("no markup at all", id="text"),
    pytest.param('<a rel="pingback" href="/no">x</a><link rel="pingback" href="">', id="a-before-an-empty-link"),
    pytest.param('<link rel="pingback"><a rel="pingback" href="/no">x</a>', id="a-behind-a-link-without-href"),
    pytest.param('<a rel="pingback" href="">x</a><a rel="pingback">y</a>', id="a-without-an-address"),
    pytest.param('<!-- <a rel="pingback" href="/no">x</a> -->', id="a-in-a-comment"),
    pytest.param('&lt;a rel="pingback" href="/no">x', id="a-escaped"),
    pytest.param('<area rel="pingback" href="/no">', id="other-element"),
    pytest.param('&lt;link rel="pingback" href="/xmlrpc"&gt;', id="escaped"),
    pytest.param('<link rel="pingbacks" href="/xmlrpc">', id="other-rel"),
    pytest.param('<link rel="pingback">', id="no-href"),
    pytest.param('<link rev="pingback" href="/xmlrpc">', id="rev"),
    pytest.param('<p title="<link rel=pingback href=/xmlrpc>">', id="in-an-attribute"),
    pytest.param("\0<\x80<<link<link rel", id="rubbish"),
]
WEBMENTION_IN_HTML = [
    pytest.param('<link rel="webmention" href="/wm">', "https://blog.example/wm", "link", id="w2-link"),
    pytest.param('<a rel="webmention" href="/wm">x</a>', "https://blog.example/wm", "a", id="w2-a"),
    pytest.param(
        '<a href="/wm" rel="webmention">x</a><link rel="webmention" href="/no">',
        "https://blog.example/wm",
        "a",
        id="w2-document-order-a-first",
    ),
    pytest.param(
        '<link rel="webmention" href="/wm"><a href="/no" rel="webmention">x</a>',
        "https://blog.example/wm",
        "link",
        id="w2-document-order-link-first",
    ),
    pytest.param("<A REL='x WebMention'HREF=/wm>", "https://blog.example/wm", "a", id="any-case-and-several-rels"),
    pytest.param('<link rel="http://webmention.org/" href="/wm">', "https://blog.example/wm", "link", id="legacy-rel"),
    pytest.param(
        '<a rel="http://webmention.org" href="/wm">x</a>', "https://blog.example/wm", "a", id="legacy-rel-without-slash"
    ),
    pytest.param('<link rel="webmention" href="wm">', "https://blog.example/2026/wm", "link", id="w3-relative"),
    pytest.param(
        '<base href="/x/"><link rel="webmention" href="wm">', "https://blog.example/x/wm", "link", id="w3-base"
    ),
    pytest.param('<link rel="webmention" href="">', PAGE, "link", id="w3-empty-is-the-page"),
    pytest.param('<a rel="webmention" href>x</a>', PAGE, "a", id="w3-href-without-a-value-is-empty"),
    pytest.param(
        '<a rel="webmention">x</a><a rel="webmention" href="/wm">x</a>',
        "https://blog.example/wm",
        "a",
        id="w3-missing-href-is-none",
    ),
    pytest.param(
        '<link rel="webmention" href="/wm?a=1&amp;b=2?c">', "https://blog.example/wm?a=1&b=2?c", "link", id="w4-query"
    ),
    pytest.param('<link rel="webmention" href="/wm?a#part">', "https://blog.example/wm?a", "link", id="no-fragment"),
    pytest.param(
        '<a rel="webmention" href="mailto:a@b.example">x</a><link rel="webmention" href="/wm">',
        "https://blog.example/wm",
        "link",
        id="not-http-is-none",
    ),
    pytest.param(
        '<!-- <link rel="webmention" href="/no"> --><a rel="webmention" href="/wm">x</a>',
        "https://blog.example/wm",
        "a",
        id="w2-comment",
    ),
]
NO_WEBMENTION_IN_HTML = [
    pytest.param('<!-- <a rel="webmention" href="/no">x</a> -->', id="comment"),
    pytest.param('&lt;link rel="webmention" href="/no"&gt;', id="escaped"),
    pytest.param('<template><a rel="webmention" href="/no">x</a></template>', id="template"),
    pytest.param("<textarea><a rel=webmention href=/no></textarea>", id="textarea"),
    pytest.param('<area rel="webmention" href="/no">', id="w2-only-link-and-a"),
    pytest.param('<form rel="webmention" action="/no">', id="form"),
    pytest.param('<a rel="not-webmention" href="/no">x</a>', id="other-rel"),
    pytest.param('<a rel="http://webmention.org/x" href="/no">x</a>', id="under-the-legacy-rel"),
    pytest.param('<a rel="https://www.webmention.org/" href="/no">x</a>', id="beside-the-legacy-rel"),
]
TRACKBACK_IN_HTML = [
    pytest.param('<link rel="trackback" href="/tb/1">', "https://blog.example/tb/1", "link", id="t12-link"),
    pytest.param(
        '<p><a href="trackback/" rel="trackback">x</a>', "https://blog.example/2026/trackback/", "a", id="t12-a"
    ),
    pytest.param(
        '<a rel="trackback" href="">x</a><a rel="TrackBack" href="/tb?id=1">x</a>',
        "https://blog.example/tb?id=1",
        "a",
        id="empty-is-none",
    ),
    pytest.param(
        '<a rel="trackback" href="data:,x">x</a><link rel="trackback" href="/tb">',
        "https://blog.example/tb",
        "link",
        id="not-http-is-none",
    ),
]


def endpoints(
    page: str | bytes | Iterable[bytes] = b"",
    *,
    pingback: Sequence[str] = (),
    link: Sequence[str] = (),
    content_type: str | None = "text/html",
    wanted: Collection[Protocol] = EVERY,
) -> list[tuple[str, str, str]]:
    """Protocol, address and place of each endpoint that the page at PAGE advertises."""
    found = endpoints_in(
        PAGE,
        target=PAGE,
        headers=lambda name: {"X-Pingback": pingback, "Link": link}[name],
        content_type=content_type,
        chunks=[page.encode()] if isinstance(page, str) else [page] if isinstance(page, bytes) else page,
        wanted=wanted,
    )
    return [(endpoint.protocol, endpoint.url, endpoint.via) for endpoint in found]


@pytest.mark.parametrize(("page", "url"), PINGBACK_IN_HTML)
def test_pingback_in_html(page: str, url: str) -> None:
    assert endpoints(page) == [("pingback", url, "link")]


@pytest.mark.parametrize("page", NO_PINGBACK_IN_HTML)
def test_no_pingback_in_html(page: str) -> None:
    assert endpoints(page) == []


A = '<a rel="pingback" href="/by-a">x</a>'


@pytest.mark.parametrize(
    ("page", "headers", "url", "via"),
    [
        pytest.param(A, [], "https://blog.example/by-a", "a", id="alone"),
        pytest.param(f"<base href=/x/>{A.replace('/by', 'by')}", [], "https://blog.example/x/by-a", "a", id="base"),
        pytest.param(f"{A}<a rel=pingback href=/no>y</a>", [], "https://blog.example/by-a", "a", id="the-first"),
        pytest.param(f"<a rel=pingback href='data:,'>y</a>{A}", [], "https://blog.example/by-a", "a", id="usable"),
        pytest.param("<A HREF=/by-a REL='nofollow PingBack'>", [], "https://blog.example/by-a", "a", id="any-case"),
        pytest.param(f"{LINK}{A}", [], ENDPOINT, "link", id="behind-a-link"),
        pytest.param(f"{A}<p>{LINK}", [], ENDPOINT, "link", id="before-a-link"),
        pytest.param(f"{A}{'<p>words</p>' * 20_000}{LINK}", [], ENDPOINT, "link", id="a-link-at-the-very-end"),
        pytest.param(A, ["/x"], "https://blog.example/x", "header", id="beside-a-header"),
        pytest.param(f"{A}{LINK}", [""], ENDPOINT, "link", id="an-empty-header-and-a-link"),
    ],
)
def test_an_a_for_pingback_counts_where_there_is_nothing_else(
    page: str, headers: list[str], url: str, via: str
) -> None:
    assert endpoints(page, pingback=headers) == [("pingback", url, via)]
    assert endpoints(page, pingback=headers, wanted=[Protocol.PINGBACK]) == [("pingback", url, via)]


@pytest.mark.parametrize("header", ["", "mailto:a@b.example", "http://["])
def test_an_a_for_pingback_takes_nothing_from_a_page_with_a_header(header: str) -> None:
    assert endpoints(A, pingback=[header]) == []


@pytest.mark.parametrize(
    "rel", ["http://webmention.org", "http://webmention.org/", "HTTPS://webmention.org", "https://webmention.org/"]
)
def test_the_rels_from_before_webmention(rel: str) -> None:
    url = "https://blog.example/wm"
    assert endpoints(f'<link rel="{rel}" href="/wm">') == [("webmention", url, "link")]
    assert endpoints(f'<a rel="x {rel}" href="/wm">x</a>') == [("webmention", url, "a")]
    assert endpoints(link=[f'</wm>; rel="{rel}"']) == [("webmention", url, "header")]


@pytest.mark.parametrize(("page", "url", "via"), WEBMENTION_IN_HTML)
def test_webmention_in_html(page: str, url: str, via: str) -> None:
    assert endpoints(page) == [("webmention", url, via)]


@pytest.mark.parametrize("page", NO_WEBMENTION_IN_HTML)
def test_no_webmention_in_html(page: str) -> None:
    assert endpoints(page) == []


@pytest.mark.parametrize(("page", "url", "via"), TRACKBACK_IN_HTML)
def test_trackback_by_rel(page: str, url: str, via: str) -> None:
    assert endpoints(page) == [("trackback", url, via)]


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        pytest.param(["https://h.example/x"], "https://h.example/x", id="p8-absolute"),
        pytest.param([" /x "], "https://blog.example/x", id="p2-relative-is-taken"),
        pytest.param(["https://h.example/1", "https://h.example/2"], "https://h.example/1", id="p8-first"),
        pytest.param(["", "https://h.example/2"], "https://h.example/2", id="empty-is-none"),
        pytest.param(["/x?a&amp;b"], "https://blog.example/x?a&amp;b", id="p6-entities-are-for-html"),
    ],
)
def test_pingback_header_before_the_document(headers: list[str], url: str) -> None:
    assert endpoints(LINK, pingback=headers) == [("pingback", url, "header")]


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        pytest.param(['<https://h.example/wm>; rel="webmention"'], "https://h.example/wm", id="w1-absolute"),
        pytest.param(["<wm?a=1>; rel=webmention"], "https://blog.example/2026/wm?a=1", id="w3-relative"),
        pytest.param(['<>; rel="webmention"'], PAGE, id="w3-empty-is-the-page"),
        pytest.param(['</wm#part>; rel="webmention"'], "https://blog.example/wm", id="no-fragment"),
        pytest.param(['</a>; rel="next", </wm>; rel="x WebMention y"'], "https://blog.example/wm", id="several-links"),
        pytest.param(['</a>; rel="next"', '</wm>; rel="webmention"'], "https://blog.example/wm", id="several-headers"),
        pytest.param(['</wm>; rel="webmention"', '</no>; rel="webmention"'], "https://blog.example/wm", id="w2-first"),
        pytest.param(['</wm>; rel="http://webmention.org/"'], "https://blog.example/wm", id="legacy-rel"),
        pytest.param(['</wm>; rel="http://webmention.org"'], "https://blog.example/wm", id="legacy-rel-without-slash"),
        pytest.param(
            ['<mailto:a@b.example>; rel="webmention", </wm>; rel="webmention"'],
            "https://blog.example/wm",
            id="not-http-is-none",
        ),
        pytest.param(
            ['</no>; rel="webmention"; anchor="/other", </wm>; rel="webmention"'],
            "https://blog.example/wm",
            id="rfc8288-3.2-anchor-elsewhere",
        ),
        pytest.param(
            ['</wm>; rel="webmention"; anchor="https://blog.example/2026/post#five"'],
            "https://blog.example/wm",
            id="rfc8288-3.2-anchor-here",
        ),
    ],
)
def test_link_header_before_the_document(headers: list[str], url: str) -> None:
    page = '<base href="/base/"><link rel="webmention" href="/no">'
    assert endpoints(page, link=headers) == [("webmention", url, "header")]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param('</no>; rel="webmentions"', id="other-rel"),
        pytest.param('</no>; rev="webmention"', id="rev"),
        pytest.param('</no>; rel="pingback"', id="p1-pingback-has-its-own-header"),
        pytest.param('</no>; rel="trackback"', id="trackback-has-none"),
        pytest.param("rubbish, <", id="rubbish"),
    ],
)
def test_no_endpoint_in_a_link_header(header: str) -> None:
    assert endpoints(link=[header]) == []


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        pytest.param("application/xhtml+xml", True, id="xhtml"),
        pytest.param(None, True, id="none"),
        pytest.param("TEXT/HTML ; charset=utf-8", True, id="case"),
        pytest.param("application/pdf", False, id="p3-others-have-the-header-only"),
        pytest.param("text/plain", False, id="plain"),
    ],
)
def test_only_in_html(content_type: str | None, expected: bool) -> None:
    assert bool(endpoints(LINK, content_type=content_type)) == expected
    assert len(endpoints(pingback=["/x"], link=["</wm>; rel=webmention"], content_type=content_type)) == 2


ALL = '<a rel="trackback" href="/tb">x</a><a rel="webmention" href="/wm">x</a><link rel="pingback" href="/xmlrpc">'


@pytest.mark.parametrize(
    ("wanted", "protocols"),
    [
        pytest.param(EVERY, ["webmention", "pingback", "trackback"], id="all-in-order-of-preference"),
        pytest.param([Protocol.TRACKBACK, Protocol.WEBMENTION], ["webmention", "trackback"], id="two"),
        pytest.param([Protocol.PINGBACK], ["pingback"], id="pingback"),
        pytest.param([Protocol.WEBMENTION], ["webmention"], id="webmention"),
        pytest.param([Protocol.TRACKBACK], ["trackback"], id="trackback"),
        pytest.param([], [], id="none"),
    ],
)
def test_only_what_is_wanted(wanted: list[Protocol], protocols: list[str]) -> None:
    assert [protocol for protocol, _, _ in endpoints(ALL, wanted=wanted)] == protocols
    headers = endpoints(ALL, pingback=["/x"], link=["</wm>; rel=webmention"], wanted=wanted)
    assert [protocol for protocol, _, _ in headers] == protocols


def test_one_element_can_be_the_endpoint_of_several_protocols() -> None:
    url = "https://blog.example/ping"
    assert endpoints('<link rel="webmention pingback trackback" href="/ping#x">') == [
        ("webmention", url, "link"),
        ("pingback", f"{url}#x", "link"),
        ("trackback", f"{url}#x", "link"),
    ]


# How much is read


@pytest.mark.parametrize("wanted", [[Protocol.PINGBACK], [Protocol.WEBMENTION], []])
def test_no_chunk_is_taken_when_headers_answer(wanted: list[Protocol]) -> None:
    body = iter([b"the body was not asked for"])
    found = endpoints(body, pingback=["/x"], link=["</x>; rel=webmention"], wanted=wanted)
    assert list(body)
    assert [(protocol, via) for protocol, _, via in found] == [(protocol, "header") for protocol in wanted]


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        pytest.param(LINK, [Protocol.PINGBACK], id="pingback"),
        pytest.param('<a rel="webmention" href="/wm">', [Protocol.WEBMENTION], id="webmention"),
        pytest.param(f'{LINK}<a rel="webmention" href>', [Protocol.WEBMENTION, Protocol.PINGBACK], id="both"),
    ],
)
def test_no_chunk_is_taken_behind_the_last_match(page: str, wanted: list[Protocol]) -> None:
    def body() -> Iterator[bytes]:
        yield page.encode()
        raise AssertionError("read on")

    assert len(endpoints(body(), content_type="text/html; charset=utf-8", wanted=wanted)) == len(wanted)


def test_the_page_is_read_on_while_one_protocol_is_missing() -> None:
    chunks = [LINK.encode(), b"<p>words</p>" * 5000, b'<a rel="webmention" href="/wm">']
    assert [via for _, _, via in endpoints(chunks)] == ["a", "link"]


# Any page


@pytest.mark.parametrize(
    ("before", "found"),
    [
        pytest.param("<a rel='webmention pingback' href='a:'>" * 1999, ["link", "link"], id="some-without-use"),
        pytest.param("<a rel='webmention pingback' href='a:'>" * 2000, [], id="too-many-without-use"),
        pytest.param("<link rel=webmention>" * 2000, [], id="too-many-without-an-address"),
        pytest.param("<a rel='pingback' href='/a'>" * 5000, ["link", "link"], id="one-after-the-other"),
        # A comment's endpoint must not count because what stands behind many others was not seen.
        pytest.param("<a rel=pingback href=/a>" + "<a rel=webmention href=a:>" * 2000, [], id="one-among-too-many"),
        pytest.param(f"<link rel='{'webmention ' * 50_000}' href=a:>", ["link", "link"], id="one-of-many-rels"),
    ],
)
def test_only_so_many_elements_are_looked_at(before: str, found: list[str]) -> None:
    chunks = [before.encode(), b"<link rel='webmention pingback' href=/x>"]
    both = [Protocol.WEBMENTION, Protocol.PINGBACK]
    assert [via for _, _, via in endpoints(chunks, wanted=both)] == found


def test_utf16_page() -> None:
    assert endpoints(LINK.encode("utf-16")) == [("pingback", ENDPOINT, "link")]


@pytest.mark.parametrize("page", [*(case.values[0] for case in PINGBACK_IN_HTML), ALL])
def test_cut_at_any_border(page: str) -> None:
    data = page.encode()
    whole = endpoints(data)
    assert whole
    for cut in range(len(data)):
        assert endpoints([data[:cut], data[cut:]]) == whole


@given(page=st.binary(), header=st.text(max_size=40))
def test_any_bytes_give_a_value(page: bytes, header: str) -> None:
    assert all(url.startswith("http") for _, url, _ in endpoints(page, pingback=[header], link=[header]))
