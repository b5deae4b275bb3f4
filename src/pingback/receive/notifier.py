"""Tells the owner of new mentions, behind the back of whoever waits for an answer."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pingback.clock import Clock, now
from pingback.errors import PingbackError
from pingback.model import Mention
from pingback.receive.channels import Channel

if TYPE_CHECKING:
    from pingback.store.notifications import Notifications

LEASE = timedelta(minutes=10)  # in which no other process tells by the same channel
TRY_AGAIN_AFTER = timedelta(minutes=10)  # when a channel did not work

log = logging.getLogger(__name__)


class Notifier:
    """Tells of what is new in the store, each mention once by each channel; several processes may share the work. What
    came before it began for the first time is not new.

    A mention is told again only where a process ends between telling and remembering that it did.
    """

    def __init__(self, notifications: "Notifications", channels: Sequence[Channel], *, clock: Clock = now) -> None:
        self._notifications = notifications
        self._channels = tuple(channels)
        self._clock = clock
        self._since: datetime | None = clock()  # and the store has yet to hear of it

    def begin(self) -> None:
        """Have the store keep in mind since when there is news, before there is any. Raises StoreError."""
        if self._since is not None:
            for channel in self._channels:
                self._notifications.begin(channel.name, now=self._since)
            self._since = None

    def tell(self) -> int:
        """Tell of what is new, by each channel that does not rest; how many were told. Blocks. Raises StoreError."""
        self.begin()
        return sum(self._tell_if_free(channel) for channel in self._channels)

    def _tell_if_free(self, channel: Channel) -> int:
        if not self._news(channel, most=1) or not self._notifications.claim(
            channel.name, now=self._clock(), lease=LEASE
        ):
            return 0
        told: list[Mention] = []
        pause = self._tell(channel, told)
        self._notifications.rest(channel.name, until=self._clock() + pause)
        return len(told)

    def _tell(self, channel: Channel, told: list[Mention]) -> timedelta:
        """Tell, and add to those that were told; for how long the channel rests then."""
        untold = self._news(channel, most=channel.most)
        if not untold:  # another process was faster
            return timedelta(0)
        try:
            for mention in channel.tell(untold):
                told.append(mention)  # noqa: PERF402  # of those before an error, too
        except PingbackError as error:
            log.warning("cannot tell of new mentions by %s: %s", channel.name, error)
            return TRY_AGAIN_AFTER
        finally:
            self._notifications.tell(channel.name, told, now=self._clock())
        return channel.pause

    def _news(self, channel: Channel, *, most: int) -> list[Mention]:
        return self._notifications.untold(channel.name, now=self._clock(), most=most)
