"""What becomes of a mention by what is learned of its source.

Of one whose source was seen to hold the link, deciders are asked in order, and the first that has an opinion counts. An
approval is trust in what the owner read: a typo that is mended needs no new one, other words do.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from difflib import SequenceMatcher
from html import unescape
from typing import TYPE_CHECKING, TypeAlias

from pingback.errors import Fault, FaultCode
from pingback.model import REACTIONS, SAID, Author, Mention, MentionStatus, Opinion, Verification, Words
from pingback.receive.blocklist import block_of, hosts_above
from pingback.receive.blocklist import blocks as is_blocked_by
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.homes import home_of
from pingback.text import ELLIPSIS
from pingback.urls import host_of, is_http

if TYPE_CHECKING:
    from pingback.store.blocks import Blocks

# `PENDING` and `SPAM` are kept for a person to look at, `REJECTED` is not kept: the sender hears fault 49. A status
# alone is an opinion without a reason.
Decide: TypeAlias = Callable[[Mention], MentionStatus | Opinion]
Decider: TypeAlias = Callable[[Mention], MentionStatus | Opinion | None]  # None: no opinion

NOT_TRUSTED = "its author is not trusted yet"  # `pingback.receive.deciders.known`
CHANGED = "changed since it was approved"
OVERTAKEN = "it would be approved if it came now"

ON_ITS_WORD = "kept on the word of its sender, and not verified"

ALIKE = 0.5  # the ratio of SequenceMatcher; texts that have nothing to do with one another have 0.2 to 0.4
COMPARED = 200  # characters of each text: an excerpt has no more, and the worst pair of that length takes 0.2 seconds

_RUN = 5  # characters: of shorter runs, texts that have nothing to do with one another share too many
_HREF = re.compile(r'href="([^"]*)"')  # as `pingback.markup` writes it


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

    `block` are patterns (`pingback.receive.blocklist`); ValueError for what is none.
    """

    def __init__(self, kept: "Blocks", *, decide: Decide, block: Iterable[str]) -> None:
        self._kept = kept
        self._decide = decide
        self._blocks = frozenset(map(block_of, block))

    def blocks_of(self, source: str) -> Sequence[str]:
        """The store's blocks of all hosts that the source is at or below."""
        return self._kept.of_hosts(hosts_above(source))

    def check_source(self, source: str, *, blocks: Iterable[str] | None = None) -> None:
        """Raises `Fault` where the source is blocked. `blocks` are its `blocks_of`, where they are at hand."""
        kept = self.blocks_of(source) if blocks is None else blocks
        if any(is_blocked_by(block, source) for block in (*self._blocks, *kept)):
            raise _denied()

    def decided(
        self, mention: Mention, known: Mention | None = None, *, blocks: Iterable[str] | None = None
    ) -> Mention:
        """A verified mention with the status that it is kept by; raises `Fault` where it is not kept.

        `known` is the mention before. Where the owner approved that unseen, this word comes before all others but for
        blocks, unless the page says something else than the owner read. `blocks` are the `blocks_of` its source, where
        they are at hand.
        """
        if mention.sighting is not None:  # a redirect leads past no block
            seen_at = mention.sighting.url
            is_there = hosts_above(seen_at) == hosts_above(mention.source)
            self.check_source(seen_at, blocks=blocks if is_there else None)
        if known is not None and known.wanted and is_same_page(known, mention):
            return replace(mention, status=MentionStatus.APPROVED, held_for=None)
        said = self._decide(mention)
        opinion = said if isinstance(said, Opinion) else Opinion(status=said)
        status = MentionStatus(opinion.status)  # a host's own decider may give anything, and it would be kept
        if status is MentionStatus.REJECTED:
            raise _denied()
        was_approved = known is not None and MentionStatus.APPROVED in (known.status, known.decision)
        was_read = known is not None and was_approved and bool(known.title or _said(known))  # there were words to read
        reason = "; ".join(filter(None, (CHANGED if was_read else None, opinion.reason))) or None
        waits = status is MentionStatus.PENDING
        return replace(mention, status=status, held_for=reason if waits else None)


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


