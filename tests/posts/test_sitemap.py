"""The pages that sitemaps name (sitemaps.org protocol 0.9)."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.errors import BadStatus, PingbackError
from pingback.net.client import Client
from pingback.posts.sitemap import fetch_sitemap, urls_in
from pingback.posts.values import BadFeed, Sitemap
from tests.loopback import Site, page

URL = "https://blog.example/sitemap.xml"


def urlset(*locations: str) -> bytes:
    entries = "".join(f"<url><loc>{location}</loc></url>" for location in locations)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'.encode()


def index(*locations: str) -> bytes:
    return urlset(*locations).replace(b"urlset", b"sitemapindex").replace(b"url>", b"sitemap>")


def test_an_xml_sitemap() -> None:
    extended = (
        b"<url><x:image xmlns:x='x'><x:loc>/i</x:loc></x:image><loc>\n /2 </loc><lastmod>2026</lastmod></url></urlset>"
    )
    sitemap = urlset("https://blog.example/?a=1&amp;b=2", "https://blog.example/?a=1&amp;b=2#x", "https://b.example/")
    assert urls_in(sitemap.replace(b"</urlset>", extended), url=URL) == Sitemap(
        url=URL,
        pages=("https://blog.example/?a=1&b=2", "https://blog.example/2"),
        sitemaps=(),
        foreign=("https://b.example/",),
        left_out=0,
        complete=True,
    )


def test_when_pages_changed() -> None:
    entries = [
        "<loc>/1</loc><lastmod>2026-01-02</lastmod>",
        "<lastmod>2026-01-03T04:05:06+01:00</lastmod><loc>/2</loc>",
        "<loc>/3</loc><lastmod>soon</lastmod>",
        "<lastmod>2026-01-02</lastmod>",
        "<loc>/4</loc>",
    ]
    found = urls_in(f"<urlset>{''.join(f'<url>{entry}</url>' for entry in entries)}</urlset>".encode(), url=URL)
    assert found.modified == {
        "https://blog.example/1": datetime(2026, 1, 2, tzinfo=UTC),
        "https://blog.example/2": datetime(2026, 1, 3, 3, 5, 6, tzinfo=UTC),
    }
    assert len(found.pages) == 4


def test_an_index() -> None:
    found = urls_in(index("https://blog.example/1.xml", "https://b.example/2.xml"), url=URL)
    assert (found.pages, found.sitemaps, found.foreign) == (
        (),
        ("https://blog.example/1.xml",),
        ("https://b.example/2.xml",),
    )


@pytest.mark.parametrize(
    ("sitemap", "pages", "complete"),
    [
        pytest.param(gzip.compress(urlset("/1")), ["/1"], True, id="gzip"),
        pytest.param(b"\xef\xbb\xbf\n" + urlset("/1"), ["/1"], True, id="byte-order-mark"),
        pytest.param(b"https://blog.example/1\r\n\nhttps://blog.example/2\nx", ["/1", "/2"], True, id="text"),
        pytest.param(urlset(), [], True, id="empty"),
        pytest.param(urlset("/1", "/2")[:-20], ["/1"], False, id="cut-off"),
        pytest.param(urlset("/1", "&nbsp;"), ["/1"], False, id="an-html-entity"),
        pytest.param(urlset("mailto:a@b.example", "x" * 9000, "/1"), ["/1"], True, id="no-pages"),
    ],
)
def test_pages(sitemap: bytes, pages: list[str], complete: bool) -> None:
    found = urls_in(sitemap, url=URL)
    assert list(found.pages) == [f"https://blog.example{path}" for path in pages]
    assert found.complete is complete


def test_more_urls_than_a_sitemap_may_have() -> None:
    found = urls_in(urlset(*map(str, range(50_010))), url=URL)
    assert (len(found.pages), found.left_out, found.complete) == (50_000, 1, False)


ADDRESSES = "".join(f"https://blog.example/{number}\n" for number in range(50_010))


@pytest.mark.parametrize(
    ("content", "pages"),
    [
        pytest.param(urlset("/1") + b"\n" * 5_000_000, 1, id="white-space-behind-the-end"),
        pytest.param(b"https://blog.example/1" + b"\n" * 5_000_000, 1, id="lines-without-an-address"),
        pytest.param(urlset("/1", *["//b.example/"] * 400_000), 1, id="one-address-again-and-again"),
        pytest.param(urlset("/1").replace(b"<loc>", b"<x/>" * 300_000 + b"<loc>"), 0, id="other-elements"),
        pytest.param(ADDRESSES.encode(), 50_000, id="lines"),
    ],
)
def test_of_a_long_packed_sitemap_the_beginning_is_read(content: bytes, pages: int) -> None:
    found = urls_in(gzip.compress(content), url=URL)
    assert (len(found.pages), found.complete) == (pages, False)


def test_the_addresses_of_one_page() -> None:
    hosts = ("http://a.example/~x", "https://a.example:443/%7ex", "http://a.example:81/", "http://u@a.example/")
    found = urls_in(urlset(*hosts, "http://xa.example/", "http://a.example.b/"), url="http://a.example/sitemap.xml")
    assert found.pages == (hosts[0], *hosts[2:])
    assert found.foreign == ("http://xa.example/", "http://a.example.b/")


@pytest.mark.parametrize(
    ("sitemap", "words"),
    [
        pytest.param(b"", "is not a sitemap", id="empty"),
        pytest.param(b"Not found", "is not a sitemap", id="text"),
        pytest.param(b"<html>", "is XML, but not a sitemap", id="html"),
        pytest.param(b"<!DOCTYPE html><html>", "has a document type", id="html-doctype"),
        pytest.param(b'<!DOCTYPE u [<!ENTITY a "b">]>' + urlset("&a;"), "has a document type", id="entities"),
        pytest.param(b"<urlset><url>", "broken off before its first address", id="cut-off"),
        pytest.param(b"<urlset>" + b"<url>" * 100_000, "nested too deep", id="deep"),
        pytest.param(gzip.compress(b"<urlset>" + b"<url>" * 10_000_000), "nested too deep", id="gzip-bomb"),
        pytest.param(b"\x1f\x8b" + b"\xff" * 20, "cannot be unpacked", id="no-gzip"),
    ],
)
def test_what_is_no_sitemap(sitemap: bytes, words: str) -> None:
    with pytest.raises(BadFeed, match=words):
        urls_in(sitemap, url=URL)


@given(st.lists(st.sampled_from([*urlset("/1", "&amp;").split(b"<"), b"/", b"!--", b"sitemapindex>"]), max_size=20))
def test_any_bytes_give_a_sitemap_or_a_reason(pieces: list[bytes]) -> None:
    for sitemap in (b"<".join([b"", *pieces]), gzip.compress(b"<urlset><url><" + b"<".join(pieces))[:-5]):
        try:
            urls_in(sitemap, url=URL)
        except PingbackError:
            continue


def test_an_index_on_the_web(site: Site, client: Client) -> None:
    site.pages |= {
        "/sitemap.xml": page(index("/1.xml.gz", "/2.txt", "/no.xml", "/index.xml", "http://b.example/")),
        "/1.xml.gz": page(gzip.compress(urlset("/a", "/b")), headers={"Content-Type": "application/gzip"}),
        "/2.txt": page(f"{site.url}/b\n{site.url}/c".encode()),
        "/index.xml": page(index("/3.xml")),
    }
    found = fetch_sitemap(f"{site.url}/sitemap.xml", client=client)
    assert found.pages == tuple(f"{site.url}/{name}" for name in "abc")
    assert found.unread == (f"{site.url}/no.xml", f"{site.url}/3.xml")
    assert found.foreign == ("http://b.example/",)
    with pytest.raises(BadStatus):
        fetch_sitemap(f"{site.url}/no.xml", client=client)


def test_no_more_than_fifty_sitemaps_are_read(site: Site, client: Client) -> None:
    site.pages |= {f"/{number}.xml": page(urlset(f"/{number}")) for number in range(60)}
    site.pages["/sitemap.xml"] = page(index(*(f"/{number}.xml" for number in range(60))))
    found = fetch_sitemap(f"{site.url}/sitemap.xml", client=client)
    assert (len(found.pages), len(found.unread), len(site.requests)) == (50, 10, 51)
