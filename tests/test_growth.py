"""What strangers send costs CPU in proportion to its length: every pure function that reads it, on every shape."""

import json
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from pingback.model import Protocol
from pingback.page.about import read_mention
from pingback.page.endpoints import endpoints_in
from pingback.page.entry import published_of, read_post
from pingback.page.head import canonical_in
from pingback.posts.feeds import entries_in
from pingback.posts.sitemap import urls_in
from pingback.protocols import pingback, trackback, webmention
from pingback.protocols.forms import decode_form
from pingback.protocols.headers import content_type, fresh_for, links_in
from pingback.protocols.linkback import Answer, Linkback
from pingback.protocols.markup import decode_text
from pingback.protocols.trackback import decode_reply, decode_trackback
from pingback.protocols.xmlrpc import decode_call, decode_response
from pingback.receive.blocklist import block_of, blocks
from pingback.server.query import Query
from pingback.text import clean, excerpt_around, plain
from pingback.urls import is_under, key_of, same_url, shown, tidy
from tests.growth import RATIO, Shape, call, growth, halves, nested, numbered, times

PAGE = 128 * 1024  # bytes: long enough for what grows with the square, in lxml or in Python, to take its 20 ms
BODY = 64 * 1024  # bytes: the longest message that is read

TARGET = "https://blog.example/post"
URL = "https://other.example/notes/six"
HTML = "text/html; charset=utf-8"
LINK = f'<a href="{TARGET}">x</a>'


