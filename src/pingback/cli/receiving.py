"""What `serve` and `worker` share: the receiver, as the settings want it, and the options for it."""

from collections.abc import Callable

import click

from pingback.api import Receiver
from pingback.model import Protocol
from pingback.net.client import Client
from pingback.receive.existence import SiteTargets, everything_exists
from pingback.settings import OFF, Settings

SETTINGS = ("site", "trackback", "check_targets", "self_pings", "source_rate")
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
        "--source-rate",
        metavar="N/minute",
        help="How often the host of a source is asked at most; 'off' for no limit. [default: 10/minute]",
    ),
)
_QUEUED = {"queued": tuple(Protocol), "inline": (), None: (Protocol.WEBMENTION,)}  # by the setting `verify`


def receiving_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say what is taken, for a `subcommand` that takes `SETTINGS`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def receiver_for(settings: Settings, client: Client) -> Receiver:
    """The receiver that the settings ask for; it opens their database."""
    return Receiver(
        site=settings.site,
        store=settings.db,
        client=client,
        target_exists=SiteTargets(client) if settings.check_targets else everything_exists,
        self_pings=settings.self_pings,
        answer_within=settings.answer_within,
        queued=_QUEUED[settings.verify],
        verify_trackbacks=settings.trackback == "verified",
        rate=_rate(settings.rate),
        source_rate=_rate(settings.source_rate),
    )


def _rate(setting: str) -> str | None:
    return None if setting == OFF else setting
