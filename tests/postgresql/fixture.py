"""PostgreSQL for the tests: one server for the whole run, started when a test first asks, and a database for each."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from pingback.store.schema import mentions, metadata, outbox
from tests.postgresql.server import Server, running

USES = 100  # of a database; what was deleted in it makes it slow

# Rows of the first two are counted by triggers, in others.
_TABLES = [mentions, outbox, *(table for table in metadata.sorted_tables if table not in (mentions, outbox))]
WITHOUT_ROWS = "; ".join(
    [
        *(f"DELETE FROM {table.name}" for table in _TABLES),  # names of ours
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
    ]
)
_ALONE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


class Databases:
    """With tables and without rows; whoever has one gives it back, for the next."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._free: list[str] = []
        self._uses: dict[str, int] = {}
        self._own: dict[str, psycopg.Connection[Any]] = {}

    def take(self) -> str:
        if not self._free:
            url = self._server.new_database()
            self._own[url], self._uses[url] = self._server.connect(url), 0
            self._free.append(url)
        return self._free.pop()

    def give_back(self, url: str) -> None:
        self._uses[url] += 1
        with suppress(psycopg.Error):  # the tables are not as they were
            self._own[url].execute(f"{_ALONE}; {WITHOUT_ROWS}")
            if self._uses[url] < USES:
                self._free.append(url)
                return
        self._own.pop(url).close()
        self._server.drop(url)

    def close(self) -> None:
        for connection in self._own.values():
            connection.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_databases(postgresql: Server) -> Iterator[Databases]:
    databases = Databases(postgresql)
    yield databases
    databases.close()


@pytest.fixture
def postgresql_url(postgresql_databases: Databases) -> Iterator[str]:
    """A database with tables and without rows."""
    url = postgresql_databases.take()
    yield url
    postgresql_databases.give_back(url)
