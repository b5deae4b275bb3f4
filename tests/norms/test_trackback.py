"""TrackBack 1.2, line by line (T1 to T13 of `tests.norms.lines`)."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping

import pytest

import pingback
from pingback import Client, MentionStatus, OutcomeStatus, Protocol, Store, Via, Words
from pingback.publishing import Publishing
from pingback.settings import Settings
from tests.loopback import Site, page
from tests.norms.web import FIVE, XML, Serve, form_of, linking, posts
from tests.paths.exchange import FORM, Answer, ask

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
TRACKBACK = "{http://madskills.com/public/xml/rss/module/trackback/}"

# As the norm shows it.
SUCCESS = b'<?xml version="1.0" encoding="utf-8"?>\n<response>\n<error>0</error>\n</response>'
FAILURE = b'<?xml version="1.0" encoding="utf-8"?>\n<response>\n<error>1</error>\n<message>No.</message>\n</response>'


@pytest.fixture
def takes_trackbacks(site: Site) -> Site:
    """The page at `/there` advertises an address that looks like nothing in particular."""
    site.pages |= {"/there": page(b'<a rel="trackback" href="/cgi?id=5&amp;x=%20">x</a>')}
    site.pages["/cgi?id=5&x=%20"] = page(SUCCESS, headers=XML)
    return site


def send(site: Site, client: Client, *, source: str = "/6", words: Words | None = None) -> pingback.Outcome:
    """What comes of a TrackBack to `/there`."""
    return pingback.send(
        site.url + source, f"{site.url}/there", protocol=Protocol.TRACKBACK, words=words, client=client
    )


def block(target: str, ping: str) -> str:
    """RDF as the norm shows it, in a comment."""
    return f"""<!--
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
         xmlns:dc="http://purl.org/dc/elements/1.1/"
         xmlns:trackback="http://madskills.com/public/xml/rss/module/trackback/">
<rdf:Description rdf:about="{target}" dc:identifier="{target}" dc:title="Foo Bar" trackback:ping="{ping}" />
</rdf:RDF>
-->"""


def answered(answer: Answer) -> tuple[str | None, str | None]:
    """The error and the message of a response, which is XML and HTTP's 200 whatever it says."""
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    response = ET.fromstring(answer.body)
    assert response.tag == "response"
    return response.findtext("error"), response.findtext("message")


# The client


@pytest.mark.line("T1")
def test_T1_a_ping_is_a_post_to_any_address(takes_trackbacks: Site, client: Client) -> None:
    assert send(takes_trackbacks, client).status is OutcomeStatus.ACCEPTED
    [request] = posts(takes_trackbacks)
    assert request.path == "/cgi?id=5&x=%20"


@pytest.mark.line("T2", "T4")
def test_T2_a_form_in_the_charset_that_it_names(takes_trackbacks: Site, client: Client) -> None:
    send(takes_trackbacks, client, words=Words(title="Über", excerpt="日本", site_name="café"))
    [request] = posts(takes_trackbacks)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert request.body.endswith(b"&title=%C3%9Cber&excerpt=%E6%97%A5%E6%9C%AC&blog_name=caf%C3%A9")


@pytest.mark.line("T3")
def test_T3_the_fields_of_a_ping(takes_trackbacks: Site, client: Client) -> None:
    site = takes_trackbacks
    head = '<title>Six</title><meta property="og:site_name" content="A blog">'
    site.pages["/6?a=1"] = page(f'{head}<p><a href="{site.url}/there">There</a>.'.encode())
    send(site, client, source="/6?a=1")
    [request] = posts(site)
    assert form_of(request) == {
        "url": f"{site.url}/6?a=1",
        "title": "Six",
        "excerpt": "There.",
        "blog_name": "A blog",
    }


@pytest.mark.line("T5")
def test_T5_the_address_stands_for_a_title(takes_trackbacks: Site, client: Client) -> None:
    takes_trackbacks.pages["/6"] = page(b"<p>no words")
    send(takes_trackbacks, client)
    [request] = posts(takes_trackbacks)
    assert form_of(request) == {"url": f"{takes_trackbacks.url}/6", "title": f"{takes_trackbacks.url}/6"}


@pytest.mark.line("T6", "T7")
@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        pytest.param(SUCCESS, OutcomeStatus.ACCEPTED, "accepted", id="T6-error-0"),
        pytest.param(FAILURE, OutcomeStatus.REFUSED, "No.", id="T7-error-1"),
    ],
)
def test_T6_the_response_as_the_norm_shows_it(
    takes_trackbacks: Site, client: Client, answer: bytes, status: OutcomeStatus, message: str
) -> None:
    takes_trackbacks.pages["/cgi?id=5&x=%20"] = page(answer, headers=XML)
    sent = send(takes_trackbacks, client)
    assert (sent.status, sent.message) == (status, message)


