"""`Receiver.reverify`: old mentions are looked at again, few at a time, and withdrawn where their sources are dead."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pingback.errors import FaultCode, FetchError, Unreachable
from pingback.model import Mention, MentionStatus, Protocol
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.deciders.known import known_good
from pingback.receive.moderation import hold, in_order
from pingback.store import Store
from tests.receive.conftest import CHANGED, LINKING, NO_LINK, SOURCE, TARGET, MakeReceiver, refusal
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


LINKS = '<a href="http://pills.example/">x</a>' * 300
FARM = Page(f'<title>PILLS</title>{LINKS}<p>cheap <a href="{TARGET}">pills</a></p>')
SWAPPED = Page(f'<title>PILLS</title><p>cheap <a href="{TARGET}">pills</a></p>')
OLD_TITLE = "A “post” – A"


@pytest.mark.parametrize("others", [False, True], ids=["alone", "another-page-approved"])
@pytest.mark.parametrize("meanwhile", [None, NO_LINK], ids=["at-once", "withdrawn-meanwhile"])
@pytest.mark.parametrize(
    ("page", "title_alone", "title"),
    [
        pytest.param(LINKING, OLD_TITLE, OLD_TITLE, id="as-it-was"),
        pytest.param(FARM, OLD_TITLE, OLD_TITLE, id="a-link-farm"),
        pytest.param(SWAPPED, OLD_TITLE, "PILLS", id="other-words"),
        pytest.param(replace(SWAPPED, url="https://c.example/"), OLD_TITLE, OLD_TITLE, id="redirected-elsewhere"),
        pytest.param(replace(CHANGED, url=f"{SOURCE}?2"), OLD_TITLE, "A new title", id="redirected-at-home"),
    ],
)
def test_an_approval_is_no_trust_in_what_the_page_becomes(
    make: MakeReceiver,
    store: Store,
    pages: Pages,
    clock: Clock,
    page: Page,
    title_alone: str,
    title: str,
    meanwhile: Page | None,
    others: bool,
) -> None:
    receiver = make(decide=in_order([known_good(store.moderation), suspicious], last=hold))
    kept = [receiver.ping(SOURCE, TARGET)]
    if others:
        pages.web[f"{SOURCE}-2"] = LINKING
        kept.append(receiver.ping(f"{SOURCE}-2", TARGET))
    store.moderation.decide([mention.id or 0 for mention in kept], MentionStatus.APPROVED)
    for becomes in filter(None, (meanwhile, page)):
        pages.web[SOURCE] = becomes
        clock.pass_by(hours=2)
        assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    mention = store.find(SOURCE, TARGET)
    assert mention is not None
    assert (mention.status, mention.title) == (MentionStatus.APPROVED, title if others else title_alone)
    assert mention.verified == clock.instant


def test_nor_is_it_where_the_page_names_another_target(make: MakeReceiver, store: Store, pages: Pages) -> None:
    receiver = make(decide=in_order([known_good(store.moderation), suspicious], last=hold))
    store.moderation.decide([receiver.ping(SOURCE, TARGET).id or 0], MentionStatus.APPROVED)
    pages.web[SOURCE] = Page(SWAPPED.body.replace(TARGET, f"{TARGET}0"))
    assert receiver.ping(SOURCE, f"{TARGET}0").status is MentionStatus.PENDING


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
