"""`pingback passwd`."""

import sys

import click

import pingback
from pingback.cli.options import USAGE, print_json, stop, subcommand
from pingback.server.inbox.passwords import MAX_LENGTH
from pingback.settings import Settings


@subcommand("passwd", example="pingback passwd --db sqlite:///pingback.db")
def command(settings: Settings) -> None:
    """Set or change the password of the inbox, the page at /inbox of the server.

    On a terminal you type it twice; otherwise the first line of standard input is taken. All sessions end. Anybody
    who was locked out after wrong passwords may try again. No device counts as known any more.
    """
    with pingback.Store(settings.db) as store, pingback.Site.from_settings(settings, store=store) as site:
        try:
            site.set_password(_password())
        except ValueError as error:
            stop(USAGE, str(error))
    if settings.json:
        print_json({"set": True})
    else:
        click.echo("The password is set.")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(MAX_LENGTH + 2).rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    return typed
