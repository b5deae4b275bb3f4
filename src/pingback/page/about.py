"""What a source page says: whether it links to the target, and its title, excerpt, author, site name and date."""

from collections.abc import Mapping
from dataclasses import replace

from pingback.model import Author, MentionKind, Protocol, Sighting, Verification
from pingback.page.documents import Asked, Said
from pingback.page.encoding import to_utf8
from pingback.page.endpoints import HTML_TYPES
from pingback.page.kinds import kind_in
from pingback.page.links import MAX_PAGE, LinkCollector, cannot_hold, outbound_in
from pingback.page.microformats import LONGEST_NAME, LONGEST_TITLE, Entry, entry_in, instant_of
from pingback.page.scanner import Passing, scan
from pingback.page.texts import LARGEST, reader_of
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.table import sources_of
from pingback.text import EXCERPT_LENGTH, clean, plain
from pingback.urls import host_of, is_http, resolve

# `<meta>` names and properties, and what they say; of several for one thing the upper one counts.
_METAS = {
    "og:title": "title",
    "og:site_name": "site_name",
    "application-name": "site_name",
    "author": "author",
    "article:author": "author",
    "dc.creator": "author",
    "article:published_time": "published",
    "datepublished": "published",
    "dc.date": "published",
    "date": "published",
    "og:description": "description",
    "description": "description",
}


def read_mention(
    page: bytes,
    *,
    source: str,
    target: str,
    url: str,
    content_type: str | None,
    protocol: Protocol | None = None,
) -> Verification:
    """What the source page, fetched from `url` in the end, says about the target and of itself.

    The title is the whole of `<title>`; without one `og:title`, the h-entry's name or the first `<h1>`. Which
    media types count beside HTML depends on the protocol; without one, those of any do.
    """
    media_type, charset = parse_content_type(content_type)
    said_in = None if media_type in HTML_TYPES else reader_of(media_type, sources_of(protocol))
    if said_in is None and media_type not in HTML_TYPES:
        return _not_linked(source, target, f"{source} is not an HTML page but {plain(media_type)[:100]}")
    utf8 = b"".join(to_utf8([page], charset))
    if said_in is None:
        found = _in_html(utf8, source, target, url)
    else:
        asked = Asked(target=target, source=source, url=url, media_type=media_type)
        found = _in_text(said_in(utf8.decode("utf-8", "replace"), asked, len(page) >= LARGEST), asked)
    if found is None:
        return _not_linked(source, target, f"{source} does not link to {target}")
    sighting = Sighting(url=url, size=min(len(utf8), MAX_PAGE), outbound=outbound_in(utf8, url))
    return replace(found, sighting=sighting)


class AboutCollector:
    """The title, the first heading, and what the page's `<meta>` elements say."""

    tags = frozenset({"meta", "svg", "body"})
    ends = frozenset({"title", "h1", "svg"})

    def __init__(self, passing: Passing) -> None:
        self._passing = passing
        self._found: dict[str, str] = {}
        self._in_svg = 0
        self._in_body = False
        self.title: str | None = None
        self.heading: str | None = None

    @property
    def done(self) -> bool:
        """Metas stand in the head; below it there is only a title to look for, when the head had none."""
        return self._in_body and self.title is not None

    @property
    def metas(self) -> dict[str, str]:
        """What `_METAS` calls them → the text of the best one."""
        return best_of(self._found)

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "meta":
            name = (attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or "").lower()
            if name in _METAS and attributes.get("content", "").strip():
                self._found.setdefault(name, attributes["content"])
        elif tag == "svg":
            self._in_svg += 1
        elif tag == "body":
            self._in_body = True

    def end(self, tag: str) -> None:
        if tag == "svg":
            self._in_svg -= 1
        elif tag == "title" and self.title is None and not self._in_svg:
            self.title = plain("".join(self._passing.text)) or None
        elif tag == "h1" and self.heading is None:
            self.heading = plain("".join(self._passing.text)) or None


def best_of(metas: Mapping[str, str]) -> dict[str, str]:
    """What `_METAS` calls the `<meta>` elements of these names → the text of the best one."""
    best: dict[str, str] = {}
    for name, meaning in _METAS.items():
        if name in metas:
            best.setdefault(meaning, metas[name])
    return best


def _in_html(utf8: bytes, source: str, target: str, url: str) -> Verification | None:
    if cannot_hold(utf8, target, url=url):
        return None
    passing = Passing(url)
    link, about = LinkCollector(passing, target), AboutCollector(passing)
    scan([utf8], passing, [link, about], charset="utf-8")
    if not link.linked:
        return None
    found = entry_in(utf8, passing.base)
    entry = found or Entry()
    metas = about.metas
    return Verification(
        source=source,
        target=target,
        linked=True,
        title=clean(about.title or metas.get("title") or entry.name or about.heading, LONGEST_TITLE),
        excerpt=link.excerpt or clean(metas.get("description"), EXCERPT_LENGTH),
        site_name=clean(metas.get("site_name"), LONGEST_NAME),
        author=entry.author or _author(metas.get("author"), url),
        published=entry.published or instant_of(metas.get("published")),
        kind=kind_in(utf8, target, url=url) if found else MentionKind.MENTION,
    )


def _in_text(said: Said | None, asked: Asked) -> Verification | None:
    if said is None:
        return None
    permalink, original = _places(said.address, asked.source, asked.url)
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


def _places(address: str | None, source: str, url: str) -> tuple[str | None, str | None]:
    """The entry's own address, or the one that it names on a foreign host."""
    if address is None:
        return None, None
    return (address, None) if host_of(address) in (host_of(source), host_of(url)) else (None, address)


def _not_linked(source: str, target: str, reason: str) -> Verification:
    return Verification(source=source, target=target, linked=False, reason=reason)


def _author(value: str | None, url: str) -> Author | None:
    """A `<meta>` author: a name, or with `article:author` often an address."""
    if not value:
        return None
    if is_http(value.strip()):
        return Author(url=resolve(url, value.strip()))
    name = clean(value, LONGEST_NAME)
    return Author(name=name) if name else None
