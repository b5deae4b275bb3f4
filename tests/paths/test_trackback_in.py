"""A TrackBack on its way in: `pingback serve` in a process of its own, sent forms as real senders write them."""

import xml.etree.ElementTree as ET
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from pingback.model import MentionStatus, Protocol
from tests.loopback import Site, page, redirect
from tests.paths.exchange import FORM, Answer, ask, post
from tests.paths.programs import Serving, pingback, wait_until

TARGET = "/blog/caf%C3%A9%2F5?a=1&b=%262"  # each escape would be another page's without it
SUCCESS = '<?xml version="1.0" encoding="utf-8"?>\n<response><error>0</error></response>\n'


@pytest.fixture
def site() -> Iterator[Site]:
    """Our site with part five, and, to spare a second one, the post that links to it."""
    with Site() as site:
        link = f'<a href="{site.url}{TARGET.replace("&", "&amp;")}">five</a>'
        site.pages |= {
            TARGET: page(b"<title>Part five</title>"),
            "/6": page(f"<title>Six & more</title><p>On {link}.".encode()),
            "/7": page(b"<title>Seven</title><p>no link"),
            "/circle": redirect("/circle"),
            "/broken": page(status=500),
        }
        yield site


def refused(answer: Answer) -> str:
    """The message of a refusal, which is a 200 with error 1."""
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    response = ET.fromstring(answer.body)
    assert response.findtext("error") == "1"
    return response.findtext("message") or ""


