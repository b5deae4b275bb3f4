"""Who wrote what links to us, on pages as people's software writes them."""

import json

import pytest

from pingback.model import Author
from pingback.page.authors import author_of
from pingback.page.items import Subject
from pingback.page.properties import LONGEST_NAME
from pingback.page.speaker import Speaker
from pingback.page.tree import Page

SITE = "https://they.example"
URL = f"{SITE}/2024/hello/"
TARGET = "https://me.example/target"
LINK = f'<a href="{TARGET}">that</a>'
WORDS = f'<div class="e-content"><p>I read {LINK}.</p></div>'
CLASSIC = f'<h1 class="entry-title">Hello</h1><div class="entry-content"><p>I read {LINK}.</p></div>'
CARD = (
    '<footer><div class="h-card"><a class="u-url u-uid p-name" href="/ann">Ann Card</a>'
    '<img class="u-photo" src="/ann.png" alt=""></div></footer>'
)
COMMENT = (
    '<ol class="comment-list"><li class="comment" id="comment-7"><article class="comment-body"><footer>'
    '<div class="comment-author vcard"><img class="avatar photo" alt="" src="/carl.png">'
    '<b class="fn"><a href="https://carl.example/" rel="ugc external nofollow" class="url">Carl</a></b>'
    '<span class="says">says:</span></div></footer><div class="comment-content"><p>First! %s</p></div>'
    "</article></li></ol>"
)


def entry(author: str = "", words: str = WORDS) -> str:
    return f'<article class="h-entry">{author}{words}</article>'


def hentry(author: str = "", words: str = CLASSIC) -> str:
    return f'<article class="post-5 post hentry">{author}{words}</article>'


def json_ld(*things: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(things[0] if len(things) == 1 else [*things])}</script>'


POSTING = {"@type": "BlogPosting", "url": URL}
BYLINE = (
    '<span class="byline">by <span class="author vcard"><a class="url fn n" href="/author/ann/">Ann</a></span></span>'
)


