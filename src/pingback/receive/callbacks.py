"""Tells the program around us of new mentions: each once, by what it registered for that.

Who is told may be in any of several processes, and any of them may end at any moment. So a mention is in one hand while
somebody is told of it, and only what was told of is remembered as told.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from pingback.clock import Clock
from pingback.errors import StoreError
from pingback.model import Mention, MentionStatus
from pingback.sanitized import sanitized

if TYPE_CHECKING:
    from pingback.store.notifications import Notifications

Callback: TypeAlias = Callable[[Mention], object]

CHANNEL = "program"
LEASE = timedelta(minutes=10)  # after which a process that began to tell is taken for dead
AT_ONCE = 50  # mentions that are looked up together
_NEWS = (MentionStatus.APPROVED, MentionStatus.PENDING)

log = logging.getLogger(__name__)


class Callbacks:
    """Calls each that was `add`ed once for each mention that is new in the store. Thread-safe.

    What came before the first callback ever is not new. One that raises was told, and the log says what it raised. A
    mention is told again only where a process ends while it tells.
    """

    def __init__(self, notifications: "Notifications", *, clock: Clock) -> None:
        self._notifications = notifications
        self._clock = clock
        self._callbacks: tuple[Callback, ...] = ()
        self._since: datetime | None = None  # there is news, and the store has yet to hear of it

    def add(self, callback: Callback) -> None:
        """From now on it is told; the store is not asked yet."""
        self._since = self._since or self._clock()
        self._callbacks += (callback,)

    def begin(self) -> None:
        """Have the store keep in mind since when there is news, before there is any. Raises StoreError."""
        if self._since is not None:
            self._notifications.begin(CHANNEL, now=self._since)
            self._since = None

    def tell(self, mention: Mention) -> None:
        """Tell of this one, where it is news. Never raises: what was not told is left for `tell_all`."""
        if not self._callbacks or mention.verified is None or mention.status not in _NEWS:
            return
        try:
            self.begin()
            self._tell(mention)
        except StoreError as error:
            log.warning("a new mention is told of later: %s", error)

    def tell_all(self) -> int:
        """Tell of what is left; of how many that was. Raises StoreError."""
        if not self._callbacks:
            return 0
        self.begin()
        told = 0
        while news := self._notifications.untold(CHANNEL, now=self._clock(), most=AT_ONCE):
            new = sum(self._tell(mention) for mention in news)
            told += new
            if not new or len(news) < AT_ONCE:  # others are at it
                break
        return told

    def _tell(self, mention: Mention) -> bool:
        """False where it is no news, or in another's hand."""
        if not self._notifications.take(CHANNEL, mention, now=self._clock(), lease=LEASE):
            return False
        for callback in self._callbacks:
            try:
                callback(sanitized(mention))
            except Exception:  # it is the host's own
                log.exception("what was to hear of mention %s failed", mention.id)
        self._notifications.tell(CHANNEL, [mention], now=self._clock())
        return True