def html_shapes() -> Iterator[tuple[str, Shape]]:
    for opened, ended in product(("b", "li", "frameset"), ("i", "td", "html")):
        yield f"<{opened}>… </{ended}>…", halves(f"<{opened}>", f"</{ended}>", LINK)
        yield f"<{opened}>… <{ended}></{ended}>…", halves(f"<{opened}>", f"<{ended}></{ended}>", LINK)
    for tag in ("a", "b", "p", "li", "table", "select", "option", "svg", "template", "title", "body", "h1", "script"):
        yield f"<{tag}>…", times(f"<{tag}>", LINK)
        yield f"<{tag}></{tag}>…", times(f"<{tag}>x</{tag}>", LINK)
    yield "<b>… <body>…", halves("<b>", "<body>", LINK)
    yield "entries in entries", times("<div class=h-entry>", LINK)
    yield "entries side by side", times("<p class=h-entry><a class=u-url href=/x>x</a></p>", LINK)
    yield "cards in cards", times("<div class='p-author h-card'>", f"{LINK}<div class=h-entry>")
    yield "cards side by side", times("<i class='p-author h-card'>x</i>", f"{LINK}<div class=h-entry>")
    yield "cards in cards, with links", times(f"<div class=h-card>{LINK}")
    yield "times in times", times("<time>x", LINK)
    yield "classic cards in cards", times("<i class='author vcard fn url'>x", f"{LINK}<div class=hentry>")
    yield "properties", times("<i class='p-name u-url u-photo dt-published'></i>", f"{LINK}<div class=h-entry>")
    yield "cites in cites", times("<i class='u-in-reply-to h-cite'>", f"{LINK}<div class=h-entry>")
    yield "replies", times("<a class=u-in-reply-to href=/x>", f"{LINK}<div class=h-entry>")
    yield "rels", times("a ", f"{LINK}<div class=h-entry><a href=/ rel='", "'>")
    yield "classes", times("u-url ", f"{LINK}<div class='h-entry ", "'>")
    yield "attributes of one element", numbered("a%d=1 ", f"{LINK}<div class=h-entry ", ">")
    yield "one attribute again and again", times("a ", f"{LINK}<div ", ">")
    yield "links", numbered("<a href=//a%d.example/>x</a> y ", f"{LINK}<article>")
    yield "links to one", times(f"<p>{LINK}</p>")
    yield "links to one in one block", times(f'<a href="{TARGET}"></a> ')
    yield "links against a long base", numbered("<a href=x%d>", f"<base href=/{'%41' * 400}>")
    page = f"<!doctype html>{LINK}<main>"
    for tag in ("article", "main", "form", "blockquote", "div class=comments", "div class=e-content", "ul><li"):
        yield f"<{tag}> in one another, with links", numbered(f"<{tag}>x<a href=/%d>y</a>", page)
        yield f"<{tag}> side by side", numbered(f"<{tag}>x<a href=/%d>y</a></{tag.split()[0].split('>')[0]}>", page)
    yield "articles with headings", numbered("<article><h2><a href=/%d>x</a></h2>y</article>", page)
    more = f"{page}<h1>x</h1>{'word ' * 50}"
    yield "entries beside the words", numbered("<li class=hentry><h3><a href=/%d>x</a></h3>", more)
    yield "paragraphs in items", numbered("<li><p>x<p><a href=/%d>y</a>", f"{page}<ul>")
    yield "headings that are links", numbered("<h2><a href=/%d>x</a></h2>", page)
    yield "headings in headings", numbered("<h2><div><a href=/%d>x</a>", page)
    yield "cells", numbered("<tr><td><a href=/%d>x</a><td>y", f"{page}<table>")
    yield "menus", times("<ul><li><a href=/1>x</a><li><a href=/2>x</a><li><a href=/3>x</a></ul>", f"{page}<article>")
    yield "answers in boxes of boxes", numbered("<div class=u-in-reply-to>x%d", f"{page}<div class=h-entry>")
    reply = f'<div class=h-entry><a class=u-in-reply-to href="{TARGET}">x</a>'
    cite = f"<i class=h-cite>{'<i class=u-url>' * 99}<a class=u-url href={TARGET}></a>"
    yield "long addresses in one another", halves(cite, "x" * 1000 + "<b></b>", after=LINK)
    yield (
        "answers in boxes",
        numbered("<i class='u-like-of u-in-reply-to'><a href=/%d>x</a></i>", f"<div class=h-entry>{LINK}"),
    )
    for unit in (
        "<i class=p-name>",
        "<p class=e-content> </p>",
        "<p class=e-content><p hidden>x</p></p>",
        "<b class=h-card></b>,",
        "<time>x</time>",
        "<img alt=x>",
    ):
        yield f"a reply of {unit}…", times(unit, reply)
    for unit in (
        "<ul><li>x",
        "<b><i></b>",
        "<b>x</b> ",
        "<br>",
        "<pre>\n \n",
        "<dl><dt>",
        "<h1>&amp;",
        "<div hidden>x",
    ):
        yield f"a reply that says {unit!r}…", times(unit, f"{reply}<div class=e-content>")
    named = f"In reply to <a class=u-in-reply-to href='{TARGET}'></a>"
    yield "a reply to one thing again and again", times(f"{named} ( by ", f"{reply}<div class=e-content>")
    yield "empty links", numbered("<a href=//far.example/%d></a>", f"{page}<div class=h-entry>")
    yield "share buttons", numbered("<a href=/share/%d?u=https%%3A%%2F%%2Fother.example%%2Fnotes%%2Fsi></a>", page)
    yield "layers of escapes", times("25", f"{page}<article><a href='//far.example/other.example%", "'>x</a>")
    yield "JSON-LD", times("<script type=application/ld+json>[{}]</script>", page)
    yield "JSON-LD in one script", times("[{},", f"{page}<script type=application/ld+json>", "</script>")
    yield "metas", times("<meta name=author content=x>", LINK)
    yield "comments", times("<!--:ping-->", LINK)
    yield "blocks of RDF", numbered("<!--<rdf:Description trackback:ping='http://a/%d' dc:identifier='http://b'>-->")
    yield "prose", times("word ", f"{LINK}<article class=h-entry>")
    for text in ("&amp;", "&#65;", "&", "&#", "<", "<!", "</", "<!--", "<![CDATA[", "'", "<a href='", "\0", " ", "é"):
        yield f"{text!r}…", times(text, LINK)


def linked_shapes() -> Iterator[tuple[str, Shape]]:
    """Of pages with many links: to all others it makes no difference whose page they are."""
    return ((name, shape) for name, shape in html_shapes() if shape(2000).count(b"href=") > 2)


