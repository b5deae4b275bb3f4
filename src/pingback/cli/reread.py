"""`pingback reread`."""

from datetime import UTC, datetime

import click

import pingback
from pingback.cli.mentions import line
from pingback.cli.options import NO, checked, print_json, stop, subcommand
from pingback.model import Mention, MentionStatus
from pingback.sanitized import with_safe_words
from pingback.settings import Settings
from pingback.urls import require_http


@subcommand("reread", example="pingback reread https://blog.example/part-five")
@click.argument("target", required=False)
@click.option("--source", metavar="URL", help="Only the mentions by this page.")
@click.option("--all", "everything", is_flag=True, help="All mentions, whichever version read them.")
def command(settings: Settings, target: str | None, source: str | None, everything: bool) -> None:
    """Read the sources of mentions again that an earlier version of pingback read, so that its errors heal.

    With TARGET, --source or --all, whichever version read them. These are the mentions that are shown or wait for you,
    and were verified. What you approved stays approved where the page is the same. A running serve or worker does so
    by itself, a few a minute.
    """
    for url in (target, source):
        if url is not None:
            checked(url, require_http)
    known = unread = 0
    begun = datetime.now(UTC)

    def tell(mention: Mention) -> None:
        nonlocal known, unread
        known += 1
        if mention.status is not MentionStatus.DELETED and mention.verified is not None and mention.verified < begun:
            unread += 1
        if settings.json:
            print_json(with_safe_words(mention).as_json())
        else:
            click.echo(line(mention))

    with (
        pingback.Store(settings.db, create=False) as store,
        pingback.Site.from_settings(settings, store=store) as site,
    ):
        left = site.reread(target, source=source, everything=everything, on_mention=tell)
    if unread:
        click.echo(f"pingback: {unread} as before: their sources could not be read, and are tried again", err=True)
    if left:
        click.echo(
            f"pingback: {left} left for later: their hosts were asked enough, or another process has them", err=True
        )
    elif not known and (target or source):
        stop(NO, "there is no such mention")