@pytest.mark.line("T9")
@pytest.mark.parametrize(
    ("identifiers", "ping"),
    [
        pytest.param(["/there"], "/tb/0", id="T9-the-only-one"),
        pytest.param(["/other", "/there", "/third"], "/tb/1", id="T9-the-one-for-the-target"),
        pytest.param(["/there2", "/there?x", "/there"], "/tb/2", id="T9-no-prefix"),
        pytest.param(["/other"], None, id="T9-none-for-the-target"),
        pytest.param(["/other", "/there/"], "/tb/1", id="T9-a-trailing-slash-aside"),
    ],
)
def test_T9_the_block_of_the_target(site: Site, client: Client, identifiers: list[str], ping: str | None) -> None:
    blocks = [block(site.url + path, f"{site.url}/tb/{number}") for number, path in enumerate(identifiers)]
    site.pages["/there"] = page("<p>entry</p>".join(["", *blocks]).encode())
    found = pingback.discover(f"{site.url}/there", client=client)
    assert [(endpoint.url, endpoint.via) for endpoint in found] == ([(site.url + ping, Via.RDF)] if ping else [])


@pytest.mark.line("T12")
@pytest.mark.parametrize(
    ("markup", "via"),
    [
        pytest.param('<a rel="trackback" href="/tb">x</a>', Via.A, id="T12-a"),
        pytest.param('<link rel="trackback" href="/tb">', Via.LINK, id="T12-link"),
        pytest.param('<a rel="trackback" href="/no">x</a>{block}', Via.RDF, id="T12-after-rdf"),
    ],
)
def test_T12_by_its_rel(site: Site, client: Client, markup: str, via: Via) -> None:
    site.pages["/there"] = page(markup.format(block=block(f"{site.url}/there", "/tb")).encode())
    [endpoint] = pingback.discover(f"{site.url}/there", client=client)
    assert (endpoint.protocol, endpoint.url, endpoint.via) == (Protocol.TRACKBACK, f"{site.url}/tb", via)


# The page


@pytest.mark.line("T8")
def test_T8_the_rdf_of_a_page() -> None:
    advertised = pingback.advertise("https://blog.example/5?a=1&b=2#part", title="Five & <more> -- all")
    comment = advertised.rdf.removeprefix("<!--").removesuffix("-->")
    assert "--" not in comment
    rdf = ET.fromstring(comment)
    [description] = rdf
    assert (rdf.tag, description.tag) == (f"{RDF}RDF", f"{RDF}Description")
    assert description.attrib == {
        f"{RDF}about": "https://blog.example/5?a=1&b=2#part",
        f"{DC}identifier": "https://blog.example/5?a=1&b=2#part",
        f"{DC}title": "Five & <more> -- all",
        f"{TRACKBACK}ping": "https://blog.example/trackback/5?a=1&b=2",
    }


@pytest.mark.line("T8", "T9")
def test_T8_senders_find_us_by_it(site: Site, client: Client, serve: Serve) -> None:
    taking = serve()
    site.pages[FIVE] = page(pingback.advertise(f"{site.url}{FIVE}", at=taking.root).rdf.encode())
    sent = pingback.send(f"{site.url}/6", f"{site.url}{FIVE}", client=client)
    assert (sent.status, sent.protocol) == (OutcomeStatus.ACCEPTED, Protocol.TRACKBACK)
    assert [(mention.source, mention.target) for mention in taking.mentions()] == [
        (f"{site.url}/6", f"{site.url}{FIVE}")
    ]


@pytest.mark.line("T11")
def test_T11_what_an_item_of_a_feed_is_about_hears_of_it(takes_trackbacks: Site, client: Client, store: Store) -> None:
    """Its own address does not."""
    site = takes_trackbacks
    about = f"{site.url}/cgi?id=5&amp;x=%20"
    item = f"<item><link>{site.url}/6</link><t:ping>{site.url}/tb</t:ping><t:about>{about}</t:about></item>"
    site.pages |= {
        "/6": page(b"<title>Six</title><article>As they say"),
        "/feed": page(f'<rss xmlns:t="{TRACKBACK[1:-1]}"><channel>{item}</channel></rss>'.encode()),
    }
    hook = Publishing(client=client, store=store, settings=Settings(feeds=(f"{site.url}/feed",)))
    assert hook.publish_all() == {"accepted": 1}
    [ping] = posts(site)
    assert ping.path == "/cgi?id=5&x=%20"
    assert (form_of(ping)["url"], form_of(ping)["title"]) == (f"{site.url}/6", "Six")


# The server


@pytest.mark.line("T1")
def test_T1_a_get_is_no_ping(site: Site, serve: Serve) -> None:
    taking = serve()
    answer = ask(f"{taking.root}/trackback{FIVE}?url={site.url}/6&title=x")
    assert answered(answer) == ("1", "a TrackBack ping is a POST")
    assert taking.mentions() == []


