"""PostgreSQL for the tests: one server for the whole run, started when a test first asks, and a database for each."""

from collections.abc import Iterator

import pytest

from tests.postgresql.server import Server, running


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: Server) -> Iterator[str]:
    """A database with tables and without rows."""
    url = postgresql.new_database()
    yield url
    postgresql.drop(url)
