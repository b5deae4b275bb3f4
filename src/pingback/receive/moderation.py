"""What becomes of a mention whose source was seen to hold the link."""

from collections.abc import Callable
from typing import TypeAlias

from pingback.model import Mention, MentionStatus

# `PENDING` and `SPAM` are kept for a person to look at, `REJECTED` is not kept: the sender hears fault 49.
Decide: TypeAlias = Callable[[Mention], MentionStatus]


def approve(mention: Mention) -> MentionStatus:
    """Whatever links is shown."""
    return MentionStatus.APPROVED
