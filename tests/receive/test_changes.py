"""`pingback.receive.changes`: what stays of a mention, and what the source's page or the sender's words replace."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pingback.model import Author, Mention, MentionKind, MentionStatus, Protocol, Verification, Words
from pingback.receive.changes import with_page, with_words, withdrawn

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
MENTION = Mention(
    id=7,
    source="https://a.example/6",
    target="https://my.example/5",
    protocol=Protocol.TRACKBACK,
    status=MentionStatus.PENDING,
    title="Said",
    excerpt="by the sender",
    received=datetime(2026, 1, 1, tzinfo=UTC),
    fault=17,
)


def test_what_the_page_says_replaces_all_that_was_said_before() -> None:
    page = Verification(
        source="https://a.example/6",
        target="https://my.example/5",
        linked=True,
        title="Six",
        author=Author(name="Ann"),
        kind=MentionKind.REPLY,
    )
    assert with_page(MENTION, page, NOON) == replace(
        MENTION,
        kind=MentionKind.REPLY,
        title="Six",
        excerpt=None,
        author=Author(name="Ann"),
        verified=NOON,
        fault=None,
    )


def test_what_the_sender_says_verifies_nothing() -> None:
    words = Words(title="T", site_name="S")
    assert with_words(MENTION, words) == replace(MENTION, title="T", excerpt=None, site_name="S")
    assert with_words(MENTION, words).reason == "kept on the word of its sender, and not verified"


@pytest.mark.parametrize("status", [status for status in MentionStatus if status is not MentionStatus.SPAM])
def test_what_is_withdrawn_keeps_its_words(status: MentionStatus) -> None:
    shown = replace(MENTION, status=status)
    assert withdrawn(shown, NOON, 16) == replace(MENTION, status=MentionStatus.DELETED, verified=NOON, fault=16)


def test_spam_stays_spam() -> None:
    spam = replace(MENTION, status=MentionStatus.SPAM)
    assert withdrawn(spam, NOON, 16) == replace(spam, verified=NOON, fault=16)
