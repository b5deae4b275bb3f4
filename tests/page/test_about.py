"""What a source page says of itself."""

import json
from datetime import UTC, datetime

import pytest

from pingback.model import Author, Verification
from pingback.page.about import read_mention
from pingback.page.nodes import MAX_ELEMENTS

SOURCE = "https://other.example/notes/six"
TARGET = "https://my.example/2026/part-five"
LINK = f'<p>As said in <a href="{TARGET}">part five</a>, it is so.</p>'
EXCERPT = "As said in part five, it is so."


def read(page: str, content_type: str = "text/html; charset=utf-8", url: str = SOURCE) -> Verification:
    return read_mention(page.encode(), source=SOURCE, target=TARGET, url=url, content_type=content_type)


@pytest.mark.parametrize(
    ("head", "title"),
    [
        pytest.param("<title> Part\n six &#8211; “Notes” </title>", "Part six – “Notes”", id="whole-and-folded"),
        pytest.param("<title>It&#8217;s &lt;b&gt;bold&lt;/b&gt;</title>", "It’s <b>bold</b>", id="entities-once"),
        pytest.param("<title>a<b>c</title>", "a<b>c", id="no-markup-in-titles"),
        pytest.param("<title>1</title><title>2</title>", "1", id="first"),
        pytest.param('<meta property="og:title" content="OG"><title>T</title>', "T", id="title-before-og"),
        pytest.param('<title> </title><meta property="og:title" content="OG"><h1>H</h1>', "OG", id="og-title"),
        pytest.param("<svg><title>icon</title></svg><h1>The <em>head</em>ing</h1>", "The heading", id="h1"),
        pytest.param("<h1>Part one<br>The Start</h1>", "Part one The Start", id="h1-of-two-lines"),
        pytest.param('<div class="h-entry"><h1 class="p-name">E</h1></div>', "E", id="h-entry-name"),
        pytest.param("<h2>x</h2>", None, id="none"),
        pytest.param("<title>a\0b\x07c</title>", "a\ufffdbc", id="control-characters"),
        pytest.param(f"<title>{'word ' * 1000}</title>", "word " * 99 + "word…", id="a-megabyte-is-cut"),
    ],
)
def test_title(head: str, title: str | None) -> None:
    assert read(head + LINK).title == title


@pytest.mark.parametrize(
    ("page", "excerpt"),
    [
        pytest.param(LINK, EXCERPT, id="the-paragraph"),
        pytest.param(f"<p>Before.</p>{LINK}<p>After.</p>", EXCERPT, id="no-other-paragraph"),
        pytest.param(LINK.replace("part five", "<b>part</b> <i>five</i>"), EXCERPT, id="plain-text"),
        pytest.param(LINK.replace("it", "&lt;it&gt;"), "As said in part five, <it> is so.", id="entities"),
        pytest.param(LINK.replace("so", "<script>x()</script>so<style>y</style>"), EXCERPT, id="no-scripts"),
        pytest.param(f'<ul><li><a href="{TARGET}">bare</a></li></ul>{LINK}', EXCERPT, id="a-sentence-beats-a-list"),
        pytest.param(f'<ul><li><a href="{TARGET}">bare</a></li></ul>', "bare", id="a-bare-list-is-better-than-nothing"),
        pytest.param(f'<p><a href="{TARGET}"><img></a></p><p>Next.</p>', "Next.", id="an-image-as-a-link"),
        pytest.param(f'<img src="{TARGET}">', None, id="no-words"),
        pytest.param(f'<meta name="description" content="D"><img src="{TARGET}">', "D", id="description-when-no-words"),
        pytest.param(f'<p>Cut <a href="{TARGET}">off</a> here <script>x', "Cut off here", id="broken-off"),
        pytest.param(f'Bare <a href="{TARGET}">text</a> only', "Bare text only", id="no-block-at-all"),
        pytest.param(f'<div>One<br>two <a href="{TARGET}">link</a></div>', "One two link", id="br-parts-words"),
        pytest.param(
            f'<p>First <a href="{TARGET}">link</a>.</p><p>Second <a href="{TARGET}">link</a>.</p>',
            "First link.",
            id="the-first-with-words",
        ),
    ],
)
def test_excerpt(page: str, excerpt: str | None) -> None:
    assert read(page).excerpt == excerpt


@pytest.mark.parametrize(
    ("note", "excerpt"),
    [
        pytest.param('<p class="e-content">Twice.</p><p class="p-summary">No</p>', "Twice.", id="content"),
        pytest.param('<p class="p-summary">Twice.</p>', "Twice.", id="summary"),
        pytest.param("<p>Twice.</p>", "Bookmarked Part five", id="around-the-link"),
    ],
)
def test_what_a_bookmark_says(note: str, excerpt: str) -> None:
    found = read(
        f'<main class="h-entry"><p>Bookmarked <a class="u-bookmark-of" href="{TARGET}">Part five</a></p>{note}'
    )
    assert (found.kind, found.excerpt, found.content) == ("bookmark-of", excerpt, None)