@pytest.mark.parametrize(
    ("markup", "author"),
    [
        pytest.param(
            entry('<a class="p-author h-card" href="/ann"><img class="u-photo" src="/a.png" alt="">Ann</a>'),
            Author(name="Ann", url="/ann", photo="/a.png"),
            id="a-card-that-is-a-link",
        ),
        pytest.param(
            entry('<p class="p-author h-card"><a class="p-name u-url" href="/ann">Ann</a></p>'),
            Author(name="Ann", url="/ann"),
            id="a-card",
        ),
        pytest.param(entry('<b class="p-author">Ann</b>'), Author(name="Ann"), id="words"),
        pytest.param(
            entry('<b class="p-author">by <a href="/ann">Ann</a></b>'),
            Author(name="Ann", url="/ann"),
            id="a-link-in-it",
        ),
        pytest.param(
            entry('<p class="p-author">by <a class="h-card" href="/ann">Ann</a>, who writes</p>'),
            Author(name="Ann", url="/ann"),
            id="a-card-in-it",
        ),
        pytest.param(
            entry('<a class="u-author" href="/ann"></a>') + CARD,
            Author(name="Ann Card", url="/ann", photo="/ann.png"),
            id="address-named-by-a-card",
        ),
        pytest.param(
            entry('<link class="u-author" href="/ann">') + CARD,
            Author(name="Ann Card", url="/ann", photo="/ann.png"),
            id="address-in-a-link-element",
        ),
        pytest.param(
            entry('<a class="u-author" href="/ann#me">the author</a>') + CARD,
            Author(name="Ann Card", url="/ann#me", photo="/ann.png"),
            id="the-card-before-the-links-words",
        ),
        pytest.param(
            entry('<a class="u-author" href="/ann">Ann</a>'), Author(name="Ann", url="/ann"), id="words-of-the-link"
        ),
        pytest.param(entry('<a class="u-author" href="/ann"></a>'), Author(url="/ann"), id="address-alone"),
        pytest.param(
            entry('<a class="u-author" href="/us#bea"></a>')
            + '<a class="h-card" href="/us#ann">Ann</a><a class="h-card" href="/us#bea">Bea</a>',
            Author(name="Bea", url="/us#bea"),
            id="people-of-one-page",
        ),
        pytest.param(
            entry('<a class="u-author" href="/us#carl"></a>') + '<a class="h-card" href="/us#ann">Ann</a>',
            Author(url="/us#carl"),
            id="another-one-of-that-page",
        ),
        pytest.param(
            entry('<a class="u-author" href="#ann"></a>') + '<p class="h-card" id="ann"><a href="/ann">Ann</a></p>',
            Author(name="Ann", url="/ann"),
            id="a-card-further-down",
        ),
        pytest.param(
            entry('<a class="u-author" href="/ann">https://they.example/ann</a>'),
            Author(url="/ann"),
            id="an-address-is-no-name",
        ),
        pytest.param(
            entry('<b class="p-author">https://they.example/ann</b>'), Author(url="/ann"), id="an-address-as-words"
        ),
        pytest.param(
            entry('<a class="p-author u-author" href="/ann">Ann</a>'), Author(name="Ann", url="/ann"), id="both-on-one"
        ),
        pytest.param(
            entry('<b class="p-author">Ann</b><a class="u-author" href="/ann"></a>'),
            Author(name="Ann", url="/ann"),
            id="name-and-address-apart",
        ),
        pytest.param(
            entry('<b class="p-author">Ann</b><a class="u-author" href="/bea">Bea</a>'),
            Author(name="Ann"),
            id="two-people",
        ),
        pytest.param(
            entry('<a class="p-author h-card" href="/ann">Ann</a><a class="p-author h-card" href="/bea">Bea</a>'),
            Author(name="Ann", url="/ann"),
            id="the-first-of-two-cards",
        ),
        pytest.param(
            entry(
                '<div class="u-in-reply-to h-cite"><a class="p-author h-card" href="https://bob.example/">Bob</a></div>'
                '<a class="p-author h-card" href="/ann">Ann</a>'
            ),
            Author(name="Ann", url="/ann"),
            id="behind-a-citation",
        ),
        pytest.param(
            entry(
                '<div class="u-in-reply-to"><a class="p-author h-card" href="https://bob.example/">Bob</a></div>'
                '<a class="p-author h-card" href="/ann">Ann</a>'
            ),
            Author(name="Ann", url="/ann"),
            id="behind-a-citation-that-is-no-item",
        ),
        pytest.param(
            entry('<blockquote><a class="p-author h-card" href="https://bob.example/">Bob</a></blockquote>'),
            None,
            id="a-quotations",
        ),
        pytest.param(
            entry('<div class="p-location h-card"><b class="p-name">The Inn</b></div>'), None, id="a-place-is-nobody"
        ),
        pytest.param(
            entry("", WORDS.replace("read", 'and <a class="h-card" href="/bob">Bob</a> read')),
            None,
            id="one-who-is-named",
        ),
        pytest.param(
            entry('<a class="p-author h-card" href="javascript:alert(1)"><img src="data:image/png,x" alt="">Ann</a>'),
            Author(name="Ann"),
            id="javascript",
        ),
        pytest.param(
            entry(f'<b class="p-author">{"A" * 1_000_000}</b>'),
            Author(name="A" * (LONGEST_NAME - 1) + "…"),
            id="a-megabyte",
        ),
        pytest.param(
            entry('<a class="p-author h-card u-author u-url" href="/ann">Ann</a>'),
            Author(name="Ann", url="/ann"),
            id="a-card-that-names-itself",
        ),
        pytest.param(
            entry('<div class="p-author h-card"><a class="u-author u-url" href="/ann"></a></div>')
            + '<div class="h-card"><a class="u-url" href="/ann"></a><a class="u-author" href="/ann"></a></div>',
            Author(url="/ann"),
            id="cards-in-a-circle",
        ),
    ],
)
def test_of_an_entry(markup: str, author: Author | None) -> None:
    assert who(markup) == at_site(author)


