"""`pingback.receive.moderation`: a typo that is mended makes no other page, other words do."""

from dataclasses import replace
from datetime import datetime

import pytest

from pingback.model import Author, Content, Mention, MentionKind, MentionStatus, Sighting
from pingback.receive.moderation import is_same_page
from tests.receive.deciders.mentions import ARRIVED, arrived

READ = replace(
    ARRIVED,
    title="Teh clock",
    excerpt="One tooth passes at a time, as Ann says.",
    site_name="Clocks",
    verified=ARRIVED.received,
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
        pytest.param({"author": Author(name="Me", url=READ.target)}, False, id="the-owner-as-its-author"),
        pytest.param({"author": Author(photo="https://pills.example/1.png")}, False, id="picture-elsewhere"),
        pytest.param({"site_name": "Cheap pills"}, False, id="another-site"),
        pytest.param({"site_name": "Cheap pills", "author": Author(name="Ann")}, True, id="a-site-that-is-not-shown"),
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


@pytest.mark.parametrize(
    ("verified", "same"),
    [
        pytest.param(None, True, id="never-verified"),
        pytest.param(READ.verified, False, id="seen-to-say-nothing"),
    ],
)
def test_where_there_was_nothing_to_read(verified: datetime | None, same: bool) -> None:
    assert is_same_page(replace(READ, title=None, excerpt=None, verified=verified), arrived()) is same


ANN = Author(name="Ann", url="https://a.example/ann")
SAID = "I read it twice, and the second time I built the clock. It loses a minute a day, which is more than I can say."
LINKS = '<p>See <a rel="nofollow ugc noopener" href="{}">there</a>.</p>'


def content(text: str, html: str = "") -> Content:
    return Content(text=text, html=html or f"<p>{text}</p>")


NOTE = replace(READ, kind=MentionKind.REPLY, title=None, excerpt=SAID[:60], content=content(SAID), author=ANN)


@pytest.mark.parametrize(
    ("now", "same"),
    [
        pytest.param({}, True, id="as-it-was"),
        pytest.param({"content": content(SAID.replace("minute", "second"))}, True, id="a-word-is-another"),
        pytest.param({"content": content(f"{SAID} P.S.: it was the spring.")}, True, id="an-afterthought"),
        pytest.param({"content": content("Buy pills, as many as you like, and all of them today.")}, False, id="other"),
        pytest.param({"content": content(SAID + " Buy pills, cheap and at once." * 9)}, False, id="much-behind-it"),
        pytest.param({"title": "A", "content": content("Buy pills, at once, of all kinds.")}, False, id="with-a-title"),
        pytest.param({"content": content(SAID, LINKS.format("https://pills.example/"))}, False, id="a-link-elsewhere"),
        pytest.param({"content": content(SAID, LINKS.format("https://a.example/5"))}, True, id="a-link-at-home"),
        pytest.param({"content": content(SAID, LINKS.format(READ.target))}, True, id="a-link-to-us"),
        pytest.param({"author": replace(ANN, url=READ.target)}, False, id="an-author-who-lives-here"),
        pytest.param({"original": "https://pills.example/1"}, False, id="an-own-address-elsewhere"),
        pytest.param({"permalink": "https://a.example/notes/1"}, True, id="a-permalink-at-home"),
        pytest.param({"author": None}, False, id="a-note-by-nobody"),
        pytest.param({"author": replace(ANN, name="Ann Tick")}, True, id="her-whole-name"),
        pytest.param({"author": replace(ANN, name="Cheap pills")}, False, id="another-name"),
        pytest.param({"author": None, "title": "The clock"}, False, id="a-name-that-is-gone"),
        pytest.param(
            {"author": replace(ANN, name=None), "title": "The clock"}, False, id="an-address-without-its-name"
        ),
    ],
)
def test_what_a_reply_said(now: dict[str, object], same: bool) -> None:
    said = {each: getattr(NOTE, each) for each in ("kind", "title", "excerpt", "content", "author")}
    assert is_same_page(NOTE, arrived(**(said | now))) is same


def test_whom_a_reply_links_to_does_not_become_its_author() -> None:
    linking = replace(NOTE, title="The clock", content=content(SAID, LINKS.format("https://bob.example/")))
    assert is_same_page(linking, replace(linking, title="A clock"))
    assert not is_same_page(linking, replace(linking, author=replace(ANN, url="https://bob.example/")))


def test_the_same_title_makes_a_rewritten_reply_no_same_page() -> None:
    titled = replace(NOTE, title="The clock")
    assert not is_same_page(titled, replace(titled, content=content("Buy pills, at once, of all kinds.")))


@pytest.mark.parametrize(
    ("decision", "now", "same"),
    [
        pytest.param(None, {"kind": MentionKind.REPLY, "content": content(SAID)}, False, id="words"),
        pytest.param(None, {"author": Author(name="Ann B.")}, True, id="a-name"),
        pytest.param(None, {"author": Author(name="Cheap pills")}, False, id="another-name"),
        pytest.param(None, {"author": None}, False, id="no-name"),
        pytest.param(MentionStatus.APPROVED, {"excerpt": SAID}, True, id="words-of-whom-the-owner-approved"),
    ],
)
def test_what_was_taken_for_a_name_may_say_no_more(
    decision: MentionStatus | None, now: dict[str, object], same: bool
) -> None:
    like = replace(READ, kind=MentionKind.LIKE, excerpt=None, author=Author(name="Ann"), decision=decision)
    assert is_same_page(like, replace(like, **now)) is same  # type: ignore[arg-type]  # fields


# Read by an earlier version of ours: the words differ as we read better, and the page has them still.

PAGE = f"Ann’s blog The clock In reply to Part five\n{SAID}\nOne tooth passes at a time, as Ann says. Imprint"
ANN_ELSEWHERE, BOB = Author(name="Ann", url="https://ann.social/"), Author(name="Bob", url="https://bob.example/")
WITH_WORDS = Sighting(url=READ.source, size=2000, outbound=120, text=PAGE)
FEW_LINKS = replace(WITH_WORDS, outbound=12)
LED_ELSEWHERE = replace(WITH_WORDS, url="https://new.example/6")
PILLS = replace(WITH_WORDS, text="Buy pills, cheap and at once.")
SWAPPED = {"title": READ.title, "author": None, "sighting": FEW_LINKS}
WORDLESS = {"kind": MentionKind.LIKE, "excerpt": None, "content": None, "author": None}
BETTER = {"kind": MentionKind.REPLY, "title": None, "excerpt": SAID[:60], "content": content(SAID), "read_by": 1}


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        pytest.param({"title": "The clock", "excerpt": "In reply to Part five"}, {}, True, id="a-reply-without-words"),
        pytest.param({"title": "The clock", "excerpt": None}, {}, True, id="a-title-alone"),
        pytest.param({"title": "The clock", "excerpt": "… In reply to Part five …"}, {}, True, id="cut"),
        pytest.param({"title": "The clock", "excerpt": "Part fiveI read it twice"}, {}, True, id="a-line-break"),
        pytest.param({"title": "The clock", "author": ANN}, {"author": BOB}, True, id="a-false-author"),
        pytest.param({"title": "The clock"}, {"original": "https://a.social/1"}, True, id="an-own-address"),
        pytest.param({"title": "The clock"}, {"sighting": LED_ELSEWHERE}, True, id="moved-with-all-its-words"),
        pytest.param({"title": "The watch"}, {}, False, id="another-title"),
        pytest.param({"title": "The clock", "excerpt": "Two teeth pass"}, {}, False, id="other-words"),
        pytest.param({"title": "The clock", "excerpt": None}, {"sighting": PILLS}, False, id="swapped-for-spam"),
        pytest.param({"excerpt": "Two teeth pass"}, SWAPPED, False, id="a-title-and-other-words"),
        pytest.param({"title": None, "excerpt": None}, {"sighting": FEW_LINKS}, True, id="nothing-was-read"),
        pytest.param({"title": None, "excerpt": None}, WORDLESS, True, id="nothing-was-read-and-is"),
        pytest.param({"title": None, "excerpt": None}, {}, False, id="nothing-was-read-and-it-is-odd"),
        pytest.param({"title": None, "excerpt": None}, {"sighting": LED_ELSEWHERE}, False, id="nothing-and-moved"),
        pytest.param({"title": "The clock", "read_by": 1}, {}, False, id="by-the-same-version"),
        pytest.param({"title": "The clock", "read_by": 2}, {}, False, id="by-a-later-version"),
    ],
)
def test_a_better_reading_is_the_same_page(then: dict[str, object], now: dict[str, object], same: bool) -> None:
    read = replace(READ, author=None, read_by=0)
    known = replace(read, **then)  # type: ignore[arg-type]  # fields
    found = replace(READ, author=ANN_ELSEWHERE, sighting=WITH_WORDS, **BETTER)  # type: ignore[arg-type]  # fields
    assert is_same_page(known, replace(found, **now)) is same  # type: ignore[arg-type]  # fields
