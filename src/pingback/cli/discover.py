"""`pingback discover`."""

import click

from pingback.cli.options import NO, checked, client_for, exit_code_of, print_json, protocol_option, stop, subcommand
from pingback.errors import BadStatus, FetchError
from pingback.model import Protocol
from pingback.settings import Settings
from pingback.urls import require_http


@subcommand("discover", example="pingback discover https://blog.example/2026/part-five")
@click.argument("target")
@protocol_option("Only endpoints of this protocol.")
def command(settings: Settings, target: str, protocol: Protocol | None) -> None:
    """Print the endpoints that the page at TARGET advertises, the preferred one first."""
    checked(target, require_http)
    from pingback.protocols.table import EVERY
    from pingback.sending.discover import discover  # parsers

    try:
        with client_for(settings) as client:
            found = discover(target, client=client, wanted=EVERY if protocol is None else (protocol,))
    except FetchError as error:
        if settings.json:
            url = error.url if isinstance(error, BadStatus) else None
            print_json({"target": target, "url": url, "endpoints": []})
        stop(exit_code_of(error), str(error))
    if settings.json:
        print_json(found.as_json())
    else:
        for endpoint in found.endpoints:
            click.echo(f"{endpoint.protocol}: {endpoint.url} ({endpoint.via})")
    if not found.endpoints:
        stop(NO, f"{target} advertises no endpoint")
