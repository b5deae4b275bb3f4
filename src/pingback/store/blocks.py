"""`Blocks`: the hosts, folders and patterns whose pings are refused."""

import json
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, select

from pingback.clock import Clock
from pingback.store.database import Database
from pingback.store.expressions import among, insert
from pingback.store.rows import micros
from pingback.store.schema import blocks
from pingback.store.statements import prepared


class Blocks:
    """What the owner wants no pings from, in the words of `pingback.receive.blocklist`; `Store.blocks` gives it.

    Thread-safe; each method is one transaction, on disk when it returns. All raise `StoreError` when the database
    cannot be used.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, block: str, *, host: str) -> None:
        """Keep a block, to be found by the host that it names; may be said twice."""
        with self._database.write() as connection:
            connection.execute(_ADD, {"block": block, "host": host, "since": micros(self._clock())})

    def remove(self, block: str) -> bool:
        """Take a block back; false where there is none."""
        with self._database.write() as connection:
            return connection.execute(_REMOVE, {"gone": block}).rowcount == 1

    def all(self) -> list[str]:
        """All blocks, by name."""
        with self._database.read() as connection:
            return list(connection.execute(_ALL).scalars())

    def of_hosts(self, hosts: Iterable[str]) -> list[str]:
        """The blocks that name one of these hosts."""
        with self._database.read() as connection:
            return list(connection.execute(OF_HOSTS, {"hosts": json.dumps([*hosts])}).scalars())


OF_HOSTS = prepared(select(blocks.c.block).where(among(blocks.c.host, "hosts")))
_ADD = prepared(insert(blocks).on_conflict_do_nothing())
_REMOVE = prepared(delete(blocks).where(blocks.c.block == bindparam("gone")))
_ALL = prepared(select(blocks.c.block).order_by(blocks.c.block))
