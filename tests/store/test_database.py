"""`pingback.store.database`: one transaction each, shared by all that is kept in the file."""

import sqlite3
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pingback.errors import StoreError, UnreadableRow
from pingback.store.database import MOST_WAITING, Database
from tests.store.databases import with_timeout

PATIENCE = 120.0  # seconds for what takes a fraction of one


def test_a_write_is_undone_by_an_exception(shared_url: str) -> None:
    database = Database(shared_url)
    with pytest.raises(KeyError, match="half-way"):
        _write_half(database)
    with database.write() as connection:
        connection.execute("INSERT INTO pingback_pauses (host, until) VALUES ('b.example', 2)")
    with database.read() as connection:
        assert connection.execute("SELECT host FROM pingback_pauses").scalars().all() == ["b.example"]
    database.close()


def _write_half(database: Database) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO pingback_pauses (host, until) VALUES ('a.example', 1)")
        raise KeyError("half-way")


def test_a_reader_sees_one_state(shared_url: str) -> None:
    database = Database(shared_url)
    count = "SELECT count(*) FROM pingback_pauses"
    with database.read() as reading:
        assert reading.execute(count).scalar() == 0
        with database.write() as writing:
            writing.execute("INSERT INTO pingback_pauses (host, until) VALUES ('a.example', 1)")
        assert reading.execute(count).scalar() == 0
    with database.read() as reading:
        assert reading.execute(count).scalar() == 1
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


def test_who_browses_takes_no_connection_from_the_others(shared_url: str) -> None:
    database = Database(with_timeout(shared_url, 0))
    with ExitStack() as lists:
        with pytest.raises(StoreError, match="is too busy"):
            _browse_without_end(database, lists)
        with database.read() as connection:
            assert connection.execute("SELECT count(*) FROM pingback_pauses").scalar() == 0
        with database.write() as connection:
            connection.execute("INSERT INTO pingback_pauses (host, until) VALUES ('a.example', 1)")
    with database.browse() as connection:
        assert connection.execute("SELECT count(*) FROM pingback_pauses").scalar() == 1
    database.close()


def _browse_without_end(database: Database, lists: ExitStack) -> None:
    while True:
        lists.enter_context(database.browse())


def test_in_memory_all_share_the_one_connection() -> None:
    database = Database("sqlite://")
    with database.write() as connection:
        connection.execute("INSERT INTO pingback_pauses (host, until) VALUES ('a.example', 1)")
    with database.browse() as connection:
        assert connection.execute("SELECT count(*) FROM pingback_pauses").scalar() == 1
    database.close()


def said(database: Database) -> str | None:
    return None if database.trouble is None else database.trouble.public


