"""`pingback doctor`."""

import click

from pingback.cli.options import NO, checked, client_for, exit_code_of, print_json, stop, subcommand
from pingback.errors import FetchError
from pingback.settings import Settings
from pingback.text import plain
from pingback.urls import require_http


@subcommand("doctor", example="pingback doctor https://blog.example/part-five")
@click.argument("url")
def command(settings: Settings, url: str) -> None:
    """Look at the page at URL and at its endpoints from outside, as a sender would, and say what is wrong.

    A few test pings are sent that any endpoint must refuse, for a source that does not exist.
    """
    checked(url, require_http)
    from pingback.doctor import CheckUp, examine  # parsers
    from pingback.protocols.linkback import Check

    try:
        with client_for(settings) as client:
            found = examine(url, client=client)
    except FetchError as error:
        if settings.json:
            unreached = Check(name="reachable", ok=False, message=str(error))
            print_json(CheckUp(url=url, checks=(unreached,)).as_json())
        stop(exit_code_of(error), str(error))
    if settings.json:
        print_json(found.as_json())
    else:
        for check in found.checks:
            click.echo(f"{'ok   ' if check.ok else 'WRONG'} {check.name}: {plain(check.message)}")
    if not found.ok:
        stop(NO)
