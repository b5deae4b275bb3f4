"""`Content-Type` as RFC 9110 §8.3 has it, `Link` as RFC 8288 §3 does, and both as servers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.protocols.headers import ContentType, Link, content_type, fresh_for, links_in, profiles_in


@pytest.mark.parametrize(
    ("value", "media_type", "charset"),
    [
        pytest.param("text/html", "text/html", None, id="rfc9110-8.3.1-no-parameter"),
        pytest.param("text/html;charset=utf-8", "text/html", "utf-8", id="rfc9110-8.3.1-charset"),
        pytest.param("Text/HTML; Charset=UTF-8", "text/html", "UTF-8", id="rfc9110-8.3.1-any-case"),
        pytest.param('text/html; charset="utf-8"', "text/html", "utf-8", id="rfc9110-5.6.6-quoted"),
        pytest.param(r'text/html; charset="utf\-8"', "text/html", "utf-8", id="rfc9110-5.6.4-quoted-pair"),
        pytest.param("  text/html \t;\t charset=utf-8 ", "text/html", "utf-8", id="rfc9110-5.6.3-white-space"),
        pytest.param("a/b; x=1; charset=latin1; y=2", "a/b", "latin1", id="rfc9110-5.6.6-among-others"),
        pytest.param('a/b; x=";charset=no"; charset=yes', "a/b", "yes", id="rfc9110-5.6.4-semicolon-in-quotes"),
        pytest.param(r'a/b; x="\";charset=no"; charset=yes', "a/b", "yes", id="rfc9110-5.6.4-escaped-quote"),
        pytest.param("a/b; charset=one; charset=two", "a/b", "one", id="mimesniff-4.4-first-one-counts"),
        pytest.param("a/b; xcharset=one", "a/b", None, id="another-parameter"),
        pytest.param("a/b; charset", "a/b", None, id="no-value"),
        pytest.param("a/b; charset=", "a/b", None, id="empty-value"),
        pytest.param('a/b; charset=""', "a/b", None, id="empty-quotes"),
        pytest.param("a/b;;; junk; charset=utf-8", "a/b", "utf-8", id="junk-between"),
        pytest.param('a/b; x="open; charset=utf-8', "a/b", "utf-8", id="quote-never-closed"),
        pytest.param("text/html, text/html; charset=utf-8", "text/html", "utf-8", id="joined-by-a-proxy"),
        pytest.param("text/html; charset=utf-8, text/html", "text/html", "utf-8", id="joined-charset-first"),
        pytest.param("application/x.a+xml", "application/x.a+xml", None, id="rfc6838-4.2-suffix"),
        pytest.param(None, "", None, id="absent"),
        pytest.param("", "", None, id="empty"),
        pytest.param("html", "", None, id="no-subtype"),
        pytest.param("text/", "", None, id="empty-subtype"),
        pytest.param("; charset=utf-8", "", None, id="no-media-type"),
        pytest.param("text/html charset=utf-8", "", None, id="no-semicolon"),
        pytest.param("text/ht\0ml", "", None, id="nul"),
        pytest.param("tëxt/html", "", None, id="rfc9110-5.6.2-not-a-token"),
    ],
)
def test_content_type(value: str | None, media_type: str, charset: str | None) -> None:
    assert content_type(value) == ContentType(media_type, charset)


@pytest.mark.parametrize(
    ("value", "profiles"),
    [
        pytest.param('a/b; profile="http://x.example/"', ["http://x.example/"], id="rfc6906-3.1-one"),
        pytest.param('a/b; charset=x; Profile="x:1  x:2"', ["x:1", "x:2"], id="rfc6906-3.1-several"),
        pytest.param("a/b; profile=http://x.example/", ["http://x.example/"], id="not-quoted"),
        pytest.param("a/b", [], id="none"),
        pytest.param("profile=x:1", [], id="no-media-type"),
        pytest.param(None, [], id="absent"),
    ],
)
def test_profiles(value: str | None, profiles: list[str]) -> None:
    assert profiles_in(value) == profiles


@given(st.text() | st.text(alphabet='a/;,="\\ '))
def test_any_text_gives_a_value(value: str) -> None:
    media_type, charset = content_type(value)
    assert media_type == media_type.lower()
    assert charset != ""


@pytest.mark.parametrize(
    ("value", "links"),
    [
        pytest.param("<a>; rel=b", [Link("a", ("b",), None)], id="rfc8288-3-token"),
        pytest.param('<a>; rel="b"', [Link("a", ("b",), None)], id="rfc8288-3-quoted"),
        pytest.param('<a>;rel="b"', [Link("a", ("b",), None)], id="rfc8288-3-no-blank"),
        pytest.param(' <a> ;\t rel = "b" ', [Link("a", ("b",), None)], id="rfc8288-3-white-space"),
        pytest.param('<a>;\r\n rel="b"', [Link("a", ("b",), None)], id="rfc9112-5.2-folded"),
        pytest.param(
            '<a>; REL="B  c\thttp://D/"', [Link("a", ("b", "c", "http://d/"), None)], id="rfc8288-3.3-several"
        ),
        pytest.param("<a>; rel=b; rel=c", [Link("a", ("b",), None)], id="rfc8288-3.3-first-rel-counts"),
        pytest.param("<a>; rel; rel=c", [Link("a", (), None)], id="rfc8288-3.3-first-rel-is-empty"),
        pytest.param("<a>; rel*=UTF-8''c; rel=b", [Link("a", ("b",), None)], id="rfc8288-3.3-extended-rel-is-none"),
        pytest.param("<a>; xrel=c; rel=b; rev=d", [Link("a", ("b",), None)], id="rfc8288-3.3-others"),
        pytest.param("<a>", [Link("a", (), None)], id="rfc8288-3.3-no-rel"),
        pytest.param('<a>; rel=b; anchor="#c"', [Link("a", ("b",), "#c")], id="rfc8288-3.2-anchor"),
        pytest.param("<a>; rel=b; anchor=", [Link("a", ("b",), "")], id="rfc8288-3.2-empty-anchor"),
        pytest.param('<>; rel="b"', [Link("", ("b",), None)], id="rfc3986-4.4-same-document"),
        pytest.param("<a?b,c;d=e>; rel=f", [Link("a?b,c;d=e", ("f",), None)], id="rfc8288-3.1-comma-in-the-url"),
        pytest.param(
            "<a>; rel=b, <c>; rel=d", [Link("a", ("b",), None), Link("c", ("d",), None)], id="rfc8288-3.5-several"
        ),
        pytest.param(",, <a>; rel=b,,", [Link("a", ("b",), None)], id="rfc9110-5.6.1-empty-elements"),
        pytest.param('<a>; title=", <c>; rel=d"; rel=b', [Link("a", ("b",), None)], id="rfc8288-3.4.1-quoted-comma"),
        pytest.param('<a>; title="; rel=c"; rel=b', [Link("a", ("b",), None)], id="rfc8288-3.4.1-quoted-semicolon"),
        pytest.param(
            r'<a>; title="\", <c>; rel=d"; rel=b', [Link("a", ("b",), None)], id="rfc9110-5.6.4-escaped-quote"
        ),
        pytest.param(r'<a>; rel="\b"', [Link("a", ("b",), None)], id="rfc9110-5.6.4-escaped-letter"),
        pytest.param(
            '<a>; rel="b, <c>; rel=d', [Link("a", ("b,", "<c>;", "rel=d"), None)], id="rfc8288-B.4-open-quote"
        ),
        pytest.param("<a>;; ;rel=b;", [Link("a", ("b",), None)], id="empty-parameters"),
        pytest.param("junk, <a>; rel=b", [Link("a", ("b",), None)], id="rubbish-before"),
        pytest.param('"<c>, <d>" <e>, <a>; rel=b', [Link("a", ("b",), None)], id="rubbish-in-quotes"),
        pytest.param("<c <d, <a>; rel=b", [Link("a", ("b",), None)], id="rubbish-never-closed"),
        pytest.param('<a>; rel="b" c, <d>', [Link("a", ("b",), None), Link("d", (), None)], id="rubbish-behind"),
        pytest.param("http://a.example/; rel=b", [], id="no-brackets"),
        pytest.param("", [], id="empty"),
    ],
)
def test_links_in(value: str, links: list[Link]) -> None:
    assert list(links_in([value])) == links


def test_links_in_several_fields() -> None:
    fields = ['<a>; rel="open', "<b>; rel=x, <c>", "", "<d>"]
    assert [link.url for link in links_in(fields)] == ["a", "b", "c", "d"]


# Each would take minutes if a second look at what was read once were possible; the run's time limit would show it.
@pytest.mark.parametrize(
    "pieces", ["<", '"', '"\\', "\\", ",;", ";", "; ", ";a", ";a=", ',="', "<,", "< ", " ", ", ", "=", "a"]
)
@pytest.mark.parametrize("before", ["", "<a>", '<a>; rel="'])
def test_a_megabyte_of_rubbish_ends(before: str, pieces: str) -> None:
    field = before + pieces * (1_000_000 // len(pieces))
    assert [link.url for link in links_in([field])] == ["a"] * bool(before)


@given(st.lists(st.text() | st.text(alphabet='<>a/;,="\\ rel')))
def test_any_fields_give_links(values: list[str]) -> None:
    for link in links_in(values):
        assert all(rel == rel.lower() and rel.split() == [rel] for rel in link.rels)
        assert not {"<", ">"} & set(link.url)


TOKENS = st.from_regex(r"[a-z0-9.:/#-]+", fullmatch=True)
ADDRESSES = st.text(st.characters(exclude_characters="<>"))


@given(st.lists(st.builds(Link, ADDRESSES, st.lists(TOKENS).map(tuple), st.none() | st.text())))
def test_links_come_back_the_same(links: list[Link]) -> None:
    assert list(links_in([", ".join(written(link) for link in links)])) == links


def written(link: Link) -> str:
    anchor = "" if link.anchor is None else f"; anchor={quoted(link.anchor)}"
    return f"<{link.url}>{anchor}; rel={quoted(' '.join(link.rels))}"


def quoted(text: str) -> str:
    """RFC 9110 §5.6.4, the writer's side."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


