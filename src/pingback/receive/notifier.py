"""Tells the owner and the program around us of new mentions, behind the back of whoever waits for an answer.

The owner hears by mail, many in one, or by a webhook, one by one; the program by what it registered for that. Who is
told may be in any of several processes, and any of them may end at any moment. So a mention is in one hand while
somebody is told of it, and only what was told of is remembered as told.
"""

import hashlib
import hmac
import json
import logging
import typing
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from pingback.clock import Clock, now
from pingback.errors import BadStatus, PingbackError, StoreError
from pingback.model import Mention, MentionStatus
from pingback.sanitized import sanitized
from pingback.urls import shown

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.net.mail import Mailer
    from pingback.store.notifications import Notifications

LEASE = timedelta(minutes=10)  # in which no other process tells by the same channel
TRY_AGAIN_AFTER = timedelta(minutes=10)  # when a channel did not work

SIGNATURE = "X-Pingback-Signature"
LISTED = 50  # mentions in one mail; of more it tells the number

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, *range(500, 600)})

Callback: TypeAlias = Callable[[Mention], object]

CHANNEL = "program"
FIRST = timedelta(seconds=5)  # in which a verified mention is left to the thread that verified it
AT_ONCE = 50  # mentions that are looked up together
_NEWS = (MentionStatus.APPROVED, MentionStatus.PENDING)

log = logging.getLogger(__name__)


class Channel(typing.Protocol):
    """One way to tell. `most` mentions are told at a time, and then `pause` passes until the next time."""

    name: str
    most: int
    pause: timedelta

    def tell(self, mentions: Sequence[Mention]) -> Iterator[Mention]:
        """Tell of these, and give each that was told of. Blocks; raises `PingbackError` where it cannot go on."""


class MailChannel:
    """One mail an hour at most, however many mentions there are. `site` is what they are mentions of."""

    name = "mail"
    most = 1000
    pause = timedelta(hours=1)

    def __init__(self, mailer: "Mailer", address: str, *, site: str) -> None:
        self._mailer = mailer
        self._address = address
        self._site = site

    def tell(self, mentions: Sequence[Mention]) -> Iterator[Mention]:
        count = f"{len(mentions)} new mention{'s' * (len(mentions) != 1)}"
        parts = [_paragraph(mention) for mention in mentions[:LISTED]]
        if len(mentions) > LISTED:
            parts.append(f"… and {len(mentions) - LISTED} more")
        self._mailer.send(self._address, subject=f"{count} of {shown(self._site)}", text="\n\n".join(parts) + "\n")
        yield from mentions


class WebhookChannel:
    """A POST of each mention's JSON object. With a `secret` it is signed: `X-Pingback-Signature` is `sha256=` and the
    HMAC of the body in hexadecimal."""

    name = "webhook"
    most = 10
    pause = timedelta(0)

    def __init__(self, client: "Client", url: str, *, secret: str | None = None) -> None:
        self._client = client
        self._url = url
        self._secret = secret

    def tell(self, mentions: Sequence[Mention]) -> Iterator[Mention]:
        for mention in mentions:
            self._post(json.dumps(sanitized(mention).as_json()).encode())
            yield mention

    def _post(self, body: bytes) -> None:
        headers = {}
        if self._secret is not None:
            headers[SIGNATURE] = f"sha256={hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()}"
        with self._client.post(self._url, body, content_type="application/json", headers=headers) as response:
            if response.status in _WORTH_ANOTHER_TRY or 300 <= response.status < 400:
                raise BadStatus(response.url, response.status)
            if response.status >= 400:
                log.warning("the webhook does not want a mention: HTTP status %d", response.status)


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
        pause = timedelta(0)
        if untold := self._news(channel, most=channel.most):  # else another process was faster
            pause = channel.pause
            try:
                for mention in channel.tell(untold):
                    told.append(mention)  # noqa: PERF402  # of those before an error, too
            except PingbackError as error:
                log.warning("cannot tell of new mentions by %s: %s", channel.name, error)
                pause = TRY_AGAIN_AFTER
            finally:
                self._notifications.tell(channel.name, told, now=self._clock())
        self._notifications.rest(channel.name, until=self._clock() + pause)
        return len(told)

    def _news(self, channel: Channel, *, most: int) -> list[Mention]:
        return self._notifications.untold(channel.name, now=self._clock(), most=most)


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
        """Tell of what is left, by a process that ended or that has nobody to tell; of how many that was.

        Raises StoreError.
        """
        if not self._callbacks:
            return 0
        self.begin()
        told = 0
        while news := self._notifications.untold(CHANNEL, now=self._clock(), most=AT_ONCE):
            verified_before = self._clock() - FIRST
            left = [each for each in news if each.verified is None or each.verified <= verified_before]
            new = sum(map(self._tell, left))
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
            except (Exception, SystemExit):  # it is the host's own, and our threads go on
                log.exception("what was to hear of mention %s failed", mention.id)
        self._notifications.tell(CHANNEL, [mention], now=self._clock())
        return True


def _paragraph(mention: Mention) -> str:
    told = sanitized(mention)
    lines = [f"{told.protocol.capitalize()}: {told.title or told.source} ({told.status})"]
    lines += [f"  {told.source}", f"  -> {told.target}"]
    if told.excerpt:
        lines.append(f"  {told.excerpt}")
    return "\n".join(lines)
