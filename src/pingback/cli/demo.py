"""`pingback demo`."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from pingback.cli.options import NO, client_for, exit_code_of, print_json, stop, subcommand
from pingback.errors import FetchError
from pingback.model import OutcomeStatus
from pingback.settings import Settings

if TYPE_CHECKING:
    from pingback.demo import Demo


@subcommand("demo", example="pingback demo --once")
@click.option("--once", is_flag=True, help="Do not wait for Ctrl-C.")
@click.option("--port", metavar="N", type=click.IntRange(0, 65535), default=0, help="The blog's port. [default: any]")
def command(settings: Settings, once: bool, port: int) -> None:
    """Serve a small blog on loopback whose posts ping one another; show what part five got to know.

    Uses no network. What it keeps is gone when it ends, unless --db says where to keep it.
    """
    from pingback.demo import running  # the server, and all that it uses

    interrupted = nullcontext() if once else suppress(KeyboardInterrupt)
    with _sigterm_ends(), interrupted, TemporaryDirectory(prefix="pingback-demo-") as folder:
        # Made-up mentions have no place in the database that serves this user's site.
        given = click.get_current_context().get_parameter_source("db") is ParameterSource.COMMANDLINE
        db = settings.db if given else f"sqlite:///{folder}/demo.db"
        loopback = replace(settings, allow_networks=(*settings.allow_networks, "127.0.0.0/8"))
        with client_for(loopback) as client, running(db=db, client=client, port=port) as demo:
            worked = _tell(demo)
            _show(demo, as_json=settings.json)
            if not worked:
                stop(NO, "not every ping was accepted")
            if once:
                click.echo("To look at the page, run this without --once.", err=settings.json)
                return
            click.echo(f"The page: {demo.five}", err=settings.json)
            click.echo("Ctrl-C ends it.", err=True)
            threading.Event().wait()


@contextmanager
def _sigterm_ends() -> Iterator[None]:
    """SIGTERM ends what is inside, so that it tidies up after itself."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(demo: "Demo") -> bool:
    """True when every ping was accepted."""
    worked = True
    try:
        for outcome in demo.tell():
            worked = worked and outcome.status in (OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY)
            if sys.stderr.isatty():
                click.echo(f"{outcome.source} -> {outcome.target}: {outcome.status}", err=True)
    except FetchError as error:
        stop(exit_code_of(error), str(error))
    return worked


def _show(demo: "Demo", *, as_json: bool) -> None:
    from pingback.captions import line
    from pingback.demo import FIVE, SERIES, thoughts_on

    mentions = demo.mentions()
    if as_json:
        for mention in mentions:
            print_json(mention.as_json())
    else:
        click.echo(f"\n{thoughts_on(SERIES[FIVE], len(mentions))}\n")
        for mention in mentions:
            click.echo(f"  {line(mention)}")
        click.echo()
