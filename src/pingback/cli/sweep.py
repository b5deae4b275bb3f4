"""`pingback sweep`."""

import click

import pingback
from pingback.cli.options import print_json, subcommand
from pingback.settings import Settings


@subcommand("sweep", example="pingback sweep --db sqlite:///pingback.db")
def command(settings: Settings) -> None:
    """Send all that is due to workers, and again what the broker or a worker has lost.

    Each worker does so once a minute. After a broker was emptied, this need not be waited for.
    """
    if settings.broker is None:
        raise click.UsageError("which broker? set PINGBACK_BROKER")
    with (
        pingback.Store(settings.db, create=False) as store,
        pingback.Site.from_settings(settings, store=store) as site,
    ):
        sent = site.sweep()
    if settings.json:
        print_json({"sent": sent})
    else:
        click.echo(f"sent to workers: {sent}")
