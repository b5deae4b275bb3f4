"""What a transaction with one statement costs, beside the bare driver: microseconds of CPU.

`python -m tests.bench.bench_store` prints the rows.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import process_time

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.sqlite import insert

from pingback.store.database import Database
from pingback.store.schema import pauses
from pingback.store.statements import prepared
from tests.bench.timing import Row, judge, show

TIMES, ROUNDS = 2000, 5

_PUT = insert(pauses)
PUT = prepared(
    _PUT.on_conflict_do_update(
        index_elements=[pauses.c.host], set_={"until": func.max(pauses.c.until, _PUT.excluded.until)}
    )
)
FIND = prepared(select(*pauses.c).where(pauses.c.host == bindparam("of")))
BARE_PUT = (
    "INSERT INTO pingback_pauses (host, until) VALUES (:host, :until)"
    " ON CONFLICT (host) DO UPDATE SET until = max(until, excluded.until)"
)
BARE_FIND = "SELECT * FROM pingback_pauses WHERE host = :of"


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        with closing(Database(f"sqlite:///{path}")) as database, closing(bare(path)) as connection:
            read, bare_read = (cost(each) for each in (lambda: find(database), lambda: bare_find(connection)))
            write, bare_write = (cost(each) for each in (lambda: put(database), lambda: bare_put(connection)))
    yield Row("a read of one row", read, "microseconds, at most 60", most=60)
    yield Row("by the bare driver", bare_read, "microseconds")
    yield Row("a write of one row, synced", write, "microseconds, at most 90", most=90)
    yield Row("by the bare driver", bare_write, "microseconds")


def bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def find(database: Database) -> None:
    with database.read() as tx:
        tx.execute(FIND, {"of": "a.example"}).mappings().one_or_none()


def put(database: Database) -> None:
    with database.write() as tx:
        tx.execute(PUT, {"host": "a.example", "until": 1})


def bare_find(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    connection.execute(BARE_FIND, {"of": "a.example"}).fetchall()
    connection.execute("COMMIT")


def bare_put(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(BARE_PUT, {"host": "a.example", "until": 1})
    connection.execute("COMMIT")


def cost(work: Callable[[], object]) -> float:
    """Of CPU, in the best round."""
    found = []
    for _ in range(ROUNDS):
        begin = process_time()
        for _ in range(TIMES):
            work()
        found.append((process_time() - begin) / TIMES * 1e6)
    return min(found)


if __name__ == "__main__":
    judge(show(rows()))
