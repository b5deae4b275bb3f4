"""`Readings`: the posts that somebody wants to be published, and not now."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from pingback.store.database import Database
from pingback.store.jobs import add_job, drop_job, finish_job
from pingback.store.rows import reading_of, source_key_of, storable
from pingback.store.schema import readings
from pingback.store.statements import prepared
from pingback.urls import server_of
from pingback.work import Job, JobKind, Reading


class Readings:
    """One row for each post, from when it is named until it is published; `Store.readings` gives it.

    When it is due, and who has it, says its job of the kind `read`. Thread-safe. Each method is one transaction, on
    disk when it returns. All raise `StoreError`, and ValueError for a URL that is not an absolute HTTP URL and for a
    naive instant.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, source: str, *, page: bytes | None = None, content_type: str | None = None, now: datetime) -> None:
        """Name a post, which is due at once, in the place of what was said of it before."""
        key = source_key_of(source)
        row = {"source_key": key, "source": storable(source), "page": page, "content_type": content_type}
        with self._database.write() as tx:
            for old in tx.execute(_IDS, {"key": key}).scalars().all():
                drop_job(tx, JobKind.READ, old)
                tx.execute(_DELETE, {"this": old})
            tx.execute(_ADD, row)
            [new] = tx.execute(_IDS, {"key": key}).scalars()
            add_job(tx, JobKind.READ, new, host=server_of(source), due=now, now=now)

    def at(self, number: int) -> Reading | None:
        """The post with this `id`; None where it is published, or was named anew. UnreadableRow where it is none."""
        with self._database.read() as tx:
            row = tx.execute(_FIND, {"this": number}).mappings().one_or_none()
        return None if row is None else reading_of(row)

    def done(self, job: Job) -> None:
        """The post of this job is published, or given up."""
        with self._database.write() as tx:
            finish_job(tx, job)
            tx.execute(_DELETE, {"this": job.subject})


_THIS = readings.c.id == bindparam("this")
_IDS = prepared(select(readings.c.id).where(readings.c.source_key == bindparam("key")))
_FIND = prepared(select(readings).where(_THIS))
_DELETE = prepared(delete(readings).where(_THIS))
_ADD = prepared(insert(readings))
