"""`Publishing`: the publish hook of a site. Which posts go out, who hears of them, and what is tried again.

All of `pingback publish`, `retry` and the sending half of `worker`, but the command line.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import chain
from math import inf
from random import Random
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from pingback.clock import Clock, now
from pingback.errors import FetchError
from pingback.model import Outcome, OutcomeStatus, Protocol
from pingback.posts.values import BadFeed, Feed
from pingback.protocols.table import EVERY
from pingback.sending import publications
from pingback.sending.delivery import Deliveries, nobody
from pingback.sending.discover import discover
from pingback.sending.earlier import send_again, send_due
from pingback.sending.hook import Pair, dry_run, publish
from pingback.sending.ping import given, unfound, unsupported
from pingback.sending.publications import Sources
from pingback.sending.publish import Publisher
from pingback.sending.reading import Reader
from pingback.sending.sender import Sender
from pingback.sending.updates import News, blogs_with_news, tell_of
from pingback.sending.values import Publication, PublishOptions, Taken
from pingback.settings import DEFAULTS, Settings
from pingback.urls import host_of, require_http, shown, split
from pingback.work import ALL_MISSING, JobKind

if TYPE_CHECKING:
    from pingback.jobs.budget import HostBudget
    from pingback.jobs.steps import End, Handler
    from pingback.net.client import Client
    from pingback.store import Store
    from pingback.work import Job

OnOutcome: TypeAlias = Callable[[Outcome], object]
OnTaken: TypeAlias = Callable[[Taken], object]
OnNote: TypeAlias = Callable[[str], object]
OnUnread: TypeAlias = Callable[[str, BadFeed | FetchError], object]

MOST_FEEDS = 20  # of which the background knows where their hubs are

log = logging.getLogger(__name__)


class Publishing:
    """The publish hook over one store, as the settings want it. Thread-safe; it opens and starts nothing by itself.

    What its methods have to send is sent and recorded when they return. `on_outcome` is called with each outcome as it
    is known, in the caller's thread. `on_taken` hears of each post before its pings go out. What they raise ends the
    method, when what went out by then is recorded. After any end a method may be called again. All raise StoreError.

    When `stopped` is set, all methods finish what is under way, and end.
    """

    def __init__(
        self,
        *,
        client: "Client",
        store: "Store",
        settings: Settings = DEFAULTS,
        budget: "HostBudget | None" = None,
        stopped: Event | None = None,
        clock: Clock = now,
    ) -> None:
        self._client = client
        self._store = store
        self._settings = settings
        self._clock = clock
        self._options = _options_of(settings)
        self._wants_part = bool(settings.only or settings.excepted or settings.protocol or not settings.self_pings)
        self._patience = timedelta(seconds=settings.wait)
        self._random = Random()  # noqa: S311  # it spreads tries over time, and hides nothing
        self._stopped = stopped or Event()
        self._sender = self._sender_for(self._options, budget)
        self._background = _Run(None)
        self._deliveries = Deliveries(
            client=client,
            store=store,
            budget=self._sender.budget,
            wanted=self._options.protocols,
            clock=clock,
            random=self._random,
        )
        self._reader = self._reader_for(self._background)

    def handlers(self) -> "Mapping[JobKind, Handler]":
        """What does the jobs that send, for a Runner that goes on for ever; `broken` and `settle` go with it."""
        return {JobKind.DELIVER: self._deliveries, JobKind.READ: self._reader}

    def broken(self, job: "Job", error: Exception) -> "End":
        """What to keep of a job that sends, and ended in an error of ours."""
        return (self._deliveries if job.kind is JobKind.DELIVER else self._reader).broken(job, error)

    def settle(self) -> None:
        """What the handlers leave for quieter moments: update services hear of new posts, and discoveries are kept.

        To be called now and then; it asks services, and may take seconds. Raises StoreError.
        """
        self._deliveries.settle()
        if self._background.news:
            news, self._background.news = self._background.news, []
            self._tell_of_news(news, self._background.feeds)

    def publish(
        self,
        source: str,
        html: str | bytes | None = None,
        *,
        options: PublishOptions | None = None,
        on_outcome: OnOutcome | None = None,
        wait: bool = True,
    ) -> list[Outcome]:
        """Tell every page that the post at `source` links to, and the update services; what became of each ping.

        `html` is the post's page, or the post alone, where that is at hand; the first MiB counts. The page is asked for
        all the same, as nothing is sent for a post that the public cannot read.

        Without `wait` nothing is fetched or sent now. That the post is to be published is on disk when this returns;
        `publish_all`, `retry` or `send_due` does it, in this process or another. ValueError unless the source is an
        absolute HTTP URL, and for `options` or `on_outcome` without `wait`.
        """
        publication = publications.of_html(require_http(source), html)
        if not wait:
            if options is not None or on_outcome is not None:
                raise ValueError("options and on_outcome have no use without wait: nothing is sent now")
            page = publication.page() if publication.page else None
            self._store.readings.add(source, page=page, content_type=publication.content_type, now=self._clock())
            log.info("%r is to be published", shown(source))
            return []
        outcomes: list[Outcome] = []
        run = _Run(outcomes.append, also=on_outcome)
        self._publish([publication], run, options=options)
        self._tell_of_news(run.news, hear=run.hear)
        return outcomes

    def publish_all(
        self,
        sources: Iterable[str] = (),
        *,
        on_outcome: OnOutcome | None = None,
        on_taken: OnTaken | None = None,
        on_unread: OnUnread | None = None,
        on_note: OnNote | None = None,
        gone: Collection[str] = (),
    ) -> Counter[OutcomeStatus]:
        """Publish these posts, those that the settings name, and those that wait for it, and send what is due of
        earlier runs; how often each status came.

        Posts that are missing are looked for again. `gone` are posts that were deleted: when their pages are not there,
        all who can be told hear of it at once; with the word `all` among them that holds for all that are missing.
        `on_unread` hears of a feed or sitemap that cannot be read, by its name and error; the posts of others go out.
        `on_note` hears in a sentence of what else is not published.
        ValueError for a source that is not an absolute HTTP URL, for a selector that is not CSS, and for a folder
        without pages; OSError for a file or folder that cannot be read.
        """
        told: set[Pair] = set()

        def note(outcome: Outcome) -> None:
            if self._wants_part:  # what this run may not send is due again for the next one
                told.add((outcome.source, outcome.target))

        run = _Run(on_outcome, on_taken, on_unread, on_note, also=note)
        self._publish_waiting(run)
        found = self._sources(run)
        missing = publications.of_missing(self._store.posts, now=self._clock(), every=ALL_MISSING in gone)
        named = chain(_deleted(gone), found.publications(sources))
        self._publish(chain(named, missing), run, options=self._options_for(gone))
        if self._wants_part:
            is_wanted = self._publisher(self._options).is_wanted
            send_due(run.hear, sender=self._sender, is_wanted=is_wanted, told=told, patience=self._patience)
        else:
            self._sender.deliver(run.hear, patience=self._patience)
        if not self._stopped.is_set():
            for root in found.roots:
                if root.is_first and root.is_whole:
                    self._store.roots.keep(root.url, now=self._clock())
        self._tell_of_news(run.news, [*found.feeds, *run.feeds], hear=run.hear)
        return run.counts

    def dry_run(
        self,
        sources: Iterable[str] = (),
        *,
        on_outcome: OnOutcome | None = None,
        on_taken: OnTaken | None = None,
        on_unread: OnUnread | None = None,
        on_note: OnNote | None = None,
        gone: Collection[str] = (),
    ) -> Counter[OutcomeStatus]:
        """What `publish_all` would send: outcomes that say so. Nothing is sent or kept."""
        told: set[Pair] = set()
        run = _Run(on_outcome, on_taken, on_unread, on_note, also=lambda each: told.add((each.source, each.target)))
        publisher = self._publisher(self._options_for(gone))
        named = chain(_deleted(gone), self._sources(run, dry_run=True).publications(sources))
        for taken, targets in dry_run(named, publisher=publisher, store=self._store):
            run.take(taken)
            for outcome in taken.skipped:
                run.hear(outcome)
            for target in targets:
                run.hear(self._dry_outcome(taken.publication, target))
        for ping in self._store.outbox.pings(due_before=self._clock()):
            if (ping.source, ping.target) not in told and publisher.is_wanted(ping.source, ping.target):
                run.hear(self._dry_outcome(Publication(source=ping.source), ping.target))
        return run.counts

    def retry(
        self,
        *,
        everything: bool = False,
        source: str | None = None,
        target: str | None = None,
        status: OutcomeStatus | None = None,
        on_outcome: OnOutcome | None = None,
        on_taken: OnTaken | None = None,
    ) -> Counter[OutcomeStatus]:
        """`send_due`, with the patience that the setting `wait` says.

        With `everything`, or a filter, what matches it is sent now, whenever it would be due, and however it ended; but
        not what the far side accepted. ValueError for a URL that is not an absolute HTTP URL.
        """
        if not everything and (source, target, status) == (None, None, None):
            return self.send_due(patience=self._patience, on_outcome=on_outcome, on_taken=on_taken)
        run = _Run(on_outcome, on_taken)
        if everything:
            self._publish_waiting(run)
        pings = self._store.outbox.pings(source=source, target=target, status=status)
        send_again(pings, run.hear, sender=self._sender, patience=self._patience)
        self._tell_of_news(run.news, hear=run.hear)
        return run.counts

    def send_due(
        self,
        *,
        seconds: float = inf,
        patience: timedelta = timedelta(0),
        on_outcome: OnOutcome | None = None,
        on_taken: OnTaken | None = None,
    ) -> Counter[OutcomeStatus]:
        """Publish the posts that wait for it, and send all pings that are due; how often each status came.

        After `seconds` nothing more is begun. What becomes due within `patience`, because a host asks for a pause, is
        waited for.
        """
        run = _Run(on_outcome, on_taken)
        ends = monotonic() + seconds
        self._sender.read(self._reader_for(run), seconds=seconds / 2)  # the other half is for the pings
        self._sender.deliver(run.hear, patience=patience, seconds=ends - monotonic())
        self._tell_of_news(run.news, run.feeds, hear=run.hear)
        return run.counts

    def _publish(self, given: Iterable[Publication], run: "_Run", *, options: PublishOptions | None = None) -> None:
        options = options or self._options
        publish(
            given,
            run.hear,
            publisher=self._publisher(options),
            sender=self._sender_for(options, self._sender.budget),
            patience=self._patience,
            on_taken=run.take,
        )

    def _options_for(self, gone: Collection[str]) -> PublishOptions:
        return replace(self._options, missing_are_gone=ALL_MISSING in gone)

    def _publisher(self, options: PublishOptions) -> Publisher:
        return Publisher(client=self._client, store=self._store, options=options, clock=self._clock)

    def _sender_for(self, options: PublishOptions, budget: "HostBudget | None") -> Sender:
        return Sender(
            client=self._client,
            store=self._store,
            budget=budget,
            wanted=options.protocols,
            stopped=self._stopped,
            clock=self._clock,
            random=self._random,
        )

    def _reader_for(self, run: "_Run", *, planned: list[str] | None = None) -> Reader:
        """What publishes posts that wait for it; those of which pings may be due are added to `planned`."""

        def take(taken: Taken) -> None:
            run.take(taken)
            if taken.is_planned and planned is not None:
                planned.extend(taken.sources)
            for outcome in taken.skipped:
                run.hear(outcome)

        publisher = self._publisher(replace(self._options, again=False))
        return Reader(
            store=self._store,
            publisher=publisher,
            sources_of=self._feed,
            on_taken=take,
            on_feeds=run.read,
            clock=self._clock,
            random=self._random,
        )

    def _publish_waiting(self, run: "_Run") -> None:
        """Publish the posts that wait for it, and send their pings."""
        planned: list[str] = []
        self._sender.read(self._reader_for(run, planned=planned))
        due = [ping.id for ping in self._store.outbox.pings_of(planned) if ping.next_try is not None]
        if due:
            self._sender.deliver(run.hear, only=due, patience=self._patience)

    def _feed(self, url: str, on_note: OnNote, on_unread: OnUnread) -> Sources:
        """What is published of one feed."""
        return Sources(
            replace(self._settings, feeds=(url,), sitemaps=(), folder=None, html=None),
            client=self._client,
            store=self._store,
            clock=self._clock,
            on_note=on_note,
            on_unread=on_unread,
        )

    def _sources(self, run: "_Run", *, dry_run: bool = False) -> Sources:
        return Sources(
            self._settings,
            client=self._client,
            store=self._store,
            clock=self._clock,
            on_note=run.note,
            on_unread=run.leave_out,
            dry_run=dry_run,
        )

    def _tell_of_news(self, news: Sequence[News], feeds: Sequence[Feed] = (), *, hear: OnOutcome = nobody) -> None:
        for blog in blogs_with_news(news, feeds):
            updates = tell_of(blog, services=self._settings.services, websub=self._settings.websub, client=self._client)
            for outcome in updates:
                hear(outcome)

    def _dry_outcome(self, publication: Publication, target: str) -> Outcome:
        source, wanted = publication.source, self._options.protocols
        try:
            if target in publication.trackbacks and Protocol.TRACKBACK in wanted:
                found = given(target, target, Protocol.TRACKBACK).endpoints
            else:
                found = discover(target, client=self._client, wanted=wanted).endpoints
        except FetchError as error:
            return unfound(source, target, error)
        if not found:
            return unsupported(source, target, wanted)
        return Outcome(
            source=source,
            target=target,
            protocol=found[0].protocol,
            endpoint=found[0].url,
            status=OutcomeStatus.SKIPPED,
            message=f"would be sent by {found[0].protocol} to {found[0].url}",
        )


class _Run:
    """What came up in one call of a method, and those who want to hear of it."""

    def __init__(
        self,
        on_outcome: OnOutcome | None,
        on_taken: OnTaken | None = None,
        on_unread: OnUnread | None = None,
        on_note: OnNote | None = None,
        *,
        also: OnOutcome | None = None,
    ) -> None:
        self._listeners = [each for each in (on_outcome, also) if each is not None]
        self._on_taken = on_taken
        self._on_unread = on_unread
        self._on_note = on_note
        self.counts: Counter[OutcomeStatus] = Counter()
        self.news: list[News] = []
        self.feeds: list[Feed] = []  # that were noted to be read later

    def hear(self, outcome: Outcome) -> None:
        self.counts[outcome.status] += 1
        for listener in self._listeners:
            listener(outcome)

    def take(self, taken: Taken) -> None:
        if taken.is_news:
            site_name = taken.post.site_name if taken.post is not None else None
            self.news.append(News(source=taken.publication.source, site_name=site_name))
        if self._on_taken is not None:
            self._on_taken(taken)

    def read(self, feeds: Iterable[Feed]) -> None:
        """What of feeds it takes to tell their hubs; of one that was read before, what it said last."""
        for feed in feeds:
            entries = tuple(replace(entry, html=None) for entry in feed.entries)
            others = [other for other in self.feeds if other.url != feed.url]
            self.feeds = [*others, replace(feed, entries=entries)][-MOST_FEEDS:]

    def note(self, sentence: str) -> None:
        log.info("%s", sentence)
        if self._on_note is not None:
            self._on_note(sentence)

    def leave_out(self, name: str, error: BadFeed | FetchError) -> None:
        if self._on_unread is not None:
            self._on_unread(name, error)
        else:
            log.warning("nothing is published of %r: %s", name, error)


def _deleted(gone: Iterable[str]) -> Iterator[Publication]:
    return publications.of_gone(require_http(url) for url in gone if url != ALL_MISSING)


def _options_of(settings: Settings) -> PublishOptions:
    def allows(target: str) -> bool:
        """Its host is like one of `only`, where there are any, and like none of `excepted`."""
        if not settings.only and not settings.excepted:
            return True
        names = {split(target).host, host_of(target)}
        return (not settings.only or _is_like(names, settings.only)) and not _is_like(names, settings.excepted)

    return PublishOptions(
        selector=settings.selector,
        nofollow=settings.nofollow,
        protocols=EVERY if settings.protocol is None else (settings.protocol,),
        allows=allows,
        self_pings=settings.self_pings,
        even_unready=settings.force,
        again=settings.again,
    )


def _is_like(names: set[str], patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern.lower()) for name in names for pattern in patterns)
