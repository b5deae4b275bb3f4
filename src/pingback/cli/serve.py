"""`pingback serve`."""

import logging
from contextlib import ExitStack

import click

from pingback.cli.options import client_for, log_to_stderr, subcommand
from pingback.cli.receiving import SETTINGS, receiving_options
from pingback.receive.observer import NOBODY, Observer
from pingback.server.forwarded import Forwarded
from pingback.server.run import serve
from pingback.server.wsgi import wsgi_app
from pingback.settings import Settings
from pingback.site import SiteReceiver

log = logging.getLogger(__name__)


@subcommand(
    "serve",
    example="pingback serve --site https://blog.example --port 8000",
    takes=(*SETTINGS, "host", "port", "verify", "answer_within", "rate", "trusted_proxies", "metrics"),
)
@receiving_options
@click.option("--host", help="The address to listen at. [default: 127.0.0.1]")
@click.option("--port", metavar="N", help="The port; 0 for any that is free. [default: 8000]")
@click.option(
    "--verify",
    type=click.Choice(["inline", "queued"]),
    help="Before the answer or after. [default: inline, but Webmentions queued]",
)
@click.option("--answer-within", metavar="SECONDS", help="What takes longer is verified afterwards. [default: 2.5]")
@click.option(
    "--rate",
    metavar="N/minute",
    help="How often one sender may ping; 'off' for no limit. [default: 60/minute; 300/hour]",
)
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    metavar="CIDR",
    multiple=True,
    help="A proxy before us, whose X-Forwarded-For, -Proto and -Host are believed. May be repeated.",
)
@click.option("--metrics/--no-metrics", default=None, help="Count and time, and answer at /metrics. [default: yes]")
def command(settings: Settings) -> None:
    """Receive pings for the pages of a site.

    Pingback at /xmlrpc, Webmention at /webmention, TrackBack for /PATH at /trackback/PATH; liveness at /healthz,
    readiness at /readyz, metrics for Prometheus at /metrics. What was approved is shown at /mentions, at /api/… and by
    /widget.js. The owner looks through all of it at /inbox, once `pingback passwd` has set a password.
    """
    if not settings.site:
        raise click.UsageError("which site? give --site")
    if not settings.verbose:
        log_to_stderr(logging.INFO)
    with ExitStack() as stack:
        client = stack.enter_context(client_for(settings))
        receiver = stack.enter_context(SiteReceiver(settings, client=client, observer=_observer(settings)))
        receiver.resume()
        app = Forwarded(wsgi_app(receiver), settings.trusted_proxies)
        serve(
            app,
            host=settings.host,
            port=settings.port,
            trusted_proxies=settings.trusted_proxies,
            on_ready=_ready,
        )
    log.info("stopped")


def _observer(settings: Settings) -> Observer:
    if not settings.metrics:
        return NOBODY
    from pingback.server.metrics import Metrics

    return Metrics()


def _ready(url: str) -> None:
    log.info("taking pings at %s/xmlrpc", url)
    log.info("taking Webmentions at %s/webmention", url)
    log.info("taking TrackBacks at %s/trackback/PATH, where PATH is the target's", url)
