"""`Rates`: how often something was done lately, counted by all processes together."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, case, delete, or_, select
from sqlalchemy.sql.dml import ReturningInsert

from pingback.clock import Clock
from pingback.store.database import Database
from pingback.store.expressions import big, insert
from pingback.store.rows import micros
from pingback.store.schema import rates
from pingback.store.statements import Row, prepared

WITHIN = 0.5  # seconds to wait for others' writes; a ping waits meanwhile
FORGOTTEN = 4  # rows that count for nothing any more, each time: more than come

_SECOND = 1_000_000  # microseconds


class Rates:
    """Counts by windows of time, one after the other; `Store.rates` gives it.

    Of the window before, as much counts as lies within the last so many seconds, as if it had come evenly: two numbers
    are kept where each instant would be too many. Thread-safe. All raise `StoreError`.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def take(self, limits: Mapping[str, tuple[int, int]]) -> float:
        """Count one for each name, of which there may be so many in so many seconds.

        0.0, or the seconds until there may be another: then the limits before the one that refuses have counted it.
        """
        instant = self._clock()
        with self._database.write(within=WITHIN) as tx:
            tx.may_be_lost()
            for name, (most, seconds) in limits.items():
                asked = _asked(name, most, seconds * _SECOND, instant)
                if tx.execute(_TAKE, asked).first() is None:
                    row = tx.execute(_FIND, {"of": asked["of"]}).one()
                    return max(1.0, _wait(row, asked) / _SECOND)
            # Last, as nobody waits for others then who has what they wait for.
            tx.execute(_FORGET, {"ended": micros(instant), "most": FORGOTTEN})
        return 0.0


def _asked(name: str, most: int, size: int, instant: datetime) -> dict[str, int | str]:
    """The window is named by its number since 1970; of it, so many microseconds are left."""
    window, gone = divmod(micros(instant), size)
    key = sha256(name.encode(errors="replace")).hexdigest()
    return {"of": key, "at": window, "size": size, "left": size - gone, "room": most * size}


def _wait(row: Row, asked: Mapping[str, int | str]) -> int:
    """Microseconds until less counts of the window before; or until the present one is that."""
    left, size, room = int(asked["left"]), int(asked["size"]), int(asked["room"])
    here = row["window"] >= asked["at"]
    before, now = (row["before"], row["now"]) if here else (row["now"], 0)
    over = before * left + now * size - room
    return min(over // before + 1, left) if before else left


def _take() -> ReturningInsert[Any]:
    """No row comes back where there is no room.

    A window that is one ahead is the present one: another machine's clock is a little ahead of ours. What is further
    ahead, a clock that went wrong has left behind.
    """
    at, size = big("at"), big("size")
    is_present = or_(rates.c.window == at, rates.c.window == at + 1)
    window = case((is_present, rates.c.window), else_=at)
    before = case((is_present, rates.c.before), (rates.c.window == at - 1, rates.c.now), else_=0)
    now = case((is_present, rates.c.now), else_=0)
    statement = insert(rates).values(key_hash=bindparam("of"), window=at, before=0, now=1, until=(at + 2) * size)
    return statement.on_conflict_do_update(
        index_elements=[rates.c.key_hash],
        set_={"window": window, "before": before, "now": now + 1, "until": (window + 2) * size},
        where=before * big("left") + now * size < big("room"),
    ).returning(rates.c.now)


_TAKE = prepared(_take())
_FIND = prepared(select(rates.c.window, rates.c.before, rates.c.now).where(rates.c.key_hash == bindparam("of")))
_ENDED = select(rates.c.key_hash).where(rates.c.until <= big("ended")).order_by(rates.c.until)
_FORGET = prepared(
    delete(rates).where(rates.c.key_hash.in_(_ENDED.limit(bindparam("most")).with_for_update(skip_locked=True)))
)
