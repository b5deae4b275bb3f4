"""`pingback.model`: the keys, words and instants of the JSON objects that the contract promises."""

import json
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest

from pingback.model import (
    Author,
    Discovery,
    Endpoint,
    Mention,
    MentionKind,
    MentionStatus,
    Outcome,
    OutcomeStatus,
    Protocol,
    Verification,
    Via,
    iso,
)

INSTANT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=timezone(timedelta(hours=2)))
ENDPOINT = Endpoint(protocol=Protocol.PINGBACK, url="https://b.example/rpc", via=Via.LINK)
AUTHOR = Author(name="Ada", url="https://a.example/", photo=None)
MENTION = Mention(
    id=7,
    source="https://a.example/6",
    target="https://b.example/5",
    protocol=Protocol.PINGBACK,
    status=MentionStatus.APPROVED,
    title="Part “six”",
    author=AUTHOR,
    received=INSTANT,
    verified=INSTANT,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            Discovery(target="https://b.example/5#x", url="https://b.example/5", endpoints=(ENDPOINT,)),
            {
                "target": "https://b.example/5#x",
                "url": "https://b.example/5",
                "endpoints": [{"protocol": "pingback", "endpoint": "https://b.example/rpc", "via": "link"}],
            },
            id="discovery",
        ),
        pytest.param(
            Outcome(
                source="https://a.example/6",
                target="https://b.example/5",
                status=OutcomeStatus.UNSUPPORTED,
                message="no endpoint",
            ),
            {
                "source": "https://a.example/6",
                "target": "https://b.example/5",
                "protocol": None,
                "endpoint": None,
                "status": "unsupported",
                "fault": None,
                "message": "no endpoint",
                "attempts": 0,
                "next_try": None,
            },
            id="outcome",
        ),
        pytest.param(
            Outcome(
                source="s",
                target="t",
                status=OutcomeStatus.FAILED,
                message="m",
                protocol=Protocol.PINGBACK,
                endpoint="e",
                fault=503,
                attempts=1,
                next_try=INSTANT,
            ),
            {
                "source": "s",
                "target": "t",
                "protocol": "pingback",
                "endpoint": "e",
                "status": "failed",
                "fault": 503,
                "message": "m",
                "attempts": 1,
                "next_try": "2026-01-02T01:04:05.000678+00:00",
            },
            id="outcome-with-all",
        ),
        pytest.param(
            Verification(source="s", target="t", linked=False, reason="no link"),
            {
                "source": "s",
                "target": "t",
                "linked": False,
                "reason": "no link",
                "title": None,
                "excerpt": None,
                "site_name": None,
                "author": None,
                "published": None,
                "kind": "mention-of",
                "url": "s",
                "content": None,
            },
            id="verification",
        ),
        pytest.param(
            MENTION,
            {
                "id": 7,
                "source": "https://a.example/6",
                "target": "https://b.example/5",
                "protocol": "pingback",
                "status": "approved",
                "kind": "mention-of",
                "rsvp": None,
                "url": "https://a.example/6",
                "title": "Part “six”",
                "excerpt": None,
                "content": None,
                "site_name": None,
                "author": {"name": "Ada", "url": "https://a.example/", "photo": None},
                "published": None,
                "received": "2026-01-02T01:04:05.000678+00:00",
                "verified": "2026-01-02T01:04:05.000678+00:00",
                "fault": None,
                "reason": None,
            },
            id="mention",
        ),
    ],
)
def test_as_json(value: Discovery | Outcome | Verification | Mention, expected: dict[str, object]) -> None:
    found = value.as_json()
    assert found == expected
    assert list(found) == list(expected)
    assert json.loads(json.dumps(found)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(Via, "header link a rdf", id="via"),
        pytest.param(
            OutcomeStatus, "accepted waiting already refused unsupported failed gone blocked skipped", id="outcome"
        ),
        pytest.param(MentionKind, "in-reply-to like-of repost-of bookmark-of rsvp mention-of", id="kind"),
        pytest.param(MentionStatus, "pending approved spam rejected deleted", id="mention"),
    ],
)
def test_words_of_the_contract(words: type[StrEnum], expected: str) -> None:
    assert " ".join(words) == expected


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00", id="utc"),
        pytest.param(INSTANT, "2026-01-02T01:04:05.000678+00:00", id="another-zone"),
    ],
)
def test_iso_8601_in_utc(instant: datetime | None, text: str | None) -> None:
    assert iso(instant) == text


def test_a_naive_instant_is_the_callers_mistake() -> None:
    naive = INSTANT.replace(tzinfo=None)
    with pytest.raises(ValueError, match="has no time zone"):
        replace(MENTION, received=naive).as_json()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        pytest.param({"verified": None}, "not verified yet", id="unverified"),
        pytest.param(
            {"verified": None, "decision": MentionStatus.APPROVED},
            "approved; it is shown once the link is seen",
            id="approved-unseen",
        ),
        pytest.param({"held_for": "no title"}, "no title", id="held"),
        pytest.param({"verified": None, "held_for": "on its word"}, "on its word", id="held-unverified"),
        pytest.param({}, None, id="verified-and-nobody-said"),
    ],
)
def test_why_a_mention_is_pending(told: dict[str, Any], reason: str | None) -> None:
    assert replace(MENTION, status=MentionStatus.PENDING, **told).reason == reason
    for status in set(MentionStatus) - {MentionStatus.PENDING}:
        assert replace(MENTION, status=status, **told).reason is None


def test_values_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        MENTION.title = "another"  # type: ignore[misc]
