"""What the publish hook does with one post: it is read, and its pings are planned in the outbox.

Nothing at all is sent for a post that the public cannot read yet: a ping from a preview burns the real one, which would
be `already` known, or refused for good.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from pingback.clock import Clock, now
from pingback.errors import BadStatus, FetchError, NoMatch, NotGone
from pingback.model import Outcome, OutcomeStatus
from pingback.page.entry import MAX_LINKS, PageKind, Post, read_post
from pingback.page.head import says_noindex
from pingback.protocols.table import retelling
from pingback.sending.absent import is_elsewhere, is_gone, is_home, is_same_site, too_many
from pingback.sending.silence import Silence, fingerprints_of, why_nothing
from pingback.sending.transitions import planned
from pingback.sending.values import EVERYTHING, Publication, PublishOptions, Read, Taken, Unready
from pingback.text import plain
from pingback.urls import key_of, origin_of, shown
from pingback.work import UNREAD, KnownPost, Plan, QueuedPing

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.net.response import Response
    from pingback.store import Store
    from pingback.store.outbox import Planned

_AWAY = frozenset({404, 410})  # statuses
_GONE = 410

_IN_PART = "in part "  # before the fingerprint of a post of which not all links were wanted: it is to be read again

log = logging.getLogger(__name__)


class Publisher:
    """Takes posts into the outbox. May run again at any time, after any end; raises StoreError."""

    def __init__(
        self, *, client: "Client", store: "Store", options: PublishOptions = EVERYTHING, clock: Clock = now
    ) -> None:
        self._client = client
        self._store = store
        self._options = options
        self._clock = clock
        self.silence = Silence(store=store, options=options, clock=clock)

    def read(self, publication: Publication, known: KnownPost | None) -> Read:
        """The post, which is `known` as it was planned before, from its page; nothing is kept."""
        try:
            return self._read(publication, known)
        except Unready as unready:
            return Read(publication=publication, known=known, unready=unready.with_traceback(None))

    def plan(self, read: Read) -> Taken:
        """Bring the outbox in line with what was read: its pings are due then, those of links that are gone, too.

        May run twice. Of pages that say nothing there is nothing on disk before `silence.keep`.
        """
        publication, post, known = read.publication, read.post, read.known
        if read.is_missing:
            self.miss(read)
            return next(self.plan_missing([read]))
        if read.unready is not None:
            self._find(read)
            if read.unready.error is not None:
                self.silence.miss(publication, known)
            return self._untaken(publication, read.unready)
        if post is None:
            return Taken(publication=publication, plan=self._plan_gone(publication))
        if read.moved_to is None:
            return self._plan(publication, post, known)
        old, publication = publication, replace(publication, source=read.moved_to)
        # Where its maker says that it left the site, it says of the new address, too, what is to be sent.
        known = self._store.posts.at(publication.source)
        taken = Taken(publication=publication) if publication.gone else self._plan(publication, post, known)
        self._leave(old, post)
        log.info("%r moved to %r", shown(old.source), shown(read.moved_to))
        return replace(taken, moved_from=old.source)

    def _plan(self, publication: Publication, post: Post, known: KnownPost | None) -> Taken:
        if (untold := self.silence.take(publication, post, known)) is not None:
            return untold
        source, instant = publication.source, self._clock()
        wanted = self._wanted(source, post)
        fingerprint = self.silence.fingerprint(publication, post)
        if len(wanted) < len(post.links):
            fingerprint = _IN_PART + fingerprint
        direct = self._direct(publication, post)
        plan = self._store.outbox.plan(
            source,
            wanted | direct,
            becomes=self._becomes(publication, now=instant, backfill=_is_backfilled(publication, post, known)),
            untouched=[link.target for link in post.links if link.target not in wanted],
            direct=direct,
            fingerprint=fingerprint,
            now=instant,
        )
        return Taken(
            publication=publication,
            skipped=_over(source, post),
            plan=plan,
            post=post,
            is_news=known is None or known.fingerprint != fingerprint,
            nothing=None if wanted or direct else why_nothing(post),
        )

    def _plan_gone(self, publication: Publication) -> Plan:
        instant = self._clock()
        becomes = self._becomes(publication, now=instant)
        return self._store.outbox.plan_gone(publication.source, becomes=becomes, now=instant)

    def _leave(self, old: Publication, post: Post) -> None:
        """Those who heard of a post by its old address are told to look there again: they find the redirect.

        A feed that goes on to name the old address is known to be as it was.
        """
        if old.gone:
            self._plan_gone(old)
        elif old.fingerprint is not None or self._store.posts.at(old.source) is not None:
            instant = self._clock()
            becomes = self._becomes(old, now=instant)
            fingerprint = self.silence.fingerprint(old, post)
            self._store.outbox.plan(old.source, {}, becomes=becomes, fingerprint=fingerprint, now=instant)

    def miss(self, read: Read) -> None:
        """Note that the page of a post was not there in this run."""
        self._store.posts.miss(read.publication.source, now=self._clock())

    def plan_missing(self, reads: Sequence[Read]) -> Iterator[Taken]:
        """Of these posts, which are missed, those that are gone leave the outbox, unless too many are missing."""
        gone = {key_of(read.publication.source) for read in reads if self._is_gone(read)}
        sources = [read.publication.source for read in reads if key_of(read.publication.source) in gone]
        many = {} if self._options.missing_are_gone else too_many(self._store.posts, sources)
        for sentence in many.values():
            log.warning("%s", sentence)
        for read in reads:
            publication, unready = read.publication, read.unready
            broken = many.get(origin_of(publication.source))
            if key_of(publication.source) in gone:
                unready = None if broken is None or publication.by_hand else Unready(broken)
            if unready is not None:
                yield self._untaken(publication, unready)
            else:
                yield Taken(publication=publication, plan=self._plan_gone(publication))

    def _is_gone(self, read: Read) -> bool:
        """By the word of a person, of the site's maker, or as it was missing for long enough."""
        if read.publication.gone or self._options.missing_are_gone:
            return True
        known = self._store.posts.at(read.publication.source)
        return known is not None and is_gone(known, now=self._clock())

    def _find(self, read: Read) -> None:
        """The page can be read, whatever keeps it from being published."""
        known = read.known
        if read.unready is None or not isinstance(read.unready.error, NotGone | None) or known is None:
            return
        if known.missing or read.publication.missing:
            self._store.posts.find(known.source, now=self._clock())

    def dry_run(
        self, publication: Publication, known: KnownPost | None, pings: Collection[QueuedPing]
    ) -> tuple[Taken, list[str]]:
        """What would be skipped, and the targets that would be told; nothing is changed."""
        source, instant = publication.source, self._clock()
        if self.silence.is_as_it_was(publication, known, pings):
            due = [ping.target for ping in pings if ping.next_try is not None and ping.next_try <= instant]
            return self.silence.settled(publication, known, pings, is_settled=not due), due
        read = self.read(publication, known)
        if read.unready is not None and not (read.is_missing and self._is_gone(read)):
            return self._untaken(publication, read.unready), []
        if read.moved_to is not None:
            source, publication = read.moved_to, replace(publication, source=read.moved_to)
            known = self._store.posts.at(source)
        post = read.post
        if post is not None and (untold := self.silence.dry_run(publication, post, known)) is not None:
            return untold, []
        wanted: dict[str, str] = {}
        if post is not None and not publication.gone:
            wanted = self._wanted(source, post) | self._direct(publication, post)
        backfill = post is not None and _is_backfilled(publication, post, known)
        becomes = self._becomes(publication, now=instant, backfill=backfill)
        due = self._store.outbox.dry_run(source, wanted, becomes=becomes, now=instant)
        taken = Taken(
            publication=publication,
            skipped=() if post is None else _over(source, post),
            post=post,
            nothing=None if post is None or wanted else why_nothing(post),
        )
        return taken, [each for each in due if self.is_wanted(source, each)]

    def _becomes(self, publication: Publication, *, now: datetime, backfill: bool = False) -> "Planned":
        """What becomes of the pings that are known of a post."""
        source, stale, once_more = publication.source, frozenset[str](), False
        if publication.named:
            once_more = self._options.again
            aging = (ping.target for ping in self._store.outbox.pings(source=source) if ping.aging_since is not None)
            stale = frozenset(each for each in aging if self._store.discoveries.recall(each, now=now) is None)
        return partial(
            planned,
            source=source,
            now=now,
            retelling=retelling(),
            stale=stale,
            once_more=once_more,
            backfill=backfill,
        )

    def _direct(self, publication: Publication, post: Post) -> dict[str, str]:
        """The addresses for TrackBacks that its feed gives, as `_wanted` gives targets."""
        source, told = publication.source, f"{post.fingerprint}\n{post.title}"
        fingerprint = sha256(told.encode("utf-8", "replace")).hexdigest()
        return {url: fingerprint for url in publication.trackbacks if self.is_wanted(source, url)}

    def _wanted(self, source: str, post: Post) -> dict[str, str]:
        """The targets to be told, each with what decides whether it is told again."""
        return {target: told for target, told in fingerprints_of(post).items() if self.is_wanted(source, target)}

    def is_wanted(self, source: str, target: str) -> bool:
        """The target may be told of the source, as far as the options go."""
        return self._options.wants(source, target)

    def _read(self, publication: Publication, known: KnownPost | None) -> Read:
        """The post as it is to be planned; raises Unready."""
        source, unready = publication.source, self._options.even_unready
        was_seen, given, page = known is not None and known.kind != UNREAD, None, None
        if publication.by_hand and not was_seen:
            raise _not_gone(source, "was never published from here")
        if publication.page is not None:
            page = publication.page()
            given = read_post(
                page,
                url=source,
                content_type=publication.content_type,
                selector=self._options.selector,
                nofollow=self._options.nofollow,
            )
            if self.silence.holds(publication, given, known):
                return Read(publication=publication, known=known, post=given)
            if unready:
                return Read(publication=publication, known=known, post=_matched(given))
        try:
            with self._client.get(source) as response:
                if response.status in _AWAY and known is not None and was_seen:
                    # It is gone by its own word, 410; where it is missing, 404, it may come back.
                    if response.status == _GONE or known.gone:
                        return Read(publication=publication, known=known)
                    raise _missing(response, given)
                response.require_success()
                moved_to = self._moved_to(publication, response)
                if publication.gone and moved_to is None:
                    raise _still_there(publication)
                if publication.missing and moved_to is None:
                    raise Unready(f"{source} is there again")
                public = self._public(response, given, page)
        except FetchError as error:
            raise Unready(str(error), post=given, error=error) from error
        if moved_to is not None and public.kind is not PageKind.POST:
            raise Unready(f"{source} leads to {moved_to}, and that is no post")
        if moved_to is None and self.silence.holds(publication, given or public, known):
            return Read(publication=publication, known=known, post=given or public)
        post = _matched(given or public)
        if not unready and (post.noindex or public.noindex):
            raise Unready(f"{source} says noindex", post=post)
        return Read(publication=publication, known=known, post=post, moved_to=moved_to)

    def _public(self, response: "Response", given: Post | None, page: bytes | None) -> Post:
        """The post as the public has it. Where that is the very page that was `given`, it need not be read again."""
        body, robots_headers = response.read(), response.headers("X-Robots-Tag")
        if given is not None and body == page and response.url == given.url:
            return replace(given, noindex=given.noindex or says_noindex(robots_headers))
        return read_post(
            body,
            url=response.url,
            content_type=response.content_type,
            robots_headers=robots_headers,
            selector=self._options.selector,
            nofollow=self._options.nofollow,
        )

    def _moved_to(self, publication: Publication, response: "Response") -> str | None:
        """Where the post is by now, if that is another page of its site; raises Unready where it is elsewhere."""
        source, unready = publication.source, self._options.even_unready
        if not is_elsewhere(source, response, however_spelled=publication.gone) or (unready and not publication.gone):
            return None
        if not is_same_site(source, response.url):
            raise Unready(f"{source} leads to another site: if the post is yours there, publish {response.url}")
        if is_home(response.url):
            raise Unready(f"{source} leads to {response.url}, and that is no post")
        return response.url

    def _untaken(self, publication: Publication, unready: Unready) -> Taken:
        """With an outcome for each link that is known and wanted, or one for the post as a whole.

        Of a post that nobody named there is nothing to be said.
        """
        source = publication.source
        log.info("nothing is sent for %r: %s", shown(source), unready)
        if publication.missing:
            return Taken(publication=publication, is_planned=False)
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


