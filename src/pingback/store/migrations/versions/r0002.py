"""Columns of jobs: when one was asked for while it was leased, which `leased_by` told before; and whom it is left to.

And their hosts: a server is the same whichever of its ports is named, and with the root's dot or without.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op

from pingback.store.columns import TEXT

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
"""  # noqa: S608  # words of ours

_WITHOUT_DIGITS = "rtrim(host, '0123456789')"
_SERVER = f"""rtrim(
    CASE WHEN {_WITHOUT_DIGITS} LIKE '%:' THEN substr({_WITHOUT_DIGITS}, 1, length({_WITHOUT_DIGITS}) - 1)
    ELSE host END, '.')"""
_NAME_SERVERS = [
    f"UPDATE pingback_jobs SET host = {_SERVER} WHERE host != {_SERVER}",  # noqa: S608  # words of ours
    f"""INSERT INTO pingback_pauses (host, until)
    SELECT {_SERVER}, max(until) FROM pingback_pauses WHERE host != {_SERVER} GROUP BY 1
    ON CONFLICT (host) DO UPDATE SET until = max(until, excluded.until)""",  # noqa: S608  # words of ours
    f"DELETE FROM pingback_pauses WHERE host != {_SERVER}",  # noqa: S608  # words of ours
    "DELETE FROM pingback_lanes",
    """INSERT INTO pingback_lanes (kind, host, due)
    SELECT kind, host, max(min(due), coalesce((SELECT until FROM pingback_pauses AS p WHERE p.host = j.host), 0))
    FROM pingback_jobs AS j GROUP BY kind, host""",
]


def upgrade() -> None:
    op.add_column("pingback_jobs", sa.Column("asked_due", sa.BigInteger(), nullable=True))
    op.add_column("pingback_jobs", sa.Column("asked_at", sa.BigInteger(), nullable=True))
    op.add_column("pingback_jobs", sa.Column("left_to", TEXT, nullable=True))
    left = sa.text("left_to IS NOT NULL")
    op.create_index("pingback_jobs_left", "pingback_jobs", ["left_to"], sqlite_where=left, postgresql_where=left)
    if op.get_context().dialect.name == "sqlite":  # nothing else was there before
        for statement in (_TAKE_APART, *_NAME_SERVERS):
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    raise NotImplementedError("an earlier version could not read what this one keeps")
