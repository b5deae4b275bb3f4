"""The publish hook: a post goes out, and every page that it links to hears of it, once.

What the post links to is planned in the outbox before anything is sent, and what the outbox knows is not sent again
unless the post changed. Of posts that are as they were, one question to the database is about some hundred.

Nothing at all is sent for a post that the public cannot read yet: a ping from a preview burns the real one, which would
be `already` known, or refused for good.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from pingback.clock import Clock, now
from pingback.errors import BadStatus, FetchError, NoMatch
from pingback.model import Outcome, OutcomeStatus, Protocol
from pingback.page.entry import Post, read_post
from pingback.page.region import MAX_LINKS
from pingback.protocols.table import EVERY, retelling
from pingback.sending.transitions import planned
from pingback.text import plain
from pingback.urls import key_of, shown, split
from pingback.work import KnownPost, Plan, QueuedPing

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.sending.sender import Sender
    from pingback.store import Store

PATIENCE = timedelta(seconds=60)  # for hosts that take pings one by one
KNOWN_TOGETHER = 500  # posts that the store is asked about at once
TOGETHER = 50  # posts whose pings are delivered together

_IN_PART = "in part "  # before the fingerprint of a post of which not all links were wanted: it is to be read again
UNCHANGED = "nothing changed since the last ping"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions:
    """What is to be sent, and for what.

    `selector` is CSS for the post within its page; without one it is found. `allows` is asked for each target.
    `self_pings`: pages of the post's own host are told, too. `even_unready`: so are all for a post that is not public.
    """

    selector: str | None = None
    protocols: Collection[Protocol] = EVERY
    allows: Callable[[str], bool] = lambda target: True
    self_pings: bool = True
    even_unready: bool = False


EVERYTHING = PublishOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A post that goes out, by its permalink `source`.

    `page` gives its page where that is at hand, as `content_type` says, or as only the page itself does. `fingerprint`
    tells whether it changed, where its maker knows; else the post's own does. `gone`: it is said to have left the site.
    """

    source: str
    page: Callable[[], bytes] | None = None
    content_type: str | None = None
    fingerprint: str | None = None
    gone: bool = False


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
        becomes = partial(planned, source=source, now=instant, retelling=retelling())
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
        becomes = partial(planned, source=source, now=self._clock(), retelling=retelling())
        due = outbox.dry_run(source, wanted, becomes=becomes, now=self._clock())
        skipped = () if read.post is None else _over(source, read.post)
        return Taken(publication=publication, skipped=skipped), [each for each in due if self.is_wanted(source, each)]

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


def is_as_it_was(publication: Publication, post: KnownPost | None, pings: Iterable[QueuedPing]) -> bool:
    """Its maker says that it is as it was when it was planned, and our own guard kept nobody from hearing of it.

    Those that it blocked each run tries again.
    """
    if publication.fingerprint is None or publication.gone or post is None or post.gone:
        return False
    return post.fingerprint == publication.fingerprint and not any(_is_blocked(ping) for ping in pings)


def _is_blocked(ping: QueuedPing) -> bool:
    return ping.linked and ping.status is OutcomeStatus.BLOCKED


def publish(
    publications: Iterable[Publication],
    on_outcome: Callable[[Outcome], object],
    *,
    publisher: Publisher,
    sender: "Sender",
    patience: timedelta = PATIENCE,
    on_taken: Callable[[Taken], object] = lambda taken: None,
) -> None:
    """Tell every page that the posts link to. May run again at any time.

    `on_outcome` hears what became of each ping, as it is known. What a host's pause or another process keeps from being
    sent now stays in the outbox and is told as `waiting`, what failed before and is not due yet as `failed`, each with
    its next try. `on_taken` hears of each post before its pings go out. What either raises ends this, when what went
    out by then is recorded. Raises StoreError.
    """
    run = _Publishing(on_outcome, on_taken, publisher=publisher, sender=sender, patience=patience)
    left = iter(publications)
    while not sender.stopped.is_set() and (together := list(islice(left, KNOWN_TOGETHER))):
        run.publish(together)


Pair: TypeAlias = tuple[str, str | None]  # source and target


