"""`pingback publish`."""

import os
import sys
from collections.abc import Iterator

import click

import pingback
from pingback.cli.options import checked, client_for, stop, subcommand
from pingback.cli.report import Report
from pingback.errors import SettingsError, unreadable
from pingback.settings import Settings
from pingback.urls import did_you_mean, require_http
from pingback.work import ALL_MISSING

MAX_LINE = 10_000  # characters of a line on standard input

_IN_A_FILE = "--html FILE --base-url URL for a post, --feed FILE for a feed"


@subcommand("publish", example="pingback publish https://blog.example/part-six")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "--gone",
    multiple=True,
    metavar="URL",
    help="A post that is deleted: tell those that heard of it. 'all' for all that are missing. May be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be sent.")
def command(settings: Settings, sources: tuple[str, ...], gone: tuple[str, ...], dry_run: bool) -> None:
    """Ping everything that the posts link to. SOURCE is a permalink, or - for a list of them on standard input.

    What was sent is remembered: run again, it sends only what is new, changed, or due for another try. Nothing is sent
    for a post that the public cannot read yet. Posts that are named here take the place of those that pingback.toml
    names.
    """
    _check(settings, sources, gone)
    from pingback.publishing import Publishing  # parsers, and the database

    with client_for(settings) as client, pingback.Store(settings.db) as store:
        publishing = Publishing(client=client, store=store, settings=settings)
        report = Report(as_json=settings.json, strict=settings.strict, outbox=store.outbox)
        posts = _listed(sources)
        try:
            if dry_run:
                publishing.dry_run(
                    posts,
                    on_outcome=report.show,
                    on_taken=report.show_taken,
                    on_unread=report.unread,
                    on_note=report.show_aside,
                    gone=gone,
                )
                report.show_rest()
                stop(report.unread_code)
            with report.running():
                publishing.publish_all(
                    posts,
                    on_outcome=report.tell,
                    on_taken=report.taken,
                    on_unread=report.unread,
                    on_note=report.aside,
                    gone=gone,
                )
        except ValueError as error:  # of a selector, or a folder without pages
            raise SettingsError(str(error)) from None
        except OSError as error:
            if error.filename is None:  # not of a file, but of standard output
                raise
            raise SettingsError(unreadable(error.filename, error)) from None
    stop(report.exit_code)


def _check(settings: Settings, sources: tuple[str, ...], gone: tuple[str, ...]) -> None:
    """Wrong usage where nothing is given, or where only a base URL can say what a file or folder will be."""
    for url in gone:
        if url != ALL_MISSING:
            checked(url, require_http)
    if not (sources or gone or settings.feeds or settings.sitemaps or settings.folder or settings.html):
        raise click.UsageError("what is to be published? give SOURCE, --feed, --sitemap, --site or --html")
    for source in sources:
        if source != "-":
            checked(source, require_http, file=_IN_A_FILE, folder="--site DIR --base-url URL")
    for feed in settings.feeds:
        if "://" in feed and not os.path.exists(feed):
            checked(feed, require_http)
        elif not os.path.exists(feed):
            raise click.UsageError(f"there is no file {feed}{did_you_mean(feed)}")
    if settings.again and (not sources or settings.feeds or settings.sitemaps or settings.folder):
        raise click.UsageError("--again is for posts that are named: give SOURCE, and no feed, sitemap or site")
    if settings.base_url is None and (settings.folder or settings.html):
        raise click.UsageError("--site and --html need --base-url")
    if settings.folder is not None and not os.path.isdir(settings.folder):
        is_file = os.path.exists(settings.folder)
        raise click.UsageError(f"{settings.folder} is a file" if is_file else f"there is no folder {settings.folder}")
    if settings.html is not None and not os.path.exists(settings.html):
        raise click.UsageError(f"there is no file {settings.html}")


def _listed(sources: tuple[str, ...]) -> Iterator[str]:
    for source in sources:
        if source != "-":
            yield source
            continue
        for line in sys.stdin:
            if url := line[:MAX_LINE].strip():
                yield checked(url, require_http)
