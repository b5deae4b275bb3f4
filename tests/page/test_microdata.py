"""Who wrote what links to us, where a page says it by microdata or RDFa, in schema.org's words."""

import pytest

from pingback.model import Author
from pingback.page.about import read_mention
from tests.page.test_authors import LINK, TARGET, URL, at_site, entry, json_ld, page_of, speaker_of, who

POST = 'itemscope itemtype="https://schema.org/BlogPosting"'
QUESTION = 'itemprop="mainEntity" itemscope itemtype="https://schema.org/Question"'
PERSON = 'itemprop="author" itemscope itemtype="https://schema.org/Person"'
ANN = f'<p {PERSON}><a itemprop="url" href="/ann"><b itemprop="name">Ann</b></a></p>'
BOB = f'<p {PERSON}><a itemprop="url" href="/bob"><b itemprop="name">Bob</b></a></p>'
SAID = f'<div itemprop="articleBody"><p>I read {LINK}.</p></div>'
BOTH = Author(name="Ann", url="/ann")


def post(author: str, *, attributes: str = POST, words: str = SAID) -> str:
    return f"<article {attributes}>{author}{words}</article>"


@pytest.mark.parametrize(
    ("markup", "author"),
    [
        pytest.param(post(ANN), BOTH, id="a-person"),
        pytest.param(post(f"<footer>{ANN}</footer>"), BOTH, id="in-the-footer-of-the-post"),
        pytest.param(
            post(f'<p {PERSON}><img itemprop="image" src="/a.png"><b itemprop="name">Ann</b></p>'),
            Author(name="Ann", photo="/a.png"),
            id="a-photo",
        ),
        pytest.param(
            post(f'<p {PERSON}>By <a rel="author" href="/ann"><b itemprop="name">Ann</b></a></p>'),
            BOTH,
            id="a-link-that-is-no-property",
        ),
        pytest.param(post(f'<p {PERSON}>By <a href="/ann">Ann</a></p>'), BOTH, id="a-link-and-no-property"),
        pytest.param(
            post(f'<p {PERSON}>She writes <a href="/1">books</a> and <a href="/2">songs</a></p>'),
            None,
            id="a-person-without-a-name",
        ),
        pytest.param(post('<b itemprop="author">Ann</b>'), Author(name="Ann"), id="words"),
        pytest.param(post('<b itemprop="author">By <a href="/ann">Ann</a></b>'), BOTH, id="words-with-a-link"),
        pytest.param(post('<a itemprop="author" href="/ann">Ann</a>'), BOTH, id="a-link"),
        pytest.param(post('<meta itemprop="author" content="Ann">'), Author(name="Ann"), id="meta"),
        pytest.param(
            post(f'<span {PERSON}><meta itemprop="name" content="Ann"><link itemprop="url" href="/ann"></span>'),
            BOTH,
            id="metas-of-a-person",
        ),
        pytest.param(
            post(
                f'<p {PERSON}><i itemprop="worksFor" itemscope><i itemprop="name">The Paper</i></i>'
                '<b itemprop="name">Ann</b></p>'
            ),
            Author(name="Ann"),
            id="not-whom-they-work-for",
        ),
        pytest.param(
            post('<p itemprop="publisher" itemscope><b itemprop="name">The Paper</b></p>'), None, id="not-the-publisher"
        ),
        pytest.param(
            post('<p itemprop="author publisher" itemscope><b itemprop="name">The Paper</b></p>'),
            None,
            id="not-the-publisher-as-the-author",
        ),
        pytest.param(post(ANN + BOB), BOTH, id="the-first-of-two"),
        pytest.param(
            f'<div itemscope itemtype="https://schema.org/WebPage">{ANN}{BOB}{SAID}</div>', None, id="two-of-a-page"
        ),
        pytest.param(f'<div itemscope itemtype="https://schema.org/WebPage">{ANN}{SAID}</div>', BOTH, id="of-a-page"),
        pytest.param(
            f'<div itemscope itemtype="https://schema.org/Blog">{ANN}{post("")}</div>', None, id="not-of-a-blog"
        ),
        pytest.param(post("", words=f"{SAID}{post(BOB, words='')}"), None, id="not-of-a-related-post"),
        pytest.param(
            post("", words=f"{SAID}<aside><article>{BOB}</article></aside>"), None, id="not-of-a-related-article"
        ),
        pytest.param(post("", words=f"{SAID}<blockquote>{BOB}</blockquote>"), None, id="not-of-what-it-quotes"),
        pytest.param(
            post(
                "", words=f'{SAID}<div itemprop="comment" itemscope itemtype="https://schema.org/Comment">{BOB}</div>'
            ),
            None,
            id="not-of-a-comment",
        ),
        pytest.param(
            post("", words=f'{SAID}<div itemscope itemtype="https://schema.org/UserComments">{BOB}</div>'),
            None,
            id="not-of-a-comment-by-its-type",
        ),
        pytest.param(post(BOB).replace(LINK, "it") + post(ANN), BOTH, id="of-the-post-with-the-link"),
        pytest.param(
            json_ld({"@type": "BlogPosting", "url": URL, "author": "Team"}) + post(ANN), BOTH, id="and-json-ld"
        ),
        pytest.param('<meta name="author" content="Team">' + post(ANN), BOTH, id="and-meta"),
        pytest.param(entry(ANN).replace("<article", f"<article {POST}"), BOTH, id="of-an-entry"),
        pytest.param(f"<div {POST}>{ANN}{entry()}</div>", BOTH, id="around-an-entry"),
        pytest.param(
            entry('<b class="p-author">Cem</b>').replace("<article", f"<article {POST}") + ANN,
            Author(name="Cem"),
            id="the-entry-says-otherwise",
        ),
        pytest.param(
            f'<div class="h-entry" {POST}>{ANN}<div class="u-comment h-cite"><p>{LINK}</p></div></div>',
            None,
            id="not-of-what-is-nested",
        ),
        pytest.param(
            post(f'<p {PERSON}><a itemprop="url" href="javascript:alert(1)"><b itemprop="name">Ann</b></a></p>'),
            Author(name="Ann"),
            id="javascript",
        ),
        pytest.param(post(f"<p {PERSON}>" * 3000 + "Ann"), None, id="people-in-people"),
        pytest.param(post('<i itemprop="author">' * 3000 + "Ann"), None, id="authors-in-authors"),
    ],
)
def test_of_microdata(markup: str, author: Author | None) -> None:
    assert who(markup) == at_site(author)


