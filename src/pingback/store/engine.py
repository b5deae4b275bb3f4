"""`Engine`: what a `Database` asks of the program that keeps it, SQLite or PostgreSQL."""

import typing
from contextlib import AbstractContextManager

from sqlalchemy import URL, Pool, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from pingback.errors import StoreError
from pingback.store.statements import Transaction

# Seconds to wait for another's write; WordPress waits 3 for the whole answer. `?timeout=` in the URL says otherwise.
BUSY_TIMEOUT = 2.0
_LONGEST_TIMEOUT = 3600.0
_FORMS = "sqlite:///FILE or postgresql://USER@HOST/NAME"


class Engine(typing.Protocol):
    """How one database is reached. What is called within `translated` raises StoreError."""

    @property
    def name(self) -> str:
        """What a person calls the database."""

    @property
    def wait(self) -> float:
        """Seconds to wait for others' writes."""

    @property
    def is_in_memory(self) -> bool:
        """It is in one connection, and ends with it."""

    @property
    def writers(self) -> int:
        """Threads of one process that can write at once; others had better wait in a queue."""

    def pool(self, *, create: bool) -> Pool:
        """Connections, the first of which makes the tables, or upgrades them; of a file, unless it may `create` it."""

    def begin_reading(self, lent: PoolProxiedConnection) -> Transaction:
        """One state of the database, whatever is written meanwhile."""

    def begin_writing(self, lent: PoolProxiedConnection, *, until: float) -> Transaction:
        """A transaction that waits for others until then on the monotonic clock."""

    def undo(self, lent: PoolProxiedConnection) -> bool:
        """Undo what was not committed. False where the other end has closed the connection: what is lent next is newer.

        In this the pool could not but log a traceback.
        """

    def file(self) -> tuple[int, int] | None:
        """Which file it is, whatever its name; None where there is none."""

    def translated(self) -> AbstractContextManager[None]:
        """Whatever the database or its driver raises inside leaves as a StoreError that names the database."""

    def vacuum(self, pool: Pool) -> None:
        """Give back what nothing takes any more; no transaction may be open."""

    def is_sound(self, tx: Transaction) -> bool:
        """The database finds no damage, for which it may look through all of it."""

    def touch(self, tx: Transaction) -> None:
        """A write that reaches the disk, and changes nothing."""

    def last_number(self, tx: Transaction, table: str) -> int:
        """The highest that a row of the table ever had by itself; 0 where none had."""

    def go_on_after(self, tx: Transaction, table: str, number: int) -> None:
        """Give the next row of the table a higher number than this."""

    def pause_counting(self, tx: Transaction) -> bool:
        """Have no triggers count what is written from here, where that makes much of it slow; whether it is so."""

    def resume_counting(self, tx: Transaction) -> None:
        """Have them count again; what was written meanwhile has its counts already."""

    def revision(self) -> str | None:
        """The revision of the tables, None where they are older than any, or not made; nothing is made or changed."""


def engine_of(url: str) -> Engine:
    """The engine of a database URL; StoreError when it is none, or names a database that we do not speak.

    The text itself is in no message: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise StoreError(f"the database URL is not of the form {_FORMS}") from None
    if "?" in url and not parsed.query:  # and the file would be another, without a word
        raise StoreError("the database URL has a ? without an option; in the name of a file it is written %3F")
    if "@" in (parsed.host or ""):  # which is said in messages
        raise StoreError("the database URL has two @: in a password it is written %40")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        from pingback.store.sqlite import SQLite

        return SQLite(parsed)
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        try:
            from pingback.store.postgresql import PostgreSQL
        except ImportError:
            raise StoreError("PostgreSQL needs its driver: pip install 'pingback[postgresql]'") from None
        return PostgreSQL(parsed)
    raise StoreError(f"the database must be of the form {_FORMS}, not {parsed.drivername}")


def busy_timeout(url: URL) -> float:
    """Seconds to wait for another's write; StoreError when the URL gives something else."""
    given = url.query.get("timeout", str(BUSY_TIMEOUT))
    try:
        seconds = float(str(given))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_TIMEOUT:
        raise StoreError("the timeout in the database URL is not a number of seconds")
    return seconds


def refuse_unknown_options(url: URL, *known: str) -> None:
    """StoreError where the URL has an option that is none of these."""
    if unknown := sorted(set(url.query) - {*known}):
        raise StoreError(f"the database URL has an option that is not known: {unknown[0]}")
