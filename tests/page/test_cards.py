"""Which of a page's cards is its author's, where the entry names nobody."""

import pytest

from pingback.model import Author
from tests.page.test_authors import CARD, COMMENT, LINK, URL, WORDS, at_site, entry, who


@pytest.mark.parametrize(
    ("markup", "author"),
    [
        pytest.param(
            entry()
            + f'<p class="h-card"><a class="u-url" href="{URL}">Ann</a></p><a class="h-card" href="/bob">Bob</a>',
            Author(name="Ann", url=URL),
            id="a-card-whose-address-is-the-page",
        ),
        pytest.param(
            entry()
            + '<p class="h-card"><a rel="me" class="u-url" href="https://ann.example/">Ann</a></p>'
            + '<a class="h-card" href="/bob">Bob</a>',
            Author(name="Ann", url="https://ann.example/"),
            id="a-card-with-rel-me",
        ),
        pytest.param(entry() + CARD, Author(name="Ann Card", url="/ann", photo="/ann.png"), id="the-sole-card"),
        pytest.param(
            entry() + CARD + CARD, Author(name="Ann Card", url="/ann", photo="/ann.png"), id="the-sole-card-twice"
        ),
        pytest.param(entry() + CARD + '<a class="h-card" href="/bob">Bob</a>', None, id="two-cards"),
        pytest.param(
            entry()
            + '<aside class="h-card"><a class="u-url" href="/about">Ann</a> <p class="p-note">I write.</p></aside>',
            Author(name="Ann", url="/about"),
            id="a-card-of-the-site-beside-the-entry",
        ),
        pytest.param(
            entry() + '<aside><ul><li><a class="h-card" href="https://friend.example/">A Friend</a></ul></aside>',
            None,
            id="a-friend-in-a-list",
        ),
        pytest.param(
            entry() + '<div class="post-likes"><a class="h-card" href="https://bob.example/">Bob</a></div>',
            None,
            id="who-likes-it",
        ),
        pytest.param(
            f'<p>I thank <a class="h-card" href="https://bob.example/">Bob</a> for {LINK}.</p>',
            None,
            id="who-is-thanked",
        ),
        pytest.param(
            entry()
            + '<div id="feedbacks"><p class="vcard"><a class="fn url" href="https://carl.example/">Carl</a></p></div>',
            None,
            id="who-gives-feedback",
        ),
        pytest.param(
            entry() + '<address class="vcard"><a class="fn org url" href="https://maker.example/">Maker</a></address>',
            None,
            id="who-made-the-site",
        ),
        pytest.param(
            f'<p>I have asked <a class="h-card" href="/bob">Bob</a>, who knows all of it, for {LINK}.</p>',
            None,
            id="a-colleague-in-the-prose",
        ),
        pytest.param(
            f'<p>By <a class="h-card" href="/ann">Ann</a></p><p>{LINK}</p>', Author(name="Ann", url="/ann"), id="a-line"
        ),
        pytest.param(
            entry() + '<footer><p class="h-card"><a class="u-url" href="https://ann.example/">Ann</a></p></footer>',
            Author(name="Ann", url="https://ann.example/"),
            id="a-card-of-another-site-at-the-foot",
        ),
        pytest.param(
            entry()
            + '<footer class="vcard">Powered by <a class="url" href="https://maker.example/">Maker</a></footer>',
            None,
            id="who-made-the-theme",
        ),
        pytest.param(
            entry()
            + '<div class="u-comment h-cite"><a class="p-author h-card" href="https://carl.example/">Carl</a></div>',
            None,
            id="a-commenter-behind-it",
        ),
        pytest.param(
            entry("", WORDS + '<div class="u-comment h-cite"><a class="u-author h-card" href="/carl">Carl</a></div>'),
            None,
            id="a-commenter-in-it",
        ),
        pytest.param(
            entry('<a class="u-author" href="https://carl.example/"></a>') + f'<div id="comments">{COMMENT % ""}</div>',
            Author(url="https://carl.example/"),
            id="an-address-that-a-commenter-has-too",
        ),
    ],
)
def test_a_card_of_the_page(markup: str, author: Author | None) -> None:
    assert who(markup) == at_site(author)
