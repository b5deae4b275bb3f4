"""What becomes of a queued ping when its post changes, and when it was tried.

By some protocols all earlier ones are sent again when the post changed, also where the link is no longer in it, and
when the post is gone; by others a second ping of a pair says nothing, and is refused for it. `retelling` says which.
"""

from dataclasses import replace
from datetime import datetime

from pingback.model import WAITING, Outcome, OutcomeStatus, QueuedPing, Retelling
from pingback.urls import host_of

UNLINKED = "the post no longer links to it"

_YES = frozenset({OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY})
_UNTOLD = frozenset({OutcomeStatus.WAITING, OutcomeStatus.FAILED})
_FINAL_NO = frozenset(OutcomeStatus) - _YES - _UNTOLD


def linked(
    ping: QueuedPing, *, source: str, target: str, fingerprint: str, now: datetime, retelling: Retelling
) -> QueuedPing:
    """The ping of a link that stands in the post as it is now; the same object where that is no news.

    One that our own guard blocked is due again: nobody heard of it, and another run may allow it.
    """
    if ping.linked and ping.fingerprint == fingerprint and ping.status is not OutcomeStatus.BLOCKED:
        return ping
    known = replace(ping, source=source, target=target, host=host_of(target), fingerprint=fingerprint, linked=True)
    if ping.linked and _is_told_once(ping, retelling):
        return known
    return _due(known, now)


def unlinked(ping: QueuedPing, *, now: datetime, retelling: Retelling) -> QueuedPing:
    """The ping of a link that the post has no longer; the same object where that is no news."""
    return _without_link(replace(ping, linked=False), now, retelling) if ping.linked else ping


def again(ping: QueuedPing, *, now: datetime, retelling: Retelling) -> QueuedPing:
    """The ping as somebody wants it to be sent once more: due at once; the same object where there is nothing to tell.

    What the far side took is not sent again, nor what the post does not link to and nobody has heard of.
    """
    if ping.status in _YES or not (ping.linked or ping.told_by in retelling.removals):
        return ping
    return _due(ping, now)


def tried(
    ping: QueuedPing,
    held: QueuedPing,
    outcome: Outcome,
    *,
    at: datetime,
    next_try: datetime | None,
    retelling: Retelling,
) -> QueuedPing:
    """The ping after a try of it as it was `held`; since then the post may have changed, and the lease run out.

    ValueError for a yes that names no protocol: it decides who hears of changes.
    """
    yes = outcome.status in _YES
    if yes and outcome.protocol is None:
        raise ValueError(f"{outcome.status}, but by which protocol?")
    held_still = ping.leased_until == held.leased_until
    attempts = ping.attempts + outcome.attempts
    if not yes and not held_still:  # another goes on with it, and knows better by now
        return replace(ping, attempts=attempts)
    first_failure = at if outcome.status is OutcomeStatus.FAILED else None
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
        failing_since=None if yes else ping.failing_since or first_failure,
        leased_until=None if held_still else ping.leased_until,
    )
    return _with_news(after, held, next_try or at, retelling)


def _with_news(ping: QueuedPing, held: QueuedPing, when: datetime, retelling: Retelling) -> QueuedPing:
    """What the far side heard was of the post as `held` says. Is the ping due again for what changed meanwhile?"""
    if (ping.linked, ping.fingerprint) == (held.linked, held.fingerprint):
        return ping
    if not ping.linked:
        return _without_link(ping, when, retelling)
    if held.linked and _is_told_once(ping, retelling):
        return ping
    return _due(ping, when)


def _is_told_once(ping: QueuedPing, retelling: Retelling) -> bool:
    """Its far side was told, and is not told of a change: it would say "already", whatever changed."""
    return ping.told_by is not None and ping.told_by not in retelling.changes


def _without_link(ping: QueuedPing, when: datetime, retelling: Retelling) -> QueuedPing:
    # With a lease on it a try was begun, of which nobody has said yet how it ended.
    if ping.told_by in retelling.removals or ping.leased_until is not None:
        return _due(ping, when)
    if ping.status in _UNTOLD:
        return replace(ping, status=OutcomeStatus.SKIPPED, message=UNLINKED, next_try=None)
    return replace(ping, next_try=None)


def _due(ping: QueuedPing, when: datetime) -> QueuedPing:
    if ping.next_try is not None and ping.next_try <= when:
        return ping
    waiting = replace(ping, status=OutcomeStatus.WAITING, fault=None, message=WAITING, next_try=when)
    if ping.status not in _FINAL_NO:
        return waiting
    return replace(waiting, protocol=None, endpoint=None, attempts=0, failing_since=None)  # as if it were new
