"""`pingback retry`."""

import pingback
from pingback.cli.options import client_for, stop, subcommand
from pingback.cli.report import Report
from pingback.settings import Settings


@subcommand("retry", example="pingback retry")
def command(settings: Settings) -> None:
    """Send what is due: pings that failed before and whose time has come, those that a crash left behind, and those of
    posts that a program left to be published."""
    from pingback.publishing import Publishing  # parsers, and the database

    with pingback.Store(settings.db, create=False) as store, client_for(settings) as client:
        publishing = Publishing(client=client, store=store, settings=settings)
        report = Report(as_json=settings.json, outbox=store.outbox)
        with report.running():
            report.expect_due()
            publishing.retry(on_outcome=report.tell, on_taken=report.taken)
    stop(report.exit_code)
