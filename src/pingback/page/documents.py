"""What a JSON document says that tells of posts, read as an HTML page is.

The innermost entry that holds the target speaks. What its format calls HTML is read as a page: a link there is a link,
as a person would see it. All other strings are text.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice, repeat
from typing import NamedTuple

from pingback.model import REACTIONS, REPLIES, Author, Content, MentionKind, Rsvp
from pingback.page.contents import content_of_text
from pingback.page.links import Wanted, cannot_hold
from pingback.page.nodes import Node
from pingback.page.properties import date_of
from pingback.page.titles import LONGEST_TITLE
from pingback.page.tree import Page
from pingback.page.vocabularies import Entry, Item, Value, values_of, vocabulary_of
from pingback.page.words import excerpt_around, excerpt_of, words_in
from pingback.text import clean
from pingback.urls import host_of, key_at, key_of

MAX_ELEMENTS = 50_000  # strings, lists and objects; a post has some hundred
MAX_HOLDERS = 1000  # entries with the target, of which one is to speak
MAX_CARDS = 1000  # by which an author's address may be named
MAX_HTML = 20  # values of HTML that name the target's host, and are read for links to it
MAX_LOOKED = 1000  # values of HTML that are looked through for that host

_NO_BASE = "about:blank"  # against which nothing relative resolves


class Said(NamedTuple):
    """What a document that holds the target says; None where it says nothing. `address` is the entry's own, and
    `by_guest` is whether the entry stands in another."""

    kind: MentionKind = MentionKind.MENTION
    rsvp: Rsvp | None = None
    title: str | None = None
    excerpt: str | None = None
    content: Content | None = None
    author: Author | None = None
    published: datetime | None = None
    published_as: str | None = None
    address: str | None = None
    by_guest: bool = False


class Asked(NamedTuple):
    """What a document is asked for: the target, by its `source`, which came from `url`."""

    target: str
    source: str
    url: str
    content_type: str | None


def said_in(text: str, asked: Asked, is_target: Callable[[str], bool], *, is_linked: bool) -> Said | None:
    """What the entry says that holds the target, as a string or as a link in its HTML; None where none does.

    `is_linked` is whether the target is a string of the document: one that stands outside the only entry is its, too.
    """
    try:
        document = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    reading = _Reading(document, asked, is_target)
    speaker = reading.speaker(is_linked=is_linked)
    return None if speaker is None else reading.said_by(speaker)


class _Speaker:
    """An entry, the one that it stands in, and the frame about it."""

    __slots__ = ("around", "frame", "holds", "html", "item")

    def __init__(self, item: Item, around: "_Speaker | None", frame: Item | None) -> None:
        self.item = item
        self.around = around
        self.frame = frame
        self.holds = False
        self.html: list[str] = []


class _Reading:
    """A document with its entries in document order."""

    def __init__(self, document: object, asked: Asked, is_target: Callable[[str], bool]) -> None:
        self._document = document
        self._asked = asked
        self._is_target = is_target
        self._wanted = Wanted(asked.target)
        self._vocabulary = vocabulary_of(document, asked.content_type)
        self._speakers: list[_Speaker] = []
        self._cards: list[Item] = []
        self._free_cards: list[Item] = []
        self._pages: dict[str, tuple[Page, Sequence[Node]]] = {}  # by their HTML, with the links to the target
        self._walk()

    def speaker(self, *, is_linked: bool) -> _Speaker | None:
        looked = islice(((each, html) for each in self._speakers for html in each.html), MAX_LOOKED)
        for speaker, html in looked:
            speaker.holds = bool(self._links_in(html)) or speaker.holds
        holders = list(islice((each for each in self._speakers if each.holds), MAX_HOLDERS))
        if not holders:
            return self._speakers[0] if is_linked and len(self._speakers) == 1 else None
        return holders[0] if len(holders) == 1 else max(holders, key=self._rank)  # of equals the first

    def said_by(self, speaker: _Speaker) -> Said:
        vocabulary = self._vocabulary
        kind, rsvp = vocabulary.answer_of(speaker.item, self._is_target)
        entry = vocabulary.entry_of(speaker.item)
        excerpt, content = self._words(kind, entry.words)
        frame = None if speaker.frame is None else vocabulary.frame_of(speaker.frame)
        date = date_of(entry.published) or (date_of(frame.published) if frame is not None else None)
        return Said(
            kind=kind,
            rsvp=rsvp,
            title=clean(entry.name, LONGEST_TITLE),
            excerpt=excerpt,
            content=content,
            author=self._author(speaker, entry, frame),
            published=date[0] if date else None,
            published_as=date[1] if date else None,
            address=self._address(entry.addresses),
            by_guest=speaker.around is not None,
        )

    def _walk(self) -> None:
        """Note the entries, what they hold and the cards. Without recursion, and plain: it is called for each value."""
        left = MAX_ELEMENTS
        # What is left to look at, with the names that are the top of it, who speaks there, and the frame around it.
        # Iterators: with a tuple for each value, the collector of garbage takes longer than all else.
        waiting: list[tuple[Iterator[tuple[str, object]], frozenset[str], _Speaker | None, Item | None]]
        waiting = [(iter([("", self._document)]), frozenset(), None, None)]
        while waiting and left > 0:
            values, parts, speaker, frame = waiting[-1]
            for name, value in values:
                left -= 1
                if isinstance(value, str):
                    if speaker is not None and not speaker.holds:
                        speaker.holds = self._is_target(value)
                elif value and isinstance(value, list):
                    waiting.append((zip(repeat(name), value, strict=False), parts, speaker, frame))
                    break
                elif value and isinstance(value, dict):
                    waiting.append(self._within(value, "" if name in parts else name, speaker, frame))
                    break
            else:
                waiting.pop()

    def _within(
        self, item: Item, name: str, speaker: _Speaker | None, frame: Item | None
    ) -> tuple[Iterator[tuple[str, object]], frozenset[str], _Speaker | None, Item | None]:
        parts: frozenset[str] = frozenset()
        if "type" in item or "@type" in item:
            speaker, frame, parts = self._met(item, name, speaker, frame)
        if speaker is not None:
            speaker.html += self._vocabulary.html_in(item)
        return iter(item.items()), parts, speaker, frame

    def _met(
        self, item: Item, name: str, speaker: _Speaker | None, frame: Item | None
    ) -> tuple[_Speaker | None, Item | None, frozenset[str]]:
        """Who speaks within an item, what frame is around there, and which names are the top of it."""
        vocabulary = self._vocabulary
        if speaker is None and (parts := vocabulary.frame_parts(item)) is not None:
            return None, item, parts
        if vocabulary.is_card(item):
            if len(self._cards) < MAX_CARDS:
                self._cards.append(item)
                if speaker is None and frame is None and name in vocabulary.parts:
                    self._free_cards.append(item)
        elif name in vocabulary.parts and vocabulary.is_entry(item) and not self._is_of_target(item, speaker):
            speaker, frame = _Speaker(item, speaker, None if speaker else frame), None
            self._speakers.append(speaker)
        return speaker, frame, frozenset()

    def _is_of_target(self, item: Item, around: _Speaker | None) -> bool:
        """It is the target itself, as another entry quotes it."""
        return around is not None and any(map(self._is_target, self._vocabulary.addresses_of(item)))

    def _rank(self, speaker: _Speaker) -> tuple[bool, bool, bool]:
        item, source = speaker.item, self._asked.source
        _, mark, fragment = source.partition("#")
        own = {key_at(each, base=_NO_BASE) for each in self._vocabulary.addresses_of(item)}
        return (
            bool(mark) and item.get("id") in (fragment, source),
            not own.isdisjoint((key_of(source), key_of(self._asked.url))),
            self._vocabulary.answer_of(item, self._is_target)[0] is not MentionKind.MENTION,
        )

    def _links_in(self, html: str) -> Sequence[Node]:
        """The links to the target in HTML that was looked at."""
        utf8 = html.encode("utf-8", "replace")
        if html in self._pages:
            return self._pages[html][1]
        if len(self._pages) == MAX_HTML or cannot_hold(utf8, self._asked.target, url=self._asked.url):
            return ()
        page = Page([utf8], url=self._asked.url, charset="utf-8")
        self._pages[html] = page, self._wanted.links_in(page.nodes, page.base)
        return self._pages[html][1]

    def _words(self, kind: MentionKind, words: Value) -> tuple[str | None, Content | None]:
        """An excerpt, and of a reply all that it says."""
        if kind in REACTIONS:
            return None, None
        if kind is MentionKind.MENTION and words.html in self._pages:
            page, links = self._pages[words.html]
            if links and (excerpt := excerpt_around(page, links)[1]):
                return excerpt, None
        content = self._content(words)
        excerpt = None if content is None else excerpt_of(content)
        return excerpt, content if kind in REPLIES else None

    def _content(self, words: Value) -> Content | None:
        if not words.html:
            return content_of_text(words.text)
        if words.html not in self._pages:
            page = Page([words.html.encode("utf-8", "replace")], url=self._asked.url, charset="utf-8")
            return words_in(page, page.root, ())
        page, links = self._pages[words.html]
        return words_in(page, page.root, links)

    def _address(self, addresses: Sequence[str]) -> str | None:
        """The first that is not the target's; one on the source's own host is preferred."""
        own = [each for each in addresses if not self._is_target(each)]
        hosts = (host_of(self._asked.source), host_of(self._asked.url))
        return next((each for each in own if host_of(each) in hosts), own[0] if own else None)

    def _author(self, speaker: _Speaker, entry: Entry, frame: Entry | None) -> Author | None:
        """The entry's own; for one that does not stand in another's, also what the document says of all of it."""
        if entry.author is not None:
            return self._named(entry.author)
        if speaker.around is not None:
            return None
        if frame is not None and frame.author is not None:
            return self._named(frame.author)
        rels = self._document.get("rels") if isinstance(self._document, dict) else None
        for address in values_of(rels, "author") if isinstance(rels, dict) else ():
            if isinstance(address, str) and (author := self._vocabulary.card_of(address)) is not None and author.url:
                return self._named(author)
        return self._vocabulary.card_of(self._free_cards[0]) if len(self._free_cards) == 1 else None

    def _named(self, author: Author) -> Author:
        """An address alone is named by the card that has it."""
        if author.url is None or author.name is not None:
            return author
        key = key_of(author.url)
        for card in self._cards:
            if any(key_at(each, base=_NO_BASE) == key for each in self._vocabulary.addresses_of(card)):
                return self._vocabulary.card_of(card) or author
        return author
