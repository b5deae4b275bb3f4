"""What a page is: a post, which speaks for itself, or a list, a copy, a stub or an error page, which do not.

What the page says of itself counts first. Where it says nothing, it is a list if rows make up half of what its region
says: what leads to other pages of the site.
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple

from pingback.page.items import Subject, linked_by
from pingback.page.json_ld import is_posting
from pingback.page.nodes import Node
from pingback.page.scanner import BLOCKS
from pingback.page.tree import CELLS, CHROME, HEADINGS, NOSCRIPT, Page
from pingback.urls import key_of, shown

REFRESH = 10.0  # seconds, after which nobody has read a page that sends its readers on
BESIDE = 40  # characters beside the link of a row

_REFRESH = re.compile(r"\s*(\d{1,6}(?:\.\d*)?|\.\d+)\s*(?:[;,\s]|\Z)(?:\s*url\s*=)?\s*[\"']?([^\"']*)", re.IGNORECASE)
# Classes of a body, all of a line together: of WordPress, and of who follows it.
_POSTS = (frozenset({"single", "single-post"}),)
_LISTS = (
    frozenset({"home", "blog"}),
    *(frozenset({"archive", name}) for name in ("category", "tag", "author", "date")),
    frozenset({"search", "search-results"}),
)
_COLLECTIONS = ("CollectionPage", "Blog")


class PageKind(StrEnum):
    """What a page is: only a post speaks for itself."""

    POST = "post"
    LIST = "list"
    COPY = "copy"  # of another page, which its canonical address names
    STUB = "stub"  # of a page that is elsewhere by now
    ERROR = "error page"
    OTHER = "no page"  # it is not HTML


class Nature(NamedTuple):
    """What a page is, and, where it is no post, why it is not: a clause that a person understands."""

    kind: PageKind
    why: str | None = None


class _Row(NamedTuple):
    start: int
    stop: int
    stands_alone: bool = False  # one of it makes a list
    title: Node | None = None


def nature_of(subject: Subject) -> Nature:
    """By what the page says of itself, else by what it is made of."""
    return _no_page_of_its_own(subject) or _said_of_itself(subject) or _by_its_rows(subject)


def title_over(subject: Subject, node: Node) -> Node | None:
    """Of a list the heading that leads to the page which the node is an excerpt of; None where there is none."""
    page = subject.page
    if not any(len(page.of[level]) > 1 and _has_links(page, page.of[level]) for level in HEADINGS):
        return None  # and the page is not taken apart for it
    titles = (row.title for row in _headed(subject) if row.start <= node.text < row.stop)
    title = next(titles, None)
    return title if title is not None and nature_of(subject).kind is PageKind.LIST else None


def _no_page_of_its_own(subject: Subject) -> Nature | None:
    page = subject.page
    path = "/" + subject.key.partition("/")[2].partition("?")[0]
    if path.endswith("/404.html") or path in ("/404", "/404/", "/404/index.html"):
        return Nature(PageKind.ERROR, "it is the page that a site shows where there is none, 404.html")
    if any("error404" in body.classes for body in page.of["body"]):
        return Nature(PageKind.ERROR, "its body has the class “error404”")
    for meta in page.of["meta"]:
        if meta.attributes.get("http-equiv", "").strip().lower() == "refresh" and not meta.parts & NOSCRIPT:
            found = _REFRESH.match(meta.attributes.get("content", ""))
            if found and float(found[1]) <= REFRESH:
                return Nature(PageKind.STUB, _sent_on(subject, found[2].strip()))
    if subject.canonical is not None and not subject.is_page(key_of(subject.canonical)):
        return Nature(PageKind.COPY, f"its canonical address is {shown(subject.canonical)}")
    return None


def _sent_on(subject: Subject, reference: str) -> str:
    target = subject.page.target(reference) if reference else None
    return f"it sends its readers on to {shown(target[0])}" if target else "it is loaded anew at once"


def _said_of_itself(subject: Subject) -> Nature | None:
    page = subject.page
    classes = frozenset(name for body in page.of["body"][:1] for name in body.classes)
    own = (names for names, thing in page.json_ld if subject.is_described_by(thing) is not False)
    if (
        subject.own is not None
        or any(names <= classes for names in _POSTS)
        or page.metas.get("og:type", "").strip().lower() == "article"
        or "article:published_time" in page.metas
        or any(map(is_posting, own))
    ):
        return Nature(PageKind.POST)
    for names in _LISTS:
        if names <= classes:
            said = " and ".join(f"“{name}”" for name in sorted(names))
            return Nature(PageKind.LIST, f"it looks like a list: its body has the classes {said}")
    for name in _COLLECTIONS:
        if any(name in names for names, _ in page.json_ld):
            return Nature(PageKind.LIST, f"it looks like a list: it calls itself a {name} (JSON-LD)")
    return None


def _by_its_rows(subject: Subject) -> Nature:
    region = subject.region
    count = rows = end = counted = 0
    stands_alone = False
    for row in sorted([*_candidates(subject), *_headed(subject), *_items(subject)], key=itemgetter(0, 1)):
        if row.start >= counted:
            count, counted = count + 1, row.stop
        if row.stop > end:
            rows += subject.page.said(max(row.start, end), row.stop)
            end = row.stop
            stands_alone = stands_alone or row.stands_alone
    said = subject.page.said(region.text, region.text_stop)
    if count and 2 * rows >= said and (count > 1 or stands_alone):
        pages = "another page" if count == 1 else f"{count} other pages"
        return Nature(PageKind.LIST, f"it looks like a list: most of it leads to {pages} of the site")
    return Nature(PageKind.POST)


def _candidates(subject: Subject) -> Iterator[_Row]:
    for node in subject.in_region:
        permalink = subject.permalink(node)
        if permalink is not None and subject.is_another(permalink.key):
            yield _Row(node.text, node.text_stop, stands_alone=permalink.named)


def _headed(subject: Subject) -> Iterator[_Row]:
    """Headings that are links, with what follows each up to the next of its level or a higher one."""
    page, region = subject.page, subject.region
    higher: list[int] = []  # where headings of higher levels begin
    for level in HEADINGS:
        headings = [node for node in page.within(page.of[level], region) if not node.parts & CHROME]
        starts = sorted(higher + [node.text for node in headings])
        found = [node for node in headings if _is_link(subject, node)]
        alone = level == "h1" and len(found) == len(headings) == 1 and _is_of_another(subject, found[0])
        if len(found) > 1 or alone:
            ends = dict(zip(starts, [*starts[1:], region.text_stop], strict=True))
            for node in found:
                yield _Row(node.text, ends[node.text], alone, node)
        higher = starts


def _has_links(page: Page, headings: Sequence[Node]) -> bool:
    return sum(page.first_within(page.links, heading) is not None for heading in headings) > 1


def _is_of_another(subject: Subject, title: Node) -> bool:
    """The one title of the page's region leads to the page that it is the title of, and not up to the site's first."""
    if subject.region is subject.page.root:
        return False
    keys = (subject.key_of_link(link) for link in linked_by(subject.page, title))
    return any(key is not None and subject.is_another(key) and not subject.is_above(key) for key in keys)


def _is_link(subject: Subject, heading: Node) -> bool:
    """All that the heading says is a link to another page of the site."""
    page = subject.page
    if not page.all_said(heading) or page.linked(heading) < page.all_said(heading):
        return False
    return any((key := subject.key_of_link(link)) and subject.is_another(key) for link in linked_by(page, heading))


def _items(subject: Subject) -> Iterator[_Row]:
    """Paragraphs, items of lists and cells of tables that are a link, and little more, or items that begin with a
    paragraph that is. In a body they are its menus."""
    page, region = subject.page, subject.region
    if region is page.root:
        return
    for tag in (*CELLS, "p"):
        nodes = page.within(page.of[tag], region)
        for place, node in enumerate(nodes):
            if node.parts & CHROME:
                continue
            inner = nodes[place + 1] if place + 1 < len(nodes) and node.holds(nodes[place + 1]) else None
            stop = node.text_stop if inner is None else inner.text
            for link in page.within(page.links, node, before=inner):
                key = subject.key_of_link(link)
                if key is not None and subject.is_another(key):
                    first = _first(page, node, link)
                    if page.said(first.text, min(first.text_stop, stop)) - page.all_said(link) <= BESIDE:
                        yield _Row(node.text, stop)
                    break


def _first(page: Page, item: Node, link: Node) -> Node:
    """The paragraph or title that an item begins with, if the link is in it; else the item."""
    around = link.parent
    while around is not None and around is not item and around.tag not in BLOCKS:
        around = around.parent
    return item if around is None or page.said(item.text, around.text) else around