class _Publishing:
    """One call of `publish`."""

    def __init__(
        self,
        on_outcome: Callable[[Outcome], object],
        on_taken: Callable[[Taken], object],
        *,
        publisher: Publisher,
        sender: "Sender",
        patience: timedelta,
    ) -> None:
        self._on_outcome = on_outcome
        self._on_taken = on_taken
        self._publisher = publisher
        self._sender = sender
        self._store = sender.store
        self._patience = patience
        self._blocked: set[Pair] = set()  # that our guard kept back before
        self._told: set[Pair] = set()  # of the pings that go out together

    def publish(self, publications: Sequence[Publication]) -> None:
        sources = {key_of(each.source): each.source for each in publications}
        posts = self._store.posts.known(sources.values())
        pings = self._pings_of(post.source for post in posts.values())
        self._blocked = {(ping.source, ping.target) for each in pings.values() for ping in each if _is_blocked(ping)}
        changed: dict[str, str] = {}
        for publication in publications:
            key = key_of(publication.source)
            if key not in changed and is_as_it_was(publication, posts.get(key), pings[key]):
                self._leave(publication, pings[key], changed)
            else:
                self._take(publication, changed)
            if len(changed) >= TOGETHER:
                self._deliver(changed)
                posts |= self._store.posts.known(changed.values())
                pings |= self._pings_of(changed.values())
                changed = {}
        if changed:
            self._deliver(changed)

    def _leave(self, publication: Publication, pings: Collection[QueuedPing], changed: dict[str, str]) -> None:
        """The post is as it was. What of it is due goes out."""
        is_due = any(self._is_due(ping) for ping in pings)
        self._on_taken(Taken(publication=publication, is_settled=not is_due))
        if is_due:
            changed[key_of(publication.source)] = publication.source
        else:
            self._tell_of_rest(pings)

    def _take(self, publication: Publication, changed: dict[str, str]) -> None:
        taken = self._publisher.take(publication)
        self._on_taken(taken)
        for outcome in taken.skipped:
            self._on_outcome(outcome)
        if taken.is_planned:
            changed[key_of(publication.source)] = publication.source

    def _deliver(self, sources: dict[str, str]) -> None:
        before = self._pings_of(sources.values())
        due = [ping.id for pings in before.values() for ping in pings if self._is_due(ping)]
        if due:
            self._sender.deliver(self._hear, only=due, patience=self._patience)
        after = self._pings_of(sources.values()) if due else before
        for key in sources:
            self._tell_of_rest(after[key])
        self._told.clear()

    def _hear(self, outcome: Outcome) -> None:
        pair = (outcome.source, outcome.target)
        self._told.add(pair)
        is_still = outcome.status is OutcomeStatus.BLOCKED and pair in self._blocked
        self._on_outcome(replace(outcome, status=OutcomeStatus.SKIPPED) if is_still else outcome)

    def _pings_of(self, sources: Iterable[str]) -> dict[str, list[QueuedPing]]:
        """By the keys of their posts."""
        found: dict[str, list[QueuedPing]] = defaultdict(list)
        for ping in self._store.outbox.pings_of(sources):
            found[key_of(ping.source)].append(ping)
        return found

    def _is_due(self, ping: QueuedPing) -> bool:
        """It may go out in this run."""
        if ping.next_try is None or ping.next_try > self._sender.clock() + self._patience:
            return False
        return self._publisher.is_wanted(ping.source, ping.target)

    def _tell_of_rest(self, pings: Iterable[QueuedPing]) -> None:
        """What was not sent in this run: unchanged, or not due yet."""
        for ping in pings:
            if (ping.source, ping.target) in self._told or not self._publisher.is_wanted(ping.source, ping.target):
                continue
            if ping.next_try is not None:
                self._on_outcome(ping.as_outcome())
            elif ping.linked:
                self._on_outcome(replace(ping.as_outcome(), status=OutcomeStatus.SKIPPED, message=UNCHANGED))


def _over(source: str, post: Post) -> tuple[Outcome, ...]:
    if not post.left_out:
        return ()
    message = f"{post.left_out} links after the first {MAX_LINKS} are left out"
    return (Outcome(source=source, target=None, status=OutcomeStatus.SKIPPED, message=message),)
