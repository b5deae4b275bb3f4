"""What a source page says: whether it links to the target, who says what of it and when, and its title and site."""

from collections.abc import Collection
from dataclasses import replace

from pingback.model import REACTIONS, RELAYS, REPLIES, Content, MentionKind, Protocol, Sighting, Verification
from pingback.page.authors import author_of
from pingback.page.documents import Asked, Said
from pingback.page.encoding import to_utf8
from pingback.page.endpoints import HTML_TYPES
from pingback.page.extent import Extent
from pingback.page.items import Subject
from pingback.page.links import MAX_PAGE, cannot_hold, outbound_in
from pingback.page.properties import LONGEST_NAME
from pingback.page.speaker import Speaker
from pingback.page.texts import LARGEST, reader_of
from pingback.page.titles import LONGEST_TITLE, best_of, heading_of, title_of
from pingback.page.tree import CHROME, Page
from pingback.page.words import excerpt_around, excerpt_of, reply_of
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.table import sources_of
from pingback.text import EXCERPT_LENGTH, clean, plain
from pingback.urls import host_of, is_at

READER = 1  # the version of what reads pages here; it counts up when stored mentions should be read again

_NOTES = ("e-content", "p-summary")  # what somebody says beside their bookmark


def read_mention(
    page: bytes,
    *,
    source: str,
    target: str,
    url: str,
    content_type: str | None,
    protocol: Protocol | None = None,
    relays: Collection[str] = RELAYS,
) -> Verification:
    """What the source page, fetched from `url` in the end, says about the target and of itself.

    The title is the whole of `<title>`; without one the name that the entry gives itself, `og:title` or the first
    `<h1>`. Which media types count beside HTML depends on the protocol; without one, those of any do. The entries of
    pages on the hosts of `relays` may have addresses on other hosts.
    """
    media_type, charset = parse_content_type(content_type)
    said_in = None if media_type in HTML_TYPES else reader_of(media_type, sources_of(protocol))
    if said_in is None and media_type not in HTML_TYPES:
        return _not_linked(source, target, f"{source} is not an HTML page but {plain(media_type)[:100]}")
    utf8 = b"".join(to_utf8([page], charset))
    found, text, by_guest = None, "", False
    if said_in is not None:
        asked = Asked(target=target, source=source, url=url, content_type=content_type)
        text = utf8.decode("utf-8", "replace")
        if (said := said_in(text, asked, len(page) >= LARGEST)) is not None:
            found, by_guest = _in_text(said, asked, relays), said.by_guest
    elif not cannot_hold(utf8, target, url=url):
        extent = Extent(utf8, target, fragment=source.partition("#")[2])
        html = Page([utf8], url=url, charset="utf-8", extent=extent)
        if (told := _in_html(html, source, target, relays)) is not None:
            found, by_guest = told
        text = "".join((best_of(html.metas).get("description", ""), *html.texts))
    if found is None:
        return _not_linked(source, target, f"{source} does not link to {target}")
    sighting = Sighting(
        url=url,
        size=min(len(utf8), MAX_PAGE),
        outbound=outbound_in(utf8, url),
        text=text,
        by_guest=by_guest,
    )
    return replace(found, sighting=sighting, read_by=READER)


def _in_html(page: Page, source: str, target: str, relays: Collection[str]) -> tuple[Verification, bool] | None:
    """What the page says, and whether it is said where anybody may have said it."""
    if not page.wanted:
        return None
    subject = Subject(page)
    speaker = Speaker(subject, page.wanted, target, fragment=source.partition("#")[2])
    metas = best_of(page.metas)
    title = title_of(page) or speaker.name or metas.get("title") or heading_of(page)
    permalink, original = _places(speaker.permalink, source, page.url, relays)
    date, published_as = speaker.date or (None, None)
    content, excerpt = _words_of(page, speaker, metas.get("description"))
    found = Verification(
        source=source,
        target=target,
        linked=True,
        kind=speaker.kind,
        rsvp=speaker.rsvp,
        permalink=permalink,
        original=original,
        title=clean(title, LONGEST_TITLE),
        excerpt=excerpt,
        content=content,
        site_name=clean(metas.get("site_name"), LONGEST_NAME),
        author=author_of(speaker),
        published=date,
        published_as=published_as,
    )
    return found, not speaker.is_free


def _words_of(page: Page, speaker: Speaker, description: str | None) -> tuple[Content | None, str | None]:
    """What an answer says itself, and its beginning; of what only mentions the target the words around the link."""
    item, kind = speaker.item, speaker.kind
    if kind in REACTIONS:
        return None, None
    has_note = kind is MentionKind.BOOKMARK and item is not None and any(name in item.properties for name in _NOTES)
    if item is not None and (kind in REPLIES or has_note):
        content = reply_of(page, item, speaker.links)
        excerpt = None if content is None else excerpt_of(content) or None
        if kind in REPLIES:
            return content, excerpt
        if excerpt is not None:
            return None, excerpt
    links = [link for link in speaker.links if not link.parts & CHROME] or speaker.links
    return None, excerpt_around(page, links)[1] or clean(description, EXCERPT_LENGTH)


def _places(address: str | None, source: str, url: str, relays: Collection[str]) -> tuple[str | None, str | None]:
    """An entry's own address, or the one on a foreign host that it names as its own.

    A relay that led elsewhere has nothing to do with what stands there: `fed.brid.gy/r/` leads to any page.
    """
    if address is None:
        return None, None
    if is_at(address, (host_of(source), host_of(url))) or is_at(url, relays):
        return address, None
    return None, None if is_at(source, relays) else address


def _in_text(said: Said, asked: Asked, relays: Collection[str]) -> Verification:
    permalink, original = _places(said.address, asked.source, asked.url, relays)
    return Verification(
        source=asked.source,
        target=asked.target,
        linked=True,
        kind=said.kind,
        rsvp=said.rsvp,
        permalink=permalink,
        original=original,
        title=said.title,
        excerpt=said.excerpt,
        content=said.content,
        author=said.author,
        published=said.published,
        published_as=said.published_as,
    )


def _not_linked(source: str, target: str, reason: str) -> Verification:
    return Verification(source=source, target=target, linked=False, reason=reason)
