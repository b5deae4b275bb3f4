"""`ToPublish`: the posts that somebody wants to be published, and not now."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, bindparam, delete, insert, select, update

from pingback.model import PostToPublish
from pingback.store.database import Database
from pingback.store.rows import micros, micros_or_none, post_to_publish_of, readable, source_key_of, storable
from pingback.store.schema import posts_to_publish
from pingback.store.statements import prepared

_LOOKED_AT = 100  # rows for one that is free: those that are leased are as few as the processes that are at it


class ToPublish:
    """One row for each post, from when it is named until it is published; `Store.to_publish` gives it.

    Thread-safe; several processes may share a file. Each method is one transaction, on disk when it returns. All raise
    `StoreError`, and ValueError for a URL that is not an absolute HTTP URL and for a naive instant.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, source: str, *, page: bytes | None = None, content_type: str | None = None, now: datetime) -> None:
        """Name a post, which is due at once, in the place of what was said of it before."""
        row = {
            "source_key": source_key_of(source),
            "source": storable(source),
            "page": page,
            "content_type": content_type,
            "due": micros(now),
        }
        with self._database.write() as connection:
            connection.execute(_REPLACE, {"key": row["source_key"]})
            connection.execute(_ADD, row)

    def claim(
        self, *, now: datetime, lease: timedelta, holder: str | None, is_gone: Callable[[str], bool]
    ) -> PostToPublish | None:
        """Take the post that is due for longest, which nobody else has until the lease runs out; None where none is.

        `is_gone` says of a holder that it is no more: its leases have ended.
        """
        asked = {"now": micros(now)}
        with self._database.read() as connection:  # mostly there is none, and the write lock is left to others
            if connection.execute(_DUE, asked).first() is None:
                return None
        with self._database.write() as connection, readable():
            for row in connection.execute(_DUE, asked).mappings().all():
                is_free = row["leased_until"] is None or row["leased_until"] <= asked["now"]
                if is_free or (row["leased_by"] is not None and is_gone(row["leased_by"])):
                    claimed = {"this": row["id"], "until": micros(now + lease), "holder": holder}
                    return post_to_publish_of(connection.execute(_LEASE, claimed).mappings().one())
        return None

    def done(self, post: PostToPublish) -> None:
        """The post is published, or given up."""
        with self._database.write() as connection:
            connection.execute(_DONE, {"this": post.id})

    def postpone(self, post: PostToPublish, *, until: datetime, failing_since: datetime | None) -> None:
        """Give the post back, to be due at `until`."""
        with self._database.write() as connection:
            postponed = {"this": post.id, "until": micros(until), "since": micros_or_none(failing_since)}
            connection.execute(_POSTPONE, postponed)


_c = posts_to_publish.c
_THIS = _c.id == bindparam("this")
_DUE = prepared(  # without the pages
    select(_c.id, _c.leased_until, _c.leased_by)
    .where(_c.due <= bindparam("now", type_=BigInteger))
    .order_by(_c.due, _c.id)
    .limit(_LOOKED_AT)
)
_REPLACE = prepared(delete(posts_to_publish).where(_c.source_key == bindparam("key")))
_ADD = prepared(insert(posts_to_publish))
_LEASE = prepared(
    update(posts_to_publish)
    .where(_THIS)
    .values(leased_until=bindparam("until"), leased_by=bindparam("holder"))
    .returning(*_c)
)
_DONE = prepared(delete(posts_to_publish).where(_THIS))
_POSTPONE = prepared(
    update(posts_to_publish)
    .where(_THIS)
    .values(due=bindparam("until"), failing_since=bindparam("since"), leased_until=None, leased_by=None)
)
