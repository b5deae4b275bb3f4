"""Who says it on a page that links to us: which of its entries speaks, what it is to the target, when and where.

The innermost entry around a link speaks, or the comment that the link stands in, else the page as a whole.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from pingback.model import MentionKind, Rsvp
from pingback.page.items import Subject, linked_by
from pingback.page.nodes import MAX_CLIMB, Node
from pingback.page.properties import date_value, text_value, url_value
from pingback.page.rows import Place, article_around
from pingback.page.tree import ANSWER_CLASSES, ANSWERS, CHROME, COMMENTS, HEADINGS, QUOTE, Item, is_comment
from pingback.urls import key_of

MAX_VALUES = 100  # of one property that are looked at

# What can say something: a card or a product cannot, and a feed does by its entries.
_SPEAKERS = frozenset("h-entry hentry h-cite h-event vevent h-review hreview".split())
_KINDS = {name: MentionKind(name[2:]) for name in ANSWERS}
_RSVPS = {answer.value: answer for answer in Rsvp}
# What an entry says of an item in it: that it answers or quotes the item, or that it got the item as a comment.
_CITING = ANSWER_CLASSES | {"u-quotation-of", "p-quotation-of"}
_GOT = frozenset("u-comment p-comment u-like p-like u-repost p-repost u-mention p-mention".split())

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_COMMENT = frozenset("comment pingback trackback u-comment p-comment comment-item".split())
_COMMENT_ID = re.compile(r"(?:div-|li-)?comment-?[0-9]+", re.ASCII)
_COMMENT_BOXES = frozenset({"li", "article"})


class _Voice(NamedTuple):
    """Who may speak: an item, or a comment outside any item; both None is the page as a whole."""

    item: Item | None
    comment: Node | None = None


class Speaker:
    """Whose words the links to a target are, and what they say of it.

    `links` are the speaker's own, in document order. `item` and `comment` are None where the page as a whole speaks.
    """

    def __init__(self, subject: Subject, links: Sequence[Node], target: str, *, fragment: str) -> None:
        self.subject = subject
        self._page = subject.page
        self._target = key_of(target)
        self._places = frozenset(link.index for link in links)
        self._around: dict[Item, Item | None] = {}
        self._comments: dict[Node, tuple[Node | None, Node | None]] = {}
        self._links_of: dict[_Voice, list[Node]] = {}
        for link in links:
            self._links_of.setdefault(self._voice_at(link), []).append(link)
        chosen = self._chosen(_unescaped(fragment))
        self.item, self.comment = chosen
        self.links: Sequence[Node] = self._links_of[chosen]

    @cached_property
    def is_free(self) -> bool:
        """What the page says of itself may be said of the speaker: it stands in no other entry, and in no comments."""
        if self.item is None:
            return self.comment is None
        around = self.item.parent
        while around is not None and not _can_speak(around):
            around = around.parent
        return around is None and not self.item.node.parts & COMMENTS

    @property
    def row(self) -> Node | None:
        """The part of a list that the links stand in, where they stand in no item: it speaks for itself."""
        return None if self._place is None else self._place.row

    @property
    def _title(self) -> Node | None:
        """The heading of a list over the links, where they stand in no item and no article."""
        return None if self._place is None else self._place.title

    @cached_property
    def _place(self) -> Place | None:
        is_bare = self.item is None and self.comment is None and not self._page.is_plain
        return Place(self.subject, self.links[0]) if is_bare else None

    # What it is to the target

    @cached_property
    def kind(self) -> MentionKind:
        if self.item is None:
            return MentionKind.MENTION
        return self._kind_of(self.item) if self.rsvp is None else MentionKind.RSVP

    @cached_property
    def rsvp(self) -> Rsvp | None:
        """The answer of an RSVP; one that says whom it answers does not answer others that it links to."""
        if self.item is None:
            return None
        if "u-in-reply-to" in self.item.properties and not self._is_value(self.item, "u-in-reply-to"):
            return None
        for node in self.item.properties.get("p-rsvp", ())[:MAX_VALUES]:
            if (answer := _RSVPS.get(text_value(self._page, node).lower())) is not None:
                return answer
        return None

    # What it is called, when it was said, and where

    @cached_property
    def name(self) -> str | None:
        """What the item calls itself in so many words; the name of a note is its content, and none."""
        if self.item is None:
            return None
        contents = self.item.properties.get("e-content", ())[:MAX_VALUES]
        for node in self.item.properties.get("p-name", ())[:MAX_VALUES]:
            is_content = any(node.holds(content) or content.holds(node) for content in contents)
            if not is_content and (text := text_value(self._page, node)):
                return text
        return None

    @cached_property
    def date(self) -> tuple[datetime, str] | None:
        """When it was published, and how the page writes it (`date_value`)."""
        return next((date for date in self._dates() if date is not None), None)

    @cached_property
    def permalink(self) -> str | None:
        """What it names as its own address, on whichever host; one of the page's own is preferred. None where it names
        none."""
        if self.item is not None:
            found = [url for url in self._urls(self.item, "u-url") if key_of(url) != self._target]
            at_home = (url for url in found if self.subject.is_site(key_of(url)))
            if found:
                return next(at_home, found[0])
            for url in self._urls(self.item, "u-uid"):  # elsewhere it may be that of a place
                if self.subject.is_site(key_of(url)) and key_of(url) != self._target:
                    return url
        for link in self._title_links():
            address = url_value(self._page, link)
            key = None if address is None else key_of(address)
            if key is not None and self.subject.is_another(key) and not self.subject.is_above(key):
                return address
        return None

    # Who may speak

    def _voice_at(self, node: Node) -> _Voice:
        item = self._item_around(node.item)
        if node.parts & COMMENTS and (item is None or not (item.node.parts & COMMENTS or _says(item, node))):
            return _Voice(None, self._comment_around(node))
        return _Voice(item)

    def _item_around(self, item: Item | None) -> Item | None:
        """The innermost that can speak, and is not only what another one answers or quotes."""
        passed: list[Item] = []
        while item is not None and item not in self._around:
            passed.append(item)
            if _can_speak(item) and not self._is_cited(item):
                self._around[item] = item
                break
            item = item.parent
        found = None if item is None else self._around[item]
        self._around.update(dict.fromkeys(passed, found))
        return found

    def _comment_around(self, node: Node) -> Node:
        """The one comment that a node within comments stands in, else the nearest box that may be one."""
        passed: list[Node] = []
        around = node.parent
        while around is not None and around.parts & COMMENTS and around not in self._comments:
            passed.append(around)
            around = around.parent
        comment, box = (None, None) if around is None else self._comments.get(around, (None, None))
        for each in reversed(passed):
            is_named = not _COMMENT.isdisjoint(each.classes) or _COMMENT_ID.fullmatch(each.attributes.get("id", ""))
            if is_named or is_comment(each.attributes):
                comment = each
            if each.tag in _COMMENT_BOXES:
                box = each
            self._comments[each] = comment, box
        return comment or box or node

    def _is_cited(self, item: Item) -> bool:
        node, around = item.node, item.parent
        if not _CITING.isdisjoint(node.classes):
            return True
        if not _GOT.isdisjoint(node.classes):
            return False
        if node.parts & QUOTE and around is not None and not around.node.parts & QUOTE:
            return True
        return "h-cite" in node.classes and any(map(self._leads, _addresses_of(item)))

    def _chosen(self, fragment: str) -> _Voice:
        """Of several the one that the source's fragment names, else the page's own, else one with a kind, else the
        first outside comments, side bars and the like; and comments before the latter."""
        left = list(self._links_of)
        if len(left) > 1 and fragment and (place := self._place_of(fragment)) is not None:
            left = self._named_by(place, left) or left
        if len(left) > 1:
            left = [each for each in left if each.item is not None and self._is_page(each.item)] or left
        if len(left) > 1:
            left = [each for each in left if each.item is not None and self._is_kind(each.item)] or left
        return min(left, key=self._remoteness)

    def _place_of(self, fragment: str) -> Node | None:
        """The element with that id, else the `<a>` with that name (HTML, “indicated part of the document”)."""
        named = (node for node in self._page.nodes if node.tag == "a" and node.attributes.get("name") == fragment)
        return self._page.ids.get(fragment) or next(named, None)

    def _named_by(self, node: Node, voices: Sequence[_Voice]) -> list[_Voice]:
        """Those that an element is, or holds, else the one around it."""
        around = self._voice_at(node)
        places = [(each, each.comment if each.item is None else each.item.node) for each in voices]
        return (
            [each for each, place in places if place is node]
            or [each for each, place in places if place is not None and node.holds(place)]
            or [each for each in voices if each == around]
        )

    def _is_page(self, item: Item) -> bool:
        """It says that the page is its own, and is no comment."""
        return not item.node.parts & COMMENTS and any(
            self.subject.is_page(key_of(url)) for url in self._urls(item, "u-url")
        )

    def _remoteness(self, voice: _Voice) -> int:
        """0 in the page's main part, 1 in comments, 2 in side bars and the like."""
        places = self._links_of[voice] if voice.item is None else (voice.item.node,)
        if not all(place.parts & CHROME for place in places):
            return 0
        return 1 if any(place.parts & COMMENTS for place in places) else 2

    def _is_kind(self, item: Item) -> bool:
        return self._kind_of(item) is not MentionKind.MENTION

    # What an item says

    def _kind_of(self, item: Item) -> MentionKind:
        for name, kind in _KINDS.items():
            if self._is_value(item, name):
                return kind
        links = self._links_of.get(_Voice(item), ())
        is_reply = any("in-reply-to" in link.rels for link in links if link.item is item)
        return MentionKind.REPLY if is_reply else MentionKind.MENTION

    def _is_value(self, item: Item, name: str) -> bool:
        """The target is a value of the property: a link, or the address of what stands in a box."""
        for node in item.properties.get(name, ())[:MAX_VALUES]:
            box = node.own_item
            named = () if box is None else _addresses_of(box)
            if named or "href" in node.attributes:
                if any(map(self._leads, named or (node,))):
                    return True
                continue
            within = self._page.within(self._page.links, node)[:MAX_VALUES]
            link = next((link for link in within if link.item is (box or item)), node)  # and not, say, its author's
            if self._leads(link):
                return True
        return False

    def _leads(self, node: Node) -> bool:
        """It is a link to the target, or says its address otherwise."""
        if "href" in node.attributes or "src" in node.attributes:
            return node.index in self._places
        url = url_value(self._page, node)
        return url is not None and key_of(url) == self._target

    def _urls(self, item: Item, name: str) -> Iterator[str]:
        for node in item.properties.get(name, ())[:MAX_VALUES]:
            if (url := url_value(self._page, node)) is not None:
                yield url

    def _dates(self) -> Iterator[tuple[datetime, str] | None]:
        page = self._page
        around = self.comment if self.item is None else self.item.node
        if around is None:
            if self.row is not None:
                yield from self.subject.dates_in(self.row)
            elif self._title is None:
                yield self.subject.date
            return
        if self.item is not None:
            for node in self.item.properties.get("dt-published", ())[:MAX_VALUES]:
                yield date_value(page, node)
            if self.is_free and (self._is_page(self.item) or self._is_alone()):
                yield from self.subject.dates_of_page()
        for nodes in (page.dated, page.of["time"]):
            for node in page.within(nodes, around)[:MAX_VALUES]:
                is_quoted = node.parts & ~around.parts & QUOTE
                is_own = not is_quoted and (self.item is None or _speaking(node.item) is self.item)
                if is_own and self._voice_at(node).comment is self.comment:
                    yield date_value(page, node)

    def _is_alone(self) -> bool:
        """No other entry of the page stands by itself."""
        nested: set[Item] = set()
        free = 0
        for item in self._page.items:
            if item.parent is not None and (item.parent in nested or _can_speak(item.parent)):
                nested.add(item)
            elif _can_speak(item) and not item.node.parts & COMMENTS:
                free += 1
        return free == 1

    def _title_links(self) -> Iterator[Node]:
        """What may lead to a speaker that does not name its address: `rel=bookmark`, and what is most of a heading."""
        page = self._page
        around = article_around(self.links[0]) if self.item is None else self.item.node
        if self._title is not None:
            yield from linked_by(page, self._title)
        if around is None or self.comment is not None:
            return
        bookmarks = (link for link in page.within(page.links, around) if "bookmark" in link.rels)
        for link in islice(bookmarks, MAX_VALUES):
            if self._voice_at(link).item is self.item:
                yield link
        for level in HEADINGS:
            heading = page.first_within(page.of[level], around)
            if heading is not None and self._voice_at(heading).item is self.item:
                length = len(page.text(heading))
                yield from (link for link in linked_by(page, heading) if 2 * len(page.text(link)) >= length)
                return


def _can_speak(item: Item) -> bool:
    return not _SPEAKERS.isdisjoint(item.node.classes)


def _speaking(item: Item | None) -> Item | None:
    """The item, or the innermost around it, that can speak, if only within what another one answers."""
    for _ in range(MAX_CLIMB):
        if item is None or _can_speak(item):
            break
        item = item.parent
    return item


def _says(item: Item, node: Node) -> bool:
    """The node stands in the item's own content, or in what the item answers."""
    own = (*item.properties.get("e-content", ())[:MAX_VALUES], *islice(item.answers(), MAX_VALUES))
    return any(each.holds(node) for each in own)


def _addresses_of(item: Item) -> list[Node]:
    return [node for name in ("u-url", "u-uid") for node in item.properties.get(name, ())[:MAX_VALUES]]


def _unescaped(fragment: str) -> str:
    """As an id has it."""
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), fragment.encode()).decode("utf-8", "replace")
