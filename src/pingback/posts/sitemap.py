"""The pages that a sitemap names (sitemaps.org protocol 0.9): XML or text, gzipped or not, and indexes of sitemaps."""

import logging
import re
import zlib
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from pingback.errors import FetchError
from pingback.page.properties import instant_of
from pingback.posts.values import BadFeed, Sitemap
from pingback.urls import MAX_URL, is_http, require_http, resolve_with_key, shown, split

if TYPE_CHECKING:
    from pingback.net.client import Client

MAX_URLS = 50_000  # of one sitemap, and of all sitemaps of an index together; the protocol's own limit for one
MAX_BYTES = 4 * 1024 * 1024  # of one sitemap that are unpacked; of one that is not packed 1 MiB is read
MAX_ELEMENTS = 300_000  # of one sitemap; 50,000 pages with all that the protocol knows of them have 250,000
MAX_SITEMAPS = 50  # of an index that are read

MAX_DEPTH = 20  # elements within one another; a sitemap with all extensions has five

_TEXTS = frozenset({"loc", "lastmod"})
_ENTRIES = {"urlset": "url", "sitemapindex": "sitemap"}  # what each kind is made of
_CHUNK = 64 * 1024
_HTTP = ("http://", "https://")
_LINE = re.compile(r"[^\r\n]+")
_GZIP = 16 + zlib.MAX_WBITS  # zlib's word for: a gzip header is expected
_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"

log = logging.getLogger(__name__)


def fetch_sitemap(url: str, *, client: "Client") -> Sitemap:
    """The sitemap at `url`, and of an index the pages of all sitemaps in it; an index within an index is not followed.

    Raises as the client does, BadStatus for an error page, and BadFeed for what is no sitemap. A sitemap of an index
    that cannot be had is in `unread`.
    """
    index = _fetch(url, client)
    pages, foreign, unread = dict.fromkeys(index.pages), dict.fromkeys(index.foreign), list(index.sitemaps)
    left_out, complete = index.left_out, index.complete
    modified = dict(index.modified)
    for sitemap in index.sitemaps[:MAX_SITEMAPS]:
        try:
            found = _fetch(sitemap, client)
        except (FetchError, BadFeed) as error:
            log.info("sitemap %r was not read: %s", shown(sitemap), error)
            continue
        unread.remove(sitemap)
        unread += found.sitemaps
        pages |= dict.fromkeys(found.pages)
        modified |= found.modified
        foreign |= dict.fromkeys(found.foreign)
        left_out, complete = left_out + found.left_out, complete and found.complete
    return replace(
        index,
        pages=tuple(pages)[:MAX_URLS],
        modified=modified,
        foreign=tuple(foreign)[:MAX_URLS],
        left_out=left_out + max(len(pages) - MAX_URLS, 0),
        unread=tuple(unread),
        complete=complete,
    )


def urls_in(sitemap: bytes, *, url: str) -> Sitemap:
    """What the sitemap from `url`, an HTTP URL, names; BadFeed, with the reason, where it is none.

    A sitemap speaks for its own host only; what it says of others is in `foreign`.
    """
    host = split(require_http(url)).host
    on_host = re.compile(rf"([^/]*@)?{re.escape(host)}(:[0-9]+)?/")  # how the keys of its pages begin
    content, whole = _unpacked(sitemap, url)
    content = content.removeprefix(_BOM).lstrip()
    read = _from_xml if content.startswith(b"<") else _from_text
    kind, references, complete, dates = read(content, url)
    own: dict[str, str] = {}
    foreign: dict[str, str] = {}
    modified: dict[str, datetime] = {}
    left_out = 0
    for number, reference in enumerate(references):
        resolved = resolve_with_key(reference, base=url)
        if resolved is None:
            continue
        address, key = resolved
        found = own if on_host.match(key) else foreign
        if len(found) < MAX_URLS:
            found.setdefault(key, address)
            if (date := instant_of(dates.get(number))) is not None:
                modified.setdefault(address, date)
        elif key not in found:
            left_out += 1
    return Sitemap(
        url=url,
        pages=tuple(own.values()) if kind == "urlset" else (),
        modified=modified,
        sitemaps=tuple(own.values()) if kind == "sitemapindex" else (),
        foreign=tuple(foreign.values()),
        left_out=left_out,
        complete=complete and whole,
    )


