"""`pingback.page.extent`: what is left out of a page, and where its reading ends, changes nothing that it says."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pingback.model import RELAYS, Author, Content, Verification
from pingback.page.about import _in_html, read_mention
from pingback.page.extent import Extent
from pingback.page.links import Wanted
from pingback.page.tree import PIECE, Page

TARGET = "https://my.example/five"
SOURCE = "https://other.example/notes/six"
LINK = f'<a href="{TARGET}">five</a>'
BOB = '<a class="h-card" href="https://bob.example/">Bob</a>'

HAL = '<p class="wp-block-post-author__name">Hal</p>'

PIECES = [
    LINK,
    f'<a href="{TARGET}"></a>',
    f'<img src="{TARGET}">',
    f'<a class="u-in-reply-to" href="{TARGET}">five</a>',
    f'<a class="u-like-of" href="{TARGET}">five</a>',
    BOB,
    "words here ",
    *"<p> </p> <div> </div> <b> </b> <i> </i> <span> <br> <ul><li> </ul> <main> <article> </article> <aside>".split(),
    *"<blockquote> </blockquote> <nav> </nav> <header> </header> <footer> </footer> <h1>Six</h1> <td>".split(),
    "<title>Six</title>",
    '<meta name="author" content="Ann">',
    '<meta itemprop="datePublished" content="2026-01-01">',
    '<meta property="article:published_time" content="2026-01-02">',
    '<link rel="canonical" href="/notes/six">',
    '<div class="h-entry">',
    '<article class="hentry">',
    '<div class="h-feed">',
    '<div class="h-cite u-comment">',
    '<div class="e-content">',
    '<p class="p-summary">In short.</p>',
    '<div class="p-author h-card"><img alt="Flo" src="/flo.png"></div>',
    '<div class="h-cite u-in-reply-to"><a class="p-name u-url" href="https://my.example/five">five</a></div>',
    '<div class="entry-content">',
    '<ol class="comment-list"><li class="comment" id="comment-1">',
    '<div id="comments">',
    '<div itemprop="comment"><meta itemprop="author" content="Cem">',
    '<cite class="comment-author">Cem</cite>',
    '<span class="author">Dee</span>',
    '<span itemprop="author">Eve</span>',
    '<div itemscope itemtype="https://schema.org/Article">',
    '<section itemscope itemtype="https://schema.org/Comment">',
    '<section itemtype="https://schema.org/Comment">',
    '<b itemprop="author" itemscope><i itemprop="name">Fay</i></b>',
    '<div typeof="schema:Article"><b property="schema:author">Gil</b>',
    '<div class="byline">',
    HAL,
    '<li class="wp-block-post">',
    '<div id="here">',
    "<div hidden>",
    '<div role="complementary">',
    '<a class="u-url" href="/notes/six"></a>',
    '<a rel="author" href="/ann">Ann</a>',
    '<a rel="bookmark" href="/notes/7">7</a>',
    '<a rel="me" href="https://bob.example/">me</a>',
    '<time datetime="2026-01-03">x</time>',
    '<abbr class="published" title="2026-01-04">x</abbr>',
    '<script type="application/ld+json">{"@type": "Article", "author": "Jay", "datePublished": "2026-01-05"}</script>',
]

WORDS = f"<p>As said in {LINK}, it is so.</p>"
REST = "<p>" + "So it goes on. " * 2000 + "</p>"


def read(page: str, fragment: str = "") -> Verification:
    return read_mention(
        page.encode(), source=SOURCE + fragment, target=TARGET, url=SOURCE, content_type="text/html; charset=utf-8"
    )


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(f"<p>I met {BOB} and read {LINK}.</p>", id="in-the-prose"),
        pytest.param(f'<div class="entry-content"><div>{BOB}</div><p>{LINK}</p></div>', id="in-the-content"),
        pytest.param(f"<ul><li>{BOB}</ul><p>{LINK}</p>", id="in-a-list"),
        pytest.param(f'<div class="sidebar"><div>{BOB}</div></div><p>{LINK}</p>', id="in-a-side-bar"),
        pytest.param(f'<div id="blogroll"><div>{BOB}</div></div><p>{LINK}</p>', id="in-a-blogroll"),
        pytest.param(f'<div role="complementary"><div>{BOB}</div></div><p>{LINK}</p>', id="beside-the-page"),
    ],
)
def test_another_s_card_is_seen_for_what_it_is(page: str) -> None:
    assert read(f"<title>Six</title>{page}").author is None


def test_a_comment_that_a_fragment_names_is_seen() -> None:
    comment = f'<div class="comment" id="c"><cite class="comment-author">Cem</cite><p>Of that {LINK}.</p></div>'
    page = f"<title>Six</title><p>Of this {LINK}.</p>{comment}"
    assert (read(page).author, read(page, "#c").author) == (None, Author(name="Cem"))


@pytest.mark.parametrize("cut", range(1, 30, 4))
def test_a_card_is_seen_that_two_pieces_of_the_page_share(cut: int) -> None:
    before = f"<title>Six</title><p>Read {LINK} now.</p><p>"
    page = before + "x" * (PIECE - cut - len(before)) + '<i class="h-card"><a rel=me href=/>Ann</a></i>' + REST
    assert read(page).author == Author(name="Ann", url="https://other.example/")


# What an entry says at length; whatever follows stands in it.
AT_LENGTH = '<div class="h-entry"><div class="e-content"><p>' + "So it <b>goes</b> on. " * 1500 + "</p>"


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(f'<blockquote class="h-cite u-in-reply-to"><a class=u-url href="{TARGET}"></a>', id="answered"),
        pytest.param("<div hidden>", id="hidden"),
        pytest.param("<div style='display: none'>", id="hidden-by-style"),
        pytest.param("<p class=sr-only>", id="for-screen-readers"),
        pytest.param("<nav>", id="a-menu"),
        pytest.param("<svg>", id="a-drawing"),
        pytest.param("<ul class=comments>", id="comments"),
    ],
)
def test_of_what_is_not_said_nothing_counts(box: str) -> None:
    end = f"</{box[1:].split()[0].strip('>')}>"
    before = f'<div class="h-entry"><a class="u-in-reply-to" href="{TARGET}">x</a><div class="e-content">'
    found = read(f"{before}{box}{'So it <b>went</b> on. ' * 1500}{end}<p>One <b>word</b>.</p><p>Two.</p></div></div>")
    assert found.content == Content(text="One word.\n\nTwo.", html="<p>One <b>word</b>.</p><p>Two.</p>")


@given(
    st.sampled_from(["", AT_LENGTH, AT_LENGTH.replace("h-entry", "hentry").replace("e-content", "entry-content")]),
    st.lists(st.sampled_from(PIECES), max_size=30),
    st.sampled_from(["", "#here"]),
)
@example(
    AT_LENGTH,
    ['<li class="wp-block-post">', f'<a class="u-in-reply-to" href="{TARGET}">five</a>', "<select></select>", HAL],
    "",
)
@example("", ["<div hidden>", LINK, '<div id="comments">', LINK], "")
def test_a_page_says_what_all_of_it_says(before: str, pieces: list[str], fragment: str) -> None:
    page = "".join((before, *pieces, LINK))
    whole = Page([page.encode()], url=SOURCE, charset="utf-8")
    whole.wanted = Wanted(TARGET).links_in(whole.nodes, whole.base)
    said = _in_html(whole, SOURCE + fragment, TARGET, RELAYS)
    found = read(page, fragment)
    assert found.sighting is not None
    assert said == (replace(found, sighting=None, read_by=0), found.sighting.by_guest)


@pytest.mark.parametrize(
    ("page", "is_all"),
    [
        pytest.param(WORDS + REST, False, id="nothing-follows"),
        pytest.param(f"<main><article><h1>T</h1>{WORDS}{REST}</article></main>", False, id="one-article"),
        pytest.param(f"{WORDS}{REST}<aside class=h-card>", True, id="a-card-follows"),
        pytest.param(f"{WORDS}{REST}<time>", True, id="a-time-follows"),
        pytest.param(f"{WORDS}{REST}<a rel='me author'>", True, id="an-author-follows"),
        pytest.param(f"{WORDS}{REST}<i itemprop=author>", True, id="an-author-by-microdata-follows"),
        pytest.param(f"{WORDS}{REST}<i class=wp-block-post-author__name>", True, id="an-author-by-a-block-follows"),
        pytest.param(f'{WORDS}{REST}<script type="application/ld+json">{{}}</script>', True, id="json-ld-follows"),
        pytest.param(f"<div class=h-entry>{WORDS}{REST}", True, id="in-an-entry"),
        pytest.param(f"<div id=comments>{WORDS}</div>{REST}", True, id="in-comments"),
        pytest.param(f"<aside>{WORDS}</aside>{REST}", True, id="in-a-side-bar"),
        pytest.param(f"<h2><a href=/x>x</a></h2>{WORDS}{REST}", True, id="below-a-linked-title"),
        pytest.param(f"<h2>{LINK}</h2>{WORDS}{REST}", True, id="in-a-title"),
        pytest.param(f'<a href="{TARGET}"><h2>x</h2></a>{WORDS}{REST}', True, id="around-a-title"),
        pytest.param(f'<a href="{TARGET}">x</a><p>{REST}', True, id="a-link-without-words"),
    ],
)
def test_a_page_is_read_as_far_as_it_may_say_more(page: str, is_all: bool) -> None:
    utf8 = f"<html><head><title>T</title></head><body>{page}<p>The end.</p>".encode()
    found = Page([utf8], url=SOURCE, charset="utf-8", extent=Extent(utf8, TARGET))
    assert ("The end." in found.texts) is is_all
