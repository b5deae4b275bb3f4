"""What `serve` and `worker` share: the receiver, as the settings want it, and the options for it."""

from collections.abc import Callable

import click

from pingback.api import Receiver
from pingback.model import Protocol
from pingback.net.client import Client
from pingback.receive.existence import SiteTargets, everything_exists
from pingback.receive.observer import NOBODY, Observer
from pingback.settings import Settings

SETTINGS = (
    "site",
    "trackback",
    "check_targets",
    "self_pings",
    "reverify_after_days",
    "notify_mail",
    "notify_webhook",
    "log_format",
)
_OPTIONS = (
    click.option("--site", metavar="URL", multiple=True, help="Takes pings for all pages below. May be repeated."),
    click.option(
        "--trackback",
        type=click.Choice(["verified", "unverified"]),
        help="Unverified ones are kept as pending, with the sender's words. [default: verified]",
    ),
    click.option("--check-targets/--no-check-targets", default=None, help="Ask the site whether a target exists."),
    click.option("--self-pings/--no-self-pings", default=None, help="Take pings from the site's own pages."),
    click.option(
        "--log-format", type=click.Choice(["plain", "json"]), help="The log for people, or as JSON. [default: plain]"
    ),
    click.option("--notify-mail", metavar="ADDRESS", help="Send a mail of new mentions, one an hour at most."),
    click.option("--notify-webhook", metavar="URL", help="POST each new mention to this URL, as JSON."),
    click.option(
        "--reverify-after-days",
        metavar="DAYS",
        help="Look again at the sources of old mentions, a few a minute; 0 for never. [default: 30]",
    ),
)
_QUEUED = {"queued": tuple(Protocol), "inline": (), None: (Protocol.WEBMENTION,)}  # by the setting `verify`


def receiving_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say what is taken, for a `subcommand` that takes `SETTINGS`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def receiver_for(settings: Settings, client: Client, *, observer: Observer = NOBODY) -> Receiver:
    """The receiver that the settings ask for; it opens their database."""
    targets = SiteTargets(client) if settings.check_targets else None
    receiver = Receiver(
        site=settings.site,
        store=settings.db,
        client=client,
        target_exists=targets or everything_exists,
        self_pings=settings.self_pings,
        answer_within=settings.answer_within,
        queued=_QUEUED[settings.verify],
        verify_trackbacks=settings.trackback == "verified",
        observer=observer,
    )
    if targets is not None:
        targets.report_moves(receiver.store.moves.keep, site=settings.site)
    return receiver
