"""`pingback.captions`: a mention in a line, by its title, or by who says what."""

from dataclasses import replace

import pytest

from pingback.captions import headline, label_of, line, link_of, name_of, title_of, via, words_of, written
from pingback.model import Author, Content, Mention, MentionKind
from tests.server.strangers import LIKE, PLAIN, REPLY, RSVP


@pytest.mark.parametrize(
    ("mention", "expected"),
    [
        pytest.param(PLAIN, "Pingback: A post | Ann’s site", id="title"),
        pytest.param(replace(PLAIN, title=None), "Pingback: Ann: As said in part five, it is so.", id="note"),
        pytest.param(replace(PLAIN, title=None, excerpt=None), "Pingback: Ann", id="who"),
        pytest.param(replace(PLAIN, title=None, author=None, excerpt=None), "Pingback: Ann’s site", id="site"),
        pytest.param(replace(PLAIN, title=None, author=None, site_name=None), f"Pingback: {PLAIN.excerpt}", id="what"),
        pytest.param(
            replace(PLAIN, title=None, author=None, site_name=None, excerpt=None),
            "Pingback: https://a.example/post",
            id="neither",
        ),
        pytest.param(LIKE, "Like: Bob", id="like"),
        pytest.param(replace(LIKE, author=None), "Like: b.example", id="like-of-nobody"),
        pytest.param(replace(LIKE, kind=MentionKind.REPOST), "Repost: Bob", id="repost"),
        pytest.param(replace(LIKE, kind=MentionKind.BOOKMARK), "Bookmark: Bob", id="bookmark"),
        pytest.param(REPLY, "Reply: Dee: I do not think so. See my post.", id="reply"),
        pytest.param(replace(LIKE, title="Part five"), "Like: Bob", id="like-of-a-page-with-a-title"),
        pytest.param(replace(REPLY, title="On part five"), f"Reply: Dee: {REPLY.excerpt}", id="reply-with-a-title"),
        pytest.param(
            replace(REPLY, title="On part five", content=None), "Reply: On part five", id="reply-without-words"
        ),
        pytest.param(RSVP, "RSVP maybe: Eve of the Moor", id="answer"),
        pytest.param(replace(RSVP, rsvp=None), "RSVP: Eve of the Moor", id="answer-that-is-none"),
    ],
)
def test_a_line(mention: Mention, expected: str) -> None:
    assert line(mention) == expected
    assert label_of(mention) == expected.partition(": ")[0]


@pytest.mark.parametrize(
    ("mention", "expected"),
    [
        pytest.param(PLAIN, "A post | Ann’s site", id="mention"),
        pytest.param(REPLY, "Dee: I do not think so. See my post.", id="reply"),
        pytest.param(LIKE, "Bob liked my.example/part-5", id="like"),
        pytest.param(replace(LIKE, author=None), "b.example liked my.example/part-5", id="like-of-nobody"),
        pytest.param(
            replace(LIKE, kind=MentionKind.REPOST, target="https://my.example/"),
            "Bob reposted my.example",
            id="repost-of-the-front-page",
        ),
        pytest.param(replace(LIKE, kind=MentionKind.BOOKMARK), "Bob bookmarked my.example/part-5", id="bookmark"),
        pytest.param(RSVP, "Eve of the Moor answered the invitation my.example/part-5: maybe", id="answer"),
        pytest.param(
            replace(RSVP, rsvp=None),
            "Eve of the Moor answered the invitation my.example/part-5",
            id="answer-that-is-none",
        ),
    ],
)
def test_a_headline(mention: Mention, expected: str) -> None:
    assert headline(mention) == expected
    if mention is not PLAIN:
        assert headline(replace(mention, title="Part five")) == expected


@pytest.mark.parametrize(
    ("excerpt", "words"),
    [
        pytest.param("Twice, for the joins.", "Twice, for the joins.", id="note"),
        pytest.param("part five", None, id="what-its-link-is-called"),
        pytest.param("https://my.example/part-5", None, id="address"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_what_a_bookmark_says(excerpt: str | None, words: str | None) -> None:
    bookmark = replace(LIKE, kind=MentionKind.BOOKMARK, title="Part five – My blog", excerpt=excerpt)
    assert words_of(bookmark) == words


def test_long_words_end_at_a_word() -> None:
    long = replace(REPLY, content=Content(text="word " * 1000, html=""))
    assert len(title_of(long)) <= 130
    assert title_of(long).endswith(" word…")


@pytest.mark.parametrize(
    ("permalink", "original", "link", "said_by"),
    [
        pytest.param(None, None, "https://d.example/reply", None, id="source"),
        pytest.param("https://d.example/1", None, "https://d.example/1", None, id="permalink"),
        pytest.param("https://f.example/1", None, "https://f.example/1", "d.example", id="where-it-led"),
        pytest.param(None, "https://f.example/1", "https://f.example/1", "d.example", id="original"),
    ],
)
def test_where_to_read_it(permalink: str | None, original: str | None, link: str, said_by: str | None) -> None:
    mention = replace(REPLY, permalink=permalink, original=original)
    assert link_of(mention) == link
    assert via(mention) == said_by
    assert via(mention, ["d.example"]) is None


def test_who_has_no_name_is_named_by_the_host_of_the_entry() -> None:
    mention = replace(REPLY, author=Author(url="https://dee.example/"), permalink="https://f.example/1")
    assert name_of(mention) == "f.example"
    assert name_of(replace(mention, permalink=None, original="https://g.example/1")) == "d.example"


def test_when() -> None:
    assert written(REPLY) == "2026-01-02T23:30-05:00"
    assert written(PLAIN) == "2026-01-01T08:00:00Z"
    assert written(LIKE) is None
