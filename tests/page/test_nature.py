"""What a page is: a post, a list, a copy, a stub, an error page or none of them; and the reason that a person reads."""

import pytest

from pingback.page.entry import PageKind, Post, read_post

URL = "https://my.example/2026/six"
WORDS = "<p>Some words of a post, and a few more, so that there is something to read here.</p>"
POST = f"<main><article><h1>Six</h1>{WORDS}</article></main>"


def read(page: str, url: str = URL) -> Post:
    return read_post(f"<!doctype html><html>{page}".encode(), url=url, content_type="text/html; charset=utf-8")


def rows(markup: str, count: int = 3) -> str:
    return "".join(markup.format(number) for number in range(count))


def json_ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


ENTRY_ROW = '<article class=h-entry><a class=u-url href="/{0}">#</a><p class=e-content>Some words of it.</article>'
HEADING_ROW = '<div><h2><a href="/{0}">Part {0}</a></h2><p>Some words of it, and more.</div>'

NO_PAGE_OF_ITS_OWN = [
    pytest.param(
        '<meta http-equiv=Refresh content="0; url=/five">',
        PageKind.STUB,
        "it sends its readers on to https://my.example/five",
        id="refresh",
    ),
    pytest.param(
        "<meta http-equiv=refresh content=\"10;URL='https://b.example/'\">",
        PageKind.STUB,
        "it sends its readers on to https://b.example/",
        id="refresh-after-10-s",
    ),
    pytest.param("<meta http-equiv=refresh content=5>", PageKind.STUB, "it is loaded anew at once", id="refresh-alone"),
    pytest.param('<meta http-equiv=refresh content="11; url=/five">', PageKind.POST, None, id="refresh-after-11-s"),
    pytest.param("<meta http-equiv=refresh content=soon>", PageKind.POST, None, id="refresh-that-is-none"),
    pytest.param(
        '<noscript><meta http-equiv=refresh content="0; url=/five"></noscript>', PageKind.POST, None, id="noscript"
    ),
    pytest.param(
        '<link rel="x Canonical" href="/five">',
        PageKind.COPY,
        "its canonical address is https://my.example/five",
        id="canonical",
    ),
    pytest.param(
        "<meta property=og:type content=article><link rel=canonical href=https://b.example/six>",
        PageKind.COPY,
        "its canonical address is https://b.example/six",
        id="canonical-elsewhere-of-an-article",
    ),
    pytest.param("<link rel=canonical href=HTTP://my.example/2026/six/#x>", PageKind.POST, None, id="canonical-itself"),
    pytest.param(
        "<link rel=canonical href=https://www.my.example/2026/six>", PageKind.POST, None, id="by-another-host-of-it"
    ),
    pytest.param("<body><link rel=canonical href=/five>", PageKind.POST, None, id="canonical-in-the-body"),
    pytest.param(
        '<body class="error404 x">', PageKind.ERROR, "its body has the class “error404”", id="wordpress-error404"
    ),
]


@pytest.mark.parametrize(("head", "kind", "why"), NO_PAGE_OF_ITS_OWN)
def test_a_page_that_stands_for_another(head: str, kind: PageKind, why: str | None) -> None:
    found = read(f"{head}{POST}")
    assert (found.kind, found.why) == (kind, why)


@pytest.mark.parametrize("path", ["/404.html", "/en/404.html", "/404", "/404/", "/404/index.html"])
def test_the_site_s_page_for_errors(path: str) -> None:
    assert read(POST, f"https://my.example{path}").kind is PageKind.ERROR


@pytest.mark.parametrize("path", ["/why-404.html", "/2026/404", "/2026/404/", "/404.html/more", "/six?404.html"])
def test_a_page_about_errors(path: str) -> None:
    assert read(POST, f"https://my.example{path}").kind is PageKind.POST


LIST = f"<main>{rows(HEADING_ROW)}</main>"
SAID = [
    pytest.param('<body class="single single-post">', PageKind.POST, id="wordpress-single"),
    pytest.param('<body class="single">', PageKind.LIST, id="wordpress-single-of-another-type"),
    pytest.param("<meta property=og:type content=article>", PageKind.POST, id="og-type"),
    pytest.param("<meta property=og:type content=website>", PageKind.LIST, id="og-type-of-a-site"),
    pytest.param("<meta property=article:published_time content=2026-03-01>", PageKind.POST, id="published-time"),
    pytest.param(json_ld('{"@type":"BlogPosting"}'), PageKind.POST, id="json-ld"),
    pytest.param(json_ld('[{"@type":"Person"},{"@type":["NewsArticle"]}]'), PageKind.POST, id="json-ld-list"),
    pytest.param(json_ld('{"@graph":[{"@type":"Article"},{"@type":"Blog"}]}'), PageKind.POST, id="json-ld-graph"),
    pytest.param(json_ld('{"@type":"Blog","blogPost":[{"@type":"BlogPosting"}]}'), PageKind.LIST, id="json-ld-nested"),
    pytest.param(json_ld('{"@type":"Article","url":"/2026/six"}'), PageKind.POST, id="json-ld-of-this-page"),
    pytest.param(json_ld('[{"@type":"Article","url":"/2026/five"}]'), PageKind.LIST, id="json-ld-of-another-page"),
    pytest.param(json_ld('{"@type":'), PageKind.LIST, id="json-ld-that-is-none"),
    pytest.param(json_ld("[" * 50_000), PageKind.LIST, id="json-ld-without-end"),
]


