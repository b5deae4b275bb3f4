"""What `serve` and `worker` share: the options that say what is taken."""

from collections.abc import Callable

import click

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


def receiving_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say what is taken, for a `subcommand` that takes `SETTINGS`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
