"""Who is known to be good: the site itself, and whoever had a mention approved before."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from pingback.model import Mention, MentionStatus
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.homes import home_of, stem_of
from pingback.receive.moderation import Decider
from pingback.store.keys import NOBODY, author_key_of
from pingback.urls import is_at, is_under

if TYPE_CHECKING:
    from pingback.store.mentions import Mentions

_MOST_PAGES = 1000  # mentions of a home that are compared with one; 10 microseconds each


def own_site(site: Sequence[str]) -> Decider:
    """Approves what the site's own pages say."""

    def decide(mention: Mention) -> MentionStatus | None:
        ours = all(any(is_under(url, root) for root in site) for url in _addresses(mention))
        return MentionStatus.APPROVED if ours else None

    return decide


def known_good(known: "Mentions", *, relays: Collection[str]) -> Decider:
    """Approves authors of whom the store has another approved page at the same place, and no spam from there.

    An author's address alone is nothing: any page can claim it. A place alone is no more than for pages there that name
    the same author, or all of them none. At one of the `relays`, where nobody writes who is not named, the spam of one
    author says nothing of the others, and a page without an author is nobody's.

    What stands in comments there, or in an entry within another, may be anybody's, whatever address they gave.

    What was approved of the page itself says nothing of what it has become since, whichever target it names.

    Not where a page that is known already has become suspicious, nor by another address of such a page: two of one
    author could vouch for each other.
    """

    def decide(mention: Mention) -> MentionStatus | None:
        home = home_of(mention.source)
        if mention.sighting is not None and mention.sighting.by_guest:
            return None
        if suspicious(mention) and (_is_known(mention) or _was_seen(known, mention.source, home)):
            return None
        if any(home_of(url) != home for url in _addresses(mention)):
            return None
        author = author_key_of(mention.author.url if mention.author else None)
        reputation = mention.reputation
        if reputation is None or not reputation.is_whole:
            reputation = known.reputation(source=mention.source, home=home, author=author)
        if is_at(mention.source, relays):
            spoilt = author in reputation.spam or author == NOBODY
        else:
            spoilt = bool(reputation.spam)
        return MentionStatus.APPROVED if author in reputation.vouched and not spoilt else None

    return decide


def _is_known(mention: Mention) -> bool:
    return mention.status is not MentionStatus.PENDING or mention.wanted


def _was_seen(known: "Mentions", source: str, home: str) -> bool:
    """This page was looked at before, or approved, by this address or another (`pingback.receive.homes.stem_of`).

    So it may have been where a thousand mentions of its home are kept.
    """
    stem = stem_of(source)
    pages = known.seen_from(home, most=_MOST_PAGES)
    return len(pages) == _MOST_PAGES or any(stem_of(page) == stem for page in pages)


def _addresses(mention: Mention) -> list[str]:
    """Where the source is said to be, and where its page came from: a good host may redirect to anybody."""
    return [mention.source, mention.sighting.url] if mention.sighting else [mention.source]
