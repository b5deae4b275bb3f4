"""What makes a page suspicious by itself. Nothing of it proves anything: such mentions wait for the owner."""

from pingback.model import Mention, MentionKind, MentionStatus, Opinion, Sighting

MANY_LINKS = 100  # to other hosts, in the first 64 KiB; a post has some dozens with its menus and its blogroll

# A link farm is links and little else: 50 or more, and less than 300 bytes of page for each. A link alone takes about
# 100; a post of 50 links, with the markup that themes have, ten times as much.
FARM_LINKS = 50
FARM_BYTES = 300

# One tap in a reader makes them, and there is nothing to quote.
_WORDLESS = frozenset({MentionKind.LIKE, MentionKind.REPOST, MentionKind.BOOKMARK})


def suspicious(mention: Mention) -> Opinion | None:
    """Holds pages with too many links, link farms, and those that have no title or say nothing of the link."""
    odd = _odd_words(mention) or (_odd_links(mention.sighting) if mention.sighting else None)
    return Opinion(status=MentionStatus.PENDING, reason=f"suspicious: the page {odd}") if odd else None


def _odd_words(mention: Mention) -> str | None:
    if not mention.title:
        return "has no title"
    return None if mention.excerpt or mention.kind in _WORDLESS else "says nothing around the link"


def _odd_links(page: Sighting) -> str | None:
    if page.outbound >= FARM_LINKS and page.size < page.outbound * FARM_BYTES:
        return "has little but links"
    return f"has {page.outbound} links to other sites" if page.outbound > MANY_LINKS else None
