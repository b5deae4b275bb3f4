"""The tables in PostgreSQL: made when somebody first connects, or upgraded."""

from functools import cache
from typing import Any

import psycopg

from pingback.store.counting import FUNCTIONS
from pingback.store.migrations import NEWEST, REVISIONS, VERSION_TABLE, upgrade
from pingback.store.upgrading import TooNew, statements_of

_MAKING = "SELECT pg_advisory_xact_lock(hashtextextended('pingback schema', 0))"


def known_revision(connection: psycopg.Connection[Any]) -> str | None:
    """The revision of the tables; None where there are none of ours. Raises `TooNew`."""
    with connection.cursor() as cursor:
        if cursor.execute("SELECT to_regclass(%s)", (VERSION_TABLE,)).fetchall()[0][0] is None:
            return None
        found = sorted(row[0] for row in cursor.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall())  # noqa: S608  # a name of ours
    if unknown := [revision for revision in found if revision not in REVISIONS]:
        raise TooNew(f"its schema is {unknown[0]!r}, this version knows {NEWEST!r}")
    return found[-1] if found else None


def bring_up_to_date(connection: psycopg.Connection[Any]) -> None:
    """Make the tables, or upgrade them, where that is to be done. Raises `TooNew`. Of several at once one does it."""
    found = known_revision(connection)
    if found is None:
        _make(connection)
    elif found != NEWEST:
        _upgrade(connection)


def _make(connection: psycopg.Connection[Any]) -> None:
    """What the revisions would make, at once."""
    with connection.transaction():
        connection.execute(_MAKING)
        if known_revision(connection) is None:
            for statement in _all_tables():
                connection.execute(statement)
            connection.execute(f"INSERT INTO {VERSION_TABLE} VALUES (%s)", (NEWEST,))  # noqa: S608  # a name of ours


@cache
def _all_tables() -> list[Any]:
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    return [*statements_of(PGDialect_psycopg(), FUNCTIONS)]  # type: ignore[no-untyped-call]  # SQLAlchemy has no types for it


def _upgrade(connection: psycopg.Connection[Any]) -> None:
    """By Alembic, on this connection."""
    from sqlalchemy import StaticPool, create_engine, event

    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", lambda of_engine: of_engine.exec_driver_sql("BEGIN"))  # the driver does not
    with engine.begin() as of_engine:
        of_engine.exec_driver_sql(_MAKING)
        if known_revision(connection) != NEWEST:
            upgrade(of_engine)
