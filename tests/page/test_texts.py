"""Webmention sources that are not HTML (Webmention §3.2.2, W18; CONTRACT of links)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Protocol, Verification
from pingback.page.about import read_mention

SOURCE = "https://other.example/notes/six"
TARGET = "https://my.example/2026/part-five"


def read(
    page: str | bytes, content_type: str = "text/plain", target: str = TARGET, protocol: Protocol = Protocol.WEBMENTION
) -> Verification:
    data = page if isinstance(page, bytes) else page.encode()
    return read_mention(data, source=SOURCE, target=target, url=SOURCE, content_type=content_type, protocol=protocol)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TARGET, id="w18-alone"),
        pytest.param(f"As said in {TARGET} it is so.", id="w18-a-word"),
        pytest.param(f"one\r\ntwo\n\t{TARGET}\nthree", id="on-a-line-of-its-own"),
        pytest.param(f"It is so: {TARGET}.", id="full-stop"),
        pytest.param(f"{TARGET}, {TARGET}/six", id="comma"),
        pytest.param(f"Do you know {TARGET}?!", id="question"),
        pytest.param(f"<{TARGET}>", id="rfc3986-c-angle-brackets"),
        pytest.param(f'"{TARGET}"', id="rfc3986-c-quotes"),
        pytest.param(f"'{TARGET}'.", id="single-quotes"),
        pytest.param(f"(see {TARGET}).", id="parenthesis"),
        pytest.param(f"[five]({TARGET}), and so on", id="markdown"),
        pytest.param(f"[1]: {TARGET}", id="markdown-reference"),
        pytest.param(f"[{TARGET} five]", id="wiki"),
        pytest.param(f"{TARGET}#part", id="fragment"),
        pytest.param("HTTP://MY.example:80/2026/part%2Dfive", id="equal-urls"),
        pytest.param(f"https://elsewhere.example/ {TARGET}", id="second-address"),
    ],
)
def test_plain_text_links(text: str) -> None:
    assert read(text).linked


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("part five", id="words"),
        pytest.param(f"{TARGET}-and-a-half", id="prefix"),
        pytest.param(f"{TARGET}/", id="trailing-slash"),
        pytest.param(f"{TARGET}?p=5", id="query"),
        pytest.param(f"https://share.example/?url={TARGET}", id="within-another"),
        pytest.param(TARGET.replace("https", "http\u017f"), id="a-scheme-with-a-long-s"),
        pytest.param(f"https://archive.example/({TARGET})", id="within-another-in-parentheses"),
        pytest.param(f"x{TARGET}", id="within-a-word"),
        pytest.param(TARGET.partition("//")[2], id="no-scheme"),
        pytest.param("/2026/part-five", id="relative"),
        pytest.param(TARGET + "." * 6, id="more-marks-than-a-sentence-has"),
    ],
)
def test_plain_text_links_not(text: str) -> None:
    verification = read(text)
    assert verification == Verification(
        source=SOURCE, target=TARGET, linked=False, reason=f"{SOURCE} does not link to {TARGET}"
    )


@pytest.mark.parametrize(
    "target", ["https://my.example/five_(part)", "https://my.example/so...", "https://my.example/?"]
)
def test_an_address_may_end_in_a_mark(target: str) -> None:
    assert read(f"See ({target}).", target=target).linked


WORDS = " 12345678" * 9


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        pytest.param(f"A\nAs said in\t{TARGET}, it is  so.\nB", f"As said in {TARGET}, it is so.", id="the-line"),
        pytest.param(f"<b>&amp; {TARGET}", f"<b>&amp; {TARGET}", id="no-markup"),
        pytest.param("12345678 " * 99 + TARGET + " 12345678" * 99, f"… {WORDS[1:]} {TARGET}{WORDS} …", id="cut"),
    ],
)
def test_plain_text_excerpt(text: str, excerpt: str) -> None:
    verification = read(text)
    assert (verification.title, verification.excerpt) == (None, excerpt)


def test_plain_text_in_its_own_charset() -> None:
    page = f"日本 {TARGET}".encode("shift_jis")
    assert read(page, "text/plain; charset=Shift_JIS").excerpt == f"日本 {TARGET}"


@pytest.mark.parametrize(
    ("document", "title"),
    [
        pytest.param({"target": TARGET}, None, id="w18-a-property"),
        pytest.param({"a": [1, None, {"b": [[TARGET]]}]}, None, id="at-any-depth"),
        pytest.param(TARGET, None, id="the-document-itself"),
        pytest.param([f"{TARGET}#part"], None, id="fragment"),
        pytest.param({"a": "http://MY.example/2026/part-five"}, None, id="equal-urls"),
        pytest.param({"a": TARGET, "name": "Part\nsix "}, "Part six", id="name"),
        pytest.param({"a": TARGET, "title": "Six"}, "Six", id="title"),
        pytest.param({"a": TARGET, "title": "T", "name": "N"}, "N", id="name-before-title"),
        pytest.param({"a": TARGET, "name": {"en": "N"}, "title": "T"}, "T", id="name-that-is-no-string"),
        pytest.param({"a": {"url": TARGET, "name": "N"}}, None, id="only-the-document-s-own-name"),
        pytest.param({"a": TARGET, "name": "x" * 600}, "x" * 499 + "…", id="a-long-name-is-cut"),
        pytest.param({"a": TARGET, "name": "a\0b\ud800"}, "ab", id="control-characters"),
    ],
)
def test_json_links(document: object, title: str | None) -> None:
    assert read(json.dumps(document), "application/json") == Verification(
        source=SOURCE, target=TARGET, linked=True, title=title
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(TARGET, id="no-json"),
        pytest.param(json.dumps({TARGET: 1}), id="w18-a-name-is-no-value"),
        pytest.param(json.dumps([f"see {TARGET}"]), id="w18-not-exactly"),
        pytest.param(json.dumps([f'<a href="{TARGET}">x</a>']), id="markup"),
        pytest.param(json.dumps(["/2026/part-five"]), id="relative"),
        pytest.param(f'["{TARGET}"', id="cut-off"),
        pytest.param("[" * 500_000, id="deep-nesting"),
        pytest.param(f'{"[" * 100_000}"{TARGET}"{"]" * 100_000}', id="deep-nesting-that-ends"),
        pytest.param(f'["{TARGET}", {"9" * 100_000}]', id="huge-number"),
    ],
)
def test_json_links_not(text: str) -> None:
    assert read(text, "application/json") == Verification(
        source=SOURCE, target=TARGET, linked=False, reason=f"{SOURCE} does not link to {TARGET}"
    )


def test_json_on_the_target_s_own_site() -> None:
    page = json.dumps(["part-five", "?"]).encode()
    assert not read_mention(
        page,
        source="https://my.example/2026/six",
        target=TARGET,
        url="https://my.example/2026/six",
        content_type="application/json",
        protocol=Protocol.WEBMENTION,
    ).linked


PAGE = json.dumps({"a": TARGET})


@pytest.mark.parametrize(
    ("content_type", "linked"),
    [
        pytest.param("application/json", True, id="json"),
        pytest.param("Application/JSON; charset=utf-8", True, id="case-and-parameters"),
        pytest.param("application/activity+json", True, id="json-suffix"),
        pytest.param("text/plain", True, id="plain"),
        pytest.param("application/feed+json", False, id="json-feed"),
        pytest.param("application/rss+xml", False, id="rss"),
        pytest.param("application/atom+xml", False, id="atom"),
        pytest.param("text/xml", False, id="xml"),
        pytest.param("text/css", False, id="css"),
        pytest.param("application/pdf", False, id="pdf"),
    ],
)
def test_which_types_count(content_type: str, linked: bool) -> None:
    verification = read(PAGE, content_type)
    assert verification.linked == linked
    assert linked or verification.reason == f"{SOURCE} is not an HTML page but {content_type}"


@pytest.mark.parametrize("protocol", [Protocol.PINGBACK, Protocol.TRACKBACK])
@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_only_for_webmention(protocol: Protocol, content_type: str) -> None:
    assert not read(PAGE, content_type, protocol=protocol).linked


@pytest.mark.parametrize("protocol", list(Protocol))
def test_html_for_all(protocol: Protocol) -> None:
    assert read(f'<a href="{TARGET}">five</a>', "text/html", protocol=protocol).linked


@given(page=st.binary(), content_type=st.sampled_from(["text/plain", "application/json", "text/plain; charset=utf-16"]))
def test_any_bytes_give_a_value(page: bytes, content_type: str) -> None:
    assert not read(page, content_type).linked


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("http://a)))))) " * 65_000, id="addresses"),
        pytest.param("http://" + "a" * 1_000_000, id="one-address"),
        pytest.param("https://https://" * 60_000, id="schemes"),
        pytest.param('["' * 300_000, id="marks"),
        pytest.param("x\n" * 200_000, id="lines"),
    ],
)
def test_hostile_texts(page: str) -> None:
    assert not read(page).linked
    assert not read(json.dumps(page.split()), "application/json").linked