def xml_shapes() -> Iterator[tuple[str, Shape]]:
    rss, atom = "<rss><channel><link>/</link>", '<feed xmlns="http://www.w3.org/2005/Atom"><link href="/"/>'
    item = "<item><link>/1</link><description>&lt;p&gt;</description></item>"
    entry = "<entry><id>a</id><link href='/1'/><content type='xhtml'><div><p>a</p></div></content></entry>"
    for name, head, unit, end in (("rss", rss, item, "</channel></rss>"), ("atom", atom, entry, "</feed>")):
        yield f"{name}", times(unit, head, end)
        yield f"{name} cut off", times(unit, head)
        yield f"{name} in one entry", times(unit, f"{head}<item>", f"</item>{end}")
        for text in ("<x/>", "<link/>", "<author><name>a</name></author>", "&amp;", "&foo;", "& ", "<", "<![CDATA[]]>"):
            yield f"{name} {text}…", times(text, f"{head}<item>", f"</item>{end}")
            yield f"{name} {text}… cut off", times(text, f"{head}<item>")
        yield f"{name} attributes", numbered("a%d='' ", f"{head}<item ", f"></item>{end}")
        yield f"{name} attributes of a content", numbered("a%d='' ", f"{head}<entry><content ", f"/></entry>{end}")
        yield f"{name} namespaces", numbered("xmlns:a%d='b' ", f"{head}<item ", f"></item>{end}")
        yield f"{name} digits", times("1", f"{head}<item><pubDate>", f"</pubDate></item>{end}")
        yield f"{name} bases", times("<link xml:base='a' href='b'/>", head, end)
    for root, unit in (("urlset", "<url><loc>https://other.example/%d</loc></url>"), ("sitemapindex", "<x/>%d")):
        yield root, numbered(unit, f"<{root}>", f"</{root}>")
        yield f"{root} attributes", numbered("a%d='' ", f"<{root}><url ", f"/></{root}>")


def json_shapes() -> Iterator[tuple[str, Shape]]:
    head = '{"version":"https://jsonfeed.org/version/1","items":['
    for text in ('{"url":"/1"}', "{}", "1", '"\\u0041"', '"a"', "[]", "1e9", '"https://blog.example/pos"'):
        yield f"{text}…", times(f"{text},", head, "0]}")
        yield f"{text}… cut off", times(f"{text},", head)
    for text in ("[", '{"a":', '"', "\\", "1", '"\\'):
        yield f"{text}…", times(text)
        yield f"{text}… in a feed", times(text, head)


def document_shapes() -> Iterator[tuple[str, Shape]]:
    """Of JSON that tells of posts, with the link before all that makes it long."""
    for text in (
        f'{{"type":["h-entry"],"properties":{{"like-of":["{TARGET}"]}}}}',
        f'{{"type":["h-entry"],"properties":{{"url":["{URL}"],"category":["{TARGET}"]}}}}',
        '{"type":["h-card"],"properties":{"url":["https://x.example/"]}}',
        '{"type":["h-entry"],"properties":{"content":[{"html":"<a href=//blog.example/>"}]}}',
        '{"type":"entry","children":[]}',
    ):
        yield f"{text}…", times(f"{text},", f'{{"items":[{{"type":"entry","author":"{URL}","x":"{TARGET}"}},', "0]}")
    for opened, closed in (
        ('{"type":["h-entry"],"properties":{"author":[', "]}}"),
        ('{"type":["h-entry"],"children":[', "]}"),
        ('{"type":"Note","replies":[', "]}"),
    ):
        yield f"deep {opened}…", nested(opened, closed, f'{{"items":["{TARGET}",', "]}")
    note = f'{{"@context":"https://www.w3.org/ns/activitystreams","type":"Note","inReplyTo":"{TARGET}",'
    for name, unit in {
        "inReplyTo": '{"url":[{}]},',
        "attributedTo": '{"icon":[{}]},',
        "replies": f'{{"items":{{"type":"Note","to":"{TARGET}"}}}},',
        "url": '{"mediaType":"text/html"},',
    }.items():
        yield f"{name}…", times(unit, f'{note}"{name}":[', "0]}")
    for html in ("<b>", "<p>a<br>", LINK.replace('"', "'"), "<a href=//blog.example/>", "<blockquote>", "&amp;"):
        yield f"content {html}…", times(html, f'{note}"content":"', '"}')


def text_shapes() -> Iterator[tuple[str, Shape]]:
    for text in (
        f"{TARGET}x ",
        f"{TARGET}x\n",
        "https://blog.example/",
        "https://",
        "http://a.b/)))))",
        ")",
        "\n",
        "a",
    ):
        yield f"{text!r}…", times(text)


