"""Which part of a page is the post, and when it was published, as the page says.

Each page has one far address for what is the post, `/p`, and others for what is not.
"""

from datetime import UTC, datetime

import pytest

from pingback.page.entry import outbound_links, published_of

URL = "https://my.example/2026/six"
FAR = "https://far.example"


def a(path: str, words: str = "there") -> str:
    return f'<a href="{FAR}/{path}">{words}</a>'


def p(path: str, words: int = 5) -> str:
    return f"<p>{'word ' * words}{a(path)}</p>"


def note(path: str, more: str = "", words: int = 5) -> str:
    return f'<div class="h-entry">{more}<div class="e-content">{p(path, words)}</div></div>'


def named(url: str) -> str:
    return f'<a class="u-url" href="{url}">#</a>'


MORE = '<li class=hentry><h3><a href="/2026/{}">A title</a></h3><p>Read <a href="https://far.example/x">on</a></p></li>'

CANDIDATES = [
    pytest.param(f"<aside>{note('x')}</aside>{note('p')}", id="not-in-an-aside"),
    pytest.param(f"<nav><article>{p('x')}</article></nav><article>{p('p')}</article>", id="not-in-a-nav"),
    pytest.param(f"<header><article>{p('x')}</article></header><article>{p('p')}</article>", id="not-in-a-header"),
    pytest.param(f"<div role=complementary>{note('x')}</div><p>{a('p')}</p>", id="not-in-a-complementary-role"),
    pytest.param(f"<div hidden>{note('x')}</div>{p('p')}", id="not-hidden"),
    pytest.param(f"<div style='display: none'>{note('x')}</div>{p('p')}", id="not-hidden-by-style"),
    pytest.param(f"<div class=comment-list>{note('x', words=90)}</div>{note('p')}", id="not-a-comment"),
    pytest.param(
        f"<div class=h-cite><article>{p('x', 9)}</article></div><article>{p('p', 8)}</article>",
        id="not-within-an-h-cite",
    ),
    pytest.param(
        f"<article><h1>Six</h1>{p('p')}<div class=u-comment>{note('x', words=50)}</div></article>",
        id="not-within-another",
    ),
    pytest.param(f"<article><div class=h-entry>{p('p')}</div>{a('x')}</article>", id="an-entry-in-the-frame-of-one"),
    pytest.param(f"<form><main>{p('p')}</main></form>{note('x')}", id="in-a-form-around-the-page"),
]
OWN = [
    pytest.param(f"{note('x', words=50)}{note('p', named('/2026/six'))}", id="u-url"),
    pytest.param(f"{note('x', words=50)}{note('p', named('six/'))}", id="u-url-with-a-slash"),
    pytest.param(f"{note('x', words=50)}{note('p', named('/2026/six/index.html'))}", id="u-url-of-a-file"),
    pytest.param(f"{note('x', words=50)}{note('p', named('/2026/six.html'))}", id="u-url-with-html"),
    pytest.param(f"{note('p', words=50)}{note('x', named('/2026/six?page=2'))}", id="another-query"),
    pytest.param(f"{note('p', words=50)}{note('x', named('https://far.example/2026/six'))}", id="another-host"),
    pytest.param(
        f"<link rel=canonical href='https://www.my.example/2026/six/'>{note('x', words=50)}"
        f"{note('p', named('https://www.my.example/2026/six/'))}",
        id="the-canonical-host",
    ),
    pytest.param(
        f"<meta property=og:url content='https://www.my.example/2026/six'>{note('x', words=50)}"
        f"{note('p', named('https://www.my.example/2026/six/'))}",
        id="the-host-of-og-url",
    ),
    pytest.param(
        f"{note('p', words=50)}{note('x', '<i class=h-card>' + named('/2026/six') + '</i>')}", id="not-of-a-nested-item"
    ),
    pytest.param(f"<main>{note('x', words=50)}</main>{note('p', named('/2026/six'))}", id="outside-the-region"),
]
REGIONS = [
    pytest.param(f"<article>{p('x', 9)}</article><main>{p('p')}</main>", id="main"),
    pytest.param(f"<main>{p('x')}</main><main>{p('p', 50)}</main>", id="the-main-with-most-prose"),
    pytest.param(f"<div>{p('x')}</div><div id=content>{p('p')}</div>", id="content"),
    pytest.param(f"<div>{p('x')}</div><div id=primary>{p('p')}</div>", id="primary"),
    pytest.param(f"<div>{p('x')}</div><div id=main-content>{p('p')}</div>", id="main-content"),
    pytest.param(f"<div>{p('x')}</div><div role=main>{p('p')}</div>", id="the-role-of-main"),
    pytest.param(f"<div id=content>{p('x')}</div><main>{p('p')}</main>", id="main-before-ids"),
    pytest.param(f"<main>{p('x')}</main><article>{p('p', 50)}</article>", id="the-body-where-four-times-is-outside"),
    pytest.param(f"<div id=main>{p('x')}</div>{note('p', words=50)}", id="four-times-outside-an-id"),
    pytest.param(f"<div>{p('p')}</div>", id="the-body"),
]
POSTS = [
    pytest.param(f"<article>{p('x')}</article><article>{p('p', 20)}</article>", id="the-one-with-most-prose"),
    pytest.param(
        f"<article>{p('x', 50)}</article><article><h1>Six</h1>{p('p')}</article>", id="an-h1-counts-as-400-characters"
    ),
    pytest.param(
        f"<article>{p('p', 90)}</article><article><h1>Six</h1>{p('x')}</article>", id="more-than-an-h1-counts"
    ),
    pytest.param(f"<main>{'word ' * 90}{note('p')}</main>", id="an-h-entry-however-short"),
    pytest.param(f"<main>{'word ' * 90}<article><h1>Six</h1>{p('p')}</article></main>", id="the-one-with-the-h1"),
    pytest.param(f"<main>{a('x')}{'word ' * 14}<article>{p('p', 10)}</article></main>", id="40-per-cent"),
    pytest.param(f"<main>{a('p')}{'word ' * 16}<article>{p('x', 10)}</article></main>", id="less-than-40-per-cent"),
    pytest.param(f"<article>{a('p')}</article><article>{a('x')}</article>", id="the-first-where-none-says-anything"),
    pytest.param(f"<body class=h-entry><main class=e-content>{p('p')}</main>{p('x')}", id="an-entry-around-the-region"),
    pytest.param(f"<main><h1>Six</h1>{p('p', 90)}{MORE.format('five')}</main>", id="words-beside-entries-of-others"),
    pytest.param(
        f"<main><h1>Six</h1>{p('p', 90)}{MORE.format('six')}{MORE.format('five')}</main>",
        id="words-beside-entries-of-which-one-leads-here",
    ),
    pytest.param(
        f"<main>{'word ' * 90}<div class=hentry><h2><a href=/2026/six>Six</a></h2>{p('p')}</div></main>",
        id="a-short-h-entry-whose-heading-is-the-page-s",
    ),
]


