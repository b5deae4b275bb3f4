"""The values that travel between the rooms: frozen, typed, and ready for JSON.

`as_json` gives the object that the command line and the HTTP API print; instants become ISO 8601 in UTC.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, ClassVar

from pingback.fields import Field, Form, Written


class Protocol(str):
    """The name of a way to tell a site that it was linked to; equal to its text, and any text is one.

    What a protocol means stands in `pingback.protocols`; a row or a message may name one that is not there any more.
    """

    __slots__ = ()
    WEBMENTION: ClassVar["Protocol"]
    PINGBACK: ClassVar["Protocol"]
    TRACKBACK: ClassVar["Protocol"]


Protocol.WEBMENTION = Protocol("webmention")
Protocol.PINGBACK = Protocol("pingback")
Protocol.TRACKBACK = Protocol("trackback")


class Via(StrEnum):
    """Where a page advertised its endpoint."""

    HEADER = "header"
    LINK = "link"
    A = "a"
    RDF = "rdf"


class OutcomeStatus(StrEnum):
    """What became of a ping that was sent, or is to be."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    ALREADY = "already"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    GONE = "gone"
    BLOCKED = "blocked"
    SKIPPED = "skipped"


# Hosts that show answers of others, whose own addresses they name.
RELAYS = ("brid.gy", "fed.brid.gy")

WAITING = "waiting to be sent"  # the message of such an outcome


class MentionStatus(StrEnum):
    """Where a received ping stands."""

    PENDING = "pending"
    APPROVED = "approved"
    SPAM = "spam"
    REJECTED = "rejected"
    DELETED = "deleted"


class MentionKind(StrEnum):
    """How a source relates to the target, by the microformats around its link; the words are those of `wm-property`."""

    REPLY = "in-reply-to"
    LIKE = "like-of"
    REPOST = "repost-of"
    BOOKMARK = "bookmark-of"
    RSVP = "rsvp"
    MENTION = "mention-of"


class Rsvp(StrEnum):
    """What a source answers to an invitation, in the words of `p-rsvp` (h-entry)."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"
    INTERESTED = "interested"


# Of these nothing is shown but who made them.
REACTIONS = frozenset({MentionKind.LIKE, MentionKind.REPOST})
# These speak to the target: what their words answer is no part of them.
REPLIES = frozenset({MentionKind.REPLY, MentionKind.RSVP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where pings for a target go. `url` is absolute, resolved against the final response."""

    protocol: Protocol
    url: str
    via: Via

    def as_json(self) -> dict[str, object]:
        return {"protocol": self.protocol, "endpoint": self.url, "via": self.via}


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What a target advertises: `url` is its address after redirects, `endpoints` stand in order of preference.

    `max_age` is for how many seconds it may be remembered.
    """

    target: str
    url: str
    endpoints: tuple[Endpoint, ...]
    max_age: float = 0.0

    def as_json(self) -> dict[str, object]:
        return {
            "target": self.target,
            "url": self.url,
            "endpoints": [endpoint.as_json() for endpoint in self.endpoints],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertisement:
    """What a target's own page must carry so that senders find its endpoints; any one of the three will do for each.

    `headers` are for its HTTP response, `html` holds `<link>` elements for its head, `rdf` is a comment with the
    TrackBack block, for anywhere in the page.
    """

    headers: Mapping[str, str]
    html: str
    rdf: str

    def as_json(self) -> dict[str, object]:
        return {"headers": dict(self.headers), "html": self.html, "rdf": self.rdf}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a TrackBack says of its source, as plain text; None where it says nothing."""

    title: str | None = None
    excerpt: str | None = None
    site_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one ping that was sent, or why it was not. `target` is None where that is said of a whole source.

    `fault` is the far side's fault code, its TrackBack error or its HTTP status, null when it gave none. `attempts`
    counts the tries to deliver it; `next_try` is when the next one is due.
    """

    source: str
    target: str | None
    status: OutcomeStatus
    message: str
    protocol: Protocol | None = None
    endpoint: str | None = None
    fault: int | None = None
    attempts: int = 0
    next_try: datetime | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "source": self.source,
            "target": self.target,
            "protocol": self.protocol,
            "endpoint": self.endpoint,
            "status": self.status,
            "fault": self.fault,
            "message": self.message,
            "attempts": self.attempts,
            "next_try": iso(self.next_try),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a source, as far as its page says."""

    name: str | None = None
    url: str | None = None
    photo: str | None = None

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "url": self.url, "photo": self.photo}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a reply says, whole: as plain text with its line breaks, and as HTML that any page may show."""

    text: str
    html: str

    def as_json(self) -> dict[str, object]:
        return {"text": self.text, "html": self.html}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What can be told of a source's page from outside: `url` is where it came from after redirects.

    `outbound` is the number of links to other hosts in its first `size` bytes. `text` is what was read of its words.
    `by_guest`: what is said stands in comments, or in an entry within another, so that anybody may have said it there.
    """

    url: str
    size: int
    outbound: int
    text: str = field(default="", repr=False)
    by_guest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reputation:
    """What was taken before from a source's home, by its authors (`pingback.store.keys.author_key_of`).

    Of whom anything is `spam`, and who is `vouched` for by an approved mention of another page than the source. It
    `is_whole` where the home has no more authors than these.
    """

    spam: frozenset[str] = frozenset()
    vouched: frozenset[str] = frozenset()
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a source says of itself beside its link to the target. Its words are plain text, but for `content.html`.

    `permalink` is the entry's own address. `original` is one on a foreign host that the entry names as its own, which
    nobody can check. `published_as` is the date as the page has it, in ISO 8601, with a zone only where one was given.
    `read_by` is the version of the reader that read the page.
    """

    source: str
    target: str
    kind: MentionKind = MentionKind.MENTION
    rsvp: Rsvp | None = None
    permalink: str | None = None
    original: str | None = None
    title: str | None = None
    excerpt: str | None = None
    content: Content | None = None
    site_name: str | None = None
    author: Author | None = None
    published: datetime | None = None
    published_as: str | None = None
    read_by: int = 0

    @property
    def url(self) -> str:
        """Where to read it."""
        return self.permalink or self.source


# What a verification learns, and a mention takes over.
SAID = tuple(each.name for each in fields(Statement) if each.name not in ("source", "target"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Statement):
    """Whether the source links to the target, and what the source says of itself.

    `reason` is a sentence when `linked` is false, else None. `sighting` is for whoever decides on the mention.
    """

    linked: bool
    reason: str | None = None
    sighting: Sighting | None = field(default=None, compare=False)

    def as_json(self) -> dict[str, object]:
        shown = {"source": self.source, "target": self.target, "linked": self.linked, "reason": self.reason}
        answer = {} if self.rsvp is None else {"rsvp": self.rsvp}
        return shown | _OF_VERIFICATION.of(_verification_values(self)) | answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a decider says of a mention: its status, and, where it is to wait, why, in words for the owner."""

    status: MentionStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention(Statement):
    """A ping that was received and kept. `id` is None until the store has given it one.

    `verified` is when the source last showed whether it holds the link, None while that is still to be seen.
    `fault` says why the mention was rejected or withdrawn. `client_ip` is the address of the sender,
    and shown to nobody.
    `sighting` is of the page as it was verified just now, for whoever decides, and so is `reputation`, which is that of
    the source's home when the ping came, where it was asked for; no store keeps them. `decision` is the
    owner's last word on the mention as it stands, which `Moderation.decide` keeps. `held_for` is the reason of whoever
    decided that it waits; see `reason`. `changed` is when the store last changed anything of it.
    """

    id: int | None = None
    protocol: Protocol
    status: MentionStatus
    received: datetime
    verified: datetime | None = None
    fault: int | None = None
    client_ip: str | None = None
    sighting: Sighting | None = field(default=None, compare=False)
    reputation: Reputation | None = field(default=None, compare=False)
    decision: MentionStatus | None = field(default=None, compare=False)
    held_for: str | None = field(default=None, compare=False)
    changed: datetime | None = field(default=None, compare=False)

    @property
    def wanted(self) -> bool:
        """The owner approved it before its source was looked at: it is shown once the link is seen there."""
        return self.status is MentionStatus.PENDING and self.decision is MentionStatus.APPROVED

    @property
    def reason(self) -> str | None:
        """Why it is pending, for a person; None where it is not, or nobody said."""
        if self.status is not MentionStatus.PENDING:
            return None
        if self.wanted:
            return "approved; it is shown once the link is seen"
        return self.held_for or ("not verified yet" if self.verified is None else None)

    def as_json(self) -> dict[str, object]:
        return _OF_MENTION.of(_mention_values(self))


