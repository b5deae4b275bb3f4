"""`Mentions`: what was received, one mention for each pair of source and target."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.sql.dml import ReturningInsert

from pingback.clock import Clock
from pingback.errors import StoreError
from pingback.model import Mention, MentionStatus, Reputation
from pingback.store import pruning
from pingback.store.blocks import OF_HOSTS
from pingback.store.database import Database
from pingback.store.keys import home_key_of, pair_of, target_key_of
from pingback.store.moves import page_of
from pingback.store.rows import FIXED, mention_of, micros, row_of, source_key_of, withdrawal
from pingback.store.schema import mentions
from pingback.store.searching import given
from pingback.store.statements import Row, Transaction, prepared

_PAGE = 500  # rows read at once; between two pages no lock or connection is held
_NEVER = 0  # no try: before any instant that a clock of ours shows
_DOUBTS = (MentionStatus.PENDING, MentionStatus.SPAM)
_ARRIVAL = (mentions.c.received, mentions.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is known when a ping comes: the mention of its pair, the blocks of the hosts that were asked for, and what
    was taken from the source's home before.

    `unreadable` says that there is a mention of the pair, and nobody can tell which: it is known, and left alone.
    """

    known: Mention | None
    unreadable: bool
    blocks: tuple[str, ...]
    reputation: Reputation