def _fetch(url: str, client: "Client") -> Sitemap:
    with client.get(url) as response:
        response.require_success()
        return urls_in(response.read(), url=response.url)


def _unpacked(sitemap: bytes, url: str) -> tuple[bytes, bool]:
    """Its content, as far as it goes, and whether that is all: the file may be cut off, or too long."""
    if not sitemap.startswith(_GZIP_MAGIC):
        return sitemap, True
    packed = zlib.decompressobj(_GZIP)
    try:
        return packed.decompress(sitemap, MAX_BYTES), packed.eof
    except zlib.error as error:
        raise BadFeed(f"{url} cannot be unpacked: {error}") from None


def _from_text(content: bytes, url: str) -> "_Read":
    """A URL a line. The lines behind the bound are never made."""
    found = _LINE.finditer(content.decode("utf-8", "replace"))
    lines = [line[0].strip() for line in islice(found, MAX_URLS + 1)]
    if not lines or not is_http(lines[0]):
        raise BadFeed(f"{url} is not a sitemap")
    # To ask the parser whether each is a URL would take as long as all the rest.
    addresses = [line for line in lines if line[:8].lower().startswith(_HTTP)]
    return _Read("urlset", addresses, next(found, None) is None, {})


def _from_xml(content: bytes, url: str) -> "_Read":
    """It is never a tree in memory."""
    locations = _Locations(url)
    parser = etree.XMLParser(
        target=locations,  # type: ignore[arg-type]  # the stubs want a `comment` handler, too; lxml does not
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    )
    try:
        for start in range(0, len(content), _CHUNK):
            parser.feed(content[start : start + _CHUNK])
        parser.close()
    except _Enough:
        return _Read(locations.kind, locations.found, False, locations.dates)
    except etree.XMLSyntaxError:
        if not locations.found:
            raise BadFeed(f"{url} is broken off before its first address") from None
        return _Read(locations.kind, locations.found, False, locations.dates)
    return _Read(locations.kind, locations.found, True, locations.dates)


class _Read(NamedTuple):
    """The root's name, what its entries' `<loc>` say, whether it is well-formed and was read to its end, and what
    `<lastmod>` says of the entry with a number."""

    kind: str
    found: list[str]
    complete: bool
    dates: dict[int, str]


class _Enough(Exception):
    """A sitemap has more than is read of one."""


class _Locations:
    """The parser's target: the texts of `<loc>` and `<lastmod>` in each `<url>` or `<sitemap>`, not of an image's or a
    video's."""

    def __init__(self, url: str) -> None:
        self.kind = ""
        self.found: list[str] = []
        self.dates: dict[int, str] = {}
        self._date: str | None = None  # of this entry, which begins behind so many
        self._before = 0
        self._url = url
        self._path: list[str] = []
        self._text: list[str] | None = None
        self._length = 0
        self._elements = 0

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise BadFeed(f"{self._url} has a document type, which no sitemap has")

    def start(self, tag: str, attributes: object) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self.found) > MAX_URLS:
            raise _Enough
        self._path.append(tag.rpartition("}")[2])
        if len(self._path) == 1:
            self.kind = self._path[0]
        if self.kind not in _ENTRIES:
            raise BadFeed(f"{self._url} is XML, but not a sitemap")
        if len(self._path) > MAX_DEPTH:
            raise BadFeed(f"{self._url} has elements nested too deep")
        if self._path[1:-1] == [_ENTRIES[self.kind]] and self._path[-1] in _TEXTS:
            self._text, self._length = [], 0
        elif len(self._path) == 2:
            self._date, self._before = None, len(self.found)

    def data(self, text: str) -> None:
        if self._text is not None and self._length <= MAX_URL:
            self._text.append(text)
            self._length += len(text)

    def end(self, tag: str) -> None:
        if self._text is not None and len(self._path) == 3:
            text, self._text = "".join(self._text).strip(), None
            if self._path[-1] == "loc":
                self.found.append(text)
            else:
                self._date = text
        elif len(self._path) == 2 and self._date is not None and len(self.found) > self._before:
            self.dates[len(self.found) - 1] = self._date
        self._path.pop()

    def close(self) -> None:
        return None
