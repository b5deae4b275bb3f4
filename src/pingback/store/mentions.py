"""`Mentions`: what was received, one mention for each pair of source and target."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from heapq import merge

from sqlalchemy import (
    CTE,
    ColumnElement,
    String,
    Table,
    TextClause,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from pingback.clock import Clock
from pingback.errors import StoreError, UnreadableRow
from pingback.model import Mention, MentionStatus, Reputation
from pingback.store import retention
from pingback.store.blocks import OF_HOSTS
from pingback.store.database import Database
from pingback.store.expressions import among, big, insert
from pingback.store.keys import home_key_of, pair_of, target_key_of
from pingback.store.moves import hold_moves, page_of
from pingback.store.rows import (
    FIXED,
    mention_or_none,
    mentions_of,
    micros,
    news,
    possible_ids,
    row_of,
    source_key_of,
    withdrawal,
)
from pingback.store.schema import VOUCHES, mentions
from pingback.store.statements import Prepared, Transaction, prepared

_PAGE = 500  # rows read at once; between two pages no lock or connection is held
MOST_AUTHORS = 20  # of a home, that come with a ping; of more, one is asked for when the page is read
_NEVER = 0  # no try: before any instant that a clock of ours shows
_DOUBTS = (MentionStatus.PENDING, MentionStatus.SPAM)
_NEWS = (MentionStatus.PENDING, MentionStatus.APPROVED)
_BEFORE_ALL = {"received": -(2**63), "id": 0}


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
        with self._database.read() as tx:
            row = tx.execute(_OF_PAIR, {"of": pair}).one_or_none()
            blocks = tx.execute(OF_HOSTS, {"hosts": json.dumps([*hosts])}).scalars()
            reputation = _reputation(tx, itself, home)
            known = None if row is None else mention_or_none(row)
        return Arrival(
            known=known,
            unreadable=row is not None and known is None,
            blocks=tuple(blocks),
            reputation=reputation,
        )

    def reputation(self, *, source: str, home: str, author: str) -> Reputation:
        """What was taken before of this author at this home, and whether anybody's there was spam.

        ValueError where the source is not an absolute HTTP URL.
        """
        asked = {"home": home_key_of(home), "author": author}
        with self._database.read() as tx:
            spam = tx.execute(_SPAM_OF_AUTHOR, asked).scalars() + tx.execute(_SPAM_FROM_HOME, asked).scalars()
            pages = tx.execute(_FIRST_AND_LAST_PAGE, asked).one()
        is_vouched = pages[0] is not None and {*pages} != {source_key_of(source)}
        return Reputation(spam=frozenset(spam), vouched=frozenset({author} if is_vouched else ()))

    def seen_from(self, home: str, *, most: int) -> list[str]:
        """The sources of up to `most` mentions of a home that were looked at, or approved."""
        asked = {"home": home_key_of(home), "most": most}
        with self._database.read() as tx:
            return list(tx.execute(_SEEN_FROM_HOME, asked).scalars())

    def keep(self, mention: Mention, *, home: str | None = None, within: float | None = None) -> tuple[Mention, bool]:
        """The mention as it stands in the store, and whether it was new. `home` is what `arrival` finds it by.

        Of any number of equal pings at once exactly one is new. A rejected mention counts as none: it is overwritten,
        and only its `id` stays, and an approval that nobody could carry out. Any other that was there before is given
        back as it was, or as it was to be kept where it cannot be read. `within` are the seconds that the write may
        take.
        """
        with self._database.write(within=within) as tx:
            return self.keep_in(tx, mention, home=home)

    def keep_in(
        self, tx: Transaction, mention: Mention, *, home: str | None, waits: bool = False
    ) -> tuple[Mention, bool]:
        """`keep`, in a transaction of others. One that `waits` for a look at its source is no news before that."""
        instant = micros(self._clock())
        row = row_of(mention) | {
            "home_key": "" if home is None else home_key_of(home),
            "tried": _NEVER if mention.verified is None else micros(mention.verified),
            "changed": instant,
            "news": instant if mention.status in _NEWS and not waits else None,
        }
        hold_moves(tx, shared=True)
        row["page_key"] = page_of(tx, row["target_key"])
        written = tx.execute(_KEEP, row).one_or_none()
        if written is None:
            known = mention_or_none(tx.execute(_OF_PAIR, {"of": row["pair"]}).one())
            return known or mention, False
        if mention.status is MentionStatus.REJECTED:
            retention.forget_rejected(tx, most=self._most_rejected)
        return mention_or_none(written) or mention, True

    def find(self, source: str, target: str) -> Mention | None:
        """The mention of `target` by `source`; ValueError where one of them is not an absolute HTTP URL."""
        return self.find_pair(pair_of(source, target))

    def find_pair(self, pair: str) -> Mention | None:
        """The mention whose source and target have this key (`pingback.store.keys.pair_of`).

        None, too, where it cannot be read. In lists such a one is passed over.
        """
        with self._database.read() as tx:
            row = tx.execute(_OF_PAIR, {"of": pair}).one_or_none()
        return None if row is None else mention_or_none(row)

    def at(self, number: int) -> Mention | None:
        """The mention with this id; None where there is none. Raises `UnreadableRow` where nobody can tell."""
        with self._database.read() as tx:
            row = tx.execute(_WITH_IDS, {"ids": json.dumps(possible_ids([number]))}).one_or_none()
        if row is None:
            return None
        mention = mention_or_none(row)
        if mention is None:
            raise UnreadableRow(f"mention {number} cannot be read")
        return mention

    def with_ids(self, ids: Iterable[int]) -> "list[Mention]":
        """The mentions with these ids, those that there are."""
        with self._database.read() as tx:
            rows = tx.execute(_WITH_IDS, {"ids": json.dumps(possible_ids(ids))})
        return mentions_of(rows)

    def update(self, mention: Mention) -> Mention:
        """The stored mention with the same `id`, brought up to date; its URLs and `received` stay as they were.

        So does what the owner took for spam or deleted (`moderation`). An approval ends where the mention is to wait,
        or is taken for spam. Where the owner decided something since the mention was read, nothing changes: what was
        found out meanwhile is found again the next time.
        """
        with self._database.write() as tx:
            kept = self.update_in(tx, mention)
        if kept is None:
            raise StoreError(f"{self._database.name} has no mention {mention.id} any more")
        return kept

    def update_in(self, tx: Transaction, mention: Mention, *, looked: datetime | None = None) -> Mention | None:
        """`update`, in a transaction of others; None where the mention is kept no more.

        `looked` is when its source was asked for, where it was.
        """
        if mention.id is None:
            raise ValueError("only a mention that was kept can be updated")
        if mention.decision in (MentionStatus.SPAM, MentionStatus.DELETED):
            mention = replace(mention, status=mention.decision)
        ends = mention.decision is MentionStatus.APPROVED and mention.status in _DOUBTS
        instant = micros(self._clock())
        changed = {name: value for name, value in row_of(mention).items() if name not in FIXED} | {
            "changed": instant,
            "decision": None if ends else mention.decision,
        }
        this = {"this": mention.id, "read": mention.decision, "becomes": mention.status, "now_at": instant}
        if looked is not None:
            changed["tried"] = micros(looked)
        row = tx.execute(_UPDATE, changed | this).one_or_none() or tx.execute(_OF_ID, this).one_or_none()
        if row is None:
            return None
        if mention.status is MentionStatus.REJECTED:
            retention.forget_rejected(tx, most=self._most_rejected)
        return mention_or_none(row) or mention

    def list(self, *, target: str | None = None, status: MentionStatus | None = None) -> Iterator[Mention]:
        """The kept mentions in order of arrival; ValueError when `target` is not an absolute HTTP URL.

        Those of a target are those of all addresses that its page is known to have.
        """
        if target is None:
            return self._walk(None, status)
        key = target_key_of(target)
        with self._database.browse() as tx:
            page = page_of(tx, key)
        if status is not None:
            return self._walk(page, status)
        # By status they stand in order, and need not be sorted for each part that is read.
        parts = [self._walk(page, each) for each in MentionStatus]
        return merge(*parts, key=lambda mention: (mention.received, mention.id))

    def _walk(self, page: str | None, status: MentionStatus | None) -> Iterator[Mention]:
        statement = _walking(page is not None, status is not None)
        asked = {"page": page, "status": status and status.value} | _BEFORE_ALL
        while True:
            with self._database.browse() as tx:
                rows = tx.execute(statement, asked)
            yield from mentions_of(rows)
            if len(rows) < _PAGE:
                return
            asked |= {"received": rows[-1]["received"], "id": rows[-1]["id"]}


def _reputation(tx: Transaction, source_key: str, home: str) -> Reputation:
    """Of all authors of the home, as far as it has few: who wrote a page is known once it is read."""
    of_home = {"home": home_key_of(home), "most": MOST_AUTHORS}
    spam = tx.execute(_AUTHORS_OF_SPAM, of_home).scalars()
    approved = tx.execute(_AUTHORS_OF_APPROVED, of_home)
    vouched = [author for author, first, last in approved if (first, last) != (source_key, source_key)]
    is_whole = max(len(spam), len(approved)) < MOST_AUTHORS
    return Reputation(spam=frozenset(spam), vouched=frozenset(vouched), is_whole=is_whole)


def _authors(index: str, *of_these: ColumnElement[bool] | TextClause) -> CTE:
    """The authors of some mentions, up to so many: each is found by an index, whatever others wrote."""
    lowest = select(func.min(mentions.c.author_key).label("author")).where(*of_these).with_hint(*_by(index))
    known = lowest.add_columns(literal(1).label("number")).cte("authors", recursive=True)
    following = lowest.where(mentions.c.author_key > known.c.author).scalar_subquery()
    goes_on = and_(known.c.author.is_not(None), known.c.number < big("most"))
    return known.union_all(select(following, known.c.number + 1).where(goes_on))


def _by(index: str) -> tuple[Table, str, str]:
    """SQLite is not to guess."""
    return mentions, f"INDEXED BY pingback_mentions_{index}", "sqlite"


@cache
def _walking(by_page: bool, by_status: bool) -> Prepared:
    """A part of a list in order of arrival, by an index that has it in that order."""
    place = mentions.c.received, mentions.c.id
    after = tuple_(*place) > tuple_(big("received"), big("id"))
    statement = select(*mentions.c).where(after).order_by(*place).limit(_PAGE)
    if by_page:
        statement = statement.where(mentions.c.page_key == bindparam("page"))
    if by_status:
        statement = statement.where(mentions.c.status == bindparam("status"))
    index = "by_page" if by_page else "by_status" if by_status else "by_arrival"
    return prepared(statement.with_hint(*_by(index)))


def _upsert() -> ReturningInsert[tuple[object, ...]]:
    """Insert, or overwrite what was rejected; gives no row where another mention of the pair stands."""
    statement = insert(mentions)
    approved = statement.excluded.status == MentionStatus.APPROVED.value
    # The owner's approval holds until somebody has looked, and doubts it.
    doubted = and_(statement.excluded.status.in_(_DOUBTS), statement.excluded.verified.is_not(None))
    kept = {
        "withdrawn": case((approved, null()), else_=mentions.c.withdrawn),
        "decision": case((doubted, null()), else_=mentions.c.decision),
    }
    return statement.on_conflict_do_update(
        index_elements=[mentions.c.pair],
        set_={name: column for name, column in statement.excluded.items() if name != "id"} | kept,
        where=mentions.c.status == MentionStatus.REJECTED.value,
    ).returning(*mentions.c)


# Built once: SQLAlchemy takes a millisecond to build them, and SQLite a tenth of that to run them.
_KEEP = prepared(_upsert())
_THIS = mentions.c.id == bindparam("this")
_OF_ID = prepared(select(*mentions.c).where(_THIS))
_OF_PAIR = prepared(select(*mentions.c).where(mentions.c.pair == bindparam("of")))
_BECOMES: ColumnElement[str] = bindparam("becomes", type_=String)
_AT: ColumnElement[int] = big("now_at")
_UPDATE = prepared(
    update(mentions)
    .where(_THIS, mentions.c.decision.is_not_distinct_from(bindparam("read", type_=String)))
    .values(withdrawn=withdrawal(_BECOMES, at=_AT), news=news(_BECOMES, at=_AT))
    .returning(*mentions.c)
)
_WITH_IDS = prepared(select(*mentions.c).where(among(mentions.c.id, "ids")).order_by(mentions.c.id))
_OF_HOME = mentions.c.home_key == bindparam("home")
_IS_APPROVED = mentions.c.status == MentionStatus.APPROVED.value
_IS_SPAM = mentions.c.status == MentionStatus.SPAM.value
_OF_AUTHOR = mentions.c.author_key == bindparam("author")
_SPAM_FROM_HOME = prepared(select(mentions.c.author_key).where(_OF_HOME, _IS_SPAM).limit(1))
_SPAM_OF_AUTHOR = prepared(select(mentions.c.author_key).where(_OF_HOME, _IS_SPAM, _OF_AUTHOR).limit(1))
_SPAMMERS = _authors("by_home", _OF_HOME, _IS_SPAM)
_AUTHORS_OF_SPAM = prepared(select(_SPAMMERS.c.author).where(_SPAMMERS.c.author.is_not(None)))
# The two ends of an index tell whether there is more than one page in between.
_ENDS = [
    select(end).where(_OF_HOME, text(VOUCHES)).with_hint(*_by("by_vouch"))
    for end in (func.min(mentions.c.source_key), func.max(mentions.c.source_key))
]
_VOUCHED = _authors("by_vouch", _OF_HOME, text(VOUCHES))
_PAGES = [end.where(mentions.c.author_key == _VOUCHED.c.author).scalar_subquery() for end in _ENDS]
_AUTHORS_OF_APPROVED = prepared(select(_VOUCHED.c.author, *_PAGES).where(_VOUCHED.c.author.is_not(None)))
_FIRST_AND_LAST_PAGE = prepared(select(*(end.where(_OF_AUTHOR).scalar_subquery() for end in _ENDS)))
_KEPT = [status.value for status in MentionStatus if status is not MentionStatus.REJECTED]
_SEEN_FROM_HOME = prepared(
    select(mentions.c.source)
    .where(_OF_HOME, mentions.c.status.in_(_KEPT), or_(mentions.c.verified.is_not(None), _IS_APPROVED))
    .limit(bindparam("most"))
)
