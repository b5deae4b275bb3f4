"""What a store may forget: what is neither shown, nor waiting, nor remembered so that it is not done twice.

An approved or pending mention is never among it, nor is one on which the owner decided: its source may ping again, and
the decision stands. Nor is a ping whose link still stands in its post: without it the next `publish` would send it once
more.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, func, or_, select

from pingback.model import MentionStatus
from pingback.store.outbox_schema import attempts, discoveries, outbox, pauses
from pingback.store.schema import mentions, micros

BATCH = 1000  # rows in one transaction: somebody may wait with a ping for its end

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


def count(connection: Connection, kind: str, *, before: datetime, now: datetime) -> int:
    """How many rows of this kind `forget` would take."""
    table, condition = _FORGOTTEN[kind]
    statement = select(func.count()).select_from(table).where(condition)
    return connection.execute(statement, _instants(before, now)).scalar_one()


def forget(connection: Connection, kind: str, *, before: datetime, now: datetime) -> int:
    """Take up to `BATCH` rows of this kind; how many there were."""
    table, condition = _FORGOTTEN[kind]
    [key] = table.primary_key.columns
    some = select(key).where(condition).limit(BATCH)
    return connection.execute(delete(table).where(key.in_(some)), _instants(before, now)).rowcount


def _instants(before: datetime, now: datetime) -> dict[str, Any]:
    return {"before": micros(before), "now": micros(now)}
