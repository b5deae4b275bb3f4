"""`pingback worker`."""

import logging
import signal
from contextlib import ExitStack
from threading import Event
from types import FrameType

from pingback.cli.options import log_to_stderr, subcommand
from pingback.errors import StoreError
from pingback.publishing import Publishing
from pingback.settings import Settings
from pingback.site import Site

EVERY = 5.0  # seconds between two looks at what is due
ROUND = 300.0  # seconds that one look may take

log = logging.getLogger(__name__)


@subcommand("worker", example="pingback worker --site https://blog.example")
def command(settings: Settings) -> None:
    """Send pings when they are due, and with --site verify received ones that are pending, until stopped.

    Any number of workers may share a database, with `publish`, `retry` and `serve` beside them.
    """
    if not settings.verbose:
        log_to_stderr(logging.INFO)
    stopped = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    with ExitStack() as stack:
        site = stack.enter_context(Site.from_settings(settings))
        publishing = Publishing(client=site.client, store=site.store, settings=settings, stopped=stopped)
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        log.info("working")
        try:
            while not stopped.is_set():
                try:
                    if settings.site:
                        site.start()
                    publishing.send_due(seconds=ROUND)  # the log tells of each
                except StoreError as error:  # locked, or full: it may be itself again
                    log.error("%s", error)
                stopped.wait(EVERY)
        except KeyboardInterrupt:  # who presses Ctrl-C waits for nobody; the database knows what was not finished
            stack.pop_all()
    log.info("stopped")
