"""What becomes of a mention whose source was seen to hold the link.

Deciders are asked in order, and the first that has an opinion counts.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from pingback.errors import Fault, FaultCode
from pingback.model import Mention, MentionStatus
from pingback.receive.likeness import is_same_page
from pingback.store.blocklist import block_of, blocks

if TYPE_CHECKING:
    from pingback.store.moderation import Moderation

# `PENDING` and `SPAM` are kept for a person to look at, `REJECTED` is not kept: the sender hears fault 49.
Decide: TypeAlias = Callable[[Mention], MentionStatus]
Decider: TypeAlias = Callable[[Mention], MentionStatus | None]  # None: no opinion


def approve(mention: Mention) -> MentionStatus:
    """Whatever links is shown."""
    return MentionStatus.APPROVED


def hold(mention: Mention) -> MentionStatus:
    """Whatever links waits for the owner."""
    return MentionStatus.PENDING


def in_order(deciders: Iterable[Decider], *, last: Decide) -> Decide:
    """The opinion of the first decider that has one, else what the last one says."""
    asked = tuple(deciders)

    def decide(mention: Mention) -> MentionStatus:
        for decider in asked:
            status = decider(mention)
            if status is not None:
                return status
        return last(mention)

    return decide


class Moderator:
    """Says no to those who are blocked, by the store or by `block`, and decides on the rest. Thread-safe.

    `block` are patterns as `Moderation.block` takes them; ValueError for what is none.
    """

    def __init__(self, moderation: "Moderation", *, decide: Decide, block: Iterable[str]) -> None:
        self._moderation = moderation
        self._decide = decide
        self._blocks = frozenset(map(block_of, block))

    def check_source(self, source: str) -> None:
        """Raises `Fault` where the source is blocked."""
        if any(blocks(block, source) for block in self._blocks) or self._moderation.is_blocked(source):
            raise _denied()

    def decided(self, mention: Mention, known: Mention | None = None) -> Mention:
        """A verified mention with the status that it is kept by; raises `Fault` where it is not kept.

        `known` is the mention before. Where the owner approved that unseen, this word comes before all others but for
        blocks, unless the page says something else than the owner read.
        """
        if mention.sighting is not None:  # a redirect leads past no block
            self.check_source(mention.sighting.url)
        approved = known is not None and known.wanted and is_same_page(known, mention)
        status = MentionStatus.APPROVED if approved else self._decide(mention)
        if status is MentionStatus.REJECTED:
            raise _denied()
        return replace(mention, status=status)


def _denied() -> Fault:
    return Fault(FaultCode.ACCESS_DENIED, "this site does not take the ping")
