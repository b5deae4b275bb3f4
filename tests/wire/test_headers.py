"""`Content-Type` as RFC 9110 §8.3 has it, and as servers write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.wire.headers import ContentType, content_type, fresh_for


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


@given(st.text() | st.text(alphabet='a/;,="\\ '))
def test_any_text_gives_a_value(value: str) -> None:
    media_type, charset = content_type(value)
    assert media_type == media_type.lower()
    assert charset != ""


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
