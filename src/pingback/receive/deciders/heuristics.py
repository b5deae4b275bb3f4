"""What makes a page suspicious by itself. Nothing of it proves anything: such mentions wait for the owner."""

from pingback.model import Mention, MentionKind, MentionStatus, Sighting

MANY_LINKS = 100  # to other hosts, in the first 64 KiB; a post has some dozens with its menus and its blogroll

# A link farm is links and little else: 50 or more, and less than 300 bytes of page for each. A link alone takes about
# 100; a post of 50 links, with the markup that themes have, ten times as much.
FARM_LINKS = 50
FARM_BYTES = 300

# One tap in a reader makes them, and there is nothing to quote.
_WORDLESS = frozenset({MentionKind.LIKE, MentionKind.REPOST, MentionKind.BOOKMARK})


def suspicious(mention: Mention) -> MentionStatus | None:
    """Holds pages with too many links, link farms, and those that have no title or say nothing of the link."""
    odd = _says_nothing(mention) or (mention.sighting is not None and _is_full_of_links(mention.sighting))
    return MentionStatus.PENDING if odd else None


def _says_nothing(mention: Mention) -> bool:
    return not mention.title or (not mention.excerpt and mention.kind not in _WORDLESS)


def _is_full_of_links(page: Sighting) -> bool:
    is_farm = page.outbound >= FARM_LINKS and page.size < page.outbound * FARM_BYTES
    return is_farm or page.outbound > MANY_LINKS
