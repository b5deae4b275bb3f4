"""`pingback outbox`."""

import click

import pingback
from pingback.cli.options import checked, print_json, subcommand
from pingback.model import OutcomeStatus, iso
from pingback.settings import Settings
from pingback.text import plain
from pingback.urls import require_http
from pingback.work import Attempt, QueuedPing


@subcommand("outbox", example="pingback outbox --status failed --why")
@click.option(
    "--status", type=click.Choice([each.value for each in OutcomeStatus]), help="Only those with this status."
)
@click.option("--source", metavar="URL", help="Only those of this post.")
@click.option("--target", metavar="URL", help="Only those to this page.")
@click.option("--why", is_flag=True, help="With every attempt, and the exchange that failed.")
def command(settings: Settings, status: str | None, source: str | None, target: str | None, why: bool) -> None:
    """List what was sent or is waiting to be sent, in the order in which it was planned."""
    for url in (source, target):
        if url is not None:
            checked(url, require_http)
    with pingback.Store(settings.db, create=False) as store:
        found = store.outbox.pings(status=OutcomeStatus(status) if status else None, source=source, target=target)
        for ping in found:
            attempts = store.outbox.attempts(ping) if why else []
            if settings.json:
                more = {"why": [_as_json(attempt) for attempt in attempts]} if why else {}
                print_json(ping.as_outcome().as_json() | more)
            else:
                click.echo(_line(ping))
                for attempt in attempts:
                    click.echo(_lines(attempt))


def _as_json(attempt: Attempt) -> dict[str, object]:
    return {
        "at": iso(attempt.at),
        "status": attempt.status,
        "protocol": attempt.protocol,
        "endpoint": attempt.endpoint,
        "fault": attempt.fault,
        "message": attempt.message,
        "seconds": round(attempt.seconds, 3),
        "exchange": attempt.exchange,
    }


def _line(ping: QueuedPing) -> str:
    next_try = f", next try {ping.next_try:%Y-%m-%d %H:%M}" if ping.next_try else ""
    stands = ping.as_outcome()
    head = f"{ping.id} {stands.status} {ping.protocol or '–'} {ping.source} -> {ping.target}"
    return f"{plain(head)}\n  {plain(stands.message)}{next_try}"


def _lines(attempt: Attempt) -> str:
    head = f"  {attempt.at:%Y-%m-%d %H:%M:%S} {attempt.status} after {attempt.seconds:.1f} s: {plain(attempt.message)}"
    exchange = (attempt.exchange or "").splitlines()
    return "\n".join([head, *(f"    | {plain(line)}" for line in exchange)])