@pytest.mark.line("T2")
@pytest.mark.parametrize("content_type", ["text/xml", "application/json", "multipart/form-data; boundary=x"])
def test_T2_what_is_no_form(site: Site, serve: Serve, content_type: str) -> None:
    error, message = answered(serve().trackback({"url": f"{site.url}/6"}, content_type))
    assert (error, (message or "")[:25]) == ("1", "the message is not a form")


@pytest.mark.line("T3", "T7")
@pytest.mark.parametrize(
    ("form", "message"),
    [
        pytest.param({}, "url is missing", id="T3-nothing"),
        pytest.param({"title": "x", "excerpt": "y", "blog_name": "z"}, "url is missing", id="T3-all-the-others"),
        pytest.param({"url": ""}, "url is missing", id="T3-empty"),
        pytest.param({"url": "/6"}, "url is not an absolute HTTP URL", id="T3-relative"),
    ],
)
def test_T3_without_the_url_an_error(serve: Serve, form: Mapping[str, str], message: str) -> None:
    taking = serve()
    assert answered(taking.trackback(form)) == ("1", message)
    assert taking.mentions() == []


@pytest.mark.line("T3", "T6")
def test_T3_the_url_is_enough(site: Site, serve: Serve) -> None:
    answer = serve().trackback({"url": f"{site.url}/6"})
    assert answered(answer) == ("0", None)
    assert answer.body.startswith('<?xml version="1.0" encoding="utf-8"?>\n<response>')


@pytest.mark.line("T4")
@pytest.mark.parametrize(
    ("charset", "field", "title"),
    [
        pytest.param("utf-8", b"title=%C3%9Cber", "Über", id="T4-utf-8"),
        pytest.param("ISO-8859-1", b"title=%DCber", "Über", id="T4-latin-1"),
        pytest.param("Shift_JIS", b"title=%93%FA%96%7B", "日本", id="T4-shift-jis"),
    ],
)
def test_T4_fields_in_the_charset_of_the_form(site: Site, serve: Serve, charset: str, field: bytes, title: str) -> None:
    taking = serve(verify_trackbacks=False)  # so that the sender's words are kept
    form = f"url={site.url}/6&".encode() + field
    assert answered(taking.trackback(form, f"{FORM}; charset={charset}")) == ("0", None)
    assert [mention.title for mention in taking.mentions()] == [title]


@pytest.mark.line("T4")
def test_T4_what_is_too_long_is_cropped(site: Site, serve: Serve) -> None:
    taking = serve(verify_trackbacks=False)
    form = {"url": f"{site.url}/6", "title": "a " * 5000, "excerpt": "b " * 5000, "blog_name": "c " * 5000}
    assert answered(taking.trackback(form)) == ("0", None)
    [mention] = taking.mentions()
    assert [len(said or "") for said in (mention.title, mention.excerpt, mention.site_name)] == [500, 1000, 200]


@pytest.mark.line("T13", "T7")
@pytest.mark.parametrize(
    ("path", "message"),
    [
        pytest.param("/7", "{root}/7 does not link to {root}/blog/5", id="T13-no-link"),
        pytest.param("/nowhere", "the source does not exist, or cannot be reached from here", id="T13-no-source"),
    ],
)
def test_T13_a_source_without_the_link_is_refused(site: Site, serve: Serve, path: str, message: str) -> None:
    site.pages["/7"] = page(b"<title>Seven</title>")
    taking = serve()
    ping = {"url": site.url + path, "title": "Believe me", "excerpt": f'<a href="{site.url}{FIVE}">it is here</a>'}
    assert answered(taking.trackback(ping)) == ("1", message.format(root=site.url))
    assert taking.mentions() == []


@pytest.mark.line("T13")
def test_T13_the_page_is_believed_and_not_the_sender(site: Site, serve: Serve) -> None:
    taking = serve()
    taking.trackback({"url": f"{site.url}/6", "title": "Believe me"})
    [mention] = taking.mentions()
    assert (mention.title, mention.status) == ("Six", MentionStatus.APPROVED)


@pytest.mark.line("T10")
def test_T10_the_list_of_a_page(site: Site, serve: Serve) -> None:
    site.pages["/7"] = linking(f"{site.url}{FIVE}", title="Seven &amp; &lt;b>more&lt;/b>")
    taking = serve()
    for path in ("/6", "/7"):
        taking.trackback({"url": site.url + path})
    response = ET.fromstring(ask(f"{taking.root}/trackback{FIVE}?__mode=rss").body)
    assert (response.tag, [element.tag for element in response]) == ("response", ["error", "rss"])
    assert (response.findtext("error"), response.find("rss[@version='0.91']") is not None) == ("0", True)
    assert response.findtext("rss/channel/link") == f"{site.url}{FIVE}"
    items = [[element.text for element in item] for item in response.iter("item")]
    assert items == [
        ["Six", f"{site.url}/6", "As in this, it is so."],
        ["Seven & <b>more</b>", f"{site.url}/7", "As in this, it is so."],
    ]
