"""`pingback discover`."""

import click

from pingback.cli.options import NO, checked, client_for, exit_code_of, print_json, stop, subcommand
from pingback.errors import BadStatus, FetchError
from pingback.model import Discovery, Protocol
from pingback.sending.discover import discover
from pingback.settings import Settings
from pingback.urls import require_absolute


@subcommand("discover", example="pingback discover https://blog.example/2026/part-five")
@click.argument("target")
@click.option(
    "--protocol", type=click.Choice([each.value for each in Protocol]), help="Only endpoints of this protocol."
)
def command(settings: Settings, target: str, protocol: str | None) -> None:
    """Print the endpoints that the page at TARGET advertises, the preferred one first."""
    checked(target, require_absolute)
    try:
        with client_for(settings) as client:
            found = discover(target, client=client)
    except FetchError as error:
        if settings.json:
            url = error.url if isinstance(error, BadStatus) else None
            print_json({"target": target, "url": url, "endpoints": []})
        stop(exit_code_of(error), str(error))
    endpoints = tuple(endpoint for endpoint in found.endpoints if protocol in (None, endpoint.protocol))
    if settings.json:
        print_json(Discovery(target=target, url=found.url, endpoints=endpoints).as_json())
    else:
        for endpoint in endpoints:
            click.echo(f"{endpoint.protocol}: {endpoint.url} ({endpoint.via})")
    if not endpoints:
        stop(NO, f"{target} advertises no endpoint")
