"""`Outbox.record`: the ping as it stands, and its attempts."""

from dataclasses import replace

import pytest

from pingback.model import OutcomeStatus, Protocol
from pingback.store import Store
from pingback.work import Attempt, JobKind, Try
from tests.store.databases import change
from tests.store.sent import (
    ACCEPTED,
    FAILED,
    HOUR,
    MINUTE,
    NOON,
    ONE,
    POST,
    TWO,
    plan,
    plan_links,
    record,
    recorded,
    take,
)


def test_an_outcome_is_found_again(store: Store) -> None:
    plan(store, ONE)
    [held] = take(store)
    told = record(store, held, ACCEPTED)
    assert told == replace(
        held.ping,
        status=OutcomeStatus.ACCEPTED,
        message="thank you",
        protocol=Protocol.WEBMENTION,
        endpoint="https://one.example/webmention",
        attempts=1,
        next_try=None,
        told_by=Protocol.WEBMENTION,
        is_held=False,
    )
    assert store.outbox.find(POST, ONE) == told
    assert told.as_outcome() == ACCEPTED


def test_each_try_is_kept_as_an_attempt(store: Store) -> None:
    plan(store, ONE, TWO)
    held, other = take(store)
    recorded(store, held, Try(FAILED, NOON, 2.5, "POST / …\n\n503"), next_try=NOON + HOUR)
    [held] = [held for held in take(store, now=NOON + HOUR) if held.ping.target == ONE]
    record(store, held, ACCEPTED, at=NOON + HOUR)
    first, second = store.outbox.attempts(held.ping)
    assert first == Attempt(
        ping=held.ping.id,
        at=NOON,
        status=OutcomeStatus.FAILED,
        message="no answer",
        protocol=Protocol.WEBMENTION,
        endpoint="https://one.example/webmention",
        fault=503,
        seconds=2.5,
        exchange="POST / …\n\n503",
    )
    assert (second.at, second.status, second.exchange) == (NOON + HOUR, OutcomeStatus.ACCEPTED, None)
    assert store.outbox.attempts(other.ping) == []


@pytest.mark.parametrize(
    ("exchange", "kept"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("x" * 8192, "x" * 8192, id="fits"),
        pytest.param("x" * 8193, "x" * 8192, id="one-byte-too-many"),
        pytest.param("x" + "ü" * 8192, "x" + "ü" * 4095, id="cut-between-letters"),
        pytest.param("a\0b\ud800c", "abc", id="nul-and-lone-surrogate"),
    ],
)
def test_an_exchange_is_cut_to_8_kib(store: Store, exchange: str, kept: str) -> None:
    plan(store, ONE)
    [held] = take(store)
    recorded(store, held, Try(FAILED, NOON, 1, exchange))
    assert [attempt.exchange for attempt in store.outbox.attempts(held.ping)] == [kept]


def test_what_a_far_side_says_can_be_stored(store: Store) -> None:
    plan(store, ONE)
    [held] = take(store)
    said = replace(ACCEPTED, message="a\0b\ud800c", endpoint="https://one.example/\udfff", fault=2**63 - 1)
    record(store, held, said)
    kept = store.outbox.find(POST, ONE)
    assert kept is not None
    assert (kept.message, kept.endpoint, kept.fault) == ("abc", "https://one.example/", 2**63 - 1)


def test_the_last_50_attempts_are_kept(store: Store) -> None:
    plan(store, ONE, TWO)
    held, other = take(store)
    record(store, other, ACCEPTED)
    for number in range(53):
        record(store, held, replace(FAILED, message=str(number)))
    assert [attempt.message for attempt in store.outbox.attempts(held.ping)] == [str(number) for number in range(3, 53)]
    assert len(store.outbox.attempts(other.ping)) == 1


def test_a_change_of_the_post_during_the_try_is_not_lost(store: Store) -> None:
    plan(store, ONE)
    [held] = take(store)
    plan_links(store, {ONE: "other words"}, fingerprint="entry", now=NOON + MINUTE / 2)
    assert record(store, held, ACCEPTED, at=NOON + MINUTE).next_try == NOON + MINUTE
    [again] = take(store, now=NOON + MINUTE)
    assert again.ping.fingerprint == "other words"


def test_a_no_after_another_took_over_is_only_an_attempt(store: Store) -> None:
    plan(store, ONE)
    [late] = take(store)
    [other] = take(store, now=NOON + MINUTE)
    assert record(store, late, FAILED, at=NOON + MINUTE, next_try=NOON + HOUR).is_held
    record(store, other, ACCEPTED, at=NOON + MINUTE)
    kept = store.outbox.find(POST, ONE)
    assert kept is not None
    assert (kept.status, kept.next_try, kept.attempts) == (OutcomeStatus.ACCEPTED, None, 2)
    assert [attempt.status for attempt in store.outbox.attempts(kept)] == [OutcomeStatus.FAILED, OutcomeStatus.ACCEPTED]


def test_a_yes_after_another_took_over_ends_it(store: Store) -> None:
    """The other one tries in vain, or hears that it is known: nothing of what it says counts."""
    plan(store, ONE)
    [late] = take(store)
    [other] = take(store, now=NOON + MINUTE)
    record(store, late, ACCEPTED, at=NOON + MINUTE)
    assert store.jobs.next_due([JobKind.DELIVER], now=NOON) is None
    after = record(store, other, FAILED, at=NOON + MINUTE, next_try=NOON + HOUR)
    assert (after.status, after.told, after.next_try, after.attempts) == (OutcomeStatus.ACCEPTED, True, None, 2)


def test_failures_are_counted_from_the_first_until_a_yes(store: Store) -> None:
    plan(store, ONE)
    [held] = take(store)
    record(store, held, FAILED, next_try=NOON + MINUTE)
    [held] = take(store, now=NOON + MINUTE)
    assert (held.job.failing_since, held.job.attempts) == (NOON, 1)
    record(store, held, FAILED, at=NOON + MINUTE, next_try=NOON + HOUR)
    [held] = take(store, now=NOON + HOUR)
    assert (held.job.failing_since, held.job.attempts) == (NOON, 2)
    plan_links(store, {ONE: "other words"}, now=NOON + HOUR)
    record(store, held, ACCEPTED, at=NOON + HOUR)
    [held] = take(store, now=NOON + HOUR)
    assert (held.job.failing_since, held.job.attempts) == (None, 0)


def test_a_ping_that_was_deleted_meanwhile(store: Store) -> None:
    plan(store, ONE)
    [held] = take(store)
    change(store, "DELETE FROM pingback_outbox")
    assert recorded(store, held, Try(ACCEPTED, NOON, 0.5)) is None
    assert store.jobs.next_due([JobKind.DELIVER], now=NOON) is None
    assert store.outbox.attempts(held.ping) == []
    plan(store, ONE)
    assert [new.id for new in store.outbox.pings()] == [held.ping.id + 1]  # an id never means another ping


def test_a_callers_mistake_changes_nothing(store: Store) -> None:
    plan(store, ONE)
    [held] = take(store)
    with pytest.raises(ValueError, match="time zone"):
        record(store, held, ACCEPTED, at=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="protocol"):
        record(store, held, replace(ACCEPTED, protocol=None))
    assert list(store.outbox.pings()) == [held.ping]
    assert store.outbox.attempts(held.ping) == []
