"""`pingback.receive.receiver`: a pair that is known is verified anew, at most once an hour (Webmention §3.2.4)."""

import pytest

from pingback.errors import Blocked, FaultCode, FetchError, Unreachable
from pingback.model import Mention, MentionStatus
from pingback.store import Store
from tests.receive.conftest import (
    CHANGED,
    LINKING,
    NO_LINK,
    SOURCE,
    TARGET,
    MakeReceiver,
    finish,
    refusal,
)
from tests.receive.lax import Receiver
from tests.receive.pages import PATIENCE, Clock, Page, Pages


def test_the_same_ping_again_is_48_without_a_fetch(make: MakeReceiver, pages: Pages, store: Store) -> None:
    receiver = make()
    mention = receiver.ping(SOURCE, TARGET)
    pages.web[SOURCE] = CHANGED
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    assert refusal(receiver, "http://A.example:80/post#x", TARGET + "#y").code == FaultCode.ALREADY_REGISTERED
    assert len(pages.asked) == 1
    assert list(store.mentions.list()) == [mention]


@pytest.fixture(params=[pytest.param(None, id="inline"), pytest.param(PATIENCE, id="background")])
def known(request: pytest.FixtureRequest, make: MakeReceiver) -> Receiver:
    """A receiver that has taken the ping already."""
    receiver: Receiver = make(answer_within=request.param)
    receiver.ping(SOURCE, TARGET)
    return receiver


def again(receiver: Receiver, store: Store) -> Mention:
    """The mention after one more ping, which is always 48, and the jobs that it leaves."""
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    finish(receiver)
    [mention] = store.mentions.list()
    return mention


def test_after_an_hour_it_is_verified_anew(known: Receiver, store: Store, pages: Pages, clock: Clock) -> None:
    arrived = clock.instant
    pages.web[SOURCE] = CHANGED
    clock.pass_by(minutes=59, seconds=59)
    assert again(known, store).title == "A “post” – A"
    clock.pass_by(seconds=1)
    mention = again(known, store)
    assert (mention.title, mention.excerpt) == ("A new title", "other words the link")
    assert (mention.status, mention.received, mention.verified) == (MentionStatus.APPROVED, arrived, clock.instant)
    assert len(pages.asked) == 2
    again(known, store)
    assert len(pages.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(NO_LINK, id="link-gone"),
        pytest.param(Page(status=404), id="404"),
        pytest.param(Page(status=410), id="410"),
    ],
)
def test_what_is_gone_is_withdrawn_and_may_come_back(
    known: Receiver, store: Store, pages: Pages, clock: Clock, answer: Page
) -> None:
    pages.web[SOURCE] = answer
    clock.pass_by(hours=1)
    mention = again(known, store)
    assert (mention.status, mention.title, mention.verified) == (MentionStatus.DELETED, "A “post” – A", clock.instant)
    assert known.pingbacks_of(TARGET) == []
    pages.web[SOURCE] = CHANGED
    assert again(known, store).status is MentionStatus.DELETED  # the hour is not over
    clock.pass_by(hours=1)
    mention = again(known, store)
    assert (mention.status, mention.title) == (MentionStatus.APPROVED, "A new title")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Page(status=500), id="500"),
        pytest.param(Page(status=403), id="403"),
        pytest.param(Unreachable(SOURCE, "out of time"), id="unreachable"),
        pytest.param(Blocked(SOURCE, "10.0.0.1 is private"), id="blocked"),
    ],
)
def test_what_may_be_back_tomorrow_changes_nothing(
    known: Receiver, store: Store, pages: Pages, clock: Clock, answer: Page | FetchError
) -> None:
    [before] = store.mentions.list()
    pages.web[SOURCE] = answer
    clock.pass_by(hours=1)
    assert again(known, store) == before
    again(known, store)
    assert len(pages.asked) == 2  # a failed try counts for the hour


def test_what_fails_three_times_days_apart_is_withdrawn(
    known: Receiver, store: Store, pages: Pages, clock: Clock
) -> None:
    pages.web[SOURCE] = Page(status=500)
    clock.pass_by(days=400)
    assert again(known, store).status is MentionStatus.APPROVED  # never on the first
    for _ in range(71):
        clock.pass_by(hours=1)
        assert again(known, store).status is MentionStatus.APPROVED
    clock.pass_by(hours=1)
    assert again(known, store).status is MentionStatus.APPROVED
    clock.pass_by(days=3)
    assert again(known, store).status is MentionStatus.DELETED


def test_failures_that_are_not_in_a_row_are_forgiven(known: Receiver, store: Store, pages: Pages, clock: Clock) -> None:
    for answer in (Page(status=500), Page(status=500), LINKING, Page(status=500), Page(status=500)):
        pages.web[SOURCE] = answer
        clock.pass_by(days=3)
        assert again(known, store).status is MentionStatus.APPROVED


def test_spam_does_not_come_back_as_something_else(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    make(decide=lambda _: MentionStatus.SPAM).ping(SOURCE, TARGET)
    for answer in (NO_LINK, LINKING):
        pages.web[SOURCE] = answer
        clock.pass_by(hours=1)
        assert again(make(), store).status is MentionStatus.SPAM


@pytest.mark.parametrize("status", [MentionStatus.SPAM, MentionStatus.PENDING])
def test_a_decision_outlives_new_words(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, status: MentionStatus
) -> None:
    make(decide=lambda _: status).ping(SOURCE, TARGET)
    pages.web[SOURCE] = CHANGED
    clock.pass_by(hours=1)
    mention = again(make(), store)
    assert (mention.status, mention.title) == (status, "A new title")


def test_a_withdrawn_mention_that_is_now_decided_against_stays_withdrawn(
    known: Receiver, make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    pages.web[SOURCE] = NO_LINK
    clock.pass_by(hours=1)
    again(known, store)
    pages.web[SOURCE] = CHANGED
    clock.pass_by(hours=1)
    strict = make(decide=lambda _: MentionStatus.REJECTED)
    assert again(strict, store).status is MentionStatus.DELETED


def test_a_ping_left_pending_is_judged_when_it_comes_again(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    crashed = make(answer_within=0.0)
    crashed.ping(SOURCE, TARGET)
    clock.pass_by(hours=1)
    assert again(make(), store).status is MentionStatus.APPROVED


def test_where_its_host_has_no_room_it_is_looked_at_as_soon_as_it_has(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make(threads=False)
    receiver.ping(SOURCE, TARGET)
    pages.web[SOURCE] = CHANGED
    clock.pass_by(hours=1)
    with receiver.verifier.budget.place("a.example"), receiver.verifier.budget.place("a.example"):
        assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    assert len(pages.asked) == 1
    finish(receiver)
    assert [mention.title for mention in store.mentions.list()] == ["A new title"]