class Mentions:
    """The mentions of a site; `Store.mentions` gives it.

    Thread-safe; each method is one transaction, on disk when it returns. All raise `StoreError` when the database
    cannot be used. Of what was rejected, and is not the owner's decision, the `most_rejected` newest are kept.
    """

    def __init__(self, database: Database, *, clock: Clock, most_rejected: int) -> None:
        self._database = database
        self._clock = clock
        self._most_rejected = most_rejected

    def arrival(self, *, source: str, target: str, home: str, hosts: Collection[str]) -> Arrival:
        """All that is to be known before a ping is answered, as one state of the database.

        ValueError where source or target is not an absolute HTTP URL.
        """
        pair, itself = pair_of(source, target), source_key_of(source)
        with self._database.read() as connection:
            row = connection.execute(_select(mentions.c.pair == pair)).mappings().one_or_none()
            blocks = connection.execute(OF_HOSTS, {"hosts": json.dumps([*hosts])}).scalars().all()
            reputation = _reputation(connection, itself, home)
        return Arrival(
            known=None if row is None else self._mention(row),
            unreadable=False,
            blocks=tuple(blocks),
            reputation=reputation,
        )

    def reputation(self, *, source: str, home: str) -> Reputation:
        """What was taken from this home before; ValueError where the source is not an absolute HTTP URL."""
        with self._database.read() as connection:
            return _reputation(connection, source_key_of(source), home)

    def seen_from(self, home: str, *, most: int) -> list[str]:
        """Up to `most` sources of a home that were looked at, or approved."""
        asked = {"home": home_key_of(home), "most": most}
        with self._database.read() as connection:
            return list(connection.execute(_SEEN_FROM_HOME, asked).scalars())

    def keep(
        self, mention: Mention, *, home: str | None = None, source_asked: bool = True, holder: str | None = None
    ) -> tuple[Mention, bool]:
        """The mention as it stands in the store, and whether it was new. `home` is what `arrival` finds it by.

        Of any number of equal pings at once exactly one is new. A rejected mention counts as none: it is overwritten,
        and only its `id` stays. Any other that was there before is given back as it was. Where nobody asks the source
        for now, the first try at it can be claimed at once. `holder` names who is still at it.
        """
        row = row_of(mention) | {
            "home_key": "" if home is None else home_key_of(home),
            "tried": micros(mention.verified or mention.received) if source_asked else _NEVER,
            "changed": micros(self._clock()),
            "failures": 0,
            "holder": holder,
        }
        with self._database.write() as connection:
            row["page_key"] = page_of(connection, row["target_key"])
            written = connection.execute(_KEEP, row).mappings().one_or_none()
            self._forget_rejected(connection, mention)
            known = written or connection.execute(_select(mentions.c.pair == row["pair"])).mappings().one()
        return self._mention(known), written is not None

    def find(self, source: str, target: str) -> Mention | None:
        """The mention of `target` by `source`; ValueError where one of them is not an absolute HTTP URL."""
        return self.find_pair(pair_of(source, target))

    def find_pair(self, pair: str) -> Mention | None:
        """The mention whose source and target have this key (`pingback.store.keys.pair_of`)."""
        with self._database.read() as connection:
            row = connection.execute(_select(mentions.c.pair == pair)).mappings().one_or_none()
        return self._mention(row) if row is not None else None

    def with_ids(self, ids: Iterable[int]) -> "list[Mention]":
        """The mentions with these ids, those that there are."""
        with self._database.read() as connection:
            rows = connection.execute(_WITH_IDS, {"ids": json.dumps([*ids])}).mappings().all()
        return [self._mention(row) for row in rows]

    def update(self, mention: Mention) -> Mention:
        """The stored mention with the same `id`, brought up to date; its URLs and `received` stay as they were.

        So does what the owner took for spam or deleted (`moderation`). An approval ends where the mention is to wait,
        or is taken for spam. Where the owner decided something since the mention was read, nothing changes: what was
        found out meanwhile is found again the next time.
        """
        if mention.id is None:
            raise ValueError("only a mention that was kept can be updated")
        if mention.decision in (MentionStatus.SPAM, MentionStatus.DELETED):
            mention = replace(mention, status=mention.decision)
        changed = {name: value for name, value in row_of(mention).items() if name not in FIXED}
        instant, this = micros(self._clock()), mentions.c.id == mention.id
        withdrawn = withdrawal(literal(mention.status.value), at=instant)
        changed |= {"changed": instant, "failures": 0, "withdrawn": withdrawn}
        if mention.decision is MentionStatus.APPROVED and mention.status in _DOUBTS:
            changed["decision"] = None
        statement = update(mentions).where(this, mentions.c.decision.is_not_distinct_from(mention.decision))
        with self._database.write() as connection:
            row = connection.execute(statement.values(changed).returning(*mentions.c)).mappings().one_or_none()
            row = row or connection.execute(_select(this)).mappings().one_or_none()
            self._forget_rejected(connection, mention)
        if row is None:
            raise StoreError(f"{self._database.name} has no mention {mention.id} any more")
        return self._mention(row)

    def claim(self, mention: Mention, *, now: datetime, not_since: datetime, holder: str | None = None) -> bool:
        """Take the next try at verifying a kept mention: true for one caller, and none before `not_since` is past.

        The try counts from `now`, whatever comes of it. `holder` names who takes it.
        """
        statement = (
            update(mentions)
            .where(mentions.c.id == mention.id, mentions.c.tried <= micros(not_since))
            .values(tried=micros(now), holder=holder)
        )
        with self._database.write() as connection:
            return connection.execute(statement).rowcount == 1

    def due(self, *, looked_before: datetime, failed_before: datetime, most: int) -> "list[Mention]":
        """Approved mentions whose source was last asked for that long ago, the oldest look first.

        Those that failed since they were seen are due by `failed_before`. What was never verified is left out: its
        owner did not want its source to be asked.
        """
        instants = {"looked": micros(looked_before), "failed": micros(failed_before), "most": most}
        with self._database.read() as connection:
            rows = connection.execute(_DUE, instants).mappings().all()
        return [self._mention(row) for row in rows]

    def count_failure(self, mention: Mention, *, now: datetime, apart: timedelta) -> int:
        """How often in a row the source could not be had, this time included.

        What fails within `apart` of a failure that counted is the same trouble, and counts no more. `update` begins
        anew.
        """
        asked = {"of": mention.id, "now": micros(now), "before": micros(now - apart)}
        with self._database.write() as connection:
            connection.execute(_COUNT_FAILURE, asked)
            return connection.execute(_FAILURES, {"of": mention.id}).scalar() or 0

    def unverified(self) -> Iterator[Mention]:
        """The pending mentions whose source was not looked at yet, in order of arrival."""
        return self._pages(mentions.c.status == MentionStatus.PENDING.value, mentions.c.verified.is_(None))

    def list(self, *, target: str | None = None, status: MentionStatus | None = None) -> Iterator[Mention]:
        """The kept mentions in order of arrival; ValueError when `target` is not an absolute HTTP URL.

        Those of a target are those of all addresses that its page is known to have.
        """
        conditions = []
        if target is not None:
            key = target_key_of(target)
            with self._database.browse() as connection:
                conditions.append(mentions.c.page_key == page_of(connection, key))
        if status is not None:
            conditions.append(mentions.c.status == status.value)
        return self._pages(*conditions)

    def _forget_rejected(self, connection: Transaction, mention: Mention) -> None:
        """One more was rejected: older ones make room for it."""
        if mention.status is MentionStatus.REJECTED:
            pruning.forget_rejected(connection, most=self._most_rejected)

    def _pages(self, *conditions: ColumnElement[bool]) -> Iterator[Mention]:
        page = _select(*conditions).order_by(*_ARRIVAL).limit(_PAGE)
        after = page
        while True:
            with self._database.browse() as connection:
                rows = connection.execute(after).mappings().all()
            yield from map(self._mention, rows)
            if len(rows) < _PAGE:
                return
            after = page.where(tuple_(*_ARRIVAL) > tuple_(rows[-1]["received"], rows[-1]["id"]))

    def _mention(self, row: Row | Mapping[str, Any]) -> Mention:
        """SQLite holds any value in any column, and a later version of ours may have written other words."""
        try:
            return mention_of(row)
        except (ValueError, TypeError, OverflowError) as error:
            raise StoreError(f"{self._database.name} holds a mention that cannot be read: {error}") from error