def message_shapes() -> Iterator[tuple[str, Shape]]:
    """Of a body or a header field of any kind."""
    call = "<methodCall><methodName>x</methodName><params><param><value>"
    for tag in ("double", "int", "i8", "boolean", "dateTime.iso8601", "base64", "string", "nil"):
        for text in ("1", "1.", "1 ", "A=", "&#9;", "&amp;"):
            yield f"<{tag}>{text}…", times(text, f"{call}<{tag}>", f"x</{tag}></value></param></params></methodCall>")
    for text in ("<value/>", "<array><data>", "<struct><member><name/>", "<value><array><data><value>"):
        yield f"{text}…", times(text, f"{call}<array><data>")
    response = "<methodResponse><params><param><value><string>"
    for text in (
        "a",
        "&",
        "& ",
        "&amp;",
        "<",
        "<b>",
        "</b>",
        "<!--",
        "]]>",
        "<methodResponse>",
        "<?xml ",
        "\x0b",
        "\n",
    ):
        yield f"answer {text!r}…", times(text, response, "</string></value></param></params></methodResponse>")
        yield (
            f"{text!r}… before an answer",
            times(text, "", f"{response}ok</string></value></param></params></methodResponse>"),
        )
        yield (
            f"TrackBack's answer {text!r}…",
            times(text, "<response><error>0</error><message>", "</message></response>"),
        )
    yield "answer of tags that end nothing", halves("<b>", "</i>", "<response><error>1</error>")
    yield "answer of attributes", numbered("a%d='' ", "<response ", "><error>1</error></response>")
    yield "error in error", times("<error>", "<response>")
    yield "declaration", times(" encoding", "<?xml")
    yield "declaration of spaces", times(" ", "<?xml encoding")
    for text in ("&", "=", "a=b&", "%", "%41", "+", "url=https://a.b/&", "title=<a &#", "&#38;"):
        yield f"form {text}…", times(text)
        yield f"form field {text}…", times(text, "url=https://a.example/&title=")
    for text in (
        ',<a>;rel="',
        ";a=",
        '<a>;rel="\\',
        "; ",
        ", ",
        "<",
        ';a="',
        "max-age ",
        "max-age=1,",
        "a",
        "/",
        "\\",
        "@",
        "%41",
        "*",
        ".",
        "xn--a.",
        "é",
    ):
        yield f"field {text}…", times(text)
        yield f"field https://{text}…", times(text, "https://")


def mention(media_type: str, url: str = URL) -> Callable[[bytes], object]:
    return lambda page: read_mention(
        page, source=url, target=TARGET, url=url, content_type=media_type, protocol=Protocol.WEBMENTION
    )


def answered(linkback: Linkback, media_type: str) -> Callable[[bytes], object]:
    return lambda body: [
        linkback.verdict(Answer(endpoint=URL, url=URL, status=status, body=body, content_type=media_type))
        for status in (200, 400)
    ]


def as_text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode())


