"""`pingback.receive.moderation`: a typo that is mended makes no other page, other words do."""

from dataclasses import replace
from datetime import datetime

import pytest

from pingback.model import Author, Mention, MentionKind
from pingback.receive.moderation import is_same_page
from tests.receive.deciders.mentions import ARRIVED, arrived

READ = replace(
    ARRIVED, title="Teh clock", excerpt="One tooth passes at a time, as Ann says.", verified=ARRIVED.received
)


@pytest.mark.parametrize(
    ("now", "same"),
    [
        pytest.param({}, True, id="as-it-was"),
        pytest.param({"title": "The clock"}, True, id="typo"),
        pytest.param({"excerpt": "As Ann says: one tooth passes at a time."}, True, id="other-order"),
        pytest.param({"excerpt": "I was wrong."}, True, id="same-title"),
        pytest.param({"title": "The clock", "excerpt": "BUY PILLS, cheap and at once"}, False, id="both-are-others"),
        pytest.param({"title": None}, False, id="no-title"),
        pytest.param({"kind": MentionKind.LIKE, "excerpt": None}, True, id="a-like-by-now"),
        pytest.param({"author": Author(name="Ann", url="https://a.example/ann")}, True, id="author-at-home"),
        pytest.param({"author": Author(name="Ann", url="https://pills.example/")}, False, id="author-elsewhere"),
        pytest.param({"author": Author(photo="https://pills.example/1.png")}, False, id="picture-elsewhere"),
        pytest.param({"came_from": "https://pills.example/", "title": "The clock"}, False, id="led-elsewhere"),
    ],
)
def test_what_was_read(now: dict[str, object], same: bool) -> None:
    said = {"title": READ.title, "excerpt": READ.excerpt}
    assert is_same_page(READ, arrived(**(said | now))) is same  # type: ignore[arg-type]  # as `arrived` takes them


@pytest.mark.parametrize(
    ("verified", "same"),
    [
        pytest.param(READ.verified, True, id="shown-as-it-is"),
        pytest.param(None, False, id="never-verified"),
    ],
)
def test_what_is_odd_and_as_it_was(verified: datetime | None, same: bool) -> None:
    """The owner may have liked it so; but not where nobody could see it."""
    odd: Mention = replace(READ, title=None, verified=verified)
    assert is_same_page(odd, replace(odd, verified=ARRIVED.received)) is same


def test_where_there_was_nothing_to_read_any_words_will_do() -> None:
    assert is_same_page(replace(READ, title=None, excerpt=None, verified=None), arrived())
