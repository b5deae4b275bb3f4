"""The values of what is to be done later: the posts and pings of the outbox, and the jobs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from pingback.model import WAITING, Outcome, OutcomeStatus, Protocol

POST = "post"  # the kind of a page that speaks
UNREAD = "unread"  # that of one that was there when its site was first published, and was not read

LONGEST_PAUSE = timedelta(hours=1)  # of a host
ALL_MISSING = "all"  # in the place of a post that is gone: each one that is missing


class Pause(NamedTuple):
    """Until when a host is left alone; and the time that it wants between one exchange and the next, until when."""

    until: datetime
    gap: timedelta = timedelta(0)
    gap_until: datetime | None = None


class Link(NamedTuple):
    """A link of a post: its target as written there, and the fingerprint of its surroundings.

    A `direct` one is no page, but the address that takes TrackBacks for it.
    """

    target: str
    fingerprint: str
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedPing:
    """One link of a post as the outbox keeps it, with what became of its ping up to now.

    `host` is the server of the target, whichever its port. `fingerprint` is that of the link's surroundings as the post
    last had them, `linked` whether the post has the link still. `told_by` is the protocol by which the far side took
    the ping, once. `next_try` is when its job is due, `is_held` whether somebody is at it. `aging_since` is the first
    try of those after which the next one is days away: the far side takes no pings yet. `status` and `message` are
    those of the last try, or of a ping that waits for one; for others to see there is `as_outcome`.
    """

    id: int
    source: str
    target: str
    host: str
    status: OutcomeStatus
    message: str
    protocol: Protocol | None = None
    endpoint: str | None = None
    fault: int | None = None
    attempts: int = 0
    next_try: datetime | None = None
    fingerprint: str
    linked: bool = True
    told_by: Protocol | None = None
    is_held: bool = False
    direct: bool = False
    aging_since: datetime | None = None

    @property
    def told(self) -> bool:
        """The far side has heard of the link, and said yes."""
        return self.told_by is not None

    def as_outcome(self) -> Outcome:
        """How the ping stands: one that somebody has in hand is `waiting`, whatever came of earlier tries."""
        return Outcome(
            source=self.source,
            target=self.target,
            status=OutcomeStatus.WAITING if self.is_held else self.status,
            message=WAITING if self.is_held else self.message,
            protocol=self.protocol,
            endpoint=self.endpoint,
            fault=None if self.is_held else self.fault,
            attempts=self.attempts,
            next_try=self.next_try,
        )


class JobKind(StrEnum):
    """What is to be done later, and what its `subject` is."""

    VERIFY = "verify"  # a mention
    REVERIFY = "reverify"  # a mention
    DELIVER = "deliver"  # a ping of the outbox
    NOTIFY = "notify"  # a channel
    READ = "read"  # a post that is to be published, or a feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that somebody has leased. `subject` is the number of what it is about, `host` whom it asks, "" for nobody.

    `due` is since when it could be taken, `attempts` how often it failed, `failing_since` the first of these failures.
    `leased_by` tells this lease from every other.
    """

    id: int
    kind: JobKind
    subject: int
    host: str = ""
    due: datetime
    attempts: int = 0
    failing_since: datetime | None = None
    leased_by: str


class Try(NamedTuple):
    """What became of one try at a ping, and what is kept of it."""

    outcome: Outcome
    at: datetime
    seconds: float
    exchange: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a ping, whose `id` is `ping`. `exchange` is what went over the wire, where that was kept."""

    ping: int
    at: datetime
    status: OutcomeStatus
    message: str
    protocol: Protocol | None
    endpoint: str | None
    fault: int | None
    seconds: float
    exchange: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPost:
    """A post whose links were planned: `fingerprint` is that of its entry when it was last `seen`.

    `missing` counts the runs in which its page was not there, one after the other, `missing_since` is the first of
    them. When it is there again they begin anew. A page of a site may be of another `kind`, which the reason `why`
    goes with, or UNREAD.
    """

    source: str
    fingerprint: str
    seen: datetime
    gone: bool
    missing: int = 0
    missing_since: datetime | None = None
    kind: str = POST
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentPost:
    """A page of which nothing is sent: with its links, and the reason, where these are taken as told."""

    source: str
    fingerprint: str
    kind: str = POST
    why: str | None = None
    links: tuple[Link, ...] = ()


class ReadingKind(StrEnum):
    """What is read."""

    POST = "post"
    FEED = "feed"


class ReadingStatus(StrEnum):
    """How far it is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"  # given up


class FeedPost(NamedTuple):
    """A post as its feed has it; see `pingback.posts.values.FeedEntry`."""

    source: str
    fingerprint: str | None
    trackbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A post or a feed that is to be read, and published, later: a post with its `page` where that was at hand.

    `fingerprint` and `trackbacks` are what the feed that named a post says of it. Of a feed only posts below the
    `roots` are published, and `found` are those of which it had news; of a post it is where that moved. `message` says
    why it waits still, came to nothing, or failed.
    """

    id: int
    kind: ReadingKind = ReadingKind.POST
    source: str
    page: bytes | None = None
    content_type: str | None = None
    fingerprint: str | None = None
    trackbacks: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    status: ReadingStatus = ReadingStatus.WAITING
    message: str | None = None
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a post's links mean for the outbox, as counts of pings. `changed` are also those that are linked again."""

    new: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retelling:
    """The protocols by which a far side that was told of a link is told again: of its change, and of its removal.

    To all others a second ping of a pair says nothing, and is refused for it.
    """

    changes: Collection[Protocol]
    removals: Collection[Protocol]
