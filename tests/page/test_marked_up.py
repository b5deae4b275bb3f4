"""Microformat classes wherever a page has them: on one element together, on its root, without one another."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.errors import PingbackError
from pingback.model import Author, Verification
from pingback.page.about import read_mention
from pingback.page.entry import published_of, read_post

SOURCE = "https://other.example/notes/six"
TARGET = "https://my.example/2026/part-five"
WORDS = f'<p>I read <a href="{TARGET}">this</a> with joy.</p>'
ABOUT = '<a class="p-author h-card" href="/ann">Ann</a> <time class="dt-published" datetime="2026-03-01">1 March</time>'
CLASSIC = '<a class="author vcard fn url" href="/ann">Ann</a> <abbr class="published" title="2026-03-01">1 March</abbr>'

CLASSES = (
    *("h-entry", "hentry", "h-card", "vcard", "h-cite", "h-feed", "h-", "entry-"),
    *("e-content", "entry-content", "p-name", "entry-title", "fn", "p-summary", "p-author", "author", "u-author"),
    *("u-url", "url", "u-photo", "photo", "dt-published", "published", "value", "value-title"),
    *("u-like-of", "u-repost-of", "u-bookmark-of", "u-in-reply-to", "p-rsvp"),
)
TAGS = "html body div p a img base time abbr data input object area article blockquote ol li br template".split()
VALUES = ("", "/x", TARGET, "http://[", "2026-03-01", "2026-13-99T99:99", "T10", "-", "\0", "%", "//")
elements = st.recursive(
    st.just(WORDS) | st.text("ab<&\0", max_size=5),
    lambda inside: st.builds(
        lambda tag, classes, attributes, children: (
            f'<{tag} class="{" ".join(classes)}"'
            + "".join(f' {name}="{value}"' for name, value in attributes.items())
            + f">{''.join(children)}</{tag}>"
        ),
        st.sampled_from(TAGS),
        st.lists(st.sampled_from(CLASSES), max_size=4),
        st.dictionaries(
            st.sampled_from("href src alt title datetime value".split()), st.sampled_from(VALUES), max_size=2
        ),
        st.lists(inside, max_size=3),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(f'<article class="hentry entry-content">{WORDS}</article>', id="classic-on-one-element"),
        pytest.param(f'<article class="h-entry e-content">{WORDS}</article>', id="on-one-element"),
        pytest.param(f'<article class="h-entry entry-content">{WORDS}</article>', id="of-both-kinds"),
        pytest.param(f'<article class="h-entry e-content p-name">{WORDS}</article>', id="with-the-name-on-it"),
        pytest.param(f'<div class="h-entry p-name">{WORDS}</div>', id="the-name-is-all-of-the-entry"),
        pytest.param(f'<article class="h-entry h-card e-content">{WORDS}</article>', id="an-entry-that-is-a-card"),
        pytest.param(f'<body class="h-entry e-content">{WORDS}', id="on-the-body"),
        pytest.param(f'<html class="h-entry e-content"><title>My post</title>{WORDS}', id="on-the-root"),
        pytest.param(f'<div class="h-entry e-content"><div class="h-entry e-content">{WORDS}</div></div>', id="nested"),
        pytest.param(
            f'<div class="h-entry"><div class="h-entry e-content">{WORDS}</div></div>', id="nested-in-an-entry"
        ),
        pytest.param(f'<div class="e-content">{WORDS}</div>', id="content-without-an-entry"),
        pytest.param(f'<div class="entry-content h-card">{WORDS}</div>', id="content-that-is-a-card"),
        pytest.param(f'<div class="e-content"><div class="h-entry">{WORDS}</div></div>', id="an-entry-in-content"),
        pytest.param(f'<base class="h-entry" href="{SOURCE}">{WORDS}', id="a-base-that-is-an-entry"),
        pytest.param(f'<base class="h-card" href="{SOURCE}">{WORDS}', id="a-base-that-is-a-card"),
    ],
)
def test_title_and_words_wherever_the_classes_are(page: str) -> None:
    found = read(f"<!doctype html><title>My post</title>{page}")
    assert (found.linked, found.title, found.excerpt) == (True, "My post", "I read this with joy.")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(f'<article class="h-entry e-content">{ABOUT}{WORDS}</article>', id="in-the-content"),
        pytest.param(f'<article class="hentry entry-content">{CLASSIC}{WORDS}</article>', id="in-classic-content"),
        pytest.param(f'<body class="h-entry e-content">{WORDS}{ABOUT}', id="in-the-body"),
        pytest.param(
            f'<article class="h-entry e-content">{ABOUT}<div class="e-content">{WORDS}</div></article>',
            id="and-content-within",
        ),
        pytest.param(f'<html></html><html><article class="h-entry">{ABOUT}{WORDS}</article>', id="behind-the-document"),
        pytest.param(f'a\0b<article class="h-entry">{ABOUT}{WORDS}</article>', id="behind-a-NUL"),
    ],
)
def test_who_and_when_wherever_the_entry_is(page: str) -> None:
    found = read(page)
    assert found.author == Author(name="Ann", url="https://other.example/ann")
    assert found.published == datetime(2026, 3, 1, tzinfo=UTC)


def test_the_first_day_of_all_is_no_date() -> None:
    page = '<article><h1>About</h1><time datetime="0001-01-01T00:00:00Z">January 1, 0001</time></article>'
    assert published_of(page.encode(), url=SOURCE, content_type="text/html") is None


@given(st.lists(elements, max_size=3))
def test_any_classes_on_any_elements_give_a_value_or_an_error_of_ours(tree: list[str]) -> None:
    page = f"{''.join(tree)}{WORDS}"
    try:
        read(page)
        published_of(page.encode(), url=SOURCE, content_type="text/html")
        read_post(page.encode(), url=SOURCE, content_type="text/html")
    except PingbackError:
        pass


def read(page: str) -> Verification:
    return read_mention(
        page.encode(), source=SOURCE, target=TARGET, url=SOURCE, content_type="text/html; charset=utf-8"
    )
