"""Pages of built sites and sitemaps of which nothing is sent: those that are no posts, and old posts of a first run.

They are known all the same, so that they are not read again until they change.
"""

import logging
from collections.abc import Collection, Iterable
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.model import Outcome, OutcomeStatus
from pingback.page.entry import PageKind, Post
from pingback.sending.transitions import is_taken_as_told
from pingback.sending.values import LeftOut, Publication, PublishOptions, Taken
from pingback.urls import shown
from pingback.work import POST, UNREAD, KnownPost, Link, QueuedPing, SilentPost

if TYPE_CHECKING:
    from pingback.store import Store

TOGETHER = 100  # pages that are kept at once

# Before the fingerprint of a page that is no post. Who reads pages better than this raises the number: they are read
# again then.
_READING = "no post 1 "
_AS_TOLD = "taken as told: a post "

log = logging.getLogger(__name__)


class Silence:
    """What of a root says nothing. Of `take` and `miss` nothing is on disk before `keep`."""

    def __init__(self, *, store: "Store", options: PublishOptions, clock: Clock) -> None:
        self._store = store
        self._options = options
        self._clock = clock
        self._pages: list[SilentPost] = []
        given = (options.selector, options.nofollow)
        # Before the fingerprint of what was read otherwise than usual.
        self._mark = "" if given == (None, False) else f"{sha256(repr(given).encode()).hexdigest()[:16]} "

    def fingerprint(self, publication: Publication, post: Post) -> str:
        """What changes when the post does, or the options by which it is read."""
        return self._mark + (publication.fingerprint or post.fingerprint)

    def is_as_it_was(self, publication: Publication, known: KnownPost | None, pings: Iterable[QueuedPing]) -> bool:
        """Its maker says that it is as it was when it was planned, and nobody is to hear of it who did not.

        Those that our own guard kept from hearing of it each run tries again.
        """
        if publication.fingerprint is None or publication.gone or known is None or known.gone or known.missing:
            return False
        if known.kind != POST:
            return publication.must_be_post and known.fingerprint == f"{_READING}{self._mark}{publication.fingerprint}"
        if publication.root is not None and publication.root.is_first:  # in a run that was broken off: does it count?
            return False
        if publication.root is not None and publication.root.backfill and any(map(is_taken_as_told, pings)):
            return False
        return known.fingerprint == self._mark + publication.fingerprint and not any(map(is_blocked, pings))

    def holds(self, publication: Publication, post: Post, known: KnownPost | None) -> bool:
        """Nothing is sent for the page, whether the public can read it or not."""
        if publication.must_be_post and post.kind is not PageKind.POST:
            return True
        is_new = known is None or known.kind != POST
        return is_new and self._silenced(publication, post, known) is not None

    def settled(
        self, publication: Publication, known: KnownPost | None, pings: Collection[QueuedPing], *, is_settled: bool
    ) -> Taken:
        """A post, or another page, that is as it was."""
        if known is not None and known.kind != POST:
            return _left_out(publication, LeftOut(known.kind, known.why), is_settled=True)
        nothing = None if pings else "it is as it was, and links to nothing that is to be told"
        return Taken(publication=publication, is_settled=is_settled, nothing=nothing)

    def take(self, publication: Publication, post: Post, known: KnownPost | None) -> Taken | None:
        """What becomes of a page of which nothing is sent; None where that is not so."""
        if not publication.must_be_post and post.kind is not PageKind.POST:
            looks = LeftOut(post.kind.value, post.why)
            log.warning("%s is published, as it was named, but %s", shown(publication.source), looks)
        silent = self._silent(publication, post, known)
        if silent is None:
            return None
        self._pages.append(silent)
        if len(self._pages) >= TOGETHER:
            self.keep()
        return self._taken(publication, silent, post)

    def dry_run(self, publication: Publication, post: Post, known: KnownPost | None) -> Taken | None:
        """As `take`, and nothing is kept."""
        silent = self._silent(publication, post, known)
        return None if silent is None else self._taken(publication, silent, post)

    def miss(self, publication: Publication, known: KnownPost | None) -> None:
        """The page could not be read. In a first run that is remembered: what is read later is no newer for that."""
        if known is None and publication.root is not None and publication.root.is_first:
            self._pages.append(SilentPost(source=publication.source, fingerprint="", kind=UNREAD))

    def keep(self) -> None:
        pages, self._pages = self._pages, []
        if pages:
            self._store.roots.keep_silent(pages, now=self._clock())

    def _silent(self, publication: Publication, post: Post, known: KnownPost | None) -> SilentPost | None:
        """What is kept of a page of a root that says nothing, or has nothing to say."""
        root = publication.root
        if root is None:
            return None
        fingerprint = self.fingerprint(publication, post)
        silent = partial(SilentPost, source=publication.source)
        if publication.must_be_post and post.kind is not PageKind.POST:
            return silent(fingerprint=_READING + fingerprint, kind=post.kind.value, why=post.why)
        if known is not None and known.kind == POST:
            return None
        if (why := self._silenced(publication, post, known)) is not None:
            links = tuple(Link(target, told) for target, told in fingerprints_of(post).items())
            return silent(fingerprint=fingerprint, why=f"{_AS_TOLD}{why}", links=links)
        return silent(fingerprint=fingerprint) if known is None and not post.links else None

    def _silenced(self, publication: Publication, post: Post, known: KnownPost | None) -> str | None:
        """Of which kind a post is whose links are taken as told. One without a date and links is none of many."""
        if publication.root is None or post.unmatched is not None or (post.published is None and not post.links):
            return None
        if known is not None and known.kind not in (POST, UNREAD):
            pings = self._store.outbox.pings(source=publication.source)
            if any(not is_taken_as_told(ping) for ping in pings):  # it was a post before, whatever it was in between
                return None
        return publication.root.silences(post, known, by=publication.by)

    def _taken(self, publication: Publication, silent: SilentPost, post: Post) -> Taken:
        if silent.kind != POST:
            return _left_out(publication, LeftOut(silent.kind, silent.why))
        if silent.why is None:
            return Taken(publication=publication, is_planned=False, post=post, is_news=True, nothing=why_nothing(post))
        log.info("%r: %s", shown(silent.source), silent.why)
        told = partial(Outcome, source=silent.source, status=OutcomeStatus.SKIPPED, message=silent.why)
        wanted = [link.target for link in silent.links if self._options.wants(silent.source, link.target)]
        skipped = tuple(told(target=target) for target in wanted)
        as_told = silent.why.removeprefix(_AS_TOLD)
        return Taken(publication=publication, is_planned=False, as_told=as_told, skipped=skipped)


def fingerprints_of(post: Post) -> dict[str, str]:
    """The targets of its links, each with what decides whether it is told again.

    That is the whole post: Webmention §3.1.4 wants all earlier ones to be sent again when a post changed, as the far
    side may show its title and more of its words than those around the link.
    """
    told = f"{post.fingerprint}\n{post.title}"
    return {
        link.target: sha256(f"{told}\n{link.fingerprint}".encode("utf-8", "replace")).hexdigest() for link in post.links
    }


def why_nothing(post: Post) -> str:
    """Why there is nothing to be told of the post."""
    if post.links:
        return "what it links to is not to be told, by the options"
    if post.nofollow:
        return f"all that it links to has rel=nofollow ({post.nofollow}); --nofollow takes it"
    return "it links to no other page"


def is_blocked(ping: QueuedPing) -> bool:
    """Our own guard keeps its target from hearing of the post."""
    return ping.linked and ping.status is OutcomeStatus.BLOCKED


def _left_out(publication: Publication, left_out: LeftOut, *, is_settled: bool = False) -> Taken:
    log.info("%r is left out: %s", shown(publication.source), left_out)
    return Taken(publication=publication, is_planned=False, is_settled=is_settled, left_out=left_out)