H_CARD = (
    '<div class="p-author h-card"><img class="u-photo" src="/ann.jpg" alt="">'
    '<a class="p-name u-url" href="/ann">Ann</a></div>'
)
ANN = Author(name="Ann", url="https://other.example/ann", photo="https://other.example/ann.jpg")


@pytest.mark.parametrize(
    ("page", "author"),
    [
        pytest.param(f'<div class="h-entry">{H_CARD}{LINK}</div>', ANN, id="mf2-authorship-4.1-h-card"),
        pytest.param(f'<div class="h-feed"><div class="h-entry">{H_CARD}{LINK}</div></div>', ANN, id="in-a-feed"),
        pytest.param(
            f'<div class="h-entry"><i class="p-author">Ann B.</i>{LINK}</div>', Author(name="Ann B."), id="name"
        ),
        pytest.param(f"{H_CARD}{LINK}", ANN, id="the-page-s-h-card"),
        pytest.param(
            f'<article class="hentry"><span class="author vcard"><a class="url fn n" href="/ann">Ann</a></span>{LINK}',
            Author(name="Ann", url="https://other.example/ann"),
            id="hatom-as-wordpress-themes-have-it",
        ),
        pytest.param(
            f'<base href="https://cdn.example/"><div class="h-entry">{H_CARD}{LINK}</div>',
            Author(name="Ann", url="https://cdn.example/ann", photo="https://cdn.example/ann.jpg"),
            id="base",
        ),
        pytest.param(
            f'<div class="h-entry">{LINK}<div class="h-entry p-comment">{H_CARD}</div></div>',
            None,
            id="a-commenter-is-not-the-author",
        ),
        pytest.param(f'<meta name="author" content=" Ann\nB. ">{LINK}', Author(name="Ann B."), id="meta-author"),
        pytest.param(
            f'<meta property="article:author" content="https://a.example/ann">{LINK}',
            Author(url="https://a.example/ann"),
            id="ogp-article-author",
        ),
        pytest.param(f'<meta name="author" content="M"><div class="h-entry">{H_CARD}{LINK}</div>', ANN, id="mf2-first"),
        pytest.param(
            f'<div class="h-entry"><a class="p-author h-card u-url" href="javascript:x()">Eve</a>{LINK}</div>',
            Author(name="Eve"),
            id="no-javascript-address",
        ),
        pytest.param(
            f'<div class="h-entry"><base href="//["><i class="p-author">Ann</i>{LINK}</div>',
            Author(name="Ann"),
            id="bad-base",
        ),
        pytest.param(
            f'<div class="h-entry"><a class="p-author h-card" href="//[">Ann</a>{LINK}</div>',
            Author(name="Ann"),
            id="bad-url",
        ),
        pytest.param(
            f'{LINK}<div class="responses"><b class="vcard"><b class="fn">Carl</b></b></div>',
            None,
            id="a-commenter-in-a-box-on-a-plain-page",
        ),
        pytest.param(LINK, None, id="none"),
        pytest.param(f'<div class="h-entry">{"<div>" * 200}{H_CARD}{LINK}', ANN, id="deep"),
    ],
)
def test_author(page: str, author: Author | None) -> None:
    assert read(page).author == author


@pytest.mark.parametrize(
    ("page", "site_name"),
    [
        ('<meta property="og:site_name" content="Notes &amp; more">', "Notes & more"),
        ('<meta name="application-name" content="App">', "App"),
        ('<meta name="application-name" content="App"><meta property="og:site_name" content="OG">', "OG"),
        ("", None),
    ],
)
def test_site_name(page: str, site_name: str | None) -> None:
    assert read(page + LINK).site_name == site_name


@pytest.mark.parametrize(
    ("page", "published"),
    [
        pytest.param(
            '<div class=h-entry><time class="dt-published" datetime="2026-05-01T12:00:00+02:00">May</time></div>',
            datetime(2026, 5, 1, 10, tzinfo=UTC),
            id="h-entry",
        ),
        pytest.param(
            '<div class=hentry><time class="entry-date published" datetime="2026-05-01T10:00:00Z">May</time></div>',
            datetime(2026, 5, 1, 10, tzinfo=UTC),
            id="hatom",
        ),
        pytest.param(
            '<meta property="article:published_time" content="2026-05-01T10:00:00Z">',
            datetime(2026, 5, 1, 10, tzinfo=UTC),
            id="ogp",
        ),
        pytest.param(
            '<div class="h-entry"><blockquote><time datetime="2026-05-01">May</time></blockquote>', None, id="quoted"
        ),
        pytest.param('<meta name="date" content="2026-05-01">', datetime(2026, 5, 1, tzinfo=UTC), id="a-day"),
        pytest.param('<meta name="date" content="yesterday">', None, id="no-date"),
        pytest.param('<meta name="date" content="0001-01-01T00:00+23:00">', None, id="before-all-time"),
        pytest.param("", None, id="none"),
    ],
)
def test_published(page: str, published: datetime | None) -> None:
    assert read(page + LINK).published == published


