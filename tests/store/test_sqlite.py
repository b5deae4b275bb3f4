"""`pingback.store.sqlite`: whatever is wrong with a database is one StoreError with a sentence that helps."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pingback.errors import StoreError
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.engine import engine_of

MENTION = Mention(
    source="https://a.example/post",
    target="https://b.example/part-5",
    protocol=Protocol.PINGBACK,
    status=MentionStatus.APPROVED,
    received=datetime(2026, 1, 2, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        pytest.param("", "not of the form", id="empty"),
        pytest.param("pingback.db", "not of the form", id="a-path"),
        pytest.param("sqlite://pingback.db", "three slashes", id="two-slashes"),
        pytest.param("sqlite://user:secret@/x", "three slashes", id="credentials"),
        pytest.param("sqlite:///a\0b", "three slashes", id="nul"),
        pytest.param("mysql://user:secret@host/name", "must be of the form sqlite:", id="another-database"),
        pytest.param("sqlite+aiosqlite:///x", "must be of the form sqlite:", id="another-driver"),
        pytest.param("sqlite:///x?timeout=soon", "not a number", id="timeout-in-words"),
        pytest.param("sqlite:///x?timeout=-1", "not a number", id="timeout-below-zero"),
        pytest.param("sqlite:///x?timeout=1e12", "not a number", id="timeout-longer-than-a-lock-can-wait"),
        pytest.param("sqlite:///x?timeout=nan", "not a number", id="timeout-nan"),
        pytest.param("sqlite:///x?timeout=1&timeout=2", "not a number", id="timeout-twice"),
        pytest.param("sqlite:///x?mode=ro", "not known: mode", id="unknown-option"),
        pytest.param("sqlite:///what?.db", "written %3F", id="question-mark-in-a-name"),
        pytest.param("sqlite://host:port/x", "not of the form", id="port-in-words"),
    ],
)
def test_unusable_url(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence) as refused:
        Store(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite+pysqlite://"])
def test_in_memory(url: str) -> None:
    with Store(url) as store:
        assert store.mentions.keep(MENTION)[1]


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is a text, not a database\n" * 100)


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE pingback_mentions (id INTEGER)")


def _damaged(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        for number in range(50):
            store.mentions.keep(replace(MENTION, source=f"https://a.example/{number}"))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param(Path.mkdir, "cannot be opened: it is a folder", id="a-folder"),
        pytest.param(_garbage, "is not an SQLite database", id="not-a-database"),
        pytest.param(_foreign, "cannot be used", id="another-programs-table"),
        pytest.param(_damaged, "is damaged", id="damaged"),
    ],
)
def test_unusable_file(tmp_path: Path, spoil: Callable[[Path], None], sentence: str) -> None:
    path = tmp_path / "mentions.db"
    spoil(path)
    with pytest.raises(StoreError, match=sentence) as refused, Store(f"sqlite:///{path}") as store:
        list(store.mentions.list())
    assert str(path) in str(refused.value)


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened: there is no folder"):
        Store(f"sqlite:///{tmp_path}/no/such/mentions.db")


def test_a_lock_held_by_another_program(tmp_path: Path) -> None:
    path = tmp_path / "mentions.db"
    with Store(f"sqlite:///{path}?timeout=0.01") as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another program"):
            store.mentions.keep(MENTION)
        assert store.mentions.find(MENTION.source, MENTION.target) is None  # reading goes on
        other.rollback()
        assert store.mentions.keep(MENTION)[1]


def test_a_lock_held_while_the_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "mentions.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="is locked by another program"):
            Store(f"sqlite:///{path}?timeout=0.01")


def _write_where_only_reading_is_allowed(path: Path) -> None:
    sqlite3.connect(path).close()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.execute("CREATE TABLE t (x)")


def _write_past_the_size_allowed(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")


def _wait_for_a_connection(path: Path) -> None:
    raise PoolTimeout("QueuePool limit of size 1 overflow 0 reached")


@pytest.mark.parametrize(
    ("fail", "sentence"),
    [
        pytest.param(_write_where_only_reading_is_allowed, "is read-only", id="read-only"),
        pytest.param(_write_past_the_size_allowed, "the disk is full", id="disk-full"),
        pytest.param(_wait_for_a_connection, "is too busy", id="no-connection-free"),
    ],
)
def test_errors_of_the_driver_are_translated(tmp_path: Path, fail: Callable[[Path], None], sentence: str) -> None:
    path = tmp_path / "mentions.db"
    with pytest.raises(StoreError, match=sentence), engine_of(f"sqlite:///{path}").translated():
        fail(path)


def _modes(path: Path) -> list[str]:
    """Of the database, its log, and the index of that."""
    return [oct(stat.S_IMODE(os.stat(f"{path}{end}").st_mode)) for end in ("", "-wal", "-shm")]


@pytest.fixture(params=[0o022, 0o077, 0o000], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
class TestModes:
    def test_a_new_file_is_its_owners(self, tmp_path: Path) -> None:
        path = tmp_path / "mentions.db"
        with Store(f"sqlite:///{path}") as store:
            store.mentions.keep(MENTION)
            assert _modes(path) == ["0o600"] * 3

    def test_a_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with Store("sqlite:///file:x.db"):  # a name like any other
            assert _modes(tmp_path / "file:x.db") == ["0o600"] * 3

    def test_what_a_link_leads_to(self, tmp_path: Path) -> None:
        path, link = tmp_path / "mentions.db", tmp_path / "link.db"
        link.symlink_to(path.name)
        with Store(f"sqlite:///{link}"):
            assert _modes(path) == ["0o600"] * 3

    def test_a_file_that_was_deleted_is_made_anew(self, tmp_path: Path) -> None:
        path = tmp_path / "mentions.db"
        with Store(f"sqlite:///{path}") as store:
            for each in tmp_path.iterdir():
                each.unlink()
            store.mentions.keep(MENTION)
            assert _modes(path) == ["0o600"] * 3

    @pytest.mark.parametrize("mode", [0o640, 0o644, 0o660], ids=oct)
    def test_a_mode_that_the_owner_set_stays_and_the_log_follows(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "mentions.db"
        path.touch()
        path.chmod(mode)
        for _ in range(2):
            with Store(f"sqlite:///{path}") as store:
                store.mentions.keep(MENTION)
                assert _modes(path) == [oct(mode)] * 3
                store.retention.vacuum()
                assert _modes(path) == [oct(mode)] * 3

    def test_a_log_that_was_left_over_follows_a_new_mode(self, tmp_path: Path) -> None:
        path = tmp_path / "mentions.db"
        path.touch()
        path.chmod(0o644)
        with Store(f"sqlite:///{path}") as store:
            store.mentions.keep(MENTION)
            path.chmod(0o600)
            with Store(f"sqlite:///{path}"):
                assert _modes(path) == ["0o600"] * 3


def test_a_database_that_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "mentions.db"
    with pytest.raises(StoreError, match=f"there is no database {path}"):
        Store(f"sqlite:///{path}", create=False)
    assert not path.exists()
    Store(f"sqlite:///{path}").close()
    Store(f"sqlite:///{path}", create=False).close()
    Store("sqlite://", create=False).close()


USED = """
import os, sqlite3, subprocess, sys, threading
from datetime import UTC, datetime
from pingback.store import Store

path, noon, stopped = sys.argv[1], datetime(2026, 1, 2, 12, tzinfo=UTC), threading.Event()
COUNT = "SELECT count(*) FROM pingback_login_tries"
ANOTHER = f"import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('{COUNT}').fetchone())"

def read():
    while not stopped.is_set():
        store.tallies.mentions()

with Store(f"sqlite:///{path}") as store:
    reading = [threading.Thread(target=read) for _ in range(3)]
    for thread in reading:
        thread.start()
    try:
        for _ in range(8):
            os.unlink(path)  # and what SQLite keeps beside it stays
            for number in range(3):
                store.logins.attempt(f"192.0.2.{number}", now=noon)
                print(subprocess.check_output([sys.executable, "-c", ANOTHER, path], text=True).strip())
    finally:
        stopped.set()
        for thread in reading:
            thread.join()
"""


def test_a_file_that_is_deleted_while_threads_read_it(tmp_path: Path) -> None:
    """What is written afterwards, other programs read; and nobody empties a log that is in use (SIGBUS)."""
    done = subprocess.run([sys.executable, "-c", USED, tmp_path / "x.db"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["1", "2", "3"] * 8), done.stderr