@pytest.mark.parametrize(
    ("markup", "author"),
    [
        pytest.param(
            post(
                '<div rel="schema:author" class="node__submitted">Submitted by <span><a href="/user/1" about="/user/1" '
                'typeof="schema:Person" property="schema:name">Ann</a></span> on Sunday</div>',
                attributes='about="/node/1" typeof="schema:Article"',
            ),
            Author(name="Ann", url="/user/1"),
            id="drupal-9",
        ),
        pytest.param(
            post(
                '<span property="dc:date dc:created" content="2024-05-05T08:00:00+02:00" datatype="xsd:dateTime" '
                'rel="sioc:has_creator">Submitted by <a href="/user/1" about="/user/1" typeof="sioc:UserAccount" '
                'property="foaf:name">Ann</a> on Sunday</span>',
                attributes='about="/node/1" typeof="sioc:Item foaf:Document"',
            ),
            Author(name="Ann", url="/user/1"),
            id="drupal-7",
        ),
        pytest.param(
            post(
                '<b property="dc:date" content="2024-05-05" rel="sioc:has_creator">Submitted</b>',
                attributes='typeof="sioc:Item"',
            ),
            None,
            id="a-date-is-nobody",
        ),
        pytest.param(
            post(
                '<p property="author" typeof="Person"><a property="url" href="/ann"><b property="name">Ann</b></a></p>',
                attributes='vocab="https://schema.org/" typeof="BlogPosting"',
            ),
            BOTH,
            id="rdfa-lite",
        ),
        pytest.param(
            post('<b property="http://schema.org/author">Ann</b>', attributes='typeof="http://schema.org/Article"'),
            Author(name="Ann"),
            id="whole-addresses",
        ),
        pytest.param(
            post(
                '<p property="publisher" typeof="Organization"><b property="name">The Paper</b></p>',
                attributes='typeof="Article"',
            ),
            None,
            id="not-the-publisher",
        ),
        pytest.param(
            post(
                "",
                attributes='typeof="schema:Article"',
                words=f'{SAID}<div typeof="schema:Comment"><b property="schema:author">Bob</b></div>',
            ),
            None,
            id="not-of-a-comment",
        ),
    ],
)
def test_of_rdfa(markup: str, author: Author | None) -> None:
    assert who(markup) == at_site(author)


@pytest.mark.parametrize(
    ("answer", "author"),
    [
        pytest.param(BOB, Author(name="Bob", url="/bob"), id="its-own"),
        pytest.param(BOB.replace("/bob", "https://me.example/"), Author(name="Bob"), id="an-address-typed-in"),
        pytest.param("", None, id="nobody-and-never-who-asked"),
    ],
)
def test_of_an_answer(answer: str, author: Author | None) -> None:
    inner = f'<div itemscope itemtype="https://schema.org/Answer">{answer}{SAID}</div>'
    asked = f"<main {QUESTION}>{ANN}<p>Why?</p>{inner}</main>"
    markup = f'<meta name="author" content="Ann"><time datetime="2024-05-05">May</time>{asked}'
    assert who(markup) == at_site(author)
    assert speaker_of(page_of(markup)).date is None
    assert who(asked.replace("Why?", LINK)) == at_site(BOTH)


def test_who_wrote_a_post_answers_the_questions_in_it() -> None:
    answer = f'<div itemscope itemtype="https://schema.org/Answer">{SAID}</div>'
    asked = f'<div itemscope itemtype="https://schema.org/FAQPage"><div {QUESTION}><h2>Why?</h2>{answer}</div></div>'
    assert who(post(ANN, words=asked)) == at_site(BOTH)


META = '<meta itemprop="author" content="{}"><meta itemprop="datePublished" content="2024-05-0{}">'


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        pytest.param(f"<article>{META.format('Ann', 5)}{SAID}</article>", ("Ann", "2024-05-05"), id="of-the-article"),
        pytest.param(
            f"<main>{SAID}<p {POST} hidden>{META.format('Ann', 5)}</p></main>", ("Ann", "2024-05-05"), id="beside"
        ),
        pytest.param(
            f"<article>{SAID}</article><article>{META.format('Bob', 1)}</article>", (None, None), id="related"
        ),
        pytest.param(
            "".join(f'<p {POST}><meta itemprop="author" content="{name}"></p>' for name in ("Bob", "Cem")) + SAID,
            (None, None),
            id="of-many",
        ),
        pytest.param(
            post(META.format("Bob", 1)).replace(LINK, "it") + post(META.format("Ann", 5)),
            ("Ann", "2024-05-05"),
            id="of-a-list",
        ),
    ],
)
def test_what_metas_in_the_body_say(markup: str, said: tuple[str | None, str | None]) -> None:
    found = read_mention(markup.encode(), source=URL, target=TARGET, url=URL, content_type="text/html; charset=utf-8")
    assert (None if found.author is None else found.author.name, found.published_as) == said