DATE = "Fri, 02 Jan 2026 12:00:00 GMT"
HOUR_LATER = "Fri, 02 Jan 2026 13:00:00 GMT"


@pytest.mark.parametrize(
    ("cache_control", "expires", "date", "seconds"),
    [
        pytest.param([], None, DATE, None, id="says-nothing"),
        pytest.param(["public, max-age=600"], None, None, 600.0, id="rfc9111-5.2.2.1-max-age"),
        pytest.param(["Public", 'MAX-AGE="60"'], None, None, 60.0, id="several-lines-any-case-quoted"),
        pytest.param(["max-age=600, no-store"], None, None, 0.0, id="rfc9111-5.2.2.5-no-store"),
        pytest.param(["no-cache"], HOUR_LATER, DATE, 0.0, id="rfc9111-5.2.2.4-no-cache"),
        pytest.param(["max-age=0"], HOUR_LATER, DATE, 0.0, id="rfc9111-5.3-max-age-before-expires"),
        pytest.param([], HOUR_LATER, DATE, 3600.0, id="rfc9111-5.3-expires"),
        pytest.param([], DATE, HOUR_LATER, 0.0, id="expired-before-it-came"),
        pytest.param([], "0", DATE, 0.0, id="rfc9111-5.3-invalid-is-in-the-past"),
        pytest.param([], HOUR_LATER, None, 0.0, id="no-date"),
        pytest.param([], HOUR_LATER, "Fri, 02 Jan 2026 12:00:00 -0000", 0.0, id="one-without-a-zone"),
        pytest.param(["max-age=many"], None, None, None, id="max-age-is-no-number"),
    ],
)
def test_fresh_for(cache_control: list[str], expires: str | None, date: str | None, seconds: float | None) -> None:
    assert fresh_for(cache_control, expires=expires, date=date) == seconds


@given(lines=st.lists(st.text()), expires=st.none() | st.text(), date=st.none() | st.text())
def test_any_headers_are_fresh_for_some_time_or_none(lines: list[str], expires: str | None, date: str | None) -> None:
    seconds = fresh_for(lines, expires=expires, date=date)
    assert seconds is None or seconds >= 0


def test_more_links_than_are_read() -> None:
    assert len(list(links_in(["<a>," * 300, "<b>," * 300]))) == 250
