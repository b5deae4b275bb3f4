"""`pingback links`."""

from pathlib import Path

import click

from pingback.cli.options import client_for, exit_code_of, print_json, stop, subcommand
from pingback.errors import FetchError, SettingsError
from pingback.page.entry import outbound_links
from pingback.settings import Settings
from pingback.urls import is_absolute, is_http

MAX_FILE = 1024 * 1024  # bytes; of a page on the web no more is read either


@subcommand("links", example="pingback links build/part-six.html --base-url https://blog.example/part-six")
@click.argument("source")
@click.option("--base-url", metavar="URL", help="Where the file will be published; needed when SOURCE is a file.")
def command(settings: Settings, source: str, base_url: str | None) -> None:
    """Print the outbound links of the post at SOURCE, a URL or a file, that would be pinged."""
    if base_url is None and is_absolute(source):
        links = _of_page(settings, source)
    elif base_url is None:
        raise click.UsageError("a file needs --base-url, or SOURCE is not an absolute URL")
    elif not is_http(base_url):
        raise click.UsageError(f"{base_url!r} is not an absolute HTTP URL")
    else:
        links = _of_file(source, base_url)
    if settings.json:
        print_json({"source": base_url or source, "links": list(links)})
    else:
        for link in links:
            click.echo(link)


def _of_page(settings: Settings, source: str) -> tuple[str, ...]:
    try:
        with client_for(settings) as client, client.get(source) as response:
            response.require_success()
            return outbound_links(response.read(), url=response.url, content_type=response.content_type)
    except FetchError as error:
        if settings.json:
            print_json({"source": source, "links": []})
        stop(exit_code_of(error), str(error))


def _of_file(name: str, base_url: str) -> tuple[str, ...]:
    try:
        with Path(name).open("rb") as file:
            return outbound_links(file.read(MAX_FILE), url=base_url, content_type=None)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name} cannot be read: {error}") from None
