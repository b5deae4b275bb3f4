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

from pingback.errors import BadStatus, BrokerError, FetchError, NoMatch, NotGone, SettingsError, StoreError
from pingback.settings import GENERAL, GROUPS, TABLE, Settings, load
from pingback.table import AUTO, NO_WORDS, PROTOCOL, Setting
from pingback.urls import did_you_mean
from pingback.work import ALL_MISSING

if TYPE_CHECKING:
    from pingback.net.client import Client

NO = 1  # the answer is no
USAGE = 2  # among it, a database that cannot be used
UNREACHABLE = 3  # no page or endpoint was reached, or the guard refused it

_OWN = "Options"
_NO_OPTIONS = "In pingback.toml or the environment only"
_HEADINGS = [_OWN, *(group.title for group in GROUPS if group != GENERAL), _NO_OPTIONS, GENERAL.title]
_LONGEST_TERM = 28  # characters of an option, beside which its help still begins
_NO_BREAK = "\xa0"

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # for what is written


class SettingOption(click.Option):
    """The option of a setting. Where it is not given, the environment, the file or the default holds."""

    def __init__(self, line: Setting) -> None:
        self.line = line
        flags = (line.flag or "").split(", ")
        if line.is_switch:  # it can always be turned off as well, as the file may have turned it on
            flags[-1] += f"/--no-{flags[-1].removeprefix('--')}"
        super().__init__(
            [*flags, line.name],
            default=None,
            multiple=line.several,
            metavar=None if line.is_switch else line.kind.metavar,
            type=None if line.kind.words is NO_WORDS else _Words(line.kind.words),
        )

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        sentences = [self.line.help]
        if self.line.several:
            sentences.append("May be repeated.")
        if self.line.default_text and self.line.default is not False:
            sentences.append(f"[default:{_NO_BREAK}{self.line.default_text}]")
        return self.line.label, " ".join(sentences)


class Command(click.Command):
    """Its help begins with its own options; then come settings under their headings, and those of all commands last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {title: [] for title in _HEADINGS}
        for option in self.get_params(ctx):
            if isinstance(option, click.Option) and (record := option.get_help_record(ctx)):
                sections[_heading(option)].append(record)
        grouped = [title for title in _HEADINGS[1:-2] if sections[title]]
        if len(grouped) == 1:  # no heading for itself
            sections[_OWN] += sections.pop(grouped[0])
        sections[_NO_OPTIONS] = [
            (line.key, line.help) for line in TABLE.values() if line.flag is None and self.name in line.commands
        ]
        width = max(len(term) for records in sections.values() for term, _ in records if len(term) <= _LONGEST_TERM)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl([(term.ljust(width), said) for term, said in records], col_max=width)
        formatter.buffer[:] = [written.replace(_NO_BREAK, " ") for written in formatter.buffer]


def _heading(option: click.Option) -> str:
    if isinstance(option, SettingOption):
        return option.line.group.title
    return GENERAL.title if "--help" in option.opts else _OWN


def subcommand(name: str, *, example: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command that is given its `Settings` first, and has an option for each that it takes.

    Where it has an argument `sources`, these are posts.
    """
    lines = [line for line in TABLE.values() if name in line.commands and line.flag is not None]

    def decorate(function: Callable[..., None]) -> click.Command:
        @wraps(function)
        def run(**given: Any) -> None:
            options = {line.name: given.pop(line.name) for line in lines}
            settings = _settings(name, options, posts_named=_names_posts(given))
            log_to_stderr(logging.DEBUG if settings.verbose else logging.WARNING, as_json=settings.log_format == "json")
            try:
                function(settings, **given)
            except SettingsError as error:
                raise click.UsageError(str(error)) from None
            except (StoreError, BrokerError) as error:
                stop(USAGE, str(error))
            except OSError as error:
                if error.filename is not None or error.errno not in _NO_ROOM:
                    raise  # a closed pipe among them, at which click ends quietly, with 1
                _drop_output()
                stop(NO, f"standard output cannot be written: {error.strerror}")

        # The names are the group's, too; but a command keeps the first that it hears of, from whichever context.
        names = {"help_option_names": ["-h", "--help"]}
        command = click.command(name, cls=Command, epilog=f"Example: {example}", context_settings=names)(run)
        command.params += [SettingOption(line) for line in lines]
        return command

    return decorate


def _names_posts(given: Mapping[str, Any]) -> bool:
    return bool(given.get("sources") or set(given.get("gone", ())) - {ALL_MISSING})


def protocol_option(help_text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--protocol`, which gives a `Protocol`, or None for `auto` and where it is not given."""

    def parsed(context: click.Context, option: click.Parameter, word: str | None) -> object:
        return PROTOCOL.parse(word or AUTO)

    return click.option("--protocol", type=_Words(PROTOCOL.words), callback=parsed, help=help_text)


class _Words(click.Choice[str]):
    """One of the words that a kind of values has when the command is run."""

    def __init__(self, words: Callable[[], tuple[str, ...]]) -> None:
        super().__init__(())
        self._words = words

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return click.Choice(self._words()).get_metavar(param, ctx)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return click.Choice(self._words()).convert(value, param, ctx)


def log_to_stderr(level: int, *, as_json: bool = False) -> None:
    """What this package logs from `level` on; of other packages, warnings. The first call chooses the form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    if as_json:
        from pingback.cli.logs import JsonLines

        handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("pingback").setLevel(level)


def client_for(settings: Settings) -> "Client":
    """The guarded HTTP client, as the settings want it; it is loaded where it is wanted only."""
    from pingback.net.client import client_for

    return client_for(settings)


def print_json(value: Mapping[str, object]) -> None:
    """One object on one line, in ASCII, which every terminal and pipe can carry."""
    click.echo(dumps(value))


def stop(code: int, reason: str | None = None) -> NoReturn:
    """End with an exit code, the reason on standard error."""
    if reason is not None:
        click.echo(f"pingback: {reason}", err=True)
    raise click.exceptions.Exit(code)


def exit_code_of(error: FetchError) -> int:
    """A page that answers with an error was reached, and its answer is no; so is that of one without a post."""
    return NO if isinstance(error, BadStatus | NoMatch | NotGone) else UNREACHABLE


def checked(value: str, check: Callable[[str], str], *, file: str = "", folder: str = "") -> str:
    """An argument that must be a URL; wrong usage where it is none. What to give for a `file` or a `folder` instead."""
    try:
        return check(value)
    except ValueError as error:
        trouble = str(error)
        if os.path.exists(value):
            kind, instead = ("folder", folder) if os.path.isdir(value) else ("file", file)
            trouble = f"{value!r} is a {kind}, not a URL{instead and f': give {instead}'}"
        elif file and "://" not in value and not did_you_mean(value):
            trouble = f"{value!r} is neither an absolute HTTP URL nor a file that is there"
        raise click.UsageError(trouble) from None


def _drop_output() -> None:
    """Let what could not be written go, or Python would try again at its end and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _settings(command: str, given: Mapping[str, object], *, posts_named: bool) -> Settings:
    options = {name: value for name, value in given.items() if value not in (None, ())}
    try:
        return load(options, environ=os.environ, folder=Path(), command=command, posts_named=posts_named)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