@pytest.mark.parametrize(("head", "kind"), SAID)
def test_a_page_that_is_a_post_by_its_own_word(head: str, kind: PageKind) -> None:
    assert read(f"{head}{LIST}").kind is kind


def test_an_entry_that_is_the_page_makes_a_post() -> None:
    assert read(f"<main>{rows(ENTRY_ROW)}</main>").kind is PageKind.LIST
    assert read(f"<main>{rows(ENTRY_ROW)}{ENTRY_ROW.format('2026/six/')}</main>").kind is PageKind.POST


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ('<body class="home blog">', "it looks like a list: its body has the classes “blog” and “home”"),
        (
            '<body class="archive category x">',
            "it looks like a list: its body has the classes “archive” and “category”",
        ),
        ('<body class="archive tag">', "it looks like a list: its body has the classes “archive” and “tag”"),
        ('<body class="archive author">', "it looks like a list: its body has the classes “archive” and “author”"),
        ('<body class="archive date">', "it looks like a list: its body has the classes “archive” and “date”"),
        (
            '<body class="search search-results">',
            "it looks like a list: its body has the classes “search” and “search-results”",
        ),
        (json_ld('{"@type":"CollectionPage"}'), "it looks like a list: it calls itself a CollectionPage (JSON-LD)"),
        (json_ld('{"@type":"Blog"}'), "it looks like a list: it calls itself a Blog (JSON-LD)"),
    ],
)
def test_a_page_that_is_a_list_by_its_own_word(head: str, why: str) -> None:
    found = read(f"{head}{POST}")
    assert (found.kind, found.why) == (PageKind.LIST, why)


@pytest.mark.parametrize("classes", ["home", "blog", "archive", "category", "page", "home page", "post-archive tags"])
def test_classes_that_say_nothing(classes: str) -> None:
    assert read(f'<body class="{classes}">{POST}').kind is PageKind.POST