@pytest.mark.parametrize(
    ("markup", "author"),
    [
        pytest.param(
            '<div class="h-feed"><a class="p-author h-card" href="/ann">Ann</a>' + entry() + "</div>",
            Author(name="Ann", url="/ann"),
            id="its-feed",
        ),
        pytest.param(
            '<div class="hfeed"><b class="author">Ann</b>' + hentry() + "</div>",
            Author(name="Ann"),
            id="classic-feed",
        ),
        pytest.param(
            '<div class="hfeed">' + hentry() + '<aside><b class="author">Bob</b></aside></div>',
            None,
            id="a-side-bar-in-a-classic-feed",
        ),
        pytest.param(
            entry() + '<a rel="author" href="/ann">Ann</a>',
            Author(name="Ann", url="/ann"),
            id="rel-author-and-its-words",
        ),
        pytest.param(
            '<link rel="author" href="/ann">' + entry() + CARD,
            Author(name="Ann Card", url="/ann", photo="/ann.png"),
            id="rel-author-and-a-card",
        ),
        pytest.param(
            '<link rel="author" href="/ann"><meta name="author" content="Ann">' + entry(),
            Author(name="Ann", url="/ann"),
            id="rel-author-and-meta",
        ),
        pytest.param(
            entry() + '<a rel="author" href="https://other.example/ann">Ann</a>', None, id="rel-author-elsewhere"
        ),
        pytest.param('<link rel="author" href="/humans.txt">' + entry(), None, id="humans-txt"),
        pytest.param(
            entry() + '<article class="h-entry"><a rel="author" href="/bob">Bob</a></article>',
            None,
            id="rel-author-of-another-entry",
        ),
        pytest.param(
            f'<main><p>Hi. <a rel="author" href="/bob">Bob</a><p>{LINK} <a rel="author" href="/ann">Ann</a></main>',
            None,
            id="rel-author-of-two-in-a-conversation",
        ),
        pytest.param(
            entry() + '<a rel="author" href="/ann">Ann</a> <a rel="author" href="/bob">Bob</a>',
            None,
            id="two-rel-authors",
        ),
        pytest.param(
            json_ld({**POSTING, "author": {"@type": "Person", "name": "Ann", "url": "/ann", "image": "/a.png"}})
            + entry(),
            Author(name="Ann", url="/ann", photo="/a.png"),
            id="json-ld-object",
        ),
        pytest.param(
            json_ld({**POSTING, "author": [{"name": "Ann"}, {"name": "Bea"}]}) + entry(),
            Author(name="Ann"),
            id="json-ld-list",
        ),
        pytest.param(json_ld({**POSTING, "author": "Ann"}) + entry(), Author(name="Ann"), id="json-ld-name"),
        pytest.param(
            json_ld({**POSTING, "author": f"{SITE}/ann"}) + entry(), Author(url="/ann"), id="json-ld-address-as-name"
        ),
        pytest.param(
            json_ld(
                {
                    "@graph": [
                        {"@type": "Article", "@id": f"{URL}#article", "author": {"name": "Ann", "@id": "#ann"}},
                        {
                            "@type": "Person",
                            "@id": "#ann",
                            "name": "Ann Author",
                            "url": ["/ann"],
                            "image": {"url": "/a.png"},
                        },
                    ]
                }
            )
            + entry(),
            Author(name="Ann", url="/ann", photo="/a.png"),
            id="json-ld-in-a-graph",
        ),
        pytest.param(
            json_ld({"@graph": [{"@type": "Article", "author": {"@id": "#a"}}, {"@id": "#a", "author": {"@id": "#a"}}]})
            + entry(),
            None,
            id="json-ld-in-a-circle",
        ),
        pytest.param(
            json_ld({"@type": "BlogPosting", "url": f"{SITE}/other/", "author": "Bob"}) + entry(),
            None,
            id="json-ld-of-another",
        ),
        pytest.param(
            json_ld({"@type": "Article", "author": "Ann"}, {"@type": "Article", "author": "Bob"}) + entry(),
            None,
            id="json-ld-of-what-may-be-anything",
        ),
        pytest.param(
            json_ld({"@type": "Article", "author": "Ann"}, {"@type": "Article", "author": "Ann"}) + entry(),
            Author(name="Ann"),
            id="json-ld-of-one-person",
        ),
        pytest.param(
            json_ld(*({"@type": "Article", "author": name} for name in ("Bob", "Cem")), {**POSTING, "author": "Ann"})
            + entry(),
            Author(name="Ann"),
            id="json-ld-of-the-page-behind-others",
        ),
        pytest.param(
            json_ld({**POSTING, "comment": [{"@type": "Comment", "author": {"name": "Carl"}}]}) + entry(),
            None,
            id="json-ld-of-a-comment",
        ),
        pytest.param(
            json_ld({**POSTING, "author": {"name": {"x": 1}, "url": 5, "image": [[[[]]]]}}) + entry(),
            None,
            id="json-ld-nonsense",
        ),
        pytest.param(
            json_ld({**POSTING, "author": {"name": "\ud800Ann", "url": "https://\ud800.example/"}}) + entry(),
            Author(name="Ann"),
            id="json-ld-half-a-letter",
        ),
        pytest.param('<meta name="author" content="Ann">' + entry(), Author(name="Ann"), id="meta"),
        pytest.param('<meta property="article:author" content="Ann">' + entry(), Author(name="Ann"), id="meta-article"),
        pytest.param('<meta name="DC.creator" content="Ann">' + entry(), Author(name="Ann"), id="meta-dublin-core"),
        pytest.param(
            '<meta name="author" content="Ann"><meta property="article:author" content="https://silo.example/ann">'
            + entry(),
            Author(name="Ann"),
            id="meta-name-and-address-elsewhere",
        ),
        pytest.param(
            '<meta name="author" content="Ann"><meta property="article:author" content="https://they.example/ann">'
            + entry(),
            Author(name="Ann", url="/ann"),
            id="meta-name-and-address",
        ),
        pytest.param(
            '<meta property="article:author" content="https://silo.example/ann">' + entry(),
            Author(url="https://silo.example/ann"),
            id="meta-address",
        ),
        pytest.param('<meta name="author" content="javascript:alert(1)">' + entry(), None, id="meta-javascript"),
        pytest.param(
            '<a class="site-title" rel="author" href="/">The river</a><meta name="author" content="Ann">' + entry(),
            Author(name="Ann", url="/"),
            id="a-site-title-names-nobody",
        ),
        pytest.param(entry(), None, id="nobody"),
    ],
)
def test_of_the_page_where_the_entry_names_nobody(markup: str, author: Author | None) -> None:
    assert who(markup) == at_site(author)


