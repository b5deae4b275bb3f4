"""Words for display: plain, whole, 200 characters at most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.text import EXCERPT_LENGTH, clean, excerpt_around, lines_of, plain, shorten

WORDS = "lorem ipsum dolor sit amet " * 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" a\n\t b \r\n c ", "a b c"),
        ("a\u00a0b", "a b"),
        ("a\0b\x07c\x9b", "abc"),
        ("“naïve” — 日本語", "“naïve” — 日本語"),
        ("\ud800x", "x"),
        pytest.param("a\u202egpj.exe\u202c\u2066b\u2069", "agpj.exeb", id="uax9-2-embeddings-overrides-isolates"),
        pytest.param("\u200fשלום\u200e!\u061c", "\u200fשלום\u200e!\u061c", id="uax9-2.6-marks-stay"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="joiners-are-letters"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("short", 5, "short"),
        ("one two three", 9, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two three", 7, "one…"),
        ("日本語日本語", 4, "日本語…"),
    ],
)
def test_shorten_at_whole_words(text: str, length: int, expected: str) -> None:
    assert shorten(text, length) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("", None), (" \n\0", None), (" a\nb ", "a b"), ("one two three", "one two…")],
)
def test_clean(text: str | None, expected: str | None) -> None:
    assert clean(text, 9) == expected


def test_all_words_where_they_fit() -> None:
    assert excerpt_around("As said in ", "part  five", ",\nit is so.") == "As said in part five, it is so."


def test_the_link_stands_in_the_middle_between_whole_words() -> None:
    excerpt = excerpt_around(WORDS, "the link", " " + WORDS)
    assert excerpt.startswith("… ")
    assert excerpt.endswith(" …")
    assert abs(excerpt.index("the link") + 4 - EXCERPT_LENGTH / 2) < 20
    assert set(excerpt.strip("… ").split()) <= {*WORDS.split(), "the", "link"}


def test_cut_on_one_side_only() -> None:
    assert excerpt_around("Start: ", "link", " " + WORDS).startswith("Start: link lorem")
    assert excerpt_around(WORDS, "link", ". End").endswith("link. End")


def test_a_link_longer_than_the_excerpt_is_cut_behind() -> None:
    excerpt = excerpt_around("Before ", WORDS, "after")
    assert "lorem ipsum" in excerpt
    assert len(excerpt) <= EXCERPT_LENGTH


@given(before=st.text(max_size=300), link=st.text(max_size=300), after=st.text(max_size=300))
def test_never_longer_and_never_on_two_lines(before: str, link: str, after: str) -> None:
    excerpt = excerpt_around(before, link, after)
    assert len(excerpt) <= EXCERPT_LENGTH
    assert excerpt == plain(excerpt)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", "a\nb"),
        (" \n a \r\n\n \n\n  b c\x85d \u2028\n", "a\n\n  b c\nd"),
        ("a\0\u202e\n\tb\ud800", "a\n\tb"),
        ("a\x1fb\x0bc", "a b\nc"),
        ("", ""),
    ],
)
def test_lines(text: str, expected: str) -> None:
    assert lines_of(text) == expected
    assert lines_of(expected) == expected
