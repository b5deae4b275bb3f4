"""The messages of TrackBack 1.2: as the norm has them, as real servers and senders write them, and hostile."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from webencodings import LABELS

from pingback.errors import BadResponse, Fault, FaultCode
from pingback.model import Words
from pingback.protocols.forms import FORM
from pingback.protocols.linkback import Ping
from pingback.protocols.trackback import (
    DC,
    MAX_BLOG_NAME,
    MAX_EXCERPT,
    MAX_TITLE,
    RDF,
    TRACKBACK,
    Listed,
    Response,
    decode_reply,
    decode_trackback,
    encode_listing,
    encode_rdf,
    encode_reply,
    encode_trackback,
    is_duplicate,
)

URL = "http://a.example/?p=1"
PING = b"url=http%3A%2F%2Fa.example%2F%3Fp%3D1"


def words_of(fields: bytes) -> Words:
    return decode_trackback(PING + b"&" + fields, FORM).words


def response(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<response>\n{inside}\n</response>'.encode()


# The ping


@pytest.mark.parametrize(
    ("words", "body"),
    [
        pytest.param(
            Words(title="A & B", excerpt="naïve", site_name="Blog"),
            b"&title=A+%26+B&excerpt=na%C3%AFve&blog_name=Blog",
            id="T3-all-fields",
        ),
        pytest.param(Words(title="A"), b"&title=A", id="T3-only-those-that-are-there"),
        pytest.param(Words(), b"&title=http%3A%2F%2Fa.example%2F%3Fp%3D1", id="T5-the-url-is-the-title"),
        pytest.param(Words(title=" \n"), b"&title=http%3A%2F%2Fa.example%2F%3Fp%3D1", id="T5-a-blank-title-is-none"),
        pytest.param(Words(title=" a\n\tb\0 "), b"&title=a+b", id="one-line"),
    ],
)
def test_encode(words: Words, body: bytes) -> None:
    assert encode_trackback(URL, words) == PING + body


def test_encode_cuts_where_wordpress_would() -> None:
    long = "word " * 100
    ping = decode_trackback(encode_trackback(URL, Words(title=long, excerpt=long, site_name=long)), FORM)
    assert ping.words.title == "word " * 49 + "word…"  # 250 characters
    assert ping.words.excerpt == "word " * 49 + "word…"
    assert ping.words.site_name == ("word " * 40)[:199] + "…"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"", Words(), id="T3-url-alone"),
        pytest.param(b"title=&excerpt=+&blog_name=%0A", Words(), id="T3-empty-is-none"),
        pytest.param(b"blog_name=C&excerpt=B&title=A", Words(title="A", excerpt="B", site_name="C"), id="T3-any-order"),
        pytest.param(
            b"title=TB+title+%C3%A9+%26%23038%3B+more&blog_name=WordPress+peer&excerpt=Body+%C3%A9+%26amp%3B+bold+text",
            Words(title="TB title é & more", excerpt="Body é & bold text", site_name="WordPress peer"),
            id="wordpress-sends-html",
        ),
        pytest.param(b"title=%93%fa%96%7b&charset=Shift_JIS", Words(title="日本"), id="T4-charset-field"),
        pytest.param(b"title=AT%26T+%26+R%26D", Words(title="AT&T & R&D"), id="text-ampersands"),
        pytest.param(b"title=a+%3C+b+%3E+c+%3C3", Words(title="a < b > c <3"), id="text-less-than"),
        pytest.param(b"title=?a=1%26copy=2%26lang=en", Words(title="?a=1&copy=2&lang=en"), id="text-query"),
        pytest.param(b"title=%26amp;lt;b%26amp;gt;", Words(title="&lt;b&gt;"), id="html-decoded-once"),
        pytest.param(b"title=%26lt;b%26gt;", Words(title="<b>"), id="html-escaped-tag-is-text"),
        pytest.param(b"title=%26%238217;%26%23x1F600;%26eacute;", Words(title="’😀é"), id="html-references"),
        pytest.param(b"title=%26nosuch;%26%230;%26%23xD800;", Words(title="&nosuch;��"), id="html-bad-references"),
        pytest.param(b"title=w<b>or</b>d<br>and<p>more</p>", Words(title="word and more"), id="html-tags"),
        pytest.param(b"title=<a href='/'\ntitle=x>b</a><!--more--><?x?>c", Words(title="b c"), id="html-other-markup"),
        pytest.param(b"title=<script>alert(1)</script>", Words(title="alert(1)"), id="html-script-is-text"),
        pytest.param(b"title=a%00b%0D%0A+c", Words(title="ab c"), id="one-line"),
    ],
)
def test_decode(body: bytes, words: Words) -> None:
    assert decode_trackback(PING + b"&" + body, FORM) == Ping(URL, words=words)


def test_decode_keeps_so_much() -> None:
    words = words_of(b"&".join(name + b"=" + b"x" * 5000 for name in (b"title", b"excerpt", b"blog_name")))
    assert [len(text or "") for text in (words.title, words.excerpt, words.site_name)] == [500, 1000, 200]
    assert (MAX_TITLE, MAX_EXCERPT, MAX_BLOG_NAME) == (500, 1000, 200)


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        pytest.param(b"", FORM, "url is missing", id="T3-nothing"),
        pytest.param(b"title=A", FORM, "url is missing", id="T3-no-url"),
        pytest.param(b"url=+&title=A", FORM, "url is missing", id="T3-empty-url"),
        pytest.param(PING + b"&" + PING, FORM, "url is given more than once", id="T3-repeated-url"),
        pytest.param(PING + b"&title=a&title=b", FORM, "title is given more than once", id="T3-repeated-title"),
        pytest.param(b"url=notaurl", FORM, "url is not an absolute HTTP URL", id="T3-relative-url"),
        pytest.param(b"url=javascript:alert(1)", FORM, "url is not an absolute HTTP URL", id="T3-javascript-url"),
        pytest.param(PING, "text/xml", f"the message is not a form ({FORM}) but text/xml", id="T2-no-form"),
    ],
)
def test_refused(body: bytes, content_type: str, message: str) -> None:
    with pytest.raises(Fault) as refused:
        decode_trackback(body, content_type)
    assert (refused.value.code, refused.value.message) == (FaultCode.BAD_PARAMETERS, message)


# The reply


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        pytest.param(
            b'<?xml version="1.0" encoding="utf-8"?><response><error>0</error></response>',
            Response(0, ""),
            id="T6-success",
        ),
        pytest.param(
            response("<error>1</error>\n<message>The error message</message>"),
            Response(1, "The error message"),
            id="T7-failure",
        ),
        pytest.param(response("<message>M</message><error>1</error>"), Response(1, "M"), id="T7-any-order"),
        pytest.param(response("<error>1</error>"), Response(1, ""), id="T7-no-message"),
        pytest.param(response("<error> 1\n</error>"), Response(1, ""), id="white-space-in-error"),
        pytest.param(response("<error><![CDATA[1]]></error>"), Response(1, ""), id="cdata-in-error"),
        pytest.param(response("<error>12</error>"), Response(12, ""), id="other-number"),
        pytest.param(b"\n \t" + response("<error>0</error>"), Response(0, ""), id="white-space-before"),
        pytest.param(b"\xef\xbb\xbf\n" + response("<error>0</error>"), Response(0, ""), id="bom-before"),
        pytest.param(
            b"<br />\n<b>Warning</b>: x() in <b>/y.php</b> on line <b>1</b>\n" + response("<error>0</error>"),
            Response(0, ""),
            id="php-warning-before",
        ),
        pytest.param(response("<error>0</error>") + b"\n<!-- 0.2 s -->\n<br>", Response(0, ""), id="rubbish-behind"),
        pytest.param(b"<response><error>1</error><message>cut off", Response(1, "cut off"), id="cut-off"),
        pytest.param(b"<response><error>1<message>M</message></response>", Response(1, "M"), id="error-never-ends"),
        pytest.param(b"<RESPONSE><ERROR>0</ERROR></RESPONSE>", Response(0, ""), id="upper-case"),
        pytest.param(b'<response xmlns="x"><error a="b">0</error></response>', Response(0, ""), id="attributes"),
        pytest.param(
            response("<error>1</error><message>A & B &amp; C &eacute;&#8217; <b>d</b> < e</message>"),
            Response(1, "A & B & C é’ d < e"),
            id="message-as-html",
        ),
        pytest.param(
            response("<error>1</error><message><![CDATA[<b> & &amp;]]> c</message>"),
            Response(1, "<b> & &amp; c"),
            id="message-in-cdata",
        ),
        pytest.param(
            response("<error>1</error><message><![CDATA[open</message>"),
            Response(1, "open</message> </response>"),
            id="cdata-open",
        ),
        pytest.param(response("<error>1</error><message>\na\n b</message>"), Response(1, "a b"), id="message-on-lines"),
        pytest.param(
            b'<?xml version="1.0" encoding="iso-8859-1"?><response><error>1</error><message>\xe9</message></response>',
            Response(1, "é"),
            id="declared-latin-1",
        ),
        pytest.param(
            b"\n<?xml version='1.0' encoding='Shift_JIS' ?><response><error>1</error><message>\x93\xfa</response>",
            Response(1, "日"),
            id="declared-shift-jis",
        ),
        pytest.param(
            '<?xml version="1.0" encoding="utf-16"?><response><error>1</error><message>é</message></response>'.encode(),
            Response(1, "é"),
            id="declared-utf-16-but-utf-8",
        ),
        pytest.param(
            "<response><error>1</error><message>é</message></response>".encode("utf-16"), Response(1, "é"), id="utf-16"
        ),
        pytest.param(
            b"<response><error>1</error><message>\xe9</message></response>", Response(1, "é"), id="undeclared-latin-1"
        ),
        pytest.param(
            b"<response><error>Trackback already registered</error></response>",
            Response(1, "Trackback already registered"),
            id="blogengine-sentence-as-error",
        ),
        pytest.param(
            b'<!DOCTYPE response [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
            b"<response><error>1</error><message>&a;&c;</message></response>",
            Response(1, "&a;&c;"),
            id="entities-are-neither-grown-nor-fetched",
        ),
        pytest.param(b"<div>" * 12_000 + b"<response><error>0</error>", None, id="deep"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b" \n", None, id="blank"),
        pytest.param(b"\0", None, id="nul"),
        pytest.param(b"OK", None, id="text"),
        pytest.param(b"<response></response>", None, id="T6-no-error"),
        pytest.param(b"<response><error> </error></response>", None, id="T6-empty-error"),
        pytest.param(b"<error>0</error>", None, id="T6-no-response"),
        pytest.param(
            b"<!DOCTYPE html><title>Log in</title><p>Error: no response</p><form><input name=error></form>",
            None,
            id="html-page",
        ),
        pytest.param(
            b"<html><!-- <response><error>0</error></response> -->"
            b"<script>'<response><error>0</error></response>'</script>&lt;response>&lt;error>0</html>",
            None,
            id="html-page-about-trackback",
        ),
        pytest.param(
            b"<error>\n    <code>wp_die</code>\n    <title><![CDATA[WordPress &amp;rsaquo; Error]]></title>\n"
            b"    <message><![CDATA[Duplicate comment detected; it looks as though you&amp;#8217;ve already"
            b" said that!]]></message>\n    <data>\n        <status>409</status>\n    </data>\n</error>",
            None,
            id="wordpress-dies",
        ),
        pytest.param(b"<methodResponse><error>0</error></methodResponse>", None, id="other-xml"),
        pytest.param(response("<error>0</error>").ljust(65_537), None, id="too-long"),
    ],
)
def test_decode_reply(body: bytes, reply: Response | None) -> None:
    if reply is not None:
        assert decode_reply(body) == reply
        return
    with pytest.raises(BadResponse):
        decode_reply(body)


@pytest.mark.parametrize(
    ("error", "message", "body"),
    [
        pytest.param(0, "", "<response><error>0</error></response>", id="T6-success"),
        pytest.param(0, "said to nobody", "<response><error>0</error></response>", id="T6-success-has-no-message"),
        pytest.param(
            1,
            "The error message",
            "<response><error>1</error><message>The error message</message></response>",
            id="T7-failure",
        ),
        pytest.param(
            1,
            "<&]]>\0\r",
            "<response><error>1</error><message>&lt;&amp;]]&gt;�&#13;</message></response>",
            id="xml10-2.4-text",
        ),
    ],
)
def test_encode_reply(error: int, message: str, body: str) -> None:
    assert encode_reply(error, message).decode() == f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("There is already a ping from that URL for this post.", id="wordpress"),
        pytest.param("We already have a ping from that URL for this post.", id="wordpress-older"),
        pytest.param("We already have a ping from that URI for this post.", id="wordpress-oldest"),
        pytest.param(
            "Duplicate comment detected; it looks as though you&#8217;ve already said that!", id="wordpress-words"
        ),
        pytest.param("We already have a ping from that URI for this article.", id="xoops"),
        pytest.param("Trackback is already registered", id="zinnia"),
        pytest.param("Trackback already registered", id="blogengine-net"),
        pytest.param("The trackback has already been registered", id="dotclear"),
        pytest.param("Trackback already received.", id="dokuwiki"),
        pytest.param("This trackback has already been received.", id="socialengine"),
        pytest.param("The trackback seems to be a duplicate.", id="b2evolution"),
        pytest.param("Duplicate trackback", id="small-ones"),
        pytest.param("the ping is known already", id="ours"),
        pytest.param("\n ALREADY a ping\n from  that url", id="any-case-on-any-lines"),
    ],
)
def test_duplicate(message: str) -> None:
    assert is_duplicate(message)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="nothing"),
        pytest.param("trackbacks are already closed", id="closed"),
        pytest.param("Sorry, trackbacks are closed for this item.", id="wordpress-closed"),
        pytest.param("You are pinging too quickly; you have already pinged us.", id="throttled"),
        pytest.param("A link to this website is required", id="no-link"),
        pytest.param("I really need an ID for this to work.", id="wordpress-no-id"),
    ],
)
def test_no_duplicate(message: str) -> None:
    assert not is_duplicate(message)


# The listing and the block for a page


def test_listing() -> None:
    items = [Listed("One", "http://b.example/1", "A & B"), Listed("Two", "http://c.example/?a&b", "")]
    listing = encode_listing(title="Post", link="http://a.example/p", description="Pings <1>", items=iter(items))
    assert listing.decode() == (
        '<?xml version="1.0" encoding="utf-8"?>\n<response><error>0</error>\n<rss version="0.91"><channel>\n'
        "<title>Post</title><link>http://a.example/p</link><description>Pings &lt;1&gt;</description>\n"
        "<item><title>One</title><link>http://b.example/1</link><description>A &amp; B</description></item>\n"
        "<item><title>Two</title><link>http://c.example/?a&amp;b</link><description></description></item>\n"
        "</channel></rss></response>\n"
    )


def test_listing_of_nothing() -> None:
    listing = etree.fromstring(encode_listing(title="", link="", description="", items=[]))
    assert [element.tag for element in listing.iter()] == [
        *("response", "error", "rss", "channel"),
        *("title", "link", "description"),
    ]


def test_rdf() -> None:
    rdf = encode_rdf(
        target="http://a.example/?p=1&q=a--b", title=' "One" -->\n<b>', endpoint="http://a.example/trackback/?p=1"
    )
    assert rdf == (
        "<!--\n"
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"\n'
        '    xmlns:dc="http://purl.org/dc/elements/1.1/"\n'
        '    xmlns:trackback="http://madskills.com/public/xml/rss/module/trackback/">\n'
        "<rdf:Description\n"
        '    rdf:about="http://a.example/?p=1&amp;q=a-&#45;b"\n'
        '    dc:identifier="http://a.example/?p=1&amp;q=a-&#45;b"\n'
        '    dc:title="&quot;One&quot; -&#45;&gt; &lt;b&gt;"\n'
        '    trackback:ping="http://a.example/trackback/?p=1" />\n'
        "</rdf:RDF>\n"
        "-->"
    )


# Properties

XML_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"))
PLAIN = st.lists(st.text("aé日’.,!?/:;=#+%", min_size=1), min_size=1, max_size=30).map(" ".join)


@given(st.builds(Words, title=PLAIN, excerpt=st.none() | PLAIN, site_name=st.none() | PLAIN))
def test_pings_come_back_the_same(words: Words) -> None:
    decoded = decode_trackback(encode_trackback(URL, words), FORM)
    for field in ("title", "excerpt", "site_name"):
        sent, came = getattr(words, field), getattr(decoded.words, field)
        assert came == sent or (len(sent) > 200 and came.endswith("…"))


@given(st.integers(1, 10**9 - 1), XML_TEXT)
def test_replies_come_back_the_same(error: int, message: str) -> None:
    assert decode_reply(encode_reply(error, message)) == Response(error, " ".join(message.split()))


@given(st.text(st.characters()), st.integers())
def test_any_text_is_written_as_xml(text: str, error: int) -> None:
    etree.fromstring(encode_reply(error, text))
    etree.fromstring(encode_listing(title=text, link=text, description=text, items=[Listed(text, text, text)]))


@given(XML_TEXT | st.text("->!<&\"'"), XML_TEXT | st.text("->!<&\"'"))
def test_any_text_stays_in_the_comment(target: str, title: str) -> None:
    rdf = encode_rdf(target=target, title=title, endpoint=target)
    comment = etree.fromstring(f"<page>{rdf}</page>")[0]
    assert isinstance(comment, etree._Comment)
    (block,) = etree.fromstring(str(comment.text))
    assert dict(block.items()) == {
        f"{{{RDF}}}about": target,
        f"{{{DC}}}identifier": target,
        f"{{{DC}}}title": " ".join(title.split()),
        f"{{{TRACKBACK}}}ping": target,
    }


TAGS = ["response", "error", "message", "p", "table", "script", "title", "select", "x"]
PIECES = [f"{opening}{tag}>" for tag in TAGS for opening in ("<", "</")] + ["1", "&lt;", "<![CDATA[", "]]>", "<!--"]


@given(st.binary() | st.lists(st.sampled_from(PIECES)).map("".join).map(str.encode))
def test_any_bytes_give_a_reply_or_a_bad_response(body: bytes) -> None:
    with contextlib.suppress(BadResponse):
        decode_reply(body)


@given(st.sampled_from(sorted(LABELS)), st.binary())
def test_any_bytes_in_any_charset_give_a_reply(label: str, message: bytes) -> None:
    head = f'<?xml version="1.0" encoding="{label}"?><response><error>1</error><message>'
    assert decode_reply(head.encode() + message).error == 1


@given(st.binary() | st.text("<>&;#ax10!/-%+ ").map(str.encode))
def test_any_bytes_give_words_or_a_fault(text: bytes) -> None:
    with contextlib.suppress(Fault):
        words_of(b"title=" + text)


# As long as may be, and of what tempts a reader to look twice; the run's time limit would show it.
@pytest.mark.parametrize(
    "pieces", ["<", "<a", "a", "&", "&a", "&#", "<!--", "<![CDATA[", "<response>", "<error>", "<p>", "]]>"]
)
def test_long_rubbish_ends(pieces: str) -> None:
    rubbish = (pieces * 65_000)[:65_000].encode()
    with contextlib.suppress(BadResponse):
        decode_reply(b"<response><error>" + rubbish)
    assert words_of(b"title=" + rubbish.replace(b"&", b"%26")[:65_000]).site_name is None