LISTS = [
    pytest.param(rows(ENTRY_ROW), id="entries-with-a-u-url"),
    pytest.param(ENTRY_ROW.format(1), id="one-entry-with-a-u-url"),
    pytest.param(
        rows('<article><h3>Part</h3><p>Some words of it.</p><a rel=bookmark href="/{0}">1 March</a></article>'),
        id="articles-with-a-bookmark",
    ),
    pytest.param(
        rows('<article><h2><a href="/{0}">Part</a></h2><p>Some words of it.</article>'), id="headings-of-articles"
    ),
    pytest.param(
        rows('<a href="/{0}"><article><h2>Part</h2><p>Some words of it.</p></article></a>'), id="links-around-articles"
    ),
    pytest.param(
        rows('<article><a href="/{0}"><h2>Part</h2></a><p>Some words of it.</p></article>'), id="links-around-headings"
    ),
    pytest.param(
        rows('<article><h2>Part</h2><p>Some words of it.</p><a class=cover href="/{0}"></a></article>'),
        id="links-laid-over-articles",
    ),
    pytest.param(
        f"<h1>Walks</h1><article><h2>Part</h2>{WORDS}<a class=cover href=/1></a></article>",
        id="one-link-laid-over-a-teaser",
    ),
    pytest.param(f"<article><h1>All parts</h1>{rows(HEADING_ROW)}</article>", id="headings-within-one-article"),
    pytest.param(rows(HEADING_ROW, 2), id="two-headings-that-are-links"),
    pytest.param(f"<h1>2026</h1><ul>{rows('<li><a href=/{0}>Part of a series</a> 1 March')}</ul>", id="items"),
    pytest.param(
        f"<table>{rows('<tr><td>1 March<td><a href=/{0}>Part of the series</a>')}</table>", id="cells-of-a-table"
    ),
    pytest.param(
        f"<p>All:<ul><li>2026<ul>{rows('<li><a href=/{0}>Part {0} of it</a>')}</ul></ul>", id="items-in-items"
    ),
    pytest.param(f"<h1>2026</h1>{rows('<div><p>1 March <a href=/{0}>Part of a series</a></div>')}", id="paragraphs"),
    pytest.param(
        f"<ul>{rows('<li><p><a href=/{0}>Part of a series</a></p><p>Some words of it, and a few more of them.')}</ul>",
        id="items-that-begin-with-their-link",
    ),
    pytest.param(f"<h1><a href=/five>Part five</a></h1>{WORDS}", id="one-title-that-leads-to-its-page"),
    pytest.param(
        f"<ul>{rows('<li><a href=/{0}>What this chapter is of</a><ul><li><a href=/{0}#1>Its part</a></ul>')}</ul>",
        id="items-around-items",
    ),
    pytest.param(f"<ul>{rows('<li>1 March<h3><a href=/{0}>Part</a></h3>')}</ul>", id="items-with-a-date-and-a-heading"),
    pytest.param(f"{rows(HEADING_ROW, 2)}<aside>{WORDS * 5}</aside><nav>{WORDS * 5}</nav>", id="chrome-does-not-count"),
]
NOT_LISTS = [
    pytest.param(WORDS, id="words"),
    pytest.param("", id="nothing"),
    pytest.param(HEADING_ROW.format(1), id="one-heading-that-is-a-link"),
    pytest.param(f"<h1><a href=/2026/>2026</a></h1>{WORDS}", id="one-title-that-leads-up"),
    pytest.param(f"{WORDS * 3}{rows(HEADING_ROW)}", id="rows-that-are-less-than-half"),
    pytest.param('<h2><a href="/1">One</a></h2><h3><a href="/2">Two</a></h3>Words of it', id="headings-of-two-levels"),
    pytest.param(
        rows('<h2>On <a href="/{0}">part {0}</a></h2><p>Some words of it.'), id="headings-with-a-link-among-words"
    ),
    pytest.param(rows('<h2><a href="#{0}">Section {0}</a></h2><p>Some words of it.'), id="headings-of-sections"),
    pytest.param(
        rows('<h2><a href="https://far.example/{0}">They {0}</a></h2><p>Some words of it.'), id="headings-elsewhere"
    ),
    pytest.param(
        rows('<article><h2><a href="https://far.example/{0}">They</a></h2><p>Words.</article>'), id="articles-elsewhere"
    ),
    pytest.param(
        f"<ul>{rows('<li><a href=/{0}>Part</a> has some words of its own that say much more')}</ul>",
        id="items-that-say-more",
    ),
    pytest.param(
        f"<article><h1>Six</h1><a class=icon-rss href=/feed.xml></a>{WORDS}</article>", id="an-icon-in-an-article"
    ),
    pytest.param("<article><p>Some words<a class=icon-rss href=/feed.xml></a></article>", id="an-icon-in-a-note"),
    pytest.param(
        f"<article><h1>Six</h1>{WORDS}<ul><li><a rel=bookmark href=/4>Four</a><li><a rel=bookmark href=/5>Five</a></ul>"
        "</article>",
        id="bookmarks-of-others",
    ),
    pytest.param(
        f"<article><h1>Six</h1><a rel=bookmark href={URL}>1 March</a>{WORDS}<a rel=bookmark href=/5>Five</a></article>",
        id="its-own-bookmark-among-others",
    ),
    pytest.param(f"<article><h3><a href=/2026/>2026</a></h3>{WORDS}</article>", id="a-heading-that-leads-up"),
    pytest.param("<p>Read:<ul><li><a href=/five>Part five</a></ul>", id="one-item"),
    pytest.param(
        f"<article><h1><a href={URL}>Six</a></h1>{WORDS}</article>", id="an-article-whose-heading-is-the-page-s"
    ),
    pytest.param(
        f"<article><h1>What <a href=/five>five</a> did not say</h1>{WORDS}</article>",
        id="an-article-whose-heading-links",
    ),
    pytest.param(
        f"<article><h1>Six</h1>{WORDS}<h3><a href=/five>Part five</a></h3></article>", id="a-lower-heading-elsewhere"
    ),
]


@pytest.mark.parametrize("inside", LISTS)
def test_a_page_that_is_made_of_rows(inside: str) -> None:
    found = read(f"<body><main>{inside}</main>")
    assert found.kind is PageKind.LIST
    assert (found.why or "").startswith("it looks like a list: most of it leads to ")


@pytest.mark.parametrize("inside", NOT_LISTS)
def test_a_page_that_is_not(inside: str) -> None:
    found = read(f"<body><main>{inside}</main>")
    assert (found.kind, found.why) == (PageKind.POST, None)


def test_items_in_a_body_are_its_menu() -> None:
    items = f"<ul>{rows('<li><a href=/{0}>Part {0}</a>')}</ul><p>Words."
    assert read(f"<body>{items}").kind is PageKind.POST
    assert read(f"<body><div id=content>{items}</div>").kind is PageKind.LIST


def test_words_alone_are_a_post() -> None:
    words = rows(HEADING_ROW).encode()
    assert read_post(words, url=URL, content_type="text/html").kind is PageKind.POST
    drawn = b"<svg><title>A pen</title></svg>" + words
    assert read_post(drawn, url=URL, content_type="text/html").kind is PageKind.POST
    assert read_post(b"<title>Parts</title>" + words, url=URL, content_type="text/html").kind is PageKind.LIST
    whole = f"<!doctype html>{rows(HEADING_ROW)}".encode("utf-16")
    assert read_post(whole, url=URL, content_type="text/html").kind is PageKind.LIST


def test_what_is_not_html_is_no_page() -> None:
    found = read_post(b"<h1>Six</h1>", url=URL, content_type="application/pdf")
    assert (found.kind, found.why) == (PageKind.OTHER, "it is not an HTML page but application/pdf")
