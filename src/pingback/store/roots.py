"""`Roots`: the built sites and sitemaps that were published before, and their pages of which nothing is sent."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from pingback.model import OutcomeStatus
from pingback.store.database import Database
from pingback.store.expressions import Insert, insert
from pingback.store.keys import target_key_of
from pingback.store.rows import keys_of, micros, source_key_of, storable
from pingback.store.schema import outbox, posts, roots
from pingback.store.statements import prepared
from pingback.work import UNREAD, Link, SilentPost


class Roots:
    """One row for each root, by its address; `Store.roots` gives it. A slash at its end makes no difference.

    Thread-safe. Each method is one transaction, on disk when it returns, and may be called again. All raise
    `StoreError`, and ValueError for a URL that is not an absolute HTTP URL and for a naive instant.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_known(self, root: str) -> bool:
        """It was published before, to its end."""
        with self._database.read() as tx:
            return tx.execute(_FIND, {"key": _key_of(root)}).one_or_none() is not None

    def keep(self, root: str, *, now: datetime) -> None:
        """The root was published, to its end."""
        with self._database.write() as tx:
            tx.execute(_KEEP, {"root_key": _key_of(root), "root": storable(root), "since": micros(now)})

    def keep_silent(self, pages: Collection[SilentPost], *, now: datetime) -> None:
        """These pages are known, and their links, each of which is `skipped`. Pings that there are stay as they are."""
        seen = [_post_row(page, micros(now)) for page in pages]
        links = [_ping_row(page, link) for page in pages for link in page.links]
        with self._database.write() as tx:
            tx.execute(_KEEP_PAGE, seen)
            if links:
                tx.execute(_ADD_PING, links)

    def keep_unread(self, sources: Iterable[str], *, now: datetime) -> None:
        """These pages are there, and were not read. Those that are known stay as they are."""
        rows = [_post_row(SilentPost(source=source, fingerprint="", kind=UNREAD), micros(now)) for source in sources]
        if rows:
            with self._database.write() as tx:
                tx.execute(_NOTE_PAGE, rows)


def _key_of(root: str) -> str:
    return target_key_of(root.removesuffix("/") + "/")


def _post_row(page: SilentPost, seen: int) -> dict[str, Any]:
    return {
        "source_key": source_key_of(page.source),
        "source": storable(page.source),
        "fingerprint": page.fingerprint,
        "seen": seen,
        "gone": False,
        "kind": page.kind,
        "why": storable(page.why),
    }


def _ping_row(page: SilentPost, link: Link) -> dict[str, Any]:
    return {
        **keys_of(page.source, link.target),
        "source": storable(page.source),
        "target": storable(link.target),
        "status": OutcomeStatus.SKIPPED.value,
        "message": page.why,
        "attempts": 0,
        "fingerprint": link.fingerprint,
        "linked": True,
    }


def _keep_page() -> Insert:
    statement = insert(posts)
    names = ("source", "fingerprint", "seen", "gone", "kind", "why")
    return statement.on_conflict_do_update(
        index_elements=[posts.c.source_key], set_={name: statement.excluded[name] for name in names}
    )


_FIND = prepared(select(roots.c.root).where(roots.c.root_key == bindparam("key")))
_KEEP = prepared(insert(roots).on_conflict_do_nothing())
_KEEP_PAGE = prepared(_keep_page())
_NOTE_PAGE = prepared(insert(posts).on_conflict_do_nothing(index_elements=[posts.c.source_key]))
_ADD_PING = prepared(insert(outbox).on_conflict_do_nothing(index_elements=[outbox.c.pair]))