def is_same_page(known: Mention, found: Mention) -> bool:
    """`found` is what the page of `known` says now: the same as before, or nearly, with nothing odd about it.

    Of a mention that nobody has looked at there may be no words to compare: then any will do. Where an earlier version
    of our reader read `known`, other words may be a better reading: it is the same page if it still says the old ones.
    """
    if known.verified and _shown(known) == _shown(found):
        return True  # whatever else is on the page, nothing new is shown of it, and the owner may have liked it so
    was_name_only = known.kind in REACTIONS and not _said(known) and known.decision is not MentionStatus.APPROVED
    if known.verified and was_name_only and _said(found):
        return False
    is_reread = known.verified is not None and known.read_by < found.read_by
    if is_reread and _still_says(known, found):
        return True
    before, after = _words(known), _words(found)
    is_elsewhere = found.sighting is not None and home_of(found.sighting.url) != home_of(found.source)
    if is_elsewhere or (suspicious(found) and (before or after or not is_reread)):
        return False
    if not before:  # whoever approved it went to the page, and a better reading finds what stands there
        return known.verified is None or is_reread
    at_home = _hosts(_addresses(known))
    if not _hosts(_addresses(found)) <= at_home:
        return False
    if not _hosts(_links(found)) <= {*at_home, *_hosts(_links(known)), host_of(known.target)}:
        return False
    if known.verified and not is_reread and _is_another_name(known, found):
        return False
    if (known.content or found.content) and not is_reread:
        return _in_common(_said(known), _said(found)) >= ALIKE
    has_same_title = bool(known.title) and known.title == found.title and not found.content
    return has_same_title or SequenceMatcher(None, before, after, autojunk=False).ratio() >= ALIKE


def _denied() -> Fault:
    return Fault(FaultCode.ACCESS_DENIED, "this site does not take the ping")


def _shown(mention: Mention) -> tuple[object, ...]:
    said = mention.kind, mention.rsvp, mention.title, mention.excerpt, mention.content
    return *said, mention.permalink, mention.original, mention.site_name, mention.author


def _words(mention: Mention) -> str:
    said = mention.excerpt or _said(mention)
    return "\n".join(text[:COMPARED] for text in (mention.title, said) if text)


def _said(mention: Mention) -> str:
    """What it says about the target, but for its title."""
    return mention.content.text if mention.content else mention.excerpt or ""


def _still_says(known: Mention, found: Mention) -> bool:
    """All that was read of the page then stands on it now: somebody who swaps a page for another one has other words.

    However the words are parted, as earlier versions read `<br>` as nothing.
    """
    page = found.sighting.text if found.sighting else ""
    there = "".join("\n".join((found.title or "", found.excerpt or "", _said(found), page)).split())
    read = [text for text in (known.title, known.excerpt, known.content and known.content.text) if text]
    return bool(read) and all("".join(text.split()).strip(ELLIPSIS) in there for text in read)


def _in_common(one: str, other: str) -> float:
    """The share of two texts that both have, by runs of five characters: a text may be ten thousand of them."""
    both = [
        Counter(text[place : place + _RUN] for place in range(max(len(text) - _RUN + 1, 1))) for text in (one, other)
    ]
    return 2 * (both[0] & both[1]).total() / (both[0].total() + both[1].total())


def _is_another_name(known: Mention, found: Mention) -> bool:
    """Somebody else says it by now, or nobody by name, or under one that has little of what the owner read.

    What nobody says any more, the next page could have anybody say.
    """
    names = [mention.author.name if mention.author else None for mention in (known, found)]
    if names[0] and not names[1]:
        return True
    if not any(names):  # lists show the site's name in its place
        names = [mention.site_name for mention in (known, found)]
    before, after = ((name or "").casefold()[:COMPARED] for name in names)
    return bool(before and after) and SequenceMatcher(None, before, after).ratio() < ALIKE


def _addresses(mention: Mention) -> Iterable[str | None]:
    """Where it says that it and its author are."""
    author = mention.author or Author()
    return mention.source, mention.permalink, mention.original, author.url, author.photo


def _links(mention: Mention) -> Iterable[str]:
    """Where the words that are shown lead."""
    return map(unescape, _HREF.findall(mention.content.html)) if mention.content else ()


def _hosts(urls: Iterable[str | None]) -> set[str]:
    return {host_of(url) for url in urls if url and is_http(url)}
