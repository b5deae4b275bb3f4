"""Mentions as webmention.io's API gives them, in JF2 (https://jf2.spec.indieweb.org), for the readers made for it."""

from collections.abc import Iterable
from html import escape

from pingback.model import Author, Mention
from pingback.sanitized import timestamp


def feed(mentions: Iterable[Mention]) -> dict[str, object]:
    """The feed; `mentions` are sanitized."""
    return {"type": "feed", "name": "Webmentions", "children": [_entry(mention) for mention in mentions]}


def _entry(mention: Mention) -> dict[str, object]:
    """Names and texts are text. Readers look for `html` first and believe it, so it is the same text as markup."""
    author = mention.author or Author()
    entry: dict[str, object] = {
        "type": "entry",
        # What is not known is empty there: readers ask no further.
        "author": {"type": "card", "name": author.name or "", "photo": author.photo or "", "url": author.url or ""},
        "url": mention.source,
        "published": mention.published and timestamp(mention.published),
        "wm-received": timestamp(mention.received),
        "wm-id": mention.id,
        "wm-source": mention.source,
        "wm-target": mention.target,
        "wm-protocol": mention.protocol,
        "wm-property": mention.kind,
        "wm-private": False,
        mention.kind.value: mention.target,
    }
    if mention.title:
        entry["name"] = mention.title
    if mention.excerpt:
        entry["content"] = {"html": escape(mention.excerpt), "text": mention.excerpt}
    return entry
