"""`pingback serve`."""

import logging
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import click

import pingback
from pingback.cli.options import log_to_stderr, subcommand
from pingback.settings import Settings

if TYPE_CHECKING:
    from pingback.store import Store

log = logging.getLogger(__name__)


@subcommand("serve", example="pingback serve --site https://blog.example --port 8000")
def command(settings: Settings) -> None:
    """Receive pings for the pages of a site, and send those of its own that are due.

    Pingback at /xmlrpc, Webmention at /webmention, TrackBack for /PATH at /trackback/PATH; liveness at /healthz,
    readiness at /readyz, metrics for Prometheus at /metrics. What was approved is shown at /mentions, at /api/… and by
    /widget.js. The owner looks through all of it at /inbox, once `pingback passwd` has set a password.
    """
    if not settings.site:
        raise click.UsageError("which site? give --site")
    if not settings.verbose:
        log_to_stderr(logging.INFO)
    with ExitStack() as stack:
        site = stack.enter_context(pingback.Site.from_settings(settings))
        came = site.serve(on_ready=partial(_ready, site.store))
        if came == signal.SIGINT:
            from pingback.server.run import HURRY  # a server, which is here by now

            _within(HURRY, stack.pop_all().close)
    log.info("stopped")


def _within(seconds: float, work: Callable[[], object]) -> None:
    """Leave it to the end of the process, should it take longer: nothing is lost that the database knows of."""
    working = threading.Thread(target=work, daemon=True)
    working.start()
    working.join(seconds)


def _ready(store: "Store", url: str) -> None:
    log.info("taking pings at %s/xmlrpc", url)
    log.info("taking Webmentions at %s/webmention", url)
    log.info("taking TrackBacks at %s/trackback/PATH, where PATH is the target's", url)
    log.info("the inbox is at %s/inbox", url)
    if store.secrets.login() is None:
        log.info("no password is set, so nobody can open the inbox: `pingback passwd` sets one in the same database")
