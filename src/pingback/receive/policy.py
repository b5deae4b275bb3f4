"""How the pings of a site are taken."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pingback.model import Protocol

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
