"""What `serve` and `worker` share: the receiver, as the settings want it, and the options for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import click

from pingback.api import Receiver
from pingback.cli.moderating import akismet_for, decide_for, taught
from pingback.errors import SettingsError
from pingback.model import Protocol
from pingback.net.client import Client
from pingback.receive.existence import SiteTargets, everything_exists
from pingback.receive.observer import NOBODY, Observer
from pingback.settings import OFF, Settings
from pingback.store import Store

SETTINGS = (
    "site",
    "trackback",
    "check_targets",
    "self_pings",
    "source_rate",
    "approve",
    "block",
    "close_after",
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
        "--approve",
        type=click.Choice(["known", "all"]),
        help="Known: the first mention by anybody new waits for you. [default: known]",
    ),
    click.option("--block", metavar="HOST", multiple=True, help="Take no pings from this host. May be repeated."),
    click.option("--close-after", metavar="DAYS", help="Take no pings for pages that were published longer ago."),
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


@contextmanager
def receiver_for(settings: Settings, client: Client, *, observer: Observer = NOBODY) -> Iterator[Receiver]:
    """The receiver that the settings ask for, with their database open within."""
    akismet = akismet_for(settings, client)
    with (
        Store(settings.db) as store,
        taught(akismet, store),
        Receiver(
            site=settings.site,
            store=store,
            client=client,
            target_exists=_targets_for(settings, client, store),
            decide=decide_for(settings, store, akismet),
            block=settings.block,
            self_pings=settings.self_pings,
            answer_within=settings.answer_within,
            queued=_QUEUED[settings.verify],
            verify_trackbacks=settings.trackback == "verified",
            observer=observer,
            rate=_given(settings.rate),
            source_rate=_given(settings.source_rate),
        ) as receiver,
    ):
        yield receiver


def _targets_for(settings: Settings, client: Client, store: Store) -> Callable[[str], bool]:
    if settings.check_targets:
        close_after = None if settings.close_after is None else timedelta(days=settings.close_after)
        targets = SiteTargets(client, close_after=close_after)
        targets.report_moves(store.moves.keep, site=settings.site)
        return targets
    if settings.close_after is not None:
        raise SettingsError("close_after: the date of a target is on its page; it cannot be without check_targets")
    return everything_exists


def _given(setting: str) -> str | None:
    return None if setting == OFF else setting
