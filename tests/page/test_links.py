"""Does a page link to a target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.page.about import read_mention
from pingback.page.links import Wanted, cannot_hold, outbound_in
from pingback.urls import key_of, leads_to

SOURCE = "https://other.example/notes/six"
TARGET = "https://my.example/2026/part-five"

LINKED = [
    pytest.param(f'<a href="{TARGET}">x</a>', id="a"),
    pytest.param(f"<A HREF={TARGET}>x", id="capitals-unquoted-unclosed"),
    pytest.param(f'<img src="{TARGET}">', id="w18-img"),
    pytest.param(f'<video><source src="{TARGET}"></video>', id="w18-source"),
    pytest.param(f'<iframe src="{TARGET}"></iframe>', id="iframe"),
    pytest.param(f'<link rel="x" href="{TARGET}">', id="link"),
    pytest.param(f'<area href="{TARGET}">', id="area"),
    pytest.param(f'<x-card href="{TARGET}">', id="any-element"),
    pytest.param(f'<noscript><a href="{TARGET}">x</a></noscript>', id="noscript"),
    pytest.param(f'<p hidden><a href="{TARGET}">x</a></p>', id="hidden-is-in-the-markup"),
    pytest.param(f'<a href="{TARGET}#note">x</a>', id="fragment"),
    pytest.param(f'<a href="\n {TARGET} ">x</a>', id="white-space-around"),
    pytest.param('<a href="https://my.exam\nple/2026/part-five">x</a>', id="whatwg-newline-within"),
    pytest.param('<a href="http://my.example/2026/part-five">x</a>', id="http-and-https"),
    pytest.param('<a href="HTTPS://MY.Example:443/2026/./x/../part-five">x</a>', id="rfc3986-6.2.2"),
    pytest.param('<a href="https://my.example/2026/x/..//../part-five/../part-five">x</a>', id="rfc3986-5.2.4"),
    pytest.param('<a href="https://my.example/2026/part%2Dfive">x</a>', id="rfc3986-6.2.2.2"),
    pytest.param('<a href="https:\\\\my.example\\2026\\part-five">x</a>', id="whatwg-backslashes"),
    pytest.param('<a href="//my.example/2026/part-five">x</a>', id="network-path"),
    pytest.param('<a href="&#104;ttps&colon;//my&period;example/2026/part-fiv&#x65;">x</a>', id="entities"),
    pytest.param('<a href="https://my%2Eexample/2026/part-five">x</a>', id="whatwg-escaped-host"),
    pytest.param('<a href="https://ｍｙ.example/2026/part-five">x</a>', id="uts46-wide-letters"),
    pytest.param('<a href="/\t/m\ty.example/2026/part-five">x</a>', id="whatwg-tabs-within"),
    pytest.param("<a href='https:/\n/m\ny.example/2026/part-five'>x</a>", id="whatwg-newlines-between-slashes"),
    pytest.param('<a href="http:/my%2eexample/2026/part-five">x</a>', id="whatwg-one-slash"),
    pytest.param('<a href="http:m%79.example/2026/part-five">x</a>', id="whatwg-no-slash"),
    pytest.param('<base href="https://my.example/2026/"><a href="part-five">x</a>', id="base"),
    pytest.param('<base href="//my.example"><base href="/no/"><a href="2026/part-five">x</a>', id="first-base"),
]
NOT_LINKED = [
    pytest.param("", id="empty"),
    pytest.param(TARGET, id="text"),
    pytest.param(f'<!-- <a href="{TARGET}">x</a> -->', id="comment"),
    pytest.param(f"<script>\"<a href='{TARGET}'>\"</script>", id="script"),
    pytest.param(f'<style>/* <a href="{TARGET}"> */</style>', id="style"),
    pytest.param(f'<template><p><a href="{TARGET}">x</a></p></template>', id="template"),
    pytest.param(f'<template><script></script><a href="{TARGET}">x</a></template>', id="template-with-script"),
    pytest.param(f'<textarea><a href="{TARGET}">x</a></textarea>', id="textarea"),
    pytest.param(f'<title><a href="{TARGET}">x</a></title>', id="title"),
    pytest.param(f'<xmp><a href="{TARGET}">x</a></xmp>', id="xmp"),
    pytest.param(f"&lt;a href=&quot;{TARGET}&quot;&gt;", id="escaped"),
    pytest.param(f'<a title="{TARGET}" data-href="{TARGET}">x</a>', id="other-attributes"),
    pytest.param(f'<a href="{TARGET}/">x</a>', id="trailing-slash"),
    pytest.param(f'<a href="{TARGET}?utm_source=x">x</a>', id="query"),
    pytest.param(f'<a href="{TARGET}-and-a-half">x</a>', id="prefix"),
    pytest.param(f'<a href="https://share.example/?url={TARGET}">x</a>', id="within-another"),
    pytest.param(f'<a href="{TARGET.upper()}">x</a>', id="case-of-path"),
    pytest.param('<a href="https://www.my.example/2026/part-five">x</a>', id="other-host"),
    pytest.param('<a href="/2026/part-five">x</a>', id="relative-to-the-source"),
    pytest.param('<svg><a xlink:href="https://my.example/2026/part-five">x</a></svg>', id="xlink"),
]

URL = "https://a.example:8443/post"


def linked(page: str | bytes, target: str = TARGET, url: str = SOURCE) -> bool:
    data = page.encode() if isinstance(page, str) else page
    return read_mention(data, source=SOURCE, target=target, url=url, content_type="text/html; charset=utf-8").linked


@pytest.mark.parametrize("page", LINKED)
def test_links(page: str) -> None:
    assert linked(page)
    assert not cannot_hold(page.encode(), TARGET, url=SOURCE)


@pytest.mark.parametrize("page", NOT_LINKED)
def test_links_not(page: str) -> None:
    assert not linked(page)


@pytest.mark.parametrize(
    ("target", "reference"),
    [
        ("https://my.example/", "https://my.example"),
        ("https://my.example", "http://MY.example/#top"),
        ("https://my.example/?p=5", "https://my.example?p=5"),
        ("https://my.example/fünf", "https://my.example/f%c3%bcnf"),
        ("https://my.example/f%C3%BCnf", "https://my.example/fünf"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://xn--bcher-kva.example/x", "https://bücher.example/x"),
        ("https://bücher.example/x", "https://b&uuml;cher.example/x"),
        ("https://my.example/a?b='c'", "https://my.example/a?b='c'"),
        ("https://my.example/a?b=<c>", "https://my.example/a?b=&lt;c&gt;"),
        ("https://my.example/a?b=1&c=2", "https://my.example/a?b=1&amp;c=2"),
        ("https://my.example/a?b=1&c=2", "https://my.example/a?b=1&c=2"),
        ("http://127.0.0.1/x", "http://0x7f.1/x"),
    ],
)
def test_spellings_of_a_target(target: str, reference: str) -> None:
    assert linked(f'<a href="{reference}">x</a>', target)


@pytest.mark.parametrize("reference", ["five", "./five", "../x/five", "/x/five#a", "//o.example/x/five", "y/../five"])
def test_relative_links_of_the_target_s_own_site(reference: str) -> None:
    assert linked(f'<a href="{reference}">x</a>', "https://o.example/x/five", "https://o.example/x/six")


@pytest.mark.parametrize(
    ("reference", "target"),
    [("?p=5", "https://o.example/x?p=5"), ("", "https://o.example/x"), (".", "https://o.example/")],
)
def test_references_without_a_path(reference: str, target: str) -> None:
    assert linked(f'<a href="{reference}">x</a>', target, "https://o.example/x")


def test_the_final_address_counts_after_redirects() -> None:
    assert linked('<a href="part-five">x</a>', url="https://my.example/2026/moved")


def test_a_page_without_the_host_needs_no_parse() -> None:
    page = b'<script>s="a\\nb"</script><p>Don&#8217;t &amp; do. <a href="https://a.example/%20x">x</a></p>'
    assert cannot_hold(page, TARGET, url=SOURCE)
    assert not cannot_hold(page, TARGET, url="https://my.example/other")
    assert not cannot_hold(page + b"my.EXAMPLE", TARGET, url=SOURCE)
    assert cannot_hold(page, "https://b\u00fccher.shop.test/", url=SOURCE)
    assert not cannot_hold(page, "https://b\u00fccher.x/", url=SOURCE) or b"x" not in page


@pytest.mark.parametrize(
    "piece", ["http:", "https:/", "httphttp", "//", "//a", "\\", "\\/", 'href="', "href=", "src='a", "&", "&#0", "&#x0"]
)
def test_a_megabyte_that_says_nothing_takes_no_time(piece: str) -> None:
    """Where a pattern met a run twice, this would take half an hour."""
    page = (piece * 1_000_000)[:1_000_000].encode()
    assert not linked(page)


@given(page=st.binary(max_size=200), cut=st.integers(0, 200))
def test_any_bytes_give_a_value(page: bytes, cut: int) -> None:
    linked(page[:cut] + f'<a href="{TARGET}">'.encode() + page[cut:])


# What is let go by a look at its letters is let go rightly: the whole comparison says the same.

_PIECES = st.lists(
    st.sampled_from(
        [
            *"a b A é %C3%A9 %c3%a9 %20 %22 %27 %2F %41 %7C %7E ~ + \" ' / // . .. /./ \\ ? & = # ; | ^ { < @".split(),
            *["https:", ":", "://", " ", "\t", "\n"],
        ]
    ),
    max_size=8,
).map("".join)


@given(path=_PIECES, reference=_PIECES, own=st.booleans())
def test_no_spelling_of_the_target_is_let_go(path: str, reference: str, own: bool) -> None:
    target = f"https://my.example/{path}"
    url = f"https://my.example/{path}" if own else SOURCE
    for href in (reference, f"/{reference}", f"https://my.example/{reference}", target, f"/{path}"):
        assert Wanted(target).is_meant_by({"href": href}, url) == leads_to(href, key_of(target), base=url)


@pytest.mark.parametrize(
    ("page", "number"),
    [
        pytest.param("<p>none", 0, id="none"),
        pytest.param('<a href="https://b.example/">b</a><a href="http://c.example">c</a>', 2, id="both-schemes"),
        pytest.param("<a class=x\nhref=https://b.example>b</a>", 1, id="no-quotes"),
        pytest.param("<a title='x' href='https://b.example?x'>b</a>", 1, id="single-quotes"),
        pytest.param('<a href="/b">b</a><a href="b">b</a><a href="#b">b</a>', 0, id="relative"),
        pytest.param('<a href="https://a.example/b">b</a><a href="http://a.example:80/">b</a>', 0, id="own-host"),
        pytest.param('<a href="https://a.example.b.example/">b</a>', 1, id="own-host-as-a-beginning"),
        pytest.param('<a href="https://a.example">b</a><a href=https://a.example>b</a>', 0, id="own-root"),
        pytest.param('<img src="https://b.example/">', 0, id="images-lead-nowhere"),
        pytest.param('<a href="https://b.example/">b</a>' * 1000, 1000, id="all-of-them"),
        pytest.param('<a href="https://b.example/">' + "x" * 2**16 + '<a href="https://b.example/">', 1, id="bounded"),
    ],
)
def test_outbound(page: str, number: int) -> None:
    assert outbound_in(page.encode(), URL) == number
