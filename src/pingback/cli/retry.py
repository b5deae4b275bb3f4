"""`pingback retry`."""

from datetime import timedelta

from pingback.cli.options import client_for, stop, subcommand
from pingback.cli.report import Report
from pingback.clock import now
from pingback.sending.courier import Courier
from pingback.settings import Settings
from pingback.store import Store


@subcommand("retry", example="pingback retry")
def command(settings: Settings) -> None:
    """Send what is due: pings that failed before and whose time has come, and those that a crash left behind."""
    report = Report(as_json=settings.json)
    with Store(settings.db, create=False) as store, client_for(settings) as client, report.running():
        report.expect(ping.target for ping in store.outbox.pings(due_before=now()))
        courier = Courier(client=client, outbox=store.outbox)
        courier.deliver(report.tell, patience=timedelta(seconds=settings.wait))
    stop(report.exit_code)
