"""`Overview`: the mentions as their owner looks through them, newest first, a page at a time, and in figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select, tuple_

from pingback.model import Mention, MentionStatus
from pingback.store.database import Database
from pingback.store.rows import instant, mention_of, micros, readable
from pingback.store.schema import mentions
from pingback.store.searching import containing
from pingback.store.statements import Row, prepared
from pingback.urls import host_of, is_http

MAX_COUNTED = 2_000  # mentions whose sources are counted, the newest ones; 20 microseconds each

_DAY = timedelta(days=1)
_DAY_IN_MICROS = _DAY // timedelta(microseconds=1)
_SEARCHED = (
    mentions.c.source,
    mentions.c.target,
    mentions.c.title,
    mentions.c.excerpt,
    mentions.c.author_name,
    mentions.c.site_name,
)


class Cursor(NamedTuple):
    """The place in a list after which a page begins: the last mention before it, as the table has it."""

    received: int
    id: int
    verified: bool = True  # which part of `Overview.pending` it is in; `page` has no parts


class MentionPage(NamedTuple):
    """A part of a list; `following` is where the next page begins, None at the end."""

    mentions: list[Mention]
    following: Cursor | None


class Overview:
    """The owner's view on the mentions; `Store.overview` gives it.

    Thread-safe; each method sees one state of the database. All raise `StoreError` when it cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, *, status: MentionStatus | None = None, search: str = "", after: Cursor | None = None, size: int
    ) -> MentionPage:
        """Up to `size` mentions, the newest first; only those in which each word of `search` is found."""
        statement = _PAGE.where(*containing(search, _SEARCHED))
        if status is not None:
            statement = statement.where(mentions.c.status == status.value)
        if after is not None:
            statement = statement.where(tuple_(*_ARRIVAL) < tuple_(after.received, after.id))
        with self._database.read() as connection, readable():
            rows = connection.execute(statement.limit(size + 1)).mappings().all()
            return _page_of(rows, size)

    def pending(self, *, search: str = "", after: Cursor | None = None, size: int) -> MentionPage:
        """As `page`, of the pending ones: all whose link was seen, and then those that nobody has verified."""
        first = after is None or after.verified
        rows: list[Row] = []
        with self._database.read() as connection, readable():
            for verified in (True, False) if first else (False,):
                statement = _PENDING[verified].where(*containing(search, _SEARCHED))
                if after is not None and after.verified is verified:
                    statement = statement.where(tuple_(*_ARRIVAL) < tuple_(after.received, after.id))
                rows += connection.execute(statement.limit(size + 1 - len(rows))).mappings()
                if len(rows) > size:
                    break
            page = _page_of(rows, size)
        if page.following is None:
            return page
        return page._replace(following=page.following._replace(verified=page.mentions[-1].verified is not None))

    def counts(self) -> dict[MentionStatus, int]:
        """How many mentions have each status; 0 included."""
        with self._database.read() as connection:
            found: Mapping[str, int] = {row["status"]: row["number"] for row in connection.execute(_COUNTS)}
        return {status: found.get(status.value, 0) for status in MentionStatus}

    def days(self, number: int, *, now: datetime) -> list[tuple[date, int]]:
        """The last days, today included, oldest first, with how many mentions came on each (UTC)."""
        first = micros(now) // _DAY_IN_MICROS * _DAY_IN_MICROS - (number - 1) * _DAY_IN_MICROS
        with self._database.read() as connection:
            found = {row["day"]: row["number"] for row in connection.execute(_DAYS, {"since": first})}
        start = instant(first).date()
        return [(start + n * _DAY, found.get(first // _DAY_IN_MICROS + n, 0)) for n in range(number)]

    def top_hosts(self, number: int, *, since: datetime) -> list[tuple[str, int]]:
        """The hosts with the most mentions since then, each with how many; of a flood, its newest part counts."""
        asked = {"since": micros(since), "most": MAX_COUNTED}
        with self._database.read() as connection:
            sources = connection.execute(_SOURCES, asked).scalars()
            hosts = Counter(host_of(source) for source in sources if is_http(source))
        return sorted(hosts.items(), key=lambda each: (-each[1], each[0]))[:number]


def _page_of(rows: Sequence[Row], size: int) -> MentionPage:
    """The page that is the beginning of what was found."""
    last = rows[size - 1] if len(rows) > size else None
    following = Cursor(last["received"], last["id"]) if last else None
    return MentionPage([mention_of(row) for row in rows[:size]], following)


_ARRIVAL = (mentions.c.received, mentions.c.id)
_PAGE: Select[Any] = select(*mentions.c).order_by(mentions.c.received.desc(), mentions.c.id.desc())
_OF_PENDING = _PAGE.where(mentions.c.status == MentionStatus.PENDING.value)
_PENDING = {
    True: _OF_PENDING.where(mentions.c.verified.is_not(None)),
    False: _OF_PENDING.where(mentions.c.verified.is_(None)),
}
_COUNTS = prepared(select(mentions.c.status, func.count().label("number")).group_by(mentions.c.status))
_DAYS = prepared(
    select((mentions.c.received // _DAY_IN_MICROS).label("day"), func.count().label("number"))
    .where(mentions.c.received >= bindparam("since"))
    .group_by("day")
)
_SOURCES = prepared(
    select(mentions.c.source)
    .where(mentions.c.received >= bindparam("since"))
    .order_by(mentions.c.received.desc())
    .limit(bindparam("most"))
)
