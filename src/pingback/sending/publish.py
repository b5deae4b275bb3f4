"""What the publish hook does with one post: it is read, and its pings are planned in the outbox.

Nothing at all is sent for a post that the public cannot read yet: a ping from a preview burns the real one, which would
be `already` known, or refused for good.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from pingback.clock import Clock, now
from pingback.errors import BadStatus, FetchError, NoMatch
from pingback.model import Outcome, OutcomeStatus, Protocol
from pingback.page.entry import Post, read_post
from pingback.page.region import MAX_LINKS
from pingback.protocols.table import EVERY, retelling
from pingback.sending.transitions import planned
from pingback.text import plain
from pingback.urls import shown, split
from pingback.work import KnownPost, Plan, QueuedPing

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.store import Store
    from pingback.store.outbox import Planned

_IN_PART = "in part "  # before the fingerprint of a post of which not all links were wanted: it is to be read again

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions:
    """What is to be sent, and for what.

    `selector` is CSS for the post within its page; without one it is found. `allows` is asked for each target.
    `self_pings`: pages of the post's own host are told, too. `even_unready`: so are all for a post that is not public.
    `again`: what was sent for a post that is named goes out once more.
    """

    selector: str | None = None
    protocols: Collection[Protocol] = EVERY
    allows: Callable[[str], bool] = lambda target: True
    self_pings: bool = True
    even_unready: bool = False
    again: bool = False


EVERYTHING = PublishOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A post that goes out, by its permalink `source`.

    `page` gives its page where that is at hand, as `content_type` says, or as only the page itself does. `fingerprint`
    tells whether it changed, where its maker knows; else the post's own does. `gone`: it is said to have left the site.
    `named`: it was asked for by its name, so that targets that took no pings are asked anew.
    """

    source: str
    page: Callable[[], bytes] | None = None
    content_type: str | None = None
    fingerprint: str | None = None
    gone: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a post: planned, or left alone as long as it is not public.

    `post` is None where it is gone or as it was. `is_news`: it is new, or not what it was when it was last planned.
    `is_settled`: it is as it was, and nothing of it is due. `skipped` are outcomes of what is not sent, and why;
    `error` is set where the post's page could not be had.
    """

    publication: Publication
    skipped: tuple[Outcome, ...] = ()
    plan: Plan = field(default_factory=Plan)
    is_planned: bool = True
    post: Post | None = None
    is_news: bool = False
    is_settled: bool = False
    error: FetchError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A publication as it is to be planned: its `post`, None where that is gone; or why nothing is sent for it now."""

    publication: Publication
    post: Post | None = None
    unready: "_Unready | None" = None


class _Unready(Exception):
    """Nothing may be sent for a post now. `post` is what is known of it."""

    def __init__(self, reason: str, *, post: Post | None = None, error: FetchError | None = None) -> None:
        super().__init__(reason)
        self.post = post
        self.error = error