def _reputation(connection: Transaction, source_key: str, home: str) -> Reputation:
    of_home = {"home": home_key_of(home)}
    spam = connection.execute(_SPAM_FROM_HOME, of_home).scalar() is not None
    first, last = connection.execute(_FIRST_AND_LAST_PAGE, of_home).one()
    return Reputation(spam=spam, vouched=first is not None and (first, last) != (source_key, source_key))


def _select(*conditions: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return select(*mentions.c).where(*conditions)


def _upsert() -> ReturningInsert[tuple[object, ...]]:
    """Insert, or overwrite what was rejected; gives no row where another mention of the pair stands."""
    statement = insert(mentions)
    approved = statement.excluded.status == MentionStatus.APPROVED.value
    kept = {"withdrawn": case((approved, null()), else_=mentions.c.withdrawn)}
    return statement.on_conflict_do_update(
        index_elements=[mentions.c.pair],
        set_={name: column for name, column in statement.excluded.items() if name != "id"} | kept,
        where=mentions.c.status == MentionStatus.REJECTED.value,
    ).returning(*mentions.c)


# Built once: SQLAlchemy takes a millisecond to build them, and SQLite a tenth of that to run them.
_KEEP = prepared(_upsert())
_WITH_IDS = prepared(select(*mentions.c).where(mentions.c.id.in_(select(given("ids").c.value))).order_by(mentions.c.id))
_OF_HOME = mentions.c.home_key == bindparam("home")
_IS_APPROVED = mentions.c.status == MentionStatus.APPROVED.value
_SPAM_FROM_HOME = prepared(select(literal(1)).where(_OF_HOME, mentions.c.status == MentionStatus.SPAM.value).limit(1))
# The two ends of an index tell whether there is more than one page in between.
_FIRST, _LAST = (
    select(end).where(_OF_HOME, _IS_APPROVED).scalar_subquery()
    for end in (func.min(mentions.c.source_key), func.max(mentions.c.source_key))
)
_FIRST_AND_LAST_PAGE = prepared(select(_FIRST, _LAST))
_KEPT = [status.value for status in MentionStatus if status is not MentionStatus.REJECTED]
_SEEN_FROM_HOME = prepared(
    select(mentions.c.source)
    .where(_OF_HOME, mentions.c.status.in_(_KEPT), or_(mentions.c.verified.is_not(None), _IS_APPROVED))
    .distinct()
    .limit(bindparam("most"))
)
_DUE = prepared(
    select(*mentions.c)
    .where(
        _IS_APPROVED,
        mentions.c.verified.is_not(None),
        or_(
            and_(mentions.c.failures == 0, mentions.c.tried <= bindparam("looked")),
            and_(mentions.c.failures > 0, mentions.c.tried <= bindparam("failed")),
        ),
    )
    .order_by(mentions.c.tried, mentions.c.id)
    .limit(bindparam("most"))
)
_COUNT_FAILURE = prepared(
    update(mentions)
    .where(mentions.c.id == bindparam("of"), or_(mentions.c.failures == 0, mentions.c.failed <= bindparam("before")))
    .values(failures=mentions.c.failures + 1, failed=bindparam("now"))
)
_FAILURES = prepared(select(mentions.c.failures).where(mentions.c.id == bindparam("of")))
