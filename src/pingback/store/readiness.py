"""`Readiness`: whether a ping could be kept now."""

import threading
from contextlib import suppress
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import bindparam, delete, insert

from pingback import forks
from pingback.clock import Clock
from pingback.errors import StoreError
from pingback.model import MentionStatus
from pingback.store.database import Database
from pingback.store.schema import mentions
from pingback.store.statements import prepared

_ANSWER_HOLDS = timedelta(seconds=1)
_EXAMINED_AGAIN_AFTER = timedelta(minutes=1)
_ROOM = 16 * 1024  # bytes, more than the row of any ping takes


class _Undone(Exception):
    """Ends a transaction that is not to be committed."""


class Readiness:
    """Whether a ping could be kept; `Store.readiness` gives it.

    Thread-safe. All methods raise `StoreError` when the database cannot be used.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._tried: datetime | None = None
        self._writes = 0  # of the database, when it was tried
        self._trouble: StoreError | None = None
        self._examined: datetime | None = None
        self.renew_after_fork()
        forks.renew(self)

    def renew_after_fork(self) -> None:
        self._trying, self._examining = threading.Lock(), threading.Lock()

    def check(self) -> None:
        """Raises `StoreError` where a ping could not be kept now, by a trial that changes nothing.

        What pings and other work met is believed before the trial. After damage, which a trial may miss, nothing is
        well until the whole database is found sound; it is asked once a minute at most. Anybody may ask us, and each
        write makes a log grow: for a second the answer stays what it was, unless it was a no, and something was
        written since. So it does for others while one tries, which may wait for a lock.
        """
        self._examine()
        if self._is_old and self._trying.acquire(blocking=self._tried is None):
            try:
                if self._is_old:  # still, after whoever was first
                    self._trouble = self._try_to_write()
                    self._tried, self._writes = self._clock(), self._database.writes
            finally:
                self._trying.release()
        if (trouble := self._damage or self._trouble) is not None:
            raise StoreError(str(trouble), public=trouble.public, lasts=trouble.lasts)

    @property
    def _is_old(self) -> bool:
        """The answer holds no more."""
        written = self._trouble is not None and self._database.writes != self._writes
        return written or self._is_over(self._tried, _ANSWER_HOLDS)

    @property
    def _damage(self) -> StoreError | None:
        trouble = self._database.trouble
        return trouble if trouble is not None and trouble.lasts else None

    def _is_over(self, since: datetime | None, period: timedelta) -> bool:
        """By a clock that may be set back, too."""
        return since is None or not timedelta() <= self._clock() - since < period

    def _examine(self) -> None:
        """Look whether what was damaged was mended. That may take long, and others need not wait for it."""
        damage = self._damage
        if damage is None or not self._examining.acquire(blocking=False):
            return
        try:
            if self._is_over(self._examined, _EXAMINED_AGAIN_AFTER):
                self._examined = self._clock()
                if self._is_sound() and self._database.trouble is damage:
                    self._database.trouble = None
        finally:
            self._examining.release()

    def _is_sound(self) -> bool:
        try:
            with self._database.read() as tx:
                return self._database.engine.is_sound(tx)
        except StoreError:
            return False

    def _try_to_write(self) -> StoreError | None:
        """What is in the way of a row like a ping's; None where nothing is.

        Where work ran into something, the row is written in earnest, and taken away before anybody can see it.
        """
        in_earnest = self._database.trouble is not None
        row = _TRIAL | {key: token_hex(32) for key in _KEYS}  # wherever in the indexes that is
        try:
            with suppress(_Undone), self._database.write() as connection:
                connection.execute(_TRY, row)
                if not in_earnest:
                    raise _Undone
                connection.execute(_TAKE_AWAY, {"trial": row["pair"]})
            with self._database.write() as connection:
                self._database.engine.touch(connection)
        except StoreError as error:
            return error
        return None


_TRIAL: dict[str, Any] = {
    "source": "",
    "target": "",
    "protocol": "",
    "status": MentionStatus.REJECTED.value,
    "title": "x" * _ROOM,
    "target_host": "",
    "received": 0,
    "dated": 0,
    "tried": 0,
}
_KEYS = ("pair", "source_key", "target_key", "page_key")
_TRY = prepared(insert(mentions))
_TAKE_AWAY = prepared(delete(mentions).where(mentions.c.pair == bindparam("trial")))
