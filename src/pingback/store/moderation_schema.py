"""The table of blocks, beside that of the mentions, and what can be decided of those."""

import sqlite3

from sqlalchemy import BigInteger, Column, Index, Table, Text

from pingback.model import MentionStatus
from pingback.store.keys import home_key_of
from pingback.store.schema import metadata

blocks = Table(
    "blocks",
    metadata,
    Column("block", Text, primary_key=True),
    Column("host", Text, nullable=False),  # what it names (`blocklist.host_of_block`), to be found by
    Column("since", BigInteger, nullable=False),
    Index("blocks_by_host", "host"),
)

DECISIONS = (MentionStatus.APPROVED, MentionStatus.SPAM, MentionStatus.DELETED)


def fill_homes(connection: sqlite3.Connection) -> None:
    """Whoever was approved before the column was there is known all the same."""
    connection.create_function("home_key_of", 1, _home_key_of, deterministic=True)
    connection.execute("UPDATE mentions SET home_key = home_key_of(source)").close()


def _home_key_of(source: object) -> str:
    try:
        return home_key_of(str(source))
    except ValueError:  # no version of ours wrote that
        return ""
