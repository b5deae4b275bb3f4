"""What the commands share: the options that all of them take, the exit codes, and the way they print."""

import errno
import logging
import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pingback.errors import BadStatus, FetchError, SettingsError, StoreError
from pingback.model import Protocol
from pingback.settings import Settings, load

if TYPE_CHECKING:
    from pingback.net.client import Client

NO = 1  # the answer is no
USAGE = 2  # among it, a database that cannot be used
UNREACHABLE = 3  # no page or endpoint was reached, or the guard refused it

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # for what is written

_COMMON = [
    click.option("--json", is_flag=True, default=None, help="Print JSON, and nothing else, to standard output."),
    click.option("--db", metavar="URL", help="The database. [default: sqlite:///pingback.db]"),
    click.option(
        "--allow-network",
        "allow_networks",
        metavar="CIDR",
        multiple=True,
        help="Exempt an address range from the address guard. May be repeated.",
    ),
    click.option("--timeout", metavar="SECONDS", help="For one HTTP exchange, redirects included. [default: 15]"),
    click.option("--ca-bundle", metavar="FILE", help="Certificates to trust instead of the usual ones."),
    click.option("-v", "--verbose", is_flag=True, default=None, help="Say on standard error what is done."),
]


def subcommand(
    name: str, *, example: str, takes: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], click.Command]:
    """A command that is given its `Settings` first. `takes` names those of its own options that are settings too."""

    def decorate(function: Callable[..., None]) -> click.Command:
        @wraps(function)
        def run(**given: Any) -> None:
            settings = _settings({option: given.pop(option) for option in (*_COMMON_NAMES, *takes)})
            log_to_stderr(logging.DEBUG if settings.verbose else logging.WARNING, as_json=settings.log_format == "json")
            try:
                function(settings, **given)
            except SettingsError as error:
                raise click.UsageError(str(error)) from None
            except StoreError as error:
                stop(USAGE, str(error))
            except OSError as error:
                if error.filename is not None or error.errno not in _NO_ROOM:
                    raise  # a closed pipe among them, at which click ends quietly, with 1
                _drop_output()
                stop(NO, f"standard output cannot be written: {error.strerror}")

        wrapped: Callable[..., None] = run
        for option in reversed(_COMMON):
            wrapped = option(wrapped)
        return click.command(name, epilog=f"Example: {example}")(wrapped)

    return decorate


_COMMON_NAMES = ("json", "db", "allow_networks", "timeout", "ca_bundle", "verbose")


def protocol_option(help_text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--protocol`, which gives a `Protocol`, or None for `auto` and where it is not given."""
    words = ["auto", *(each.value for each in Protocol)]

    def parsed(context: click.Context, option: click.Parameter, word: str | None) -> Protocol | None:
        return None if word in (None, "auto") else Protocol(word)

    return click.option("--protocol", type=click.Choice(words), callback=parsed, help=help_text)


def log_to_stderr(level: int, *, as_json: bool = False) -> None:
    """What this package logs from `level` on; of other packages, warnings. The first call chooses the form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(as_json))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("pingback").setLevel(level)


def _formatter(as_json: bool) -> logging.Formatter:
    if as_json:
        from pingback.cli.logs import JsonLines

        return JsonLines()
    return logging.Formatter("%(asctime)s %(levelname)s %(message)s")


def client_for(settings: Settings) -> "Client":
    """The guarded HTTP client, as the settings want it."""
    from pingback.net.client import Client, Limits

    try:
        return Client(
            limits=Limits(timeout=settings.timeout), allow=settings.allow_networks, ca_bundle=settings.ca_bundle
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None


def print_json(value: Mapping[str, object]) -> None:
    """One object on one line, in ASCII, which every terminal and pipe can carry."""
    click.echo(dumps(value))


def stop(code: int, reason: str | None = None) -> NoReturn:
    """End with an exit code, the reason on standard error."""
    if reason is not None:
        click.echo(f"pingback: {reason}", err=True)
    raise click.exceptions.Exit(code)


def exit_code_of(error: FetchError) -> int:
    """A page that answers with an error was reached, and its answer is no."""
    return NO if isinstance(error, BadStatus) else UNREACHABLE


def checked(value: str, check: Callable[[str], str]) -> str:
    """An argument that must be a URL; wrong usage where it is none."""
    try:
        return check(value)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _drop_output() -> None:
    """Let what could not be written go, or Python would try again at its end and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _settings(given: Mapping[str, object]) -> Settings:
    options = {name: value for name, value in given.items() if value not in (None, ())}
    try:
        return load(options, environ=os.environ, folder=Path())
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
