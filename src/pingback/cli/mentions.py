"""`pingback mentions`."""

import click

import pingback
from pingback.captions import line as caption_of
from pingback.cli.options import checked, print_json, subcommand
from pingback.model import Mention, MentionStatus
from pingback.sanitized import sanitized, with_safe_words
from pingback.settings import Settings
from pingback.urls import require_http


@subcommand("mentions", example="pingback mentions https://blog.example/part-five --status approved")
@click.argument("target", required=False)
@click.option(
    "--status", type=click.Choice([each.value for each in MentionStatus]), help="Only those with this status."
)
def command(settings: Settings, target: str | None, status: str | None) -> None:
    """List what was received, all of it or the mentions of TARGET, in order of arrival."""
    if target is not None:
        checked(target, require_http)
    with pingback.Store(settings.db, create=False) as store:
        for mention in store.mentions.list(target=target, status=MentionStatus(status) if status else None):
            if settings.json:
                print_json(with_safe_words(mention).as_json())
            else:
                click.echo(line(mention))


def line(mention: Mention) -> str:
    """A mention for a person, on two lines, and a third one where it waits."""
    shown = sanitized(mention)
    head = f"{shown.id} {shown.status} {shown.received:%Y-%m-%d %H:%M} {caption_of(shown)}"
    waits = f"\n  waits: {shown.reason}" if shown.reason else ""
    return f"{head}\n  {shown.source} -> {shown.target}{waits}"
