"""`Listing`: what may be shown to anybody, the approved mentions, selected, sorted, in parts; and what was withdrawn.

A part is found by the place of the last row of the one before, so that the thousandth costs what the first does.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)

from pingback.clock import Clock
from pingback.errors import StoreError
from pingback.model import Mention, MentionKind, MentionStatus
from pingback.store.database import Database
from pingback.store.keys import target_key_of
from pingback.store.moves import page_of
from pingback.store.rows import instant, instant_or_none, mention_of, micros
from pingback.store.schema import mentions
from pingback.store.searching import given
from pingback.store.statements import Row, Transaction, prepared


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

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def part(self, selection: Selection, part: Part) -> Listed:
        """The part of the approved mentions; ValueError where a target is not an absolute HTTP URL."""
        key = _KEYS[part.sort_by]
        chosen = select(mentions.c.id, key.label("place")).limit(part.size + 1).offset(part.skip)
        if part.after is not None:
            place, last = tuple_(key, mentions.c.id), tuple_(*part.after)
            chosen = chosen.where(place > last if part.upward else place < last)
        order = (key.asc(), mentions.c.id.asc()) if part.upward else (key.desc(), mentions.c.id.desc())
        keys = [target_key_of(target) for target in selection.targets]
        with self._database.browse() as connection:
            pages = _pages(connection, keys)
            chosen = chosen.where(*_approved(connection, selection, pages)).order_by(*order)
            places = connection.execute(_by_index(chosen, selection, _INDEXES[part.sort_by])).mappings().all()
            shown = [row["id"] for row in places[: part.size]]
            # Rows are read at the end only: SQLite would carry all of them along where it has to sort.
            rows = connection.execute(_ROWS, {"ids": json.dumps(shown)}).mappings().all()
            changes = _last_changes(connection, pages)
        with self._readable():
            found = {row["id"]: mention_of(row) for row in rows}
            return Listed(
                mentions=tuple([found[number] for number in shown]),
                end=_end(places, part.size),
                changed=self._changed(changes),
            )

    def counts(self, selection: Selection) -> Counts:
        """How many are approved, of each kind that there is; ValueError as for `part`."""
        number = select(mentions.c.kind, func.count()).group_by(mentions.c.kind)
        keys = [target_key_of(target) for target in selection.targets]
        with self._database.browse() as connection:
            pages = _pages(connection, keys)
            number = number.where(*_approved(connection, selection, pages))
            rows = connection.execute(_by_index(number, selection, "pingback_mentions_by_host_kind")).all()
            changes = _last_changes(connection, pages)
        with self._readable():
            kinds = {MentionKind(kind): count for kind, count in rows}
            return Counts(kinds=kinds, changed=self._changed(changes))

    def newest(self, target: str, *, most: int) -> list[Mention]:
        """The approved mentions of a target in order of arrival, of too many the newest; ValueError as for `part`."""
        return [*self.part(Selection(targets=(target,)), Part(size=most)).mentions][::-1]

    def newest_sources(self, target: str, *, most: int) -> list[str]:
        """The sources of `newest`, with nothing else of the rows read."""
        key = target_key_of(target)
        with self._database.browse() as connection:
            asked = {"page": page_of(connection, key), "most": most}
            return [*connection.execute(_SOURCES, asked).scalars().all()][::-1]

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

    def _changed(self, changes: Iterable[int]) -> datetime | None:
        changed = instant_or_none(max(changes) or None)  # 0 is from an earlier version
        if changed is None or changed.replace(microsecond=0) >= self._clock().replace(microsecond=0):
            return None
        return changed

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """SQLite holds any value in any column, and a later version of ours may have written other words.

        Rows are read here, once their connection was given back: it would wait for all the others that do so.
        """
        try:
            yield
        except (ValueError, TypeError, OverflowError) as error:
            raise StoreError(f"{self._database.name} holds a mention that cannot be read: {error}") from error


def _last_changes(connection: Transaction, pages: Sequence[str]) -> list[int]:
    """Of mentions of any status: what was shown before, and is not now, has changed the list, too.

    For a whole host it is the last change of all, which an index tells without looking at each row.
    """
    if not pages:
        return [connection.execute(_LAST_OF_ALL).scalar() or 0]
    return [connection.execute(_LAST_OF_PAGE, {"page": page}).scalar() or 0 for page in pages]


def _by_index(statement: Select[Any], selection: Selection, of_host: str) -> Select[Any]:
    """With the index that has all that the selection asks for; of a page, whatever the order, the one that it has."""
    index = "pingback_mentions_by_page" if selection.targets else of_host if selection.host is not None else None
    return statement if index is None else statement.with_hint(mentions, f"INDEXED BY {index}", "sqlite")


def _pages(connection: Transaction, keys: Iterable[str]) -> list[str]:
    """The keys of the pages that these are the keys of addresses of."""
    return sorted({page_of(connection, key) for key in keys})


def _approved(connection: Transaction, selection: Selection, pages: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    yield mentions.c.status == MentionStatus.APPROVED.value
    if pages:
        yield _among(mentions.c.page_key, pages)
    if selection.host is not None:
        yield _among(mentions.c.target_host, _hosts(connection, selection.host))
    if selection.kinds:
        yield mentions.c.kind.in_(selection.kinds)
    if selection.since is not None:
        since = micros(selection.since)
        yield or_(mentions.c.changed >= since, mentions.c.received >= since)
    if selection.since_id is not None:
        yield mentions.c.id > selection.since_id


def _hosts(connection: Transaction, host: str) -> list[str]:
    """The host as targets have it: with each port that there is, where it is named without one."""
    hosts = [host]
    found: str | None = None if _HAS_PORT.search(host) else f"{host}:"
    while found := found and connection.execute(_NEXT_HOST, {"after": found, "before": f"{host};"}).scalar():
        hosts.append(found)
    return hosts


def _among(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Of one value an index gives the order, too; several are sorted."""
    return column == values[0] if len(values) == 1 else column.in_(values)


