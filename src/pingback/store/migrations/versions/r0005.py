"""In which order moves became known. And what several processes share: rates, gaps between exchanges, counts.

Revision 0005.
"""

import sqlalchemy as sa
from alembic import op

from pingback.store.columns import TEXT, word

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("pingback_moves", sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
    if op.get_context().dialect.name == "sqlite":  # nothing else was there before
        op.execute("UPDATE pingback_moves SET number = rowid")
    op.add_column("pingback_pauses", sa.Column("gap", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("pingback_pauses", sa.Column("gap_until", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "pingback_rates",
        sa.Column("key_hash", word(64), nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("now", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash"),
    )
    op.create_index("pingback_rates_by_end", "pingback_rates", ["until"])
    op.create_table(
        "pingback_counts",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("labels", TEXT, nullable=False),
        sa.Column("number", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", "labels"),
    )


def downgrade() -> None:
    raise NotImplementedError("an earlier version could not read what this one keeps")
