"""The items of pages, and their values, beside those of mf2py, which parses by the norm's algorithm.

The pages are those that the tests of this folder have in their tables and constants, WordPress's, and the shapes below.
Where we differ on purpose, `_agree` and `_as_ours` say so and why.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import mf2py
import pytest

import tests.page
from pingback.page.nodes import Node
from pingback.page.properties import LONGEST_NAME, card_of, date_value, text_value, url_value, words
from pingback.page.tree import Item, Page
from pingback.urls import key_of

URL = "https://they.example/2024/six"
HERE = [key_of(URL)]
LONGEST = 5_000  # characters of a page: mf2py needs minutes for what is made to be slow
# What keeps a page out: mf2py raises on the one, and makes a card of the other, which has no class of a card.
UNLIKE = ('href="//[', 'class="author"')

# The classic names of items, as microformats2 has them, and the items that are compared.
CLASSIC = {"hentry": "h-entry", "hfeed": "h-feed", "vcard": "h-card", "vevent": "h-event", "hreview": "h-review"}
KNOWN = frozenset({*CLASSIC.values(), "h-cite"})
LINKS = ("in-reply-to", "like-of", "repost-of", "bookmark-of", "url", "uid", "photo")
WORDS = ("name", "summary", "rsvp")
IMPLIED = ("name", "url", "photo")
_HTTP = ("http:", "https:")
_ZONE = re.compile("([+-][0-9]{2})([0-9]{2})$")
_MICROFORMATS = re.compile(
    r"""class=["']?[^"'>]*\b(?:h-entry|h-feed|h-card|h-event|h-review|h-cite|hentry|vcard|hfeed)\b"""
)

CARDS = (
    '<p class="h-card">Ann Author</p>',
    '<a class="h-card" href="/ann">Ann Author</a>',
    '<a class="h-card" href="/ann"><img src="/a.jpg" alt="Ann Author"></a>',
    '<img class="h-card" src="/a.jpg" alt="Ann Author">',
    '<abbr class="h-card" title="Ann Author">AA</abbr>',
    '<div class="h-card"><a href="/ann">Ann Author</a></div>',
    '<div class="h-card"><p><img src="/a.jpg" alt="Ann Author"></p></div>',
    '<p class="h-card"><a class="p-name u-url" href="/ann"><b>Ann</b> Author</a><img class="u-photo" src="a.jpg"></p>',
    '<p class="h-card"><object class="u-photo" data="/a.svg"></object><data class="p-name" value="Ann">A</data></p>',
    '<p class="h-card"><b class="p-name">Ann</b><a class="u-url" href="/ann">1</a><a class="u-url" href="/">2</a></p>',
    '<div class="h-card"><b class="p-name">Ann</b><a class="u-url" href="mailto:ann@they.example">1</a></div>',
    '<div class="h-card"><b class="p-name"><i class="value">Ann</i> - <i class="value">Author</i></b></div>',
    '<div class="h-card"><area class="u-url" href="/ann" alt="x"><input class="p-name" value="Ann Author"></div>',
    '<div class="vcard"><a class="fn url" href="/ann">Ann Author</a><img class="photo" src="/a.jpg"></div>',
    '<div class="vcard"><b class="fn n"><a class="url" href="/ann">Ann Author</a></b></div>',
)
VALUES = (
    '<a class="p-author h-card" href="/ann">Ann</a>',
    '<a class="u-author" href="/ann"></a>',
    '<p class="p-author">Ann</p><p class="p-author"><b class="p-name">not hers</b></p>',
    '<div class="p-comment h-cite"><a class="p-author h-card" href="/carl">Carl</a><p class="p-name">First!</p></div>',
    '<div class="u-in-reply-to h-cite"><a class="u-url p-name" href="https://me.example/five">five</a> by '
    '<a class="p-author h-card" href="https://me.example/">Mia</a></div><p class="e-content">Yes.</p>',
    '<a class="u-like-of u-bookmark-of" href="https://me.example/five">five</a>',
    '<p class="u-repost-of">https://me.example/five</p>',
    '<img class="u-photo" src="/p.jpg" alt="x"><a class="u-url u-uid" href="/2024/six">six</a>',
    '<div class="e-summary"><p>In <b>short</b></p></div>',
    '<p class="p-summary">In<br>short</p><data class="p-rsvp" value="maybe">perhaps</data>',
    '<div class="e-content"><p>One <b>two</b></p><ul><li>three</ul></div><h1 class="p-name">Six</h1>',
    '<div class="h-feed"><h1 class="p-name">Notes</h1><div class="h-entry"><p class="p-name">One</p></div></div>',
    '<p class="h-event"><b class="p-name">Day</b><i class="p-location h-card">Mill</i><a class="u-url" href="/d"></a>',
    '<p class="h-review"><b class="p-item h-product"><b class="p-name">It</b></b><b class="e-content">Good.</b>',
    '<div class="p-location h-geo"><p class="p-name">not the entry’s</p></div>',
    '<time class="dt-published" datetime="2024-05-05T08:00:00+02:00">May</time>',
    '<time class="dt-published">2024-05-05 08:00:00 -0700</time>',
    '<time class="dt-published" datetime="2024-05-05">May</time>',
    '<p class="dt-published"><time class="value" datetime="2024-05-05">5</time> <time class="value">08:30</time></p>',
    '<p class="dt-published"><abbr class="value" title="2024-05-05">5</abbr> <b class="value">8:30pm</b></p>',
    '<p class="dt-published"><b class="value">2024-05-05</b> <b class="value">23:30</b><b class="value">-0500</b></p>',
    '<ins class="dt-published" datetime="2024-05-05T08:00Z">x</ins><data class="p-name" value="Six">x</data>',
)
CLASSIC_ENTRY = """<div class="hentry"><h2 class="entry-title">Six</h2><address class="author vcard"><a class="url fn"
href="/ann">Ann</a></address><abbr class="published" title="2024-05-05T08:00:00+02:00">May</abbr>
<div class="entry-content"><p>Words</p></div></div>"""


