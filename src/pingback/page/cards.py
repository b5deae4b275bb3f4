"""The cards of a page: which of them has an address, and which may be its author's."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice

from pingback.model import Author
from pingback.page.items import Subject
from pingback.page.nodes import Node, above
from pingback.page.properties import CARDS, MAX_VALUES, card_of, card_url, url_value
from pingback.page.tree import CITE, COMMENTS, QUOTE, Item
from pingback.urls import key_of

MAX_CARDS = 2000  # of a page that are looked at
MAX_SAME = 20  # cards of one person
MAX_LINKS = 1000  # of a page with a `rel`
SHORT = 30  # characters of a paragraph that may stand beside a card: “Written by …”

FEEDS = frozenset({"h-feed", "hfeed"})
OTHERS = COMMENTS | CITE | QUOTE  # what stands there is said by others, or of them
_CONTENT = frozenset({"e-content", "entry-content"})
_SIDES = frozenset({"aside", "nav", "li"})  # where others are listed, or people say what they think of
_SIDE_ROLES = frozenset({"complementary", "navigation"})
_BOXES = re.compile(
    r"(?:\A|[-_])(?:likes?|reposts?|reactions?|facepile|mentions?|webmentions?|comments?|repl(?:y|ies)|responses?"
    r"|feedbacks?|discussions?|guestbook|trackbacks?|pingbacks?|blogroll|friends?|follow(?:ing|ers)?|sponsors?|sidebar|widget|credits?|powered)(?:\Z|[-_])",
    re.IGNORECASE,
)
_ORG = frozenset({"org", "p-org"})
_PROPERTY = re.compile(r"(?:p|u)-[a-z]")


class Cards:
    """Those of a page that may name an author: no commenter's, no citation's."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._page = subject.page

    def representative(self) -> Author | None:
        """The card whose address is the page, or is one that the page calls `me`."""
        own = (key for key in self._by_key if self._subject.is_own_name(key))
        for key in (*own, *self._mine):
            for _, card in self._by_key.get(key, ())[:MAX_SAME]:
                if self._is_free(card):
                    return card_of(self._page, card)
        return None

    @cached_property
    def _mine(self) -> list[str]:
        page = self._page
        nodes = [node for node in (*page.of["link"], *page.links) if "me" in node.rels][:MAX_LINKS]
        found = (page.target(node.attributes.get("href", "")) for node in nodes if not node.parts & OTHERS)
        return [each[1] for each in found if each is not None]

    def sole(self) -> Author | None:
        """The one whom all free cards of the page name."""
        free = (card for card in self.all if self._is_free(card) and not self._is_of_others(card))
        return sole_of(card_of(self._page, card) for card in islice(free, MAX_SAME))

    @cached_property
    def all(self) -> list[Item]:
        """Those that may name an author: no commenter's, no citation's."""
        cards = (item for item in self._page.items if is_card(item) and not item.node.parts & OTHERS)
        return list(islice(cards, MAX_CARDS))

    @cached_property
    def _by_key(self) -> Mapping[str, Sequence[tuple[str, Item]]]:
        """The cards by each of their addresses, with its fragment: by these one page has many people."""
        found: dict[str, list[tuple[str, Item]]] = {}
        for card in self.all:
            nodes = (*card.properties.get("u-url", ())[:MAX_VALUES], *card.properties.get("u-uid", ())[:MAX_VALUES])
            for url in [url_value(self._page, node) for node in nodes] or [card_url(self._page, card)]:
                if url is not None:
                    found.setdefault(key_of(url), []).append((url.partition("#")[2], card))
        return found

    def named(self, url: str) -> Author | None:
        """What the cards with an address call whom it belongs to: the first with a name, if one has it."""
        fragment = url.partition("#")[2]
        cards = [each for each in self._by_key.get(key_of(url), ()) if _are_one(each[0], fragment)]
        cards.sort(key=lambda each: each[0] != fragment)
        found = [card_of(self._page, card) for _, card in cards[:MAX_SAME]]
        return next((each for each in found if each.name), found[0] if found else None)

    def _is_free(self, card: Item) -> bool:
        """The card is nobody's property, and not in what an entry says."""
        if "h-card" not in card.node.classes and not card.properties.get("p-name"):
            return False  # hCard has to have an `fn`
        around = None if card.parent is None else card.parent.node
        if around is not None:
            if any(_PROPERTY.match(name) for name in card.node.classes):
                return False
            if around.tag not in ("html", "body") and FEEDS.isdisjoint(around.classes):
                return False
        return all(_CONTENT.isdisjoint(each.classes) for each in above(card.node))

    def _is_of_others(self, card: Item) -> bool:
        """A card in the prose of the page; or one that is not of the site and stands in the post, in a list, beside the
        page, or in a box for what others do."""
        around = list(above(card.node))
        paragraph = next((node for node in around if node.tag == "p"), None)
        if paragraph is not None and self._page.all_said(paragraph) > self._page.all_said(card.node) + SHORT:
            return True
        url = card_url(self._page, card)
        if url is not None and self._subject.is_site(key_of(url)):
            return False
        if url is not None and any(not _ORG.isdisjoint(node.classes) for node in card.properties.get("p-name", ())):
            return True  # whoever made or carries the site
        post = self._subject.post
        is_all = post is self._page.root or post.tag in ("body", "main")
        if url is not None and (paragraph is not None or (not is_all and post.holds(card.node))):
            return True
        return any(map(_is_for_others, (card.node, *around)))


def _is_for_others(node: Node) -> bool:
    if node.tag in ("html", "body", "main"):  # themes give them classes of all kinds
        return False
    names = (*node.classes, node.attributes.get("id", ""))
    is_side = node.tag in _SIDES or node.attributes.get("role") in _SIDE_ROLES
    return is_side or any(_BOXES.search(name) for name in names)


def is_card(item: Item) -> bool:
    return not CARDS.isdisjoint(item.node.classes)


def sole_of(authors: Iterable[Author]) -> Author | None:
    """The one whom all of some name."""
    sole: Author | None = None
    for author in authors:
        if sole is not None and not is_same(sole, author):
            return None
        sole = sole or (author if author.name or author.url else None)
    return sole


def is_same(one: Author, other: Author) -> bool:
    """Both name one person."""
    if one.url is not None and other.url is not None:
        return key_of(one.url) == key_of(other.url) and _are_one(one.url.partition("#")[2], other.url.partition("#")[2])
    return one.name == other.name


def _are_one(fragment: str, other: str) -> bool:
    return not (fragment and other) or fragment == other
