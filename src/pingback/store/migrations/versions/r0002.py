"""Columns of jobs: when one was asked for while it was leased, which `leased_by` told before; and whom it is left to.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# Such a `leased_by` was LEASE+DUE/SET_AT. SQLite reads a number as far as it goes.
_ASKED = "substr(leased_by, instr(leased_by, '+') + 1)"
_TAKE_APART = f"""
UPDATE pingback_jobs SET
    asked_due = CAST({_ASKED} AS INTEGER),
    asked_at = CAST(substr({_ASKED}, instr({_ASKED}, '/') + 1) AS INTEGER),
    leased_by = substr(leased_by, 1, instr(leased_by, '+') - 1)
WHERE leased_by GLOB '*+[0-9]*/[0-9]*'
"""  # noqa: S608


def upgrade() -> None:
    op.add_column("pingback_jobs", sa.Column("asked_due", sa.BigInteger(), nullable=True))
    op.add_column("pingback_jobs", sa.Column("asked_at", sa.BigInteger(), nullable=True))
    op.add_column("pingback_jobs", sa.Column("left_to", sa.Text(), nullable=True))
    op.create_index("pingback_jobs_left", "pingback_jobs", ["left_to"], sqlite_where=sa.text("left_to IS NOT NULL"))
    if op.get_context().dialect.name == "sqlite":  # nothing else was there before
        op.execute(_TAKE_APART)


def downgrade() -> None:
    raise NotImplementedError("an earlier version could not read what this one keeps")
