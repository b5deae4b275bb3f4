"""`pingback.server.api`: what readers get, by the shapes of webmention.io's API and our own."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import feedparser
import pytest
from bs4 import BeautifulSoup
from lxml import etree

from pingback.model import Mention, MentionKind, MentionStatus, Rsvp
from pingback.server.app import handle
from pingback.server.http import Request, Response
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Pages
from tests.server.strangers import HOSTILE, HOSTILE_REPLY, LIKE, PLAIN, REPLY, RSVP, TARGET

ASKED = f"target={quote(TARGET, safe='')}"
FEEDS = ("/api/mentions.jf2", "/api/mentions.json", "/api/mentions.atom")
ROUTES = (*FEEDS, "/api/count", "/api/deletions")
NAMES = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver(clock: Clock) -> Iterator[Receiver]:
    with (
        Store("sqlite://", clock=clock) as store,
        Receiver(site="https://my.example/", store=store, client=Pages(), clock=clock) as receiver,
    ):
        yield receiver


def get(receiver: Receiver, path: str, query: str = ASKED, *, method: str = "GET", **headers: str) -> Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    base = "https://my.example/mount"
    return handle(Request(method=method, path=path, query=query, base=base, headers=names), receiver)


def asked(receiver: Receiver, path: str, query: str = ASKED) -> Any:
    """The JSON of an answer that is one."""
    response = get(receiver, path, query)
    assert response.status == 200, response.body
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    return json.loads(response.body)


def keep(receiver: Receiver, *mentions: Mention) -> list[Mention]:
    return [receiver.store.mentions.keep(mention)[0] for mention in mentions]


def hrefs(root: etree._Element, path: str) -> list[str]:
    return [str(link.get("href")) for link in root.findall(path, NAMES)]


def test_jf2_as_webmention_io_has_it(receiver: Receiver) -> None:
    keep(receiver, PLAIN, LIKE)
    like, plain = asked(receiver, "/api/mentions.jf2")["children"]
    assert asked(receiver, "/api/mentions.jf2")["type"] == "feed"
    assert plain == {
        "type": "entry",
        "author": {
            "type": "card",
            "name": "Ann",
            "photo": "https://a.example/ann.png",
            "url": "https://a.example/",
        },
        "url": "https://a.example/post",
        "published": "2026-01-01T08:00:00Z",
        "wm-received": "2026-01-02T12:00:00Z",
        "wm-id": 1,
        "wm-source": "https://a.example/post",
        "wm-target": "https://my.example/part-5",
        "wm-protocol": "pingback",
        "wm-property": "mention-of",
        "wm-private": False,
        "mention-of": "https://my.example/part-5",
        "name": "A post | Ann’s site",
        "content": {"html": "As said in part five, it is so.", "text": "As said in part five, it is so."},
    }
    assert like == {
        "type": "entry",
        "author": {"type": "card", "name": "Bob", "photo": "", "url": "https://b.example/"},
        "url": "https://b.example/like",
        "published": None,
        "wm-received": "2026-01-02T13:00:00Z",
        "wm-id": 2,
        "wm-source": "https://b.example/like",
        "wm-target": "https://my.example/part-5",
        "wm-protocol": "webmention",
        "wm-property": "like-of",
        "wm-private": False,
        "like-of": "https://my.example/part-5",
    }


def test_the_text_of_a_source_is_no_markup(receiver: Receiver) -> None:
    keep(receiver, replace(PLAIN, excerpt="1 < 2 & <b>", author=None))
    [entry] = asked(receiver, "/api/mentions.jf2")["children"]
    assert entry["content"] == {"html": "1 &lt; 2 &amp; &lt;b&gt;", "text": "1 < 2 & <b>"}
    assert entry["author"] == {"type": "card", "name": "", "photo": "", "url": ""}


def test_a_reply_in_jf2(receiver: Receiver) -> None:
    keep(receiver, REPLY)
    [entry] = asked(receiver, "/api/mentions.jf2")["children"]
    assert (entry["url"], entry["wm-source"]) == ("https://d.example/notes/7", "https://d.example/reply")
    assert (entry["wm-property"], entry["in-reply-to"]) == ("in-reply-to", TARGET)
    assert entry["content"] == {
        "text": "I do not think so.\n\nSee my post.",
        "html": "<p>I do <em>not</em> think so.</p><p>See "
        '<a href="https://d.example/q" rel="nofollow ugc noopener">my post</a>.</p>',
    }
    assert "name" not in entry


def test_an_answer_to_an_invitation_in_jf2(receiver: Receiver) -> None:
    keep(receiver, RSVP)
    [entry] = asked(receiver, "/api/mentions.jf2", f"{ASKED}&wm-property=rsvp")["children"]
    assert (entry["wm-property"], entry["rsvp"], entry["in-reply-to"]) == ("rsvp", "maybe", TARGET)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("2026-01-02T23:30-05:00", "2026-01-02T23:30:00-05:00", id="with-a-zone"),
        pytest.param("2026-01-02T23:30:59.5Z", "2026-01-02T23:30:59+00:00", id="in-utc"),
        pytest.param("2026-01-02T23:30", "2026-01-02T23:30:00", id="without-a-zone"),
        pytest.param("2026-01-02", "2026-01-02T00:00:00", id="a-day"),
        pytest.param(None, "2026-01-03T04:30:00Z", id="not-kept"),
        pytest.param("the day before", "2026-01-03T04:30:00Z", id="no-date"),
    ],
)
def test_dates_in_jf2_have_the_zone_of_their_author(receiver: Receiver, written: str | None, expected: str) -> None:
    keep(receiver, replace(REPLY, published_as=written))
    assert asked(receiver, "/api/mentions.jf2")["children"][0]["published"] == expected


def test_what_a_foreign_host_is_said_to_be_is_no_url_of_the_entry(receiver: Receiver) -> None:
    keep(receiver, replace(PLAIN, original="https://f.example/1"))
    assert asked(receiver, "/api/mentions.jf2")["children"][0]["url"] == PLAIN.source
    assert asked(receiver, "/api/mentions.json")["mentions"][0]["url"] == PLAIN.source
    [entry] = feedparser.parse(get(receiver, "/api/mentions.atom").body).entries
    assert entry.link == PLAIN.source


def test_json_has_the_mentions_of_the_command_line(receiver: Receiver) -> None:
    [kept] = keep(receiver, PLAIN)
    assert asked(receiver, "/api/mentions.json") == {"mentions": [kept.as_json()]}


@pytest.mark.parametrize("mention", [LIKE, REPLY, RSVP], ids=["like", "reply", "answer"])
def test_readers_of_jf2_find_no_name_in_the_place_of_who_and_what(receiver: Receiver, mention: Mention) -> None:
    keep(receiver, replace(mention, title="Part five"))
    assert "name" not in asked(receiver, "/api/mentions.jf2")["children"][0]


def test_json_has_kind_answer_address_and_words(receiver: Receiver) -> None:
    keep(receiver, RSVP, REPLY)
    reply, rsvp = asked(receiver, "/api/mentions.json", f"{ASKED}&sort-dir=up")["mentions"]
    assert (reply["kind"], reply["rsvp"], reply["url"]) == ("in-reply-to", None, "https://d.example/notes/7")
    assert reply["content"]["text"] == "I do not think so.\n\nSee my post."
    assert (rsvp["kind"], rsvp["rsvp"], rsvp["url"], rsvp["content"]) == ("rsvp", "maybe", RSVP.source, None)


def test_atom_read_by_a_feed_reader(receiver: Receiver) -> None:
    keep(receiver, PLAIN, LIKE)
    feed = feedparser.parse(get(receiver, "/api/mentions.atom").body)
    assert not feed.bozo
    assert feed.feed.id.startswith("urn:uuid:")
    assert [link.href for link in feed.feed.links] == [f"?{ASKED}"]
    assert feed.feed.updated == "2026-01-02T13:00:00Z"
    like, plain = feed.entries
    assert (plain.title, plain.link, plain.summary) == (PLAIN.title, PLAIN.source, PLAIN.excerpt)
    assert (plain.author, plain.author_detail.href) == ("Ann", "https://a.example/")
    assert (plain.published, plain.updated) == ("2026-01-01T08:00:00Z", "2026-01-02T12:00:01Z")
    assert [link.href for link in plain.links if link.rel == "related"] == [TARGET]
    assert (like.title, like.author, like.tags[0].term) == ("Bob liked my.example/part-5", "Bob", "like-of")


def test_a_reply_in_atom(receiver: Receiver) -> None:
    keep(receiver, replace(REPLY, permalink="https://f.example/1"))
    feed = feedparser.parse(get(receiver, "/api/mentions.atom").body)
    assert not feed.bozo
    [entry] = feed.entries
    assert (entry.title, entry.author, entry.link) == (
        "Dee: I do not think so. See my post.",
        "Dee",
        "https://f.example/1",
    )
    [content] = entry.content
    assert (content.type, content.value) == (
        "text/html",
        '<p>I do <em>not</em> think so.</p><p>See <a href="https://d.example/q" rel="nofollow ugc noopener">'
        "my post</a>.</p>",
    )
    assert [link.href for link in entry.links if link.rel == "via"] == [REPLY.source]


def test_rfc4287_4_2_6_the_id_of_an_entry_stays_when_the_mention_is_another_row(receiver: Receiver) -> None:
    ids = []
    for mention in (PLAIN, replace(PLAIN, title="Other words")):
        with Store("sqlite://") as store:
            store.mentions.keep(LIKE)
            store.mentions.keep(mention)
            with Receiver(site="https://my.example/", store=store, client=Pages()) as other:
                ids.append(feedparser.parse(get(other, "/api/mentions.atom").body).entries[1].id)
    assert ids[0] == ids[1]
    assert ids[0].startswith("urn:uuid:")


def test_rfc4287_4_2_6_the_id_of_a_feed_is_that_of_what_is_asked_for(receiver: Receiver) -> None:
    first, again, other = [
        feedparser.parse(get(receiver, "/api/mentions.atom", query).body).feed.id
        for query in (ASKED, ASKED, f"{ASKED}&wm-property=like-of")
    ]
    assert first == again != other


def test_rfc4287_an_empty_feed(receiver: Receiver) -> None:
    feed = feedparser.parse(get(receiver, "/api/mentions.atom").body)
    assert (feed.bozo, feed.entries, feed.feed.title) == (False, [], "Mentions")


@pytest.mark.parametrize("path", ["/api/count", "/api/count.json"])
def test_counts_in_webmention_io_s_words(receiver: Receiver, path: str) -> None:
    reply = replace(PLAIN, source="https://c.example/", kind=MentionKind.REPLY)
    keep(receiver, PLAIN, LIKE, reply, replace(PLAIN, target="https://my.example/other"))
    types = {"like": 1, "reply": 1, "repost": 0, "bookmark": 0, "mention": 1}
    assert asked(receiver, path) == {"count": 3, "type": types}
    assert asked(receiver, path, "target=https://my.example/none")["count"] == 0
    assert asked(receiver, path, "domain=my.example")["count"] == 4


@pytest.mark.parametrize("query", [ASKED, "domain=my.example", f"{ASKED}&wm-property=rsvp"])
def test_counts_of_answers(receiver: Receiver, query: str) -> None:
    answers = [Rsvp.YES, Rsvp.MAYBE, Rsvp.MAYBE]
    keep(receiver, *(replace(RSVP, source=f"https://e.example/{n}", rsvp=rsvp) for n, rsvp in enumerate(answers)))
    counted = asked(receiver, "/api/count", query)
    assert counted["count"] == 3
    assert {word: number for word, number in counted["type"].items() if number} == {"rsvp-yes": 1, "rsvp-maybe": 2}


def test_deletions_for_those_who_keep_copies(receiver: Receiver, clock: Clock) -> None:
    shown, _ = keep(receiver, PLAIN, replace(LIKE, status=MentionStatus.PENDING))
    assert asked(receiver, "/api/deletions", "") == {"deletions": []}
    clock.pass_by(hours=1)
    receiver.store.mentions.update(replace(shown, status=MentionStatus.SPAM))
    deleted = {"id": 1, "source": PLAIN.source, "target": TARGET, "deleted": "2026-01-02T13:00:00+00:00"}
    assert asked(receiver, "/api/deletions", "") == {"deletions": [deleted]}
    assert asked(receiver, "/api/deletions", f"since={deleted['deleted']}") == {"deletions": [deleted]}
    assert asked(receiver, "/api/deletions", "since=2026-01-02T13:00:01Z") == {"deletions": []}


@pytest.mark.parametrize("status", [status for status in MentionStatus if status is not MentionStatus.APPROVED])
@pytest.mark.parametrize("path", ROUTES)
def test_only_what_is_approved_is_ever_shown(receiver: Receiver, path: str, status: MentionStatus) -> None:
    empty = get(receiver, path).body
    keep(receiver, replace(PLAIN, status=status))
    assert get(receiver, path).body == empty


def test_the_next_page_by_its_link(receiver: Receiver) -> None:
    keep(receiver, *(replace(PLAIN, source=f"https://a.example/{number}") for number in range(5)))
    for path, items in (("/api/mentions.jf2", "children"), ("/api/mentions.json", "mentions")):
        query, sizes = f"{ASKED}&per-page=2", []
        while query:
            response = get(receiver, path, query)
            sizes.append(len(json.loads(response.body)[items]))
            query = response.headers.get("Link", "").partition(">")[0].removeprefix("<?")
        assert sizes == [2, 2, 1]


def test_rfc5005_3_the_next_page_of_the_feed(receiver: Receiver) -> None:
    keep(receiver, PLAIN, LIKE)
    feed = etree.fromstring(get(receiver, "/api/mentions.atom", f"{ASKED}&per-page=1").body)
    [after] = hrefs(feed, "a:link[@rel='next']")
    assert after.startswith(f"?{ASKED}&per-page=1&after=")
    last = etree.fromstring(get(receiver, "/api/mentions.atom", after.partition("?")[2]).body)
    assert hrefs(last, "a:entry/a:link[@rel='alternate']") == [PLAIN.source]
    assert hrefs(last, "a:link[@rel='next']") == []


def test_the_next_page_of_deletions(receiver: Receiver) -> None:
    for kept in keep(receiver, PLAIN, LIKE):
        receiver.store.mentions.update(replace(kept, status=MentionStatus.DELETED))
    first = get(receiver, "/api/deletions", "per-page=1")
    query = first.headers["Link"].partition(">")[0].removeprefix("<?")
    assert [each["id"] for each in json.loads(first.body)["deletions"]] == [1]
    assert [each["id"] for each in asked(receiver, "/api/deletions", query)["deletions"]] == [2]


@pytest.mark.parametrize("path", [*ROUTES, "/mentions"])
def test_any_page_s_script_may_read_it(receiver: Receiver, path: str) -> None:
    for response in (get(receiver, path), get(receiver, path, "target=x&since=y")):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    preflight = get(receiver, path, method="OPTIONS")
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", [*FEEDS, "/api/count", "/mentions"])
def test_what_has_not_changed_is_not_sent_again(receiver: Receiver, clock: Clock, path: str) -> None:
    [kept] = keep(receiver, PLAIN)
    clock.pass_by(minutes=1)
    first = get(receiver, path)
    assert first.headers["Last-Modified"] == "Fri, 02 Jan 2026 12:00:00 GMT"
    assert first.headers["Cache-Control"] == "public, max-age=60"
    known = {"if_none_match": first.headers["ETag"]}
    dated = {"if_modified_since": first.headers["Last-Modified"]}
    assert get(receiver, path, **known).status == get(receiver, path, **dated).status == 304
    receiver.store.mentions.update(replace(kept, status=MentionStatus.DELETED))
    clock.pass_by(minutes=1)
    assert get(receiver, path, **known).status == get(receiver, path, **dated).status == 200


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize("query", ["", "target=x", f"{ASKED}&page=-1"])
def test_a_question_that_cannot_be_understood_is_400(receiver: Receiver, path: str, query: str) -> None:
    response = get(receiver, path, query)
    assert (response.status, response.headers["Content-Type"]) == (400, "application/json; charset=utf-8")
    said = json.loads(response.body)
    assert (said.keys(), said["error"]) == ({"error", "error_description"}, "invalid_input")


@pytest.mark.parametrize("path", [*ROUTES, "/mentions"])
def test_a_store_that_cannot_be_read_is_503_and_a_line_in_the_log(
    receiver: Receiver, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.store.close()
    assert get(receiver, path).status == 503
    assert "is closed" in caplog.text


@pytest.mark.parametrize("mention", [HOSTILE, HOSTILE_REPLY], ids=["long", "short"])
@pytest.mark.parametrize("path", ["/api/mentions.jf2", "/api/mentions.json"])
def test_strangers_in_json(receiver: Receiver, path: str, mention: Mention) -> None:
    keep(receiver, mention)
    body = get(receiver, path, f"target={quote(HOSTILE.target, safe='')}").body
    assert len(body) < 70_000
    assert body.isascii()
    [shown] = next(value for value in json.loads(body).values() if isinstance(value, list))
    for url in (shown.get("url", ""), *shown["author"].values()):
        assert not str(url).startswith("javascript:")
    words = BeautifulSoup(shown["content"]["html"], "html.parser")
    assert {element.name for element in words.find_all(True)} <= {"p", "a", "br"}
    assert {name for element in words.find_all(True) for name in element.attrs} <= {"href", "rel"}
    assert not words.select('[href^="javascript:"]')
    for text in shown["content"].values():
        assert set(text).isdisjoint("\0\x01\x1b\u202e\u2066\ud800\ufffe")


def test_strangers_in_xml(receiver: Receiver) -> None:
    keep(receiver, HOSTILE)
    body = get(receiver, "/api/mentions.atom", f"target={quote(HOSTILE.target, safe='')}").body
    assert len(body) < 70_000
    [entry] = etree.fromstring(body).findall("a:entry", NAMES)
    assert [str(child.tag).partition("}")[2] for child in entry] == [
        *("id", "title", "updated", "published", "link", "link", "author", "category", "summary", "content")
    ]
    assert all(href.startswith("https://") for href in hrefs(entry, "a:link"))
    assert entry.find("a:author/a:uri", NAMES) is None


def test_a_thousand_mentions_at_once_and_no_more(receiver: Receiver) -> None:
    keep(receiver, *(replace(PLAIN, source=f"https://a.example/{number}") for number in range(1001)))
    assert len(asked(receiver, "/api/mentions.jf2", f"{ASKED}&per-page=9001")["children"]) == 1000


def test_times_are_of_the_second(receiver: Receiver) -> None:
    keep(receiver, replace(PLAIN, received=PLAIN.received + timedelta(microseconds=1)))
    [entry] = asked(receiver, "/api/mentions.jf2")["children"]
    assert entry["wm-received"] == "2026-01-02T12:00:00Z"
    assert asked(receiver, "/api/mentions.jf2", f"{ASKED}&since={entry['wm-received']}")["children"] == [entry]