PAGES: dict[str, Callable[[bytes], object]] = {
    "mention": mention(HTML),
    "post": lambda page: read_post(page, url=URL, content_type=HTML),
    "endpoints": lambda page: endpoints_in(URL, target=URL, headers=lambda name: (), content_type=HTML, chunks=[page]),
    "date": lambda page: published_of(page, url=URL, content_type=HTML),
    "canonical": lambda page: canonical_in(URL, link_headers=(), content_type=HTML, chunks=[page]),
}
LINKED: dict[str, Callable[[bytes], object]] = {
    "mention of its own site": mention("text/html", "https://blog.example/x")
}
XML: dict[str, Callable[[bytes], object]] = {
    "feed": lambda feed: entries_in(feed, url=URL, content_type="application/xml"),
    "sitemap": lambda sitemap: urls_in(sitemap, url=URL),
}
JSON: dict[str, Callable[[bytes], object]] = {
    "JSON feed": lambda feed: entries_in(feed, url=URL, content_type="application/feed+json"),
    "JSON source": mention("application/json"),
}
DOCUMENTS: dict[str, Callable[[bytes], object]] = {"JSON of posts": mention("application/json")}
TEXTS: dict[str, Callable[[bytes], object]] = {
    "plain source": mention("text/plain"),
    "words": as_text(plain),
    "excerpt": as_text(lambda text: excerpt_around(text, "link", text)),
    "cut": as_text(lambda text: clean(text, 200)),
}
MESSAGES: dict[str, Callable[[bytes], object]] = {
    "call": decode_call,
    "response": decode_response,
    "reply": decode_reply,
    "TrackBack": lambda body: decode_trackback(body, None),
    "form": lambda body: decode_form(body, None).text("title"),
    "text": lambda body: decode_text(body, "iso-2022-jp"),
    "pingback's verdict": answered(pingback.LINKBACK, "text/xml"),
    "TrackBack's verdict": answered(trackback.LINKBACK, "text/xml"),
    "Webmention's verdict": answered(webmention.LINKBACK, "application/json"),
    "Content-Type": as_text(lambda field: content_type(f"text/html{field}")),
    "Link": as_text(lambda field: list(links_in([field]))),
    "Cache-Control": as_text(lambda field: fresh_for([field], expires=field, date=field)),
    "question": as_text(lambda query: Query(query).selection),
    "URL": as_text(lambda url: (shown(url), same_url(url, TARGET), is_under(url, TARGET))),
    "normal URL": as_text(lambda url: (key_of(url[:8192]), tidy(url[:8192]))),
    "block": as_text(lambda text: blocks(block_of(text[:500]), f"https://{text[:8000]}/")),
}
KINDS = (
    (PAGES, html_shapes, PAGE),
    (LINKED, linked_shapes, PAGE),
    (XML, xml_shapes, PAGE),
    (JSON, json_shapes, PAGE),
    (DOCUMENTS, document_shapes, PAGE),
    (TEXTS, text_shapes, PAGE),
    (MESSAGES, message_shapes, BODY),
)


@pytest.mark.timeout(1200)  # some hundred shapes for each reader
@pytest.mark.parametrize(
    ("read", "shapes", "size"),
    [pytest.param(read, shapes, size, id=name) for readers, shapes, size in KINDS for name, read in readers.items()],
)
def test_cpu_grows_with_the_length(
    read: Callable[[bytes], object], shapes: Callable[[], Iterator[tuple[str, Shape]]], size: int
) -> None:
    call(read)(b"<p class=h-entry>")  # what is loaded when it is first needed is not counted
    grown = {name: ratio for name, shape in shapes() if (ratio := growth(call(read), shape, size)) > RATIO}
    assert grown == {}


def test_what_grows_with_the_square_is_found() -> None:
    def compare_all(data: bytes) -> None:
        sum(data.count(data[place : place + 1]) for place in range(0, len(data), 256))

    assert growth(compare_all, times("a"), PAGE) > RATIO


class Spending:
    """A reading with a clock of its own, which costs seconds by the length; `noise` are factors for the first ones."""

    def __init__(self, cost: Callable[[float], float], *noise: float) -> None:
        self.spent = 0.0
        self._cost = cost
        self._noise = iter(noise)

    def __call__(self, data: bytes) -> None:
        self.spent += self._cost(len(data) / 1024) * next(self._noise, 1)

    @property
    def growth(self) -> float:
        return growth(self, times("a"), 1024, clock=lambda: self.spent)


@pytest.mark.parametrize(
    ("reading", "found"),
    [
        pytest.param(Spending(lambda length: length**2), True, id="square"),
        pytest.param(Spending(lambda length: length + length**2), True, id="square-of-half-the-weight"),
        pytest.param(Spending(lambda length: 3 * length + 2 * length**2), False, id="square-of-less"),
        pytest.param(Spending(lambda length: length**2 / 100), False, id="square-of-10-ms"),
        pytest.param(Spending(lambda length: length), False, id="line"),
        pytest.param(Spending(lambda length: length + (length > 0.8)), False, id="bound-reached-at-the-whole"),
        pytest.param(Spending(lambda length: length + (length > 0.3)), False, id="bound-reached-at-the-half"),
        pytest.param(Spending(lambda length: length, 2, 1, 1, 2, 1), False, id="line-whose-whole-is-disturbed-twice"),
        pytest.param(Spending(lambda length: length + length**2, 1, 1.4), True, id="square-whose-quarter-is-disturbed"),
    ],
)
def test_what_is_found(reading: Spending, found: bool) -> None:
    assert (reading.growth > RATIO) is found


def test_json_is_what_the_shapes_say() -> None:
    made = dict(json_shapes())["{}…"](200)
    assert json.loads(made)["items"][:2] == [{}, {}]
