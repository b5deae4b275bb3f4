"""`Database`: the connections to one SQLite database, which all that is kept in it share."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection

from pingback.errors import StoreError
from pingback.store.engine import busy_timeout, connect, in_memory, name_of, parse_url, translated


class Database:
    """A database that is open: `read`, `browse` and `write` lend a connection, each for one transaction.

    Thread-safe; several processes may share a file. The constructor opens the file, and makes it where it is missing
    and it may `create` it. Everything raises `StoreError` when the database cannot be used, or is closed. `trouble` is
    what work ran into, until a write works again; that the database is damaged stays until somebody finds it whole.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        self._url = parse_url(url)
        self._wait = busy_timeout(self._url)
        self._engine = connect(self._url, create=create)
        # As many more, or whoever asks for long lists would keep pings from theirs. In memory there is one only.
        self._browsing = self._engine if in_memory(self._url) else connect(self._url, create=create)
        self._closed = False
        self.trouble: StoreError | None = None
        self.writes = 0  # that worked
        # SQLite's own queue for the write lock is a lottery; ours lets threads of this process write one by one.
        self._writing = threading.Lock()
        try:
            with self.read():
                pass  # opens the file, or says what is wrong with it
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def name(self) -> str:
        """What a person calls the database."""
        return name_of(self._url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One state of the database, whatever is written meanwhile."""
        self._check_open()
        with self._noting(), translated(self._url), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def browse(self) -> Iterator[Connection]:
        """As `read`, for lists of any length that anybody may ask for: by connections of their own."""
        self._check_open()
        with translated(self._url), self._browsing.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The write lock from the beginning; committed, and on disk, at the end, or undone by an exception."""
        self._check_open()
        if not self._writing.acquire(timeout=self._wait):
            raise StoreError(f"{self.name} is too busy")
        try:
            with (
                self._noting(),
                translated(self._url),
                self._engine.execution_options(writes=True).begin() as connection,
            ):
                yield connection
            self.writes += 1
            if self.trouble is not None and not self.trouble.lasts:
                self.trouble = None
        finally:
            self._writing.release()

    def vacuum(self) -> None:
        """Write the file anew, without the room that nothing takes any more; no transaction may be open."""
        self._check_open()
        with translated(self._url), closing(self._engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM")

    def close(self) -> None:
        """Close all connections. May be called twice."""
        self._closed = True
        self._engine.dispose()
        self._browsing.dispose()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            if error.public is not None:
                self.trouble = error
            raise

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"{self.name} is closed")
