"""`Receiver.reverify`: old mentions are looked at again, few at a time, and withdrawn where their sources are dead."""

from datetime import timedelta

import pytest

from pingback.errors import FetchError, Unreachable
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.receive.conftest import CHANGED, NO_LINK, SOURCE, TARGET, MakeReceiver
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Page, Pages

MONTH = timedelta(days=30)
DEAD = Unreachable(SOURCE, "no such host")


@pytest.fixture
def known(make: MakeReceiver, clock: Clock) -> Receiver:
    """A receiver that took the ping a month ago."""
    receiver: Receiver = make()
    receiver.ping(SOURCE, TARGET)
    clock.pass_by(days=30)
    return receiver


def looked(receiver: Receiver, store: Store, most: int = 4) -> Mention:
    receiver.reverify(after=MONTH, most=most)
    [mention] = store.mentions()
    return mention


def test_what_the_source_says_now_is_taken_over(known: Receiver, store: Store, pages: Pages, clock: Clock) -> None:
    pages.web[SOURCE] = CHANGED
    mention = looked(known, store)
    assert (mention.title, mention.verified) == ("A new title", clock.instant)
    looked(known, store)
    assert len(pages.asked) == 2  # for another month


@pytest.mark.parametrize("opinion", [MentionStatus.PENDING, MentionStatus.SPAM, MentionStatus.REJECTED])
def test_new_words_that_would_not_be_approved_are_not_shown(
    known: Receiver, make: MakeReceiver, store: Store, pages: Pages, clock: Clock, opinion: MentionStatus
) -> None:
    """Nobody gets a page approved and then writes what they like in it."""
    [before] = store.mentions()
    pages.web[SOURCE] = CHANGED
    mention = looked(make(decide=lambda _: opinion), store)
    assert (mention.status, mention.title, mention.excerpt) == (before.status, before.title, before.excerpt)
    assert mention.verified == clock.instant


@pytest.mark.parametrize("answer", [NO_LINK, Page(status=404), Page(status=410)], ids=["no-link", "404", "410"])
def test_what_is_gone_is_withdrawn_at_once(known: Receiver, store: Store, pages: Pages, answer: Page) -> None:
    pages.web[SOURCE] = answer
    assert looked(known, store).status is MentionStatus.DELETED


@pytest.mark.parametrize("answer", [DEAD, Page(status=500)], ids=["unreachable", "500"])
def test_what_fails_is_withdrawn_on_the_third_of_several_days(
    known: Receiver, store: Store, pages: Pages, clock: Clock, answer: Page | FetchError
) -> None:
    pages.web[SOURCE] = answer
    seen = []
    for _ in range(8):
        seen.append(looked(known, store).status)
        clock.pass_by(days=1)
    assert seen == [MentionStatus.APPROVED] * 6 + [MentionStatus.DELETED] * 2
    assert len(pages.asked) == 1 + 3


def test_few_at_a_time_and_each_once(make: MakeReceiver, store: Store, pages: Pages, clock: Clock) -> None:
    receiver = make()
    for number in range(5):
        pages.web[f"{SOURCE}{number}"] = pages.web[SOURCE]
        receiver.ping(f"{SOURCE}{number}", TARGET)
        clock.pass_by(seconds=1)
    clock.pass_by(days=30)
    for _ in range(4):
        receiver.reverify(after=MONTH, most=2)
    assert [url for url, _ in pages.asked[5:]] == [f"{SOURCE}{number}" for number in range(5)]


def test_two_processes_share_the_work(
    known: Receiver, make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    looked(known, store)
    looked(make(), store)
    assert len(pages.asked) == 2


def test_the_source_is_told_on_nobody_s_behalf(known: Receiver, store: Store, pages: Pages) -> None:
    looked(known, store)
    _, headers = pages.asked[-1]
    assert "X-Pingback-Forwarded-For" not in headers
    assert headers["User-Agent"].endswith("verifying pingback")


def test_a_shorter_time_than_that_between_failures(known: Receiver, store: Store, pages: Pages, clock: Clock) -> None:
    known.reverify(after=timedelta(days=1), most=1)
    clock.pass_by(days=1)
    known.reverify(after=timedelta(days=1), most=1)
    assert len(pages.asked) == 3


def test_a_trackback_that_was_never_verified_is_left_alone(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make(verify_trackbacks=False)
    receiver.ping(SOURCE, TARGET, protocol=Protocol.TRACKBACK)
    clock.pass_by(days=400)
    assert looked(receiver, store).status is MentionStatus.PENDING
    assert pages.asked == []
