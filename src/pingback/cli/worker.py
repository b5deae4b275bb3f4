"""`pingback worker`."""

import logging
import signal
from contextlib import ExitStack
from threading import Event
from types import FrameType

import pingback
from pingback.cli.options import log_to_stderr, subcommand
from pingback.settings import Settings

log = logging.getLogger(__name__)


@subcommand("worker", example="pingback worker --site https://blog.example")
def command(settings: Settings) -> None:
    """Send pings and publish posts when they are due, and with --site verify pending mentions, until stopped.

    Any number of workers may share a database, with `publish`, `retry` and `serve` beside them.
    """
    if not settings.verbose:
        log_to_stderr(logging.INFO)
    stopped = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    with ExitStack() as stack:
        store = stack.enter_context(pingback.Store(settings.db))  # now: one that cannot be used is nothing to wait for
        site = stack.enter_context(pingback.Site.from_settings(settings, store=store))
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        log.info("working")
        try:
            site.work(stopped)
        except KeyboardInterrupt:  # who presses Ctrl-C waits for nobody; the database knows what was not finished
            stack.pop_all()
    log.info("stopped")
