"""`Queue`: the mentions that wait for a look at their source, shared out between processes.

There are two kinds: those that are pending as nobody has looked yet, and those that were pinged again too soon after
the last look. Both are rows of `mentions`, so that a ping and its place in the queue are on disk together.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, or_, select, text, update

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store.database import Database
from pingback.store.rows import instant, mentions_of, micros, readable
from pingback.store.schema import mentions
from pingback.store.statements import prepared

# Longer than a look takes by the time-outs that we have by default: whoever has not finished by then never will.
LEASE = timedelta(minutes=5)
MOST = 2000  # read at once

_UNVERIFIED = text("verified IS NULL")  # as the index has it
_ASKED = text("asked IS NOT NULL")


class Queue:
    """The queue of a store; `Store.queue` gives it. Thread-safe; all methods raise `StoreError`.

    A mention is free when nobody holds it, or its holder has had it for longer than `LEASE`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, *, but_of: Collection[Protocol], now: datetime) -> list[Mention]:
        """The free mentions whose source nobody has looked at, but of these protocols, the oldest first; `MOST` of
        them."""
        statement = (
            select(*mentions.c)
            .where(_PENDING, _UNVERIFIED, mentions.c.protocol.not_in(but_of), _FREE)
            .order_by(mentions.c.tried, mentions.c.id)
            .limit(MOST)
        )
        with self._database.read() as connection, readable():
            return mentions_of(connection.execute(statement, _lease(now)))

    def claim(self, mention: Mention, *, holder: str, now: datetime) -> bool:
        """Take a mention that is waiting: true for one caller."""
        claimed = {"this": mention.id, "by": holder, "at": micros(now)} | _lease(now)
        with self._database.write() as connection:
            return connection.execute(_CLAIM, claimed).rowcount == 1

    def give_back(self, mention: Mention, *, holder: str) -> None:
        """Free a mention that its holder will not come to."""
        with self._database.write() as connection:
            connection.execute(_GIVE_BACK, {"this": mention.id, "by": holder})

    def ask_again(self, mention: Mention, *, at: datetime) -> datetime | None:
        """Remember that a mention was pinged again; gives when its source was last tried, None where it never was."""
        with self._database.write() as connection, readable():
            tried = connection.execute(_ASK, {"this": mention.id, "at": micros(at)}).scalar()
            return instant(tried) if tried else None

    def asked(self, *, tried_before: datetime) -> list[Mention]:
        """The mentions that were pinged again since, of those that were last tried before; `MOST` of them."""
        with self._database.read() as connection, readable():
            return mentions_of(connection.execute(_ASKED_AGAIN, {"before": micros(tried_before)}))

    def answer(self, mention: Mention, *, looked: datetime) -> None:
        """A look that began at `looked` answers all that was asked before it."""
        with self._database.write() as connection:
            connection.execute(_ANSWER, {"this": mention.id, "at": micros(looked)})

    def holders(self) -> list[str]:
        """Who holds mentions that wait."""
        with self._database.read() as connection:
            return list(connection.execute(_HOLDERS).scalars())

    def release(self, holder: str) -> None:
        """Free all that a holder has: it is no more."""
        with self._database.write() as connection:
            connection.execute(_RELEASE, {"by": holder})


def _lease(now: datetime) -> dict[str, int]:
    return {"lease": micros(now - LEASE)}


_PENDING: ColumnElement[bool] = mentions.c.status == MentionStatus.PENDING.value
_FREE = or_(mentions.c.holder.is_(None), mentions.c.tried <= bindparam("lease", type_=BigInteger))
_REJECTED = MentionStatus.REJECTED.value  # which counts as none: pinged again, it is a new one
_THIS = mentions.c.id == bindparam("this")

# Built once: SQLAlchemy takes longer to build them than SQLite to run them.
_CLAIM = prepared(
    update(mentions)
    .where(_THIS, _PENDING, _UNVERIFIED, _FREE)
    .values(tried=bindparam("at", type_=BigInteger), holder=bindparam("by"), asked=None)
)
_ASK = prepared(
    update(mentions).where(_THIS).values(asked=bindparam("at", type_=BigInteger)).returning(mentions.c.tried)
)
_ANSWER = prepared(
    update(mentions).where(_THIS, mentions.c.asked <= bindparam("at", type_=BigInteger)).values(asked=None)
)
_ASKED_AGAIN = prepared(
    select(*mentions.c)
    .where(_ASKED, mentions.c.tried <= bindparam("before", type_=BigInteger), mentions.c.status != _REJECTED)
    .order_by(mentions.c.tried)
    .limit(MOST)
)
_HELD = (_PENDING, _UNVERIFIED, mentions.c.holder.is_not(None))
_HOLDERS = prepared(select(func.distinct(mentions.c.holder)).where(*_HELD))
_FREED = update(mentions).where(*_HELD, mentions.c.holder == bindparam("by")).values(holder=None)
_RELEASE = prepared(_FREED)
_GIVE_BACK = prepared(_FREED.where(_THIS))
