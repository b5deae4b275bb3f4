"""`Retention`: what a store may forget: what is neither shown, nor waiting, nor remembered so as not to do it twice.

An approved or pending mention is never among it, nor is one on which the owner decided: its source may ping again, and
the decision stands. Nor is one whose source is to be asked once more. Nor is a ping whose link still stands in its
post: without it the next `publish` would send it once more.

All of it has its time, but for what was rejected and never shown: any stranger can make us keep that, and so only the
newest of it stays.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, exists, func, select, text

from pingback.store.database import Database
from pingback.store.expressions import big, unlocked
from pingback.store.rows import micros
from pingback.store.schema import (
    FORGETTABLE,
    REJECTED,
    REJECTED_LONG,
    attempts,
    discoveries,
    jobs,
    mentions,
    outbox,
    pauses,
)
from pingback.store.statements import Prepared, Transaction, prepared
from pingback.work import JobKind

BATCH = 1000  # rows in one transaction: somebody may wait with a ping for its end
MOST_REJECTED = 1000  # mentions that were rejected; their senders may ask for a while what became of them
_ONE_LONG_IN = 20  # as `REJECTED_LONG` has it: longer URLs, of 16 KB and more, are nobody's, and push out no others
_BESIDE_A_PING = 100  # rows that go with one ping, where very many were left
_SLACK = 20  # one in so many more than may stay: to look through all of them for each costs more than the ping


class _TooMany(NamedTuple):
    """The rejected mentions that are too many: how to forget some of them, and whether there are any."""

    some: Prepared
    first: Prepared


class _Forgotten(NamedTuple):
    """The rows of a kind that may be forgotten: how to forget some, whether there are any, and how many."""

    some: Prepared
    first: Prepared
    number: Prepared


class Retention:
    """Forgets; `Store.retention` gives it. Thread-safe; all methods raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, *, before: datetime, now: datetime) -> dict[str, int]:
        """How much `run` would forget in the end, by kind."""
        with self._database.read() as tx:
            return {kind: tx.execute(each.number, _instants(before, now)).scalar() for kind, each in _FORGOTTEN.items()}

    def run(self, *, before: datetime, now: datetime, most: int | None = None) -> dict[str, int]:
        """Forget what nothing has touched since `before`, `most` rows of it at most; how much that was, by kind.

        In many short transactions, so that others can write meanwhile.
        """
        instants, counts = _instants(before, now), dict.fromkeys(_FORGOTTEN, 0)
        with self._database.read() as tx:  # mostly there is nothing, and the write lock is left to others
            kinds = [kind for kind, each in _FORGOTTEN.items() if tx.execute(each.first, instants)]
        for kind in kinds:
            while room := BATCH if most is None else min(BATCH, most - sum(counts.values())):
                with self._database.write() as tx:
                    found = tx.execute(_FORGOTTEN[kind].some, instants | {"most": room}).rowcount
                counts[kind] += found
                if found < room:
                    break
        return counts

    def vacuum(self) -> None:
        """Give the room of what was forgotten back to the disk. Nobody else can write meanwhile."""
        self._database.vacuum()


def forget_rejected(tx: Transaction, *, most: int) -> None:
    """Leave the newest rejected mentions: no more than `most`, and of those with long URLs a twentieth of that.

    Those whose source is to be asked once more are no part of it: of them, too, as many are left.
    """
    for statements, bound in ((_REJECTED, most), (_REJECTED_LONG, max(most // _ONE_LONG_IN, 1))):
        if tx.execute(statements.first, {"most": bound + bound // _SLACK}):
            tx.execute(statements.some, {"most": bound, "looked_at": 2 * bound + bound // _SLACK + _BESIDE_A_PING})


def _instants(before: datetime, now: datetime) -> dict[str, Any]:
    return {"before": micros(before), "now": micros(now)}


def _forgotten(table: Table, *conditions: Any, index: str | None = None) -> _Forgotten:
    """What meets these conditions, found by this index."""
    [key] = table.primary_key.columns
    chosen: Select[Any] = select(key).where(*conditions)
    if index is not None:
        chosen = chosen.with_hint(table, f"INDEXED BY {index}", "sqlite")
    some = delete(table).where(key.in_(chosen.limit(bindparam("most")).with_for_update(skip_locked=True)))
    return _Forgotten(
        prepared(some), prepared(chosen.limit(1)), prepared(select(func.count()).select_from(chosen.subquery()))
    )


_BEFORE: ColumnElement[int] = big("before")
_NOW: ColumnElement[int] = big("now")
_TRIED_SINCE = (
    select(attempts.c.id).where(attempts.c.ping == outbox.c.id, attempts.c.at >= _BEFORE).correlate(outbox).exists()
)
_TO_BE_ASKED = (
    select(jobs.c.id)
    .where(jobs.c.kind == JobKind.VERIFY.value, jobs.c.subject == mentions.c.id)
    .correlate(mentions)
    .exists()
)
_TO_BE_SENT = (
    select(jobs.c.id)
    .where(jobs.c.kind == JobKind.DELIVER.value, jobs.c.subject == outbox.c.id)
    .correlate(outbox)
    .exists()
)
# By what a person calls them, in the order in which they go: attempts after the pings that they belong to.
_FORGOTTEN: Mapping[str, _Forgotten] = {
    "mentions": _forgotten(
        mentions,
        text(FORGETTABLE),
        mentions.c.status.in_(["deleted", "rejected", "spam"]),
        mentions.c.changed < _BEFORE,
        mentions.c.received < _BEFORE,
        ~_TO_BE_ASKED,
        index="pingback_mentions_forgettable",
    ),
    "pings": _forgotten(
        outbox,
        text("NOT linked"),
        ~_TO_BE_SENT,
        ~_TRIED_SINCE,
        index="pingback_outbox_unlinked",
    ),
    "attempts": _forgotten(attempts, attempts.c.at < _BEFORE, index="pingback_attempts_by_time"),
    "discoveries": _forgotten(discoveries, discoveries.c.until <= _NOW),
    "pauses": _forgotten(pauses, pauses.c.until <= _NOW, pauses.c.gap_until <= _NOW),
}


def _rejected(index: str, condition: str) -> _TooMany:
    """Those that are too many, and whether there are more than `most`; the condition is the index's."""
    of_index = (
        select(mentions.c.id)
        .where(text(condition))
        .order_by(mentions.c.changed.desc(), mentions.c.id.desc())
        .with_hint(mentions, f"INDEXED BY {index}", "sqlite")
    )
    newest = of_index.add_columns(mentions.c.changed).limit(big("looked_at")).cte("newest")
    is_retried = exists().where(jobs.c.kind == JobKind.VERIFY.value, jobs.c.subject == newest.c.id)
    looked_at = select(*newest.c, is_retried.label("retried")).subquery("looked_at")
    number = func.row_number().over(
        partition_by=looked_at.c.retried, order_by=(looked_at.c.changed.desc(), looked_at.c.id.desc())
    )
    placed = select(looked_at.c.id, number.label("place")).subquery("placed")
    some = delete(mentions).where(
        unlocked(mentions, mentions.c.id.in_(select(placed.c.id).where(placed.c.place > big("most"))))
    )
    return _TooMany(prepared(some), prepared(of_index.limit(1).offset(big("most"))))


_REJECTED = _rejected("pingback_mentions_rejected", REJECTED)
_REJECTED_LONG = _rejected("pingback_mentions_rejected_long", REJECTED_LONG)
