"""The words of a page that links to us: around the link."""

from bisect import bisect_left
from collections.abc import Sequence

from pingback import text
from pingback.page.tree import ENTRIES, Node, Page
from pingback.text import plain

MAX_BLOCKS = 100  # paragraphs gone through in all to find words for links that have none in their own


def excerpt_around(page: Page, links: Sequence[Node]) -> tuple[Node, str | None]:
    """The first of some links, in document order, that has words beside it, and these; else the first with any words.

    A link that is an image or a whole block takes the words of a later paragraph of its entry.
    """
    found: tuple[Node, str] | None = None
    seen, left = -1, MAX_BLOCKS
    for link in links:
        if link.tag != "a" or link.block <= seen:  # the first one of a paragraph has spoken for all of them
            continue
        number, last = link.block, _end_of_entry(page, link)
        while True:
            seen = number
            start, stop = bisect_left(page.blocks, number), min(bisect_left(page.blocks, number + 1), last)
            first, behind = min(max(link.text, start), stop), min(max(link.text_stop, start), stop)
            before, linked, after = (
                "".join(page.texts[one:other]) for one, other in ((start, first), (first, behind), (behind, stop))
            )
            excerpt = text.excerpt_around(before, linked, after)
            if excerpt or stop >= last or (left := left - (page.blocks[stop] - number)) < 0:
                break
            number = page.blocks[stop]
        # A bare list of links says nothing of this one; another link to the target may stand in a sentence.
        if plain(before) or plain(after):
            return link, excerpt
        if found is None and excerpt:
            found = link, excerpt
    return found or (links[0], None)


def _end_of_entry(page: Page, link: Node) -> int:
    """The piece at which the words end that may be a link's own."""
    item = link.item
    while item is not None and ENTRIES.isdisjoint(item.node.classes):
        item = item.parent
    return len(page.texts) if item is None else item.node.text_stop
