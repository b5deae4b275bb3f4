"""`Overview`: the mentions as their owner looks through them, newest first, a page at a time, and in figures."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import NamedTuple

from sqlalchemy import ColumnElement, TextClause, bindparam, select, text, tuple_

from pingback.model import Mention, MentionStatus
from pingback.store import tallies
from pingback.store.database import Database
from pingback.store.expressions import big
from pingback.store.rows import full_page, instant, is_url, micros
from pingback.store.schema import DAY_IN_MICROS, SEEN, UNSEEN, mentions
from pingback.store.searching import containing, words_in
from pingback.store.statements import Prepared, Row, Transaction, prepared
from pingback.urls import host_of

MAX_COUNTED = 1_000  # mentions whose sources are counted, the newest ones; 20 microseconds each

_DAY = timedelta(days=1)
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
        index = "by_arrival" if status is None else "by_status"
        with self._database.read() as tx:
            found, last = full_page(partial(_part, tx, index, search, status, after), size)
        return MentionPage(found, None if last is None else Cursor(last["received"], last["id"]))

    def pending(self, *, search: str = "", after: Cursor | None = None, size: int) -> MentionPage:
        """As `page`, of the pending ones: all whose link was seen, and then those that nobody has verified."""
        with self._database.read() as tx:
            found: list[Mention] = []
            if after is None or after.verified:
                found, last = full_page(partial(_part, tx, "seen", search, None, after), size)
                if last is not None:
                    return MentionPage(found, Cursor(last["received"], last["id"]))
                after = None
            if len(found) == size:
                more = _part(tx, "unseen", search, None, None, 1, None)
                return MentionPage(found, _cursor_after(found[-1]) if more else None)
            unseen, last = full_page(partial(_part, tx, "unseen", search, None, after), size - len(found))
        following = None if last is None else Cursor(last["received"], last["id"], verified=False)
        return MentionPage(found + unseen, following)

    def counts(self) -> dict[MentionStatus, int]:
        """How many mentions have each status; 0 included."""
        with self._database.read() as tx:
            found = tallies.by_status(tx, tallies.MENTIONS)
        return {status: found[status.value] for status in MentionStatus}

    def days(self, number: int, *, now: datetime) -> list[tuple[date, int]]:
        """The last days, today included, oldest first, with how many mentions came on each (UTC)."""
        first = micros(now) // DAY_IN_MICROS - (number - 1)
        with self._database.read() as tx:
            found = tallies.by_day(tx, first)
        start = instant(first * DAY_IN_MICROS).date()
        return [(start + n * _DAY, found.get(first + n, 0)) for n in range(number)]

    def top_hosts(self, number: int, *, since: datetime) -> list[tuple[str, int]]:
        """The hosts with the most mentions since then, each with how many; of a flood, its newest part counts."""
        asked = {"since": micros(since), "most": MAX_COUNTED}
        with self._database.read() as connection:
            sources = connection.execute(_SOURCES, asked).scalars()
            hosts = Counter(host_of(source) for source in sources if is_url(source))
        return sorted(hosts.items(), key=lambda each: (-each[1], each[0]))[:number]


def _part(
    tx: Transaction,
    index: str,
    search: str,
    status: MentionStatus | None,
    after: Cursor | None,
    number: int,
    last: Row | None,
) -> Sequence[Row]:
    """Up to so many rows of a list, after the last one, or where the page begins."""
    received, place = _END
    if last is not None:
        received, place = last["received"], last["id"]
    elif after is not None:
        received, place = after.received, after.id
    words = words_in(search)
    asked = {"status": status and status.value, "after_received": received, "after": place, "number": number}
    return tx.execute(_listing(index, *words), asked | words)


def _cursor_after(mention: Mention) -> Cursor:
    assert mention.id is not None  # noqa: S101  # it was read
    return Cursor(micros(mention.received), mention.id)


@cache
def _listing(index: str, *words: str) -> Prepared:
    """A list, the newest first, as this index has it: of mentions with all of these words."""
    after = tuple_(big("after_received"), big("after"))
    return prepared(
        select(*mentions.c)
        .where(*_LISTS[index], *containing(words, _SEARCHED), tuple_(mentions.c.received, mentions.c.id) < after)
        .order_by(mentions.c.received.desc(), mentions.c.id.desc())
        .limit(bindparam("number"))
        .with_hint(mentions, f"INDEXED BY pingback_mentions_{index}", "sqlite")
    )


_END = 2**63 - 1, 2**63 - 1
_LISTS: dict[str, list[ColumnElement[bool] | TextClause]] = {
    "by_arrival": [],
    "by_status": [mentions.c.status == bindparam("status")],
    "seen": [text(SEEN)],
    "unseen": [text(UNSEEN)],
}
_SOURCES = prepared(
    select(mentions.c.source)
    .where(mentions.c.received >= bindparam("since"))
    .order_by(mentions.c.received.desc())
    .limit(bindparam("most"))
    .with_hint(mentions, "INDEXED BY pingback_mentions_by_arrival", "sqlite")
)
