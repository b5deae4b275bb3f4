"""`pingback.server.pings`: pings and their answers, and the listing (TrackBack 1.2)."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from threading import Event
from urllib.parse import urlencode

import pytest

from pingback.errors import Fault
from pingback.jobs.limits import Rate
from pingback.model import Mention, MentionStatus, Protocol
from pingback.server.app import handle
from pingback.server.http import Request, Response
from pingback.store import Store
from tests.receive.conftest import ask_for_all_it_can
from tests.receive.lax import Receiver
from tests.receive.pages import PATIENCE, Page, Pages
from tests.server.conftest import SITE, SOURCE, TARGET
from tests.server.strangers import LIKE, REPLY

FORM = "application/x-www-form-urlencoded"
SUCCESS = '<?xml version="1.0" encoding="utf-8"?>\n<response><error>0</error></response>\n'


def send(
    receiver: Receiver,
    body: bytes | Mapping[str, str],
    *,
    path: str = "/trackback/part-5",
    query: str = "a=1&b=2",
    content_type: str | None = FORM,
) -> Response:
    given = body if isinstance(body, bytes) else urlencode(body).encode()
    return handle(
        Request(
            method="POST",
            path=path,
            raw_path=path,
            query=query,
            body=given,
            content_type=content_type,
            remote_addr="192.0.2.7",
            base="http://my.example",
        ),
        receiver,
    )


def error_of(response: Response) -> str:
    """The message of a refusal, which is always a 200 of text/xml with error 1."""
    assert response.status == 200
    found = ET.fromstring(response.body)
    assert found.findtext("error") == "1"
    return found.findtext("message") or ""


def get(receiver: Receiver, query: str, path: str = "/trackback/part-5", method: str = "GET") -> Response:
    return handle(Request(method=method, path=path, raw_path=path, query=query, base="http://my.example"), receiver)


def test_a_ping_is_verified_and_answered_as_the_norm_wants(receiver: Receiver, pages: Pages) -> None:
    response = send(receiver, {"url": SOURCE, "title": "Said", "excerpt": "by the sender", "blog_name": "Somewhere"})
    assert (response.status, response.body.decode()) == (200, SUCCESS)
    assert response.headers == {
        "Content-Type": "text/xml; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
    }
    [mention] = receiver.approved_of(TARGET)
    assert (mention.source, mention.protocol, mention.title) == (SOURCE, Protocol.TRACKBACK, "A post")
    assert pages.asked[0][1]["X-Pingback-Forwarded-For"] == "192.0.2.7"
    assert error_of(send(receiver, {"url": SOURCE})) == "the ping is known already"


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        pytest.param({}, FORM, "url is missing", id="T3-no-url"),
        pytest.param({"url": ""}, FORM, "url is missing", id="T3-empty-url"),
        pytest.param({"url": "/post"}, FORM, "url is not an absolute HTTP URL", id="T3-relative"),
        pytest.param({"url": "javascript:alert(1)"}, FORM, "url is not an absolute HTTP URL", id="T3-javascript"),
        pytest.param(b"url=http://a.example/&url=http://b.example/", FORM, "url is given more than once", id="twice"),
        pytest.param(b"<methodCall/>", "text/xml", "the message is not a form", id="T2-xml"),
        pytest.param(b"--x", "multipart/form-data; boundary=x", "the message is not a form", id="T2-multipart"),
        pytest.param(b"&".join([b"a=1"] * 101) + b"&url=x", FORM, "more than 100 fields", id="fields"),
        pytest.param({"url": "https://none.example/"}, FORM, "does not exist, or cannot be reached", id="16"),
        pytest.param({"url": "https://plain.example/"}, FORM, "does not link to", id="17"),
        pytest.param({"url": TARGET}, FORM, "are the same page", id="33-itself"),
        pytest.param({"url": "https://broken.example/"}, FORM, "answered with an error", id="50"),
    ],
)
def test_T7_what_is_wrong_with_a_ping_is_error_1(
    receiver: Receiver, pages: Pages, body: bytes | Mapping[str, str], content_type: str, words: str
) -> None:
    pages.web["https://plain.example/"] = Page("nothing")
    pages.web["https://broken.example/"] = Page(status=500)
    assert words in error_of(send(receiver, body, content_type=content_type))
    assert receiver.approved_of(TARGET) == []


def test_a_target_that_is_not_the_sites(pages: Pages) -> None:
    site = f"{SITE}blog/"
    with Store("sqlite://") as store, Receiver(site=site, store=store, client=pages) as receiver:
        assert error_of(send(receiver, {"url": SOURCE})) == "the target is not a page of this site"


def test_unverified_its_own_words_are_kept(pages: Pages) -> None:
    with (
        Store("sqlite://") as store,
        Receiver(site=SITE, store=store, client=pages, verify_trackbacks=False) as receiver,
    ):
        body = b"url=https://a.example/&title=%C6%FC%CB%DC&blog_name=A+%26%23038%3B+B"
        assert send(receiver, body, content_type=f"{FORM}; charset=EUC-JP").body.decode() == SUCCESS
        [mention] = store.mentions.list()
    assert (mention.title, mention.excerpt, mention.site_name) == ("日本", None, "A & B")
    assert (mention.status, pages.asked) == (MentionStatus.PENDING, [])


def test_too_many_waiting_is_503_with_an_error_inside(pages: Pages) -> None:
    with (
        Store("sqlite://") as store,
        Receiver(
            site=SITE,
            store=store,
            client=pages,
            verify_trackbacks=False,
            answer_within=PATIENCE,
            target_exists=lambda _: gate.wait(PATIENCE),
        ) as receiver,
    ):
        gate = Event()
        ask_for_all_it_can(receiver)
        response = send(receiver, {"url": SOURCE})
        gate.set()
    assert (response.status, response.headers["Retry-After"]) == (503, "60")
    assert ET.fromstring(response.body).findtext("error") == "1"


def test_a_sender_that_is_too_fast_is_429_with_an_error_inside(pages: Pages) -> None:
    with (
        Store("sqlite://") as store,
        Receiver(site=SITE, store=store, client=pages, rate=Rate("1/hour")) as receiver,
    ):
        responses = [send(receiver, {"url": SOURCE}) for _ in range(2)]
    assert [response.status for response in responses] == [200, 429]
    assert 0 < int(responses[1].headers["Retry-After"]) <= 3600
    assert ET.fromstring(responses[1].body).findtext("error") == "1"


def test_a_database_that_fails_is_503_with_an_error_inside(pages: Pages) -> None:
    with Store("sqlite://") as store, Receiver(site=SITE, store=store, client=pages) as receiver:
        store.close()
        response = send(receiver, {"url": SOURCE})
    assert (response.status, response.headers["Retry-After"]) == (503, "60")
    assert ET.fromstring(response.body).findtext("error") == "1"


def test_a_bug_says_no_more_than_that_there_is_one(pages: Pages, caplog: pytest.LogCaptureFixture) -> None:
    def broken(mention: Mention) -> MentionStatus:
        raise ZeroDivisionError("a secret")

    with Store("sqlite://") as store, Receiver(site=SITE, store=store, client=pages, decide=broken) as receiver:
        assert error_of(send(receiver, {"url": SOURCE})) == "something went wrong here"
    assert "ZeroDivisionError: a secret" in caplog.text


def test_an_answer_is_well_formed_whatever_the_blog_engine_says(pages: Pages) -> None:
    def closed(target: str) -> bool:
        raise Fault(33, "comments are closed <here> \x01 & ]]>")

    with Store("sqlite://") as store, Receiver(site=SITE, store=store, client=pages, target_exists=closed) as receiver:
        assert "comments are closed <here>" in error_of(send(receiver, {"url": SOURCE}))


# GET


@pytest.mark.parametrize("query", ["", "url=https://a.example/", "__mode=rs", "__mode=RSS", "mode=rss", "x__mode=rss"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_T1_a_ping_is_a_post(receiver: Receiver, pages: Pages, query: str, method: str) -> None:
    assert error_of(get(receiver, query, method=method)) == "a TrackBack ping is a POST"
    assert pages.asked == []


@pytest.mark.parametrize("query", ["a=1&b=2&__mode=rss", "__mode=rss&a=1&b=2", "a=1&__mode=rss&b=2&__mode=x"])
def test_T10_the_mode_is_no_part_of_the_targets_query(receiver: Receiver, pages: Pages, query: str) -> None:
    pages.web[SOURCE] = Page(f'<title>A & B</title><p>Some <a href="{TARGET}">&lt;b> words</a>')
    receiver.ping(SOURCE, TARGET)
    response = get(receiver, query)
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    found = ET.fromstring(response.body)
    assert found.findtext("error") == "0"
    [channel] = found.findall("rss[@version='0.91']/channel")
    assert channel.findtext("link") == TARGET
    assert [[element.text for element in item] for item in channel.findall("item")] == [
        ["A & B", SOURCE, "Some <b> words"]
    ]


def test_a_listing_without_words(receiver: Receiver, pages: Pages) -> None:
    pages.web[SOURCE] = Page(f'<a href="{TARGET}"></a>')
    receiver.ping(SOURCE, TARGET)
    [item] = ET.fromstring(get(receiver, "a=1&b=2&__mode=rss").body).iter("item")
    assert [element.text for element in item] == [SOURCE, SOURCE, "-"]


def test_a_listing_of_a_reply(receiver: Receiver) -> None:
    receiver.store.mentions.keep(replace(REPLY, target=TARGET))
    [item] = ET.fromstring(get(receiver, "a=1&b=2&__mode=rss").body).iter("item")
    assert [element.text for element in item] == [
        "Dee: I do not think so. See my post.",
        "https://d.example/notes/7",
        "I do not think so. See my post.",
    ]


def test_a_listing_of_a_like(receiver: Receiver) -> None:
    receiver.store.mentions.keep(replace(LIKE, target=TARGET, title="Part five"))
    [item] = ET.fromstring(get(receiver, "a=1&b=2&__mode=rss").body).iter("item")
    assert [element.text for element in item] == ["Bob liked my.example/part-5?a=1&b=2", LIKE.source, "-"]


def test_a_listing_of_what_is_not_the_sites(pages: Pages) -> None:
    site = f"{SITE}blog/"
    with Store("sqlite://") as store, Receiver(site=site, store=store, client=pages) as receiver:
        assert error_of(get(receiver, "__mode=rss")) == "the target is not a page of this site"
        assert ET.fromstring(get(receiver, "__mode=rss", path="/trackback/blog/5").body).findtext("error") == "0"
