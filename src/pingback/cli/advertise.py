"""`pingback advertise`."""

import click

import pingback
from pingback.cli.options import checked, print_json, subcommand
from pingback.settings import Settings
from pingback.urls import require_http


@subcommand("advertise", example="pingback advertise https://blog.example/part-five")
@click.argument("target")
@click.option("--title", metavar="TEXT", help="The page's title, for the TrackBack block.")
def command(settings: Settings, target: str, title: str | None) -> None:
    """Print what the page at TARGET must carry so that senders find the server: headers, <link> elements, RDF.

    Of headers and <link> elements one kind is enough; the RDF is for TrackBack, and may stand anywhere in the page.
    """
    for url in (target, settings.at):
        if url is not None:
            checked(url, require_http)
    try:
        found = pingback.advertise(target, at=settings.at, title=title)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if settings.json:
        print_json(found.as_json())
        return
    for name, value in found.headers.items():
        click.echo(f"{name}: {value}")
    click.echo(f"\n{found.html}\n\n{found.rdf}")
