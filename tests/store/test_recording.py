"""`pingback.store.recording`, by way of `Outbox.record`: the ping as it stands, and its attempts."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pingback.errors import StoreError
from pingback.model import Attempt, OutcomeStatus, Protocol
from pingback.store import Store
from pingback.store.outbox import Outbox
from tests.store.sent import ACCEPTED, FAILED, HOUR, MINUTE, NOON, ONE, POST, RETELLING, TWO, claim, plan, record


def test_an_outcome_is_found_again(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [ping] = claim(outbox)
    told = record(outbox, ping, ACCEPTED)
    assert told == replace(
        ping,
        status=OutcomeStatus.ACCEPTED,
        message="thank you",
        protocol=Protocol.WEBMENTION,
        endpoint="https://one.example/webmention",
        attempts=1,
        next_try=None,
        told_by=Protocol.WEBMENTION,
        leased_until=None,
    )
    assert outbox.find(POST, ONE) == told
    assert told.as_outcome() == ACCEPTED


def test_each_try_is_kept_as_an_attempt(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO)
    ping, other = claim(outbox)
    outbox.record(
        ping, FAILED, at=NOON, seconds=2.5, next_try=NOON + HOUR, exchange="POST / …\n\n503", retelling=RETELLING
    )
    [ping] = [ping for ping in claim(outbox, now=NOON + HOUR) if ping.target == ONE]
    record(outbox, ping, ACCEPTED, at=NOON + HOUR)
    first, second = outbox.attempts(ping)
    assert first == Attempt(
        ping=ping.id,
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
    assert outbox.attempts(other) == []


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
def test_an_exchange_is_cut_to_8_kib(outbox: Outbox, exchange: str, kept: str) -> None:
    plan(outbox, ONE)
    [ping] = claim(outbox)
    outbox.record(ping, FAILED, at=NOON, seconds=1, next_try=None, exchange=exchange, retelling=RETELLING)
    assert [attempt.exchange for attempt in outbox.attempts(ping)] == [kept]


def test_what_a_far_side_says_can_be_stored(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [ping] = claim(outbox)
    said = replace(ACCEPTED, message="a\0b\ud800c", endpoint="https://one.example/\udfff", fault=2**63 - 1)
    record(outbox, ping, said)
    kept = outbox.find(POST, ONE)
    assert kept is not None
    assert (kept.message, kept.endpoint, kept.fault) == ("abc", "https://one.example/", 2**63 - 1)


def test_the_last_50_attempts_are_kept(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO)
    ping, other = claim(outbox)
    record(outbox, other, ACCEPTED)
    for number in range(53):
        record(outbox, ping, replace(FAILED, message=str(number)))
    assert [attempt.message for attempt in outbox.attempts(ping)] == [str(number) for number in range(3, 53)]
    assert len(outbox.attempts(other)) == 1


def test_a_change_of_the_post_during_the_try_is_not_lost(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [ping] = claim(outbox)
    outbox.plan(POST, {ONE: "other words"}, fingerprint="entry", now=NOON + MINUTE / 2, retelling=RETELLING)
    assert record(outbox, ping, ACCEPTED, at=NOON + MINUTE).next_try == NOON + MINUTE
    [again] = claim(outbox, now=NOON + MINUTE)
    assert again.fingerprint == "other words"


def test_a_no_after_another_took_over_is_only_an_attempt(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [late] = claim(outbox)
    [other] = claim(outbox, now=NOON + MINUTE)
    assert record(outbox, late, FAILED, at=NOON + MINUTE, next_try=NOON + HOUR).leased_until == other.leased_until
    record(outbox, other, ACCEPTED, at=NOON + MINUTE)
    kept = outbox.find(POST, ONE)
    assert kept is not None
    assert (kept.status, kept.next_try, kept.attempts) == (OutcomeStatus.ACCEPTED, None, 2)
    assert [attempt.status for attempt in outbox.attempts(kept)] == [OutcomeStatus.FAILED, OutcomeStatus.ACCEPTED]


def test_a_ping_that_was_deleted_meanwhile(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        plan(store.outbox, ONE)
        [ping] = claim(store.outbox)
        with closing(sqlite3.connect(tmp_path / "pingback.db", isolation_level=None)) as connection:
            connection.execute("DELETE FROM pingback_outbox")
        with pytest.raises(StoreError, match=f"has no ping {ping.id} any more"):
            record(store.outbox, ping, ACCEPTED)
        assert store.outbox.attempts(ping) == []
        plan(store.outbox, ONE)
        assert [new.id for new in store.outbox.pings()] == [ping.id + 1]  # an id never means another ping


def test_a_callers_mistake_changes_nothing(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [ping] = claim(outbox)
    with pytest.raises(ValueError, match="time zone"):
        record(outbox, ping, ACCEPTED, at=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="protocol"):
        record(outbox, ping, replace(ACCEPTED, protocol=None))
    assert list(outbox.pings()) == [ping]
    assert outbox.attempts(ping) == []
