"""`pingback moderate`."""

from collections.abc import Iterable

import click

import pingback
from pingback.cli.mentions import line
from pingback.cli.options import NO, print_json, stop, subcommand
from pingback.model import MentionStatus
from pingback.receive.blocklist import block_of, blocks, host_of_block
from pingback.sanitized import with_safe_words
from pingback.settings import Settings

_DECISIONS = {"approve": MentionStatus.APPROVED, "spam": MentionStatus.SPAM, "delete": MentionStatus.DELETED}

WAITS = "\n  a running serve or worker looks for it"
WAITS_ON_ITS_WORD = f"{WAITS};\n  with --trackback unverified, it shows it at once, on the word of its sender"


@subcommand("moderate", example="pingback moderate approve 5 7")
@click.argument("action", type=click.Choice([*_DECISIONS, "block", "unblock", "blocks"]))
@click.argument("what", metavar="[ID|HOST]...", nargs=-1)
def command(settings: Settings, action: str, what: tuple[str, ...]) -> None:
    """Decide on mentions, or block whole hosts.

    \b
    approve, spam, delete ID...  decide on mentions, by the numbers that
                                 `pingback mentions` shows
    block, unblock HOST...       take no pings from a host and those below
                                 it; HOST/PATH is that page and all below
                                 it; * stands for any letters
    blocks                       list what is blocked

    What you decided stays so, whatever the source says when it pings again.
    What nobody has verified yet is verified before it is shown, by a running
    serve or worker.
    """
    if bool(what) == (action == "blocks"):
        raise click.UsageError(f"{action} takes {'nothing more' if what else 'at least one ID or HOST'}")
    try:
        ids = [int(number) for number in what] if action in _DECISIONS else []
    except ValueError as error:
        raise click.UsageError(f"an ID is a number: {error}") from None
    with pingback.Store(settings.db, create=False) as store:
        if action in _DECISIONS:
            with pingback.Site.from_settings(settings, store=store) as site:
                _decide(site, ids, _DECISIONS[action])
        elif action == "blocks":
            _tell_blocks(settings, store.blocks.all())
        else:
            _block(settings, store, what, action)


def _decide(site: "pingback.Site", ids: list[int], status: MentionStatus) -> None:
    from pingback.protocols.table import on_their_word

    decided = site.moderate(ids, status)
    for mention in decided:
        if site.settings.json:
            print_json(with_safe_words(mention).as_json())
        else:
            waits = WAITS_ON_ITS_WORD if mention.protocol in on_their_word() else WAITS
            click.echo(line(mention) + (waits if mention.wanted else ""))
    if unknown := sorted(set(ids) - {mention.id for mention in decided}):
        stop(NO, f"there is no mention {', '.join(map(str, unknown))}")


def _block(settings: Settings, store: "pingback.Store", what: Iterable[str], action: str) -> None:
    try:
        if action == "block":
            if ours := [pattern for pattern in what if any(blocks(block_of(pattern), site) for site in settings.site)]:
                stop(NO, f"nothing was blocked: your own site would be, by {', '.join(ours)}")
            named = list(map(block_of, what))
            for block in named:
                store.blocks.add(block, host=host_of_block(block))
            _tell_blocks(settings, named)
            return
        unknown = [pattern for pattern in what if not store.blocks.remove(block_of(pattern))]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if unknown:
        stop(NO, f"not blocked: {', '.join(unknown)}")


def _tell_blocks(settings: Settings, blocks: Iterable[str]) -> None:
    for block in blocks:
        if settings.json:
            print_json({"block": block})
        else:
            click.echo(block)
