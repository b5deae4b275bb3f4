"""`Database`: the connections to one database, which all that is kept in it share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from sqlalchemy import Pool
from sqlalchemy.pool import PoolProxiedConnection

from pingback import forks
from pingback.errors import StoreClosed, StoreError
from pingback.store.engine import engine_of
from pingback.store.statements import Transaction

FORK_WITHIN = 5.0  # seconds that a fork waits for transactions; one waits 2 for its turn, and takes some thousandths
MOST_WAITING = 60  # threads that wait to write while nothing can be: others are needed to answer what only reads
_USES = ("read", "browse", "write")

_inherited: list[Pool] = []  # of parents: a child is not even to close their connections


class _Lent:
    """Counts the connections in use. A fork waits until there are none.

    New borrowers wait for the fork meanwhile: in a busy program there would otherwise always be some.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._stopped = False
        self._own = threading.local()  # of a thread that has one already, and gives it back after the next one only

    def __enter__(self) -> None:
        own = getattr(self._own, "count", 0)
        with self._changed:
            self._changed.wait_for(lambda: own or not self._stopped)
            self._count += 1
        self._own.count = own + 1

    def __exit__(self, *_: object) -> None:
        self._own.count -= 1
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    @property
    def is_to_us(self) -> bool:
        """This thread has one."""
        return bool(getattr(self._own, "count", 0))

    def stop(self) -> None:
        """Lend no more until `go_on`, and wait a while for what was lent."""
        self._changed.acquire()
        self._stopped = True
        self._changed.wait_for(lambda: not self._count, FORK_WITHIN)

    def go_on(self) -> None:
        self._stopped = False
        self._changed.notify_all()
        self._changed.release()


