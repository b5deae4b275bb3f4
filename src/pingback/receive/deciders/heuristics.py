"""What makes a page suspicious by itself. Nothing of it proves anything: such mentions wait for the owner."""

from pingback.model import Mention, MentionKind, MentionStatus, Opinion

MANY_LINKS = 100  # to other hosts, in the first 64 KiB; a post has some dozens with its menus and its blogroll

# A link farm is links and little else: 50 or more, and less than 300 bytes of page for each. A link alone takes about
# 100; a post of 50 links, with the markup that themes have, ten times as much.
FARM_LINKS = 50
FARM_BYTES = 300

# One tap in a reader makes them, and there is nothing to quote.
_WORDLESS = frozenset({MentionKind.LIKE, MentionKind.REPOST, MentionKind.BOOKMARK})


def suspicious(mention: Mention) -> Opinion | None:
    """Holds pages with too many links, link farms, and those that have no title or say nothing of the link."""
    odd, page = None, mention.sighting
    if not mention.title:
        odd = "has no title"
    elif not mention.excerpt and mention.kind not in _WORDLESS:
        odd = "says nothing around the link"
    elif page and page.outbound >= FARM_LINKS and page.size < page.outbound * FARM_BYTES:
        odd = "has little but links"
    elif page and page.outbound > MANY_LINKS:
        odd = f"has {page.outbound} links to other sites"
    return Opinion(status=MentionStatus.PENDING, reason=f"suspicious: the page {odd}") if odd else None
