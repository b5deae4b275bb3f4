"""Webmention sources that are not HTML (Webmention §3.2.2, W18)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Protocol, Verification
from pingback.page.about import READER, read_mention
from pingback.protocols.table import EVERY

SOURCE = "https://other.example/notes/six"
TARGET = "https://my.example/2026/part-five"


def read(
    page: str | bytes,
    content_type: str = "text/plain",
    target: str = TARGET,
    protocol: Protocol | None = Protocol.WEBMENTION,
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


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("https://my.example/2026/part-%d", id="its-own-site"),
        pytest.param("http://other.example/%d", id="other-sites"),
        pytest.param("http://b\u00fccher.example/%d,", id="other-letters"),
    ],
)
def test_plain_text_counts_wherever_the_link_stands(address: str) -> None:
    text = "\n".join(address % number for number in range(30_000))
    assert not read(text).linked
    assert read(f"{text}\nSee {TARGET}.").excerpt == f"See {TARGET}."


@pytest.mark.parametrize(
    ("target", "text"),
    [
        pytest.param("https://my.example/", "See https://my.example...", id="the-root-and-an-ellipsis"),
        pytest.param("https://my.example/", "(at HTTPS://My.Example:443).", id="the-root-with-its-port"),
        pytest.param("https://my.example/it's?it's", "'https://my.example/it's?it's'.", id="quotes"),
        pytest.param("https://my.example/a/", "See https://my.example/a/..", id="dots-that-are-no-segment"),
        pytest.param("https://my.example/", "See https://my.example/a/..", id="dots-that-are-a-segment"),
        pytest.param("https://b\u00fccher.example/", "See https://xn--bcher-kva.example.", id="punycode"),
        pytest.param("https://xn--bcher-kva.example/", "See https://B\u00dcCHER.example.", id="idn"),
        pytest.param("https://my.example/x", "See https://m%79.example/x.", id="an-escape-in-the-host"),
        pytest.param("http://127.0.0.1/x", "See http://2130706433/x.", id="an-ip-address-as-a-number"),
        pytest.param("http://[::1]/x", "See http://127.0.0.1/x http://my.example/x", id="ipv6"),
    ],
)
def test_plain_text_equal_urls(target: str, text: str) -> None:
    assert read(text, target=target).linked is ("[" not in target)  # brackets end an address in a text


WORDS = " 12345678" * 9


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        pytest.param(f"A\nAs said in\t{TARGET}, it is  so.\nB", f"As said in {TARGET}, it is so.", id="the-line"),
        pytest.param(f"A\u2028B\r\n{TARGET}\x85C", TARGET, id="the-line-with-any-end"),
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
        source=SOURCE, target=TARGET, linked=True, title=title, read_by=READER
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
        pytest.param(f'["{TARGET}"', id="cut-off-by-others"),
        pytest.param(f'"{TARGET}', id="a-string-cut-off-by-others"),
        pytest.param("[" * 500_000, id="deep-nesting"),
        pytest.param(f'<a href="{TARGET}">x</a>', id="html"),
        pytest.param(f'f({{"a": "{TARGET}"}})', id="jsonp"),
        pytest.param(f'["a"] // "{TARGET}"', id="a-comment"),
        pytest.param(f'["\\q{TARGET}"]', id="wrong-escape"),
        pytest.param(f']"{TARGET}"[', id="brackets-the-wrong-way-round"),
        pytest.param(json.dumps(['"' + TARGET]), id="a-quote-within"),
        pytest.param(json.dumps([f'x": "{TARGET}", "']), id="quotes-within"),
    ],
)
def test_json_links_not(text: str) -> None:
    assert read(text, "application/json") == Verification(
        source=SOURCE, target=TARGET, linked=False, reason=f"{SOURCE} does not link to {TARGET}"
    )


MIB = 1024 * 1024
ITEM = '{"url": "https://my.example/2026/part-%d", "n": [1.5e-3, null, "\\u0041"]}, '


@pytest.mark.parametrize(
    ("end", "linked"), [("", False), ("\n", True), (" and more", True)], ids=["cut-off-in-it", "line-end", "words"]
)
def test_the_last_word_of_a_text_that_was_cut_off_may_be_half_of_one(end: str, linked: bool) -> None:
    text = f"{TARGET}{end}".rjust(MIB)
    assert read(text, "text/plain").linked is linked


def cut(document: str) -> str:
    """What is read of a document that is larger."""
    assert len(document) > MIB
    return document[:MIB]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'{"[" * 100_000}"{TARGET}"{"]" * 100_000}', id="deep-nesting"),
        pytest.param(f'{"[" * 100_000}"{TARGET}"{"]" * 99_999}, {{}}]', id="deep-nesting-and-more"),
        pytest.param(f'[{"9" * 100_000}, "{TARGET}"]', id="huge-number"),
        pytest.param('["\\u0068ttps:\\/\\/my.example\\/2026\\/part-five"]', id="escapes"),
        pytest.param(f'\n {{\t"a" :\r\n"{TARGET}"\n}}\n', id="white-space"),
        pytest.param(cut(f'["{TARGET}", "{"x" * MIB}"]'), id="cut-off-in-a-string"),
        pytest.param(cut(f'{{"a": "{TARGET}", "b": [{"9," * MIB}]}}'), id="cut-off-in-a-list"),
        pytest.param(cut(f'{{"a": "{TARGET}", "{"n" * MIB}": 1}}'), id="cut-off-in-a-name"),
        pytest.param(cut(f'["{TARGET}", "{chr(92) * 2 * MIB}"]'), id="cut-off-in-an-escape"),
        pytest.param(f'["{TARGET}", "{"x" * (MIB - len(TARGET) - 10)}{chr(92)}u00', id="cut-off-in-a-letter-s-number"),
        pytest.param(
            cut("[" + ITEM * 13_000 % tuple(range(13_000)) + f'"{TARGET}"' + "," + " " * MIB), id="far-behind"
        ),
        pytest.param(f'[{" " * (MIB - len(TARGET) - 4)}"{TARGET}",', id="the-last-of-the-first-mib"),
    ],
)
def test_json_counts_wherever_the_link_stands(text: str) -> None:
    assert read(text, "application/json").linked


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(cut(f'{{"a": "{"x" * (MIB - 40)}", "b": "{TARGET}"}}'), id="in-the-link"),
        pytest.param(f'[{" " * (MIB - len(TARGET) - 3)}"{TARGET}"', id="before-what-may-be-a-colon"),
        pytest.param(cut(f'{{"{TARGET}": "{"x" * MIB}"}}'), id="behind-a-name"),
        pytest.param(cut(f'<p>"{TARGET}"{"x" * MIB}'), id="in-no-json"),
    ],
)
def test_json_that_is_cut_off_too_early(text: str) -> None:
    assert len(text) == MIB
    assert not read(text, "application/json").linked


def test_the_title_of_json_that_is_cut_off() -> None:
    text = cut(f'{{"name": "Part \\u0073ix", "title": "T", "a": {{"name": "N"}}, "b": ["{TARGET}", "{"x" * MIB}"]}}')
    assert read(text, "application/json").title == "Part six"


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


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "text/html"])
def test_without_a_protocol_the_rules_of_any_count(content_type: str) -> None:
    page = f'<a href="{TARGET}">five</a>' if content_type == "text/html" else f'"{TARGET}"'
    assert read(page, content_type, protocol=None).linked
    assert not read(page, "application/pdf", protocol=None).linked


@pytest.mark.parametrize("protocol", EVERY)
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
        pytest.param("http://my.example/))))) " * 43_000, id="the-target-s-host"),
        pytest.param("http://m%79.example/%41))))) " * 36_000, id="the-target-s-host-in-escapes"),
        pytest.param("http://é))))) " * 65_000, id="letters-in-the-host"),
        pytest.param("(http://my.example" * 58_000, id="addresses-within-addresses"),
        pytest.param('\\"' * 500_000, id="escapes"),
        pytest.param('"\\q",' * 200_000, id="wrong-escapes"),
    ],
)
def test_hostile_texts(page: str) -> None:
    assert not read(page).linked
    assert not read(page[:MIB], "application/json").linked
    assert not read(json.dumps(page.split()), "application/json").linked


# Each is a document of 1 MiB; the run's time limit would show one that is read twice.
@pytest.mark.parametrize(
    "unit",
    [
        *(
            "[",
            "[],",
            "[{",
            "1,",
            "9" * 5000 + ",",
            '"",',
            '"a":"",',
            '"',
            '"\\"',
            "\\",
            '"\\u0041",',
            '"h\\q",',
            '"\\u0068\\',
        ),
        *('"http:a",', '"http://my.example/",', '"http://é",', '"name":"x",', "]", ":", " ", "é"),
    ],
)
@pytest.mark.parametrize("start", ["[", '"'])
def test_hostile_json(unit: str, start: str) -> None:
    assert not read((start + unit * (MIB // len(unit)))[:MIB], "application/json").linked
