"""`pingback prune`."""

from datetime import timedelta

import click

import pingback
from pingback.cli.options import print_json, subcommand
from pingback.clock import now
from pingback.settings import Settings
from pingback.table import MOST_DAYS

OLDER_THAN = 90  # days


@subcommand("prune", example="pingback prune --older-than 365 --dry-run")
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.IntRange(0, int(MOST_DAYS)),
    default=OLDER_THAN,
    help="Forget nothing that happened since. [default: 90]",
)
@click.option("--dry-run", is_flag=True, help="Only say how much would be forgotten.")
@click.option("--vacuum", is_flag=True, help="Give the room back to the disk, too; it takes a while.")
def command(settings: Settings, older_than: int, dry_run: bool, vacuum: bool) -> None:
    """Forget old mentions that are spam, rejected or deleted, and what the outbox no longer needs.

    Approved and pending mentions stay for ever, and so does what keeps a ping from being sent twice.
    """
    instant = now()
    before = instant - timedelta(days=older_than)
    with pingback.Store(settings.db, create=False) as store:
        forgotten = store.retention.count if dry_run else store.retention.run
        counts = forgotten(before=before, now=instant)
        if vacuum and not dry_run:
            store.retention.vacuum()
    if settings.json:
        print_json({"before": before.isoformat(), "dry_run": dry_run, **counts})
        return
    click.echo(f"{'would forget' if dry_run else 'forgot'}: " + ", ".join(f"{counts[kind]} {kind}" for kind in counts))
