"""`pingback links`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pingback.cli.options import NO, checked, client_for, exit_code_of, print_json, stop, subcommand
from pingback.errors import FetchError, NoMatch, SettingsError, unreadable
from pingback.settings import Settings
from pingback.text import plain
from pingback.urls import is_http, require_http

if TYPE_CHECKING:
    from pingback.page.entry import Post

MAX_FILE = 1024 * 1024  # bytes; of a page on the web no more is read either


@subcommand("links", example="pingback links build/part-six.html --base-url https://blog.example/part-six")
@click.argument("source")
@click.option("--base-url", metavar="URL", help="Where the file will be published; needed when SOURCE is a file.")
def command(settings: Settings, source: str, base_url: str | None) -> None:
    """Print the outbound links of the post at SOURCE, a URL or a file, that would be pinged."""
    if base_url is None:
        checked(source, require_http, file="--base-url, the URL at which it will be published")
        post = _of_page(settings, source)
    elif is_http(source):
        raise click.UsageError("--base-url is for a file, and SOURCE is a URL")
    else:
        post = _of_file(source, checked(base_url, require_http), settings)
    links = [link.target for link in post.links]
    if settings.json:
        print_json({"source": base_url or source, "links": links})
    else:
        for link in links:
            click.echo(link)
    if post.unmatched is not None:
        stop(NO, str(NoMatch(base_url or source, post.unmatched)))
    if post.left_out:
        click.echo(f"pingback: {post.left_out} more links are left out, a post pings {len(links)} at most", err=True)
    if post.nofollow:
        click.echo(
            f"pingback: links with rel=nofollow that are left out: {post.nofollow}; --nofollow takes them", err=True
        )
    if post.why is not None:
        click.echo(f"pingback: of a site or sitemap, nothing is sent for this page: {plain(post.why)}", err=True)


def _of_page(settings: Settings, source: str) -> "Post":
    try:
        with client_for(settings) as client, client.get(source) as response:
            response.require_success()
            return _read(response.read(), response.url, response.content_type, settings)
    except FetchError as error:
        if settings.json:
            print_json({"source": source, "links": []})
        stop(exit_code_of(error), str(error))


def _of_file(name: str, base_url: str, settings: Settings) -> "Post":
    try:
        with Path(name).open("rb") as file:
            page = file.read(MAX_FILE)
    except (OSError, ValueError) as error:
        raise SettingsError(unreadable(name, error)) from None
    return _read(page, base_url, None, settings)


def _read(page: bytes, url: str, content_type: str | None, settings: Settings) -> "Post":
    from pingback.page.entry import read_post  # a parser

    try:
        return read_post(
            page, url=url, content_type=content_type, selector=settings.selector, nofollow=settings.nofollow
        )
    except ValueError as error:  # the selector's: the URL is known to be one
        raise click.UsageError(str(error)) from None
