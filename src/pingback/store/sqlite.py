"""`SQLite`: the connections to a file, and the sentence for each thing that can be wrong with it."""

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache, partial
from math import ceil, floor
from time import monotonic, sleep
from typing import Any, cast

from sqlalchemy import URL, FromClause, Pool, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from pingback.errors import StoreError, UnreadableRow
from pingback.store.engine import busy_timeout, refuse_unknown_options
from pingback.store.statements import Transaction
from pingback.store.upgrading import TooNew, bring_up_to_date, known_revision

_TRY_AGAIN_AFTER = 0.01  # seconds
_OWNER_ONLY = 0o600
_MAKING = threading.Lock()  # closing a file ends all locks that the process has on it, SQLite's among them

# SQLite's primary result codes and what they mean to the person whose database it is.
_SENTENCES = {
    sqlite3.SQLITE_BUSY: "is locked by another program",
    sqlite3.SQLITE_LOCKED: "is locked by another program",
    sqlite3.SQLITE_READONLY: "is read-only",
    sqlite3.SQLITE_PERM: "may not be opened by this user",
    sqlite3.SQLITE_AUTH: "may not be opened by this user",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_NOTADB: "is not an SQLite database",
}
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class _Compiler(SQLiteCompiler):
    """Takes `with_hint`, for `INDEXED BY`: SQLite knows little of what is in a table, and guesses wrong at times."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


class _Dialect(SQLiteDialect_pysqlite):
    statement_compiler = _Compiler

    @staticmethod
    @cache
    def rows_with(booleans: tuple[int, ...]) -> Callable[[sqlite3.Cursor, tuple[Any, ...]], sqlite3.Row]:
        """What makes rows of which these columns are true or false; SQLite keeps them as numbers."""

        def make_row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> sqlite3.Row:
            row = [*values]
            for place in booleans:
                row[place] = None if row[place] is None else bool(row[place])
            return sqlite3.Row(cursor, tuple(row))

        return make_row


_DIALECT = _Dialect(paramstyle="named")


class SQLite:
    """A file, or a database in memory; an `Engine`."""

    writers = 1

    def __init__(self, url: URL) -> None:
        if url.host or url.username or "\0" in (url.database or ""):
            raise StoreError("the database URL is not of the form sqlite:///FILE: mind the three slashes")
        refuse_unknown_options(url, "timeout")
        self.wait = busy_timeout(url)
        self.is_in_memory = url.database in (None, "", ":memory:")
        self.name = "the database in memory" if self.is_in_memory else f"the database {url.database}"
        self._file = ":memory:" if self.is_in_memory else str(url.database)

    def pool(self, *, create: bool) -> Pool:
        """Connections that write to a log first (WAL) and wait for the disk at each commit.

        A file that is missing is made, for its owner only; unless it may `create` it, a connection is a StoreError.
        """
        # A database in memory lives as long as its connection: all threads take turns at one.
        size, more = (1, 0) if self.is_in_memory else (5, 10)
        pool = QueuePool(partial(self._connect, create), pool_size=size, max_overflow=more, timeout=self.wait)
        event.listen(pool, "connect", partial(_prepare, self.wait))
        return pool

    def begin_reading(self, lent: PoolProxiedConnection) -> Transaction:
        lent.cursor().execute("BEGIN")
        return Transaction(lent.dbapi_connection, _DIALECT)

    def begin_writing(self, lent: PoolProxiedConnection, *, until: float) -> Transaction:
        """Takes the write lock.

        A reader that turns writer would fail at once where another had written in between, without waiting its turn.
        """
        _wait(lent, until - monotonic())
        lent.cursor().execute("BEGIN IMMEDIATE")
        return Transaction(lent.dbapi_connection, _DIALECT)

    def undo(self, lent: PoolProxiedConnection) -> bool:
        """The pool does."""
        return True

    def file(self) -> tuple[int, int] | None:
        if self.is_in_memory:
            return None
        try:
            found = os.stat(self._file)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._translation(error) from error
        except TooNew as error:
            raise StoreError(f"{self.name} was written by a newer version of pingback ({error})") from error
        except (UnreadableRow, UnicodeEncodeError) as error:  # a text that is no UTF-8 is no parameter either
            raise StoreError(f"{self.name} holds a row that cannot be read: {error}") from error

    def vacuum(self, pool: Pool) -> None:
        """Write the file anew."""
        with closing(pool.connect()) as lent:
            _wait(lent, self.wait)
            lent.cursor().execute("VACUUM")

    def is_sound(self, tx: Transaction) -> bool:
        tx.execute("PRAGMA shrink_memory")  # what it remembers of the file may be better
        return bool(tx.execute("PRAGMA quick_check(1)").scalar() == "ok")

    def touch(self, tx: Transaction) -> None:
        version = tx.execute("PRAGMA user_version").scalar() or 0
        tx.execute(f"PRAGMA user_version = {int(version)}")

    def last_number(self, tx: Transaction, table: str) -> int:
        return tx.execute("SELECT seq FROM sqlite_sequence WHERE name = :name", {"name": table}).scalar() or 0

    def go_on_after(self, tx: Transaction, table: str, number: int) -> None:
        tx.execute("DELETE FROM sqlite_sequence WHERE name = :name", {"name": table})
        tx.execute("INSERT INTO sqlite_sequence VALUES (:name, :number)", {"name": table, "number": number})

    def pause_counting(self, tx: Transaction) -> bool:
        return False

    def resume_counting(self, tx: Transaction) -> None:
        """They never stopped."""

    def revision(self) -> str | None:
        with self.translated(), closing(self._connect(create=False)) as connection:
            return known_revision(cast(sqlite3.Connection, connection))

    def _connect(self, create: bool) -> DBAPIConnection:
        path = self._file
        if not self.is_in_memory:
            path = os.path.abspath(path)
            _secure_file(path, create)
        # The driver begins no transaction by itself: a `Database` does.
        connection = sqlite3.connect(path, timeout=self.wait, isolation_level=None, check_same_thread=False)
        return cast(DBAPIConnection, connection)  # it is one, but for names of parameters

    def _translation(self, error: SQLAlchemyError | sqlite3.Error) -> StoreError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        # The low byte is the primary code; above it stands the extended one.
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        sentence = "is too busy" if isinstance(error, PoolTimeout) else _SENTENCES.get(code)
        if sentence is None:
            return StoreError(f"{self.name} cannot be used: {cause}")
        why = f": {_why_not_opened(self._file)}" if code == sqlite3.SQLITE_CANTOPEN else ""
        return StoreError(f"{self.name} {sentence}{why}", public=f"the database {sentence}", lasts=code in _DAMAGE)


def _wait(lent: PoolProxiedConnection, seconds: float) -> None:
    """Let this connection wait so long for others' locks."""
    # In tenths of a second: then it mostly is as it was, and there is nothing to say.
    tenths = max(floor(seconds * 10), 0) * 100
    wait = tenths or max(ceil(seconds * 1000), 0)
    if lent.info.get("wait") != wait:  # mostly no other thread was before us, and it is as it was
        lent.cursor().execute(f"PRAGMA busy_timeout = {wait}")
        lent.info["wait"] = wait