def _end(rows: Sequence[Row], size: int) -> Place | None:
    """One row more than the part was asked for: it is not the last one."""
    return Place(rows[size - 1]["place"], rows[size - 1]["id"]) if len(rows) > size else None


def _withdrawal_of(row: Row) -> Withdrawal:
    return Withdrawal(id=row["id"], source=row["source"], target=row["target"], at=instant(row["place"]))


_HAS_PORT = re.compile(r":[0-9]+\Z")
_KEYS: Mapping[SortBy, ColumnElement[Any]] = {
    SortBy.CREATED: mentions.c.received,
    SortBy.UPDATED: mentions.c.changed,
    SortBy.PUBLISHED: mentions.c.dated,
}
_INDEXES = {
    SortBy.CREATED: "pingback_mentions_by_host",
    SortBy.UPDATED: "pingback_mentions_by_host_change",
    SortBy.PUBLISHED: "pingback_mentions_by_host_date",
}
_ROWS = prepared(select(*mentions.c).where(mentions.c.id.in_(select(given("ids").c.value))))
_SOURCES = prepared(
    select(mentions.c.source)
    .where(mentions.c.page_key == bindparam("page"), mentions.c.status == MentionStatus.APPROVED.value)
    .order_by(mentions.c.received.desc(), mentions.c.id.desc())
    .limit(bindparam("most"))
    .with_hint(mentions, "INDEXED BY pingback_mentions_by_page", "sqlite")
)
_LAST = select(func.max(mentions.c.changed))
_LAST_OF_ALL = prepared(_LAST)
_LAST_OF_PAGE = prepared(_LAST.where(mentions.c.page_key == bindparam("page")))
_NEXT_HOST = prepared(
    select(func.min(mentions.c.target_host)).where(
        mentions.c.target_host > bindparam("after"), mentions.c.target_host < bindparam("before")
    )
)
