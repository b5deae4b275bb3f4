"""`pingback db`: upgrades the database, or says which schema it has."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pingback.store import Store
from tests.cli.conftest import Run
from tests.loopback import free_port
from tests.postgresql.server import Server

OLD = Path(__file__).parent.parent / "vectors" / "databases" / "notices.db"
NEWEST = {"revision": "0005", "newest": "0005", "is_newest": True}


def test_an_old_one_is_upgraded(run: Run, tmp_path: Path) -> None:
    shutil.copy(OLD, tmp_path / "pingback.db")
    assert run("db", "current", "--json").printed == [{"revision": None, "newest": "0005", "is_newest": False}]
    assert (
        run("db", "current").out == "the schema is none, or older than any, the newest is 0005: pingback db upgrade\n"
    )
    assert run("db", "upgrade", "--json").printed == [NEWEST]
    assert run("db", "upgrade").out == run("db", "current").out == "the schema is 0005, the newest\n"
    assert len(run("mentions", "--json").printed) == 12


def test_to_look_changes_nothing(run: Run, tmp_path: Path) -> None:
    shutil.copy(OLD, tmp_path / "pingback.db")
    assert run("db", "current").code == 0
    assert (tmp_path / "pingback.db").read_bytes() == OLD.read_bytes()


def test_every_command_upgrades(run: Run, tmp_path: Path) -> None:
    shutil.copy(OLD, tmp_path / "pingback.db")
    assert len(run("outbox", "--json").printed) == 7
    assert run("db", "current", "--json").printed == [NEWEST]


def test_a_missing_one_is_made(run: Run, tmp_path: Path) -> None:
    assert run("db", "upgrade", "--json").printed == [NEWEST]
    assert (tmp_path / "pingback.db").exists()


def test_a_newer_one_is_refused(run: Run, tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path}/pingback.db").close()
    with closing(sqlite3.connect(tmp_path / "pingback.db", isolation_level=None)) as connection:
        connection.execute("UPDATE pingback_alembic SET version_num = '9999'")
    for command in (("db", "current"), ("db", "upgrade"), ("mentions",), ("outbox",), ("worker",)):
        done = run(*command)
        assert (done.code, done.out) == (2, "")
        assert done.err == (
            "pingback: the database pingback.db was written by a newer version of pingback"
            " (its schema is '9999', this version knows '0005')\n"
        )


def test_an_unknown_action(run: Run) -> None:
    assert run("db", "downgrade").code == 2


@pytest.mark.parametrize(
    "command",
    ["serve --site https://my.example/", "worker", "mentions", "outbox", "token", "db upgrade", "db current"],
)
def test_a_server_that_is_away(run: Run, command: str) -> None:
    port = free_port()
    url = f"postgresql://me:s3cret@127.0.0.1:{port}/pings"
    found = run(*command.split(), environ={"PINGBACK_DB": url})
    assert (found.code, found.out) == (2, "")
    assert found.err == (
        "pingback: the database pings on 127.0.0.1 cannot be reached: connection failed: connection to server at"
        f' "127.0.0.1", port {port} failed: Connection refused\n'
    )


def test_a_database_that_the_server_does_not_have(run: Run, postgresql: Server) -> None:
    found = run("db", "current", "--db", postgresql.url("nowhere"))
    assert (found.code, found.out) == (2, "")
    assert 'FATAL: database "nowhere" does not exist' in found.err


def test_one_of_a_server(run: Run, postgresql: Server) -> None:
    url = postgresql.new_database(empty=True)
    assert "the schema is none, or older than any" in run("db", "current", "--db", url).out
    assert run("db", "upgrade", "--db", url, "--json").printed == [NEWEST]
    assert run("db", "current", "--db", url, "--json").printed == [NEWEST]
    postgresql.drop(url)


def test_all_is_copied_to_a_server(run: Run, postgresql_url: str, tmp_path: Path) -> None:
    shutil.copy(OLD, tmp_path / "pingback.db")
    [done] = run("db", "copy", "sqlite:///pingback.db", "--db", postgresql_url, "--json").printed
    assert done["copied"] > 12
    for command in ("mentions", "outbox"):
        before, after = (run(command, "--json", *more).printed for more in ([], ["--db", postgresql_url]))
        assert before == after != []
    again = run("db", "copy", "sqlite:///pingback.db", "--db", postgresql_url)
    assert (again.code, again.out) == (2, "")
    assert "is not empty: there are rows in pingback_" in again.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["copy"], "copy takes the URL of the database to copy from", id="from-nowhere"),
        pytest.param(["upgrade", "sqlite:///a.db"], "nothing else takes one", id="upgrade"),
        pytest.param(["copy", "sqlite:///a.db"], "there is no database", id="from-none"),
        pytest.param(["copy", "a.db"], "not of the form", id="from-a-path"),
    ],
)
def test_copies_that_cannot_be_made(run: Run, arguments: list[str], sentence: str) -> None:
    found = run("db", *arguments)
    assert (found.code, found.out) == (2, "")
    assert sentence in found.err


@pytest.mark.parametrize("action", ["upgrade", "current"])
def test_one_in_memory_has_no_history(run: Run, action: str) -> None:
    found = run("db", action, "--db", "sqlite://")
    assert (found.code, found.out) == (2, "")
    assert "a database in memory ends with this command" in found.err