def test_verified_kept_and_listed(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        endpoint = f"{serving.root}/trackback{TARGET}"
        ping = {"url": f"{site.url}/6", "title": "Said", "excerpt": "by the sender", "blog_name": "Somewhere"}
        assert post(endpoint, ping).body == SUCCESS
        assert refused(post(endpoint, ping)) == "the ping is known already"
        assert refused(ask(f"{endpoint}&url={site.url}/6")) == "a TrackBack ping is a POST"
        listing = ask(f"{endpoint}&__mode=rss")
        assert ask(f"{endpoint}&__mode=rss", method="HEAD").headers["Content-Length"] == str(len(listing.body.encode()))
        assert ask(endpoint, method="PUT").headers["Allow"] == "GET, HEAD, POST"
        [mention] = serving.mentions()
        assert serving.stop() == 0

    assert (mention.source, mention.target) == (f"{site.url}/6", f"{site.url}{TARGET}")
    assert (mention.protocol, mention.status) == (Protocol.TRACKBACK, MentionStatus.APPROVED)
    assert (mention.title, mention.excerpt) == ("Six & more", "On five.")
    [item] = ET.fromstring(listing.body).iter("item")
    assert [element.text for element in item] == ["Six & more", f"{site.url}/6", "On five."]
    assert f"trackback from '{site.url}/6' to '{site.url}{TARGET}' by 127.0.0.1: approved" in serving.log
    [asked] = [request for request in site.requests if request.path == "/6"]
    assert asked.headers["user-agent"].endswith("verifying trackback from 127.0.0.1")


def test_what_is_refused_leaves_nothing(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        endpoint = f"{serving.root}/trackback{TARGET}"
        for url, words in (
            ("/7", "does not link to"),
            ("/nowhere", "does not exist, or cannot be reached"),
            ("/circle", "does not exist, or cannot be reached"),
            ("/broken", "answered with an error"),
            (TARGET, "are the same page"),
        ):
            assert words in refused(post(endpoint, {"url": site.url + url})), url
        six = {"url": f"{site.url}/6"}
        for path, words in (
            ("/blog/caf%C3%A9/5?a=1&b=%262", "the target does not exist"),
            ("/6", "is not a page of this site"),
            ("/blog/%2e%2e/6", "is not a page of this site"),
            ("//evil.example/blog/", "is not a page of this site"),
            ("/blog/%00", "the target does not exist"),
        ):
            assert words in refused(post(f"{serving.root}/trackback{path}", six)), path
        for body, kind, words in (
            (b"", FORM, "url is missing"),
            (b"url=&title=x", FORM, "url is missing"),
            (b"url=/6", FORM, "url is not an absolute HTTP URL"),
            (b"url=%FF%FE%00http", FORM, "url is not an absolute HTTP URL"),
            (b"url=http://a.example/&url=http://b.example/", FORM, "url is given more than once"),
            (b"title=a&title=b&url=http://a.example/", FORM, "title is given more than once"),
            (b"url=http://a.example/" + b"x" * 60_000, FORM, "url is not an absolute HTTP URL"),
            (b"&".join([b"a=1"] * 101), FORM, "more than 100 fields"),
            (b"\x00\xff" * 1000, FORM, "url is missing"),
            (b"<?xml version='1.0'?><methodCall/>", "text/xml", "the message is not a form"),
            (b'{"url": "http://a.example/"}', "application/json", "the message is not a form"),
            (b"--x\r\n\r\n", "multipart/form-data; boundary=x", "the message is not a form"),
        ):
            assert words in refused(post(endpoint, body, kind)), body[:50]
        assert post(endpoint, b"url=" + b"x" * 65_536).status == 413
        assert serving.mentions() == []
        assert post(endpoint, six).body == SUCCESS


def test_unverified_the_words_come_through_in_any_charset(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, f"{site.url}/blog/", "--trackback", "unverified") as serving:
        endpoint = f"{serving.root}/trackback{TARGET}"
        for number, (kind, fields) in enumerate(
            (
                (f"{FORM}; charset=utf-8", b"title=%E6%97%A5%E6%9C%AC&blog_name=caf%C3%A9"),
                (f"{FORM}; charset=ISO-8859-1", b"title=%DCber&blog_name=caf%E9"),
                (f'{FORM}; charset="Shift_JIS"', b"title=%93%FA%96%7B%83%5C&blog_name=\x83J\x83t\x83F"),
                (FORM, b"charset=EUC-JP&title=%C6%FC%CB%DC&blog_name=%A5%AB"),
                (FORM, b"title=%DCber&blog_name=%80"),
                (f"{FORM}; charset=unheard-of", b"title=%C3%9C&blog_name=%C3%A9"),
                (f"{FORM}; charset=utf-8", b"title=%C3%28&blog_name=A+%26%23038%3B+B"),
            )
        ):
            assert post(endpoint, b"url=%s/%d&%s" % (site.url.encode(), number, fields), kind).body == SUCCESS
        assert [(mention.title, mention.site_name) for mention in serving.mentions()] == [
            ("日本", "café"),
            ("Über", "café"),
            ("日本ソ", "カフェ"),
            ("日本", "カ"),
            ("Über", "€"),
            ("Ü", "é"),
            ("\N{REPLACEMENT CHARACTER}(", "A & B"),
        ]
        assert {mention.status for mention in serving.mentions()} == {MentionStatus.PENDING}
        assert {request.path for request in site.requests} == {TARGET}


def test_unverified_a_pingback_for_the_same_pair_verifies_it(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, f"{site.url}/blog/", environ={"PINGBACK_TRACKBACK": "unverified"}) as serving:
        assert post(f"{serving.root}/trackback{TARGET}", {"url": f"{site.url}/6", "title": "Said"}).body == SUCCESS
        assert [(mention.status, mention.title) for mention in serving.mentions()] == [(MentionStatus.PENDING, "Said")]
        with (
            xmlrpc.client.ServerProxy(serving.endpoint) as endpoint,
            pytest.raises(xmlrpc.client.Fault, match="the ping is known already"),
        ):
            endpoint.pingback.ping(f"{site.url}/6", site.url + TARGET)
        wait_until(lambda: serving.mentions()[0].status is MentionStatus.APPROVED)
        [mention] = serving.mentions()
    assert (mention.protocol, mention.status, mention.title) == (
        Protocol.TRACKBACK,
        MentionStatus.APPROVED,
        "Six & more",
    )


def test_of_two_sites_the_one_that_the_sender_came_to(site: Site, tmp_path: Path) -> None:
    six = {"url": f"{site.url}/6"}
    with Serving(tmp_path, "http://elsewhere.example/blog/", "--site", f"{site.url}/", "--no-check-targets") as serving:
        path = f"/trackback{TARGET}"
        elsewhere = post(serving.root + path, six)  # the first site has such a page as well
        here = ask(
            serving.root + path,
            method="POST",
            body=f"url={site.url}/6".encode(),
            headers={"Content-Type": FORM, "Host": site.url.removeprefix("http://")},
        )
        assert "does not link to http://elsewhere.example/blog/" in refused(elsewhere)
        assert here.body == SUCCESS


def test_unverified_what_another_process_approved_is_shown(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, f"{site.url}/blog/", "--trackback", "unverified") as serving:
        assert post(f"{serving.root}/trackback{TARGET}", {"url": f"{site.url}/6", "title": "Said"}).body == SUCCESS
        [printed] = pingback(tmp_path, "moderate", "approve", "1").printed
        assert printed["status"] == "pending"  # it does not know how the server takes them
        wait_until(lambda: [mention.status for mention in serving.mentions()] == [MentionStatus.APPROVED])
        assert [mention.title for mention in serving.mentions()] == ["Said"]
