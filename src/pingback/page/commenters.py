"""Who wrote a comment that is no item: by its card, or by the classes that themes have in its place."""

import re
from collections.abc import Sequence
from dataclasses import replace

from pingback.model import Author
from pingback.page.cards import is_card
from pingback.page.nodes import Node, above
from pingback.page.properties import LONGEST_NAME, address, card_of, name_of, words
from pingback.page.tree import Page

MAX_NODES = 1000  # of a comment that are looked at

_NAMES = re.compile(r"(?:\A|[-_])comment[-_]*author(?:[-_]+(?:name|link))?\Z|\Acommenter(?:[-_]name)?\Z")
_CONTENT = frozenset("comment-content comment-text comment_text e-content entry-content".split())
_REPLIES = frozenset("children comment u-comment p-comment".split())  # to a comment, within it
_PINGS = frozenset({"pingback", "trackback", "webmention"})  # what links there has the title of a page
_SAYS = re.compile(r"\s*\b(?:says|said|wrote|writes|schreibt|sagt|dit|dice)?\s*(?::|\.\.\.|…)\Z", re.IGNORECASE)


def commenter_of(page: Page, comment: Node) -> Author | None:
    """The author of the comment itself, not of an answer within it or of what it quotes; None where it names none."""
    nodes = [node for node in page.nodes[comment.index : comment.index + MAX_NODES] if comment.holds(node)]
    for node in nodes:
        card = node.own_item
        if card is not None and is_card(card) and _is_beside_words(node, comment):
            found = card_of(page, card)
            link = _external(page.within(page.links, node), comment) if found.url is None else None
            found = found if link is None else replace(found, url=address(page, link.attributes["href"]))
            return found if found.name or found.url else None
    for node in nodes:
        if _is_name(node) and _is_beside_words(node, comment):
            return _named(page, node)
    link = _external([node for node in nodes if node.tag == "a" and "href" in node.attributes], comment)
    if link is None or not _PINGS.isdisjoint(comment.classes):
        return None
    return Author(name=name_of(words(page, link)), url=address(page, link.attributes["href"]))


def _named(page: Page, node: Node) -> Author | None:
    links = page.within(page.links, node)
    link = node if "href" in node.attributes else links[0] if links else None
    if link is None and node.parent is not None and node.parent.tag == "a":
        link = node.parent
    url = None if link is None else address(page, link.attributes.get("href"))
    text = words(page, node if link is None else link, portraits=False)
    name = name_of(_SAYS.sub("", text) if len(text) <= LONGEST_NAME else text)
    return Author(name=name, url=url) if name or url else None


def _is_name(node: Node) -> bool:
    if "fn" in node.classes or node.attributes.get("itemprop") in ("author", "creator"):
        return True
    return any(_NAMES.search(name) for name in node.classes)


def _is_beside_words(node: Node, comment: Node) -> bool:
    """In a comment, but not in what it says, and not in an answer to it."""
    if node is comment:
        return True
    for each in (node, *above(node)):
        if each is comment:
            return True
        if not _CONTENT.isdisjoint(each.classes) or each.tag == "blockquote":
            return False
        if not _REPLIES.isdisjoint(each.classes) or (each.tag == comment.tag and each.tag in ("li", "article")):
            return False
    return False


def _external(links: Sequence[Node], comment: Node) -> Node | None:
    """The link to a commenter's own site, as WordPress has it."""
    for link in links:
        is_name = "url" in link.classes or (link.parent is not None and link.parent.tag != "p")
        if is_name and {"external", "nofollow"}.issubset(link.rels) and _is_beside_words(link, comment):
            return link
    return None
