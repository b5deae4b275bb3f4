"""`PostgreSQL`: the connections to a server's database, and the sentence for each thing that can be wrong with it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from hashlib import sha256
from math import ceil
from time import monotonic
from typing import Any, cast

import psycopg
from sqlalchemy import URL, Pool, event, func, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from pingback.errors import StoreError, UnreadableRow
from pingback.store.counting import COUNTED
from pingback.store.engine import busy_timeout, refuse_unknown_options
from pingback.store.expressions import big
from pingback.store.statements import Transaction, prepared
from pingback.store.upgrading import TooNew

_POOL = 5  # connections of a kind, of one process; there are three kinds
# Seconds that one statement takes, or one transaction does nothing. What is stopped half-way keeps nobody waiting for
# longer, and a server that was cut off is noticed sooner than by the system's own quarter of an hour.
_AT_MOST = 60
_KEEPALIVE = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_BOUNDS = f"SET LOCAL statement_timeout = '{_AT_MOST}s'; SET LOCAL idle_in_transaction_session_timeout = '{_AT_MOST}s'"
_OPTIONS = ("host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "passfile", "target_session_attrs")

# What a code means to the person whose database it is; by its first two letters where there is no more to say.
_SENTENCES = {
    "42501": "may not be written by this user",
    "25006": "is read-only",
    "53100": "cannot grow: the disk is full",
    "53200": "is out of memory",
    "57P": "is shutting down or starting up",
    "25P03": "is too busy",  # this process was stopped for a while
    "55P03": "is too busy",  # a lock was not to be had in time
    "57014": "is too busy",
    "40": "is too busy",  # two transactions stood in each other's way
    "XX001": "is damaged",
    "XX002": "is damaged",
    "58": "cannot be read or written: the disk reports an error",
    "08": "cannot be reached",
}
_LONGEST_NUMBER = 9  # digits
_DAMAGE = frozenset({"XX001", "XX002"})


class _Row(tuple[Any, ...]):
    """A row by names, too."""

    __slots__ = ()
    places: dict[str, int]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        return [*self.places]


@lru_cache(512)
def _row_type(names: tuple[str, ...]) -> type[_Row]:
    return type("_RowOf", (_Row,), {"__slots__": (), "places": {name: place for place, name in enumerate(names)}})


def _rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], _Row]:
    return _row_type(tuple(column.name for column in cursor.description or ()))


_DIALECT: Any = PGDialect_psycopg()  # type: ignore[no-untyped-call]
_LOCK = prepared(select(func.pg_advisory_xact_lock(big("of"))))
_SHARE = prepared(select(func.pg_advisory_xact_lock_shared(big("of"))))


class _Writing(Transaction):
    sees_others = True

    def lock(self, subject: str, *, shared: bool = False) -> None:
        number = int.from_bytes(sha256(f"pingback {subject}".encode()).digest()[:8], signed=True)
        self.execute(_SHARE if shared else _LOCK, {"of": number})

    def may_be_lost(self) -> None:
        self.execute("SET LOCAL synchronous_commit = off")


class PostgreSQL:
    """A database of a server; an `Engine`."""

    writers = _POOL
    is_in_memory = False

    def __init__(self, url: URL) -> None:
        refuse_unknown_options(url, "timeout", "prepare_threshold", *_OPTIONS)
        self.wait = busy_timeout(url)
        self._generation = 0  # of connections: how often one of the newest was found closed
        [_, given] = _DIALECT.create_connect_args(url.difference_update_query(["timeout", "prepare_threshold"]))
        own = {"connect_timeout": max(ceil(self.wait), 2), "application_name": "pingback"}
        self._given: dict[str, Any] = own | _KEEPALIVE | _prepare_threshold(url) | given
        where = f" on {given['host']}" if given.get("host") else ""
        self.name = f"the database {url.database or url.username or ''}".rstrip() + where

    def pool(self, *, create: bool) -> Pool:
        """Whether it may be created or not: that is for who sees to the server."""
        pool = QueuePool(self._connect, pool_size=_POOL, max_overflow=0, timeout=self.wait)
        event.listen(pool, "connect", self._prepare)
        event.listen(pool, "checkout", self._refuse_old)
        return pool

    def begin_reading(self, lent: PoolProxiedConnection) -> Transaction:
        return Transaction(_begun(lent, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"), _DIALECT)

    def begin_writing(self, lent: PoolProxiedConnection, *, until: float) -> Transaction:
        """Each statement sees what others committed before it; what must not change meanwhile is locked, row by row."""
        wait = max(ceil((until - monotonic()) * 1000), 1)
        return _Writing(_begun(lent, f"BEGIN; SET LOCAL lock_timeout = {wait}"), _DIALECT)

    def undo(self, lent: PoolProxiedConnection) -> bool:
        connection = _driver_of(lent)
        try:
            connection.rollback()
        except psycopg.Error:  # the server went, maybe while several statements were on their way
            connection.close()
        if connection.closed and lent.info["generation"] == self._generation:
            self._generation = lent.info["generation"] + 1
        return not connection.closed

    def file(self) -> tuple[int, int] | None:
        return None

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, psycopg.Error) as error:
            raise self._translation(error) from error
        except TooNew as error:
            raise StoreError(f"{self.name} was written by a newer version of pingback ({error})") from error
        except (UnreadableRow, UnicodeEncodeError) as error:
            raise StoreError(f"{self.name} holds a row that cannot be read: {error}") from error

    def vacuum(self, pool: Pool) -> None:
        """The room is free for rows to come; PostgreSQL does it by itself, too."""
        with closing(pool.connect()) as lent:
            tables = lent.cursor().execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'pingback_%'")
            for [table] in tables.fetchall():
                lent.cursor().execute(f"VACUUM (ANALYZE) {table}")

    def is_sound(self, tx: Transaction) -> bool:
        return bool(tx.execute("SELECT count(*) FROM pingback_mentions").scalar() is not None)

    def touch(self, tx: Transaction) -> None:
        tx.execute("SELECT pg_logical_emit_message(true, 'pingback', '')")

    def last_number(self, tx: Transaction, table: str) -> int:
        of = {"table": table}
        sequence = tx.execute("SELECT pg_get_serial_sequence(%(table)s, 'id')", of).scalar()
        found = tx.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608  # a name of ours
        return int(found.scalar())

    def go_on_after(self, tx: Transaction, table: str, number: int) -> None:
        given = {"table": table, "number": number + 1}
        tx.execute("SELECT setval(pg_get_serial_sequence(%(table)s, 'id'), %(number)s, false)", given)

    def pause_counting(self, tx: Transaction) -> bool:
        """Each count in one transaction leaves a version of its row, which the next one passes by."""
        for table in COUNTED:
            tx.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return True

    def resume_counting(self, tx: Transaction) -> None:
        for table in COUNTED:
            tx.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    def revision(self) -> str | None:
        from pingback.store.postgresql_schema import known_revision

        with self.translated(), closing(self._connect()) as connection:
            return known_revision(cast(psycopg.Connection[Any], connection))

    def _connect(self) -> DBAPIConnection:
        # The driver begins no transaction by itself: a `Database` does.
        connection = psycopg.connect(autocommit=True, row_factory=_rows, **self._given)
        return cast(DBAPIConnection, connection)

    def _prepare(self, connection: psycopg.Connection[Any], entry: ConnectionPoolEntry) -> None:
        from pingback.store.postgresql_schema import bring_up_to_date

        entry.info["generation"] = self._generation
        try:
            bring_up_to_date(connection)
        except BaseException:  # and the pool forgets it
            connection.close()
            raise

    def _refuse_old(self, _: DBAPIConnection, entry: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
        """Where the server closed one connection, it mostly closed all: the pool opens another."""
        if entry.info["generation"] < self._generation:
            raise DisconnectionError

    def _translation(self, error: SQLAlchemyError | psycopg.Error) -> StoreError:
        if isinstance(error, PoolTimeout):
            return StoreError(f"{self.name} is too busy", public="the database is too busy")
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlstate", None) or ("08" if isinstance(cause, psycopg.OperationalError) else "")
        sentence = next(filter(None, (_SENTENCES.get(code[:length]) for length in (5, 3, 2))), None)
        # The driver names the user, and never the password; further lines are advice, or what a row holds.
        why = " ".join(str(cause).partition("\n")[0].split())
        if sentence is None:
            return StoreError(f"{self.name} cannot be used: {why}")
        return StoreError(f"{self.name} {sentence}: {why}", public=f"the database {sentence}", lasts=code in _DAMAGE)


def _begun(lent: PoolProxiedConnection, begin: str) -> psycopg.Connection[Any]:
    """All in one round trip, which a statement that the server prepares could not hold."""
    connection = _driver_of(lent)
    connection.execute(f"{begin}; {_BOUNDS}", prepare=False)
    return connection


def _driver_of(lent: PoolProxiedConnection) -> psycopg.Connection[Any]:
    return cast(psycopg.Connection[Any], lent.dbapi_connection)


def _prepare_threshold(url: URL) -> dict[str, int | None]:
    """After how many uses a statement is prepared; `none` for never, as some poolers cannot."""
    match url.query.get("prepare_threshold"):
        case None:
            return {}
        case "none":
            return {"prepare_threshold": None}
        case str(number) if number.isascii() and number.isdecimal() and len(number) <= _LONGEST_NUMBER:
            return {"prepare_threshold": int(number)}
    raise StoreError("the prepare_threshold in the database URL is neither a number nor none")
