"""What the outbox remembers besides the pings: what targets advertise, which hosts pause, and the posts."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import Insert, insert

from pingback.model import Discovery, KnownPost
from pingback.store.keys import target_key_of
from pingback.store.rows import (
    discovery_of,
    discovery_row_of,
    instant,
    micros,
    post_of,
    readable,
    source_key_of,
    storable,
)
from pingback.store.schema import discoveries, pauses, posts
from pingback.store.statements import Transaction, prepared

LONGEST = timedelta(days=1)  # that a discovery is remembered, by whatever the target's cache headers say


def remember(connection: Transaction, discovery: Discovery, *, until: datetime) -> None:
    """Keep a discovery in the place of what was known of the target, and drop those that have surely ended by now."""
    connection.execute(_FORGET_OLD, {"ended": micros(until - LONGEST)})
    connection.execute(_REMEMBER, discovery_row_of(discovery, until=until))


def recall(connection: Transaction, target: str, *, now: datetime) -> Discovery | None:
    """What is remembered of the target, at `now`."""
    asked = {"target": target_key_of(target), "now": micros(now)}
    row = connection.execute(_RECALL, asked).mappings().one_or_none()
    return None if row is None else discovery_of(row, target=target)


def forget(connection: Transaction, target: str) -> None:
    """Remember nothing of the target any more."""
    connection.execute(_FORGET, {"target": target_key_of(target)})


def pause(connection: Transaction, host: str, *, until: datetime) -> None:
    """Nothing for this host before `until`, or later where that was said before."""
    connection.execute(_PAUSE, {"host": host, "until": micros(until)})


def paused_until(connection: Transaction, host: str, *, now: datetime) -> datetime | None:
    """The end of the host's pause; None where there is none at `now`."""
    number = connection.execute(_PAUSED, {"of": host, "now": micros(now)}).scalar()
    with readable():
        return None if number is None else instant(number)


def post_at(connection: Transaction, source: str) -> KnownPost | None:
    """The post that is kept for this URL."""
    row = connection.execute(_POST, {"source": source_key_of(source)}).mappings().one_or_none()
    return None if row is None else post_of(row)


def posts_page(connection: Transaction, *, after: int, size: int) -> list[tuple[int, KnownPost]]:
    """The next `size` posts that are not gone, each with its number; fewer at the end."""
    rows = connection.execute(_POSTS, {"after": after, "size": size}).mappings()
    return [(row["id"], post_of(row)) for row in rows]


def keep_post(connection: Transaction, source: str, fingerprint: str, *, now: datetime) -> None:
    """The post was there at `now`, with this fingerprint."""
    row = {
        "source_key": source_key_of(source),
        "source": storable(source),
        "fingerprint": fingerprint,
        "seen": micros(now),
        "gone": False,
    }
    connection.execute(_KEEP_POST, row)


def lose_post(connection: Transaction, source: str) -> None:
    """The post is gone."""
    connection.execute(_LOSE_POST, {"of": source_key_of(source)})


def _remember() -> Insert:
    statement = insert(discoveries)
    return statement.on_conflict_do_update(index_elements=[discoveries.c.target_key], set_=dict(statement.excluded))


def _pause() -> Insert:
    statement = insert(pauses)
    longer = func.max(pauses.c.until, statement.excluded.until)
    return statement.on_conflict_do_update(index_elements=[pauses.c.host], set_={"until": longer})


def _keep_post() -> Insert:
    statement = insert(posts)
    given = {name: column for name, column in statement.excluded.items() if name != "id"}
    return statement.on_conflict_do_update(index_elements=[posts.c.source_key], set_=given)


_REMEMBER, _PAUSE, _KEEP_POST = prepared(_remember()), prepared(_pause()), prepared(_keep_post())
_FORGET_OLD = prepared(delete(discoveries).where(discoveries.c.until <= bindparam("ended")))
_FORGET = prepared(delete(discoveries).where(discoveries.c.target_key == bindparam("target")))
_RECALL = prepared(
    select(discoveries).where(discoveries.c.target_key == bindparam("target"), discoveries.c.until > bindparam("now"))
)
_PAUSED = prepared(select(pauses.c.until).where(pauses.c.host == bindparam("of"), pauses.c.until > bindparam("now")))
_POST = prepared(select(posts).where(posts.c.source_key == bindparam("source")))
_POSTS = prepared(
    select(posts)
    .where(posts.c.id > bindparam("after"), posts.c.gone.is_(False))
    .order_by(posts.c.id)
    .limit(bindparam("size"))
)
_LOSE_POST = prepared(update(posts).where(posts.c.source_key == bindparam("of")).values(gone=True))
