"""Who speaks on a page that links to us, and what it is to the target (microformats2 h-entry; rules of entries)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Verification
from pingback.page.about import read_mention

SOURCE = "https://other.example/notes/six"
TARGET = "https://my.example/2026/part-five"
OTHER = "https://elsewhere.example/"


def kind(page: str, url: str = SOURCE) -> str:
    verification = read_mention(
        page.encode(), source=SOURCE, target=TARGET, url=url, content_type="text/html; charset=utf-8"
    )
    assert verification.linked
    return verification.kind


def entry(content: str) -> str:
    return f'<body><div class="h-entry">{content}</div></body>'


CITED = f'<div class="{{}} h-cite"><a class="p-author h-card" href="{OTHER}">Ann</a>, <a href="{TARGET}">five</a></div>'

AUTHOR_CITED = CITED.format("u-like-of").replace(TARGET, "/x").replace(OTHER, TARGET)

OF_THE_ENTRY = [
    pytest.param(f'<a class="u-like-of" href="{TARGET}">five</a>', "like-of", id="like"),
    pytest.param(f'<a class="u-repost-of" href="{TARGET}">five</a>', "repost-of", id="repost"),
    pytest.param(f'<a class="u-bookmark-of" href="{TARGET}">five</a>', "bookmark-of", id="bookmark"),
    pytest.param(f'<a class="u-in-reply-to" href="{TARGET}">five</a>', "in-reply-to", id="reply"),
    pytest.param(f'<a href="{TARGET}">five</a>', "mention-of", id="no-property"),
    pytest.param(f'<a class="u-url" href="{TARGET}">five</a>', "mention-of", id="another-property"),
    pytest.param(f'<a class="x u-like-of p-name" href="{TARGET}">five</a>', "like-of", id="among-other-classes"),
    pytest.param(f'<link class="u-like-of" href="{TARGET}">', "like-of", id="link"),
    pytest.param(f'<p><b><a class="u-like-of" href="{TARGET}">five</a></b></p>', "like-of", id="deeper"),
    pytest.param(
        f'<div class="e-content">So <a class="u-in-reply-to" href="{TARGET}">five</a> it is.</div>',
        "in-reply-to",
        id="in-the-content",
    ),
    pytest.param(f'<a class="u-like-of" href="{TARGET}#part">five</a>', "like-of", id="fragment"),
    pytest.param(f'<a class="u-like-of" href="{TARGET.replace("https", "http")}">five</a>', "like-of", id="same-url"),
    pytest.param(
        f'<a class="u-like-of" href="{OTHER}">one</a> <a class="u-in-reply-to" href="{TARGET}">five</a>',
        "in-reply-to",
        id="the-one-of-the-target",
    ),
    pytest.param(
        f'<a class="u-like-of" href="{OTHER}">one</a> <a href="{TARGET}">x</a>', "mention-of", id="of-another"
    ),
    pytest.param(
        f'<a href="{TARGET}">x</a> <a class="u-like-of" href="{TARGET}">five</a>', "like-of", id="second-link-to-it"
    ),
    pytest.param(
        f'<a class="u-in-reply-to u-bookmark-of u-repost-of u-like-of" href="{TARGET}">x</a>',
        "like-of",
        id="like-first",
    ),
    pytest.param(
        f'<a class="u-in-reply-to u-bookmark-of u-repost-of" href="{TARGET}">x</a>', "repost-of", id="repost-second"
    ),
    pytest.param(f'<a class="u-in-reply-to u-bookmark-of" href="{TARGET}">x</a>', "bookmark-of", id="bookmark-third"),
    pytest.param(AUTHOR_CITED, "mention-of", id="cite-author-is-not-cited"),
    pytest.param(CITED.format("u-like-of"), "like-of", id="cite-first-link"),
    pytest.param(
        f'<div class="u-repost-of h-cite"><a href="{OTHER}">x</a> <a class="u-url" href="{TARGET}">five</a></div>',
        "repost-of",
        id="cite-url-before-first-link",
    ),
    pytest.param(
        f'<div class="u-repost-of h-cite"><a href="{TARGET}">x</a> <a class="u-url" href="{OTHER}">five</a></div>',
        "mention-of",
        id="cite-url-of-another",
    ),
    pytest.param(
        '<div class="u-repost-of h-cite"><div class="p-author h-card"><a class="u-url" href="/ann">Ann</a></div>'
        f'<a class="u-url" href="{TARGET}">five</a></div>',
        "repost-of",
        id="cite-url-is-not-its-author-s",
    ),
    pytest.param(f'<p class="u-in-reply-to"><a href="{TARGET}">five</a></p>', "in-reply-to", id="around-a-link"),
    pytest.param(f'<p class="u-in-reply-to"></p><a href="{TARGET}">five</a>', "mention-of", id="around-nothing"),
    pytest.param(f'<a class="u-like-of h-cite" href="{TARGET}">five</a>', "like-of", id="link-and-cite"),
    pytest.param(f'<a rel="x in-reply-to" href="{TARGET}">five</a>', "in-reply-to", id="classic-rel"),
    pytest.param(
        f'<div class="h-feed"><p><a class="u-like-of" href="{TARGET}">x</a></div>', "mention-of", id="of-a-feed-within"
    ),
    pytest.param(
        f'<div class="h-entry"></div><a class="u-like-of" href="{TARGET}">x</a>', "like-of", id="behind-an-entry-within"
    ),
    pytest.param(f'<div class="h-full"><a class="u-like-of" href="{TARGET}">x</a></div>', "like-of", id="no-item"),
    pytest.param(
        f'<template><a class="u-like-of" href="{TARGET}">x</a></template><a href="{TARGET}">x</a>',
        "mention-of",
        id="template",
    ),
    pytest.param(f'<img><br><a class="u-like-of" href="{TARGET}">x</a>', "like-of", id="void-elements"),
]


@pytest.mark.parametrize(("content", "expected"), OF_THE_ENTRY)
def test_kind(content: str, expected: str) -> None:
    assert kind(entry(content)) == expected


LIKED = f'<a class="u-like-of" href="{TARGET}">five</a>'


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(LIKED, "mention-of", id="no-entry"),
        pytest.param(entry("") + LIKED, "mention-of", id="behind-the-entry"),
        pytest.param(entry("") + entry(LIKED), "like-of", id="another-entry"),
        pytest.param(f'<div class="h-feed">{entry(LIKED)}</div>', "like-of", id="first-of-a-feed"),
        pytest.param(f'<html class="h-entry"><p>{LIKED}', "like-of", id="the-page-is-the-entry"),
        pytest.param(
            f'<p class="hentry"><a rel="in-reply-to" href="{TARGET}">x</a>', "in-reply-to", id="classic-entry"
        ),
        pytest.param(f'<a rel="in-reply-to" href="{TARGET}">x</a>', "mention-of", id="classic-rel-without-entry"),
        pytest.param(
            '<base href="https://my.example/2026/">' + entry('<a class="u-like-of" href="part-five">x</a>'),
            "like-of",
            id="base",
        ),
        pytest.param(
            f'<div class="h-entry"><div class="u-like-of h-cite"><a href="{TARGET}">x', "like-of", id="cut-off"
        ),
    ],
)
def test_kind_by_where_the_link_is(page: str, expected: str) -> None:
    assert kind(page) == expected


@given(
    st.lists(
        st.sampled_from(
            [
                '<div class="h-entry">',
                '<p class="u-like-of h-cite">',
                "</div>",
                "</p>",
                "</a>",
                LIKED,
                '<a class="u-url">',
            ]
        )
    )
)
def test_any_markup_gives_a_kind(parts: list[str]) -> None:
    assert kind("".join(parts) + LIKED) in ("like-of", "mention-of")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(entry(f'<a class="u-like-of" href="{OTHER}">x</a>' * 1000 + LIKED), id="too-many-links"),
        pytest.param(entry('<i class="u-like-of h-cite">' * 30_000 + f'<a href="{TARGET}">x</a>'), id="nested-cites"),
        pytest.param(
            entry("<b class='" + "u-url " * 150_000 + "'>" + f'<a href="{TARGET}">u-like-of</a>'), id="classes"
        ),
    ],
)
def test_hostile_pages_are_mentions(page: str) -> None:
    assert kind(page) == "mention-of"


def _row(number: int, link: str = "", *, tag: str) -> str:
    byline = (
        f'<p class="author vcard"><b class="fn">Author {number}</b></p><time datetime="2026-05-0{number}">May</time>'
    )
    title = f'<h2><a href="/notes/{number}">Note {number}</a></h2>'
    return f"<{tag}>{byline}{title}<p>Long after the rain had gone, the heron stood by the mill. {link}</p></{tag}>"


@pytest.mark.parametrize("tag", ["article", "li", "div"])
def test_a_row_of_a_list_speaks_for_itself(tag: str) -> None:
    rows = (_row(1, tag=tag), _row(2, f'<a href="{TARGET}">It</a> was so.', tag=tag), _row(3, tag=tag))
    said = read_mention(
        f"<main><h1>Notes</h1>{''.join(rows)}</main>".encode(),
        source="https://other.example/notes/",
        target=TARGET,
        url="https://other.example/notes/",
        content_type="text/html; charset=utf-8",
    )
    assert said.author is not None
    assert said.author.name == "Author 2"
    assert said.published == datetime(2026, 5, 2, tzinfo=UTC)
    assert said.permalink == "https://other.example/notes/2"


def test_a_list_without_rows_gives_no_date_of_another() -> None:
    rows = (f'<h2><a href="/notes/{n}">Note {n}</a></h2><time datetime="2026-05-0{n}">May</time><p>' for n in (1, 2))
    page = f'<main>{"Nothing of it. ".join(rows)}As <a href="{TARGET}">five</a> says.</main>'
    said = read_mention(
        page.encode(), source=SOURCE, target=TARGET, url=SOURCE, content_type="text/html; charset=utf-8"
    )
    assert (said.permalink, said.published) == ("https://other.example/notes/2", None)


ANN = f'<article class="h-entry"><b class="p-author">Ann</b> on <a href="{TARGET}">five</a></article>'
BOB = f'<article class="h-entry" id="bob"><b class="p-author">Bob</b> on <a href="{TARGET}">five</a></article>'


@pytest.mark.parametrize(
    ("page", "fragment", "author"),
    [
        pytest.param(ANN + BOB, "", "Ann", id="the-first"),
        pytest.param(ANN + BOB, "bob", "Bob", id="by-its-id"),
        pytest.param(ANN + BOB.replace("<b", "<a id=b></a><b"), "b", "Bob", id="by-an-id-in-it"),
        pytest.param(ANN + BOB.replace("<b", "<a name=b></a><b"), "b", "Bob", id="by-the-name-of-an-anchor-in-it"),
        pytest.param(ANN + BOB.replace("<b", "<i name=b></i><b"), "b", "Ann", id="only-anchors-are-named"),
        pytest.param(f"<aside>{ANN}</aside>{BOB}", "", "Bob", id="a-side-bar-comes-last"),
        pytest.param(f"<aside>{ANN}</aside>", "", "Ann", id="a-side-bar-alone"),
        pytest.param(
            f'<div id=comments><p class="comment"><b class="fn">Carl</b> <a href="{TARGET}">x</a></p></div>{BOB}',
            "",
            "Bob",
            id="comments-come-last",
        ),
        pytest.param(f"<nav><a href={TARGET}>x</a></nav>{BOB}", "", "Bob", id="a-menu-comes-last"),
        pytest.param(
            f'<aside>{ANN}</aside><ol class="comment-list"><li class="comment"><b class="fn">Carl</b>'
            f' <a href="{TARGET}">x</a></ol>',
            "",
            "Carl",
            id="comments-before-a-side-bar",
        ),
    ],
)
def test_of_several_entries_one_speaks(page: str, fragment: str, author: str) -> None:
    source = f"{SOURCE}#{fragment}"
    found = read_mention(page.encode(), source=source, target=TARGET, url=source, content_type="text/html")
    assert found.author is not None
    assert found.author.name == author


def mention(page: str, source: str = SOURCE, relays: tuple[str, ...] = ()) -> Verification:
    return read_mention(
        f"<title>T</title>{page}".encode(),
        source=source,
        target=TARGET,
        url=source,
        content_type="text/html; charset=utf-8",
        relays=relays,
    )


ANSWERED = f'<a class="u-in-reply-to" href="{TARGET}">five</a>'


@pytest.mark.parametrize(
    ("content", "kind", "rsvp"),
    [
        pytest.param(f'{ANSWERED}<data class="p-rsvp" value="yes">I come</data>', "rsvp", "yes", id="yes"),
        pytest.param(f'{ANSWERED}<b class="p-rsvp">Maybe</b>', "rsvp", "maybe", id="as-text-in-any-case"),
        pytest.param(f'{ANSWERED}<b class="p-rsvp">of course</b>', "in-reply-to", None, id="no-answer"),
        pytest.param(f'<a href="{TARGET}">x</a><b class="p-rsvp">yes</b>', "rsvp", "yes", id="to-whom-it-links"),
        pytest.param(
            f'<a class="u-in-reply-to" href="{OTHER}">x</a><a href="{TARGET}">x</a><b class="p-rsvp">no</b>',
            "mention-of",
            None,
            id="to-another",
        ),
        pytest.param(
            f'<div class="p-in-reply-to h-cite"><a class="u-uid" href="{TARGET}">x</a></div>',
            "in-reply-to",
            None,
            id="by-the-uid-of-a-box",
        ),
    ],
)
def test_answers_to_an_invitation(content: str, kind: str, rsvp: str | None) -> None:
    found = mention(entry(content))
    assert (found.kind, found.rsvp) == (kind, rsvp)


CITE = '<div class="h-cite u-in-reply-to"><time class="dt-published" datetime="2001-01-01"></time></div>'


@pytest.mark.parametrize(
    ("page", "published"),
    [
        pytest.param(f'<i class="dt-published">2024-05-05</i>{LIKED}', "2024-05-05", id="its-own"),
        pytest.param(
            f'{CITE}<time datetime="2024-05-05T23:30-05:00"></time>{LIKED}', "2024-05-05T23:30-05:00", id="time"
        ),
        pytest.param(f"{CITE}{LIKED}", None, id="never-what-it-answers"),
        pytest.param(f'<meta name="date" content="2024-05-05">{LIKED}', "2024-05-05", id="meta-at-the-top"),
        pytest.param(
            f'<meta name="date" content="2024-05-05"><div class="h-cite u-comment">{LIKED}</div>', None, id="not-nested"
        ),
    ],
)
def test_date(page: str, published: str | None) -> None:
    assert mention(entry(page)).published_as == published


@pytest.mark.parametrize(
    ("page", "permalink", "original"),
    [
        pytest.param(f'<a class="u-url" href="/7">x</a>{LIKED}', "https://other.example/7", None, id="u-url"),
        pytest.param(f'<a class="u-url" href="{OTHER}">x</a>{LIKED}', None, OTHER, id="of-another-host"),
        pytest.param(
            f'<a class="u-url" href="{OTHER}"></a><a class="u-url" href="/7"></a>{LIKED}',
            "https://other.example/7",
            None,
            id="of-several-that-of-its-host",
        ),
        pytest.param(f'<p class="u-uid">/7</p>{LIKED}', "https://other.example/7", None, id="u-uid-of-a-jekyll-theme"),
        pytest.param(
            f'<p class="u-uid">/?p=7</p><a class="u-url" href="/7">x</a>{LIKED}',
            "https://other.example/7",
            None,
            id="u-url-before-u-uid",
        ),
        pytest.param(
            f'<data class="u-uid" value="https://places.example/7"></data>{LIKED}', None, None, id="u-uid-of-a-place"
        ),
        pytest.param(f'<p class="u-uid">tag:other.example,2026:7</p>{LIKED}', None, None, id="u-uid-that-is-no-page"),
        pytest.param(f'<a rel="bookmark" href="/7">x</a>{LIKED}', "https://other.example/7", None, id="bookmark"),
        pytest.param(f'<h2><a href="/7">Seven</a></h2>{LIKED}', "https://other.example/7", None, id="heading"),
        pytest.param(f'<h2><a href="{OTHER}">Seven</a></h2>{LIKED}', None, None, id="a-heading-that-leads-away"),
        pytest.param(LIKED, None, None, id="none"),
    ],
)
def test_permalink(page: str, permalink: str | None, original: str | None) -> None:
    found = mention(entry(page))
    assert (found.permalink, found.original) == (permalink, original)


def test_an_entry_on_a_relay_is_at_home_elsewhere() -> None:
    found = mention(entry(f'<a class="u-url" href="{OTHER}">x</a>{LIKED}'), relays=("other.example",))
    assert (found.permalink, found.original) == (OTHER, None)
