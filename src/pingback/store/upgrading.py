"""What happens to the schema of an SQLite file when it is first connected to: it is made, or upgraded.

Each in one transaction, under the write lock, and looked at again once we have that: of several processes that open the
file at once one does it, and the others wait. A process that is killed leaves the file as it was.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from pingback.store.counting import TRIGGERS
from pingback.store.migrations import NEWEST, REVISIONS, VERSION_TABLE, upgrade
from pingback.store.migrations.before import is_ours
from pingback.store.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Dialect

# Seconds that we wait for another process: a hundred thousand mentions and as many pings take it eight.
UPGRADE_WITHIN = 60.0
_BEFORE = ""  # a file from before the schema had a history


class TooNew(Exception):
    """The file is of a revision that this version does not know."""


def known_revision(connection: sqlite3.Connection) -> str | None:
    """The revision of the file's tables; None where it has none of ours, or is older than any. Raises `TooNew`."""
    return _found(connection) or None


def bring_up_to_date(connection: sqlite3.Connection, *, wait: float) -> None:
    """Make the tables, or upgrade them, where that is to be done. Raises `TooNew`.

    Waits for others' writes as long as it was told; where others may be upgrading the file, for a minute.
    """
    found = _found(connection)
    if found == NEWEST:
        return
    try:
        if found is None:
            _make(connection)
        else:
            _wait(connection, max(wait, UPGRADE_WITHIN))
            _upgrade(connection)
    finally:
        _wait(connection, wait)


def _found(connection: sqlite3.Connection) -> str | None:
    """The revision, or `_BEFORE`; None where there is no table of ours."""
    if connection.execute(f"PRAGMA table_info({VERSION_TABLE})").fetchone():
        # As hex, as it may be any bytes.
        rows = connection.execute(f"SELECT hex(version_num) FROM {VERSION_TABLE}").fetchall()  # noqa: S608  # a name of ours
        found = sorted(bytes.fromhex(row[0]).decode(errors="replace") for row in rows)
        if unknown := [revision for revision in found if revision not in REVISIONS]:
            raise TooNew(f"its schema is {unknown[0]!r}, this version knows {NEWEST!r}")
        if found:
            return found[-1]
    return _BEFORE if is_ours(connection) else None


def _wait(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}").close()


def _make(connection: sqlite3.Connection) -> None:
    """What the revisions would make, at once."""
    with connection:  # commits, or takes back
        connection.execute("BEGIN IMMEDIATE").close()
        if _found(connection) is None:
            for statement in _all_tables():
                connection.execute(statement).close()
            connection.execute(f"INSERT INTO {VERSION_TABLE} VALUES (?)", (NEWEST,)).close()  # noqa: S608  # a name of ours


@cache
def _all_tables() -> list[str]:
    from sqlalchemy.dialects import sqlite

    return [*statements_of(sqlite.dialect(), TRIGGERS)]


def statements_of(dialect: "Dialect", counting: Iterable[str]) -> Iterator[str]:
    """What makes all tables of a fresh database, which is of the newest revision."""
    from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

    tables = metadata.sorted_tables
    indices = [index for table in tables for index in sorted(table.indexes, key=lambda index: str(index.name))]
    statements: list[ExecutableDDLElement] = [*map(CreateTable, tables), *map(CreateIndex, indices)]
    yield from (str(statement.compile(dialect=dialect)) for statement in statements)
    yield from counting
    key = f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num)"  # as Alembic has it
    yield f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, {key})"


def _upgrade(connection: sqlite3.Connection) -> None:
    """By Alembic, on this connection."""
    from sqlalchemy import StaticPool, create_engine, event

    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", lambda of_engine: of_engine.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as of_engine:
        if _found(connection) != NEWEST:
            upgrade(of_engine)
