"""Which part of a page is the post, and when it was published.

Candidates are its outermost entries and articles, outside chrome. One that says that it is this page is the post; else
the one of the page's main region that says most, if it says enough; else the region is.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import islice, takewhile
from typing import NamedTuple

from pingback.page.json_ld import Thing, is_posting, url_in, values_of
from pingback.page.nodes import Node, above
from pingback.page.properties import date_of, date_value
from pingback.page.tree import CHROME, CITE, COMMENTS, ENTRIES, HEADINGS, QUOTE, Page
from pingback.urls import key_at, key_of

HEADING = 400  # characters that an h1 counts for
ENOUGH = 0.4  # of what the region says, which an article without a heading has to say
TIMES = 4  # as much outside the region as within
MAX_DATES = 100  # of a kind that are looked at
MAX_BESIDE = 1000  # that may be others'
_REGIONS = ("content", "main", "primary", "main-content")

_DATES = ("article:published_time", "datepublished", "dc.date", "dcterms.date", "date")
_ESCAPE = re.compile("%([2-7][0-9A-Fa-f])")  # of ASCII
_INDEX = re.compile(r"(?:/index\.html|\.html|/)\Z")  # behind a page's name


class Permalink(NamedTuple):
    """Where an entry says that it is at home. `named`: so that one entry alone makes a list."""

    key: str
    named: bool


class Subject:
    """A page, and which address it has: what is asked of where a link leads."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.key = key_of(page.url)
        self.canonical = self._canonical()
        named = (self.canonical, self._url(page.metas.get("og:url")))
        self._keys = keys = [self.key, *(key_of(url) for url in named if url is not None)]
        self._names = frozenset(key for key in keys if _host(key) == _host(self.key))
        self.hosts = frozenset(_host(key) for key in keys)
        self._path = _path(self.key)

    def is_own_name(self, key: str) -> bool:
        """A URL with this key is the page, or what it calls itself on its own host."""
        return key in self._names or self.is_page(key)

    def is_page(self, key: str) -> bool:
        """A URL with this key is the page itself."""
        return key == self.key or (_host(key) in self.hosts and _path(key) == self._path)

    def is_site(self, key: str) -> bool:
        """A URL with this key is of the page's site."""
        return _host(key) in self.hosts

    def is_another(self, key: str) -> bool:
        """A URL with this key is another page of the page's site."""
        return _host(key) in self.hosts and _path(key) != self._path

    def is_above(self, key: str) -> bool:
        """A URL with this key is the folder of the page, or one above that: no teaser leads there."""
        return self.key.startswith(f"{key.rstrip('/')}/")

    @cached_property
    def _held(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Its addresses, by host. Most pages need none, and to compile them takes a fifth of the time."""
        return tuple({_host(key): _held(key) for key in self._keys if self.is_own_name(key)}.items())

    def is_held_by(self, url: str) -> bool:
        """A URL holds the page's own address: a share button, an archive."""
        rest = url.partition("://")[2].partition("/")[2]
        if not any(host.partition(":")[0] in rest.lower() for host in self.hosts):
            return False
        for host, held in self._held:
            name = host.partition(":")[0]
            if name in rest.lower():
                for _ in range(3):
                    if held.search(rest):
                        return True
                    rest, before = _unescaped(rest), rest
                    if rest == before:
                        break
        return False

    def is_described_by(self, thing: Thing) -> bool | None:
        """An object in JSON-LD is the page, by its address; None where it names none."""
        named = (url_in(thing.get(name)) for name in ("mainEntityOfPage", "url", "@id"))
        keys = [key for url in named if url is not None and (key := key_at(url, base=self.page.base)) is not None]
        return any(map(self.is_own_name, keys)) if keys else None

    def key_of_link(self, node: Node) -> str | None:
        reference = node.attributes.get("href")
        found = None if reference is None else self.page.target(reference)
        return None if found is None else found[1]

    def _url(self, reference: str | None) -> str | None:
        found = None if reference is None else self.page.target(reference)
        return None if found is None else found[0]

    def _canonical(self) -> str | None:
        """The first of the head: what stands in a body may be a stranger's."""
        for node in self.page.of["link"]:
            each = node.attributes
            in_head = node.parent is not None and node.parent.tag == "head"
            if in_head and "href" in each and "canonical" in node.rels:
                return self._url(each["href"])
        return None

    # The post

    @cached_property
    def candidates(self) -> list[Node]:
        found: list[Node] = []
        stop = 0
        for node in self.page.entries:
            if node.index < stop or node.parts & (CHROME | CITE):
                continue
            stop = node.stop
            found.append(self._stand_in(node))
        return found

    @cached_property
    def own(self) -> Node | None:
        """The candidate whose `u-url` is this page."""
        for node in self.candidates:
            if any(self.is_page(permalink.key) for permalink in self._named(node)):
                return node
        return None

    @cached_property
    def region(self) -> Node:
        """The part of the page that it is about; the root stands for the body."""
        page = self.page
        region = max(page.of["main"], key=page.prose, default=None)
        if region is None:
            named = [page.ids[name] for name in _REGIONS if name in page.ids]
            named = [node for node in named if not node.parts & CHROME]
            region = max(named, key=page.prose, default=None)
        if region is None:
            return page.root
        least = max(TIMES * page.prose(region), 1)
        outside = (node for node in self.candidates if not (region.holds(node) or node.holds(region)))
        return page.root if any(page.prose(node) >= least for node in outside) else region

    @cached_property
    def in_region(self) -> list[Node]:
        """The candidates that are the region's, or around it."""
        region = self.region
        return [node for node in self.candidates if region.holds(node) or node.holds(region)]

    @cached_property
    def post(self) -> Node:
        if self.own is not None:
            return self.own
        page, region = self.page, self.region
        best = max(self.in_region, key=lambda node: page.prose(node) + HEADING * self._has_h1(node), default=None)
        if best is None:
            return region
        if self._has_h1(best) or page.prose(best) >= ENOUGH * page.prose(region):
            return best
        return region if ENTRIES.isdisjoint(best.classes) or self._is_in_a_list(best) else best

    def _is_in_a_list(self, node: Node) -> bool:
        """A candidate that names its permalink, among such ones that lead to other pages: “more posts”."""
        if self.permalink(node) is None:
            return False
        permalinks = (self.permalink(each) for each in self.in_region)
        return any(permalink is not None and self.is_another(permalink.key) for permalink in permalinks)

    def permalink(self, node: Node) -> Permalink | None:
        """What a candidate names as its own address: its `u-url`, else `rel=bookmark`, else the link of its heading."""
        for permalink in self._named(node):
            return permalink
        titled = False
        for level in HEADINGS:
            heading = self.page.first_within(self.page.of[level], node)
            if heading is None:
                continue
            titled = level != "h1"
            if 2 * self.page.linked(heading) >= self.page.all_said(heading):
                for link in linked_by(self.page, heading):
                    if (key := self.key_of_link(link)) is not None and not self.is_above(key):
                        return Permalink(key, named=True)
            break
        for link in self._around_or_over(node):
            if (key := self.key_of_link(link)) is not None:
                return Permalink(key, named=titled)
        return None

    def _stand_in(self, node: Node) -> Node:
        """An entry that an article is only the frame of."""
        if not ENTRIES.isdisjoint(node.classes):
            return node
        page = self.page
        said = page.said(node.text, node.text_stop)
        for entry in page.within(page.entries, node)[1:]:
            is_most = 2 * page.said(entry.text, entry.text_stop) >= said and 2 * page.prose(entry) >= page.prose(node)
            if is_most and not (entry.parts & CHROME or ENTRIES.isdisjoint(entry.classes)):
                return entry
        return node

    def _has_h1(self, node: Node) -> bool:
        return any(not heading.parts & CHROME for heading in self.page.within(self.page.of["h1"], node))

    def _named(self, node: Node) -> Iterator[Permalink]:
        item = node.own_item
        for each in item.properties.get("u-url", ()) if item is not None else ():
            if (key := self.key_of_link(each)) is not None:
                yield Permalink(key, named=True)
        bookmarks = {key for link in self._bookmarks(node) if (key := self.key_of_link(link)) is not None}
        own = [key for key in bookmarks if self.is_page(key)]
        if own or len(bookmarks) == 1:  # of several, some are other entries'
            yield Permalink(own[0] if own else bookmarks.pop(), named=True)

    def _bookmarks(self, node: Node) -> Iterator[Node]:
        for link in self.page.within(self.page.links, node):
            is_section = link.attributes["href"].startswith("#")
            if "bookmark" in link.rels and not (link.parts & COMMENTS or is_section):
                yield link

    def _around_or_over(self, node: Node) -> Iterator[Node]:
        """A link around all of a candidate, or laid over it."""
        if node.parent is not None and node.parent.tag == "a":
            yield node.parent
        for link in self.page.within(self.page.links, node):
            if not self.page.all_said(link) and link.stop == link.index + 1 and not link.parts & CHROME:
                yield link
                return

    # When

    @cached_property
    def published(self) -> datetime | None:
        return None if self.date is None else self.date[0]

    @cached_property
    def date(self) -> tuple[datetime, str] | None:
        """When the post was published, and how the page writes it (`date_of`)."""
        return next((date for date in self._dates() if date is not None), None)

    def _dates(self) -> Iterator[tuple[datetime, str] | None]:
        page = self.page
        item = self.post.own_item if page.items else None  # what the post is, is asked for where it can have a date
        if item is not None:
            for node in item.properties.get("dt-published", ())[:MAX_DATES]:
                yield date_value(page, node)
        yield from self.dates_of_page()
        if page.dated or page.of["time"]:
            yield from self.dates_in(self.post)
            beside = list(self._said_by_page(page.within(page.of["time"], self.region), self.post))
            if len(beside) == 1:  # some themes have it in a box beside the post
                yield date_value(page, beside[0])

    def dates_of_page(self) -> Iterator[tuple[datetime, str] | None]:
        """What the page says of itself, in its head and in JSON-LD."""
        for name in _DATES:
            yield date_of(self.page.metas.get(name))
        postings = (thing for types, thing in self.page.json_ld if is_posting(types))
        dates = values_of(postings, "datePublished", is_page=self.is_described_by)
        yield from (date_of(date) for date in dates.own if isinstance(date, str))
        anonymous = {date for date in dates.anonymous if isinstance(date, str)}
        if len(anonymous) == 1:  # of several, nobody knows which is the page
            yield date_of(anonymous.pop())

    def dates_in(self, part: Node) -> Iterator[tuple[datetime, str] | None]:
        """What stands in a part of the page."""
        for nodes in (self.page.dated, self.page.of["time"]):
            for node in islice(self._said_by_page(self.page.within(nodes, part), part), MAX_DATES):
                yield date_value(self.page, node)

    def _said_by_page(self, nodes: Iterable[Node], part: Node) -> Iterator[Node]:
        """Those outside comments and quotations; of a part that is no entry also outside its side bars."""
        is_entry = part in self.candidates
        for node in islice(nodes, MAX_BESIDE):
            if not node.parts & (COMMENTS | QUOTE) and (is_entry or not _is_aside(node, part)):
                yield node


def _is_aside(node: Node, part: Node) -> bool:
    around = takewhile(lambda each: each is not part, above(node))
    return any(each.tag in ("aside", "nav") for each in around)


def linked_by(page: Page, heading: Node) -> Iterator[Node]:
    """The links in a heading, or the one around it."""
    yield from page.within(page.links, heading)
    for around in islice(above(heading), 4):
        if around.tag == "article":
            return
        if around.tag == "a":
            yield around
            return


def _host(key: str) -> str:
    return key.partition("/")[0]


def _path(key: str) -> str:
    """What is equal for the addresses by which one page of a host is known."""
    path, _, query = key.partition("/")[2].partition("?")
    if path.endswith(("/", ".html")):
        path = _INDEX.sub("", "/" + path)[1:]
    return f"{path}?{query}"


def _held(key: str) -> re.Pattern[str]:
    """The page's address as another one holds it, whole and not only a beginning."""
    path, _, query = _path(key).partition("?")
    address = re.escape(_unescaped(f"{_host(key)}/{path}".rstrip("/"))) + r"(?:/|/index\.html|\.html)?"
    if query:
        address += re.escape(_unescaped(f"?{query}"))
    return re.compile(rf"(?<![a-z0-9.\-]){address}(?=$|[?&#\s+,;\"'|)\]])", re.IGNORECASE)


def _unescaped(text: str) -> str:
    """Without one layer of percent-encoding, but for letters beyond ASCII, which a key always has so."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
