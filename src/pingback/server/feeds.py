"""Mentions as feeds: in Atom (RFC 4287), for a feed reader, and in JF2, for readers of webmention.io's API."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

from pingback.captions import headline, html_of, name_of, own_title, words_of
from pingback.model import Author, Mention, MentionKind
from pingback.sanitized import timestamp

_EMPTY = '<feed xmlns="http://www.w3.org/2005/Atom"/>'
_ATOM = "{http://www.w3.org/2005/Atom}"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # a feed without entries must have been updated once, too (RFC 4287 §4.1.1)


def atom(mentions: Sequence[Mention], *, query: str, next_query: str | None) -> bytes:
    """The document; `mentions` are sanitized, `query` is what was asked for, and `next_query` the part behind it.

    No address in it names our host: caches keep the document for everybody, and the host is the word of who asked.
    """
    root = etree.fromstring(_EMPTY)
    _text(root, "id", uuid5(NAMESPACE_URL, query).urn)
    _text(root, "title", "Mentions")
    _text(root, "updated", timestamp(max([_updated(mention) for mention in mentions], default=_NEVER)))
    _link(root, "self", query)
    if next_query is not None:
        _link(root, "next", next_query)  # RFC 5005 §3
    for mention in mentions:
        _add_entry(etree.SubElement(root, f"{_ATOM}entry"), mention)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def jf2(mentions: Iterable[Mention]) -> dict[str, object]:
    """The feed; `mentions` are sanitized."""
    return {"type": "feed", "name": "Webmentions", "children": [_jf2_entry(mention) for mention in mentions]}


def _add_entry(entry: etree._Element, mention: Mention) -> None:
    """The pair of source and target is what stays the same of a mention, and of it alone."""
    author = mention.author or Author()
    _text(entry, "id", uuid5(NAMESPACE_URL, f"{mention.source} {mention.target}").urn)
    _text(entry, "title", headline(mention))
    _text(entry, "updated", timestamp(_updated(mention)))
    _text(entry, "published", timestamp(mention.published or mention.received))
    _link(entry, "alternate", mention.url)
    if mention.url != mention.source:
        _link(entry, "via", mention.source)  # RFC 4287 §4.2.7.2
    _link(entry, "related", mention.target)
    person = etree.SubElement(entry, f"{_ATOM}author")
    _text(person, "name", name_of(mention))
    if author.url:
        _text(person, "uri", author.url)
    etree.SubElement(entry, f"{_ATOM}category", term=mention.kind.value)
    if mention.excerpt and words_of(mention):
        _text(entry, "summary", mention.excerpt)
    if mention.content:
        _text(entry, "content", mention.content.html, type="html")


def _updated(mention: Mention) -> datetime:
    return mention.verified or mention.received


def _text(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, f"{_ATOM}{name}", attributes).text = text


def _link(parent: etree._Element, rel: str, href: str) -> None:
    etree.SubElement(parent, f"{_ATOM}link", rel=rel, href=href)


def _jf2_entry(mention: Mention) -> dict[str, object]:
    """Names and texts are text. Readers look for `html` first and believe it, so it is the same text as markup."""
    author = mention.author or Author()
    entry: dict[str, object] = {
        "type": "entry",
        # What is not known is empty there: readers ask no further.
        "author": {"type": "card", "name": author.name or "", "photo": author.photo or "", "url": author.url or ""},
        "url": mention.url,
        "published": _published(mention),
        "wm-received": timestamp(mention.received),
        "wm-id": mention.id,
        "wm-source": mention.source,
        "wm-target": mention.target,
        "wm-protocol": mention.protocol,
        "wm-property": mention.kind,
        "wm-private": False,
    }
    if mention.kind is MentionKind.RSVP:
        entry |= {"rsvp": mention.rsvp, MentionKind.REPLY.value: mention.target}
    else:
        entry[mention.kind.value] = mention.target
    if title := own_title(mention):  # a reader that finds a name shows that, and no words
        entry["name"] = title
    if html := html_of(mention):
        entry["content"] = {"html": html, "text": words_of(mention)}
    return entry


def _published(mention: Mention) -> str | None:
    """As webmention.io has it: whole seconds, and a zone only where its author wrote one."""
    if mention.published_as is not None:
        return datetime.fromisoformat(mention.published_as).isoformat(timespec="seconds")
    return None if mention.published is None else timestamp(mention.published)
