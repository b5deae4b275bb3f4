"""The posts that feeds name: RSS, Atom (RFC 4287) and JSON Feed, whole, broken and hostile."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.errors import BadStatus, PingbackError
from pingback.net.client import Client
from pingback.page.entry import outbound_links
from pingback.posts.feeds import entries_in, feed_in_file, fetch_feed
from pingback.posts.values import BadFeed, Feed, FeedEntry
from tests.loopback import Site, page, redirect

URL = "https://blog.example/feed"
HUB = "https://hub.example/"

RSS = b"""<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Notes</title><link>https://www.blog.example</link>
 <atom:link rel="hub" href="https://hub.example/"/><atom:link rel="self" href="https://blog.example/feed"/>
 <item><title>A &amp; B</title><link>https://blog.example/?p=1&amp;x=y</link><guid isPermaLink="false">no. 1</guid>
 <pubDate>Mon, 06 Sep 2021 02:01:00 +0200</pubDate><description>in short</description>
 <content:encoded><![CDATA[<p class="no-ping"><a href="/a">a</a> & more]]></content:encoded></item>
 <item><guid>https://www.blog.example/2</guid><description>&lt;a href="/a">in short</description></item>
 </channel></rss>"""

ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://blog.example/notes/">
 <link href="./"/><link rel="self" href="feed.atom"/><link rel="hub" href="https://hub.example/"/>
 <entry><id>tag:1</id><title>One</title><link rel="related" href="https://other.example/"/><link href="one"/>
 <updated>2026-01-02T03:04:05+01:00</updated><published>2026-01-01T00:00:00Z</published>
 <content type="html" xml:base="img/">&lt;a href="x">x&lt;/a></content></entry>
 <entry><id>tag:2</id><link rel="alternate" href="/two"/><published>2026-01-01T00:00:00Z</published>
 <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p><a href="y">y</a></p></div></content></entry>
 <entry><id>tag:3</id><link href="three"/><content>plain &lt;a href="z"></content><summary>s</summary></entry></feed>"""

RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
 <channel><link>https://blog.example/</link></channel><item rdf:about="x"><link>https://blog.example/1</link></item>
 </rdf:RDF>"""

JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "home_page_url": "https://www.blog.example/",
        "feed_url": URL,
        "hubs": [{"type": "WebSub", "url": HUB}, {"type": "rssCloud", "url": "https://cloud.example/"}, 5],
        "items": [
            {"id": "1", "url": "/1", "title": " One ", "content_html": "<p>1", "date_modified": "2026-01-02T03:04:05Z"},
            {"id": 2, "url": "https://www.blog.example/2", "content_text": "<p>2", "date_published": "2026-01-01"},
            {"id": "3"},
            "4",
        ],
    }
).encode()


MODULE = "http://madskills.com/public/xml/rss/module/trackback/"
PINGED = """<item><link>https://blog.example/1</link><trackback:ping>https://blog.example/tb/1</trackback:ping>
 <trackback:title>no title</trackback:title><trackback:about> https://a.example/tb?id=1 </trackback:about>
 <trackback:about>/tb/2</trackback:about><trackback:about>https://a.example/tb?id=1</trackback:about>
 <trackback:about>mailto:me@a.example</trackback:about><trackback:about/></item>"""


def read(feed: bytes, content_type: str | None = None) -> Feed:
    return entries_in(feed, url=URL, content_type=content_type)


def entry(url: str, *, id: str | None = None, title: str | None = None, html: str | None = None) -> FeedEntry:
    return FeedEntry(url=url, id=id, title=title, html=html, updated=None)


def test_rss() -> None:
    content = '<p class="no-ping"><a href="/a">a</a> & more'
    assert read(RSS) == Feed(
        url=URL,
        home="https://www.blog.example/",
        hubs=(HUB,),
        topic=URL,
        entries=(
            FeedEntry(
                url="https://blog.example/?p=1&x=y",
                id="no. 1",
                title="A & B",
                html=content,
                updated=datetime(2021, 9, 6, 0, 1, tzinfo=UTC),
            ),
            entry("https://www.blog.example/2", id="https://www.blog.example/2"),
        ),
        foreign=(),
        without_url=0,
        left_out=0,
        complete=True,
    )


def test_atom() -> None:
    found = read(ATOM)
    assert (found.home, found.topic) == ("https://blog.example/notes/", "https://blog.example/notes/feed.atom")
    assert (found.hubs, found.complete) == ((HUB,), True)
    assert [each.url for each in found.entries] == [
        "https://blog.example/notes/one",
        "https://blog.example/two",
        "https://blog.example/notes/three",
    ]
    assert [each.updated for each in found.entries] == [
        datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        None,
    ]
    assert found.entries[2].html is None


def test_rfc4287_2_links_of_a_content_are_relative_to_its_base() -> None:
    links = [
        outbound_links((each.html or "").encode(), url=each.url, content_type="text/html; charset=utf-8")
        for each in read(ATOM).entries
    ]
    assert links == [("https://blog.example/notes/img/x",), ("https://blog.example/notes/y",), ()]


def test_rss_1() -> None:
    assert [each.url for each in read(RDF).entries] == ["https://blog.example/1"]


def test_json_feed() -> None:
    found = read(JSON, "application/feed+json")
    assert (found.home, found.hubs, found.topic) == ("https://www.blog.example/", (HUB,), URL)
    assert (found.without_url, found.complete) == (1, True)
    assert found.entries == (
        FeedEntry(
            url="https://blog.example/1",
            id="1",
            title="One",
            html="<p>1",
            updated=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ),
        FeedEntry(
            url="https://www.blog.example/2", id=None, title=None, html=None, updated=datetime(2026, 1, 1, tzinfo=UTC)
        ),
    )


def items(*links: str) -> bytes:
    return f"<rss><channel>{''.join(f'<item>{link}</item>' for link in links)}</channel></rss>".encode()


@pytest.mark.parametrize(
    ("links", "urls"),
    [
        pytest.param(["<link>/1</link>", "<link>2</link>"], ["/1", "/2"], id="relative-to-the-feed"),
        pytest.param(["<link>/1</link>", "<link>/1#x</link>"], ["/1"], id="each-page-once"),
        pytest.param(["<link>mailto:a@b.example</link>", "<link> </link>"], [], id="no-page"),
        pytest.param(
            [
                '<link>https://feeds.example/~r/1</link><o:origLink xmlns:o="http://rssnamespace.org/feedburner/ext/1.0">'
                "https://blog.example/1</o:origLink>"
            ],
            ["/1"],
            id="feedburner",
        ),
    ],
)
def test_permalinks(links: list[str], urls: list[str]) -> None:
    found = read(items(*links))
    assert [each.url for each in found.entries] == [f"https://blog.example{url}" for url in urls]
    assert found.foreign == ()


def test_entries_of_other_hosts_are_told_and_left_out() -> None:
    found = read(items("<link>https://victim.example/</link>", "<link>/1</link>", "<title>x</title>"))
    assert [each.url for each in found.entries] == ["https://blog.example/1"]
    assert (found.foreign, found.without_url) == (("https://victim.example/",), 1)


ABOUT = "<link>https://other.example/</link>"
ATOM_ABOUT = "<link rel='alternate' href='https://other.example/'/>"


@pytest.mark.parametrize(
    ("item", "url"),
    [
        pytest.param(f"{ABOUT}<guid>https://blog.example/1</guid>", "/1", id="rss2-guid-is-a-permalink-by-default"),
        pytest.param(f"<guid isPermaLink='true'>https://blog.example/1</guid>{ABOUT}", "/1", id="rss2-guid-says-so"),
        pytest.param(f"{ABOUT}<guid isPermaLink='False'>https://blog.example/1</guid>", None, id="rss2-guid-says-no"),
        pytest.param(f"{ABOUT}<guid>tag:blog.example,2026:1</guid>", None, id="no-address"),
        pytest.param(f"{ABOUT}<guid>https://third.example/1</guid>", None, id="a-third-host"),
        pytest.param(f"{ABOUT}<guid>https://blog.example/</guid>", None, id="the-whole-blog"),
        pytest.param(f"<id>https://blog.example/1</id>{ATOM_ABOUT}", "/1", id="rfc4287-4.2.6-id"),
        pytest.param(f"<id>tag:1</id>{ATOM_ABOUT}<link rel='related' href='/1'/>", "/1", id="rfc4287-4.2.7.2-related"),
        pytest.param(f"<id>tag:1</id>{ATOM_ABOUT}<link hreflang='de' href='/1'/>", "/1", id="another-alternate"),
        pytest.param("<link href='/1'/><link rel='related' href='/2'/><id>https://blog.example/3</id>", "/1", id="own"),
    ],
)
def test_the_own_page_of_an_entry_that_links_to_another(item: str, url: str | None) -> None:
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom'><link href='/'/><entry>{item}</entry></feed>".encode()
    found = read(items(item) if "<guid" in item else feed)
    assert [each.url for each in found.entries] == ([f"https://blog.example{url}"] if url else [])
    assert found.foreign == (() if url else ("https://other.example/",))


@pytest.mark.parametrize(
    ("item", "url"),
    [
        pytest.param({"id": "https://blog.example/1", "external_url": "https://other.example/"}, "/1", id="id"),
        pytest.param({"id": "https://blog.example/1", "url": "https://other.example/"}, "/1", id="url-is-the-other"),
        pytest.param({"id": "https://blog.example/2", "url": "/1"}, "/1", id="url"),
        pytest.param({"id": "1", "external_url": "https://other.example/"}, None, id="no-address"),
    ],
)
def test_the_own_page_of_a_json_item_that_links_to_another(item: dict[str, str], url: str | None) -> None:
    found = read(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}).encode())
    assert [each.url for each in found.entries] == ([f"https://blog.example{url}"] if url else [])


def test_more_entries_than_are_read() -> None:
    found = read(items(*(f"<link>/{number}</link>" for number in range(1234))))
    assert (len(found.entries), found.left_out) == (1000, 234)


@pytest.mark.parametrize(
    ("feed", "content_type", "title"),
    [
        pytest.param(items("<title>ü</title><link>/1</link>"), "text/xml", "ü", id="utf-8-as-text-xml"),
        pytest.param(
            b'<?xml version="1.0" encoding="iso-8859-1"?>'
            + items("<title>X</title><link>/1</link>").replace(b"X", b"\xfc"),
            None,
            "ü",
            id="declared",
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="utf-8"?>' + items("<title>X</title><link>/1</link>").replace(b"X", b"\xfc"),
            "text/xml; charset=iso-8859-1",
            "ü",
            id="rfc7303-3.2-the-header-wins",
        ),
        pytest.param(
            items("<title>ü</title><link>/1</link>").decode().encode("utf-16"), None, "ü", id="byte-order-mark"
        ),
    ],
)
def test_encodings(feed: bytes, content_type: str | None, title: str) -> None:
    found = read(feed, content_type)
    assert ([each.title for each in found.entries], found.complete) == ([title], True)


@pytest.mark.parametrize(
    "feed",
    [
        pytest.param(RSS[: RSS.index(b"<item><guid>") + 20], id="cut-off"),
        pytest.param(RSS.replace(b"in short", b"in &nbsp; short"), id="an-html-entity"),
        pytest.param(RSS.replace(b"in short", b"in <br> short"), id="html-within"),
        pytest.param(RSS.replace(b"x=y", b"x=y &b"), id="a-bare-ampersand"),
        pytest.param(RSS.replace(b"in short", b"&#x110000;<br>"), id="no-such-character"),
    ],
)
def test_of_a_broken_feed_only_the_addresses_count(feed: bytes) -> None:
    found = read(feed)
    assert found.entries[0].url.startswith("https://blog.example/?p=1&x=y")
    assert [each.html for each in found.entries] == [None] * len(found.entries)
    assert not found.complete


@pytest.mark.parametrize(
    "feed",
    [
        pytest.param(RSS.replace(b"in short", b"<x:y/>", 1), id="undeclared-prefix"),
        pytest.param(RSS.replace(b" xmlns:content=", b" xmlns:x="), id="undeclared-customary-prefix"),
        pytest.param(
            RSS.replace(b"<item>", b"<item><x:title xmlns:x='x'>x</x:title><source><link>/x</link></source>"),
            id="not-the-post-s",
        ),
        pytest.param(
            RSS.replace(b"<link>", b"<link " + b" ".join(b"a%d=''" % n for n in range(100)) + b">"), id="attributes"
        ),
        pytest.param(
            b"<!DOCTYPE rss SYSTEM 'rss-0.91.dtd'>" + RSS[21:].replace(b"in short", b"&nbsp;"),
            id="entity-of-an-external-dtd",
        ),
    ],
)
def test_what_nobody_asks_for_changes_nothing(feed: bytes) -> None:
    assert read(feed) == read(RSS)


def test_references_in_a_broken_feed_are_what_they_were() -> None:
    feed = items(
        "<title>a &amp; b &eacute; &lt;i&gt; &#233; &nosuch; &c <![CDATA[&amp;]]><br></title><link>/?a&amp;b</link>"
    )
    found = read(feed)
    assert [(each.url, each.title) for each in found.entries] == [
        ("https://blog.example/?a&b", "a & b é <i> é &nosuch; &c &amp;")
    ]


ITEM = "<item><guid>x</guid><title>T</title><link>https://blog.example/1</link></item>"


@pytest.mark.parametrize(
    "feed",
    [
        pytest.param(f"<rss><channel>{ITEM}&<link>https://blog.example/</link></channel></rss>", id="a-home-behind-it"),
        pytest.param(
            ITEM.join(["<rss><channel>", "</channel></rss>"]).replace(
                "<title>", "<description><p>x<BR></description><title>"
            ),
            id="html-that-never-ends",
        ),
        pytest.param(f"<rss><channel>{ITEM}&</channel></rss>", id="a-bare-ampersand"),
        pytest.param(
            "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:id>x</a:id><a:title>T & U</a:title>"
            "<a:link href='https://blog.example/1'/></a:entry></a:feed>",
            id="a-prefix-of-the-root",
        ),
        pytest.param(
            f"<rss xmlns:a10='http://www.w3.org/2005/Atom'><channel>{ITEM}&</channel></rss>".replace(
                "<link>https://blog.example/1</link>", "<a10:link href='https://blog.example/1'/>"
            ),
            id="a-prefix-that-the-root-declares",
        ),
        pytest.param(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
            "<item rdf:about='x'><title>T</title><link>https://blog.example/1</link></item>&</rdf:RDF>",
            id="rss-1.0",
        ),
    ],
)
def test_what_is_broken_in_a_feed_costs_nothing_else(feed: str) -> None:
    found = read(feed.encode())
    assert [(each.url, each.id, (each.title or "")[:1], each.html) for each in found.entries] == [
        ("https://blog.example/1", "x", "T", None)
    ]
    assert not found.complete


def test_a_broken_root_costs_its_entries_no_letter() -> None:
    feed = items("<title>a &amp; b</title><link>/1</link>").replace(b"<rss>", b'<rss version="2.0" version="2.0">')
    assert [each.title for each in read(feed).entries] == ["a & b"]


def test_a_less_than_sign_in_a_broken_feed_is_text() -> None:
    assert read(items("<title>I <3 you</title><link>/1</link>")).entries[0].title == "I <3 you"


def test_entities_of_a_document_type_that_is_not_here_are_those_of_html() -> None:
    doctype = (
        b'<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">'
    )
    found = read(doctype + items("<title>Caf&eacute; &ndash; A&nbsp;B</title><link>/1</link>"))
    assert ([each.title for each in found.entries], found.complete) == (["Café – A B"], True)


def test_the_markup_of_a_content_is_read_whole() -> None:
    code = "<span class='k'>x</span> &lt; " * 3000 + "<a href='/a'>a</a><br/>"
    feed = ATOM.replace(b'<p><a href="y">y</a></p>', code.encode())
    found = read(feed)
    html = found.entries[1].html or ""
    assert found.complete
    assert html.count('<span class="k">x</span> &lt; ') == 3000
    assert outbound_links(html.encode(), url="https://blog.example/two", content_type="text/html") == (
        "https://blog.example/a",
    )


def test_an_address_behind_many_attributes_is_found() -> None:
    many = " ".join(f"a{number}=''" for number in range(40))
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><link {many} href='/1'/></entry></feed>"
    assert [each.url for each in read(feed.encode()).entries] == ["https://blog.example/1"]


def test_of_a_feed_of_very_many_elements_the_beginning_is_read() -> None:
    found = read(items(*["<link>/1</link>" + "<title/>" * 12_000, "<link>/2</link>"]))
    assert [(each.url, each.html) for each in found.entries] == [("https://blog.example/1", None)]
    assert not found.complete


def test_each_base_is_relative_to_the_one_around_it() -> None:
    feed = ATOM.replace(b'<content type="html" xml:base="img/">', b'<content type="html" xml:base="img/" base="/x/">')
    assert read(feed) == read(ATOM)
    deep = (
        b'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/a/"><entry xml:base="b/"><link xml:base="c/" href="d"/>'
    )
    assert [each.url for each in read(deep + b"</entry></feed>").entries] == ["https://blog.example/a/b/c/d"]


def test_more_hubs_than_are_told() -> None:
    hubs = "".join(
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="hub" href="/{number}"/>' for number in range(30)
    )
    feed = items("<link>/1</link>").replace(b"<channel>", f"<channel>{hubs}".encode())
    assert len(read(feed).hubs) == 20
    listed = {"version": "https://jsonfeed.org/version/1", "hubs": [{"url": f"/{number}"} for number in range(30)]}
    assert len(read(json.dumps(listed).encode()).hubs) == 20


def test_white_space_before_the_declaration_is_let_pass() -> None:
    assert read(b"\n " + RSS) == read(RSS)


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        pytest.param(b"", "is not XML", id="empty"),
        pytest.param(b"Not found", "is not XML", id="text"),
        pytest.param(b"<!DOCTYPE html><html><body><p>x<br>", "is an HTML page, not a feed", id="html"),
        pytest.param(b"<opml/>", "is XML, not a feed", id="opml"),
        pytest.param(b"<rss><channel><title>x", "is broken off before its first entry", id="cut-off"),
        pytest.param(b'<!DOCTYPE rss [<!ENTITY a "b">]>' + RDF, "declares entities", id="entities"),
        pytest.param(
            b'<!DOCTYPE r [<!ENTITY a SYSTEM "/etc/passwd">]><rss>&a;</rss>', "declares entities", id="external"
        ),
        pytest.param(b'<!-- \n<!ENTITY a "b"> -->' + RDF, "declares entities", id="entities-in-a-comment"),
        pytest.param(b"<rss>" + b"<channel>" * 1000, "nested too deep", id="deep"),
        pytest.param(b"{}", "is JSON, but not a JSON feed", id="json"),
        pytest.param(b'{"version": "https://jsonfeed.org/version/2"}', "not a JSON feed", id="json-feed-2"),
        pytest.param(JSON[:-5], "is not JSON, or not all of it", id="json-cut-off"),
        pytest.param(b'{"a":' * 100_000, "is not JSON", id="json-deep"),
        pytest.param(b'{"a":' + b"9" * 10_000 + b"}", "is not JSON", id="json-long-number"),
    ],
)
def test_what_is_no_feed(feed: bytes, words: str) -> None:
    with pytest.raises(BadFeed, match=words):
        read(feed)


@pytest.mark.parametrize(
    "feed",
    [
        b'<!DOCTYPE rss SYSTEM "%s/a.dtd"><rss><channel><item><link>%s/b</link></item></channel></rss>',
        b'<?xml-stylesheet href="%s/a.xsl"?><feed xmlns="x"><link href="%s/b"/></feed>',
        b'<rss xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="%s/a"/><xi:include href="%s/b"/></rss>',
        b"%s/a\n%s",
    ],
)
def test_nothing_is_fetched(feed: bytes, site: Site) -> None:
    address = site.url.encode()
    with suppress(BadFeed):
        entries_in(feed % (address, address), url=f"{site.url}/feed", content_type=None)
    assert site.connections == 0


def test_nothing_is_opened(tmp_path: Path) -> None:
    (tmp_path / "feed").write_bytes(RSS)
    for name in (tmp_path / "feed", "file://" + str(tmp_path / "feed")):
        with pytest.raises(BadFeed):
            read(str(name).encode())


@given(st.lists(st.sampled_from([*RSS.split(b"<"), *ATOM.split(b"<"), b"/", b"!--", b"![CDATA["]), max_size=40))
def test_any_bytes_give_a_feed_or_a_reason(pieces: list[bytes]) -> None:
    for feed in (b"<".join([b"", *pieces]), b"<rss><channel><item><" + b"<".join(pieces)):
        try:
            found = read(feed)
        except PingbackError:
            continue
        assert len(found.entries) <= 1000


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda each: (
            st.lists(each)
            | st.dictionaries(st.sampled_from(["items", "url", "id", "hubs", "content_html", "date_modified"]), each)
        ),
        max_leaves=20,
    )
)
def test_any_json_gives_a_feed(value: object) -> None:
    version = {"version": "https://jsonfeed.org/version/1"}
    read(json.dumps(version | value if isinstance(value, dict) else {**version, "items": value}).encode())


def test_a_feed_on_the_web(site: Site, client: Client) -> None:
    feed = items("<link>1</link>")
    site.pages |= {"/feed": redirect("/blog/feed"), "/blog/feed": page(feed, headers={"Content-Type": "text/xml"})}
    found = fetch_feed(f"{site.url}/feed", client=client)
    assert (found.url, found.entries[0].url) == (f"{site.url}/blog/feed", f"{site.url}/blog/1")
    with pytest.raises(BadStatus):
        fetch_feed(f"{site.url}/no", client=client)


def test_a_feed_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(items("<link>1</link>"))
    found = feed_in_file(tmp_path / "feed.xml", base_url="https://blog.example/notes/")
    assert found.entries[0].url == "https://blog.example/notes/1"
    with pytest.raises(FileNotFoundError):
        feed_in_file(tmp_path / "no", base_url=URL)


@pytest.mark.parametrize(
    "declared", [pytest.param(f' xmlns:trackback="{MODULE}"', id="declared"), pytest.param("", id="not-declared")]
)
def test_t11_the_addresses_that_an_item_pings_and_not_its_own(declared: str) -> None:
    feed = f'<rss version="2.0"{declared}><channel>{PINGED}<item><link>/2</link></item></channel></rss>'
    one, two = read(feed.encode()).entries
    assert one.trackbacks == ("https://a.example/tb?id=1", "https://blog.example/tb/2")
    assert (one.url, one.title, two.trackbacks) == ("https://blog.example/1", None, ())


def test_t11_in_rss_1_0_they_are_resources() -> None:
    pinged = '<tb:ping rdf:resource="https://blog.example/tb"/><tb:about rdf:resource="https://a.example/tb"/>'
    item = b'<item rdf:about="x">'
    feed = RDF.replace(item, item + pinged.encode()).replace(b"<rdf:RDF", f'<rdf:RDF xmlns:tb="{MODULE}"'.encode())
    [entry] = read(feed).entries
    assert (entry.url, entry.trackbacks) == ("https://blog.example/1", ("https://a.example/tb",))


def test_t11_what_an_item_pings_is_news_and_has_an_end() -> None:
    def entry_with(*addresses: str) -> FeedEntry:
        pinged = "".join(f"<trackback:about>{address}</trackback:about>" for address in addresses)
        [entry] = read(f"<rss><channel><item><link>/1</link>{pinged}</item></channel></rss>".encode()).entries
        return entry

    assert entry_with("https://a.example/tb").fingerprint != entry_with().fingerprint
    assert len(entry_with(*(f"https://a.example/{number}" for number in range(1000))).trackbacks) == 20
