"""In which order moves became known. And what several processes share: rates, gaps between exchanges, counts.
And slots of what triggers count.

Revision 0005.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from pingback.store.columns import TEXT, word

revision = "0005"
down_revision = "0004"

_COUNTS: dict[str, dict[str, TypeEngine[Any]]] = {
    "pingback_tallies": {"subject": word(20), "protocol": word(20), "status": word(20)},
    "pingback_days": {"day": sa.BigInteger()},
    "pingback_kinds": {"host": TEXT, "kind": word(20)},
}
# By the name of the database, what counts rows as they come and go, a statement a line. PostgreSQL had none before.
_TRIGGERS = {name: Path(__file__).with_suffix(f".{name}.sql") for name in ("sqlite", "postgresql")}


def upgrade() -> None:
    op.add_column("pingback_moves", sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":  # nothing else was there before
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
    for table, key in _COUNTS.items():
        _give_slots(table, key)
    for statement in _TRIGGERS[connection.dialect.name].read_text().splitlines():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"DROP TRIGGER {statement.split()[2]}")
        connection.exec_driver_sql(statement)


def _give_slots(table: str, key: Mapping[str, TypeEngine[Any]]) -> None:
    """For another key SQLite wants another table. It is a small one."""
    op.execute(f"CREATE TEMPORARY TABLE pingback_kept AS SELECT * FROM {table}")  # noqa: S608  # a name of ours
    op.drop_table(table)
    op.create_table(
        table,
        *(sa.Column(name, of, autoincrement=False, nullable=False) for name, of in key.items()),
        sa.Column("site_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*key, "site_id", "slot"),
    )
    columns = ", ".join([*key, "site_id", "number"])
    op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM pingback_kept")  # noqa: S608  # names of ours
    op.execute("DROP TABLE pingback_kept")


def downgrade() -> None:
    raise NotImplementedError("an earlier version could not read what this one keeps")
