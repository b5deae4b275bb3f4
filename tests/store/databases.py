"""The databases that a test of the store runs on: SQLite and PostgreSQL, one after the other.

Ask for `store` or `new_store`, or for `shared_url` where several open one database. A test that says what SQLite
alone does names its file itself.
"""

import typing
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pingback.store import Store
from tests.postgresql.fixture import WITHOUT_ROWS, Databases


class NewStore(typing.Protocol):
    """Makes stores, each in a database of its own."""

    def __call__(self, **options: Any) -> Store: ...


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes a database of a kind, and says where it is: "file", "memory" or "postgresql"."""
    with ExitStack() as stack:

        def make(kind: str) -> str:
            if kind == "postgresql":
                databases: Databases = request.getfixturevalue("postgresql_databases")
                url = databases.take()
                stack.callback(databases.give_back, url)
                return url
            return "sqlite://" if kind == "memory" else f"sqlite:///{tmp_path}/pingback.db"

        yield make


@pytest.fixture(params=["file", "postgresql"])
def shared_url(request: pytest.FixtureRequest, new_url: Callable[[str], str]) -> str:
    """A database that others may open, too."""
    return new_url(request.param)


@pytest.fixture(params=["memory", "postgresql"])
def new_store(request: pytest.FixtureRequest, new_url: Callable[[str], str]) -> Iterator[NewStore]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Store(new_url(request.param), **options))


@pytest.fixture(params=["file", "memory", "postgresql"])
def store(request: pytest.FixtureRequest, new_url: Callable[[str], str]) -> Iterator[Store]:
    with Store(new_url(request.param)) as store:
        yield store


@pytest.fixture(scope="module", params=["memory", "postgresql"])
def spare_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """For a test with many examples, each of which has it `emptied`."""
    with ExitStack() as stack:
        url = "sqlite://"
        if request.param == "postgresql":
            databases: Databases = request.getfixturevalue("postgresql_databases")
            url = databases.take()
            stack.callback(databases.give_back, url)
        yield stack.enter_context(Store(url))


def patient(url: str) -> str:
    """For those who wait for one another, however long."""
    return with_timeout(url, 300)


def with_timeout(url: str, seconds: float) -> str:
    return f"{url}{'&' if '?' in url else '?'}timeout={seconds}"


def asked(store: Store, sql: str) -> list[tuple[Any, ...]]:
    """What another program would find."""
    with store._database.read() as tx:
        return [tuple(row) for row in tx.execute(sql)]


def change(store: Store, sql: str) -> None:
    """As another program would."""
    with store._database.write() as tx:
        tx.execute(sql)


def emptied(store: Store) -> Store:
    """As in a new database, in less time."""
    with store._database.write() as tx:
        if isinstance(tx.connection, psycopg.Connection):
            tx.connection.execute(WITHOUT_ROWS)
        else:
            for statement in [*WITHOUT_ROWS.split("; ")[:-1], "DELETE FROM sqlite_sequence"]:
                tx.execute(statement)
    return store
