"""`Notifications`: of which mentions the owner was told, so that they hear of each once by each channel."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    or_,
    select,
    text,
    tuple_,
    update,
)

from pingback.model import Mention, MentionStatus
from pingback.store import schema
from pingback.store.database import Database
from pingback.store.expressions import big, insert, unlocked
from pingback.store.jobs import add_job, due_of
from pingback.store.rows import full_page, micros
from pingback.store.schema import channels, mentions, notifications
from pingback.store.statements import Row, Transaction, prepared
from pingback.work import JobKind

NEWS = timedelta(days=7)  # for which a mention is news, where a channel does not work
LONGEST = timedelta(days=1)  # that a channel rests, or somebody has a mention in hand
_SLACK = timedelta(minutes=1)  # in which what became news is on disk, whatever it waited for


class Notifications:
    """What is new to the owner; `Store.notifications` gives it. A channel knows no news from before its first `begin`.

    Thread-safe; each method is one transaction, and raises `StoreError` when the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, channel: str, *, now: datetime) -> int:
        """From now on there are news for this channel, if there were not before; gives its number."""
        with self._database.write() as tx:
            tx.execute(_BEGIN, {"name": channel, "since": micros(now)})
            return int(tx.execute(_NUMBER, {"channel": channel}).scalar())

    def name_of(self, number: int) -> str | None:
        """The channel with this number; None where there is none."""
        with self._database.read() as tx:
            name = tx.execute(_NAME, {"number": number}).scalar()
        return name if isinstance(name, str) else None

    def announce(self, channel: str, *, now: datetime) -> bool:
        """Have a job tell what is new, where there is something; false where there is not, or a job tells of it."""
        with self._database.read() as tx:
            number = tx.execute(_NUMBER, {"channel": channel}).scalar()
            if number is None or not _untold(tx, channel, now, most=1):
                return False
            if due_of(tx, JobKind.NOTIFY, number) is not None:
                return False
        with self._database.write() as tx:
            if due_of(tx, JobKind.NOTIFY, number) is None:
                add_job(tx, JobKind.NOTIFY, number, host="", due=now, now=now)
        return True

    def free_the_dead(self, *, is_gone: Callable[[str], bool]) -> None:
        """Have told again what processes were telling of that are no more."""
        with self._database.read() as tx:
            gone = [each for each in tx.execute(_WORKERS).scalars() if isinstance(each, str) and is_gone(each)]
        if gone:
            with self._database.write() as tx:
                tx.execute(_FREE, [{"gone": worker} for worker in gone])

    def take(self, channel: str, mention: Mention, *, worker_id: str, now: datetime, lease: timedelta) -> bool:
        """Take one mention of which the channel has not told, until the lease ends or `tell` is called: true for one
        caller."""
        hand = {"hand": _hand(channel), "of": mention.id, "by": worker_id}
        instants = {"now": micros(now), "until": micros(now + lease), "wrong": micros(now + LONGEST)}
        with self._database.write() as tx:
            if tx.execute(_UNTOLD_ONE, {"channel": channel, "of": mention.id} | _news(now)).first() is None:
                return False
            return tx.execute(_TAKE, hand | instants).rowcount == 1

    def untold(self, channel: str, *, now: datetime, most: int) -> list[Mention]:
        """Mentions that are shown or wait for the owner, in the order in which they became news, of which the channel
        has not told."""
        with self._database.read() as tx:
            return _untold(tx, channel, now, most=most)

    def tell(self, channel: str, told: Iterable[Mention], *, now: datetime) -> None:
        """The channel has told of these. What is no news any more is forgotten."""
        ids = sorted(mention.id or 0 for mention in told)
        with self._database.write() as tx:
            tx.execute(_FORGET, {"before": micros(now - 2 * NEWS)})
            if ids:
                tx.execute(_TELL, [{"channel": channel, "mention": number, "at": micros(now)} for number in ids])
                tx.execute(_LET_GO, [{"hand": _hand(channel), "of": number} for number in ids])
            # What is left may wait for its turn; all that became news before it need not be looked through again.
            left = tx.execute(_UNTOLD, {"channel": channel} | _news(now) | _BEGINNING | {"most": 1}).first()
            until = micros(now - _SLACK)
            if left is not None and isinstance(left["news"], int):
                until = min(until, left["news"])
            tx.execute(_PASS, {"channel": channel, "until": until})


