"""The PostgreSQL of the tests: what it is for them, and that nothing of it is left."""

import os
from pathlib import Path

import psycopg
import pytest

from pingback.store import Store
from tests.postgresql.server import Server, running


def processes_of(folder: Path) -> list[int]:
    """Those whose command names it, or that work in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder) in (process / "cmdline").read_text() or str(folder) in os.readlink(process / "cwd"):
                found.append(int(process.name))
        except OSError:  # it has ended
            continue
    return found


def test_each_test_has_its_own_database(postgresql: Server, postgresql_url: str) -> None:
    other = postgresql.new_database()
    with Store(postgresql_url) as store, Store(other) as elsewhere:
        store.secrets.set_password("x")
        assert elsewhere.secrets.login() is None
    postgresql.drop(other)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        postgresql.connect(other)


def test_what_was_committed_outlasts_its_processes() -> None:
    with running(listens=True) as server:
        url = server.new_database(empty=True)
        with server.connect(url) as connection:
            connection.execute("CREATE TABLE kept (number int)")
            connection.execute("INSERT INTO kept VALUES (7)")
        server.kill()
        server.start()
        server.stop()
        server.start()
        with server.connect(url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
        name = url.split("/")[3].partition("?")[0]
        with psycopg.connect(server.url_by_port(name)) as connection:
            assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url_by_port(name, password="wrong"))
        folder = server.folder
        assert processes_of(folder) != []
    assert processes_of(folder) == []
    assert not folder.exists()
