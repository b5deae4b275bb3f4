"""`pingback retry`."""

import click

import pingback
from pingback.cli.options import checked, client_for, stop, subcommand
from pingback.cli.report import Report
from pingback.model import OutcomeStatus
from pingback.settings import Settings
from pingback.urls import require_http


@subcommand("retry", example="pingback retry --status unsupported")
@click.option("--all", "everything", is_flag=True, help="Send now whatever was not accepted, final outcomes included.")
@click.option("--source", metavar="URL", help="Only the pings of this post.")
@click.option("--target", metavar="URL", help="Only the pings to this page.")
@click.option(
    "--status", type=click.Choice([each.value for each in OutcomeStatus]), help="Only the pings with this status."
)
def command(settings: Settings, everything: bool, source: str | None, target: str | None, status: str | None) -> None:
    """Send what is due: pings that failed before and whose time has come, those that a crash left behind, and those of
    posts that a program left to be published.

    With --source, --target or --status, what matches is sent now, as with --all.
    """
    for url in (source, target):
        if url is not None:
            checked(url, require_http)
    from pingback.publishing import Publishing  # parsers, and the database

    with pingback.Store(settings.db, create=False) as store, client_for(settings) as client:
        publishing = Publishing(client=client, store=store, settings=settings)
        report = Report(as_json=settings.json, strict=settings.strict, outbox=store.outbox)
        with report.running():
            ended = OutcomeStatus(status) if status else None
            if everything or source or target or ended:
                report.expect(store.outbox.pings(source=source, target=target, status=ended))
            else:
                report.expect_due()
            publishing.retry(
                everything=everything,
                source=source,
                target=target,
                status=ended,
                on_outcome=report.tell,
                on_taken=report.taken,
            )
    stop(report.exit_code)