class Found(NamedTuple):
    """An item, as it is compared: its kinds, and its values by the names of their properties."""

    kinds: frozenset[str]
    values: dict[str, list[str]]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(each)


def _of_tables() -> Iterator[str]:
    for module in pkgutil.iter_modules(tests.page.__path__):
        if f"tests.page.{module.name}" == __name__:
            continue
        for name, value in vars(importlib.import_module(f"tests.page.{module.name}")).items():
            if name.strip("_").isupper():
                yield from _strings(value)
            for mark in getattr(value, "pytestmark", ()) if name.startswith("test_") else ():
                if mark.name == "parametrize":
                    yield from _strings([getattr(each, "values", each) for each in mark.args[1]])


def _pages() -> list[str]:
    vectors = (Path(__file__).parents[1] / "vectors" / "wordpress").glob("*.page.http")
    found = {
        *_of_tables(),
        *(path.read_bytes().partition(b"\r\n\r\n")[2].decode() for path in vectors),
        *CARDS,
        *(f'<div class="h-entry">{value}</div>' for value in (*CARDS, *VALUES)),
        CLASSIC_ENTRY,
    }
    return sorted(
        page
        for page in found
        if _MICROFORMATS.search(page)
        and len(page) <= LONGEST
        and not any(each in page for each in UNLIKE)
        and page == page.encode("utf-8", "replace").decode()
    )


PAGES = _pages()


def test_there_are_pages() -> None:
    assert len(PAGES) >= 200


@pytest.mark.parametrize("html", PAGES)
def test_items_are_those_of_mf2py(html: str) -> None:
    assert unmatched(html) == ([], [])


def unmatched(html: str, url: str = URL) -> tuple[list[Found], list[Found]]:
    """What only we find in a page, and what only mf2py finds."""
    page = Page([html.encode()], url=url, charset="utf-8")
    ours = [Found(kinds, _values(page, item)) for item in page.items if (kinds := _kinds(item.node.classes))]
    parsed = _flat(mf2py.parse(doc=html, url=url, html_parser="lxml")["items"])
    theirs = [Found(kinds, _as_ours(item["properties"])) for item in parsed if (kinds := _kinds(item["type"]))]
    alone = []
    for found in ours:
        same = next((other for other in theirs if _agree(found, other)), None)
        if same is None:
            alone.append(found)
        else:
            theirs.remove(same)
    return alone, theirs


