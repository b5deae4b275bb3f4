"""The XML of a feed, reduced to what is read of it: well-formed, of known names, and small, whatever came.

feedparser takes ten microseconds for each element. It looks up each attribute of an element among all the others, so
that 80,000 on one element take a minute. What is not well-formed it reads by a second parser, which is slower still.
So it is given neither: lxml mends what is broken, and what nobody asks for is left out here.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape, unescape
from itertools import cycle, islice

from lxml import etree

from pingback.posts.values import BadFeed
from pingback.urls import MAX_URL, resolve

MAX_ELEMENTS = 12_000  # that are read; those of a long feed are some thousands
MAX_TAGS = 100_000  # that are looked at to find them, those in escaped or wrapped contents included
MAX_ATTRIBUTES = 30  # of one element; the others are dropped
MAX_BASE = 1000  # characters of an `xml:base`, against which feedparser resolves every address below it
MAX_DATE = 100  # characters
MAX_MENDED = 1500  # entries of a broken feed that are read, each by itself
MAX_MENDED_BYTES = 1_250_000  # of it; a bare ampersand becomes five

_FORMS = frozenset({"rss", "RDF", "feed"})  # the root elements of RSS, RSS 1.0 and Atom

_XML = "http://www.w3.org/XML/1998/namespace"
_ATOM = "http://www.w3.org/2005/Atom"
_TRACKBACK = "http://madskills.com/public/xml/rss/module/trackback/"
PINGED = f"{_TRACKBACK}about"  # the rel under which an entry has the addresses for TrackBacks that it names
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XHTML = "http://www.w3.org/1999/xhtml"
# Prefix → namespace, for feeds that use the one and do not declare the other.
_CUSTOMARY = {
    "atom": _ATOM,
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "rdf": _RDF,
    "trackback": _TRACKBACK,
    "xhtml": _XHTML,
}
# All others, `media:` and `itunes:` among them, have titles and links of their own, which are not the post's.
_NAMESPACES = frozenset(
    {
        "",
        *map(str.lower, _CUSTOMARY.values()),
        "http://backend.userland.com/rss",
        "http://backend.userland.com/rss2",
        "http://blogs.law.harvard.edu/tech/rss",
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://purl.org/atom/ns#",
        "http://purl.org/rss/1.0/",
        "http://purl.org/rss/1.0/modules/rss091#",
    }
)
_CONTENTS = frozenset("body content description encoded fullitem summary title".split())
_DATES = frozenset("created date issued modified pubdate published updated".split())
_ADDRESSES = frozenset("guid id link origlink".split())
_LIFTED = _ADDRESSES | _DATES | {"title"}
_READ = frozenset("rss rdf feed channel item entry".split()) | _CONTENTS | _DATES | _ADDRESSES

_BASE = f"{{{_XML}}}base"
_REFERRING = frozenset({"href", "src", "rel", "type", "class", "url", "isPermaLink", _BASE, f"{{{_RDF}}}about"})
_QUALIFIED = (f"{{{_XML}}}", f"{{{_RDF}}}")  # attributes that keep their namespace
_TAG = re.compile(rb"<")
_FIRST_ELEMENT = re.compile(rb"<\w")
# Sections and comments are passed over whole, the last one even where it does not end: nothing is looked at twice.
_WHOLE = rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
_BETWEEN = re.compile(rb"(%b)" % _WHOLE, re.DOTALL).split
_BARE = re.compile(rb"&(?!#[0-9]{1,7};|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};)")
_NAMED = re.compile(rb"&[A-Za-z][A-Za-z0-9]{0,31};")
_LONE = re.compile(rb"<(?![A-Za-z_/!?])")
_VOID = re.compile(rb"(<(?:br|hr|img|input|wbr|col|embed)\b[^<>]*+)(?<!/)>", re.IGNORECASE | re.ASCII)
_ENTRY = re.compile(_WHOLE + rb"|(?P<entry><(?:[a-z]+:)?(?:item|entry)[\s>])", re.DOTALL)


def reduced(utf8: bytes, url: str) -> tuple[bytes, bool]:
    """The feed without what is not read of it, and whether it was well-formed and all of it is there.

    BadFeed where it is none, or was made to be costly: with entities of its own, or without end within one another.
    """
    beyond = next(islice(_TAG.finditer(utf8), MAX_TAGS, None), None)
    if beyond is not None:
        utf8 = utf8[: beyond.start()]
    root, log = _tree(utf8)
    if root is None:
        raise BadFeed(f"{url} is not XML")
    if (form := str(root.tag).rpartition("}")[2]) not in _FORMS:
        raise BadFeed(f"{url} is {'an HTML page' if form.lower() == 'html' else 'XML'}, not a feed")
    if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in log):
        raise BadFeed(f"{url} has elements nested too deep, or a text without end")
    if _declares_entities(root, utf8):
        raise BadFeed(f"{url} declares entities")
    complete = not any(entry.level == etree.ErrorLevels.FATAL for entry in log)
    if not complete or next(root.iter(etree.Entity), None) is not None:  # one of HTML, from a DTD that is not here
        root = _mended(utf8)
    etree.strip_elements(root, etree.Entity, with_tail=False)  # those that nobody declared
    complete = _keep_what_is_read(root, url) and complete
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="utf-8"), complete


def _tree(utf8: bytes) -> "tuple[etree._Element | None, etree._ListErrorLog]":
    """What can be read of it; libxml2's own limits hold, 256 elements within one another among them."""
    parser = etree.XMLParser(
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(utf8, parser), parser.error_log
    except etree.XMLSyntaxError:
        return None, parser.error_log


def _declares_entities(root: etree._Element, utf8: bytes) -> bool:
    """By its document type, or by what feedparser takes for one: it looks into comments too."""
    dtd = root.getroottree().docinfo.internalDTD
    first = _FIRST_ELEMENT.search(utf8)
    declared = dtd is not None and any(dtd.iterentities())  # type: ignore[attr-defined]  # the stubs forget it
    return declared or b"<!ENTITY" in utf8[: first.start() if first else None]


def _mended(utf8: bytes) -> etree._Element:
    """The tree of a broken feed, of which each entry is read by itself: what is broken in one spoils no other."""
    parts = [part if odd else _mend(part) for odd, part in zip(cycle((False, True)), _BETWEEN(utf8), strict=False)]
    utf8 = b"".join(parts)[:MAX_MENDED_BYTES]
    begun = (found for found in _ENTRY.finditer(utf8) if found["entry"] is not None)
    starts = [found.start() for found in islice(begun, MAX_MENDED + 1)]
    head = utf8[: starts[0] if starts else None]
    root = _tree(head)[0]
    if root is None:  # nothing before the first entry that could be read
        root = etree.Element("rss")
    # The start tag of the root, which declares the prefixes of all that it holds.
    first = _FIRST_ELEMENT.search(head)
    opening = head[first.start() : head.find(b">", first.start()) + 1] if first else b""
    if not opening or opening.endswith(b"/>"):
        opening = b"<rss>"
    entries = []
    for start, stop in zip(starts[:MAX_MENDED], [*starts[1:], None], strict=False):
        around = _tree(opening + utf8[start:stop])[0]
        if around is not None and len(around):
            _lift(around[0])
            entries.append(etree.tostring(around[0], with_tail=False))
            if stop is None:
                _complete(root, islice(around, 1, None))
    # As text: to move elements from tree to tree costs lxml time by the square of their number.
    inside = b"".join([*map(etree.tostring, root), *entries])
    whole = _tree(opening + _NAMED.sub(_by_number, inside))[0]
    return root if whole is None else whole


def _complete(root: etree._Element, behind: Iterable[etree._Element]) -> None:
    """Some channels say behind their items what they are."""
    channel = next((child for child in root if _local(child) == "channel"), root)
    known = {_local(child) for child in channel}
    missing: dict[str, etree._Element] = {}
    for element in behind:
        if (name := _local(element)) in _READ and name not in known:
            missing.setdefault(name, element)
    channel.extend(missing.values())


def _lift(entry: etree._Element) -> None:
    """Behind an element of HTML that never ends, all that the entry has stands in it: give it back to the entry."""
    own = {_local(child) for child in entry}
    swallowed: dict[str, etree._Element] = {}
    for element in entry.iterdescendants("*"):
        if (name := _local(element)) in _LIFTED and name not in own:
            swallowed.setdefault(name, element)
    for element in swallowed.values():
        element.tail = None
        entry.append(element)


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _mend(text: bytes) -> bytes:
    """Elements of HTML that have no end, ended. All references by number: behind an error, libxml2 reads no others."""
    return _NAMED.sub(_by_number, _BARE.sub(b"&#38;", _VOID.sub(rb"\1/>", _LONE.sub(b"&#60;", text))))


def _by_number(found: re.Match[bytes]) -> bytes:
    return _numbered(found[0])


@lru_cache(maxsize=256)
def _numbered(reference: bytes) -> bytes:
    letters = unescape(reference.decode())
    if letters == reference.decode():
        return b"&#38;" + reference[1:]
    return "".join(f"&#{ord(letter)};" for letter in letters).encode()


def _keep_what_is_read(root: etree._Element, url: str) -> bool:
    """Take out of the tree what has another name or namespace, and all that is behind MAX_ELEMENTS: then false.

    Each `xml:base` is made absolute on the way.
    """
    own = etree.QName(root).namespace or ""
    left = MAX_ELEMENTS
    unseen = [(root, url)]  # elements that are read, and the base around them
    while unseen:
        element, base = unseen.pop()
        left -= 1
        parent = element.getparent()
        if parent is not None and left < 0:
            parent.remove(element)
            continue
        name = _local(element)
        _keep_some_attributes(element)
        base = _settle_base(element, base)
        if name in _DATES or name in _ADDRESSES:
            _cut(element, MAX_DATE if name in _DATES else MAX_URL)
        elif name in _CONTENTS:
            _wrap(element, name)
        elif name == "about":
            _become_link(element)
        else:
            unseen += [(child, base) for child in reversed(_children_read(element, own))]
    return left >= 0


def _children_read(element: etree._Element, own: str) -> list[etree._Element]:
    """The children that are read; the others are taken out one by one, as thousands of objects at once are slow."""
    kept = []
    child = next(iter(element), None)
    while child is not None:
        following = child.getnext()
        if _is_read(child, own):
            kept.append(child)
        else:
            element.remove(child)
        child = following
    return kept


def _is_read(element: etree._Element, own: str) -> bool:
    """By its name and namespace; one with a prefix that nobody declared is given the namespace that it stands for."""
    namespace, _, name = str(element.tag).removeprefix("{").rpartition("}")
    prefix, colon, name = name.rpartition(":")
    if colon:
        namespace = _CUSTOMARY.get(prefix, prefix)
        element.tag = f"{{{namespace}}}{name}" if name else "none"
    if namespace == _TRACKBACK:  # of its two elements that which names addresses of others
        return name == "about"
    return name.lower() in _READ and (namespace == own or namespace.lower() in _NAMESPACES)


def _become_link(about: etree._Element) -> None:
    """A `trackback:about`: RSS 1.0 has its address in an attribute, RSS 2.0 in a text. feedparser would keep one."""
    address = about.get(f"{{{_RDF}}}resource") or about.text or ""
    about.clear()
    about.tag = f"{{{_ATOM}}}link"
    about.set("rel", PINGED)
    about.set("href", address.strip()[:MAX_URL])


def _wrap(content: etree._Element, name: str) -> None:
    """Make one text of what is in a content: feedparser would look at each element and each reference of it.

    Markup becomes the text that it is in most feeds, but in a title, of which the words are left.
    """
    text = content.text or ""
    if len(content):
        text = "".join(map(str, content.itertext())) if name == "title" else _markup_in(content)
        content.set("type", "text" if name == "title" else "html")
    _cut(content, 0)
    if text:
        content.text = text if "]]>" in text else etree.CDATA(text)


def _markup_in(content: etree._Element) -> str:
    for element in content.iterdescendants("*"):
        element.tag = _local(element) or "span"
        _keep_some_attributes(element)
    etree.cleanup_namespaces(content)
    markup = [etree.tostring(child, encoding="unicode", method="html") for child in content]
    return "".join([escape(content.text or "", quote=False), *markup])


def _keep_some_attributes(element: etree._Element) -> None:
    names = [str(name) for name in element.keys()]  # noqa: SIM118  # no mapping: to list its values as well takes time by the square
    plain = [name for name in names if name.startswith(_QUALIFIED) or not ("{" in name or ":" in name)]
    if len(plain) == len(names) <= MAX_ATTRIBUTES:
        return
    plain.sort(key=_REFERRING.__contains__, reverse=True)
    kept = {name: element.get(name, "") for name in plain[:MAX_ATTRIBUTES]}
    element.attrib.clear()
    for name, value in kept.items():
        element.set(name, value)


def _cut(element: etree._Element, length: int) -> None:
    """Leave of the element its first text, and of that no more than can be meant."""
    for child in list(element):
        element.remove(child)
    if element.text is not None and len(element.text) > length:
        element.text = element.text[:length]


def _settle_base(element: etree._Element, outer: str) -> str:
    """The base that holds in the element, whose `xml:base` is made absolute, or dropped where it is too long to be
    meant."""
    element.attrib.pop("base", "")  # which feedparser takes for it
    if not (base := element.attrib.pop(_BASE, "")):
        return outer
    settled = resolve(outer, str(base))
    if settled is None or len(settled) > MAX_BASE:
        return outer
    element.set(_BASE, settled)
    return settled
