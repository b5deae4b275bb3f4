"""Publishes the posts and feeds that somebody noted to be published later: the handler of the jobs of the kind `read`.

A feed is read, and each of its posts of which it has news is noted in turn.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from pingback.clock import Clock, now
from pingback.errors import FetchError, UnreadableRow
from pingback.jobs.retry import DELIVERIES
from pingback.jobs.steps import End
from pingback.posts.values import BadFeed, Feed
from pingback.sending import publications
from pingback.sending.hook import known_of
from pingback.sending.publications import Sources
from pingback.sending.publish import Publisher
from pingback.sending.values import Read, Taken
from pingback.text import plain, shorten
from pingback.urls import is_under, key_of, shown
from pingback.work import FeedPost, Job, Reading, ReadingKind, ReadingStatus

if TYPE_CHECKING:
    from pingback.store import Store

OnNote: TypeAlias = Callable[[str], object]
OnUnread: TypeAlias = Callable[[str, BadFeed | FetchError], object]
SourcesOf: TypeAlias = Callable[[str, OnNote, OnUnread], Sources]

UNREADABLE_FOR = timedelta(days=1)
LONGEST_MESSAGE = 1000  # characters of what is said of a feed

log = logging.getLogger(__name__)


class Reader:
    """Reads posts, and plans their pings. From then on the outbox keeps what is to be sent.

    `sources_of` gives the posts of the feed at a URL, and tells two listeners what is left out of it, and why it cannot
    be read. `on_taken` hears of each post, and `on_feeds` of feeds, in the thread that runs the Runner. A post whose
    page cannot be had waits on.
    """

    def __init__(
        self,
        *,
        store: "Store",
        publisher: Publisher,
        sources_of: SourcesOf,
        on_taken: Callable[[Taken], object],
        on_feeds: Callable[[Sequence[Feed]], object],
        clock: Clock = now,
        random: Random | None = None,
    ) -> None:
        self._store = store
        self.publisher = publisher
        self._sources_of = sources_of
        self.on_taken = on_taken
        self._on_feeds = on_feeds
        self._clock = clock
        self._random = random or Random()  # noqa: S311  # it spreads tries over time, and hides nothing

    def __call__(self, job: Job) -> End:
        """What is to be kept of the post."""
        try:
            reading = self._store.readings.at(job.subject)
        except UnreadableRow as error:
            log.error("post %s, which is to be published, cannot be read, and is put off: %s", job.subject, error)
            instant = self._clock()
            return End(partial(self._store.jobs.postpone, job, instant + UNREADABLE_FOR, now=instant), counts=False)
        if reading is None:
            return End(partial(self._store.jobs.done, job))
        if reading.kind is ReadingKind.FEED:
            return self._read_feed(job, reading)
        post = publications.of_html(reading.source, reading.page, content_type=reading.content_type)
        post = replace(
            post,
            fingerprint=reading.fingerprint,
            trackbacks=reading.trackbacks,
            named=reading.fingerprint is None,
        )
        ending = _Ending(self, job, reading, self.publisher.read(post, self._store.posts.at(post.source)))
        return End(ending.keep, ending.tell)

    def _read_feed(self, job: Job, feed: Reading) -> End:
        """What is to be kept of a feed: those of its posts that `publish --feed` would read now."""
        notes: list[str] = []
        errors: list[BadFeed | FetchError] = []
        sources = self._sources_of(feed.source, notes.append, lambda _, error: errors.append(error))
        posts = [post for post in sources.publications(()) if any(is_under(post.source, root) for root in feed.roots)]
        if errors:
            return End(partial(self._try_later, job, repr(shown(feed.source)), str(errors[0])))
        known, pings = known_of(posts, self._store)
        news = [
            FeedPost(post.source, post.fingerprint, post.trackbacks)
            for post in posts
            if not self.publisher.silence.is_as_it_was(post, known.get(key_of(post.source)), pings[key_of(post.source)])
        ]
        log.info("%r has news of %d posts", shown(feed.source), len(news))
        if not posts and not notes:
            notes.append("it names no page of the site")
        if not all(read.complete for read in sources.feeds):
            notes.insert(0, "it is broken off, too long or not well-formed: only what could be read of it is published")
        message = shorten(plain("; ".join(notes)), LONGEST_MESSAGE) if notes else None
        return End(
            partial(self._store.readings.feed_read, job, news, message=message, now=self._clock()),
            partial(self._on_feeds, sources.feeds),
        )

    def broken(self, job: Job, error: Exception) -> End:
        """For an error of ours, of which the log tells."""
        return End(partial(self._try_later, job, f"post {job.subject}", "something went wrong here"))

    def end(self, job: Job, reading: Reading, taken: Taken) -> None:
        if taken.error is None:
            message = next((outcome.message for outcome in taken.skipped), taken.nothing)
            moved_to = None if taken.moved_from is None else taken.publication.source
            self._store.readings.done(job, message=message, moved_to=moved_to, now=self._clock())
        else:
            self._try_later(job, repr(shown(reading.source)), str(taken.error))

    def _try_later(self, job: Job, name: str, reason: str) -> None:
        instant = self._clock()
        since = job.failing_since or instant
        due = DELIVERIES.next_try(failing_since=since, now=instant, random=self._random)
        if due is None:
            log.warning("%s is not published, and given up: %s", name, reason)
            self._store.readings.done(job, status=ReadingStatus.FAILED, message=plain(reason), now=instant)
        else:
            log.info("%s is not published, and tried again at %s: %s", name, due, reason)
            self._store.readings.fail(job, due, message=plain(reason), now=instant)


class _Ending:
    """One post that was read. It is planned once: the second time it would be no news."""

    def __init__(self, reader: Reader, job: Job, reading: Reading, read: Read) -> None:
        self._reader = reader
        self._job = job
        self._reading = reading
        self._read = read
        self._taken: Taken | None = None

    def keep(self) -> None:
        if self._taken is None:
            self._taken = self._reader.publisher.plan(self._read)
        self._reader.end(self._job, self._reading, self._taken)

    def tell(self) -> None:
        if self._taken is not None:
            self._reader.on_taken(self._taken)
