"""`pingback serve`."""

import logging

import click

from pingback.api import Receiver
from pingback.cli.options import client_for, log_to_stderr, subcommand
from pingback.model import Protocol
from pingback.receive.existence import SiteTargets, everything_exists
from pingback.server.run import serve
from pingback.server.wsgi import wsgi_app
from pingback.settings import Settings

log = logging.getLogger(__name__)

_OWN = ("site", "host", "port", "verify", "trackback", "answer_within", "check_targets", "self_pings")
_QUEUED = {"queued": tuple(Protocol), "inline": (), None: (Protocol.WEBMENTION,)}  # by the setting `verify`


@subcommand("serve", example="pingback serve --site https://blog.example --port 8000", takes=_OWN)
@click.option("--site", metavar="URL", multiple=True, help="Takes pings for all pages below. May be repeated.")
@click.option("--host", help="The address to listen at. [default: 127.0.0.1]")
@click.option("--port", metavar="N", help="The port; 0 for any that is free. [default: 8000]")
@click.option(
    "--verify",
    type=click.Choice(["inline", "queued"]),
    help="Before the answer or after. [default: inline, but Webmentions queued]",
)
@click.option(
    "--trackback",
    type=click.Choice(["verified", "unverified"]),
    help="Unverified ones are kept as pending, with the sender's words. [default: verified]",
)
@click.option("--answer-within", metavar="SECONDS", help="What takes longer is verified afterwards. [default: 2.5]")
@click.option("--check-targets/--no-check-targets", default=None, help="Ask the site whether a target exists.")
@click.option("--self-pings/--no-self-pings", default=None, help="Take pings from the site's own pages.")
def command(settings: Settings) -> None:
    """Receive pings for the pages of a site.

    Pingback at /xmlrpc, Webmention at /webmention, TrackBack for /PATH at /trackback/PATH; liveness at /healthz.
    """
    if not settings.site:
        raise click.UsageError("which site? give --site")
    if not settings.verbose:
        log_to_stderr(logging.INFO)
    with client_for(settings) as client:
        receiver = Receiver(
            site=settings.site,
            store=settings.db,
            client=client,
            target_exists=SiteTargets(client) if settings.check_targets else everything_exists,
            self_pings=settings.self_pings,
            answer_within=settings.answer_within,
            queued=_QUEUED[settings.verify],
            verify_trackbacks=settings.trackback == "verified",
        )
        with receiver:
            receiver.resume()
            serve(wsgi_app(receiver), host=settings.host, port=settings.port, on_ready=_ready)
    log.info("stopped")


def _ready(url: str) -> None:
    log.info("taking pings at %s/xmlrpc", url)
    log.info("taking Webmentions at %s/webmention", url)
    log.info("taking TrackBacks at %s/trackback/PATH, where PATH is the target's", url)
