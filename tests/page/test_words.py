"""The words of a page: those around a link."""

import pytest

from pingback.page.tree import Node, Page
from pingback.page.words import excerpt_around

SOURCE = "https://they.example/notes/"
TARGET = "https://me.example/post"
A = f'<a href="{TARGET}">this</a>'


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