@pytest.mark.parametrize("page", [*CANDIDATES, *OWN, *REGIONS, *POSTS])
def test_which_part_is_the_post(page: str) -> None:
    links = outbound_links(f"<!doctype html><title>Six</title>{page}".encode(), url=URL, content_type="text/html")
    assert [link for link in links if link.startswith(FAR)] == [f"{FAR}/p"]


TIME = '<time datetime="2026-03-01">1 March</time>'
CARD = '<div class="h-entry"><h1>Six</h1>{}</div>'


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            f"{CARD.format('<time class=dt-published datetime=2026-03-01>1</time>')}"
            "<meta property=article:published_time content=2020-01-01>",
            id="dt-published-before-meta",
        ),
        pytest.param(CARD.format("<abbr class=dt-published title=2026-03-01>1</abbr>"), id="in-a-title"),
        pytest.param(CARD.format("<data class=dt-published value=2026-03-01>1</data>"), id="in-a-value"),
        pytest.param(CARD.format("<b class=dt-published>2026-03-01</b>"), id="in-words"),
        pytest.param('<p class=hentry><abbr class=published title="2026-03-01">1</abbr>', id="classic"),
        pytest.param(
            "<aside><p class=h-entry><time class=dt-published datetime=2020-01-01>1</time></aside>"
            + CARD.format("<time class=dt-published datetime=2026-03-01>1</time>"),
            id="of-the-post-and-not-of-a-side-bar",
        ),
        pytest.param(
            CARD.format(
                f"{TIME}<div class='h-cite u-comment'><time class=dt-published datetime=2020-01-01>1</time></div>"
            ),
            id="not-of-a-comment",
        ),
        pytest.param("<meta property=article:published_time content=2026-03-01>", id="article-published-time"),
        pytest.param('<meta name="DC.date" content="2026-03-01">', id="dublin-core"),
        pytest.param('<meta name="dcterms.date" content="2026-03-01">', id="dublin-core-of-quarto"),
        pytest.param(
            '<script type="application/ld+json">{"@graph":[{"@type":"Person"},{"@type":["BlogPosting"],'
            '"datePublished":"2026-03-01"}]}</script>',
            id="json-ld",
        ),
        pytest.param(f"<p>x{TIME}<b itemprop=datePublished content=2026-03-01>1</b>", id="itemprop"),
        pytest.param(f'<p>x{TIME}<b property="schema:dateCreated" content=2026-03-01>1</b>', id="rdfa-of-drupal-9"),
        pytest.param(f'<p>x{TIME}<b property="dc:date dc:created" content=2026-03-01>1</b>', id="rdfa-of-drupal-7"),
        pytest.param(f"<div class=comments><time datetime=2020-01-01>x</time></div>{TIME}", id="time"),
        pytest.param(f"<time>long ago</time>{TIME}", id="the-first-that-is-a-date"),
        pytest.param(f"<main><nav><ul><li>{TIME}</ul></nav><article><h1>a</h1><p>words</article></main>", id="beside"),
    ],
)
def test_when_a_post_was_published(page: str) -> None:
    found = published_of(page.encode(), url=URL, content_type="text/html")
    assert found == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "page",
    [
        "<p>2026-03-01",
        "<div class=h-entry></div><div id=comments><time datetime=2026-03-01>1</time></div>",
        f"<article><blockquote>{TIME}</blockquote><p>words</article>",
        f"<p>words</p><aside><p class=h-entry>{TIME}</p></aside>",
        '<script type="application/ld+json">{"@type":"Article","url":"/other","datePublished":"2026-03-01"}</script>',
        '<script type="application/ld+json">[{"@type":"Article","datePublished":"2026-03-01"},'
        '{"@type":"Article","datePublished":"2026-03-02"}]</script>',
        '<script type="application/ld+json">{"@type":"WebSite","datePublished":"2026-03-01"}</script>',
        '<script type="application/ld+json">{"@type":</script>',
    ],
)
def test_a_post_without_a_date(page: str) -> None:
    assert published_of(page.encode(), url=URL, content_type="text/html") is None
    assert published_of(b"<time datetime=2026-03-01>", url=URL, content_type="text/plain") is None
