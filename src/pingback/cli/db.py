"""`pingback db`."""

from contextlib import closing

import click

import pingback
from pingback.cli.options import print_json, subcommand
from pingback.settings import Settings


@subcommand("db", example="pingback db upgrade")
@click.argument("action", type=click.Choice(["upgrade", "current", "copy"]))
@click.argument("old", metavar="[URL]", required=False)
def command(settings: Settings, action: str, old: str | None) -> None:
    """See to the tables of the database.

    \b
    upgrade  bring them to the newest schema, or make the database
    current  say which schema they have; makes and changes nothing
    copy     fill them, while they are empty, with all of the database at URL

    Every command that opens an older database upgrades it, so that nobody
    needs this; do it before a server starts, where that may take a while.
    """
    from pingback.store.engine import engine_of
    from pingback.store.migrations import NEWEST

    engine = engine_of(settings.db)
    if engine.is_in_memory:
        raise click.UsageError("a database in memory ends with this command: name a file, as in --db sqlite:///FILE")
    if (old is not None) != (action == "copy"):
        raise click.UsageError("copy takes the URL of the database to copy from, and nothing else takes one")
    if action == "upgrade":
        pingback.Store(settings.db).close()
    if old is not None:
        _copy(old, settings)
        return
    revision = engine.revision()
    if settings.json:
        print_json({"revision": revision, "newest": NEWEST, "is_newest": revision == NEWEST})
    elif revision == NEWEST:
        click.echo(f"the schema is {revision}, the newest")
    else:
        found = revision or "none, or older than any"
        click.echo(f"the schema is {found}, the newest is {NEWEST}: pingback db upgrade")


def _copy(old: str, settings: Settings) -> None:
    from pingback.store.copying import copy_all
    from pingback.store.database import Database

    with closing(Database(old, create=False)) as source, closing(Database(settings.db)) as target:
        copied = copy_all(source, target)
    if settings.json:
        print_json({"copied": copied})
    else:
        click.echo(f"copied {copied} rows")
