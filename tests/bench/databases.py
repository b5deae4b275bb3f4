"""The databases that are filled and asked: how their rows come in fast, and what CPU they take beside ours."""

import sqlite3
import tempfile
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from pingback.store import Store
from tests.postgresql.server import Server

_BATCH = 500  # rows at once: what is counted of each is a version of one row, until they are committed


class Filled(typing.Protocol):
    """A database with tables, to be filled."""

    url: str

    def insert(self, table: Table, values: Iterable[Mapping[str, Any]]) -> None:
        """Rows whose keys are names of columns; those that the table has not are left out."""

    def analyze(self) -> None:
        """Have it know what is in it, as it finds out by itself in time."""

    def seconds(self) -> float:
        """Of CPU, in processes other than ours."""


NewDatabase = Callable[[], AbstractContextManager[Filled]]


class _File:
    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path
        Store(self.url).close()

    def insert(self, table: Table, values: Iterable[Mapping[str, Any]]) -> None:
        first, names, iterator = _begun(table, values)
        places = ", ".join(f":{name}" for name in names)
        statement = f"INSERT OR REPLACE INTO {table.name} ({', '.join(names)}) VALUES ({places})"
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA cache_size = -200000")
            with connection:
                connection.execute(statement, first)
                connection.executemany(statement, iterator)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def analyze(self) -> None:
        """Its plans are the same without."""

    def seconds(self) -> float:
        return 0.0


class _OnServer:
    def __init__(self, server: Server) -> None:
        self.url = server.new_database()
        self._server = server
        self.seconds = server.seconds

    def insert(self, table: Table, values: Iterable[Mapping[str, Any]]) -> None:
        first, names, iterator = _begun(table, values)
        copying = f"COPY {table.name} ({', '.join(names)}) FROM STDIN"
        every = chain([first], iterator)
        with self._server.connect(self.url) as connection, connection.cursor() as cursor:
            while batch := [*islice(every, _BATCH)]:
                with cursor.copy(copying) as copy:
                    for row in batch:
                        copy.write_row([row[name] for name in names])

    def analyze(self) -> None:
        with self._server.connect(self.url) as connection:
            connection.execute("VACUUM (ANALYZE)")


@contextmanager
def in_file() -> Iterator[Filled]:
    with tempfile.TemporaryDirectory() as folder:
        yield _File(Path(folder) / "x.db")


@contextmanager
def _on_server(server: Server) -> Iterator[Filled]:
    database = _OnServer(server)
    yield database
    server.drop(database.url)


def on_server(server: Server) -> NewDatabase:
    return partial(_on_server, server)


def _begun(
    table: Table, values: Iterable[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], list[str], Iterator[Mapping[str, Any]]]:
    iterator = iter(values)
    first = next(iterator)
    return first, [name for name in first if name in table.c], iterator
