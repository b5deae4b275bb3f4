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
from functools import partial
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from pingback.captions import label_of, link_of, name_of, own_title, speaker_of, words_of
from pingback.clock import Clock, now
from pingback.errors import BadStatus, PingbackError, StoreError
from pingback.jobs.retry import NOTIFICATIONS
from pingback.jobs.steps import End
from pingback.jobs.workers import is_gone, worker_id
from pingback.model import Mention, MentionStatus
from pingback.sanitized import sanitized
from pingback.text import shorten
from pingback.urls import shown
from pingback.work import Job

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.net.mail import Mailer
    from pingback.store import Store
    from pingback.store.notifications import Notifications

TELL_WITHIN = timedelta(minutes=10)  # in which nobody else tells the program of a mention

SIGNATURE = "X-Pingback-Signature"
LISTED = 50  # mentions in one mail; of more it tells the number
LONGEST_WORDS = 1000  # characters of each in a mail

_NOT_NOW = frozenset({429, 503})  # whatever the mention
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, *range(500, 600)})

Callback: TypeAlias = Callable[[Mention], object]

FIRST = timedelta(seconds=5)  # in which a verified mention is left to the thread that verified it
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
        failed: BadStatus | None = None
        for mention in mentions:
            try:
                self._post(json.dumps(sanitized(mention).as_json()).encode())
            except BadStatus as error:
                if error.status in _NOT_NOW:
                    raise
                failed = error  # perhaps by a stranger's words, which are to keep no other mention back
            else:
                yield mention
        if failed is not None:
            raise failed

    def _post(self, body: bytes) -> None:
        headers = {}
        if self._secret is not None:
            headers[SIGNATURE] = f"sha256={hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()}"
        with self._client.post(self._url, body, content_type="application/json", headers=headers) as response:
            if response.status in _WORTH_ANOTHER_TRY or 300 <= response.status < 400:
                raise BadStatus(response.url, response.status)
            if response.status >= 400:
                log.warning("the webhook does not want a mention: HTTP status %d", response.status)


class Callbacks:
    """Calls each that was `add`ed once for each mention that is new in the store. Thread-safe.

    What came before the first callback ever is not new. One that raises was told, and the log says what it raised. A
    mention is told again only where a process ends while it tells.
    """

    name = "program"
    most = 50

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
            self._notifications.begin(self.name, now=self._since)
            self._since = None

    def hear(self, mention: Mention) -> None:
        """Tell of this one, where it is news. Never raises: what was not told is left for a job."""
        if not self._callbacks or mention.verified is None or mention.status not in _NEWS:
            return
        try:
            self.begin()
            if self._tell(mention):
                self._notifications.tell(self.name, [mention], now=self._clock())
        except StoreError as error:
            log.warning("a new mention is told of later: %s", error)

    def catch_up(self) -> int:
        """Tell of what is left, by a process that ended or that has nobody to tell; of how many. Raises StoreError.

        Here, and not by a job, which a worker might take that has nobody to tell either.
        """
        if not self._callbacks:
            return 0
        self.begin()
        self._notifications.free_the_dead(is_gone=is_gone)
        verified_before = self._clock() - FIRST
        told = 0
        for mention in self._notifications.untold(self.name, now=self._clock(), most=self.most):
            if (mention.verified is None or mention.verified <= verified_before) and self._tell(mention):
                self._notifications.tell(self.name, [mention], now=self._clock())
                told += 1
        return told

    def _tell(self, mention: Mention) -> bool:
        """False where it is no news, or in another's hand."""
        if not self._notifications.take(
            self.name, mention, worker_id=worker_id(), now=self._clock(), lease=TELL_WITHIN
        ):
            return False
        for callback in self._callbacks:
            try:
                callback(sanitized(mention))
            except (Exception, SystemExit):  # it is the host's own, and our threads go on
                log.exception("what was to hear of mention %s failed", mention.id)
        return True


