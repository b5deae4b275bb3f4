"""`pingback.sanitized`: whatever a mention holds, its texts are plain and its addresses are HTTP URLs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pingback.model import Author
from pingback.sanitized import sanitized, timestamp
from tests.server.strangers import HOSTILE, PLAIN


def test_a_plain_one_stays_as_it_is() -> None:
    assert sanitized(PLAIN) == PLAIN


def test_texts_are_lines_of_bounded_length() -> None:
    shown = sanitized(replace(PLAIN, title=" a\0\n\u202eb ", excerpt="word " * 300_000, site_name=" \x07 "))
    assert shown.title == "a b"
    assert shown.excerpt is not None
    assert len(shown.excerpt) <= 500
    assert shown.excerpt.endswith("word…")
    assert shown.site_name is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("https://a.example/?a=1&b='x'", "https://a.example/?a=1&b='x'", id="as-written"),
        pytest.param('https://a.example/"><script>', "https://a.example/%22%3E%3Cscript%3E", id="escaped"),
        pytest.param("https://a.example/\u202e", "https://a.example/%E2%80%AE", id="ascii"),
        pytest.param("https://pa\u017f\u017fwords.example/", "https://passwords.example/", id="homograph"),
        pytest.param("https://known.example@a.example/", "https://a.example/", id="user"),
        pytest.param("javascript:alert(1)", None, id="javascript"),
        pytest.param("data:text/html,x", None, id="data"),
        pytest.param("//a.example/", None, id="relative"),
        pytest.param(f"https://a.example/{'x' * 9000}", None, id="too-long"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="none"),
    ],
)
def test_addresses_of_the_author(given: str | None, expected: str | None) -> None:
    author = sanitized(replace(PLAIN, author=Author(name="Ann", url=given, photo=given))).author
    assert author == Author(name="Ann", url=expected, photo=expected)


def test_an_author_of_whom_nothing_is_left() -> None:
    assert sanitized(replace(PLAIN, author=Author(name="\0", url="javascript:1"))).author is None


def test_source_and_target_are_of_letters_that_need_no_escape() -> None:
    shown = sanitized(HOSTILE)
    for url in (shown.source, shown.target):
        assert url.isascii()
        assert set(url).isdisjoint('"<> `\\{}|^\0\n')


def test_source_and_target_name_the_host_that_is_asked() -> None:
    shown = sanitized(
        replace(PLAIN, source="https://\u212aernel.example@g\u0131t.example/", target="http://%61.example/")
    )
    assert (shown.source, shown.target) == ("https://xn--gt-hpa.example/", "http://a.example/")


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2026, 1, 2, 12, 0, 0, 999_999, tzinfo=UTC), "2026-01-02T12:00:00Z"),
        (datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T23:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_rfc3339_timestamps(instant: datetime, expected: str) -> None:
    assert timestamp(instant) == expected
