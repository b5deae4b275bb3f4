"""`Counts`: what all processes have counted, and how much work waits, for whoever watches them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, literal, select

from pingback.store.database import Database
from pingback.store.expressions import big, insert
from pingback.store.jobs import QUEUED
from pingback.store.rows import is_text, micros
from pingback.store.schema import counts, jobs, lanes
from pingback.store.statements import Transaction, prepared
from pingback.work import JobKind

MOST_DUE = 100_000  # jobs of a kind that are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The jobs of a kind: `due` are those that could be done now, MOST_DUE at most, and `oldest` says for how long the
    first of them could; `sent` are on their way to a worker, and `in_hand` are being done."""

    due: int
    oldest: timedelta
    sent: int
    in_hand: int


class Counts:
    """Sums over all processes; `Store.counts` gives it. Thread-safe; all methods raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, numbers: Mapping[tuple[str, str], float]) -> None:
        """Add to the sums, each by its name and its labels as one text."""
        rows = [{"name": name, "labels": labels, "number": numbers[name, labels]} for name, labels in sorted(numbers)]
        if rows:
            with self._database.write() as tx:
                tx.execute(_ADD, rows)

    def all(self) -> dict[tuple[str, str], float]:
        """The sums, by name and labels."""
        with self._database.read() as tx:
            return {
                (name, labels): float(number)
                for name, labels, number in tx.execute(_ALL)
                if is_text(name) and is_text(labels) and isinstance(number, (int, float))
            }

    def backlogs(self, now: datetime) -> dict[JobKind, Backlog]:
        """How much waits, by kind."""
        with self._database.read() as tx:
            leased = [
                (kind, worker_id, number) for kind, worker_id, number in tx.execute(_LEASED, {"now": micros(now)})
            ]
            return {kind: _backlog(tx, kind, micros(now), leased) for kind in JobKind}


def _backlog(tx: Transaction, kind: JobKind, now: int, leased: Iterable[tuple[object, object, int]]) -> Backlog:
    asked = {"kind": kind.value, "now": now}
    first = tx.execute(_FIRST, asked).scalar()
    held = [(str(worker_id), number) for each, worker_id, number in leased if each == kind.value]
    sent = sum(number for worker_id, number in held if worker_id.startswith(QUEUED))
    return Backlog(
        due=int(tx.execute(_DUE, asked | {"most": MOST_DUE}).scalar() or 0),
        oldest=timedelta(microseconds=now - first) if isinstance(first, int) else timedelta(0),
        sent=sent,
        in_hand=sum(number for _, number in held) - sent,
    )


_insert = insert(counts).values(name=bindparam("name"), labels=bindparam("labels"), number=bindparam("number"))
_ADD = prepared(
    _insert.on_conflict_do_update(
        index_elements=[counts.c.name, counts.c.labels], set_={"number": counts.c.number + _insert.excluded.number}
    )
)
_ALL = prepared(select(counts.c.name, counts.c.labels, counts.c.number))
_is_due = (lanes.c.kind == bindparam("kind")) & (lanes.c.due <= big("now"))
_FIRST = prepared(select(func.min(lanes.c.due)).where(_is_due))
# Lane by lane, so that what is due later is not looked at.
_DUE = prepared(
    select(func.count()).select_from(
        select(literal(1).label("one"))
        .select_from(lanes)
        .join(jobs, (jobs.c.kind == lanes.c.kind) & (jobs.c.host == lanes.c.host))
        .where(_is_due, jobs.c.due <= big("now"))
        .limit(big("most"))
        .subquery()
    )
)
_LEASED = prepared(
    select(jobs.c.kind, jobs.c.leased_by, func.count())
    .where(jobs.c.leased_by.is_not(None), jobs.c.due > big("now"))
    .group_by(jobs.c.kind, jobs.c.leased_by)
)
