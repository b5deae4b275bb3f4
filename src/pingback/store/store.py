"""`Store`: the mentions of a site in one SQLite database, through SQLAlchemy Core."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, case, literal, null, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.sql.dml import ReturningInsert

from pingback.clock import Clock, now
from pingback.errors import StoreError
from pingback.model import Mention, MentionStatus
from pingback.store import pruning
from pingback.store.database import Database
from pingback.store.keys import pair_of
from pingback.store.listing import Listing
from pingback.store.logins import Logins
from pingback.store.moderation import Moderation
from pingback.store.moves import Moves, page_of
from pingback.store.notifications import Notifications
from pingback.store.outbox import Outbox
from pingback.store.overview import Overview
from pingback.store.pruning import MOST_REJECTED
from pingback.store.queue import Queue
from pingback.store.rows import FIXED, mention_of, micros, row_of, withdrawal
from pingback.store.schema import mentions, page_key
from pingback.store.secrets import Secrets
from pingback.store.to_publish import ToPublish
from pingback.store.upkeep import Upkeep

_PAGE = 500  # rows read at once; between two pages no lock or connection is held
_NEVER = 0  # no try: before any instant that a clock of ours shows
_DOUBTS = (MentionStatus.PENDING, MentionStatus.SPAM)
_ARRIVAL = (mentions.c.received, mentions.c.id)


class Store:
    """What was received: one mention for each pair of source and target.

    `url` is an SQLAlchemy URL, `sqlite:///FILE` or `sqlite://` for a database in memory. The file is made where it is
    missing, for its owner only; where it may not `create` it, that is a StoreError. Not `at_once`, it is opened when it
    is first used. Thread-safe; several processes may share a file, and a process may fork. What a method wrote is on
    disk when it returns (WAL with `synchronous=FULL`). The constructor and all methods raise `StoreError` when the
    database cannot be used. Of what was rejected, and is not the owner's decision, the `most_rejected` newest are kept.

    In the same database, `outbox` is what the site sends, `to_publish` the posts that go out later, `moderation` what
    its owner decided, `listing` what may be shown, `moves` the addresses that one page has, `notifications` what the
    owner was told of, `queue` the mentions whose source is to be looked at, and `upkeep` what keeps all of it true and
    small; `overview` is the owner's view on the mentions, which `secrets` and `logins` keep from others.
    """

    def __init__(
        self,
        url: str = "sqlite:///pingback.db",
        *,
        clock: Clock = now,
        create: bool = True,
        at_once: bool = True,
        most_rejected: int = MOST_REJECTED,
    ) -> None:
        self._database = Database(url, create=create, at_once=at_once)
        self._clock = clock
        self._most_rejected = most_rejected
        self._read, self._write = self._database.read, self._database.write
        self.outbox = Outbox(self._database)
        self.to_publish = ToPublish(self._database)
        self.moderation = Moderation(self._database, clock)
        self.moves = Moves(self._database, clock=clock)
        self.listing = Listing(self._database, clock=clock)
        self.overview = Overview(self._database)
        self.secrets = Secrets(self._database)
        self.logins = Logins(self._database)
        self.upkeep = Upkeep(self._database, clock=clock)
        self.notifications = Notifications(self._database)
        self.queue = Queue(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def keep(self, mention: Mention, *, source_asked: bool = True, holder: str | None = None) -> tuple[Mention, bool]:
        """The mention as it stands in the store, and whether it was new.

        Of any number of equal pings at once exactly one is new. A rejected mention counts as none: it is overwritten,
        and only its `id` stays. Any other that was there before is given back as it was. Where nobody asks the source
        for now, the first try at it can be claimed at once. `holder` names who is still at it.
        """
        row = row_of(mention) | {
            "tried": micros(mention.verified or mention.received) if source_asked else _NEVER,
            "changed": micros(self._clock()),
            "failures": 0,
            "holder": holder,
        }
        with self._write() as connection:
            page = page_of(connection, row["target_key"])
            row["moved_to"] = page if page != row["target_key"] else None
            written = connection.execute(_KEEP, row).mappings().one_or_none()
            self._forget_rejected(connection, mention)
            known = written or connection.execute(_select(mentions.c.pair == row["pair"])).mappings().one()
        return self._mention(known), written is not None

    def find(self, source: str, target: str) -> Mention | None:
        """The mention of `target` by `source`; ValueError where one of them is not an absolute HTTP URL."""
        return self.find_pair(pair_of(source, target))

    def find_pair(self, pair: str) -> Mention | None:
        """The mention whose source and target have this key (`pingback.store.keys.pair_of`)."""
        with self._read() as connection:
            row = connection.execute(_select(mentions.c.pair == pair)).mappings().one_or_none()
        return self._mention(row) if row is not None else None

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
        with self._write() as connection:
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
        with self._write() as connection:
            return connection.execute(statement).rowcount == 1

    def mentions(self, *, target: str | None = None, status: MentionStatus | None = None) -> Iterator[Mention]:
        """The kept mentions in order of arrival; ValueError when `target` is not an absolute HTTP URL.

        Those of a target are those of all addresses that its page is known to have.
        """
        conditions: list[ColumnElement[bool]] = []
        if target is not None:
            conditions.append(page_key == self.moves.page_of(target))
        if status is not None:
            conditions.append(mentions.c.status == status.value)
        return self._pages(*conditions)

    def unverified(self) -> Iterator[Mention]:
        """The pending mentions whose source was not looked at yet, in order of arrival."""
        return self._pages(mentions.c.status == MentionStatus.PENDING.value, mentions.c.verified.is_(None))

    def close(self) -> None:
        """Close the database; whatever is asked of the store afterwards raises `StoreError`."""
        self._database.close()

    def _forget_rejected(self, connection: Connection, mention: Mention) -> None:
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

    def _mention(self, row: RowMapping | Mapping[str, Any]) -> Mention:
        """SQLite holds any value in any column, and a later version of ours may have written other words."""
        try:
            return mention_of(row)
        except (ValueError, TypeError, OverflowError) as error:
            raise StoreError(f"{self._database.name} holds a mention that cannot be read: {error}") from error


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


_KEEP = _upsert()  # built once: SQLAlchemy takes a millisecond to build it, and SQLite a tenth of that to run it
