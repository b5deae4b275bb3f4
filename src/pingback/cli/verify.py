"""`pingback verify`."""

import click

from pingback.cli.options import NO, checked, client_for, exit_code_of, print_json, protocol_option, stop, subcommand
from pingback.errors import FetchError
from pingback.model import MentionKind, Protocol, Verification, iso
from pingback.settings import Settings
from pingback.urls import host_of, require_http


@subcommand("verify", example="pingback verify https://other.example/six https://blog.example/five")
@click.argument("source")
@click.argument("target")
@protocol_option(
    "As a receiver of it does: for webmention, plain text and JSON can link as well. Default: any of them."
)
def command(settings: Settings, source: str, target: str, protocol: Protocol | None) -> None:
    """Say whether the page at SOURCE links to TARGET, and what it says of itself."""
    checked(source, require_http)
    checked(target, require_http)
    from pingback.receive.verify import verify  # parsers

    try:
        with client_for(settings) as client:
            found = verify(source, target, client=client, protocol=protocol, relays=settings.relays)
    except FetchError as error:
        if settings.json:
            print_json(Verification(source=source, target=target, linked=False, reason=str(error)).as_json())
        stop(exit_code_of(error), str(error))
    if settings.json:
        print_json(found.as_json())
    elif found.linked:
        click.echo(f"{source} links to {target}")
        for label, value in _words(found).items():
            if value:
                click.echo(f"{label}: {value}")
    if not found.linked:
        stop(NO, found.reason)


def _words(found: Verification) -> dict[str, str | None]:
    author, content = found.author, found.content
    elsewhere = f"{found.original} via {host_of(found.source)}" if found.original else None
    return {
        "title": found.title,
        "excerpt": None if content else found.excerpt,
        "site": found.site_name,
        "author": (author.name or author.url) if author else None,
        "published": found.published_as or iso(found.published),
        "kind": None if found.kind is MentionKind.MENTION else found.kind,
        "answer": found.rsvp,
        "url": found.permalink or elsewhere,
        "content": content.text if content else None,
    }
