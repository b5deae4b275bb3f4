"""What makes a page suspicious by itself. Nothing of it proves anything: such mentions wait for the owner."""

import re

from pingback.model import Mention, MentionKind, MentionStatus, Opinion

MANY_LINKS = 100  # to other hosts, in the first 64 KiB; a post has some dozens with its menus and its blogroll

# A link farm is links and little else: 50 or more, and less than 300 bytes of page for each. A link alone takes about
# 100; a post of 50 links, with the markup that themes have, ten times as much.
FARM_LINKS = 50
FARM_BYTES = 300

# One tap in a reader makes them, and there is nothing to quote.
_WORDLESS = frozenset({MentionKind.LIKE, MentionKind.REPOST, MentionKind.BOOKMARK, MentionKind.RSVP})
_ADDRESS = re.compile(r"https?://\S+")


def suspicious(mention: Mention) -> Opinion | None:
    """Holds pages with too many links, link farms, and those that say nothing of the link, or have no title.

    A note has none: somebody says it, in words and not in addresses alone.
    """
    odd, page = None, mention.sighting
    words = (mention.content.text if mention.content else mention.excerpt) or ""
    has_name = mention.author is not None and bool(mention.author.name)
    is_wordless = mention.kind in _WORDLESS
    if not mention.title and not (has_name and (is_wordless or _ADDRESS.sub("", words).strip())):
        odd = "has no title"
    elif not words and not is_wordless:
        odd = "says nothing around the link"
    elif page and page.outbound >= FARM_LINKS and page.size < page.outbound * FARM_BYTES:
        odd = "has little but links"
    elif page and page.outbound > MANY_LINKS:
        odd = f"has {page.outbound} links to other sites"
    return Opinion(status=MentionStatus.PENDING, reason=f"suspicious: the page {odd}") if odd else None
