"""`Readings`: the posts and feeds that somebody wants to be published, and not now."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from pingback.store.database import Database
from pingback.store.expressions import among, big, insert, unlocked
from pingback.store.jobs import add_job, due_of, finish_job, reschedule_job
from pingback.store.keys import feed_key_of
from pingback.store.rows import micros, readable_of, reading_of, source_key_of, storable
from pingback.store.schema import readings
from pingback.store.statements import Transaction, prepared
from pingback.urls import server_of
from pingback.work import FeedPost, Job, JobKind, Reading, ReadingKind, ReadingStatus

KEPT_FOR = timedelta(days=7)  # after its end, for those who ask what became of it
MOST_WAITING = 5000  # that were named over the web: a token may be in wrong hands


class TooMany(Exception):
    """As many wait as may."""


class Readings:
    """One row for each post and feed; `Store.readings` gives it.

    When it is due, and who has it, says its job of the kind `read`; when that has ended, the row is kept for a week.
    Whoever names one that waits already names the same. Thread-safe. Each method is one transaction, on disk when it
    returns. All raise `StoreError`, and ValueError for a URL that is not an absolute HTTP URL and for a naive instant.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, source: str, *, page: bytes | None = None, content_type: str | None = None, now: datetime) -> None:
        """Name a post, which is due at once, in the place of what was said of it before."""
        row = _row(ReadingKind.POST, source) | {"page": page, "content_type": content_type}
        with self._database.write() as tx:
            _ask(tx, row, now=now)

    def add_all(
        self, posts: Iterable[str], feeds: Iterable[str] = (), *, roots: Collection[str] = (), now: datetime
    ) -> list[int]:
        """Name posts, and feeds of which the posts below `roots` are meant; the `id` of each, which stays the same.

        Raises `TooMany` where MOST_WAITING wait already.
        """
        rows = [_row(ReadingKind.POST, source) for source in posts]
        rows += [_row(ReadingKind.FEED, feed) | {"roots": json.dumps(list(roots))} for feed in feeds]
        with self._database.write() as tx:
            _hold_all(tx)
            if tx.execute(_COUNT).scalar() + len(rows) > MOST_WAITING:
                raise TooMany
            return [_ask(tx, row, now=now) for row in rows]

    def at(self, number: int) -> Reading | None:
        """What waits with this `id`; None where nothing does. UnreadableRow where it cannot be read."""
        with self._database.read() as tx:
            row = tx.execute(_FIND, {"this": number}).mappings().one_or_none()
        return None if row is None else reading_of(row)

    def standing(self, numbers: Collection[int]) -> list[Reading]:
        """How those with these ids stand, also for a week after their end."""
        with self._database.read() as tx:
            rows = tx.execute(_STANDING, {"these": json.dumps(list(numbers))})
        return list(readable_of(rows, reading_of, what="post that is to be published"))

    def posts(self, sources: Collection[str]) -> list[Reading]:
        """How these posts stand, as far as they were named."""
        keys = json.dumps([source_key_of(source) for source in sources])
        with self._database.read() as tx:
            rows = tx.execute(_OF_SOURCES, {"keys": keys})
        return list(readable_of(rows, reading_of, what="post that is to be published"))

    def done(
        self,
        job: Job,
        *,
        status: ReadingStatus = ReadingStatus.DONE,
        message: str | None = None,
        moved_to: str | None = None,
        now: datetime,
    ) -> None:
        """The post of this job is published or, as `status` says, given up. `message` is for people."""
        with self._database.write() as tx:
            _end(tx, job, status, message, found=None if moved_to is None else [moved_to], now=now)

    def fail(self, job: Job, due: datetime, *, message: str, now: datetime) -> None:
        """Try it again then."""
        with self._database.write() as tx:
            _hold(tx, job.subject)
            reschedule_job(tx, job, due=due, failed=True, now=now)
            tx.execute(_SAY, {"this": job.subject, "said": storable(message)})

    def feed_read(self, job: Job, news: Sequence[FeedPost], *, message: str | None = None, now: datetime) -> None:
        """The feed of this job was read: these posts are to be read now, by this run."""
        with self._database.write() as tx:
            _hold_all(tx)
            for post in news:
                said = {"fingerprint": storable(post.fingerprint), "trackbacks": json.dumps(post.trackbacks)}
                row = _row(ReadingKind.POST, post.source) | said
                _ask(tx, row, now=now, due=min(job.due, now), statement=_ASK_BY_FEED)
            _end(tx, job, ReadingStatus.DONE, message, found=[post.source for post in news], now=now)


