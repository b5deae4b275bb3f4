"""Who is known to be good: the site itself, and whoever had a mention approved before."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pingback.model import Mention, MentionStatus
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.moderation import Decider
from pingback.store.homes import home_of
from pingback.urls import is_under

if TYPE_CHECKING:
    from pingback.store.moderation import Moderation


def own_site(site: Sequence[str]) -> Decider:
    """Approves what the site's own pages say."""

    def decide(mention: Mention) -> MentionStatus | None:
        ours = all(any(is_under(url, root) for root in site) for url in _addresses(mention))
        return MentionStatus.APPROVED if ours else None

    return decide


def known_good(moderation: "Moderation") -> Decider:
    """Approves those of whom the store has another approved page, and no spam (`Moderation.is_known_good`).

    Not where a page that is known already has become suspicious, nor by another address of such a page: two of one
    author could vouch for each other.
    """

    def decide(mention: Mention) -> MentionStatus | None:
        if suspicious(mention) and (_is_known(mention) or moderation.knows_page(mention.source)):
            return None
        homes = {home_of(url) for url in _addresses(mention)}
        known = len(homes) == 1 and moderation.is_known_good(mention.source)
        return MentionStatus.APPROVED if known else None

    return decide


def _is_known(mention: Mention) -> bool:
    return mention.status is not MentionStatus.PENDING or mention.wanted


def _addresses(mention: Mention) -> list[str]:
    """Where the source is said to be, and where its page came from: a good host may redirect to anybody."""
    return [mention.source, mention.sighting.url] if mention.sighting else [mention.source]