class Publisher:
    """Takes posts into the outbox. May run again at any time, after any end; raises StoreError."""

    def __init__(
        self, *, client: "Client", store: "Store", options: PublishOptions = EVERYTHING, clock: Clock = now
    ) -> None:
        self._client = client
        self._store = store
        self._options = options
        self._clock = clock

    def take(self, publication: Publication) -> Taken:
        """Plan the pings of a post, which are due then; those of links that it no longer has, too."""
        return self.plan(self.read(publication))

    def read(self, publication: Publication) -> Read:
        """The post, from its page; nothing is kept."""
        try:
            return Read(publication=publication, post=self._post(publication))
        except _Unready as unready:
            return Read(publication=publication, unready=unready)

    def plan(self, read: Read) -> Taken:
        """Bring the outbox in line with what was read. May run twice; the second time nothing is news."""
        publication, post, source = read.publication, read.post, read.publication.source
        if read.unready is not None:
            return self._untaken(publication, read.unready)
        outbox, instant = self._store.outbox, self._clock()
        becomes = self._becomes(publication, now=instant)
        if post is None:
            gone = outbox.plan_gone(source, becomes=becomes, now=instant)
            return Taken(publication=publication, plan=gone)
        wanted = self._wanted(source, post)
        fingerprint = publication.fingerprint or post.fingerprint
        if len(wanted) < len(post.links):
            fingerprint = _IN_PART + fingerprint
        known = self._store.posts.at(source)
        plan = outbox.plan(
            source,
            wanted,
            becomes=becomes,
            untouched=[link.target for link in post.links if link.target not in wanted],
            fingerprint=fingerprint,
            now=instant,
        )
        return Taken(
            publication=publication,
            skipped=_over(source, post),
            plan=plan,
            post=post,
            is_news=known is None or known.fingerprint != fingerprint,
        )

    def dry_run(self, publication: Publication) -> tuple[Taken, list[str]]:
        """What would be skipped, and the targets that would be told; nothing is changed."""
        source, outbox = publication.source, self._store.outbox
        if is_as_it_was(publication, self._store.posts.at(source), list(outbox.pings(source=source))):
            waiting = outbox.pings(source=source, due_before=self._clock())
            return Taken(publication=publication), [ping.target for ping in waiting]
        read = self.read(publication)
        if read.unready is not None:
            return self._untaken(publication, read.unready), []
        wanted = {} if read.post is None else self._wanted(source, read.post)
        instant = self._clock()
        becomes = self._becomes(publication, now=instant)
        due = outbox.dry_run(source, wanted, becomes=becomes, now=instant)
        skipped = () if read.post is None else _over(source, read.post)
        return Taken(publication=publication, skipped=skipped), [each for each in due if self.is_wanted(source, each)]

    def _becomes(self, publication: Publication, *, now: datetime) -> "Planned":
        """What becomes of the pings that are known of a post."""
        source, stale, once_more = publication.source, frozenset[str](), False
        if publication.named:
            once_more = self._options.again
            aging = (ping.target for ping in self._store.outbox.pings(source=source) if ping.aging_since is not None)
            stale = frozenset(each for each in aging if self._store.discoveries.recall(each, now=now) is None)
        return partial(planned, source=source, now=now, retelling=retelling(), stale=stale, once_more=once_more)

    def _wanted(self, source: str, post: Post) -> dict[str, str]:
        """The targets to be told, each with what decides whether it is told again.

        That is the whole post: Webmention §3.1.4 wants all earlier ones to be sent again when a post changed, as the
        far side may show its title and more of its words than those around the link.
        """
        told = f"{post.fingerprint}\n{post.title}"
        return {
            link.target: sha256(f"{told}\n{link.fingerprint}".encode("utf-8", "replace")).hexdigest()
            for link in post.links
            if self.is_wanted(source, link.target)
        }

    def is_wanted(self, source: str, target: str) -> bool:
        """The target may be told of the source, as far as the options go."""
        own = self._options.self_pings or split(source).host != split(target).host
        return own and self._options.allows(target)

    def _post(self, publication: Publication) -> Post | None:
        """The post as it is to be planned, None where it is gone; raises _Unready."""
        source, unready = publication.source, self._options.even_unready
        given = None
        if publication.page is not None:
            page, selector = publication.page(), self._options.selector
            given = read_post(page, url=source, content_type=publication.content_type, selector=selector)
            if unready:
                return _matched(given)
        try:
            with self._client.get(source) as response:
                # A post that was there is gone by its own word, 410, or by its maker's, to which 404 will do.
                said_gone = response.status == 410 or (publication.gone and response.status == 404)
                if said_gone and self._store.posts.at(source) is not None:
                    return None
                response.require_success()
                if publication.gone:
                    raise _Unready(f"{source} left the site as it was built, but it can still be read")
                public = read_post(
                    response.read(),
                    url=response.url,
                    content_type=response.content_type,
                    robots_headers=response.headers("X-Robots-Tag"),
                    selector=self._options.selector,
                )
        except FetchError as error:
            raise _Unready(str(error), post=given, error=error) from error
        post = _matched(given or public)
        if not unready and (post.noindex or public.noindex):
            raise _Unready(f"{source} says noindex", post=post)
        return post

    def _untaken(self, publication: Publication, unready: _Unready) -> Taken:
        """With an outcome for each link that is known and wanted, or one for the post as a whole."""
        source = publication.source
        log.info("nothing is sent for %r: %s", shown(source), unready)
        links = unready.post.links if unready.post else ()
        skipped = partial(
            Outcome,
            source=source,
            status=OutcomeStatus.SKIPPED,
            message=plain(str(unready)),
            fault=unready.error.status if isinstance(unready.error, BadStatus) else None,
        )
        wanted = [link.target for link in links if self.is_wanted(source, link.target)]
        outcomes = tuple(skipped(target=target) for target in wanted) or (skipped(target=None),)
        return Taken(publication=publication, skipped=outcomes, is_planned=False, error=unready.error)


def _matched(post: Post) -> Post:
    """Nobody who mistypes a selector wants all that was told of the post to be told that its links are gone."""
    if post.unmatched is None:
        return post
    error = NoMatch(post.url, post.unmatched)
    raise _Unready(str(error), error=error)


def _over(source: str, post: Post) -> tuple[Outcome, ...]:
    if not post.left_out:
        return ()
    message = f"{post.left_out} links after the first {MAX_LINKS} are left out"
    return (Outcome(source=source, target=None, status=OutcomeStatus.SKIPPED, message=message),)


def is_as_it_was(publication: Publication, post: KnownPost | None, pings: Iterable[QueuedPing]) -> bool:
    """Its maker says that it is as it was when it was planned, and our own guard kept nobody from hearing of it.

    Those that it blocked each run tries again.
    """
    if publication.fingerprint is None or publication.gone or post is None or post.gone:
        return False
    return post.fingerprint == publication.fingerprint and not any(is_blocked(ping) for ping in pings)


def is_blocked(ping: QueuedPing) -> bool:
    return ping.linked and ping.status is OutcomeStatus.BLOCKED
