"""The table of moves: which page of the site is known by another address now. Keys are those of the mentions."""

from sqlalchemy import Column, Index, String, Table, Text

from pingback.store.schema import metadata

moves = Table(
    "moves",
    metadata,
    Column("old_key", String(64), primary_key=True),
    Column("new_key", String(64), nullable=False),
    Column("url", Text, nullable=False),  # of the new one
    Index("moves_by_new", "new_key"),
)
