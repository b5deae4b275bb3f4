"""`Notifications`: of which mentions the owner was told, so that they hear of each once by each channel."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from pingback.errors import StoreError
from pingback.model import Mention, MentionStatus
from pingback.store.database import Database
from pingback.store.rows import mention_of, micros
from pingback.store.schema import channels, mentions, notifications
from pingback.store.statements import prepared

NEWS = timedelta(days=7)  # for which a mention is news, where a channel does not work
SETTLED = timedelta(minutes=10)  # after which one that was not verified waits for its owner, and for nothing else


class Notifications:
    """What is new to the owner; `Store.notifications` gives it. A channel knows no news from before its first `begin`.

    Thread-safe; each method is one transaction, and raises `StoreError` when the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, channel: str, *, now: datetime) -> None:
        """From now on there are news for this channel, if there were not before."""
        with self._database.write() as connection:
            connection.execute(_BEGIN, {"name": channel, "since": micros(now), "rests_until": micros(now)})

    def claim(self, channel: str, *, now: datetime, lease: timedelta) -> bool:
        """Take the channel until the lease ends or `rest` is called: true for one caller, and none while it rests."""
        asked = {"of": channel, "now": micros(now), "until": micros(now + lease)}
        with self._database.write() as connection:
            taken = connection.execute(_CLAIM, asked)
            return taken.rowcount == 1

    def take(self, channel: str, mention: Mention, *, now: datetime, lease: timedelta) -> bool:
        """Take one mention of which the channel has not told, until the lease ends or `tell` is called: true for one
        caller."""
        asked = {"channel": channel, "of": mention.id} | _news(now)
        hand = {"hand": _hand(channel), "of": mention.id, "now": micros(now), "until": micros(now + lease)}
        with self._database.write() as connection:
            if connection.execute(_UNTOLD_ONE, asked).first() is None:
                return False
            return connection.execute(_TAKE, hand).rowcount == 1

    def rest(self, channel: str, *, until: datetime) -> None:
        """Give the channel back, for nobody to claim before `until`."""
        with self._database.write() as connection:
            connection.execute(_REST, {"of": channel, "until": micros(until)})

    def untold(self, channel: str, *, now: datetime, most: int) -> list[Mention]:
        """Mentions that are shown or wait for the owner, in order of arrival, of which the channel has not told."""
        asked = {"channel": channel, "most": most} | _news(now)
        with self._database.read() as connection:
            rows = connection.execute(_UNTOLD, asked).mappings().all()
        try:
            return [mention_of(row) for row in rows]
        except (ValueError, TypeError, OverflowError) as error:
            raise StoreError(f"{self._database.name} holds a mention that cannot be read: {error}") from error

    def tell(self, channel: str, told: Iterable[Mention], *, now: datetime) -> None:
        """The channel has told of these. What is no news any more is forgotten."""
        rows: list[dict[str, Any]] = [{"channel": channel, "mention": one.id, "at": micros(now)} for one in told]
        with self._database.write() as connection:
            connection.execute(_FORGET, {"before": micros(now - 2 * NEWS)})
            if rows:
                connection.execute(_TELL, rows)
                connection.execute(_LET_GO, [{"hand": _hand(channel), "of": one["mention"]} for one in rows])


def _hand(channel: str) -> str:
    """What keeps in mind, as a channel of its own, which mentions are being told of, and for how long."""
    return f"{channel} in hand"


def _news(now: datetime) -> dict[str, Any]:
    return {"news_since": micros(now - NEWS), "settled_before": micros(now - SETTLED)}


_BEGIN = prepared(insert(channels).on_conflict_do_nothing())
_CLAIM = prepared(
    update(channels)
    .where(channels.c.name == bindparam("of"), channels.c.rests_until <= bindparam("now"))
    .values(rests_until=bindparam("until"))
)
_REST = prepared(update(channels).where(channels.c.name == bindparam("of")).values(rests_until=bindparam("until")))
_SINCE = select(channels.c.since).where(channels.c.name == bindparam("channel")).scalar_subquery()
# It was shown once, and waits for its owner since: then the page has become something else.
_WAITS_AGAIN = and_(mentions.c.status == MentionStatus.PENDING.value, mentions.c.withdrawn.is_not(None))
_TOLD = (
    select(notifications.c.mention)
    .where(
        notifications.c.channel == bindparam("channel"),
        notifications.c.mention == mentions.c.id,
        or_(~_WAITS_AGAIN, notifications.c.at >= mentions.c.withdrawn),
    )
    .correlate(mentions)
    .exists()
)
_NEW = select(*mentions.c).where(
    or_(
        and_(mentions.c.received >= bindparam("news_since"), mentions.c.received >= _SINCE),
        and_(_WAITS_AGAIN, mentions.c.withdrawn >= bindparam("news_since"), mentions.c.withdrawn >= _SINCE),
    ),
    mentions.c.status.in_([MentionStatus.APPROVED.value, MentionStatus.PENDING.value]),
    or_(mentions.c.verified.is_not(None), mentions.c.received <= bindparam("settled_before")),
    ~_TOLD,
)
_UNTOLD = prepared(_NEW.order_by(mentions.c.received, mentions.c.id).limit(bindparam("most")))
_UNTOLD_ONE = prepared(_NEW.where(mentions.c.id == bindparam("of")))
_TELLING = insert(notifications)
_TELL = prepared(
    _TELLING.on_conflict_do_update(index_elements=[*notifications.primary_key], set_={"at": _TELLING.excluded["at"]})
)
_HOLD = insert(notifications).values(channel=bindparam("hand"), mention=bindparam("of"), at=bindparam("until"))
_TAKE = prepared(
    _HOLD.on_conflict_do_update(
        index_elements=[*notifications.primary_key],
        set_={"at": _HOLD.excluded["at"]},
        where=notifications.c.at <= bindparam("now"),
    )
)
_LET_GO = prepared(
    delete(notifications).where(
        notifications.c.channel == bindparam("hand"), notifications.c.mention == bindparam("of")
    )
)
_FORGET = prepared(delete(notifications).where(notifications.c.at < bindparam("before")))
