"""`Posts`: the posts whose links were planned, as they were when last seen."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import bindparam, case, select, update

from pingback.store.database import Database
from pingback.store.expressions import Insert, among, big, insert
from pingback.store.rows import micros, post_of, readable_of, source_key_of, storable
from pingback.store.schema import posts
from pingback.store.statements import Prepared, Transaction, prepared
from pingback.urls import is_under, key_of, require_http
from pingback.work import POST, KnownPost

_PAGE = 500  # rows read at once; between two pages no lock or connection is held


class Posts:
    """One row for each post; `Store.posts` gives it. `Outbox.plan` writes them.

    Thread-safe. All raise `StoreError`, and ValueError for a URL that is not an absolute HTTP URL.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def at(self, source: str) -> KnownPost | None:
        """The post as it was when last seen; None where it never was."""
        return self.known([source]).get(key_of(source))

    def known(self, sources: Iterable[str]) -> dict[str, KnownPost]:
        """Those of the posts that were seen, each under the key of its URL (`pingback.urls.key_of`): one read."""
        keys = {source_key_of(source): key_of(source) for source in sources}
        with self._database.read() as tx:
            rows = tx.execute(_KNOWN, {"keys": json.dumps(list(keys))})
        return {key_of(post.source): post for post in readable_of(rows, post_of, what="post")}

    def under(self, base_url: str) -> Iterator[KnownPost]:
        """The posts of a site, or of a part of it, that are not gone. Its other pages are none of them."""
        require_http(base_url)
        return (post for post in self._pages(_LISTED) if is_under(post.source, base_url))

    def missing(self) -> Iterator[KnownPost]:
        """The posts whose pages were not there when they were last looked for, and that are not gone yet."""
        return self._pages(_MISSING)

    def keep(self, source: str, fingerprint: str, *, now: datetime) -> None:
        """The post was seen, with the links that were planned before."""
        with self._database.write() as tx:
            keep_post(tx, source, fingerprint, now=now)

    def miss(self, source: str, *, now: datetime) -> None:
        """The page of the post was not there in this run. Of earlier ones a clock that ran ahead is mended."""
        with self._database.write() as tx:
            tx.execute(_MISS, {"of": source_key_of(source), "now": micros(now)})

    def find(self, source: str, *, now: datetime) -> None:
        """The page of the post was there at `now`, as it was or not."""
        with self._database.write() as tx:
            tx.execute(_FIND, {"of": source_key_of(source), "seen": micros(now)})

    def _pages(self, page: Prepared) -> Iterator[KnownPost]:
        after = 0
        while True:
            with self._database.read() as tx:
                rows = tx.execute(page, {"after": after, "size": _PAGE})
            yield from readable_of(rows, post_of, what="post")
            if len(rows) < _PAGE:
                return
            after = rows[-1]["id"]


def keep_post(tx: Transaction, source: str, fingerprint: str, *, now: datetime) -> None:
    """The post was there at `now`, with this fingerprint."""
    row = {
        "source_key": source_key_of(source),
        "source": storable(source),
        "fingerprint": fingerprint,
        "seen": micros(now),
        "gone": False,
        "missing": 0,
        "missing_since": None,
        "kind": POST,
        "why": None,
    }
    tx.execute(_KEEP, row)


def lose_post(tx: Transaction, source: str) -> None:
    """The post is gone."""
    tx.execute(_LOSE, {"of": source_key_of(source)})


def _keep() -> Insert:
    statement = insert(posts)
    kept = {name: column for name, column in statement.excluded.items() if name not in ("id", "site_id")}
    return statement.on_conflict_do_update(index_elements=[posts.c.source_key], set_=kept)


_KEEP = prepared(_keep())
_KNOWN = prepared(select(posts).where(among(posts.c.source_key, "keys")))
_POSTS = select(posts).where(posts.c.id > bindparam("after"), posts.c.gone.is_(False))
_LISTED = prepared(_POSTS.where(posts.c.kind == POST).order_by(posts.c.id).limit(bindparam("size")))
_MISSING = prepared(
    _POSTS.where(posts.c.kind == POST, posts.c.missing > 0).order_by(posts.c.id).limit(bindparam("size"))
)
_OF = posts.c.source_key == bindparam("of")
_THERE = {"missing": 0, "missing_since": None}
_SINCE = posts.c.missing_since
_MISS = prepared(
    update(posts)
    .where(_OF)
    .values(missing=posts.c.missing + 1, missing_since=case((big("now") >= _SINCE, _SINCE), else_=big("now")))
)
_FIND = prepared(update(posts).where(_OF).values(seen=bindparam("seen"), **_THERE))
_LOSE = prepared(update(posts).where(_OF).values(gone=True, **_THERE))
