"""`Listing`: what may be shown to anybody, the approved mentions, selected, sorted, in parts; and what was withdrawn.

A part is found by the place of the last row of the one before, so that the thousandth costs what the first does.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, RowMapping, String, func, literal_column, or_, select, tuple_

from pingback.clock import Clock
from pingback.errors import StoreError
from pingback.model import Mention, MentionKind, MentionStatus
from pingback.store.database import Database
from pingback.store.moves import Moves
from pingback.store.schema import instant, instant_or_none, mention_of, mentions, micros

_AFTER_A_HOST = "/:?#"  # in a URL; the first is nearly always it, so that no other is looked for


class SortBy(StrEnum):
    """What mentions are sorted by: when they came, when they last changed, or when they say they were published."""

    CREATED = "created"
    UPDATED = "updated"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which mentions: of any of the `targets`, absolute HTTP URLs, and of pages on `host`; of all where none is said.

    `host` is as `pingback.urls.host_of` gives it. Where there are `kinds`, any of them will do. `since` leaves those
    that came or changed then or later, `since_id` those that came after that one.
    """

    targets: tuple[str, ...] = ()
    host: str | None = None
    kinds: tuple[str, ...] = ()
    since: datetime | None = None
    since_id: int | None = None


class Place(NamedTuple):
    """Where a row stands in an order: after it, the next part begins."""

    value: int
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which of the selected mentions, in which order: `size` of them, from `after` a place, or after `skip` others."""

    size: int
    sort_by: SortBy = SortBy.CREATED
    upward: bool = False
    skip: int = 0
    after: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The mentions of a part. `end` is where it ends, None where nothing comes after it.

    `changed` is when any mention of these pages last changed; None where there is none, or where that is so fresh that
    another change could fall into the same second, which is all that HTTP tells of time (RFC 9110 §8.8.2.2).
    """

    mentions: tuple[Mention, ...]
    end: Place | None
    changed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many mentions there are of each kind; `changed` as in `Listed`."""

    kinds: Mapping[MentionKind, int]
    changed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A mention that was approved, and since the instant `at` is not."""

    id: int
    source: str
    target: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawals:
    """A part of what was withdrawn; `end` as in `Listed`."""

    withdrawals: tuple[Withdrawal, ...]
    end: Place | None