class Notifier:
    """Tells of what is new in the store, each mention once by each channel, by a job for each; several processes may
    share the work. What came before it began for the first time is not new.

    A mention is told again only where a process ends between telling and remembering that it did.
    """

    def __init__(
        self,
        store: "Store",
        channels: Sequence[Channel],
        *,
        clock: Clock = now,
    ) -> None:
        self._notifications = store.notifications
        self._jobs = store.jobs
        self._channels = tuple(channels)
        self._clock = clock
        self._random = Random()  # noqa: S311  # it spreads tries over time, and hides nothing
        self._since: datetime | None = clock()  # and the store has yet to hear of it

    def begin(self) -> None:
        """Have the store keep in mind since when there is news, before there is any. Raises StoreError."""
        if self._since is not None:
            for channel in self._channels:
                self._notifications.begin(channel.name, now=self._since)
            self._since = None

    def look(self) -> int:
        """Have told what is new, by each channel that does not pause; for how many channels there is news.

        Where there is none, that is a look at an index. Raises StoreError.
        """
        self.begin()
        self._notifications.free_the_dead(is_gone=is_gone)
        return sum(self._notifications.announce(channel.name, now=self._clock()) for channel in self._channels)

    def notify(self, job: Job) -> End:
        """The handler of `notify` jobs: tells of what is new, by the channel that the job is about."""
        name = self._notifications.name_of(job.subject)
        channel = next((each for each in self._channels if each.name == name), None)
        if channel is None:  # whoever has it looks again
            return End(partial(self._jobs.done, job))
        told: list[Mention] = []
        failed = False
        news = self._notifications.untold(channel.name, now=self._clock(), most=channel.most)
        try:
            for mention in channel.tell(news) if news else ():
                told.append(mention)  # noqa: PERF402  # of those before an error, too
        except PingbackError as error:
            log.warning("cannot tell of new mentions by %s: %s", channel.name, error)
            failed = True
        due = self._due(job, channel, news, told, failed)
        return End(partial(self._keep, job, channel, told, rests_until=due), counts=bool(told) or failed)

    def _due(
        self, job: Job, channel: Channel, news: Sequence[Mention], told: Sequence[Mention], failed: bool
    ) -> "tuple[datetime, bool] | None":
        """When the channel may tell again, and whether it failed; None where it has nothing to tell, nor to pause."""
        instant = self._clock()
        if failed:
            since = job.failing_since or instant
            again = NOTIFICATIONS.next_try(failing_since=since, now=instant, random=self._random)
            return again or instant + NOTIFICATIONS.longest, True
        if not news or (not channel.pause and len(told) == len(news) < channel.most):
            return None
        return instant + (channel.pause if told else FIRST), False

    def _keep(
        self, job: Job, channel: Channel, told: Sequence[Mention], *, rests_until: "tuple[datetime, bool] | None"
    ) -> None:
        instant = self._clock()
        if told:
            self._notifications.tell(channel.name, told, now=instant)
        if rests_until is None:
            self._jobs.done(job)
        elif rests_until[1]:
            self._jobs.fail(job, rests_until[0], now=instant)
        else:
            self._jobs.postpone(job, rests_until[0], now=instant)


def _paragraph(mention: Mention) -> str:
    told = sanitized(mention)
    who, title = speaker_of(told), own_title(told)
    lines = [f"{label_of(told)}: {title or name_of(told)} ({told.status})"]
    lines += [f"by {who}"] if who and title else []
    lines += [link_of(told), f"-> {told.target}"]
    lines += [f"said at {told.source}"] if link_of(told) != told.source else []
    words = shorten(words_of(told) or "", LONGEST_WORDS)
    lines += [f"> {line}" for line in words.splitlines() if line]  # else a reply could write lines like ours
    lines += [f"waits: {told.reason}"] if told.reason else []
    return "\n  ".join(lines)