RELAYED = "https://fed.brid.gy/r/https://new.example/6"


@pytest.mark.parametrize(
    ("source", "came_from", "named", "permalink", "original"),
    [
        pytest.param(SOURCE, SOURCE, "/notes/6", "https://other.example/notes/6", None, id="at-home"),
        pytest.param(SOURCE, "https://new.example/6", "/7", "https://new.example/7", None, id="where-it-led"),
        pytest.param(SOURCE, SOURCE, "https://ann.example/6", None, "https://ann.example/6", id="elsewhere"),
        pytest.param(SOURCE, SOURCE, "https://me:5@other.example/6", "https://other.example/6", None, id="password"),
        pytest.param(SOURCE, SOURCE, "https://other.example@ann.example", None, "https://ann.example/", id="user"),
        pytest.param(SOURCE, SOURCE, "https://other.example./6", None, "https://other.example./6", id="root-s-dot"),
        pytest.param(SOURCE, SOURCE, "javascript:alert(1)", None, None, id="no-address"),
        pytest.param(
            "https://brid.gy/1", "https://brid.gy/1", "https://a.social/6", "https://a.social/6", None, id="relay"
        ),
        pytest.param(RELAYED, "https://new.example/6", "/7", "https://new.example/7", None, id="led-away-by-a-relay"),
        pytest.param(RELAYED, "https://new.example/6", "https://a.social/6", None, None, id="led-away-and-elsewhere"),
    ],
)
def test_where_an_entry_is_at_home(
    source: str, came_from: str, named: str, permalink: str | None, original: str | None
) -> None:
    page = f'<div class="h-entry"><a class="u-url" href="{named}"></a>{LINK}</div>'.encode()
    found = read_mention(page, source=source, target=TARGET, url=came_from, content_type="text/html")
    assert (found.permalink, found.original) == (permalink, original)


@pytest.mark.parametrize("content_type", ["application/pdf", "application/xml", "image/svg+xml", "application/rss+xml"])
def test_what_is_not_html_holds_no_links(content_type: str) -> None:
    verification = read(LINK, content_type)
    assert not verification.linked
    assert verification.reason is not None
    assert content_type in verification.reason


@pytest.mark.parametrize("around", ["{}", "<article class=h-entry>{}</article>", "{}<time datetime=2026-05-05></time>"])
def test_a_link_behind_very_many_elements(around: str) -> None:
    found = read(around.format("<i>x</i>" * (MAX_ELEMENTS + 10_000) + LINK))
    assert found.linked
    assert found.excerpt is not None
    assert "part five" in found.excerpt


def test_no_link_has_a_reason_and_no_words() -> None:
    assert read("<title>T</title>") == Verification(
        source=SOURCE, target=TARGET, linked=False, reason=f"{SOURCE} does not link to {TARGET}"
    )


@pytest.mark.parametrize(
    ("page", "content_type", "text"),
    [
        pytest.param(
            f'<title>Six</title><meta name="description" content="Of clocks."><nav>Home</nav>{LINK}<p>End</p>',
            "text/html",
            f"Of clocks.SixHome{EXCERPT}End",
            id="html",
        ),
        pytest.param(
            f'{{"a": "{TARGET}", "b": "words"}}', "application/json", f'{{"a": "{TARGET}", "b": "words"}}', id="json"
        ),
    ],
)
def test_all_words_of_the_page_are_there_to_be_compared(page: str, content_type: str, text: str) -> None:
    sighting = read(page, content_type).sighting
    assert sighting is not None
    assert sighting.text == text


POST = '<meta name="author" content="Ann"><main class="h-entry"><p class="e-content">Of clocks. {}</p></main>'
MICRODATA = '<div itemprop="comment"><meta itemprop="author" content="Cem">'
COMMENTS = f'{POST.format("{}")}<ol class="comments"><li class="comment">{{}}</li></ol>'


