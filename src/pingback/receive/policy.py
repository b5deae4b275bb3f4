"""How the pings of a site are taken, and how many may ask at once for what is long."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from pingback.errors import Fault, FaultCode
from pingback.model import Protocol
from pingback.receive.observer import RETRY_AFTER

if TYPE_CHECKING:
    from pingback.receive.limits import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How pings are taken.

    With `answer_within` (seconds), no ping waits longer than that for its source: what is not verified by then is kept
    as `pending`, answered with success, and finished by background threads. Without, everything is done in the caller's
    thread. Pings of the protocols in `queued` wait for no source: they are kept and verified afterwards.

    A TrackBack brings words of its own and proves nothing, so that it is verified like all others. Pings of protocols
    that are `believed` stay `pending` with these words instead, and nobody asks their source until another protocol
    names the same pair; what the owner approves of them is on their word (`Moderation.on_their_word`).

    `rate` is how often a sender may ping (`sender_of` its address), fault 49 beyond; `source_rate` is how often the
    host of a source, the site itself aside, may be asked on the word of strangers. A ping beyond that is kept as
    `pending`, too, and verified when its turn comes; without background threads it is fault 50. The same holds for an
    address that was asked 60 times in a minute, by whatever names (`pingback.receive.turns`), and for names whose
    sender or domain has too many look-ups that hang (`pingback.net.lookups`).
    """

    answer_within: float | None
    queued: Collection[Protocol]
    believed: Collection[Protocol]
    rate: "Rate | None"
    source_rate: "Rate | None"


class Gate:
    """Lets `at_once` callers in, while others wait: `in_hand` of them in all, so that they do not take all threads."""

    def __init__(self, *, at_once: int, in_hand: int) -> None:
        self._places = BoundedSemaphore(in_hand)
        self._inside = BoundedSemaphore(at_once)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Within the block the caller is in; may block before. Raises a `Fault` with `retry_after` for one too many."""
        if not self._places.acquire(blocking=False):
            message = "too many ask for long lists; try again later"
            raise Fault(FaultCode.UPSTREAM_ERROR, message, retry_after=RETRY_AFTER)
        try:
            with self._inside:
                yield
        finally:
            self._places.release()
