"""What a source says, whole: its content, its answer to an invitation, its own addresses, and its date as it wrote it.
And who is known at a place: each author for themselves. And which mentions were read by an earlier reader.

Revision 0004.
"""

import sqlite3
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

from pingback.store.columns import TEXT, word
from pingback.urls import key_of

revision = "0004"
down_revision = "0003"

_NAME_AUTHORS = """
UPDATE pingback_mentions SET author_key = pingback_author_key(CAST(author_url AS BLOB)) WHERE author_url IS NOT NULL
"""


def upgrade() -> None:
    op.add_column("pingback_mentions", sa.Column("rsvp", word(20), nullable=True))
    op.add_column("pingback_mentions", sa.Column("permalink", TEXT, nullable=True))
    op.add_column("pingback_mentions", sa.Column("original", TEXT, nullable=True))
    op.add_column("pingback_mentions", sa.Column("content_text", TEXT, nullable=True))
    op.add_column("pingback_mentions", sa.Column("content_html", TEXT, nullable=True))
    op.add_column("pingback_mentions", sa.Column("published_as", TEXT, nullable=True))
    op.add_column("pingback_mentions", sa.Column("read_by", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("pingback_mentions", sa.Column("author_key", word(64), nullable=False, server_default=""))
    raw = op.get_bind().connection.driver_connection
    if isinstance(raw, sqlite3.Connection):  # nothing else was there before
        raw.create_function("pingback_author_key", 1, _author_key, deterministic=True)
        op.execute(_NAME_AUTHORS)
    op.drop_index("pingback_mentions_by_home")
    op.create_index("pingback_mentions_by_home", "pingback_mentions", ["home_key", "status", "author_key"])
    vouches = sa.text("status = 'approved' AND (decision = 'approved' OR kind NOT IN ('like-of', 'repost-of'))")
    op.create_index(
        "pingback_mentions_by_vouch",
        "pingback_mentions",
        ["home_key", "author_key", "source_key"],
        sqlite_where=vouches,
        postgresql_where=vouches,
    )
    read = sa.text("status IN ('approved', 'pending') AND verified IS NOT NULL")
    op.create_index(
        "pingback_mentions_by_reading",
        "pingback_mentions",
        ["target_host", "read_by", "tried", "id"],
        sqlite_where=read,
        postgresql_where=read,
    )


def _author_key(url: bytes) -> str:
    """Bytes, as a text that is no UTF-8 would not reach it."""
    try:
        return sha256(key_of(url.decode()).encode()).hexdigest()
    except ValueError:
        return ""


def downgrade() -> None:
    raise NotImplementedError("an earlier version could not read what this one keeps")
