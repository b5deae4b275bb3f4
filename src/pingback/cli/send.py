"""`pingback send`."""

import click

from pingback.cli.options import NO, UNREACHABLE, checked, client_for, print_json, stop, subcommand
from pingback.model import Outcome, OutcomeStatus, Protocol
from pingback.sending.ping import send
from pingback.settings import Settings
from pingback.urls import require_absolute, require_http


@subcommand("send", example="pingback send https://blog.example/part-six https://other.example/part-five")
@click.argument("source")
@click.argument("target")
@click.option("--protocol", type=click.Choice([each.value for each in Protocol]), help="Only by this protocol.")
def command(settings: Settings, source: str, target: str, protocol: str | None) -> None:
    """Find the endpoint of the page at TARGET and tell it that SOURCE links there."""
    checked(source, require_http)
    checked(target, require_absolute)
    with client_for(settings) as client:
        outcome = send(source, target, client=client, protocol=Protocol(protocol) if protocol else None)
    if settings.json:
        print_json(outcome.as_json())
    else:
        click.echo(f"{outcome.status}: {outcome.message}")
    stop(_exit_code(outcome))


def _exit_code(outcome: Outcome) -> int:
    if outcome.status in (OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY):
        return 0
    unanswered = outcome.status is OutcomeStatus.FAILED and outcome.fault is None
    return UNREACHABLE if unanswered or outcome.status is OutcomeStatus.BLOCKED else NO
