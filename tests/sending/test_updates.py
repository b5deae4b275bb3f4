"""`pingback.sending.updates` over sockets: what update services and hubs hear, and what becomes of it."""

import xmlrpc.client
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Outcome, OutcomeStatus
from pingback.net.client import Client, Limits
from pingback.posts.feeds import entries_in
from pingback.posts.values import Feed
from pingback.protocols.xmlrpc import Value, encode_fault, encode_response
from pingback.sending.updates import Blog, News, blogs_with_news, tell_of
from tests.loopback import Answer, Page, Request, Site, page, redirect

XML = {"Content-Type": "text/xml"}
BLOG = Blog(
    name="Notes & <more>",
    url="https://my.example/",
    changed="https://my.example/6",
    feed="https://my.example/feed?a=1&b=2",
)
WITHOUT_FEED = Blog(name="Notes", url="https://my.example/", changed="https://my.example/6")


def with_hub(url: str) -> Blog:
    return replace(BLOG, hubs=(url,))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=30.0)) as client:
        yield client


def said(value: Value) -> bytes:
    return page(encode_response(value), headers=XML)


THANKS = said({"flerror": False, "message": "Thanks for the ping."})
NO_METHOD = page(encode_fault(-32601, "no such method"), headers=XML)


def told(site: Site, answer: Page, client: Client, blog: Blog = BLOG) -> Outcome:
    site.pages["/rpc"] = answer
    [outcome] = tell_of(blog, services=[f"{site.url}/rpc"], websub=False, client=client)
    return outcome


def calls(site: Site) -> list[tuple[str | None, tuple[object, ...]]]:
    """What was called, by the standard library's codec."""
    return [(method, params) for params, method in (xmlrpc.client.loads(each.body) for each in site.requests)]


# Update services


def test_all_of_an_outcome_and_what_the_service_heard(site: Site, client: Client) -> None:
    assert told(site, THANKS, client) == Outcome(
        source="https://my.example/6",
        target=f"{site.url}/rpc",
        endpoint=f"{site.url}/rpc",
        status=OutcomeStatus.ACCEPTED,
        message="Thanks for the ping.",
        attempts=1,
    )
    params = ("Notes & <more>", "https://my.example/", "https://my.example/6", "https://my.example/feed?a=1&b=2")
    assert calls(site) == [("weblogUpdates.extendedPing", params)]
    assert site.requests[0].headers["content-type"] == "text/xml"


def test_without_a_feed(site: Site, client: Client) -> None:
    told(site, THANKS, client, WITHOUT_FEED)
    assert calls(site) == [("weblogUpdates.extendedPing", ("Notes", "https://my.example/", "https://my.example/6"))]


def test_a_service_that_knows_only_the_older_call(site: Site, client: Client) -> None:
    def old(request: Request) -> Answer:
        return NO_METHOD if b"extendedPing" in request.body else THANKS

    assert told(site, old, client).status is OutcomeStatus.ACCEPTED
    assert calls(site)[1] == ("weblogUpdates.ping", ("Notes & <more>", "https://my.example/"))


@pytest.mark.parametrize(
    ("answer", "status", "fault", "words"),
    [
        pytest.param(said({"flerror": False, "message": ""}), "accepted", None, "accepted", id="without-a-word"),
        pytest.param(said({"flerror": 0, "message": "ok"}), "accepted", None, "ok", id="flerror-as-an-integer"),
        pytest.param(said({"flerror": "0", "message": "ok"}), "accepted", None, "ok", id="flerror-as-a-string"),
        pytest.param(said({}), "accepted", None, "accepted", id="an-empty-struct"),
        pytest.param(said("Thanks"), "accepted", None, "accepted", id="not-a-struct"),
        pytest.param(said({"flerror": True, "message": "Slow down."}), "refused", None, "Slow down.", id="flerror"),
        pytest.param(said({"flerror": 1}), "refused", None, "refused", id="flerror-without-a-word"),
        pytest.param(said({"flerror": "1", "message": 5}), "refused", None, "refused", id="message-not-a-string"),
        pytest.param(NO_METHOD, "refused", -32601, "no such method", id="neither-call"),
        pytest.param(page(encode_fault(4, ""), headers=XML), "refused", 4, "refused", id="fault"),
        pytest.param(page(b"<h1>Hello"), "gone", 200, "gave no XML-RPC", id="html"),
        pytest.param(page(b"x" * 70_000), "gone", 200, "gave no XML-RPC", id="huge"),
        pytest.param(page(status=404), "refused", 404, "gave no XML-RPC", id="404"),
        pytest.param(page(status=503), "gone", 503, "gave no XML-RPC", id="503"),
        pytest.param(page(status=429), "gone", 429, "gave no XML-RPC", id="429"),
        pytest.param(b"", "gone", None, "could not be reached", id="no-answer"),
        pytest.param(redirect("http://127.0.0.2/", 307), "blocked", None, "is blocked", id="sent-inside"),
    ],
)
def test_what_a_service_answers(
    site: Site, client: Client, answer: bytes, status: str, fault: int | None, words: str
) -> None:
    outcome = told(site, answer, client)
    assert (outcome.status, outcome.fault) == (status, fault)
    assert words in outcome.message
    assert len(outcome.message) <= 300


def test_a_service_inside_is_blocked(site: Site) -> None:
    with Client(limits=Limits(ports={site.port})) as guarded:
        outcome = told(site, THANKS, guarded)
    assert (outcome.status, outcome.attempts) == (OutcomeStatus.BLOCKED, 0)
    assert site.connections == 0


