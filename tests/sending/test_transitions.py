"""`pingback.sending.transitions`: who hears of a change, and what a try leaves behind."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from pingback.model import Outcome, OutcomeStatus, Protocol
from pingback.sending.transitions import again, planned, tried
from pingback.work import Link, QueuedPing
from tests.store.sent import ACCEPTED, FAILED, HOUR, MINUTE, NOON, ONE, POST, RETELLING

NEW = QueuedPing(
    id=1,
    source=POST,
    target=ONE,
    host="one.example",
    status=OutcomeStatus.WAITING,
    message="waiting to be sent",
    next_try=NOON,
    fingerprint="words",
)
HELD = replace(NEW, is_held=True)
RETRIED = replace(
    NEW,
    status=OutcomeStatus.FAILED,
    attempts=3,
    next_try=NOON + HOUR,
    fault=503,
    message="no answer",
)
TOLD = replace(
    NEW,
    status=OutcomeStatus.ACCEPTED,
    message="thank you",
    attempts=1,
    next_try=None,
    told_by=Protocol.WEBMENTION,
)
TOLD_BY_PINGBACK = replace(TOLD, told_by=Protocol.PINGBACK)
TOLD_BY_TRACKBACK = replace(TOLD, told_by=Protocol.TRACKBACK)
REFUSED = replace(
    NEW,
    status=OutcomeStatus.REFUSED,
    protocol=Protocol.PINGBACK,
    endpoint="https://one.example/rpc",
    fault=17,
    message="no link",
    attempts=2,
    next_try=None,
)
ASLEEP = replace(
    NEW,
    status=OutcomeStatus.UNSUPPORTED,
    message="no endpoint",
    next_try=NOON + 24 * HOUR,
    aging_since=NOON,
)
GIVEN_UP_ON = replace(TOLD, status=OutcomeStatus.GONE, attempts=9)
LATER = NOON + MINUTE
DUE: dict[str, Any] = {"status": OutcomeStatus.WAITING, "message": "waiting to be sent", "fault": None}


def changed(ping: QueuedPing) -> QueuedPing:
    return planned(ping, Link(ONE, OTHER), source=POST, now=LATER, retelling=RETELLING)


@pytest.mark.parametrize("ping", [NEW, HELD, RETRIED, TOLD, TOLD_BY_PINGBACK, REFUSED, GIVEN_UP_ON, ASLEEP])
def test_a_link_that_is_as_it_was_is_no_news(ping: QueuedPing) -> None:
    link = Link("http://one.example", "words")
    assert planned(ping, link, source=POST, now=LATER, retelling=RETELLING) is ping


OTHER = "other words"


@pytest.mark.parametrize(
    ("ping", "after"),
    [
        pytest.param(NEW, replace(NEW, fingerprint=OTHER), id="waiting-keeps-its-turn"),
        pytest.param(RETRIED, replace(RETRIED, **DUE, next_try=LATER, fingerprint=OTHER), id="failed-is-tried-now"),
        pytest.param(
            TOLD, replace(TOLD, **DUE, next_try=LATER, fingerprint=OTHER), id="webmention-3.1.4-is-sent-again"
        ),
        pytest.param(TOLD_BY_PINGBACK, replace(TOLD_BY_PINGBACK, fingerprint=OTHER), id="pingback-says-already"),
        pytest.param(TOLD_BY_TRACKBACK, replace(TOLD_BY_TRACKBACK, fingerprint=OTHER), id="trackback-says-already"),
        pytest.param(REFUSED, replace(NEW, next_try=LATER, fingerprint=OTHER), id="refused-begins-anew"),
        pytest.param(
            GIVEN_UP_ON,
            replace(NEW, next_try=LATER, told_by=Protocol.WEBMENTION, fingerprint=OTHER),
            id="told-then-given-up-begins-anew",
        ),
        pytest.param(HELD, replace(HELD, fingerprint=OTHER), id="a-lease-stays-its-holders"),
        pytest.param(ASLEEP, replace(NEW, next_try=LATER, fingerprint=OTHER), id="aging-begins-anew"),
        pytest.param(
            replace(ASLEEP, next_try=NOON), replace(NEW, next_try=NOON, fingerprint=OTHER), id="aging-and-due-as-well"
        ),
    ],
)
def test_a_link_in_other_words(ping: QueuedPing, after: QueuedPing) -> None:
    assert changed(ping) == after


@pytest.mark.parametrize("status", ["refused", "unsupported", "gone", "blocked"])
def test_whatever_ended_in_a_no_begins_anew(status: str) -> None:
    assert changed(replace(REFUSED, status=OutcomeStatus(status))) == replace(NEW, next_try=LATER, fingerprint=OTHER)


AS_TOLD = replace(NEW, status=OutcomeStatus.SKIPPED, message="it is old", next_try=None)


@pytest.mark.parametrize("words", ["words", OTHER], ids=["as-it-was", "in-other-words"])
def test_what_is_taken_as_told_stays_so_until_that_is_made_up_for(words: str) -> None:
    link = Link(ONE, words)
    known = planned(AS_TOLD, link, source=POST, now=LATER, retelling=RETELLING)
    assert known == replace(AS_TOLD, fingerprint=words)
    made_up_for = planned(known, link, source=POST, now=LATER, retelling=RETELLING, backfill=True)
    assert made_up_for == replace(NEW, fingerprint=words, next_try=LATER)


def test_what_is_taken_as_told_is_not_sent_again_with_all_others() -> None:
    assert again(AS_TOLD, now=LATER, retelling=RETELLING) is AS_TOLD


def test_what_was_taken_as_told_and_removed_is_no_news_until_it_is_back() -> None:
    removed = planned(AS_TOLD, None, source=POST, now=LATER, retelling=RETELLING)
    assert removed == replace(AS_TOLD, linked=False)
    back = planned(removed, Link(ONE, "words"), source=POST, now=LATER, retelling=RETELLING)
    assert back == replace(NEW, next_try=LATER)


def test_a_changed_link_is_sent_as_it_is_written_now() -> None:
    link = Link("http://one.example:80", "x")
    after = planned(NEW, link, source="http://a.example/post", now=NOON, retelling=RETELLING)
    assert (after.source, after.target) == ("http://a.example/post", "http://one.example:80")


@pytest.mark.parametrize(
    ("ping", "after"),
    [
        pytest.param(TOLD, replace(TOLD, **DUE, next_try=LATER), id="webmention-3.1.4-hears-of-it"),
        pytest.param(GIVEN_UP_ON, replace(NEW, next_try=LATER, told_by=Protocol.WEBMENTION), id="told-and-given-up"),
        pytest.param(TOLD_BY_PINGBACK, TOLD_BY_PINGBACK, id="pingback-cannot-say-it"),
        pytest.param(TOLD_BY_TRACKBACK, TOLD_BY_TRACKBACK, id="trackback-cannot-say-it"),
        pytest.param(REFUSED, REFUSED, id="refused-knows-nothing"),
        pytest.param(
            RETRIED,
            replace(RETRIED, status=OutcomeStatus.SKIPPED, message="the post no longer links to it", next_try=None),
            id="never-told",
        ),
        pytest.param(HELD, HELD, id="perhaps-told-by-whoever-holds-it"),
        pytest.param(ASLEEP, replace(ASLEEP, next_try=None, aging_since=None), id="aging-is-asked-no-more"),
    ],
)
def test_a_link_that_was_removed(ping: QueuedPing, after: QueuedPing) -> None:
    removed = planned(ping, None, source=POST, now=LATER, retelling=RETELLING)
    assert removed == replace(after, linked=False)
    assert planned(removed, None, source=POST, now=LATER + HOUR, retelling=RETELLING) is removed


@pytest.mark.parametrize("ping", [NEW, RETRIED, TOLD, TOLD_BY_PINGBACK, REFUSED, GIVEN_UP_ON])
def test_a_link_that_came_back_is_due(ping: QueuedPing) -> None:
    plan = partial(planned, source=POST, now=NOON, retelling=RETELLING)
    back = plan(plan(ping, None), Link(ONE, "words"))
    assert back.linked
    assert back.next_try == NOON


@pytest.mark.parametrize(
    ("ping", "after"),
    [
        pytest.param(ASLEEP, replace(ASLEEP, next_try=LATER), id="asked-now-and-its-days-go-on"),
        pytest.param(replace(ASLEEP, is_held=True), replace(ASLEEP, is_held=True), id="in-somebodys-hand"),
        pytest.param(replace(ASLEEP, next_try=NOON), replace(ASLEEP, next_try=NOON), id="due-already"),
        pytest.param(REFUSED, REFUSED, id="final"),
        pytest.param(RETRIED, RETRIED, id="failed-keeps-its-time"),
        pytest.param(TOLD, TOLD, id="accepted"),
    ],
)
def test_a_target_of_which_nothing_is_remembered(ping: QueuedPing, after: QueuedPing) -> None:
    link = Link(ONE, "words")
    assert planned(ping, link, source=POST, now=LATER, retelling=RETELLING, stale={ONE}) == after
    assert planned(ping, link, source=POST, now=LATER, retelling=RETELLING, stale={"https://two.example/"}) is ping


@pytest.mark.parametrize(
    ("ping", "after"),
    [
        pytest.param(TOLD, replace(TOLD, **DUE, next_try=LATER), id="accepted"),
        pytest.param(TOLD_BY_PINGBACK, replace(TOLD_BY_PINGBACK, **DUE, next_try=LATER), id="accepted-by-pingback"),
        pytest.param(REFUSED, replace(NEW, next_try=LATER), id="refused-is-as-new"),
        pytest.param(ASLEEP, replace(NEW, next_try=LATER), id="aging-is-as-new"),
        pytest.param(HELD, HELD, id="in-somebodys-hand"),
    ],
)
def test_once_more(ping: QueuedPing, after: QueuedPing) -> None:
    plan = partial(planned, source=POST, now=LATER, retelling=RETELLING, once_more=True)
    assert plan(ping, Link(ONE, "words")) == after
    assert plan(ping, Link(ONE, OTHER)) == replace(after, fingerprint=OTHER)
    assert not plan(ping, None).linked  # what the post no longer links to is as ever


def after_try(
    outcome: Outcome,
    *,
    row: QueuedPing = HELD,
    sent: QueuedPing = HELD,
    next_try: datetime | None = None,
    is_ours: bool = True,
) -> QueuedPing:
    """What `row` became, of which `sent` was what went out."""
    return tried(row, is_ours, sent=sent, outcome=outcome, at=NOON, next_try=next_try, retelling=RETELLING)


def test_a_yes_is_remembered() -> None:
    assert after_try(ACCEPTED) == replace(
        NEW,
        status=OutcomeStatus.ACCEPTED,
        protocol=Protocol.WEBMENTION,
        endpoint="https://one.example/webmention",
        message="thank you",
        attempts=1,
        next_try=None,
        told_by=Protocol.WEBMENTION,
    )


def test_already_is_a_yes() -> None:
    after = after_try(replace(ACCEPTED, status=OutcomeStatus.ALREADY, protocol=Protocol.PINGBACK, fault=48))
    assert (after.told_by, after.fault) == (Protocol.PINGBACK, 48)


def test_a_yes_without_its_protocol_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="which protocol"):
        after_try(replace(ACCEPTED, protocol=None))


def test_attempts_are_added_up() -> None:
    first = after_try(replace(FAILED, attempts=2), next_try=NOON + MINUTE)
    second = after_try(replace(FAILED, attempts=0), row=first, sent=first, next_try=NOON + HOUR)
    assert (second.attempts, second.next_try) == (2, NOON + HOUR)
    assert after_try(ACCEPTED, row=second, sent=second).attempts == 3


def test_a_no_keeps_that_it_was_told_once() -> None:
    refused = replace(ACCEPTED, status=OutcomeStatus.REFUSED)
    assert after_try(refused, row=TOLD, sent=TOLD).told_by is Protocol.WEBMENTION


BY_PINGBACK = replace(ACCEPTED, protocol=Protocol.PINGBACK)
NO = replace(ACCEPTED, status=OutcomeStatus.REFUSED)
OTHERWISE, REMOVED = replace(HELD, fingerprint=OTHER), replace(HELD, linked=False)


@pytest.mark.parametrize(
    ("row", "outcome", "next_try", "status", "due"),
    [
        pytest.param(OTHERWISE, ACCEPTED, None, "waiting", NOON, id="other-words-webmention"),
        pytest.param(OTHERWISE, BY_PINGBACK, None, "accepted", None, id="other-words-pingback"),
        pytest.param(OTHERWISE, FAILED, NOON + HOUR, "failed", NOON + HOUR, id="other-words-failed"),
        pytest.param(OTHERWISE, NO, None, "waiting", NOON, id="other-words-refused"),
        pytest.param(REMOVED, ACCEPTED, None, "waiting", NOON, id="removed-webmention"),
        pytest.param(REMOVED, BY_PINGBACK, None, "accepted", None, id="removed-pingback"),
        pytest.param(REMOVED, FAILED, NOON + HOUR, "skipped", None, id="removed-failed"),
        pytest.param(REMOVED, NO, None, "refused", None, id="removed-refused"),
    ],
)
def test_what_the_post_changed_during_the_try(
    row: QueuedPing, outcome: Outcome, next_try: datetime | None, status: str, due: datetime | None
) -> None:
    after = after_try(outcome, row=row, next_try=next_try)
    assert (after.status, after.next_try, after.is_held) == (status, due, False)


@pytest.mark.parametrize("outcome", [ACCEPTED, BY_PINGBACK])
def test_a_link_that_came_back_while_its_removal_was_told(outcome: Outcome) -> None:
    assert after_try(outcome, sent=replace(HELD, linked=False)).next_try == NOON


def test_a_no_of_one_whose_lease_ran_out_is_old_news() -> None:
    assert after_try(FAILED, next_try=NOON + HOUR, is_ours=False) == replace(HELD, attempts=1)
    assert after_try(NO, row=TOLD, is_ours=False) == replace(TOLD, attempts=2)


def test_a_yes_of_one_whose_lease_ran_out_counts() -> None:
    after = after_try(ACCEPTED, is_ours=False)
    assert (after.told, after.next_try) == (True, None)


# Once more, because somebody wishes it


UNLINKED = replace(NEW, status=OutcomeStatus.SKIPPED, linked=False, next_try=None)
AS_NEW: dict[str, Any] = {**DUE, "attempts": 0, "next_try": LATER}


@pytest.mark.parametrize(
    ("ping", "after"),
    [
        pytest.param(TOLD, TOLD, id="accepted-stays"),
        pytest.param(
            replace(TOLD, status=OutcomeStatus.ALREADY), replace(TOLD, status=OutcomeStatus.ALREADY), id="known"
        ),
        pytest.param(UNLINKED, UNLINKED, id="the-link-is-gone-and-nobody-heard-of-it"),
        pytest.param(NEW, NEW, id="waiting-keeps-its-turn"),
        pytest.param(RETRIED, replace(RETRIED, **DUE, next_try=LATER), id="failed-is-tried-now"),
        pytest.param(
            REFUSED,
            replace(REFUSED, **AS_NEW, protocol=None, endpoint=None),
            id="refused-is-as-new",
        ),
        pytest.param(GIVEN_UP_ON, replace(GIVEN_UP_ON, **AS_NEW), id="given-up-is-as-new"),
        pytest.param(
            replace(GIVEN_UP_ON, linked=False),
            replace(GIVEN_UP_ON, **AS_NEW, linked=False),
            id="webmention-3.1.4-the-removed-link-is-told",
        ),
    ],
)
def test_again(ping: QueuedPing, after: QueuedPing) -> None:
    assert again(ping, now=LATER, retelling=RETELLING) == after
