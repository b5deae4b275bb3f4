"""What becomes of a mention whose source was seen to hold the link.

Deciders are asked in order, and the first that has an opinion counts.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from pingback.errors import Fault, FaultCode
from pingback.model import Mention, MentionStatus, Opinion
from pingback.receive.likeness import is_same_page
from pingback.store.blocklist import block_of, blocks

if TYPE_CHECKING:
    from pingback.store.moderation import Moderation

# `PENDING` and `SPAM` are kept for a person to look at, `REJECTED` is not kept: the sender hears fault 49. A status
# alone is an opinion without a reason.
Decide: TypeAlias = Callable[[Mention], MentionStatus | Opinion]
Decider: TypeAlias = Callable[[Mention], MentionStatus | Opinion | None]  # None: no opinion

NOT_TRUSTED = "its author is not trusted yet"  # `pingback.receive.deciders.known`
CHANGED = "changed since it was approved"


def approve(mention: Mention) -> MentionStatus:
    """Whatever links is shown."""
    return MentionStatus.APPROVED


def hold(mention: Mention) -> Opinion:
    """Whatever links waits for the owner."""
    return Opinion(status=MentionStatus.PENDING, reason=NOT_TRUSTED)


def in_order(deciders: Iterable[Decider], *, last: Decide) -> Decide:
    """The opinion of the first decider that has one, else what the last one says."""
    asked = tuple(deciders)

    def decide(mention: Mention) -> MentionStatus | Opinion:
        for decider in asked:
            opinion = decider(mention)
            if opinion is not None:
                return opinion
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
        if known is not None and known.wanted and is_same_page(known, mention):
            return replace(mention, status=MentionStatus.APPROVED, held_for=None)
        said = self._decide(mention)
        opinion = said if isinstance(said, Opinion) else Opinion(status=said)
        if opinion.status is MentionStatus.REJECTED:
            raise _denied()
        changed = CHANGED if known is not None and _was_read(known) else None
        reason = "; ".join(filter(None, (changed, opinion.reason))) or None
        waits = opinion.status is MentionStatus.PENDING
        return replace(mention, status=opinion.status, held_for=reason if waits else None)


def _was_read(known: Mention) -> bool:
    """Its words were there to be read when it was approved."""
    return MentionStatus.APPROVED in (known.status, known.decision) and bool(known.title or known.excerpt)


def _denied() -> Fault:
    return Fault(FaultCode.ACCESS_DENIED, "this site does not take the ping")
