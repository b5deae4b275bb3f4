"""Tells the owner of new mentions, behind the back of whoever waits for an answer."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from pingback.clock import Clock, now
from pingback.errors import PingbackError
from pingback.model import Mention
from pingback.receive.channels import Channel

if TYPE_CHECKING:
    from pingback.store import Store

LEASE = timedelta(minutes=10)  # in which no other process tells by the same channel
TRY_AGAIN_AFTER = timedelta(minutes=10)  # when a channel did not work

log = logging.getLogger(__name__)


class Notifier:
    """Tells of what is new in `store`, each mention once by each channel; several processes may share the work. What
    there is when a channel is used for the first time is not new. The constructor raises StoreError, too.

    A mention is told again only where a process ends between telling and remembering that it did.
    """

    def __init__(self, store: "Store", channels: Sequence[Channel], *, clock: Clock = now) -> None:
        self._store = store
        self._channels = tuple(channels)
        self._clock = clock
        for channel in self._channels:
            store.notifications.begin(channel.name, now=clock())

    def tell(self) -> None:
        """Tell of what is new, by each channel that does not rest. Blocks. Raises StoreError."""
        for channel in self._channels:
            if self._news(channel, most=1) and self._store.notifications.claim(
                channel.name, now=self._clock(), lease=LEASE
            ):
                self._store.notifications.rest(channel.name, until=self._clock() + self._tell(channel))

    def _tell(self, channel: Channel) -> timedelta:
        """For how long the channel rests then."""
        untold = self._news(channel, most=channel.most)
        if not untold:  # another process was faster
            return timedelta(0)
        told: list[Mention] = []
        try:
            for mention in channel.tell(untold):
                told.append(mention)  # noqa: PERF402  # of those before an error, too
        except PingbackError as error:
            log.warning("cannot tell of new mentions by %s: %s", channel.name, error)
            return TRY_AGAIN_AFTER
        finally:
            self._store.notifications.tell(channel.name, told, now=self._clock())
        return channel.pause

    def _news(self, channel: Channel, *, most: int) -> list[Mention]:
        return self._store.notifications.untold(channel.name, now=self._clock(), most=most)
