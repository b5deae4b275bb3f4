"""What goes out of the pings of earlier runs: what is due, and what somebody wants to be sent once more."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from pingback.model import Outcome
from pingback.protocols.table import retelling
from pingback.sending.hook import Pair
from pingback.sending.transitions import again
from pingback.work import QueuedPing

if TYPE_CHECKING:
    from pingback.sending.sender import Sender

TOGETHER = 1000  # pings that are made due, and delivered, at once

Hear = Callable[[Outcome], object]


def send_due(
    hear: Hear,
    *,
    sender: "Sender",
    is_wanted: Callable[[str, str], bool],
    told: Collection[Pair],
    patience: timedelta,
) -> None:
    """Send those that are due to targets that are wanted, but for the pairs that were told of. Raises StoreError."""
    pings = sender.store.outbox.pings(due_before=sender.clock())
    due = (ping for ping in pings if (ping.source, ping.target) not in told and is_wanted(ping.source, ping.target))
    while some := [ping.id for ping in islice(due, TOGETHER)]:
        sender.deliver(hear, only=some, patience=patience)


def send_again(pings: Iterable[QueuedPing], hear: Hear, *, sender: "Sender", patience: timedelta) -> None:
    """Send these now, whenever they would be due and however they ended, but what the far side accepted.

    Of those that cannot go out now, as another process has them or their host pauses, it is told how they stand. Raises
    StoreError.
    """
    left = iter(pings)
    while some := list(islice(left, TOGETHER)):
        _send_again(some, hear, sender=sender, patience=patience)


def _send_again(pings: Sequence[QueuedPing], hear: Hear, *, sender: "Sender", patience: timedelta) -> None:
    instant, outbox = sender.clock(), sender.store.outbox
    becomes = partial(again, now=instant, retelling=retelling())
    changed = outbox.send_again([ping.id for ping in pings], becomes=becomes, now=instant)
    due = {ping.id for ping in pings if ping.is_held or (ping.next_try is not None and ping.next_try <= instant)}
    told: set[Pair] = set()

    def hear_and_note(outcome: Outcome) -> None:
        told.add((outcome.source, outcome.target))
        hear(outcome)

    due |= {ping.id for ping in changed}
    if due:
        sender.deliver(hear_and_note, only=due, patience=patience)
    for ping in pings:
        if ping.id not in due or (ping.source, ping.target) in told:
            continue
        left = outbox.at(ping.id)
        if left is not None and left.next_try is not None:
            hear(left.as_outcome())
