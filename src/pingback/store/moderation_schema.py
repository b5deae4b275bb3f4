"""The table of blocks, beside that of the mentions, and what those hold of decisions."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Table, Text, and_, case, literal, null

from pingback.model import Mention, MentionStatus
from pingback.store.keys import home_key_of
from pingback.store.schema import mentions, metadata

blocks = Table(
    "blocks",
    metadata,
    Column("block", Text, primary_key=True),
    Column("host", Text, nullable=False),  # what it names (`blocklist.host_of_block`), to be found by
    Column("since", BigInteger, nullable=False),
    Index("blocks_by_host", "host"),
)

DECISIONS = (MentionStatus.APPROVED, MentionStatus.SPAM, MentionStatus.DELETED)

_LAST_WORDS = (MentionStatus.SPAM.value, MentionStatus.DELETED.value)
_OPINIONS = frozenset({MentionStatus.PENDING, MentionStatus.SPAM})
_WORDS = ("kind", "title", "excerpt", "site_name", "author_name", "author_url", "author_photo", "published")


def kept_decision(mention: Mention) -> dict[str, ColumnElement[str | None] | ColumnElement[int | None]]:
    """The columns that a mention found to be `mention` has, as the owner decided before.

    What the owner took for spam or deleted stays that. What the owner approved is no more in doubt, but its link can
    be gone.
    """
    firm = mentions.c.decision.in_(_LAST_WORDS)
    if mention.status in _OPINIONS:
        firm = mentions.c.decision.is_not(None)
    return {
        "status": case((firm, mentions.c.decision), else_=literal(mention.status.value)),
        "fault": case((firm, null()), else_=literal(mention.fault)),
    }


def kept_words(mention: Mention, words: Mapping[str, Any]) -> dict[str, ColumnElement[Any]]:
    """The columns of `words`, by name, that say what is shown of a mention found to be `mention`.

    Where the owner approved what the page said, and nobody trusts what it says now, they stay what they were.
    """
    if mention.status not in _OPINIONS:
        return {}
    approved = and_(mentions.c.decision == MentionStatus.APPROVED.value, mentions.c.verified.is_not(None))
    return {name: case((approved, mentions.c[name]), else_=words[name]) for name in _WORDS}


def fill_homes(connection: sqlite3.Connection) -> None:
    """Whoever was approved before the column was there is known all the same."""
    connection.create_function("home_key_of", 1, _home_key_of, deterministic=True)
    connection.execute("UPDATE mentions SET home_key = home_key_of(source)").close()


def _home_key_of(source: object) -> str:
    try:
        return home_key_of(str(source))
    except ValueError:  # no version of ours wrote that
        return ""