def _agree(found: Found, other: Found) -> bool:
    """The same item with the same values, but for what we do otherwise on purpose.

    We imply a name, an address or a photo of cards only: nobody is named by an entry's. Of a card we take one of each,
    and imply one where the norm does not, as for a link that is the card and has a marked picture in it. An address
    that is empty is none for us, and the page's for mf2py.
    """
    if found.kinds != other.kinds:
        return False
    if "h-card" in found.kinds:
        return all(found.values.get(name, HERE) == other.values[name][:1] for name in IMPLIED if name in other.values)
    return found.values == {
        name: values for name, values in other.values.items() if name in found.values or name not in IMPLIED
    }


def _kinds(names: Iterable[str]) -> frozenset[str]:
    return KNOWN & {CLASSIC.get(name, name) for name in names}


def _values(page: Page, item: Item) -> dict[str, list[str]]:
    of = item.properties
    if "h-card" in _kinds(item.node.classes):
        card = card_of(page, item)
        return _folded({"name": [card.name], "url": [card.url], "photo": [card.photo]})
    dates = [date_value(page, node) for node in of.get("dt-published", ())]
    authors = {_author(page, name, node) or "" for name in ("p-author", "u-author") for node in of.get(name, ())}
    return _folded(
        {name: [_address(page, node) for node in of.get(f"u-{name}", ())] for name in LINKS}
        | {name: [text_value(page, node) for node in of.get(f"p-{name}", ())] for name in WORDS}
        | {"content": [words(page, node) for node in of.get("e-content", ())]}
        | {"published": [None if date is None else date[1] for date in dates]}
        | {"author": sorted(authors)}
    )


def _author(page: Page, name: str, node: Node) -> str | None:
    card = node.own_item
    if card is not None:
        return card_of(page, card).name
    return url_value(page, node) if name == "u-author" else text_value(page, node)


def _address(page: Page, node: Node) -> str | None:
    """Of a value that is an item, that item's."""
    item = node.own_item
    return url_value(page, node) if item is None else card_of(page, item).url


def _flat(items: Iterable[Any]) -> Iterator[Any]:
    """Those of mf2py, and those within them, each once though it may be the value of several properties."""
    for item in items:
        yield item
        yield from _flat(item.get("children", ()))
        values = [value for each in item["properties"].values() for value in each]
        nested = {json.dumps([each["type"], each["properties"]]): each for each in values if _is_item(each)}
        yield from _flat(nested.values())


def _as_ours(properties: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """Only what HTTP reaches is an address, an address is nobody's name, and a date is an ISO 8601 one."""
    found: dict[str, Sequence[str]] = {}
    for name, values in properties.items():
        if name == "author":
            found[name] = sorted({_name_of(each) for each in values})
        elif name in LINKS:
            said = [_first(each, "url") if _is_item(each) else _text(each) for each in values]
            found[name] = [each for each in said if each.startswith(_HTTP)]
        elif name in (*WORDS, "content"):
            found[name] = [text for each in values if not (text := _text(each)).startswith(_HTTP)]
        elif name == "published":
            found[name] = [_ZONE.sub(r"\1:\2", each.replace(" ", "T")) for each in values]
    return _folded(found)


def _is_item(value: Any) -> bool:
    return isinstance(value, dict) and "type" in value


def _name_of(author: Any) -> str:
    return _first(author, "name") if _is_item(author) else _text(author)


def _first(item: Any, name: str) -> str:
    """The first value of a property that can be what it says."""
    values = (_text(each) for each in item["properties"].get(name, ()))
    return next((each for each in values if each.startswith(_HTTP) == (name == "url")), "")


def _text(value: Any) -> str:
    """A value that has parts, as an item or a picture with its words, has its text beside them."""
    return str(value["value"] if isinstance(value, dict) else value)


def _folded(values: Mapping[str, Sequence[str | None]]) -> dict[str, list[str]]:
    """Without white space, which each of us folds in a way of its own, and as long as we keep names."""
    found: dict[str, list[str]] = {}
    for name, each in values.items():
        said = [_key(one) if name in LINKS else "".join(one.split())[:LONGEST_NAME] for one in each if one]
        if any(said):
            found[name] = [one for one in said if one]
    return found


def _key(url: str) -> str:
    """How an address is compared; mf2py keeps such as are none."""
    try:
        return key_of(url)
    except ValueError:
        return ""
