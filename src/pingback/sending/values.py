"""The values of the publish hook: what is to be published, how, and what became of it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from pingback.errors import BadStatus, FetchError
from pingback.model import Outcome, Protocol
from pingback.page.entry import Post
from pingback.protocols.table import EVERY
from pingback.sending.roots import Root
from pingback.urls import split
from pingback.work import KnownPost, Plan

_NO_ROOM = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions:
    """What is to be sent, and for what.

    `selector` is CSS for the post within its page; without one it is found. `allows` is asked for each target.
    `self_pings`: pages of the post's own host are told, too. `even_unready`: so are all for a post that is not public.
    `nofollow`: so are links that have this rel.
    `again`: what was sent for a post that is named goes out once more.
    `missing_are_gone`: posts whose pages are not there are deleted, however many they are.
    """

    selector: str | None = None
    protocols: Collection[Protocol] = EVERY
    allows: Callable[[str], bool] = lambda target: True
    self_pings: bool = True
    even_unready: bool = False
    nofollow: bool = False
    again: bool = False
    missing_are_gone: bool = False

    def wants(self, source: str, target: str) -> bool:
        """The target may be told of the source."""
        own = self.self_pings or split(source).host != split(target).host
        return own and self.allows(target)


EVERYTHING = PublishOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A post that goes out, by its permalink `source`.

    `page` gives its page where that is at hand, as `content_type` says, or as only the page itself does. `fingerprint`
    tells whether it changed, where its maker knows; else the post's own does. `named`: it was asked for by its name, so
    that targets that took no pings are asked anew. `gone`: it is said to have left the site, and with `by_hand` a
    person says that it is deleted. `missing`: its page was not there, or its sitemap has it no longer, and it
    is only to be looked whether it is there.
    `trackbacks` are addresses that take TrackBacks for what the post is about, beside its links.
    What is of a `root`, and not `in_feed`, speaks only where it is a post. It was not published after `by`.
    """

    source: str
    page: Callable[[], bytes] | None = None
    content_type: str | None = None
    fingerprint: str | None = None
    gone: bool = False
    named: bool = False
    by_hand: bool = False
    missing: bool = False
    trackbacks: tuple[str, ...] = ()
    root: Root | None = None
    in_feed: bool = False
    by: datetime | None = None

    @property
    def must_be_post(self) -> bool:
        return self.root is not None and not self.in_feed


class LeftOut(NamedTuple):
    """A page of a root that is no post: what it is, and why."""

    kind: str
    why: str | None

    def __str__(self) -> str:
        return self.why or "it is no post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a post: planned, or left alone as long as it is not public.

    `post` is None where it is gone or as it was. `is_news`: it is new, or not what it was when it was last planned.
    `is_settled`: it is as it was, and nothing of it is due. `skipped` are outcomes of what is not sent, and why;
    `error` is set where the post's page could not be had. A post that moved speaks by its new address, as if that had
    been given; `moved_from` is the old one. `left_out` is set where it is no post. `as_told` says of which kind
    it is where its links are taken as told, `nothing` why there is nothing to be told of it.
    """

    publication: Publication
    skipped: tuple[Outcome, ...] = ()
    plan: Plan = field(default_factory=Plan)
    is_planned: bool = True
    post: Post | None = None
    is_news: bool = False
    is_settled: bool = False
    error: FetchError | None = None
    moved_from: str | None = None
    left_out: LeftOut | None = None
    as_told: str | None = None
    nothing: str | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Of which pings may be due by now."""
        return (self.publication.source, *(() if self.moved_from is None else (self.moved_from,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A publication as it is to be planned: its `post`, None where that is gone; or why nothing is sent for it now.

    `known` is the post as it was planned before, `moved_to` where it is by now, if that is another address.
    """

    publication: Publication
    known: KnownPost | None
    post: Post | None = None
    unready: "Unready | None" = None
    moved_to: str | None = None

    @property
    def is_missing(self) -> bool:
        """The post was published, and its page is not there: it may be gone."""
        return self.unready is not None and self.unready.is_missing

    @property
    def may_be_had_soon(self) -> bool:
        """Its server had no room just then, and does not say until when."""
        error = self.unready and self.unready.error
        return isinstance(error, BadStatus) and error.status == _NO_ROOM and error.retry_after is None


class Unready(Exception):
    """Nothing may be sent for a post now. `post` is what is known of it; `is_missing` as in `Read`."""

    def __init__(
        self, reason: str, *, post: Post | None = None, error: FetchError | None = None, is_missing: bool = False
    ) -> None:
        super().__init__(reason)
        self.post = post
        self.error = error
        self.is_missing = is_missing
