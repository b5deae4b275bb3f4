"""Whom a page names as author by microdata or RDFa of what a link stands in, in schema.org's words or Drupal 7's.

The innermost thing around the link counts that can have said it. Its author is named right in it, and not in another
thing within it: a comment and a related post have their own.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from pingback.page.json_ld import is_posting
from pingback.page.nodes import Node, above
from pingback.page.tree import CITE, COMMENTS, MENU, QUOTE, Page

MAX_THINGS = 5  # around a link
MAX_AUTHORS = 10  # of a thing
MAX_LOOKED = 1000  # elements that may name one
MAX_WITHIN = 200  # elements of what names an author

# Things beside postings that say something, and whose author it then is.
_ASKED = "Question"
ABOUT = frozenset({"WebPage", "CreativeWork", "Recipe", "Review", "VideoObject", _ASKED})
_ANSWERS = frozenset({"Answer", "Comment", "UserComments"})  # who wrote these did not write the page
_NOT_TOLD = COMMENTS | CITE | QUOTE | MENU
_OLD_WORDS = {
    "sioc:has_creator": "author",
    "foaf:name": "name",
    "sioc:Item": "CreativeWork",
    "sioct:BlogPost": "CreativeWork",
    "sioct:BoardPost": "CreativeWork",
    "sioct:Comment": "Comment",
}
_PREFIXES = ("schema:", "https://schema.org/", "http://schema.org/")


class _Syntax(NamedTuple):
    """Its attributes: what begins a thing, what says the thing's types, and what it is to the thing around it."""

    scope: str
    types: str
    names: tuple[str, ...]


_SYNTAXES = (
    _Syntax("itemscope", "itemtype", ("itemprop",)),  # HTML, “Microdata”
    _Syntax("typeof", "typeof", ("property", "rel")),  # RDFa Lite 1.1; Drupal has `rel`
)


class Named(NamedTuple):
    """An element that names an author, with what it says of them. `is_value`: it is no thing, but all of a name."""

    node: Node
    is_value: bool
    name: Node | None
    url: Node | None
    photo: Node | None


class Authors(NamedTuple):
    """Whom a thing names, in document order.

    `are_together`: if they are several, they wrote it together. `is_answer`: others than the page's author wrote it.
    """

    thing: Node
    named: list[Named]
    are_together: bool
    is_answer: bool


def authors_around(page: Page, link: Node) -> Authors | None:
    """Those of the innermost thing around a link, in the first syntax that names some.

    An answer without a name is of whoever wrote the page, as lists of questions and answers are, unless somebody asked.
    """
    for syntax in _SYNTAXES:
        answer: Node | None = None
        for thing, types in islice(_things_around(link, syntax), MAX_THINGS):
            named = list(islice(_named_in(page, thing, link, syntax), MAX_AUTHORS))
            if named and answer is not None and _ASKED in types:
                return Authors(answer, [], are_together=False, is_answer=True)
            is_answer = not types.isdisjoint(_ANSWERS)
            if named:
                return Authors(thing, named, are_together=is_posting(types), is_answer=is_answer)
            if not is_answer and _ASKED not in types:
                break
            answer = answer or (thing if is_answer else None)
    return None


def text_of(node: Node) -> str | None:
    """What an element says by an attribute instead of its words."""
    return node.attributes.get("content")


def reference_of(node: Node) -> str | None:
    """The address that an element says."""
    attributes = (node.attributes.get(name) for name in ("href", "src", "content", "resource"))
    return next((each for each in attributes if each), None)


def _things_around(link: Node, syntax: _Syntax) -> Iterator[tuple[Node, frozenset[str]]]:
    for node in above(link):
        if syntax.scope in node.attributes:
            types = frozenset(map(_word, node.attributes.get(syntax.types, "").split()))
            if is_posting(types) or not types.isdisjoint(ABOUT | _ANSWERS):
                yield node, types


def _named_in(page: Page, thing: Node, link: Node, syntax: _Syntax) -> Iterator[Named]:
    scope, stop = syntax.scope, 0
    nodes = page.nodes[thing.index + 1 : thing.stop]
    telling = (node for node in nodes if any(name in node.attributes for name in syntax.names))
    for node in islice(telling, MAX_LOOKED):
        said = _names_of(node, syntax)
        if node.index < stop or "author" not in said or "publisher" in said or node.parts & _NOT_TOLD & ~thing.parts:
            continue
        between = (each for each in above(node) if thing.holds(each) and each is not thing)
        if not any(scope in each.attributes or (each.tag == "article" and not each.holds(link)) for each in between):
            stop = node.stop
            yield _named(page, node, syntax)


def _named(page: Page, node: Node, syntax: _Syntax) -> Named:
    """What is said of the person, and not of, say, their employer."""
    found: dict[str, Node] = {}
    inner = 0  # where another thing ends
    person = None
    for each in page.nodes[node.index : min(node.stop, node.index + MAX_WITHIN)]:
        if each.index < inner:
            continue
        if syntax.scope in each.attributes:
            if person is None or person is each:
                person = each
            else:
                inner = each.stop
                continue
        for name in _names_of(each, syntax):
            found.setdefault(name, each)
    is_value = person is None and "author" in map(_word, node.attributes.get(syntax.names[0], "").split())
    return Named(node, is_value, found.get("name"), found.get("url"), found.get("image"))


def _names_of(node: Node, syntax: _Syntax) -> Sequence[str]:
    return [_word(name) for attribute in syntax.names for name in node.attributes.get(attribute, "").split()]


def _word(name: str) -> str:
    """Without what says that it is schema.org's."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return _OLD_WORDS.get(name, name)