@pytest.mark.parametrize(
    ("footer", "author"),
    [
        pytest.param("By %s", "Ann", id="by"),
        pytest.param("<p><span class=byline>By</span> %s</p>", "Ann", id="by-in-an-element"),
        pytest.param("<p>Posted on <time>May 5, 2024</time> by %s in X</p>", "Ann", id="posted-by"),
        pytest.param("<p>Veröffentlicht am 5. Mai 2024 von %s</p>", "Ann", id="german"),
        pytest.param("<p>Publié le 5 mai 2024 par %s</p>", "Ann", id="french"),
        pytest.param("<p>Autor: %s</p>", "Ann", id="a-label"),
        pytest.param("<p>作者：%s</p>", "Ann", id="chinese"),
        pytest.param("<p>%s</p>", None, id="nothing-before-it"),
        pytest.param("<p class=byline>%s</p>", None, id="a-class-alone"),
        pytest.param("<p>Photo by %s</p>", None, id="another-work"),
        pytest.param("<p>Next to read: a story by %s</p>", None, id="another-story"),
        pytest.param("<h3>More</h3><p>By %s</p>", None, id="below-a-title"),
        pytest.param("<article><p>By %s</p></article>", None, id="of-a-related-post"),
        pytest.param("<aside><p>By %s</p></aside>", None, id="in-a-side-bar"),
        pytest.param("<blockquote><p>By %s</p></blockquote>", None, id="in-a-quotation"),
        pytest.param("<div class=comments><p>By %s</p></div>", None, id="in-comments"),
        pytest.param(f"By {'very ' * 1000} %s", None, id="far-before-it"),
    ],
)
def test_of_the_footer_of_an_entry(footer: str, author: str | None) -> None:
    found = who(entry(words=f"{WORDS}<footer>{footer % '<a rel=author href=/ann>Ann</a>'}</footer>"))
    assert found == at_site(None if author is None else Author(name=author, url="/ann"))


@pytest.mark.parametrize(
    ("nested", "author"),
    [
        pytest.param(
            '<a class="p-author h-card" href="https://carl.example/">Carl</a>',
            Author(name="Carl", url="https://carl.example/"),
            id="its-own",
        ),
        pytest.param("", None, id="never-the-entrys"),
    ],
)
def test_of_what_is_nested(nested: str, author: Author | None) -> None:
    cite = f'<div class="u-comment h-cite">{nested}<p class="e-content">{LINK}</p></div>'
    markup = '<meta name="author" content="Ann">' + entry('<b class="p-author">Ann</b>', cite) + CARD
    assert who(markup) == author


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(
            entry('<a class="u-author" href="/x"></a>')
            + "".join(f'<a class="h-card" href="/c{number}">C</a>' for number in range(10_000)),
            id="ten-thousand-cards",
        ),
        pytest.param(entry() + '<div class="h-card p-author u-author u-url p-name">' * 10_000, id="cards-in-cards"),
        pytest.param('<div class="h-entry p-author u-author h-card">' * 1000 + LINK, id="a-thousand-deep"),
        pytest.param(entry('<a class="p-author u-author" href="mailto:x">' * 10_000), id="ten-thousand-authors"),
        pytest.param(entry() + '<a rel="author me" href="/x">' * 10_000, id="ten-thousand-rels"),
        pytest.param(json_ld({**POSTING, "author": [[[[["Ann"]]]]]}) + entry(), id="lists-in-lists"),
        pytest.param('<link rel="author">' + entry(), id="a-link-that-leads-nowhere"),
    ],
)
def test_any_page_gives_an_answer(markup: str) -> None:
    found = who(markup)
    assert found is None or (found.url or found.name)


def who(markup: str) -> Author | None:
    """Whoever wrote what the first link is in."""
    return author_of(speaker_of(page_of(markup)))


def speaker_of(page: Page) -> Speaker:
    link = next(node for node in page.links if node.attributes["href"] == TARGET)
    return Speaker(Subject(page), [link], TARGET, fragment="")


def at_site(author: Author | None) -> Author | None:
    """With the addresses that are written without a host."""
    if author is None:
        return None
    url, photo = (
        SITE + each if each is not None and each.startswith("/") else each for each in (author.url, author.photo)
    )
    return Author(name=author.name, url=url, photo=photo)


def page_of(markup: str) -> Page:
    return Page([f"<!doctype html><title>Hello</title>{markup}".encode()], url=URL, charset="utf-8")
