"""Posts that are missing, pages that are none, roots that were published before, and feeds that are to be read later.

Revision 0003.
"""

import sqlalchemy as sa
from alembic import op

from pingback.store.columns import TEXT, word

revision = "0003"
down_revision = "0002"

# A no of before that may have changed by now: whoever publishes the post by its name asks again.
_AGE = """
UPDATE pingback_outbox SET aging_since = CAST(strftime('%s', 'now') AS INTEGER) * 1000000
WHERE linked AND told_by IS NULL
AND (status = 'unsupported' OR (status = 'refused' AND fault IN (401, 403, 404, 405, -32601)))
"""


def upgrade() -> None:
    op.add_column("pingback_posts", sa.Column("missing_since", sa.BigInteger(), nullable=True))
    op.add_column("pingback_posts", sa.Column("missing", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("pingback_outbox", sa.Column("aging_since", sa.BigInteger(), nullable=True))
    op.add_column("pingback_outbox", sa.Column("direct", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("pingback_posts", sa.Column("kind", word(20), nullable=False, server_default="post"))
    op.add_column("pingback_posts", sa.Column("why", TEXT, nullable=True))
    op.add_column("pingback_readings", sa.Column("kind", word(20), nullable=False, server_default="post"))
    op.add_column("pingback_readings", sa.Column("fingerprint", TEXT, nullable=True))
    op.add_column("pingback_readings", sa.Column("trackbacks", TEXT, nullable=True))
    op.add_column("pingback_readings", sa.Column("roots", TEXT, nullable=True))
    op.add_column("pingback_readings", sa.Column("status", word(20), nullable=False, server_default="waiting"))
    op.add_column("pingback_readings", sa.Column("message", TEXT, nullable=True))
    op.add_column("pingback_readings", sa.Column("found", TEXT, nullable=True))
    op.add_column("pingback_readings", sa.Column("ended", sa.BigInteger(), nullable=True))
    op.create_index("pingback_readings_by_end", "pingback_readings", ["ended"])
    op.create_table(
        "pingback_roots",
        sa.Column("site_id", sa.BigInteger(), nullable=False, server_default="1", autoincrement=False),
        sa.Column("root_key", word(64), nullable=False),
        sa.Column("root", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "root_key"),
    )
    if op.get_context().dialect.name == "sqlite":  # nothing else was there before
        op.get_bind().exec_driver_sql(_AGE)


def downgrade() -> None:
    raise NotImplementedError("an earlier version could not read what this one keeps")
