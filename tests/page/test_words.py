"""The words of a page: those around a link, and all that a reply says itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Content
from pingback.page.nodes import Node
from pingback.page.tree import Page
from pingback.page.words import excerpt_around, excerpt_of, reply_of

SOURCE = "https://they.example/notes/"
TARGET = "https://me.example/post"
A = f'<a href="{TARGET}">this</a>'
MARKED = f'<a class="u-in-reply-to" href="{TARGET}">Post one</a>'
CITED = f'<span class="h-cite u-in-reply-to"><a class="u-url p-name" href="{TARGET}">Post one</a></span>'
CARD = '<a class="p-author h-card" href="/">Ann</a>'


def tree(page: str) -> Page:
    return Page([page.encode("utf-8", "replace")], url=SOURCE, charset="utf-8")


def links_of(page: Page) -> list[Node]:
    return [link for link in page.links if link.attributes["href"] == TARGET]


@pytest.mark.parametrize(
    ("page", "excerpt"),
    [
        pytest.param(f"<p>one<p>two {A} three<p>four", "two this three", id="its-paragraph"),
        pytest.param(f"<p>Dear all,<br>I read {A}.<br/>Bye<BR>Ann", "Dear all, I read this. Bye Ann", id="line-breaks"),
        pytest.param(f"<p>a<br>\n b {A}", "a b this", id="a-line-break-and-white-space"),
        pytest.param(f"<p>a{A}b", "athisb", id="inline-markup-parts-nothing"),
        pytest.param(f"<table><tr><td>one<td>two {A}<td>three", "two this", id="a-cell"),
        pytest.param(f"<p>two<div>three</div>{A} four", "this four", id="behind-a-block"),
        pytest.param(f"<ul><li>{A}</ul><p>as {A} says", "as this says", id="words-beside-it-win"),
        pytest.param(f"<ul><li>{A}</ul><p>{A}</p>", "this", id="a-bare-list"),
        pytest.param(f"<ul><li>x<li>{A}</ul>", "this", id="another-item-s-words-are-its-own"),
        pytest.param(f'<a href="{TARGET}"><img></a><p> <p>later', "later", id="an-image"),
        pytest.param(f'<a href="{TARGET}"><div>in</div><div>out</div></a><p>next', "in", id="a-block"),
        pytest.param(f'<a href="{TARGET}"><img></a>{"<p>" * 200}far', None, id="no-words-near"),
        pytest.param(
            f'<article class=h-entry><a href="{TARGET}"><img></a></article><article class=h-entry>Bob',
            None,
            id="the-next-entry-s-words-are-another-s",
        ),
        pytest.param(
            f'<article class=h-entry><div class=h-cite><a href="{TARGET}"><img></a></div><p>mine</article>',
            "mine",
            id="behind-a-citation",
        ),
        pytest.param(f'<area href="{TARGET}">words', None, id="no-a"),
        pytest.param(f'<a href="{TARGET}"></a>', None, id="nothing"),
    ],
)
def test_the_words_around_a_link(page: str, excerpt: str | None) -> None:
    built = tree(page)
    assert excerpt_around(built, links_of(built))[1] == excerpt


def test_which_link_the_words_are_around() -> None:
    page = tree(f"<li>{A}<li>{A}<p>as {A} and {A}")
    links = links_of(page)
    assert excerpt_around(page, links)[0] is links[2]
    assert excerpt_around(page, links[:2])[0] is links[0]


def reply(page: str) -> Content | None:
    built = tree(page)
    return reply_of(built, built.items[0], links_of(built))


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        pytest.param("<div class=e-content>Mine</div><p class=p-summary>No", "Mine", id="its-content"),
        pytest.param("<div class=e-content> </div><p class=p-summary>Short<h1 class=p-name>No", "Short", id="summary"),
        pytest.param("<div class=e-summary>Short <b>one</b></div><p>No", "Short one", id="summary-with-markup"),
        pytest.param(
            f'<div class="u-in-reply-to h-cite"><a class=u-url href="{TARGET}">x</a><blockquote class=e-summary>Theirs'
            "</blockquote></div><div class=p-name>Mine</div>",
            "Mine",
            id="the-summary-of-what-it-answers",
        ),
        pytest.param("<h1 class=p-name>Name</h1><p>No", "Name", id="name"),
        pytest.param("<div class=e-content>One</div><div class=e-content>Two", "One", id="the-first-content"),
        pytest.param(
            "<div class='h-cite p-comment'><p class=e-content>Bob's</div><p class=e-content>Mine", "Mine", id="nested"
        ),
        pytest.param(
            "<div class=comment-list><p class=e-content>Bob's</div><p class=e-content>Mine", "Mine", id="comments"
        ),
        pytest.param(
            f"<div class=u-in-reply-to><p class=e-content>Theirs</p>{A}</div><p class=e-content>Mine",
            "Mine",
            id="the-answered-content",
        ),
        pytest.param(
            f"{MARKED}<p>I agree.</p><time class=dt-published>5 May</time>{CARD}<a class=u-url href=/r>#</a>",
            "I agree.",
            id="without-any",
        ),
        pytest.param(
            "<p>I agree.</p><nav>menu</nav><footer>foot</footer><div class=h-cite>Bob's</div><p><time>5 May</time>"
            "<p class=h-card>Ann</p><a rel=bookmark href=/r>#</a><a class=p-category href=/t>tag</a>",
            "I agree.",
            id="without-any-and-with-much-beside",
        ),
        pytest.param(
            "Thanks, <b class=h-card>Bob</b>, till <time>Monday</time>", "Thanks, Bob, till Monday", id="in-a-sentence"
        ),
        pytest.param(f"<b class=p-rsvp>Yes</b> to {MARKED}", None, id="an-answer-alone"),
        pytest.param(f"{CITED}{CARD}", None, id="nothing"),
        pytest.param(f"{CARD} {MARKED}: <time class=dt-published>5 May</time>", None, id="the-link-alone"),
        pytest.param(f"{CARD} {MARKED} no", "Post one no", id="a-word-beside-the-link"),
    ],
)
def test_what_a_reply_says(entry: str, text: str | None) -> None:
    content = reply(f"<article class=h-entry>{entry}</article>")
    assert (content.text if content else None) == text


def test_an_entry_that_is_its_own_content() -> None:
    content = reply(f"<p class='h-entry e-content'>In reply to {MARKED}: Mine")
    assert content == Content(text="Mine", html="<p>Mine</p>")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param(f"<p>In reply to {MARKED}</p><p>Mine", "Mine", id="a-paragraph"),
        pytest.param(f"<p>Mine</p><footer>Replied to {A}</footer>", "Mine", id="at-the-end"),
        pytest.param(f"<p>In reply to {A}:<br>Mine", "Mine", id="a-line"),
        pytest.param(f"<p>In reply to {A}. Mine", "Mine", id="a-sentence"),
        pytest.param(f"<p>In reply to {A}: <b>Mine</b>, as I said", "Mine, as I said", id="up-to-a-colon"),
        pytest.param(
            f"In reply to <a href=/bob>Bob</a>’s post {A} on blog.example (5 May).<p>Mine", "Mine", id="whose"
        ),
        pytest.param(f"<p>In reply to {CITED} by <b class=h-card>Bob</b></p>Mine", "Mine", id="by-whom"),
        pytest.param(f"<p>Ann Author replied to {MARKED}</p>Mine", "Mine", id="who-replied"),
        pytest.param(f"<p>This is a reply to {A}</p>Mine", "Mine", id="this-is"),
        pytest.param(f"<p>↩ {MARKED}</p>Mine", "Mine", id="an-arrow"),
        pytest.param(f"<p><img alt=Ann> In reply to {MARKED}</p>Mine", "Mine", id="a-picture-before"),
        pytest.param(f"<p>{MARKED}</p>Mine", "Mine", id="the-link-alone"),
        pytest.param(f"<p>Bookmarked {MARKED}</p>Mine", "Mine", id="bookmark"),
        pytest.param(f"<p>Als Antwort auf {A}:</p>Mine", "Mine", id="german"),
        pytest.param(f"<p>En réponse à {A}</p>Mine", "Mine", id="french"),
        pytest.param(f"<p>En respuesta a {A}</p>Mine", "Mine", id="spanish"),
        pytest.param(f"<p>Em resposta a {A}</p>Mine", "Mine", id="portuguese"),
        pytest.param(f"<p>In risposta a {A}</p>Mine", "Mine", id="italian"),
        pytest.param(f"<p>Als antwoord op {A}</p>Mine", "Mine", id="dutch"),
        pytest.param(f"<p>Svar på {A}</p>Mine", "Mine", id="swedish"),
        pytest.param(f"<p>В ответ на {A}</p>Mine", "Mine", id="russian"),
        pytest.param(f"<p>W odpowiedzi na {A}</p>Mine", "Mine", id="polish"),
        pytest.param(f"<p>回复 {A}：好", "好", id="chinese"),
        pytest.param(f"<p>{A}への返信</p>はい", "はい", id="japanese"),
        pytest.param(f"<p class=u-in-reply-to>Xyz {A}</p>Mine", "Mine", id="a-marked-paragraph"),
        pytest.param(f"<div class='h-cite'><q>Theirs</q> {A}</div>Mine", "Mine", id="a-citation-of-it"),
        pytest.param(
            f"<section class='response h-cite p-in-reply-to'><p>{A}</p><p>Theirs</p></section>Mine", "Mine", id="a-box"
        ),
        pytest.param(f"<div class=reply-context><p>{MARKED}</p>Theirs</div>Mine", "Mine", id="a-theme-s-box"),
        pytest.param(f"<p>In reply to {MARKED}", None, id="nothing-else"),
    ],
)
def test_what_is_answered_is_not_said(markup: str, text: str | None) -> None:
    content = reply(f"<article class=h-entry><div class=e-content>{markup}</div></article>")
    assert (content.text if content else None) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param(f"<p>I disagree with {MARKED}", "I disagree with Post one", id="a-sentence"),
        pytest.param(f"<p>In reply to {A} I would say no", "In reply to this I would say no", id="that-goes-on"),
        pytest.param(f"<p>Thanks for {MARKED}!</p>Mine", "Thanks for Post one!\n\nMine", id="thanks"),
        pytest.param(f"<p>{A}</p>Mine", "this\n\nMine", id="a-bare-link-that-nothing-marks"),
        pytest.param(f"<p>I replied to {MARKED}", "I replied to Post one", id="i-replied"),
        pytest.param(f"<p>Thanks for your reply to {MARKED}", "Thanks for your reply to Post one", id="your-reply"),
        pytest.param(f"<p>{MARKED} 👍", "Post one 👍", id="an-emoji"),
        pytest.param(f"<p>See {CITED} for more", "See Post one for more", id="a-citation-in-a-sentence"),
        pytest.param("<p>In reply to <a href=/x>that</a></p>", "In reply to that", id="another-link"),
        pytest.param(
            '<p><span class=h-card><a class="u-url mention" href=/@bob>@<span>bob</span></a></span> yes', "@bob yes",
            id="a-name-at-the-beginning",
        ),
    ],
)  # fmt: skip
def test_when_in_doubt_it_is_said(markup: str, text: str) -> None:
    content = reply(f"<article class=h-entry><div class=e-content>{markup}</div></article>")
    assert content is not None
    assert content.text == text


def test_the_beginning_for_lists() -> None:
    assert excerpt_of(Content(text="one\n\ntwo " + "word " * 50, html="")) == f"one two {'word ' * 37}word…"
    assert excerpt_of(Content(text="short", html="<p>short</p>")) == "short"
    assert excerpt_of(Content(text=f"one{' ' * 2000}two", html="")) == "one two"


PIECES = (
    "<article class=h-entry>",
    "<div class=e-content>",
    "<p class='u-in-reply-to h-cite'>",
    "<p class=p-summary>",
    "<time>",
    "<b class=h-card>",
    "<nav>",
    "<br>",
    "</div>",
    "</p>",
    "</article>",
    "In reply to ",
    ": ",
    ". ",
    MARKED,
    A,
    CITED,
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=30))
def test_any_markup_gives_words_or_none(pieces: list[str]) -> None:
    page = tree("".join(pieces))
    for item in page.items:
        content = reply_of(page, item, links_of(page))
        assert content is None or content.text
    assert not page.links or len(excerpt_around(page, page.links)[1] or "") <= 200