def _missing(response: "Response", given: Post | None) -> Unready:
    error = BadStatus(response.url, response.status)
    return Unready(
        f"{error}; if it stays so for two days, it is told to be gone", post=given, error=error, is_missing=True
    )


def _still_there(publication: Publication) -> Unready:
    if publication.by_hand:
        return _not_gone(publication.source, "can still be read")
    return Unready(f"{publication.source} left the site as it was built, but it can still be read")


def _not_gone(source: str, reason: str) -> Unready:
    error = NotGone(source, f"{source} {reason}")
    return Unready(str(error), error=error)


def _matched(post: Post) -> Post:
    """Nobody who mistypes a selector wants all that was told of the post to be told that its links are gone."""
    if post.unmatched is None:
        return post
    error = NoMatch(post.url, post.unmatched)
    raise Unready(str(error), error=error)


def _over(source: str, post: Post) -> tuple[Outcome, ...]:
    if not post.left_out:
        return ()
    message = f"{post.left_out} links after the first {MAX_LINKS} are left out"
    return (Outcome(source=source, target=None, status=OutcomeStatus.SKIPPED, message=message),)


def _is_backfilled(publication: Publication, post: Post, known: KnownPost | None) -> bool:
    """What of the post was taken as told speaks, too: a person named the post, or wants all to be made up for."""
    root = publication.root
    if root is None:
        return publication.named
    root.hear(post, known)
    return root.backfill and root.silences(post, known, by=publication.by) is None
