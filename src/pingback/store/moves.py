"""`Moves`: pages of the site that have several addresses, and one set of mentions.

Every row leads to where the page is in the end, never to a row: there are no chains to follow, and no loops to fall
into, in whatever order the moves become known. Each mention says by itself in which page's list it stands, so that no
move of a page that has mentions is ever lost; the table is for the addresses that have none yet.
"""

import json

from sqlalchemy import String, bindparam, delete, func, insert, select, update

from pingback.clock import Clock
from pingback.store.database import Database
from pingback.store.expressions import among
from pingback.store.keys import target_key_of
from pingback.store.rows import micros
from pingback.store.schema import mentions, moves
from pingback.store.statements import Transaction, prepared
from pingback.urls import shown

MAX_MOVES = 10_000  # a stranger's pings make the site be asked for any `?x=1` that redirects


class Moves:
    """What the site said of its own pages; `Store.moves` gives it.

    Thread-safe; each method is one transaction. All raise `StoreError` when the database cannot be used, and
    ValueError for a URL that is not an absolute HTTP URL.
    """

    def __init__(self, database: Database, *, clock: Clock, most: int = MAX_MOVES) -> None:
        self._database = database
        self._clock = clock
        self._most = most

    def keep(self, target: str, final: str, *, within: float | None = None) -> None:
        """The page at `target` is at `final` now, which may be `target` itself: then it has not moved.

        For whoever asks what has changed, mentions that come to stand in other lists have. `within` are the seconds
        that a write may take.
        """
        old, new = target_key_of(target), target_key_of(final)
        with self._database.read() as connection:
            if page_of(connection, old) == _destination(connection, old, new):
                return
        with self._database.write(within=within) as connection:
            hold_moves(connection)
            page, destination = page_of(connection, old), _destination(connection, old, new)
            if page != destination:
                _remember(connection, old, destination, shown(final), most=self._most)
                _list(connection, old, page, destination, at=micros(self._clock()))

    def page_of(self, target: str) -> str:
        """The key of the page at `target`, which is the `page_key` of its mentions: one for all of its addresses."""
        with self._database.browse() as connection:
            return page_of(connection, target_key_of(target))


def hold_moves(connection: Transaction, *, shared: bool = False) -> None:
    """Let no page move until the end of the transaction, but by this one where it does not share that with others."""
    connection.lock("moves", shared=shared)


def page_of(connection: Transaction, key: str) -> str:
    """The key of the page at the address with this key; the address's own, where no other is known."""
    found: str | None = connection.execute(_PAGE, {"address": key}).scalar()
    return found or key


def _destination(connection: Transaction, old: str, new: str) -> str:
    """Where the page at `old` is in the end, when it is said to be at `new`."""
    page = page_of(connection, new) if old != new else new
    return page if page != old else new  # it may have gone back to an address that it had


def _remember(connection: Transaction, old: str, new: str, url: str, *, most: int) -> None:
    for key in (old, new):
        connection.execute(_DROP, {"of": key})
    if old == new:
        return
    connection.execute(_LEAD_ON, {"of": old, "new_key": new, "url": url})
    if connection.execute(_COUNT).scalar() >= most:
        connection.execute(_FORGET)
    connection.execute(_KEEP, {"old_key": old, "new_key": new, "url": url})


def _list(connection: Transaction, old: str, page: str, destination: str, *, at: int) -> None:
    """Let the mentions that stand under `page` on account of the address `old` stand under `destination`."""
    moved = {"of": old, "page_key": destination, "changed": at}
    connection.execute(_HOLD, {"pages": json.dumps([page, destination])})
    if page == old:  # a page that joins another brings all that it had
        connection.execute(_OF_PAGE, moved)
        return
    connection.execute(_OF_TARGET, moved)
    for list_of in (page, destination):  # who asks by the old address has read the one, and is given the other now
        connection.execute(_OF_PAGE, {"of": list_of, "changed": at})


_ADDRESS = bindparam("address", type_=String)
_PAGE = prepared(
    select(
        func.coalesce(
            select(moves.c.new_key).where(moves.c.old_key == _ADDRESS).scalar_subquery(),
            select(mentions.c.page_key).where(mentions.c.target_key == _ADDRESS).limit(1).scalar_subquery(),
        )
    )
)
_COUNT = prepared(select(func.count()).select_from(moves))
_LAST = select(func.coalesce(func.max(moves.c.number), 0)).scalar_subquery()
_KEEP = prepared(insert(moves).values(number=_LAST + 1))
_DROP = prepared(delete(moves).where(moves.c.old_key == bindparam("of")))
_LEAD_ON = prepared(update(moves).where(moves.c.new_key == bindparam("of")))
_HOLD = prepared(
    select(mentions.c.id).where(among(mentions.c.page_key, "pages")).order_by(mentions.c.id).with_for_update()
)
_OF_PAGE = prepared(update(mentions).where(mentions.c.page_key == bindparam("of")))
_OF_TARGET = prepared(update(mentions).where(mentions.c.target_key == bindparam("of")))
# Of the page that has most addresses the one that is known longest goes: whoever makes up a thousand, for one page or
# one each for a thousand pages, loses them to the next.
_LARGEST = select(moves.c.new_key).group_by(moves.c.new_key).order_by(func.count().desc()).limit(1).scalar_subquery()
_of_largest = moves.alias("of_largest")
_OLDEST = select(func.min(_of_largest.c.number)).where(_of_largest.c.new_key == _LARGEST).scalar_subquery()
_FORGET = prepared(delete(moves).where(moves.c.number == _OLDEST))