def _untold(tx: Transaction, channel: str, now: datetime, *, most: int) -> list[Mention]:
    asked = {"channel": channel} | _news(now)

    def fetch(number: int, last: Row | None) -> Sequence[Row]:
        place = _BEGINNING if last is None else {"after_news": last["news"], "after": last["id"]}
        return tx.execute(_UNTOLD, asked | place | {"most": number})

    return full_page(fetch, most)[0]


def _hand(channel: str) -> str:
    """What keeps in mind, as a channel of its own, which mentions are being told of, and for how long."""
    return f"{channel} in hand"


def _news(now: datetime) -> dict[str, Any]:
    return {"now": micros(now), "news_since": micros(now - NEWS)}


_BEGIN = prepared(insert(channels).on_conflict_do_nothing())
_NUMBER = prepared(select(channels.c.id).where(channels.c.name == bindparam("channel")))
_NAME = prepared(select(channels.c.name).where(channels.c.id == bindparam("number")))


def _of_channel(instant: ColumnElement[int]) -> ColumnElement[int]:
    """The instant; 0 where it lies ahead, as a clock ran ahead when it was kept: then all is news of which nobody was
    told."""
    ahead = instant > big("now")
    return select(case((ahead, 0), else_=instant)).where(channels.c.name == bindparam("channel")).scalar_subquery()


_SINCE, _TOLD_UNTIL = _of_channel(channels.c.since), _of_channel(channels.c.told_until)
# It was shown once, and waits for its owner since: then the page has become something else.
_WAITS_AGAIN = and_(mentions.c.status == MentionStatus.PENDING.value, mentions.c.withdrawn.is_not(None))
_TOLD = (
    select(notifications.c.mention)
    .where(
        notifications.c.channel == bindparam("channel"),
        notifications.c.mention == mentions.c.id,
        or_(
            ~_WAITS_AGAIN,
            notifications.c.at >= mentions.c.withdrawn,
            mentions.c.withdrawn > big("now"),  # as a clock ran ahead
        ),
    )
    .correlate(mentions)
    .exists()
)
_NEW = select(*mentions.c).where(
    text(schema.NEWS),
    or_(
        and_(mentions.c.received >= bindparam("news_since"), mentions.c.received >= _SINCE),
        and_(_WAITS_AGAIN, mentions.c.withdrawn >= bindparam("news_since"), mentions.c.withdrawn >= _SINCE),
    ),
    ~_TOLD,
)
_BEGINNING = {"after_news": 0, "after": 0}
_UNTOLD = prepared(
    _NEW.where(
        mentions.c.news >= _TOLD_UNTIL,
        tuple_(mentions.c.news, mentions.c.id) > tuple_(big("after_news"), big("after")),
    )
    .order_by(mentions.c.news, mentions.c.id)
    .limit(bindparam("most"))
    .with_hint(mentions, "INDEXED BY pingback_mentions_by_news", "sqlite")
)
_UNTOLD_ONE = prepared(_NEW.where(mentions.c.id == bindparam("of")))
_TELLING = insert(notifications)
_TELL = prepared(
    _TELLING.on_conflict_do_update(index_elements=[*notifications.primary_key], set_={"at": _TELLING.excluded["at"]})
)
_HOLD = insert(notifications).values(
    channel=bindparam("hand"), mention=bindparam("of"), at=bindparam("until"), leased_by=bindparam("by")
)
_TAKE = prepared(
    _HOLD.on_conflict_do_update(
        index_elements=[*notifications.primary_key],
        set_={"at": _HOLD.excluded["at"], "leased_by": _HOLD.excluded["leased_by"]},
        where=or_(notifications.c.at <= bindparam("now"), notifications.c.at > bindparam("wrong")),
    )
)
_LET_GO = prepared(
    delete(notifications).where(
        notifications.c.channel == bindparam("hand"), notifications.c.mention == bindparam("of")
    )
)
_WORKERS = prepared(select(notifications.c.leased_by).distinct().where(text("leased_by IS NOT NULL")))
_FREE = prepared(delete(notifications).where(notifications.c.leased_by == bindparam("gone")))
_IS_OLD = notifications.c.at < big("before")
_FORGET = prepared(
    delete(notifications).where(_IS_OLD), postgresql=delete(notifications).where(unlocked(notifications, _IS_OLD))
)
_PASS = prepared(update(channels).where(channels.c.name == bindparam("channel")).values(told_until=bindparam("until")))