def test_nothing_is_said_to_be_tried_again(site: Site, client: Client) -> None:
    """`failed` would say so, and `next_try` when."""
    outcome = told(site, page(status=503, headers={"Retry-After": "60"}), client)
    assert (outcome.status, outcome.attempts, outcome.next_try) == (OutcomeStatus.GONE, 1, None)
    assert len(site.requests) == 1


def test_a_message_that_is_long_and_strange(site: Site, client: Client) -> None:
    outcome = told(site, said({"flerror": False, "message": "a\x1b[31m\nb" + "c" * 500}), client)
    assert len(outcome.message) == 300
    assert outcome.message.isprintable()


@given(name=st.text(max_size=50))
def test_any_name_of_a_blog_can_be_told(name: str) -> None:
    """It comes from a feed. Nothing is sent: the guard stands before."""
    blog = Blog(name=name, url="https://my.example/", changed="https://my.example/6")
    with Client() as client:
        [outcome] = tell_of(blog, services=["http://127.0.0.1/"], websub=False, client=client)
    assert outcome.status is OutcomeStatus.BLOCKED


# WebSub hubs


@pytest.mark.parametrize(
    ("answer", "status", "fault"),
    [
        pytest.param(page(status=204), "accepted", None, id="204"),
        pytest.param(page(status=200), "accepted", None, id="200"),
        pytest.param(page(status=400), "refused", 400, id="400"),
        pytest.param(page(status=500), "gone", 500, id="500"),
        pytest.param(page(status=303), "refused", 303, id="303"),
        pytest.param(b"", "gone", None, id="no-answer"),
    ],
)
def test_what_a_hub_hears_and_answers(
    site: Site, client: Client, answer: bytes, status: str, fault: int | None
) -> None:
    site.pages["/hub?id=1"] = answer
    [outcome] = tell_of(with_hub(f"{site.url}/hub?id=1"), services=[], websub=True, client=client)
    assert (outcome.target, outcome.status, outcome.fault) == (f"{site.url}/hub?id=1", status, fault)
    request = site.requests[0]
    assert (request.method, request.headers["content-type"]) == ("POST", "application/x-www-form-urlencoded")
    assert parse_qsl(request.body.decode("ascii"), strict_parsing=True) == [
        ("hub.mode", "publish"),
        ("hub.url", "https://my.example/feed?a=1&b=2"),
        ("hub.topic", "https://my.example/feed?a=1&b=2"),
    ]


def test_one_after_the_other_whatever_becomes_of_each(site: Site, client: Client) -> None:
    site.pages |= {"/bad": page(status=500), "/rpc": THANKS, "/hub": page(status=202)}
    services = [f"{site.url}/bad", f"{site.url}/rpc"]
    outcomes = tell_of(with_hub(f"{site.url}/hub"), services=services, websub=True, client=client)
    assert [outcome.status for outcome in outcomes] == ["gone", "accepted", "accepted"]
    assert [request.path for request in site.requests] == ["/bad", "/rpc", "/hub"]


@pytest.mark.parametrize(("feed", "websub"), [(None, True), (BLOG.feed, False)], ids=["no-feed", "off"])
def test_hubs_are_told_of_feeds_only_and_where_that_is_wanted(
    site: Site, client: Client, feed: str | None, websub: bool
) -> None:
    blog = replace(with_hub(f"{site.url}/hub"), feed=feed)
    assert list(tell_of(blog, services=[], websub=websub, client=client)) == []
    assert site.requests == []


# Which blogs


def feed(name: str, *pages: str, home: str | None = None, topic: str | None = None) -> Feed:
    entries = "".join(f"<item><link>{page}</link></item>" for page in pages)
    links = f'<atom:link rel="hub" href="https://hub.example/{name}"/>'
    if topic is not None:
        links += f'<atom:link rel="self" href="{topic}"/>'
    home = f"<link>{home}</link>" if home is not None else ""
    rss = f'<rss xmlns:atom="http://www.w3.org/2005/Atom"><channel>{home}{links}{entries}</channel></rss>'
    return entries_in(rss.encode(), url=f"https://my.example/{name}.xml", content_type=None)


def test_each_feed_that_has_news_and_its_own_hub() -> None:
    feeds = [
        feed("a", "https://my.example/1", "https://my.example/2", home="https://my.example/notes"),
        feed("b", "https://my.example/2", "https://my.example/3", topic="https://my.example/b"),
        feed("c", "https://my.example/4"),
    ]
    news = [News(source="https://my.example/2", site_name="Notes"), News(source="https://my.example/3")]
    assert list(blogs_with_news(news, feeds)) == [
        Blog(
            name="Notes",
            url="https://my.example/notes",
            changed="https://my.example/2",
            feed="https://my.example/a.xml",
            hubs=("https://hub.example/a",),
        ),
        Blog(
            name="Notes",
            url="https://my.example/",
            changed="https://my.example/2",
            feed="https://my.example/b",
            hubs=("https://hub.example/b",),
        ),
    ]


def test_what_no_feed_has_is_told_once_for_its_site() -> None:
    sources = ("https://my.example/about", "https://a.example/1", "https://a.example/2", "https://my.example/1")
    blogs = list(blogs_with_news([News(source=each) for each in sources], [feed("a", "https://my.example/1")]))
    assert [(blog.changed, blog.feed, blog.hubs) for blog in blogs] == [
        ("https://my.example/1", "https://my.example/a.xml", ("https://hub.example/a",)),
        ("https://a.example/1", None, ()),
    ]


def test_without_news_nothing_is_told() -> None:
    assert list(blogs_with_news([], [feed("a", "https://my.example/1")])) == []