def _row(kind: ReadingKind, source: str) -> dict[str, Any]:
    key = source_key_of(source) if kind is ReadingKind.POST else feed_key_of(source)
    nothing = dict.fromkeys(("page", "content_type", "fingerprint", "trackbacks", "roots"))
    return nothing | {"source_key": key, "source": storable(source), "kind": kind.value}


def _ask(
    tx: Transaction, row: Mapping[str, Any], *, now: datetime, due: datetime | None = None, statement: Any = None
) -> int:
    number = tx.execute(statement or _ASK, dict(row)).scalar()
    add_job(tx, JobKind.READ, number, host=server_of(row["source"]), due=due or now, now=now, anew=True)
    return int(number)


def _hold_all(tx: Transaction) -> None:
    """Let nobody else name several until the end of the transaction: they may name the same in another order."""
    tx.lock("readings")


def _hold(tx: Transaction, number: int) -> None:
    """Let nobody name it until the end of the transaction."""
    tx.execute(_HOLD, {"this": number})


def _end(
    tx: Transaction, job: Job, status: ReadingStatus, message: str | None, *, found: list[str] | None, now: datetime
) -> None:
    tx.execute(_FORGET, {"before": micros(now - KEPT_FOR)})
    _hold(tx, job.subject)
    finish_job(tx, job)
    if due_of(tx, JobKind.READ, job.subject) is None:  # nobody asked for it meanwhile
        ended = {"state": status.value, "said": storable(message), "list": json.dumps(found) if found else None}
        tx.execute(_END, ended | {"this": job.subject, "at": micros(now)})


_WAITS = {"status": ReadingStatus.WAITING.value, "message": None, "found": None, "ended": None}
_NAMED = insert(readings)
_THIS = readings.c.id == bindparam("this")
_IS_WAITING = readings.c.status == ReadingStatus.WAITING.value
_COUNT = prepared(select(func.count()).where(_IS_WAITING))
_ASK = prepared(
    _NAMED.on_conflict_do_update(
        index_elements=[readings.c.source_key],
        set_={
            name: _NAMED.excluded[name]
            for name in ("source", "kind", "page", "content_type", "fingerprint", "trackbacks", "roots")
        }
        | _WAITS,
    ).returning(readings.c.id)
)
# What somebody said of the post counts more than that its feed has it.
_ASK_BY_FEED = prepared(
    _NAMED.on_conflict_do_update(
        index_elements=[readings.c.source_key],
        set_={name: _NAMED.excluded[name] for name in ("source", "fingerprint", "trackbacks")} | _WAITS,
    ).returning(readings.c.id)
)
_FIND = prepared(select(readings).where(_THIS, _IS_WAITING))
_HOLD = prepared(select(readings.c.id).where(_THIS).with_for_update())
_STANDING = prepared(select(readings).where(among(readings.c.id, "these")).order_by(readings.c.id))
_OF_SOURCES = prepared(select(readings).where(among(readings.c.source_key, "keys")))
_SAY = prepared(update(readings).where(_THIS, _IS_WAITING).values(message=bindparam("said")))
_END = prepared(
    update(readings)
    .where(_THIS)
    .values(
        status=bindparam("state"),
        message=bindparam("said"),
        found=bindparam("list"),
        ended=big("at"),
        page=None,
        content_type=None,
        fingerprint=None,
        trackbacks=None,
    )
)
_FORGET = prepared(delete(readings).where(unlocked(readings, readings.c.ended < big("before"))))
