"""`pingback send`."""

import click

from pingback.cli.options import NO, UNREACHABLE, checked, client_for, print_json, protocol_option, stop, subcommand
from pingback.model import OutcomeStatus, Protocol, Words
from pingback.settings import Settings
from pingback.urls import require_http


@subcommand("send", example="pingback send https://blog.example/part-six https://other.example/part-five")
@click.argument("source")
@click.argument("target")
@protocol_option("Only by this protocol. [default: auto, the first one that the target takes]")
@click.option("--endpoint", metavar="URL", help="Tell this one, and do not look for one at TARGET. Needs --protocol.")
@click.option("--title", metavar="TEXT", help="What a TrackBack says. [default: the source's title]")
@click.option("--excerpt", metavar="TEXT", help="Likewise. [default: the words around the link]")
@click.option("--site-name", metavar="TEXT", help="Likewise. [default: what the source says]")
def command(
    settings: Settings,
    source: str,
    target: str,
    protocol: Protocol | None,
    endpoint: str | None,
    **given: str | None,
) -> None:
    """Find the endpoint of the page at TARGET and tell it that SOURCE links there."""
    checked(source, require_http)
    checked(target, require_http)
    if endpoint is not None:
        checked(endpoint, require_http)
        if protocol is None:
            raise click.UsageError("--endpoint needs --protocol: by which is it to be told?")
    from pingback.sending.ping import send  # parsers

    words = Words(**given) if any(given.values()) else None
    with client_for(settings) as client:
        outcome = send(source, target, client=client, protocol=protocol, endpoint=endpoint, words=words)
    if settings.json:
        print_json(outcome.as_json())
    else:
        click.echo(f"{outcome.status}: {outcome.message}")
    if outcome.status in (OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY):
        return
    unanswered = outcome.status is OutcomeStatus.FAILED and outcome.fault is None
    stop(UNREACHABLE if unanswered or outcome.status is OutcomeStatus.BLOCKED else NO)