# All that a mention is made of, in the order of its JSON. A new field is an attribute, a line here, and its column.
FIELDS = (
    Field("id", Form.PLAIN),
    Field("source", Form.URL),
    Field("target", Form.URL),
    Field("protocol", Form.PROTOCOL),
    Field("status", Form.STATUS),
    Field("kind", Form.KIND),
    Field("rsvp", Form.RSVP),
    Field("url", Form.URL, stored=False),
    Field("title", Form.TEXT),
    Field("excerpt", Form.TEXT),
    Field("content", Form.CONTENT),
    Field("site_name", Form.TEXT),
    Field("author", Form.AUTHOR),
    Field("published", Form.INSTANT),
    Field("received", Form.INSTANT),
    Field("verified", Form.INSTANT),
    Field("fault", Form.PLAIN),
    Field("reason", Form.TEXT, stored=False),
    Field("permalink", Form.LINK, shown=False),
    Field("original", Form.LINK, shown=False),
    Field("published_as", Form.DATE, shown=False),
    Field("read_by", Form.PLAIN, shown=False),
    Field("held_for", Form.TEXT, shown=False),
    Field("client_ip", Form.PLAIN, shown=False),
    Field("decision", Form.STATUS, shown=False),
    Field("changed", Form.INSTANT, shown=False),
)


def iso(instant: datetime | None) -> str | None:
    """An aware instant as ISO 8601 in UTC; ValueError for a naive one, which names no instant."""
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return (instant if instant.tzinfo is UTC else instant.astimezone(UTC)).isoformat()


_JSON: Mapping[Form, Callable[[Any], object]] = {
    Form.INSTANT: iso,
    Form.AUTHOR: Author.as_json,
    Form.CONTENT: Content.as_json,
}
_BY_NAME = {each.name: each for each in FIELDS}
_SAID = "title excerpt site_name author published kind url content".split()
_OF_MENTION = Written([each for each in FIELDS if each.shown], _JSON)
_OF_VERIFICATION = Written([_BY_NAME[name] for name in _SAID], _JSON)
_mention_values = attrgetter(*_OF_MENTION.names)
_verification_values = attrgetter(*_OF_VERIFICATION.names)
