"""`pingback.store.database`: one transaction each, shared by all that is kept in the file."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from pingback.errors import StoreError
from pingback.store.database import Database


def test_a_write_is_undone_by_an_exception(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pingback.db")
    with pytest.raises(KeyError, match="half-way"):
        _write_half(database)
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO outbox_pauses VALUES ('b.example', 2)")
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT host FROM outbox_pauses").scalars().all() == ["b.example"]
    database.close()


def _write_half(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO outbox_pauses VALUES ('a.example', 1)")
        raise KeyError("half-way")


def test_a_reader_sees_one_state(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pingback.db")
    count = "SELECT count(*) FROM outbox_pauses"
    with database.read() as reading:
        assert reading.exec_driver_sql(count).scalar() == 0
        with database.write() as writing:
            writing.exec_driver_sql("INSERT INTO outbox_pauses VALUES ('a.example', 1)")
        assert reading.exec_driver_sql(count).scalar() == 0
    with database.read() as reading:
        assert reading.exec_driver_sql(count).scalar() == 1
    database.close()


def test_threads_that_write_take_turns(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pingback.db?timeout=0.01")
    with database.write(), pytest.raises(StoreError, match="is too busy"), database.write():
        pass
    database.close()


def test_a_closed_database_says_so() -> None:
    database = Database("sqlite://")
    database.close()
    database.close()
    for use in (database.read, database.browse, database.write):
        with pytest.raises(StoreError, match="the database in memory is closed"), use():
            pass


def test_who_browses_takes_no_connection_from_the_others(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pingback.db?timeout=0")
    with ExitStack() as lists:
        with pytest.raises(StoreError, match="is too busy"):
            _browse_without_end(database, lists)
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM outbox_pauses").scalar() == 0
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO outbox_pauses VALUES ('a.example', 1)")
    with database.browse() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM outbox_pauses").scalar() == 1
    database.close()


def _browse_without_end(database: Database, lists: ExitStack) -> None:
    while True:
        lists.enter_context(database.browse())


def test_in_memory_all_share_the_one_connection() -> None:
    database = Database("sqlite://")
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO outbox_pauses VALUES ('a.example', 1)")
    with database.browse() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM outbox_pauses").scalar() == 1
    database.close()
