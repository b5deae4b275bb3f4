"""`pingback.receive.deciders.heuristics`: what waits for the owner although nobody is known to be bad."""

import pytest

from pingback.model import Author, Content, Mention, MentionKind, MentionStatus, Opinion, Sighting
from pingback.receive.deciders.heuristics import suspicious
from tests.receive.deciders.mentions import ARRIVED, arrived

ANN = Author(name="Ann", url="https://ann.example/")
CONTENT = Content(text="I do it otherwise.", html="<p>I do it otherwise.</p>")


def page(outbound: int, size: int = 1_000_000) -> Sighting:
    return Sighting(url=ARRIVED.source, size=size, outbound=outbound)


@pytest.mark.parametrize(
    "mention",
    [
        pytest.param(ARRIVED, id="a-post"),
        pytest.param(arrived(sighting=page(100)), id="a-long-blogroll"),
        pytest.param(arrived(sighting=page(49, 1000)), id="a-short-list-of-links"),
        pytest.param(arrived(sighting=page(50, 15_000)), id="links-with-words"),
        pytest.param(arrived(excerpt=None, kind=MentionKind.LIKE), id="a-like-has-no-words"),
        pytest.param(arrived(excerpt=None, kind=MentionKind.REPOST), id="a-repost-has-no-words"),
        pytest.param(arrived(excerpt=None, kind=MentionKind.BOOKMARK), id="a-bookmark-has-no-words"),
        pytest.param(arrived(excerpt=None, kind=MentionKind.RSVP), id="an-answer-needs-no-words"),
        pytest.param(arrived(sighting=None), id="a-page-that-nobody-saw"),
        pytest.param(arrived(title=None, author=ANN), id="a-note"),
        pytest.param(arrived(title=None, excerpt=None, content=CONTENT, author=ANN), id="a-note-whole"),
        pytest.param(arrived(title=None, excerpt=None, author=ANN, kind=MentionKind.LIKE), id="a-like-without-a-title"),
        pytest.param(arrived(excerpt=None, content=CONTENT), id="a-reply-whole"),
    ],
)
def test_nothing_to_say(mention: Mention) -> None:
    assert suspicious(mention) is None


@pytest.mark.parametrize(
    ("mention", "odd"),
    [
        pytest.param(arrived(title=None), "has no title", id="no-title"),
        pytest.param(arrived(title=""), "has no title", id="empty-title"),
        pytest.param(arrived(excerpt=None), "says nothing around the link", id="no-words"),
        pytest.param(
            arrived(excerpt=None, kind=MentionKind.REPLY), "says nothing around the link", id="a-reply-without-words"
        ),
        pytest.param(arrived(title=None, kind=MentionKind.LIKE), "has no title", id="a-like-by-nobody"),
        pytest.param(arrived(title=None, content=CONTENT), "has no title", id="a-note-by-nobody"),
        pytest.param(arrived(title=None, author=Author(url=ANN.url)), "has no title", id="a-note-by-an-address"),
        pytest.param(arrived(title=None, excerpt=None, author=ANN), "has no title", id="a-note-without-words"),
        pytest.param(
            arrived(title=None, excerpt="https://pills.example/ https://my.example/blog/part-5", author=ANN),
            "has no title",
            id="a-note-of-addresses",
        ),
        pytest.param(
            arrived(title=None, author=ANN, sighting=page(101)), "has 101 links to other sites", id="a-note-and-links"
        ),
        pytest.param(arrived(sighting=page(101)), "has 101 links to other sites", id="too-many-links"),
        pytest.param(arrived(sighting=page(50, 14_999)), "has little but links", id="links-and-little-else"),
    ],
)
def test_held(mention: Mention, odd: str) -> None:
    assert suspicious(mention) == Opinion(status=MentionStatus.PENDING, reason=f"suspicious: the page {odd}")
