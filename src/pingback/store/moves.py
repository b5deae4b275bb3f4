"""`Moves`: pages of the site that have several addresses, and one set of mentions.

Every row leads to where the page is in the end, never to a row: there are no chains to follow, and no loops to fall
into, in whatever order the moves become known.
"""

import logging

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from pingback.clock import Clock
from pingback.store.database import Database
from pingback.store.keys import target_key_of
from pingback.store.moves_schema import moves
from pingback.store.schema import mentions, micros, storable
from pingback.urls import shown

MAX_MOVES = 10_000  # a stranger's pings make the site be asked for any `?x=1` that redirects
MAX_KEYS = 1000  # addresses of one page

log = logging.getLogger(__name__)


class Moves:
    """What the site said of its own pages; `Store.moves` gives it.

    Thread-safe; each method is one transaction. All raise `StoreError` when the database cannot be used, and
    ValueError for a URL that is not an absolute HTTP URL.
    """

    def __init__(self, database: Database, *, clock: Clock, most: int = MAX_MOVES) -> None:
        self._database = database
        self._clock = clock
        self._most = most

    def keep(self, target: str, final: str) -> None:
        """The page at `target` is at `final` now, which may be `target` itself: then it has not moved.

        For whoever asks what has changed, mentions that come to stand in other lists have.
        """
        old, new = target_key_of(target), target_key_of(final)
        with self._database.read() as connection:
            if _new_key(connection, old) == (None if old == new else _new_key(connection, new) or new):
                return
        with self._database.write() as connection:
            before, was = _keys_of(connection, old), _new_key(connection, old)
            if old == new:
                connection.execute(delete(moves).where(moves.c.old_key == old))
            elif _has_room(connection, self._most):
                _keep(connection, old, new, final)
            else:
                log.info("too many moved pages are known to remember %r", shown(target))
                return
            # A page that joins another brings its own; one that leaves another changes both lists, and who it goes to.
            touched = before if was is None else before | _keys_of(connection, old)
            changed = update(mentions).where(mentions.c.target_key.in_(sorted(touched)))
            connection.execute(changed.values(changed=micros(self._clock())))

    def keys_of(self, target: str) -> list[str]:
        """The keys of all addresses of the page at `target`, its own among them."""
        with self._database.browse() as connection:
            return [*_keys_of(connection, target_key_of(target))]


def _keys_of(connection: Connection, key: str) -> set[str]:
    new = _new_key(connection, key) or key
    old = connection.execute(select(moves.c.old_key).where(moves.c.new_key == new).limit(MAX_KEYS)).scalars()
    return {key, new, *old}


def _new_key(connection: Connection, key: str) -> str | None:
    return connection.execute(select(moves.c.new_key).where(moves.c.old_key == key)).scalar()


def _keep(connection: Connection, old: str, new: str, url: str) -> None:
    beyond = connection.execute(select(moves.c.new_key, moves.c.url).where(moves.c.old_key == new)).one_or_none()
    if beyond is not None and beyond.new_key != old:
        new, url = beyond
    else:  # the page went back to an address that it had
        connection.execute(delete(moves).where(moves.c.old_key == new))
    values = {"new_key": new, "url": storable(url)}
    statement = insert(moves).values(old_key=old, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[moves.c.old_key], set_=values))
    connection.execute(update(moves).where(moves.c.new_key == old).values(values))


def _has_room(connection: Connection, most: int) -> bool:
    """Where there are very many, those of which nobody has a mention are let go first."""
    if _count(connection) < most:
        return True
    connection.execute(delete(moves).where(moves.c.old_key.not_in(select(mentions.c.target_key))))
    return _count(connection) < most


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(moves)).scalar_one()
