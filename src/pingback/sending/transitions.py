"""What becomes of a ping in the outbox when its post changes, and when it was tried.

By some protocols all earlier pings are sent again when the post changed, also where the link is no longer in it, and
when the post is gone; by others a second ping of a pair says nothing, and is refused for it. `retelling` says which.
The outbox keeps what these functions give: it knows no protocol.
"""

from collections.abc import Container
from dataclasses import replace
from datetime import datetime

from pingback.model import WAITING, Outcome, OutcomeStatus
from pingback.work import Link, QueuedPing, Retelling

UNLINKED = "the post no longer links to it"

_YES = frozenset({OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY})
_UNTOLD = frozenset({OutcomeStatus.WAITING, OutcomeStatus.FAILED})
_UNHEARD = frozenset({OutcomeStatus.BLOCKED, OutcomeStatus.SKIPPED})
_FINAL_NO = frozenset(OutcomeStatus) - _YES - _UNTOLD


def planned(
    ping: QueuedPing,
    link: Link | None,
    *,
    source: str,
    now: datetime,
    retelling: Retelling,
    stale: Container[str] = (),
    once_more: bool = False,
    backfill: bool = False,
) -> QueuedPing:
    """The ping of a link as the post has it now, or has it no longer; the same object where that is no news.

    One that our own guard blocked is due again: nobody heard of it, and another run may allow it. So is one to a target
    that takes no pings yet, where it is `stale` what that is known for, and with `backfill` one that was taken as told.
    `once_more`: all that the post links to is.
    """
    if link is None:
        return _without_link(replace(ping, linked=False), now, retelling) if ping.linked else ping
    if is_taken_as_told(ping) and not (backfill or once_more):
        return ping if ping.fingerprint == link.fingerprint else replace(ping, fingerprint=link.fingerprint)
    if ping.linked and ping.fingerprint == link.fingerprint and ping.status not in _UNHEARD:
        if once_more:
            return _due(ping, now)
        return _asked(ping, now) if ping.aging_since is not None and ping.target in stale else ping
    known = replace(ping, source=source, target=link.target, fingerprint=link.fingerprint, linked=True)
    if ping.linked and _is_told_once(ping, retelling) and not once_more:
        return known
    return _due(known, now)


def is_taken_as_told(ping: QueuedPing) -> bool:
    """Nobody was told of the link, and nobody is to be: its post was there before its site was first published."""
    return ping.linked and ping.status is OutcomeStatus.SKIPPED


def again(ping: QueuedPing, *, now: datetime, retelling: Retelling) -> QueuedPing:
    """The ping as somebody wants it to be sent once more: due at once; the same object where there is nothing to tell.

    What the far side took is not sent again, nor what is taken as told, nor what the post does not link to and nobody
    has heard of.
    """
    if ping.status in _YES or is_taken_as_told(ping) or not (ping.linked or ping.told_by in retelling.removals):
        return ping
    return _due(ping, now)


def tried(
    ping: QueuedPing,
    is_ours: bool,
    *,
    sent: QueuedPing,
    outcome: Outcome,
    at: datetime,
    next_try: datetime | None,
    retelling: Retelling,
    aging_since: datetime | None = None,
) -> QueuedPing:
    """The ping after a try of it as it was `sent`. Since then the post may have changed, and somebody else may have
    leased the job: then it is not `ours` any more.

    ValueError for a yes that names no protocol: it decides who hears of changes.
    """
    yes = outcome.status in _YES
    if yes and outcome.protocol is None:
        raise ValueError(f"{outcome.status}, but by which protocol?")
    attempts = ping.attempts + outcome.attempts
    if not yes and not is_ours:  # another goes on with it, and knows better by now
        return replace(ping, attempts=attempts)
    after = replace(
        ping,
        status=outcome.status,
        protocol=outcome.protocol,
        endpoint=outcome.endpoint,
        fault=outcome.fault,
        message=outcome.message,
        attempts=attempts,
        next_try=next_try,
        told_by=outcome.protocol if yes else ping.told_by,
        is_held=False,
        aging_since=aging_since,
    )
    return _with_news(after, sent, next_try or at, retelling)


def _with_news(ping: QueuedPing, sent: QueuedPing, when: datetime, retelling: Retelling) -> QueuedPing:
    """The far side heard of the post as `sent` says. Is the ping due again for what changed meanwhile?"""
    if (ping.linked, ping.fingerprint) == (sent.linked, sent.fingerprint):
        return ping
    if not ping.linked:
        return _without_link(ping, when, retelling)
    if sent.linked and _is_told_once(ping, retelling):
        return ping
    return _due(ping, when)


def _is_told_once(ping: QueuedPing, retelling: Retelling) -> bool:
    """Its far side was told, and is not told of a change: it would say "already", whatever changed."""
    return ping.told_by is not None and ping.told_by not in retelling.changes


def _without_link(ping: QueuedPing, when: datetime, retelling: Retelling) -> QueuedPing:
    # Where it is held a try was begun, of which nobody has said yet how it ended.
    if ping.told_by in retelling.removals or ping.is_held:
        return _due(ping, when)
    if ping.status in _UNTOLD:
        return replace(ping, status=OutcomeStatus.SKIPPED, message=UNLINKED, next_try=None, aging_since=None)
    return replace(ping, next_try=None, aging_since=None)


def _asked(ping: QueuedPing, when: datetime) -> QueuedPing:
    """A target that takes no pings yet is asked anew: how it stands is known already, and for how long."""
    return ping if ping.is_held or ping.next_try is None or ping.next_try <= when else replace(ping, next_try=when)


def _due(ping: QueuedPing, when: datetime) -> QueuedPing:
    """A ping that somebody is sending stays as it is: whoever records that try sees what changed meanwhile."""
    is_due = ping.next_try is not None and ping.next_try <= when
    if ping.is_held or (is_due and ping.aging_since is None):
        return ping
    due = ping.next_try if is_due else when
    waiting = replace(ping, status=OutcomeStatus.WAITING, fault=None, message=WAITING, next_try=due, aging_since=None)
    if ping.status not in _FINAL_NO:
        return waiting
    return replace(waiting, protocol=None, endpoint=None, attempts=0)  # as if it were new
