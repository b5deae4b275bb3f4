"""What a mention becomes by what is learned of its source; no store or socket is needed to tell."""

from dataclasses import asdict, replace
from datetime import datetime

from pingback.model import SAID, Mention, MentionStatus, Verification, Words

ON_ITS_WORD = "kept on the word of its sender, and not verified"


def with_page(mention: Mention, verification: Verification, instant: datetime) -> Mention:
    """The mention with what its source was seen to say of itself at that instant."""
    said = {name: getattr(verification, name) for name in SAID}
    return replace(mention, **said, verified=instant, fault=None, sighting=verification.sighting)


def with_words(mention: Mention, words: Words) -> Mention:
    """The mention with what its sender said, while nobody looks at its source."""
    return replace(mention, **asdict(words), held_for=ON_ITS_WORD)


def withdrawn(mention: Mention, instant: datetime, fault: int) -> Mention:
    """The mention after its source was seen to hold the link no more; `fault` is what a new ping would hear."""
    is_spam = mention.status is MentionStatus.SPAM  # it stays that, or it would come back as something else
    status = mention.status if is_spam else MentionStatus.DELETED
    return replace(mention, status=status, verified=instant, fault=fault)
