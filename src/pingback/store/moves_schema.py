"""The table of moves: which page of the site is known by another address now. Keys are those of the mentions."""

import sqlite3

from sqlalchemy import Column, Index, String, Table, Text

from pingback.store.schema import metadata
from pingback.urls import host_of

moves = Table(
    "moves",
    metadata,
    Column("old_key", String(64), primary_key=True),
    Column("new_key", String(64), nullable=False),
    Column("url", Text, nullable=False),  # of the new one, for whoever looks in here
    Index("moves_by_new", "new_key"),
)

_UNPLACED = "SELECT 1 FROM mentions WHERE target_host = '' LIMIT 1"
_PLACE = """
UPDATE mentions
SET moved_to = (SELECT new_key FROM moves WHERE old_key = target_key), target_host = host_of_target(target)
WHERE target_host = ''
"""


def has_unplaced(connection: sqlite3.Connection) -> bool:
    """An earlier version wrote mentions that do not say in whose list they stand."""
    return connection.execute(_UNPLACED).fetchone() is not None


def place_mentions(connection: sqlite3.Connection) -> None:
    """Let them say it, as far as it is known."""
    connection.create_function("host_of_target", 1, _host_of, deterministic=True)
    connection.execute(_PLACE).close()


def _host_of(target: object) -> str:
    try:
        return host_of(str(target))
    except ValueError:  # no version of ours wrote that
        return "-"
