"""What a store may forget: what is neither shown, nor waiting, nor remembered so that it is not done twice.

An approved or pending mention is never among it, nor is one on which the owner decided: its source may ping again, and
the decision stands. Nor is a ping whose link still stands in its post: without it the next `publish` would send it once
more.

All of it waits for `prune`, but for what was rejected and never shown: any stranger can make us keep that, and so only
the newest of it stays.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, func, or_, select, text

from pingback.model import MentionStatus
from pingback.store.rows import micros
from pingback.store.schema import attempts, discoveries, mentions, outbox, pauses
from pingback.store.statements import Transaction, prepared

BATCH = 1000  # rows in one transaction: somebody may wait with a ping for its end
MOST_REJECTED = 1000  # mentions that were rejected; their senders may ask for a while what became of them
_LONG = 1024  # bytes of both URLs: longer ones, of 16 KB and more, are nobody's, and push out no others
_ONE_LONG_IN = 20
_BESIDE_A_PING = 100  # rows that go with one ping: a file of an earlier version may have very many

_OUT_OF_SIGHT = [status.value for status in (MentionStatus.REJECTED, MentionStatus.DELETED, MentionStatus.SPAM)]
_BEFORE: ColumnElement[int] = bindparam("before")
_NOW: ColumnElement[int] = bindparam("now")

# By what a person calls them, in the order in which they go: attempts after the pings that they belong to.
_FORGOTTEN: dict[str, tuple[Table, ColumnElement[bool]]] = {
    "mentions": (
        mentions,
        and_(
            mentions.c.status.in_(_OUT_OF_SIGHT),
            mentions.c.decision.is_(None),
            func.max(mentions.c.changed, mentions.c.received) < _BEFORE,
        ),
    ),
    "pings": (
        outbox,
        and_(
            outbox.c.linked.is_(False),
            outbox.c.next_try.is_(None),
            outbox.c.leased_until.is_(None),
            outbox.c.id.not_in(select(attempts.c.ping).where(attempts.c.at >= _BEFORE)),
        ),
    ),
    "attempts": (attempts, or_(attempts.c.at < _BEFORE, attempts.c.ping.not_in(select(outbox.c.id)))),
    "discoveries": (discoveries, discoveries.c.until <= _NOW),
    "pauses": (pauses, pauses.c.until <= _NOW),
}
KINDS = tuple(_FORGOTTEN)


def count(connection: Transaction, kind: str, *, before: datetime, now: datetime) -> int:
    """How many rows of this kind `forget` would take."""
    table, condition = _FORGOTTEN[kind]
    statement = select(func.count()).select_from(table).where(condition)
    return int(connection.execute(statement, _instants(before, now)).scalar())


def forget(connection: Transaction, kind: str, *, before: datetime, now: datetime) -> int:
    """Take up to `BATCH` rows of this kind; how many there were."""
    table, condition = _FORGOTTEN[kind]
    [key] = table.primary_key.columns
    some = select(key).where(condition).limit(BATCH)
    return connection.execute(delete(table).where(key.in_(some)), _instants(before, now)).rowcount


def forget_rejected(connection: Transaction, *, most: int) -> None:
    """Leave the newest rejected mentions: no more than `most`, and of those with long URLs a twentieth of that."""
    most_long = max(most // _ONE_LONG_IN, 1)
    looked_at = most + most_long + _BESIDE_A_PING
    asked = {"most": most, "most_long": most_long, "long": _LONG, "looked_at": looked_at}
    connection.execute(_FORGET_REJECTED, asked)


def _instants(before: datetime, now: datetime) -> dict[str, Any]:
    return {"before": micros(before), "now": micros(now)}


_FORGET_REJECTED = prepared(
    text("""
WITH newest AS (
    SELECT id, changed, length(source) + length(target) > :long AS is_long
    FROM pingback_mentions INDEXED BY pingback_mentions_rejected
    WHERE status = 'rejected' AND decision IS NULL AND withdrawn IS NULL
    ORDER BY changed DESC, id DESC
    LIMIT :looked_at
),
placed AS (
    SELECT id, is_long, row_number() OVER (PARTITION BY is_long ORDER BY changed DESC, id DESC) AS place FROM newest
)
DELETE FROM pingback_mentions
WHERE id IN (SELECT id FROM placed WHERE place > CASE WHEN is_long THEN :most_long ELSE :most END)
""")
)
