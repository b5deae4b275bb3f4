"""`pingback publish`."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import click

from pingback.cli.options import NO, checked, client_for, exit_code_of, stop, subcommand
from pingback.cli.report import Report, worst
from pingback.clock import now
from pingback.errors import FetchError, SettingsError, unreadable
from pingback.model import Outcome, OutcomeStatus
from pingback.net.client import Client
from pingback.posts.feeds import feed_in_file, fetch_feed
from pingback.posts.sitemap import fetch_sitemap
from pingback.posts.values import BadFeed, Feed, Sitemap
from pingback.protocols.table import EVERY
from pingback.sending import publications
from pingback.sending.discover import discover
from pingback.sending.ping import unfound
from pingback.sending.publish import Publication, Publisher, PublishOptions, Taken, publish
from pingback.sending.updates import News, blogs_with_news, tell_of
from pingback.settings import Settings
from pingback.store import Outbox, Store
from pingback.text import plain
from pingback.urls import did_you_mean, host_of, is_http, require_http, split

MAX_LINE = 10_000  # characters of a line on standard input

log = logging.getLogger(__name__)

_IN_A_FILE = "--html FILE --base-url URL for a post, --feed FILE for a feed"
_NO_HOME = "http://feed.invalid/"


@subcommand("publish", example="pingback publish https://blog.example/part-six")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--dry-run", is_flag=True, help="Only show what would be sent.")
def command(settings: Settings, sources: tuple[str, ...], dry_run: bool) -> None:
    """Ping everything that the posts link to. SOURCE is a permalink, or - for a list of them on standard input.

    What was sent is remembered: run again, it sends only what is new, changed, or due for another try. Nothing is sent
    for a post that the public cannot read yet. Posts that are named here take the place of those that pingback.toml
    names.
    """
    _check(settings, sources)
    options = PublishOptions(
        selector=settings.selector,
        protocols=EVERY if settings.protocol is None else (settings.protocol,),
        allows=_matching(settings.only, settings.excepted),
        self_pings=settings.self_pings,
        even_unready=settings.force,
    )
    report = Report(as_json=settings.json)
    with ExitStack() as stack:
        client = stack.enter_context(client_for(settings))
        outbox = stack.enter_context(Store(settings.db)).outbox
        run = _Run(settings, client, outbox, options, report)
        try:
            publications_ = run.publications(sources)
            code = run.dry_run(publications_) if dry_run else run.publish(publications_)
        except ValueError as error:  # of a selector, or a folder without pages
            raise SettingsError(str(error)) from None
        except OSError as error:
            if error.filename is None:  # not of a file, but of standard output
                raise
            raise SettingsError(unreadable(error.filename, error)) from None
    stop(code)


def _check(settings: Settings, sources: tuple[str, ...]) -> None:
    """Wrong usage where nothing is given, or where only a base URL can say what a file or folder will be."""
    if not (sources or settings.feeds or settings.sitemaps or settings.folder or settings.html):
        raise click.UsageError("what is to be published? give SOURCE, --feed, --sitemap, --site or --html")
    for source in sources:
        if source != "-":
            checked(source, require_http, file=_IN_A_FILE, folder="--site DIR --base-url URL")
    for feed in settings.feeds:
        if "://" in feed and not os.path.exists(feed):
            checked(feed, require_http)
        elif not os.path.exists(feed):
            raise click.UsageError(f"there is no file {feed}{did_you_mean(feed)}")
    if settings.base_url is None and (settings.folder or settings.html):
        raise click.UsageError("--site and --html need --base-url")
    if settings.folder is not None and not os.path.isdir(settings.folder):
        is_file = os.path.exists(settings.folder)
        raise click.UsageError(f"{settings.folder} is a file" if is_file else f"there is no folder {settings.folder}")
    if settings.html is not None and not os.path.exists(settings.html):
        raise click.UsageError(f"there is no file {settings.html}")


class _Run:
    """One call of the command."""

    def __init__(
        self, settings: Settings, client: Client, outbox: Outbox, options: PublishOptions, report: Report
    ) -> None:
        self._settings = settings
        self._client = client
        self._outbox = outbox
        self._options = options
        self._report = report
        self._feeds: list[Feed] = []
        self._news: list[News] = []
        self._codes: set[int] = set()

    def publications(self, sources: tuple[str, ...]) -> Iterator[Publication]:
        """The posts that are to be published, in the order of the command line's options."""
        given = self._settings
        yield from publications.of_urls(_listed(sources))
        for name in dict.fromkeys(given.feeds):
            with self._others_go_on():
                feed = self._read_feed(name, given.base_url)
                self._feeds.append(feed)
                _log_left_out(name, feed)
                yield from publications.of_feed(feed)
        for url in given.sitemaps:
            with self._others_go_on():
                sitemap = fetch_sitemap(url, client=self._client)
                _log_left_out(url, sitemap)
                yield from publications.of_urls(sitemap.pages)
        if given.folder is not None and given.base_url is not None:
            yield from publications.of_site(Path(given.folder), base_url=given.base_url, outbox=self._outbox)
        if given.html is not None and given.base_url is not None:
            yield publications.of_file(Path(given.html), source=given.base_url)

    @contextmanager
    def _others_go_on(self) -> Iterator[None]:
        """Where a feed or sitemap cannot be read: the exit code says so in the end, and the posts of others go out."""
        try:
            yield
        except (BadFeed, FetchError) as error:
            self._codes.add(exit_code_of(error) if isinstance(error, FetchError) else NO)
            click.echo(f"pingback: {plain(str(error))}", err=True)

    def publish(self, given: Iterator[Publication]) -> int:
        """Send what is to be sent; the exit code."""
        with self._report.running():
            publish(
                given,
                self._report.tell,
                client=self._client,
                outbox=self._outbox,
                options=self._options,
                patience=timedelta(seconds=self._settings.wait),
                on_taken=self._taken,
            )
            for outcome in self._updates():
                self._report.tell(outcome)
        return worst((self._report.exit_code, *self._codes))

    def dry_run(self, given: Iterator[Publication]) -> int:
        """Show what would be sent, and by which protocol; the exit code."""
        publisher = Publisher(client=self._client, outbox=self._outbox, options=self._options)
        for publication in given:
            taken, targets = publisher.dry_run(publication)
            self._note(taken)
            for outcome in (*taken.skipped, *(self._dry_outcome(publication.source, target) for target in targets)):
                self._report.tell(outcome)
                if not self._settings.json:
                    click.echo(f"{outcome.source} -> {outcome.target or '–'}: {outcome.message}")
        return worst(self._codes)

    def _dry_outcome(self, source: str, target: str) -> Outcome:
        try:
            found = discover(target, client=self._client, wanted=self._options.protocols).endpoints
        except FetchError as error:
            return unfound(source, target, error)
        if not found:
            message = f"{target} advertises no endpoint"
            return Outcome(source=source, target=target, status=OutcomeStatus.UNSUPPORTED, message=message)
        return Outcome(
            source=source,
            target=target,
            protocol=found[0].protocol,
            endpoint=found[0].url,
            status=OutcomeStatus.SKIPPED,
            message=f"would be sent by {found[0].protocol} to {found[0].url}",
        )

    def _taken(self, taken: Taken) -> None:
        self._note(taken)
        source = taken.publication.source
        if taken.is_planned:
            for left_out in taken.skipped:
                self._report.warn(f"{source}: {left_out.message}")
        elif taken.error is None and taken.skipped:
            self._report.explain(f"nothing is sent for {source}: {taken.skipped[0].message}")
        self._report.expect(ping.target for ping in self._outbox.pings(source=source, due_before=now()))
        if taken.is_news:
            self._news.append(News(source=source, site_name=taken.post.site_name if taken.post is not None else None))

    def _note(self, taken: Taken) -> None:
        if taken.error is not None:
            self._codes.add(exit_code_of(taken.error))
            self._report.say(f"nothing is sent for {taken.publication.source}: {taken.error}")

    def _updates(self) -> Iterator[Outcome]:
        for blog in blogs_with_news(self._news, self._feeds):
            yield from tell_of(
                blog, services=self._settings.services, websub=self._settings.websub, client=self._client
            )

    def _read_feed(self, name: str, base_url: str | None) -> Feed:
        if is_http(name):
            return fetch_feed(name, client=self._client)
        feed = feed_in_file(Path(name), base_url=base_url or _NO_HOME)
        if not feed.entries and feed.foreign and base_url is None:
            raise SettingsError(f"{name} does not say which page it is the feed of: give --base-url")
        return feed


def _log_left_out(name: str, found: Feed | Sitemap) -> None:
    """What of a feed or a sitemap is not published. Pages of others are no news: a blog of links has nothing else."""
    if found.foreign:
        log.info("%s: %d pages of other hosts are left out, %s among them", name, len(found.foreign), found.foreign[0])
    if found.left_out:
        log.warning("%s: %d pages more than can be taken are left out", name, found.left_out)
    if not found.complete:
        log.warning("%s is broken off, too long or not well-formed: only what could be read of it is published", name)


def _listed(sources: tuple[str, ...]) -> Iterator[str]:
    for source in sources:
        if source != "-":
            yield source
            continue
        for line in sys.stdin:
            if url := line[:MAX_LINE].strip():
                yield checked(url, require_http)


def _matching(only: tuple[str, ...], excepted: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a target's host is like one of `only`, where there are any, and like none of `excepted`."""

    def allows(target: str) -> bool:
        names = {split(target).host, host_of(target)}
        wanted = not only or _is_like(names, only)
        return wanted and not _is_like(names, excepted)

    return allows


def _is_like(names: set[str], patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern.lower()) for name in names for pattern in patterns)
