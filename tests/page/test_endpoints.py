"""The endpoints that a response advertises (Pingback 1.0 §2; P1 to P12)."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Via
from pingback.page.endpoints import endpoints_in

PAGE = "https://blog.example/2026/post"
LINK = '<link rel="pingback" href="https://blog.example/xmlrpc">'
ENDPOINT = "https://blog.example/xmlrpc"

IN_HTML = [
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
NONE_IN_HTML = [
    pytest.param("", id="empty"),
    pytest.param("no markup at all", id="text"),
    pytest.param('<a rel="pingback" href="/xmlrpc">x</a>', id="p4-a-is-no-endpoint"),
    pytest.param('&lt;link rel="pingback" href="/xmlrpc"&gt;', id="escaped"),
    pytest.param('<link rel="pingbacks" href="/xmlrpc">', id="other-rel"),
    pytest.param('<link rel="pingback">', id="no-href"),
    pytest.param('<link rev="pingback" href="/xmlrpc">', id="rev"),
    pytest.param('<p title="<link rel=pingback href=/xmlrpc>">', id="in-an-attribute"),
    pytest.param("\0<\x80<<link<link rel", id="rubbish"),
]


def urls(page: str, *headers: str, content_type: str | None = "text/html") -> list[str]:
    found = endpoints_in(PAGE, pingback_headers=headers, content_type=content_type, chunks=[page.encode()])
    return [endpoint.url for endpoint in found]


@pytest.mark.parametrize(("page", "url"), IN_HTML)
def test_link_in_html(page: str, url: str) -> None:
    (endpoint,) = endpoints_in(PAGE, pingback_headers=[], content_type="text/html", chunks=[page.encode()])
    assert (endpoint.url, endpoint.via) == (url, Via.LINK)


@pytest.mark.parametrize("page", NONE_IN_HTML)
def test_no_endpoint_in_html(page: str) -> None:
    assert urls(page) == []


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
def test_header_before_the_document(headers: list[str], url: str) -> None:
    body = iter([b"the body was not asked for"])
    (endpoint,) = endpoints_in(PAGE, pingback_headers=headers, content_type="text/html", chunks=body)
    assert list(body)
    assert (endpoint.url, endpoint.via) == (url, Via.HEADER)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        pytest.param("application/xhtml+xml", [ENDPOINT], id="xhtml"),
        pytest.param(None, [ENDPOINT], id="none"),
        pytest.param("TEXT/HTML ; charset=utf-8", [ENDPOINT], id="case"),
        pytest.param("application/pdf", [], id="p3-others-have-the-header-only"),
        pytest.param("text/plain", [], id="plain"),
    ],
)
def test_only_in_html(content_type: str | None, expected: list[str]) -> None:
    assert urls(LINK, content_type=content_type) == expected


def test_no_chunk_is_taken_behind_the_match() -> None:
    def body() -> Iterator[bytes]:
        yield LINK.encode()
        raise AssertionError("read on")

    assert endpoints_in(PAGE, pingback_headers=[], content_type="text/html; charset=utf-8", chunks=body())


def test_utf16_page() -> None:
    page = LINK.encode("utf-16")
    assert endpoints_in(PAGE, pingback_headers=[], content_type="text/html", chunks=[page])[0].url == ENDPOINT


@pytest.mark.parametrize(("page", "url"), IN_HTML)
def test_cut_at_any_border(page: str, url: str) -> None:
    data = page.encode()
    for cut in range(len(data)):
        found = endpoints_in(PAGE, pingback_headers=[], content_type="text/html", chunks=[data[:cut], data[cut:]])
        assert [endpoint.url for endpoint in found] == [url]


@given(page=st.binary(), header=st.text(max_size=40))
def test_any_bytes_give_a_value(page: bytes, header: str) -> None:
    found = endpoints_in(PAGE, pingback_headers=[header], content_type="text/html", chunks=[page])
    assert all(endpoint.url.startswith("http") for endpoint in found)