class Database:
    """One database: `read`, `browse` and `write` each lend a transaction.

    Thread-safe; several processes may share a database. The constructor connects to it, unless it is not to do so
    `at_once`; a file is made where it is missing and may be `create`d. Everything raises `StoreError` when the database
    cannot be used, or is closed. `trouble` is what work ran into, until a write works again; that the database is
    damaged stays until somebody finds it whole.

    No connection is open while the process forks: what SQLite knows of a file that it has open holds for one process
    alone (sqlite.org/howtocorrupt.html §2.6), also for what a child opens anew; and two processes would speak to a
    server in each other's words. A database in memory is copied.
    """

    def __init__(self, url: str, *, create: bool = True, at_once: bool = True) -> None:
        self.engine = engine_of(url)
        # Those who ask for long lists have connections of their own, or they would keep pings from theirs. So have
        # threads that write: they wait for no reader, and what the one of them that writes to a file remembers of it
        # stays true while it alone writes. In memory there is one connection only.
        only = self.engine.pool(create=create)
        self._pools = {use: only if self.engine.is_in_memory else self.engine.pool(create=create) for use in _USES}
        self._file: tuple[int, int] | None = None  # that is open, by its number
        self._closed = False
        self.trouble: StoreError | None = None
        self.writes = 0  # that worked
        self._begin_anew()
        forks.hold(self)
        forks.renew(self)
        if not at_once:
            return
        try:
            with self.read():
                pass  # opens the file, or says what is wrong with it
        except BaseException:
            self._pools["read"].dispose()
            raise

    @property
    def name(self) -> str:
        """What a person calls the database."""
        return self.engine.name

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One state of the database, whatever is written meanwhile."""
        with self._noting(), self._lend("read") as transaction:
            yield transaction

    @contextmanager
    def browse(self) -> Iterator[Transaction]:
        """As `read`, for lists of any length that anybody may ask for: by connections of their own."""
        with self._lend("browse") as transaction:
            yield transaction

    @contextmanager
    def write(self, *, within: float | None = None) -> Iterator[Transaction]:
        """Committed, and on disk, at the end, or undone by an exception. SQLite's write lock from the beginning.

        Waits for others' writes as long as `?timeout=` says, or `within` seconds: those of this process and those of
        others together. Where many wait, and nothing can be written, it is refused at once.
        """
        self._check_open()
        with self._turn_to_write(self.engine.wait if within is None else within) as deadline:
            with self._noting(), self._lend("write", until=deadline) as transaction:
                yield transaction
            self.writes += 1
            if self.trouble is not None and not self.trouble.lasts:
                self.trouble = None

    def vacuum(self) -> None:
        """Give back the room that nothing takes any more; no transaction may be open."""
        self._check_open()
        with self._lent, self.engine.translated():
            self.engine.vacuum(self._pools["write"])

    def close(self) -> None:
        """Close all connections. May be called twice."""
        self._closed = True
        for pool in self._pools.values():
            pool.dispose()

    @contextmanager
    def _lend(self, use: str, *, until: float | None = None) -> Iterator[Transaction]:
        """A transaction of a connection for this use: one that writes, where it has `until` then to begin.

        What was not committed is undone before anybody hears of an exception.
        """
        self._check_open()
        self._notice_another_file()
        with self._lent, self.engine.translated():
            lent, transaction = self._begun(use, until)
            try:
                yield transaction
                if until is not None:
                    transaction.end()
                    lent.commit()
            finally:
                self._give_back(lent)

    def _begun(
        self, use: str, until: float | None, *, is_second_try: bool = False
    ) -> tuple[PoolProxiedConnection, Transaction]:
        """A connection, and its transaction: by another connection, where the server has closed the first one.

        Nothing was asked of it by then, so nothing is done twice.
        """
        lent = self._pools[use].connect()  # which a fork may have renewed, while this thread waited
        self._file = self._file or self.engine.file()
        try:
            if until is None:
                return lent, self.engine.begin_reading(lent)
            return lent, self.engine.begin_writing(lent, until=until)
        except BaseException:
            if self._give_back(lent) or is_second_try:
                raise
        return self._begun(use, until, is_second_try=True)

    def _give_back(self, lent: PoolProxiedConnection) -> bool:
        """Whether the connection can be lent again."""
        is_of_use = self.engine.undo(lent)
        if is_of_use:
            lent.close()
        else:
            lent.invalidate()
        return is_of_use

    @contextmanager
    def _turn_to_write(self, seconds: float) -> Iterator[float]:
        """By when it has to begin, on the monotonic clock, once it is this thread's turn to write."""
        deadline, writing, places = monotonic() + seconds, self._writing, self._places
        has_place = places.acquire(blocking=False)
        try:
            is_refused = self.trouble is not None and not has_place
            if is_refused or not writing.acquire(timeout=max(deadline - monotonic(), 0)):
                raise StoreError(f"{self.name} is too busy", public="the database is too busy")
            try:
                yield deadline
            finally:
                writing.release()
        finally:
            if has_place:
                places.release()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            if error.public is not None:
                self.trouble = error
            raise

    def _notice_another_file(self) -> None:
        """Open the file that is there now, where ours was deleted, and takes writes as before and keeps none of them.

        First all that is open is closed, as before a fork: the log of both has one name, and whoever closes it for the
        one loses SQLite's locks on it for the other. Another program takes it for left over then, and empties it: this
        process ends by SIGBUS, or goes on to write into a log that nobody reads.
        """
        if self._file is None or self._lent.is_to_us or self._file == self.engine.file():
            return
        self.before_fork()
        self._file = None
        self.after_fork()

    def _begin_anew(self) -> None:
        """Nobody waits or has a connection, as in a process that was just made."""
        # SQLite's own queue for the write lock is a lottery; ours lets threads of this process write one by one.
        self._writing, self._places = threading.Semaphore(self.engine.writers), threading.Semaphore(MOST_WAITING)
        self._lent = _Lent()

    def _renew_pools(self) -> None:
        self._pools = {use: pool.recreate() for use, pool in self._pools.items()}

    def before_fork(self) -> None:
        self._lent.stop()
        if not self.engine.is_in_memory:
            for pool in self._pools.values():
                pool.dispose()
            self._renew_pools()

    def after_fork(self) -> None:
        self._lent.go_on()

    def renew_after_fork(self) -> None:
        self._begin_anew()
        if not self.engine.is_in_memory:
            _inherited.extend(self._pools.values())
            self._renew_pools()

    def _check_open(self) -> None:
        forks.notice()
        if self._closed:
            raise StoreClosed(f"{self.name} is closed")
