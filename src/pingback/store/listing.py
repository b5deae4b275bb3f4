"""`Listing`: what may be shown to anybody, the approved mentions, selected, sorted, in parts; and what was withdrawn.

A part is found by the place of the last row of the one before, so that the thousandth costs what the first does.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, Self

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, select, text, tuple_

from pingback.clock import Clock
from pingback.model import Mention, MentionKind, MentionStatus, Rsvp
from pingback.store.database import Database
from pingback.store.expressions import among, big
from pingback.store.keys import target_key_of
from pingback.store.moves import page_of
from pingback.store.rows import FAR, full_page, instant, instant_or_none, micros, readable, readable_of, text_of
from pingback.store.schema import WITHDRAWN, mentions
from pingback.store.statements import Prepared, Row, Transaction, prepared
from pingback.store.tallies import by_kind

FEW = 2000  # rows that are sorted in two milliseconds
MOST_SHAPES = 128  # of questions, whose statements are kept


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
    """How many mentions there are of each kind, and how many answer an invitation so; `changed` as in `Listed`."""

    kinds: Mapping[MentionKind, int]
    answers: Mapping[Rsvp, int]
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
        keys = [target_key_of(target) for target in selection.targets]
        with self._database.browse() as tx:
            asked = _Asked.of(tx, selection, keys)
            index = asked.best_index(tx, part.sort_by)

            def fetch(number: int, last: Row | None) -> Sequence[Row]:
                after = part.after if last is None else Place(last[_COLUMNS[part.sort_by]], last["id"])
                place = {} if after is None else {"after_value": after.value, "after": after.id}
                skipped = part.skip if last is None else 0
                statement = _places(asked.shape, index, part.sort_by, part.upward, after is not None)
                ids = tx.execute(statement, {**asked.parameters, **place, "number": number, "skip": skipped}).scalars()
                # Rows are read at the end only: SQLite would carry all of them along where it has to sort.
                rows = {row["id"]: row for row in tx.execute(_ROWS, {"ids": json.dumps(ids)})}
                return [rows[number] for number in ids]

            found, last = full_page(fetch, part.size)
            changes = asked.last_changes(tx)
        return Listed(
            mentions=tuple(found),
            end=None if last is None else Place(last[_COLUMNS[part.sort_by]], last["id"]),
            changed=self._changed(changes),
        )

    def counts(self, selection: Selection) -> Counts:
        """How many are approved, of each kind and answer that there is; ValueError as for `part`."""
        keys = [target_key_of(target) for target in selection.targets]
        with self._database.browse() as tx:
            asked = _Asked.of(tx, selection, keys)
            if asked.is_of_whole_hosts:
                counts = by_kind(tx, asked.hosts)
                if selection.kinds:
                    counts = Counter({kind: counts[kind] for kind in selection.kinds if kind in counts})
            else:
                index = asked.best_index(tx, None)
                counts = Counter(dict(map(tuple, tx.execute(_counting(asked.shape, index), asked.parameters))))
            answers: Iterable[Row] = ()
            if MentionKind.RSVP in counts:
                invited = asked._replace(selection=replace(selection, kinds=(MentionKind.RSVP,)))
                statement = _answering(invited.shape, invited.best_index(tx, None))
                answers = tx.execute(statement, invited.parameters)
            changes = asked.last_changes(tx)
        return Counts(
            kinds={MentionKind(kind): number for kind, number in counts.items() if kind in _KINDS},
            answers={Rsvp(answer): number for answer, number in map(tuple, answers) if answer in _ANSWERS},
            changed=self._changed(changes),
        )

    def newest(self, target: str, *, most: int) -> list[Mention]:
        """The approved mentions of a target in order of arrival, of too many the newest; ValueError as for `part`."""
        return [*self.part(Selection(targets=(target,)), Part(size=most)).mentions][::-1]

    def newest_sources(self, target: str, *, most: int) -> list[str]:
        """The sources of `newest`, with nothing else of the rows read."""
        key = target_key_of(target)
        with self._database.browse() as connection:
            asked = {"page": page_of(connection, key), "most": most}
            return connection.execute(_SOURCES, asked).scalars()[::-1]

    def withdrawals(self, *, since: datetime | None = None, size: int, after: Place | None = None) -> Withdrawals:
        """What ceased to be approved then or later, in the order in which it did."""
        place = Place(-1, 0) if since is None else Place(micros(since), 0)
        asked = {"number": size + 1, "after_value": place.value, "after": place.id}
        if after is not None and after > place:
            asked |= {"after_value": after.value, "after": after.id}
        found: list[Withdrawal] = []
        with self._database.browse() as tx:
            while True:
                rows = tx.execute(_WITHDRAWALS, asked)
                found += readable_of(rows, _withdrawal_of, what="mention")
                if len(found) > size or len(rows) <= size:
                    break
                asked |= {"after_value": rows[-1]["withdrawn"], "after": rows[-1]["id"]}
        last = found[size - 1] if len(found) > size else None
        end = None if last is None else Place(micros(last.at), last.id)
        return Withdrawals(withdrawals=tuple(found[:size]), end=end)

    def _changed(self, changes: Iterable[object]) -> datetime | None:
        known = [each for each in changes if isinstance(each, int) and 0 < each < FAR]
        changed = instant_or_none(max(known, default=None))
        if changed is None or changed.replace(microsecond=0) >= self._clock().replace(microsecond=0):
            return None
        return changed


class _Shape(NamedTuple):
    """What a statement has to say of a selection: whether there are none, one or several of each, or any."""

    pages: int
    hosts: int
    kinds: bool
    since: bool
    since_id: bool


class _Asked(NamedTuple):
    """A selection as the table has it: the keys of pages, and hosts as targets name them."""

    selection: Selection
    pages: Sequence[str]
    hosts: Sequence[str]

    @classmethod
    def of(cls, tx: Transaction, selection: Selection, keys: Iterable[str]) -> Self:
        pages = sorted({page_of(tx, key) for key in keys})
        return cls(selection, pages, [] if selection.host is None else _hosts(tx, selection.host))

    @property
    def shape(self) -> _Shape:
        chosen = self.selection
        return _Shape(
            pages=min(len(self.pages), 2),
            hosts=min(len(self.hosts), 2),
            kinds=bool(chosen.kinds),
            since=chosen.since is not None,
            since_id=chosen.since_id is not None,
        )

    @property
    def is_of_whole_hosts(self) -> bool:
        chosen = self.selection
        return not self.pages and bool(self.hosts) and chosen.since is None and chosen.since_id is None

    @property
    def parameters(self) -> dict[str, object]:
        chosen = self.selection
        return {
            "page": self.pages[0] if self.pages else None,
            "pages": json.dumps(self.pages),
            "host": self.hosts[0] if self.hosts else None,
            "hosts": json.dumps(self.hosts),
            "kinds": json.dumps(chosen.kinds),
            "since": None if chosen.since is None else micros(chosen.since),
            "since_id": chosen.since_id,
        }

    def best_index(self, tx: Transaction, sort_by: SortBy | None) -> str | None:
        """Of a page, whatever the order, the one that it has. Of a host the first that leaves few rows to sort.

        Else the one with the order, which is read until there are enough: where many rows meet a filter, some soon do.

        None is the table itself, from `since_id` on.
        """
        if self.pages or not self.hosts:
            return "by_page"
        shape = self.shape
        if shape.kinds and self._are_few(tx, "by_host_kind"):
            return "by_host_kind"
        if shape.since and self._are_few(tx, "by_host_change"):
            return "by_host_change"
        if shape.since_id and self._are_few(tx, None):
            return None
        return "by_host_kind" if sort_by is None else _INDEXES[sort_by]

    def last_changes(self, tx: Transaction) -> list[object]:
        """Of mentions of any status: what was shown before, and is not now, has changed the list, too."""
        if self.pages:
            return [tx.execute(_LAST_OF_PAGE, {"page": page}).scalar() for page in self.pages]
        return [
            tx.execute(_LAST_OF_HOST, {"host": host, "status": status.value}).scalar()
            for host in self.hosts
            for status in MentionStatus
        ]

    def _are_few(self, tx: Transaction, index: str | None) -> bool:
        return len(tx.execute(_few(self.shape, index), self.parameters)) < FEW


def _hosts(tx: Transaction, host: str) -> list[str]:
    """The host as targets have it: with each port that there is, where it is named without one."""
    hosts = [host]
    found: str | None = None if _HAS_PORT.search(host) else f"{host}:"
    while found := found and tx.execute(_NEXT_HOST, {"after": found, "before": f"{host};"}).scalar():
        hosts.append(found)
    return hosts


def _chosen(shape: _Shape) -> Iterator[ColumnElement[bool]]:
    yield mentions.c.status == MentionStatus.APPROVED.value
    if shape.pages:
        yield _among(mentions.c.page_key, "page", "pages", shape.pages)
    if shape.hosts:
        yield _among(mentions.c.target_host, "host", "hosts", shape.hosts)
    if shape.kinds:
        yield among(mentions.c.kind, "kinds")
    if shape.since:
        yield mentions.c.changed >= big("since")  # no mention came after its last change
    if shape.since_id:
        yield mentions.c.id > big("since_id")


def _among(column: ColumnElement[str], one: str, several: str, number: int) -> ColumnElement[bool]:
    """Of one value an index gives the order, too; several are sorted."""
    return column == bindparam(one) if number == 1 else among(column, several)


def _by(statement: Select[Any], index: str | None) -> Select[Any]:
    hint = "NOT INDEXED" if index is None else f"INDEXED BY pingback_mentions_{index}"
    return statement.with_hint(mentions, hint, "sqlite")


@lru_cache(MOST_SHAPES)
def _places(shape: _Shape, index: str | None, sort_by: SortBy, upward: bool, after: bool) -> Prepared:
    """The ids of a part."""
    place = mentions.c[_COLUMNS[sort_by]], mentions.c.id
    statement = select(mentions.c.id).where(*_chosen(shape)).limit(bindparam("number")).offset(bindparam("skip"))
    if after:
        last = tuple_(big("after_value"), big("after"))
        statement = statement.where(tuple_(*place) > last if upward else tuple_(*place) < last)
    order = [column.asc() if upward else column.desc() for column in place]
    in_order = _by(statement.order_by(*order), index)
    if (index == "by_page" and shape.pages == 1) or (index == _INDEXES[sort_by] and shape.hosts == 1):
        return prepared(in_order)
    # PostgreSQL would walk an index that has the order, whether or not there are rows of these pages in it.
    first = place[0] + 0
    to_sort = statement.order_by(first.asc() if upward else first.desc(), order[1])
    return prepared(in_order, postgresql=to_sort)


@lru_cache(MOST_SHAPES)
def _counting(shape: _Shape, index: str | None) -> Prepared:
    return prepared(_by(select(mentions.c.kind, func.count()).where(*_chosen(shape)).group_by(mentions.c.kind), index))


@lru_cache(MOST_SHAPES)
def _answering(shape: _Shape, index: str | None) -> Prepared:
    return prepared(_by(select(mentions.c.rsvp, func.count()).where(*_chosen(shape)).group_by(mentions.c.rsvp), index))


@lru_cache(MOST_SHAPES)
def _few(shape: _Shape, index: str | None) -> Prepared:
    """A row for each mention that the filters of this index leave, up to `FEW`."""
    if index is None:
        conditions = [mentions.c.id > big("since_id")]
    else:
        conditions = [*_chosen(shape._replace(kinds=index == "by_host_kind", since_id=False))]
    return prepared(_by(select(literal(1)).where(*conditions).limit(FEW), index))


@readable
def _withdrawal_of(row: Row) -> Withdrawal:
    at = instant(row["withdrawn"])
    return Withdrawal(id=row["id"], source=text_of(row["source"]), target=text_of(row["target"]), at=at)


_HAS_PORT = re.compile(r":[0-9]+\Z")
_KINDS = frozenset(kind.value for kind in MentionKind)
_ANSWERS = frozenset(answer.value for answer in Rsvp)
_COLUMNS = {SortBy.CREATED: "received", SortBy.UPDATED: "changed", SortBy.PUBLISHED: "dated"}
_INDEXES = {
    SortBy.CREATED: "by_host",
    SortBy.UPDATED: "by_host_change",
    SortBy.PUBLISHED: "by_host_date",
}
_ROWS = prepared(select(*mentions.c).where(among(mentions.c.id, "ids")))
_SOURCES = prepared(
    _by(
        select(mentions.c.source)
        .where(mentions.c.page_key == bindparam("page"), mentions.c.status == MentionStatus.APPROVED.value)
        .order_by(mentions.c.received.desc(), mentions.c.id.desc())
        .limit(bindparam("most")),
        "by_page",
    )
)
_LAST = select(func.max(mentions.c.changed))
_LAST_OF_PAGE = prepared(_by(_LAST.where(mentions.c.page_key == bindparam("page")), "by_page_change"))
_LAST_OF_HOST = prepared(
    _by(
        _LAST.where(mentions.c.target_host == bindparam("host"), mentions.c.status == bindparam("status")),
        "by_host_change",
    )
)
_NEXT_HOST = prepared(
    _by(
        select(func.min(mentions.c.target_host)).where(
            mentions.c.target_host > bindparam("after"), mentions.c.target_host < bindparam("before")
        ),
        "by_host",
    )
)
_WITHDRAWALS = prepared(
    _by(
        select(mentions.c.id, mentions.c.source, mentions.c.target, mentions.c.withdrawn)
        .where(
            text(WITHDRAWN),
            tuple_(mentions.c.withdrawn, mentions.c.id) > tuple_(big("after_value"), big("after")),
        )
        .order_by(mentions.c.withdrawn, mentions.c.id)
        .limit(bindparam("number")),
        "by_withdrawal",
    )
)
