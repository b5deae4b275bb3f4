"""`pingback.sanitized`: whatever a mention holds, its texts are plain and its addresses are HTTP URLs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pingback.model import Author, Content
from pingback.sanitized import sanitized, timestamp
from tests.server.strangers import HOSTILE, HOSTILE_REPLY, PLAIN, REPLY, RSVP


def test_a_plain_one_stays_as_it_is() -> None:
    assert sanitized(PLAIN) == PLAIN
    assert sanitized(RSVP) == RSVP


def test_a_reply_says_of_its_links_who_wrote_them() -> None:
    assert sanitized(replace(REPLY, content=None)) == replace(REPLY, content=None)
    assert sanitized(REPLY).content == Content(
        text="I do not think so.\n\nSee my post.",
        html="<p>I do <em>not</em> think so.</p><p>See "
        '<a href="https://d.example/q" rel="nofollow ugc noopener">my post</a>.</p>',
    )
    assert sanitized(sanitized(REPLY)) == sanitized(REPLY)


@pytest.mark.parametrize(
    ("text", "html", "expected"),
    [
        pytest.param("a\0\u202e\r\n\n\n\n b  c ", "<p>x</p>", ("a\n\n b  c", "<p>x</p>"), id="lines"),
        pytest.param("a <b>\nc", "", ("a <b>\nc", "a &lt;b&gt;<br>c"), id="no-markup"),
        pytest.param("a", "<script>1</script>", ("a", "a"), id="nothing-left-of-the-markup"),
        pytest.param("a", "<i>" * 3_500_000, ("a", "a"), id="ten-megabytes-of-markup"),
        pytest.param("", "<p>1 &lt; 2</p><p>b</p>", ("1 < 2 b", "<p>1 &lt; 2</p><p>b</p>"), id="no-text"),
        pytest.param("", "<img src=x>", None, id="nothing"),
    ],
)
def test_content(text: str, html: str, expected: tuple[str, str] | None) -> None:
    content = sanitized(replace(REPLY, content=Content(text=text, html=html))).content
    assert (content and (content.text, content.html)) == expected


def test_content_has_its_bound() -> None:
    content = sanitized(replace(REPLY, content=Content(text="word " * 2_000_000, html=""))).content
    assert content is not None
    assert len(content.text) <= 10_000
    assert content.html == content.text
    assert content.text.endswith("word…")


def test_a_reply_of_somebody_with_nothing_good_in_mind() -> None:
    content = sanitized(HOSTILE_REPLY).content
    assert content is not None
    for word in ("<img", "<script", "<svg", "<iframe", "<form", "onclick", "onmouseover", "style=", "class=", "id="):
        assert word not in content.html
    assert 'href="javascript' not in content.html


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-05-05", "2024-05-05"),
        ("2024-05-05T23:30", "2024-05-05T23:30"),
        ("2024-05-05T23:30:01.25-0500", "2024-05-05T23:30:01.25-0500"),
        ("2024-05-05T23:30Z", "2024-05-05T23:30Z"),
        ("2024-02-30", None),
        ("20240505", None),
        ("2024-W18-7", None),
        ("2024-05-05T23:30+99:00", None),
        ("2024-05-05\n", None),
        ("٢٠٢٤-05-05", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_as_they_were_written(written: str, expected: str | None) -> None:
    assert sanitized(replace(REPLY, published_as=written)).published_as == expected


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


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://a.example/1#c", "https://a.example/1#c"),
        ("https://u:p@a.example/\u202e", "https://a.example/%E2%80%AE"),
        ("javascript:alert(1)", None),
        ("/1", None),
        ("", None),
    ],
)
def test_addresses_of_the_entry(given: str, expected: str | None) -> None:
    shown = sanitized(replace(PLAIN, permalink=given, original=given))
    assert (shown.permalink, shown.original) == (expected, expected)
    assert shown.url == expected or shown.url == PLAIN.source


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
