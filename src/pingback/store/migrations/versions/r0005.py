"""In which order moves became known.

Revision 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("pingback_moves", sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
    if op.get_context().dialect.name == "sqlite":  # nothing else was there before
        op.execute("UPDATE pingback_moves SET number = rowid")


def downgrade() -> None:
    raise NotImplementedError("an earlier version could not read what this one keeps")