def _why_not_opened(path: str) -> str:
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        return f"there is no folder {folder}"
    return "it is a folder" if os.path.isdir(path) else "may this user read it, and write to its folder?"


def _prepare(wait: float, connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    _write_ahead(connection, wait)
    # An accepted ping is on disk before its answer goes out, so each commit waits for the disk: 0.8 ms a ping on a
    # virtual ext4 disk, where 0.5 without; the fetch of a source takes a hundred times that.
    connection.execute("PRAGMA synchronous = FULL").close()
    # A statement with triggers keeps what it changes, to undo it; in a file, that costs a ping 100 microseconds.
    connection.execute("PRAGMA temp_store = MEMORY").close()
    bring_up_to_date(connection, wait=wait)
    connection.row_factory = sqlite3.Row
    connection.text_factory = _text


def _write_ahead(connection: sqlite3.Connection, wait: float) -> None:
    """Turn to WAL. Where several open a fresh file at once, SQLite refuses this to all but one without waiting."""
    until = monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() >= until:
                raise
            sleep(_TRY_AGAIN_AFTER)
        else:
            return


def _text(written: bytes) -> str:
    """What is no UTF-8 is told by lone surrogates, of the one value that it is in, and not by an exception for all."""
    return written.decode(errors="surrogateescape")


def _secure_file(name: str, create: bool) -> None:
    """Before SQLite opens the file: make it, as SQLite would let every user of the machine read the key in it.

    The mode of a file that is there is its owner's business. SQLite gives it to a new log, and we to one that is left
    over from a process that was killed.
    """
    path = os.path.realpath(name)  # SQLite follows links, and would make what one leads to
    with _MAKING:
        if not os.path.lexists(path):
            if not create:
                raise StoreError(f"there is no database {name}")
            with suppress(OSError):  # another was faster, or SQLite says what is in the way
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
    for log in (f"{path}-wal", f"{path}-shm"):
        with suppress(OSError):  # mostly there is none; that of another user, SQLite judges
            mode, found = os.stat(path).st_mode, os.lstat(log).st_mode
            if stat.S_ISREG(found) and stat.S_IMODE(found) != stat.S_IMODE(mode):
                os.chmod(log, stat.S_IMODE(mode))
