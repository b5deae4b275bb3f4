"""`pingback`: the list of commands. Nothing but click is loaded for it, and for a command only what it uses."""

import sys
from importlib import import_module

import click

from pingback.version import VERSION

_COMMANDS = {
    "discover": "Which endpoints does a page advertise?",
    "links": "Which of a post's links would be pinged?",
    "verify": "Does a source link to a target, and what does it say?",
    "send": "Discover an endpoint and send one ping.",
    "publish": "Send all pings of a post; run it again at any time.",
    "outbox": "List what was sent, and what is waiting.",
    "retry": "Send what is due for another try.",
    "serve": "Receive pings for a site.",
    "passwd": "Set the password of the inbox.",
    "token": "Make the token by which other machines publish.",
    "worker": "Send what is due and verify what is queued, until stopped.",
    "sweep": "Send again to workers what a broker lost.",
    "mentions": "List what was received.",
    "reread": "Read the sources of old mentions again.",
    "moderate": "Decide on what was received, or block hosts.",
    "prune": "Forget old spam, what was withdrawn, and what was sent long ago.",
    "db": "Upgrade the database, copy another one, or say its schema.",
    "advertise": "What must a page carry to be found by senders?",
    "doctor": "Is a site ready to be pinged? Look at it from outside.",
    "demo": "See it work: a small blog, eight posts, seven pings.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"pingback.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not ctx.resilient_parsing:
            from difflib import get_close_matches  # for this sentence only

            meant = "".join(f" Did you mean {name!r}?" for name in get_close_matches(args[0].lower(), _COMMANDS, n=1))
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="pingback")
def main() -> None:
    """Linkbacks: when one page links to another, the linked site should hear of it.

    \b
    Settings come from the command line, then from the environment
    (PINGBACK_DB, PINGBACK_TIMEOUT, ...), then from pingback.toml.

    Exit codes: 0 it worked; 1 the answer is no; 2 wrong usage, or a database that cannot be used;
    3 a page could not be reached, or the address guard refused it.
    """
    for stream in (sys.stdout, sys.stderr):  # a title in Japanese is no reason to fail on a Latin-1 terminal
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