class Listing:
    """Reads of one database; see `Store` for it. Thread-safe. Everything raises `StoreError` when it cannot be used."""

    def __init__(self, database: Database, *, moves: Moves, clock: Clock) -> None:
        self._database = database
        self._moves = moves
        self._clock = clock

    def part(self, selection: Selection, part: Part) -> Listed:
        """The part of the approved mentions; ValueError where a target is not an absolute HTTP URL."""
        key = _KEYS[part.sort_by]
        place = tuple_(key, mentions.c.id)
        of_targets = self._of_targets(selection.targets)
        approved = _approved(selection, of_targets)
        statement = select(*mentions.c, key.label("place")).where(*approved).limit(part.size + 1)
        if part.after is not None:
            last = tuple_(*part.after)
            statement = statement.where(place > last if part.upward else place < last)
        order = (key.asc(), mentions.c.id.asc()) if part.upward else (key.desc(), mentions.c.id.desc())
        statement = statement.order_by(*order).offset(part.skip)
        with self._database.browse() as connection:
            rows = connection.execute(statement).mappings().all()
            last_change = _last_change(connection, of_targets)
        with self._readable():
            return Listed(
                mentions=tuple([mention_of(row) for row in rows[: part.size]]),
                end=_end(rows, part.size),
                changed=self._changed(last_change),
            )

    def counts(self, selection: Selection) -> Counts:
        """How many are approved, of each kind that there is; ValueError as for `part`."""
        of_targets = self._of_targets(selection.targets)
        approved = _approved(selection, of_targets)
        statement = select(mentions.c.kind, func.count()).where(*approved).group_by(mentions.c.kind)
        with self._database.browse() as connection:
            rows = connection.execute(statement).all()
            last_change = _last_change(connection, of_targets)
        with self._readable():
            kinds = {MentionKind(kind): number for kind, number in rows}
            return Counts(kinds=kinds, changed=self._changed(last_change))

    def withdrawals(self, *, since: datetime | None = None, size: int, after: Place | None = None) -> Withdrawals:
        """What ceased to be approved then or later, in the order in which it did."""
        at = mentions.c.withdrawn
        columns = (mentions.c.id, mentions.c.source, mentions.c.target, at.label("place"))
        statement = select(*columns).where(at.is_not(None)).order_by(at, mentions.c.id).limit(size + 1)
        if since is not None:
            statement = statement.where(at >= micros(since))
        if after is not None:
            statement = statement.where(tuple_(at, mentions.c.id) > tuple_(*after))
        with self._database.browse() as connection:
            rows = connection.execute(statement).mappings().all()
        with self._readable():
            found = tuple([_withdrawal_of(row) for row in rows[:size]])
            return Withdrawals(withdrawals=found, end=_end(rows, size))

    def _changed(self, last_change: int | None) -> datetime | None:
        changed = instant_or_none(last_change or None)  # 0 is from an earlier version
        if changed is None or changed.replace(microsecond=0) >= self._clock().replace(microsecond=0):
            return None
        return changed

    def _of_targets(self, targets: tuple[str, ...]) -> ColumnElement[bool] | None:
        """The mentions of these, by all addresses that their pages are known to have; None where that is no matter."""
        if not targets:
            return None
        return mentions.c.target_key.in_(sorted({key for target in targets for key in self._moves.keys_of(target)}))

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """SQLite holds any value in any column, and a later version of ours may have written other words.

        Rows are read here, once their connection was given back: it would wait for all the others that do so.
        """
        try:
            yield
        except (ValueError, TypeError, OverflowError) as error:
            raise StoreError(f"{self._database.name} holds a mention that cannot be read: {error}") from error


def _last_change(connection: Connection, of_targets: ColumnElement[bool] | None) -> int | None:
    """Of mentions of any status: what was shown before, and is not now, has changed the list, too.

    For a whole host it is the last change of all, which an index tells without looking at each row.
    """
    statement = select(func.max(mentions.c.changed))
    if of_targets is not None:
        statement = statement.where(of_targets)
    return connection.execute(statement).scalar()


def _approved(selection: Selection, of_targets: ColumnElement[bool] | None) -> Iterator[ColumnElement[bool]]:
    yield _status == MentionStatus.APPROVED.value
    if of_targets is not None:
        yield of_targets
    if selection.host is not None:
        yield _on_host(selection.host)
    if selection.kinds:
        yield mentions.c.kind.in_(selection.kinds)
    if selection.since is not None:
        since = micros(selection.since)
        yield or_(mentions.c.changed >= since, mentions.c.received >= since)
    if selection.since_id is not None:
        yield mentions.c.id > selection.since_id


def _on_host(host: str) -> ColumnElement[bool]:
    """SQLite's LIKE is blind to case, as hosts are. A target may be a bare host, without even a slash."""
    target = mentions.c.target
    origins = [f"{scheme}://{host}" for scheme in ("https", "http")]
    begun = [target.startswith(origin + end, autoescape=True) for end in _AFTER_A_HOST for origin in origins]
    return or_(*begun, func.lower(target).in_(origins))


def _end(rows: Sequence[RowMapping], size: int) -> Place | None:
    """One row more than the part was asked for: it is not the last one."""
    return Place(rows[size - 1]["place"], rows[size - 1]["id"]) if len(rows) > size else None


def _withdrawal_of(row: RowMapping) -> Withdrawal:
    return Withdrawal(id=row["id"], source=row["source"], target=row["target"], at=instant(row["place"]))


# As an expression, which no index is used for: most mentions are approved, and one that gives the order serves better.
_status: ColumnElement[str] = literal_column("+mentions.status", String)
_KEYS: Mapping[SortBy, ColumnElement[Any]] = {
    SortBy.CREATED: mentions.c.received,
    SortBy.UPDATED: mentions.c.changed,
    SortBy.PUBLISHED: func.coalesce(mentions.c.published, mentions.c.received),
}
