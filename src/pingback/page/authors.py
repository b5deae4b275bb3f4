"""Who wrote a part of a page: better nobody than somebody else.

An item's own author counts. What is not nested in another may leave it to microdata, to its feed, to the page's
`rel=author`, to a card, to JSON-LD or to the head. A comment has its own author or none, and never that of the post
above it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice, takewhile

from pingback.model import Author
from pingback.page.cards import FEEDS, MAX_LINKS, MAX_SAME, OTHERS, Cards, is_card, is_same, sole_of
from pingback.page.commenters import commenter_of
from pingback.page.items import Subject
from pingback.page.json_ld import Thing, is_posting, text_in, url_in, values_of
from pingback.page.microdata import ABOUT, Authors, Named, authors_around, reference_of, text_of
from pingback.page.nodes import LINE_BREAK, Node, above
from pingback.page.properties import address, card_of, name_of, text_value, url_value, words
from pingback.page.speaker import Speaker
from pingback.page.tree import CHROME, CITE, ENTRIES, HEADINGS, MENU, QUOTE, Item
from pingback.text import plain
from pingback.urls import key_of

MAX_AUTHORS = 10  # of an item, and of the lists in JSON-LD
MAX_WITHIN = 200  # elements of what names an author
MAX_SIGNED = 120  # characters before a name that say whose it is
MAX_PIECES = 20  # in which they may come

_EDGES = frozenset({"footer", "aside", "nav"})
_BYLINE = re.compile(
    r"(?:(?:post|entry|article)[-_]+)?(?:author|byline)(?:[-_]+(?:box|info|card|bio|name|meta))?\Z"
    r"|posted-by\Z|about-(?:the-)?author\Z"
)
_BLOCKS = frozenset({"wp-block-post-author-name", "wp-block-post-author__name"})
_ROW = "wp-block-post"
# “By”, “Posted on May 5 by” and the like, before a name.
_SIGNED = re.compile(
    r"(?:(?:posted|published|written|submitted|created|veröffentlicht|geschrieben|gepostet|publié|écrit|publicado|escrito"
    r"|pubblicato|scritto|geplaatst|geschreven|publicerat|skrivet|publicert|skrevet|opublikowane|napisane)\b"
    r"(?:[^0-9]{0,30}[0-9].{0,30}?)?)?\W*"
    r"(?:(?<![^\W\d])(?:by|von|par|por|di|da|door|av|af|przez|author|autore?|auteur|autorka)\b|作者|著者|投稿者|글쓴이)\W*",
    re.IGNORECASE,
)
_METAS = ("author", "article:author", "dc.creator", "dcterms.creator")
_SITE = frozenset({"site-title", "site-name"})  # what these say is the site's name: Jekyll's first theme links it so


def author_of(speaker: Speaker) -> Author | None:
    """Who wrote what a speaker says; None where the page does not say."""
    return _Authors(speaker.subject).of(speaker)


class _Authors:
    """Who is named on one page."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._page = subject.page
        self._cards = Cards(subject)

    def of(self, speaker: Speaker) -> Author | None:
        item = speaker.item
        if item is not None and (found := self._named_by(item) or self._byline(item.node)) is not None:
            return self._with_name(found, item.node) if speaker.is_free else found
        if speaker.comment is not None:
            return commenter_of(self._page, speaker.comment)
        if item is not None and not self._may_ask_the_page(item, speaker):
            return None
        part = speaker.row if item is None else item.node
        if item is None and (found := self._byline_of(part)) is not None:
            return found
        told = authors_around(self._page, speaker.links[0])
        if told is not None and (speaker.row is None or speaker.row.holds(told.thing)):
            found = self._of_markup(told)
            if found is not None or told.is_answer:
                return found
        return self._of_blocks(part) or (None if item is None else self._of_feed(item)) or self._of_page(part)

    def _may_ask_the_page(self, item: Item, speaker: Speaker) -> bool:
        return speaker.is_free and not item.node.parts & (CITE | QUOTE) and FEEDS.isdisjoint(item.node.classes)

    def _byline_of(self, row: Node | None) -> Author | None:
        """Of what stands in no item: a row's, or the post's."""
        if row is not None:
            return self._byline(row)
        return self._of_post() if self._page.items else None

    # What an item says

    def _named_by(self, item: Item) -> Author | None:
        """By its properties: a card, an address, words; of several the first that says enough."""
        name = url = photo = None
        for node in self._author_nodes(item):
            found = self._value(node)
            if found is None or (name and found.name and name != found.name and words(self._page, node)):
                continue  # it says nothing, or names another one
            name, url, photo = name or found.name, url or found.url, photo or found.photo
            if name and url:
                break
        return Author(name=name, url=url, photo=photo) if name or url else None

    def _author_nodes(self, item: Item) -> Sequence[Node]:
        """What the properties are said by, but for those of comments, quotations, and what is answered."""
        named = {each.index: each for name in ("p-author", "u-author") for each in item.properties.get(name, ())}
        answers = list(islice(item.answers(), MAX_AUTHORS))
        foreign = OTHERS & ~item.node.parts
        if "hfeed" in item.node.classes:  # often all of a page; by the class `author` side bars name others
            named = {
                index: node for index, node in named.items() if "author" not in node.classes or not node.parts & CHROME
            }
        own = (
            named[index]
            for index in sorted(named)
            if not (named[index].parts & foreign or any(answer.holds(named[index]) for answer in answers))
        )
        return list(islice(own, MAX_AUTHORS))

    def _value(self, node: Node) -> Author | None:
        """Whom one property names."""
        card = self._card_at(node)
        if card is not None:
            return self._known(card_of(self._page, card))
        link = node if "href" in node.attributes else self._only_link(node)
        url = None if link is None else url_value(self._page, link)
        if link is None or node.tag == "link":
            text = text_value(self._page, node)
        else:
            text = words(self._page, link, portraits=False) or words(self._page, link)
        if url is None and (written := _absolute(text)) is not None:
            url = address(self._page, written)
        if url is None and "u-author" in node.classes:
            url = url_value(self._page, node)
        return self._known(Author(name=name_of(text), url=url), is_bare="p-author" not in node.classes)

    def _card_at(self, node: Node) -> Item | None:
        """The item that the element is, the first card in it, or the one that it leads to on the page."""
        if node.own_item is not None:
            return node.own_item
        href = node.attributes.get("href", "")
        place = self._page.ids.get(href[1:]) if href.startswith("#") else None
        if place is not None and place.own_item is not None and is_card(place.own_item):
            return place.own_item
        within = self._page.nodes[node.index : min(node.stop, node.index + MAX_WITHIN)]
        items = (each.own_item for each in within)
        return next((item for item in items if item is not None and is_card(item)), None)

    def _only_link(self, node: Node) -> Node | None:
        links = self._page.within(self._page.links, node)
        return links[0] if len(links) == 1 or (links and "author" in links[0].rels) else None

    def _known(self, author: Author, *, is_bare: bool = False) -> Author | None:
        """What is missing the page's card with that address says; the name, too, where there is only an address."""
        is_whole = author.name and author.photo and not is_bare
        card = None if author.url is None or is_whole else self._cards.named(author.url)
        if card is not None:
            name = (card.name or author.name) if is_bare else (author.name or card.name)
            author = Author(name=name, url=author.url, photo=author.photo or card.photo)
        return author if author.name or author.url else None

    # What microdata and RDFa say

    def _of_markup(self, told: Authors) -> Author | None:
        found = (author for named in told.named if (author := self._marked_up(named)) is not None)
        author = next(found, None) if told.are_together else sole_of(found)
        is_foreign = author is not None and author.url is not None and not self._subject.is_site(key_of(author.url))
        if author is not None and is_foreign and told.is_answer:  # which whoever answers may have typed in
            return Author(name=author.name) if author.name else None
        return author

    def _marked_up(self, named: Named) -> Author | None:
        """Whom one element names; what it does not say apart, its link and its words do."""
        page, node = self._page, named.node
        told = None if named.name is None else name_of(text_of(named.name) or words(page, named.name, portraits=False))
        url = None if named.url is None else address(page, reference_of(named.url))
        photo = None if named.photo is None else address(page, reference_of(named.photo))
        written = text_of(node) if named.is_value else None
        if written is not None:
            rest = self._of_text(written)
        else:
            rest = self._value(node) if named.is_value or self._only_link(node) is not None else None
        found = Author(name=told, url=url, photo=photo)
        if rest is not None:
            found = Author(name=told or rest.name, url=url or rest.url, photo=photo or rest.photo)
        return self._known(found)

    # What the page says

    def _of_blocks(self, part: Node | None) -> Author | None:
        """Whom the blocks of WordPress name, outside the rows of its lists."""
        page, root = self._page, part or self._page.root
        blocks = (node for node in page.nodes[root.index : root.stop] if not _BLOCKS.isdisjoint(node.classes))
        own = (
            node
            for node in islice(blocks, MAX_SAME)
            if not node.parts & (OTHERS | MENU)
            and not any(_ROW in each.classes for each in takewhile(lambda each: each is not root, above(node)))
        )
        return sole_of(author for node in own if (author := self._value(node)) is not None)

    def _byline(self, part: Node) -> Author | None:
        """A card right in a part of the page that no property is said by, but that is called its author's."""
        item = part.own_item
        cards = (card for card in self._cards.all if card.parent is item and part.holds(card.node))
        bylines = (card for card in cards if any(map(_BYLINE.match, card.node.classes)))
        return sole_of(map(self._of_byline, islice(bylines, MAX_SAME)))

    def _of_byline(self, card: Item) -> Author:
        found = card_of(self._page, card)
        links = (link for link in self._page.within(self._page.links, card.node) if "author" in link.rels)
        if found.url is None and (link := next(links, None)) is not None:
            return replace(found, url=url_value(self._page, link))
        return found

    def _of_post(self) -> Author | None:
        """Who wrote the post of the page, for what stands outside all items."""
        post = self._subject.post
        if post.own_item is None:
            return self._byline(post)
        return self._named_by(post.own_item) or self._byline(post) or self._of_feed(post.own_item)

    def _of_feed(self, item: Item) -> Author | None:
        around = item.parent
        while around is not None and ENTRIES.isdisjoint(around.node.classes):
            if not FEEDS.isdisjoint(around.node.classes):
                return self._named_by(around)
            around = around.parent
        return None

    def _of_page(self, part: Node | None) -> Author | None:
        """What the page says of a part of it, or of its post."""
        linked = self._of_link(part)
        if linked is None:
            linked = self._cards.representative() or self._cards.sole()
        elif linked.name is None and (told := self._of_json_ld() or self._of_metas()) is not None and told.url is None:
            linked = replace(linked, name=told.name)
        return self._of_json_ld() or self._of_metas() if linked is None else self._with_name(linked, part)

    def _with_name(self, author: Author, part: Node | None) -> Author:
        """An address alone gets the name that the page's own link to it has, or JSON-LD."""
        if author.name is not None or author.url is None:
            return author
        told = (self._of_link(part), self._of_json_ld())
        same = (each for each in told if each is not None and each.name and each.url and is_same(each, author))
        return replace(author, name=next(same, author).name)

    def _of_link(self, part: Node | None) -> Author | None:
        """`rel=author` within the site: the part's own, else the page's where it has one such address only."""
        page = self._page
        heads = (node for node in page.of["link"] if "href" in node.attributes)
        links = [node for node in (*heads, *page.links) if "author" in node.rels][:MAX_LINKS]
        if not links:
            return None
        is_entry = part is not None
        if part is None:  # what is the post, is asked for only where a link may be its author's
            part = self._subject.post
            is_entry = part in self._subject.candidates
        own: list[tuple[Node, str]] = []
        for node in links:
            found = page.target(node.attributes["href"])
            is_page = found is not None and not found[1].endswith(".txt")  # such as humans.txt
            if found is not None and is_page and self._subject.is_site(found[1]) and self._may_sign(node, part):
                own.append((node, found[1]))
        inner = [each for each in own if part.holds(each[0]) and part is not page.root]
        if not (inner and is_entry) and len({key for _, key in inner or own}) != 1:
            return None
        node, _ = min(inner or own, key=lambda each: not page.all_said(each[0]))  # the first with words
        url = address(page, node.attributes["href"])
        named = None if url is None else self._cards.named(url)
        if named is None and node.item is not None and is_card(node.item):
            named = card_of(page, node.item)
        if named is not None:
            return replace(named, url=url)
        is_of_site = not _SITE.isdisjoint(node.classes)
        return Author(
            name=None if is_of_site else name_of(words(page, node, portraits=False) or words(page, node)), url=url
        )

    def _may_sign(self, link: Node, part: Node) -> bool:
        """The link may name the part's author: it is of no other entry, no comment and no menu, nor on an edge of an
        entry, where themes have all kinds, but for what says “by” in a footer."""
        if link.parts & (OTHERS | MENU):
            return False
        edge = False
        for node in above(link):
            edge = edge or (node.tag in _EDGES and not (node.tag == "footer" and self._is_signed(node, link)))
            if node.tag == "article" or not ENTRIES.isdisjoint(node.classes):
                return not edge and (node.holds(part) or (part.holds(node) and node is self._subject.post))
        return True

    def _is_signed(self, footer: Node, link: Node) -> bool:
        """The words before a link say “by”, and no title before it says of what else."""
        page = self._page
        if any(page.within(page.of[level], footer, before=link) for level in HEADINGS):
            return False
        line: list[str] = []
        for piece in reversed(page.texts[max(footer.text, link.text - MAX_PIECES) : link.text]):
            if page.blocks[link.text - len(line) - 1] != link.block or piece == LINE_BREAK:
                break
            line.append(piece[-MAX_SIGNED:])
        said = plain("".join(reversed(line)))
        return len(said) <= MAX_SIGNED and _SIGNED.fullmatch(said) is not None

    # JSON-LD, and the head

    def _of_json_ld(self) -> Author | None:
        things = self._page.json_ld
        postings = [thing for types, thing in things if is_posting(types)]
        others = [thing for types, thing in things if types & ABOUT]
        return self._of_things(postings) or self._of_things(others)

    def _of_things(self, things: Sequence[Thing]) -> Author | None:
        """The author of the first that is the page; of those that may be anything the one whom all of them name."""
        told = values_of(things, "author", is_page=self._subject.is_described_by)
        for author in told.own:
            if (found := self._in_json(author)) is not None:
                return found
        named = (self._in_json(author) for author in told.anonymous)
        return sole_of(author for author in named if author is not None)

    def _in_json(self, value: object, depth: int = 0) -> Author | None:
        """An author as an object, a list, a name, an address, or a reference to another object."""
        if isinstance(value, list):
            if depth < 3:
                found = (self._in_json(each, depth + 1) for each in value[:MAX_AUTHORS])
                return next((each for each in found if each is not None), None)
            return None
        if isinstance(value, str):
            thing = self._by_id.get(value)
            return self._in_object(thing) if thing is not None else self._of_text(value)
        return self._in_object(value) if isinstance(value, Mapping) else None

    def _in_object(self, value: Thing) -> Author | None:
        reference = value.get("@id")
        if isinstance(reference, str) and reference in self._by_id:
            value = {**self._by_id[reference], **value}
        url = url_in(value.get("url"))
        photo = url_in(value.get("image"))
        author = Author(
            name=name_of(text_in(value.get("name"))),
            url=address(self._page, url),
            photo=address(self._page, photo),
        )
        return self._known(author)

    @cached_property
    def _by_id(self) -> dict[str, Thing]:
        things = (thing for _, thing in self._page.json_ld if isinstance(thing.get("@id"), str))
        return {thing["@id"]: thing for thing in reversed([*things])}

    def _of_metas(self) -> Author | None:
        """A name, and an address of the page's site; or what there is of both."""
        told = [self._of_text(self._page.metas[name]) for name in _METAS if name in self._page.metas]
        authors = [author for author in told if author is not None]
        name = next((author.name for author in authors if author.name), None)
        urls = [author.url for author in authors if author.url]
        if name is None:
            return authors[0] if authors else None
        own = (url for url in urls if self._subject.is_site(key_of(url)))
        named = next((author for author in authors if author.name and author.url), None)
        return named or self._known(Author(name=name, url=next(own, None)))

    def _of_text(self, text: str) -> Author | None:
        """A name, or an address, which is none."""
        written = _absolute(text)
        if written is not None:
            return self._known(Author(url=address(self._page, written)))
        name = name_of(text)
        return None if name is None else Author(name=name)


def _absolute(text: str) -> str | None:
    """The text where it is an address of HTTP and nothing else."""
    written = text.strip()
    return written if re.match(r"https?://\S+\Z", written, re.IGNORECASE) else None