def test_trouble_lasts_until_a_write_works(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pingback.db?timeout=0.01")
    with closing(sqlite3.connect(tmp_path / "pingback.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError), database.write():
            pass
    with database.read():
        pass
    assert said(database) == "the database is locked by another program"
    with pytest.raises(KeyError), database.write():
        raise KeyError
    assert said(database) == "the database is locked by another program"
    with database.write():
        pass
    assert said(database) is None
    database.close()


def test_a_row_that_cannot_be_read_is_no_trouble_of_the_database(shared_url: str) -> None:
    database = Database(shared_url)
    with pytest.raises(StoreError, match="cannot be read"), database.read():
        raise UnreadableRow("unheard-of")
    assert database.trouble is None
    database.close()


def test_damage_is_not_undone_by_a_write_that_works(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pingback.db")
    with pytest.raises(StoreError, match="is damaged"), database.read():
        raise _corrupt()
    with database.write():
        pass
    assert database.trouble is not None
    assert database.trouble.lasts
    database.close()


def _corrupt() -> sqlite3.DatabaseError:
    """As the driver raises it."""
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def test_who_waits_behind_another_waits_no_longer_than_for_themselves(tmp_path: Path) -> None:
    """While another program holds the lock: two dozen of them one after another would take twice what the last has."""
    database = Database(f"sqlite:///{tmp_path}/pingback.db?timeout=0.2")
    refused: list[float] = []
    together = threading.Barrier(25)

    def write(within: float | None) -> None:
        together.wait()
        with (
            pytest.raises(StoreError, match=r"is locked|is too busy"),
            database.write(within=within),
        ):
            pass
        refused.append(within or 0.2)

    with closing(sqlite3.connect(tmp_path / "pingback.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        threads = [threading.Thread(target=write, args=(within,)) for within in [2.4] + [None] * 24]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert refused == [0.2] * 24 + [2.4]
    database.close()


def test_who_waits_behind_a_patient_one_is_refused_in_time(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pingback.db")
    with closing(sqlite3.connect(tmp_path / "pingback.db", check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        patient = threading.Thread(target=_write_a_pause, args=(database,))
        patient.start()
        for within in (0.0, 0.01, 0.1):
            with pytest.raises(StoreError), database.write(within=within):
                pass
        assert patient.is_alive()
        other.rollback()
        patient.join()
    with database.read() as tx:
        assert tx.execute("SELECT count(*) FROM pingback_pauses").scalar() == 1
    database.close()


def _write_a_pause(database: Database) -> None:
    with database.write(within=3600) as tx:
        tx.execute("INSERT INTO pingback_pauses (host, until) VALUES ('a.example', 1)")


def test_where_many_wait_for_a_lock_others_are_refused_at_once(tmp_path: Path) -> None:
    """Or all threads of a server would wait, and none would answer who only reads."""
    database, written = Database(f"sqlite:///{tmp_path}/pingback.db"), threading.Semaphore(0)

    def write() -> None:
        with database.write(within=PATIENCE):
            written.release()

    waiting = [threading.Thread(target=write) for _ in range(MOST_WAITING)]
    with closing(sqlite3.connect(tmp_path / "pingback.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked"), database.write(within=0.0):
            pass  # it is known now
        for thread in waiting:
            thread.start()
        while database._places._value:
            threading.Event().wait(0.01)
        with pytest.raises(StoreError, match="is too busy"), database.write(within=PATIENCE):
            pass
        assert not written.acquire(blocking=False)
    for thread in waiting:
        thread.join(PATIENCE)
        assert written.acquire(blocking=False)
    write()
    database.close()


def test_all_readers_at_once_keep_no_writer_waiting(shared_url: str) -> None:
    database = Database(with_timeout(shared_url, 0))
    with ExitStack() as readers:
        with pytest.raises(StoreError, match="is too busy"):
            _read_without_end(database, readers)
        _write_a_pause(database)
    database.close()


def _read_without_end(database: Database, readers: ExitStack) -> None:
    while True:
        readers.enter_context(database.read())


def test_what_failed_is_undone_before_anybody_hears_of_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pingback.db")
    with closing(sqlite3.connect(tmp_path / "pingback.db", timeout=0)) as other:
        try:
            _write_half_and_fail(database)
        except StoreError:
            other.execute("BEGIN IMMEDIATE")
        assert other.in_transaction
        assert other.execute("SELECT count(*) FROM pingback_pauses").fetchone() == (0,)
    database.close()


def _write_half_and_fail(database: Database) -> None:
    with database.write() as tx:
        tx.execute("INSERT INTO pingback_pauses (host, until) VALUES ('a.example', 1)")
        tx.execute("SELECT nothing FROM nowhere")


@pytest.mark.parametrize("error", [ValueError, KeyError, TypeError])
def test_what_cannot_be_made_of_a_row_is_said_as_it_is(shared_url: str, error: type[Exception]) -> None:
    database = Database(shared_url)
    for lend in (database.read, database.browse, database.write):
        with pytest.raises(error, match="a later word"), lend():
            raise error("a later word")
    assert database.trouble is None
    _write_a_pause(database)
    database.close()
