"""Whether a page is still the one that was approved, by the words that are shown of it.

An approval is trust in what the owner read. A typo that is mended needs no new one; other words do.
"""

from difflib import SequenceMatcher

from pingback.model import Author, Mention
from pingback.receive.deciders.heuristics import suspicious
from pingback.store.homes import home_of
from pingback.urls import host_of, is_http

ALIKE = 0.5  # the ratio of SequenceMatcher; texts that have nothing to do with one another have 0.2 to 0.4
COMPARED = 200  # characters of each text: an excerpt has no more, and the worst pair of that length takes 0.2 seconds


def is_same_page(known: Mention, found: Mention) -> bool:
    """`found` is what the page of `known` says now: the same as before, or nearly, with nothing odd about it.

    Of a mention that nobody has looked at there may be no words to compare: then any will do.
    """
    before, after = _text(known), _text(found)
    if known.verified and _shown(known) == _shown(found):
        return True  # whatever else is on the page, nothing new is shown of it, and the owner may have liked it so
    if suspicious(found) or (found.sighting and home_of(found.sighting.url) != home_of(found.source)):
        return False
    if not before:
        return True
    if not _hosts(found) <= _hosts(known):
        return False
    return known.title == found.title or SequenceMatcher(None, before, after, autojunk=False).ratio() >= ALIKE


def _shown(mention: Mention) -> tuple[object, ...]:
    return mention.kind, mention.title, mention.excerpt, mention.site_name, mention.author


def _text(mention: Mention) -> str:
    return "\n".join(text[:COMPARED] for text in (mention.title, mention.excerpt) if text)


def _hosts(mention: Mention) -> set[str]:
    """Where the links of what is shown lead."""
    author = mention.author or Author()
    return {host_of(url) for url in (mention.source, author.url, author.photo) if url and is_http(url)}