@pytest.mark.parametrize(
    ("page", "author", "by_guest"),
    [
        pytest.param(LINK, None, False, id="page"),
        pytest.param(POST.format(LINK), Author(name="Ann"), False, id="post"),
        pytest.param(f'<div class="h-feed"><div class="h-entry">{LINK}</div></div>', None, False, id="feed"),
        pytest.param(COMMENTS.format("", LINK), None, True, id="comment"),
        pytest.param(f'{LINK}<ol class="comments"><meta itemprop="author" content="Cem"></ol>', None, False, id="meta"),
        pytest.param(f"{LINK}{MICRODATA}</div>", None, False, id="beside-a-comment-in-microdata"),
        pytest.param(f"{MICRODATA}{LINK}</div>", None, True, id="comment-in-microdata"),
        pytest.param(COMMENTS.format("", f'<div class="h-entry">{LINK}</div>'), None, True, id="entry-in-comments"),
        pytest.param(
            COMMENTS.format("", f'<div class="h-entry"><a class="u-url" href="{SOURCE}"></a>{LINK}</div>'),
            None,
            True,
            id="comment-that-says-it-is-the-page",
        ),
        pytest.param(
            COMMENTS.format(LINK, f'<div class="h-entry"><a class="u-url" href="{SOURCE}"></a>{LINK}</div>'),
            Author(name="Ann"),
            False,
            id="post-beside-such-a-comment",
        ),
        pytest.param(
            f'<div class="h-entry"><div class="u-comment h-entry">{LINK}</div></div>', None, True, id="entry-in-it"
        ),
        pytest.param(f'<div class="h-entry"><div class="h-entry">{LINK}</div></div>', None, True, id="entry-in-entry"),
    ],
)
def test_whose_page_it_is(page: str, author: Author | None, by_guest: bool) -> None:
    found = read(page)
    assert found.sighting is not None
    assert (found.author, found.sighting.by_guest) == (author, by_guest)


@pytest.mark.parametrize(
    ("entry", "by_guest"),
    [
        pytest.param({"type": ["h-entry"], "properties": {"in-reply-to": [TARGET]}}, False, id="entry"),
        pytest.param(
            {
                "type": ["h-entry"],
                "properties": {"comment": [{"type": ["h-entry"], "properties": {"like-of": [TARGET]}}]},
            },
            True,
            id="entry-within",
        ),
    ],
)
def test_whose_document_it_is(entry: object, by_guest: bool) -> None:
    sighting = read(json.dumps({"items": [entry]}), "application/mf2+json").sighting
    assert sighting is not None
    assert sighting.by_guest is by_guest


def test_a_legacy_encoding() -> None:
    page = f'<meta charset="shift_jis"><title>日本</title><a href="{TARGET}">五</a>'.encode("shift_jis")
    verification = read_mention(page, source=SOURCE, target=TARGET, url=SOURCE, content_type="text/html")
    assert (verification.title, verification.excerpt) == ("日本", "五")


QUADRATIC_IN_MF2PY = [
    '<div class="hentry vcard">' * 7
    + "<table>"
    + '<td headers="q">' * 2500
    + "</table></div><div id=q>"
    + "<b></b>" * 999,
    '<div class="hentry">' * 7 + "<a rel=tag href=/y>y</a>" * 4500,
    '<div class="hentry"><a rel="bookmark tag" href=/x>x</a>' * 95,
    '<div class="h-entry">' + '<div class="p-author h-card p-name">' * 90 + "<b>x</b>" * 900,
    '<div class="hentry">' + '<a class="include" href="#q">x</a>' * 2500 + "<div id=q>" + "<b></b>" * 1000,
]

HOSTILE = [
    *(pytest.param(LINK + page, id=f"mf2py-{number}") for number, page in enumerate(QUADRATIC_IN_MF2PY)),
    pytest.param(LINK + "\0" * 1_000_000, id="nul"),
    pytest.param("".join(f'<a href="?{n}">' for n in range(60_000)) + LINK, id="links"),
    pytest.param(f'<a href="{TARGET}"></a>' + "<p>" * 300_000, id="empty-blocks"),
    pytest.param('<div class="h-entry">' * 5000 + LINK, id="nested-entries"),
    pytest.param(LINK + "<b>" * 50_000, id="nested-elements"),
    pytest.param(LINK + "<a " + " ".join(f"a{n}=1" for n in range(20_000)) + ">", id="attributes"),
    pytest.param(LINK + "<table>" * 10_000, id="tables"),
    pytest.param(f'<p><a href="{TARGET}">' * 5000, id="unclosed-links"),
    pytest.param(LINK + '<div class="h-card">' + "<b class='p-name'>x" * 190, id="deep-properties"),
    pytest.param("<title>" + "x" * 500_000 + "</title>" + LINK, id="endless-title"),
    pytest.param(LINK + '<meta name="author" content="' + "x" * 500_000 + '">', id="endless-author"),
]


@pytest.mark.parametrize("page", HOSTILE)
def test_hostile_pages_give_bounded_words(page: str) -> None:
    verification = read(page)
    assert verification.linked
    assert len(verification.title or "") <= 500
    assert len(verification.excerpt or "") <= 200
