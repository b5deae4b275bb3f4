"""`pingback.server.publish`: who may have something published over HTTP, what, and what is said of it."""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from pingback.server.app import handle
from pingback.server.http import Request, Response
from pingback.server.publish import answer
from pingback.store import Store
from pingback.work import FeedPost, Job, JobKind, ReadingStatus
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Pages
from tests.store.sent import ACCEPTED, plan, tell

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SITE, OTHER_SITE = "https://my.example/", "https://other.example/blog/"
POST, FEED = "https://my.example/part-6", "https://my.example/feed.xml"
CONFIGURED = "https://feeds.example/mine"
HOUR = timedelta(hours=1)

_LOCATION = re.compile(r"https://my\.example/mount/publish/[-.\w]+")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver(clock: Clock) -> Iterator[Receiver]:
    with (
        Store("sqlite://", clock=clock) as store,
        Receiver(site=[SITE, OTHER_SITE], store=store, client=Pages(), threads=False, clock=clock) as receiver,
    ):
        receiver.feeds = (CONFIGURED, "feed.xml")
        yield receiver


@pytest.fixture
def token(receiver: Receiver, clock: Clock) -> str:
    return receiver.store.secrets.new_token(now=clock())


def ask(
    receiver: Receiver,
    *,
    token: str | None = None,
    body: bytes = b"",
    content_type: str | None = FORM,
    method: str = "POST",
    path: str = "/publish",
    query: str = "",
    headers: Mapping[str, str] = {},
    address: str = "192.0.2.7",
) -> Response:
    given = {} if token is None else {"authorization": f"Bearer {token}"}
    request = Request(
        method=method,
        path=path,
        raw_path=path,
        query=query,
        base="https://my.example/mount",
        headers=given | dict(headers),
        content_type=content_type,
        body=body,
        remote_addr=address,
    )
    return answer(request, receiver, clock=receiver.verifier.clock) if path == "/publish" else handle(request, receiver)


def form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def leased(receiver: Receiver) -> list[Job]:
    now = receiver.verifier.clock()
    return receiver.store.jobs.lease([JobKind.READ], worker_id="me", now=now, lease=HOUR, limit=99, per_host=99)


def waiting(receiver: Receiver) -> list[tuple[str, str]]:
    found = [receiver.store.readings.at(job.subject) for job in leased(receiver)]
    return [(each.kind.value, each.source) for each in found if each is not None]


# What is there


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", ["/publish", "/publish/", "/publish/x"])
def test_without_a_token_there_is_nothing(receiver: Receiver, method: str, path: str) -> None:
    found = handle(Request(method=method, path=path, raw_path=path, body=b"x"), receiver)
    assert found == handle(Request(method=method, path="/publication", raw_path="/publication", body=b"x"), receiver)
    assert found.status == 404


def test_once_it_is_revoked_there_is_nothing(receiver: Receiver, token: str) -> None:
    assert receiver.store.secrets.revoke_token()
    assert ask(receiver, token=token, body=form(url=POST)).status == 404
    assert waiting(receiver) == []


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_other_methods(receiver: Receiver, method: str) -> None:
    refused = ask(receiver, method=method)
    assert (refused.status, refused.headers["Allow"]) == (405, "POST")


# Who may


CHALLENGE = 'Bearer realm="pingback"'
WRONG = 'Bearer realm="pingback", error="invalid_token"'


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        pytest.param({}, CHALLENGE, id="rfc6750-3.1-none"),
        pytest.param({"authorization": "Bearer wrong"}, WRONG, id="rfc6750-3.1-wrong"),
        pytest.param({"authorization": "Bearer {token}x"}, WRONG, id="longer"),
        pytest.param({"authorization": "Bearer pingback_"}, WRONG, id="prefix-alone"),
        pytest.param({"authorization": f"Bearer {'x' * 60_000}"}, WRONG, id="huge"),
        pytest.param({"authorization": "Bearer \xff\ud800"}, WRONG, id="no-ascii"),
        pytest.param({"authorization": "Bearer"}, CHALLENGE, id="empty"),
        pytest.param({"authorization": "Bearer  "}, CHALLENGE, id="blank"),
        pytest.param({"authorization": "Basic {token}"}, CHALLENGE, id="another-scheme"),
        pytest.param({"authorization": "{token}"}, CHALLENGE, id="no-scheme"),
        pytest.param({"x-authorization": "Bearer {token}"}, CHALLENGE, id="another-header"),
    ],
)
def test_who_has_no_token(receiver: Receiver, token: str, headers: dict[str, str], challenge: str) -> None:
    headers = {name: value.replace("{token}", token) for name, value in headers.items()}
    refused = ask(receiver, body=form(url=POST), headers=headers)
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, challenge)
    assert token.encode() not in refused.body
    assert waiting(receiver) == []


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        pytest.param({"authorization": "Bearer {token}"}, {}, id="rfc6750-2.1-header"),
        pytest.param({"authorization": "bearer   {token} "}, {}, id="rfc9110-11.1-any-case"),
        pytest.param({}, {"access_token": "{token}"}, id="rfc6750-2.2-form"),
    ],
)
def test_who_has_the_token(receiver: Receiver, token: str, headers: dict[str, str], fields: dict[str, str]) -> None:
    headers = {name: value.replace("{token}", token) for name, value in headers.items()}
    fields = {name: value.replace("{token}", token) for name, value in fields.items()}
    assert ask(receiver, body=form(url=POST, **fields), headers=headers).status == 202


def test_never_by_the_query(receiver: Receiver, token: str) -> None:
    assert ask(receiver, body=form(url=POST), query=f"access_token={token}").status == 401


def test_the_token_is_given_in_one_place_only(receiver: Receiver, token: str) -> None:
    refused = ask(receiver, token=token, body=form(url=POST, access_token=token))
    assert refused.status == 400
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="pingback", error="invalid_request"'


def test_a_new_token_ends_the_one_before(receiver: Receiver, token: str, clock: Clock) -> None:
    new = receiver.store.secrets.new_token(now=clock())
    assert ask(receiver, token=token, body=form(url=POST)).status == 401
    assert ask(receiver, token=new, body=form(url=POST)).status == 202


def test_no_token_is_written_down(receiver: Receiver, token: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="pingback")
    ask(receiver, token=token, body=form(url=POST))
    ask(receiver, token="pingback_of_another", body=form(url=POST))
    assert token not in caplog.text
    assert "pingback_of_another" not in caplog.text
    assert "a wrong token for /publish, from 192.0.2.7" in caplog.text


# Tries


def test_wrong_tokens_are_limited_and_the_right_one_never(receiver: Receiver, token: str) -> None:
    tries = [ask(receiver, token="wrong", body=form(url=POST)) for _ in range(7)]
    assert [each.status for each in tries] == [401] * 5 + [429] * 2
    assert tries[-1].headers["Retry-After"] == "300"
    assert tries[-1].body == b"Too many wrong tokens. The next try may be in 5 minutes.\n"
    assert ask(receiver, token="wrong", body=form(url=POST), address="198.51.100.1").status == 401
    assert ask(receiver, token=token, body=form(url=POST)).status == 202


def test_parallel_wrong_tokens_are_limited_alike(receiver: Receiver, token: str) -> None:
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda n: ask(receiver, token=f"wrong-{n}", body=form(url=POST)).status, range(48)))
    assert sorted(found) == [401] * 5 + [429] * 43
    assert ask(receiver, token=token, body=form(url=POST)).status == 202


@pytest.mark.usefixtures("token")
def test_it_locks_nobody_out_of_the_inbox_nor_the_inbox_here(receiver: Receiver, clock: Clock) -> None:
    for _ in range(9):
        ask(receiver, token="wrong")
    assert [receiver.store.logins.attempt("192.0.2.7", now=clock()) is None for _ in range(6)] == [True] * 5 + [False]
    for _ in range(5):
        receiver.store.logins.attempt("198.51.100.1", now=clock())
    assert ask(receiver, token="wrong", address="198.51.100.1").status == 401


@pytest.mark.usefixtures("token")
def test_who_gives_none_is_not_counted(receiver: Receiver) -> None:
    assert [ask(receiver).status for _ in range(9)] == [401] * 9
    assert ask(receiver, token="wrong").status == 401


# What may be named


@pytest.mark.parametrize(
    ("content_type", "body", "named"),
    [
        pytest.param(FORM, form(url=POST), [("post", POST)], id="form"),
        pytest.param(f"{FORM}; charset=UTF-8", form(feed=FEED), [("feed", FEED)], id="form-feed"),
        pytest.param(None, form(url=POST), [("post", POST)], id="without-a-type"),
        pytest.param(
            FORM,
            b"url=https://my.example/1&url=https://my.example/2&url[]=https://other.example/blog/3",
            [("post", f"{SITE}1"), ("post", f"{SITE}2"), ("post", f"{OTHER_SITE}3")],
            id="form-several",
        ),
        pytest.param(JSON, json.dumps({"url": POST}).encode(), [("post", POST)], id="json"),
        pytest.param("application/ld+json", json.dumps({"feed": [FEED]}).encode(), [("feed", FEED)], id="json-feed"),
        pytest.param(
            JSON,
            json.dumps({"url": [POST, f"{POST}#top"], "feed": FEED, "more": [1]}).encode(),
            [("post", POST), ("feed", FEED)],
            id="json-both-each-once",
        ),
        pytest.param(FORM, form(url="http://MY.example:80/6 "), [("post", "http://MY.example:80/6")], id="equal-urls"),
        pytest.param(FORM, form(feed=CONFIGURED), [("feed", CONFIGURED)], id="configured-elsewhere"),
        pytest.param(
            FORM, form(feed="https://other.example/feed"), [("feed", "https://other.example/feed")], id="host"
        ),
        pytest.param(JSON, b'{"ref": "main", "url": null}', [("feed", CONFIGURED)], id="json-that-names-nothing"),
        pytest.param(FORM, b"", [("feed", CONFIGURED)], id="empty"),
        pytest.param(None, b" \n", [("feed", CONFIGURED)], id="blank"),
    ],
)
def test_what_is_published(
    receiver: Receiver, token: str, content_type: str | None, body: bytes, named: list[tuple[str, str]]
) -> None:
    done = ask(receiver, token=token, body=body, content_type=content_type)
    assert (done.status, done.headers["Content-Type"]) == (202, "application/json")
    assert _LOCATION.fullmatch(done.headers["Location"])
    assert sorted(waiting(receiver)) == sorted(named)


ELSEWHERE = "https://evil.example/6"


@pytest.mark.parametrize(
    ("content_type", "body", "status", "said"),
    [
        pytest.param("text/plain", b"url=x", 415, "This takes a form", id="text"),
        pytest.param("multipart/form-data; boundary=x", b"--x--", 415, "This takes a form", id="multipart"),
        pytest.param("text/xml", b"<url/>", 415, "This takes a form", id="xml"),
        pytest.param(JSON, b"{", 400, "the message is not JSON", id="no-json"),
        pytest.param(JSON, b"\xff\xfe", 400, "the message is not JSON", id="no-utf8"),
        pytest.param(JSON, b"[" * 60_000, 400, "the message is not JSON", id="deep"),
        pytest.param(JSON, b'["https://my.example/6"]', 400, "the message is no JSON object", id="json-list"),
        pytest.param(JSON, b'{"url": 6}', 400, "url is an address, or a list of addresses", id="json-number"),
        pytest.param(JSON, b'{"feed": [[]]}', 400, "feed is an address, or a list of addresses", id="json-nested"),
        pytest.param(FORM, form(url=""), 400, "“” is not an absolute HTTP URL", id="variable-not-set"),
        pytest.param(FORM, form(url="/part-6"), 400, "“/part-6” is not an absolute HTTP URL", id="relative"),
        pytest.param(FORM, form(url="file:///etc/passwd"), 400, "is not an absolute HTTP URL", id="file"),
        pytest.param(FORM, form(feed="feed.xml"), 400, "is not an absolute HTTP URL", id="configured-file"),
        pytest.param(FORM, form(url="https://a:b@my.example/6"), 400, "is not an absolute HTTP URL", id="credentials"),
        pytest.param(FORM, form(url=f"{POST}\r\nX: y"), 400, "is not an absolute HTTP URL", id="header-injection"),
        pytest.param(FORM, form(url=ELSEWHERE), 400, f"“{ELSEWHERE}” is not a page of this site", id="elsewhere"),
        pytest.param(FORM, form(url="https://my.example.evil.example/"), 400, "not a page of this site", id="prefix"),
        pytest.param(FORM, form(url="https://other.example/6"), 400, "not a page of this site", id="another-folder"),
        pytest.param(FORM, form(url="https://my.example:8443/"), 400, "not a page of this site", id="another-port"),
        pytest.param(FORM, form(feed=ELSEWHERE), 400, f"“{ELSEWHERE}” is no feed of this site", id="feed-elsewhere"),
        pytest.param(FORM, form(feed="https://my.example:8443/"), 400, "no feed of this site", id="feed-another-port"),
        pytest.param(FORM, form(feed="http://127.0.0.1/feed"), 400, "is no feed of this site", id="feed-loopback"),
        pytest.param(FORM, b"&".join([b"a=b"] * 101), 400, "the form has more than 100 fields", id="many-fields"),
        pytest.param(
            JSON,
            json.dumps({"url": [f"{SITE}{n}" for n in range(51)]}).encode(),
            400,
            "this takes 50 addresses at a time",
            id="many",
        ),
    ],
)
def test_what_is_not_published(
    receiver: Receiver, token: str, content_type: str, body: bytes, status: int, said: str
) -> None:
    refused = ask(receiver, token=token, body=body, content_type=content_type)
    assert refused.status == status
    assert said in refused.body.decode()
    assert refused.body.count(b"\n") == 1
    assert waiting(receiver) == []


def test_one_that_is_wrong_publishes_none(receiver: Receiver, token: str) -> None:
    body = json.dumps({"url": [POST, ELSEWHERE]}).encode()
    assert ask(receiver, token=token, body=body, content_type=JSON).status == 400
    assert waiting(receiver) == []


def test_where_no_feed_is_configured_something_is_to_be_named(receiver: Receiver, token: str) -> None:
    receiver.feeds = ("feed.xml",)
    refused = ask(receiver, token=token, body=b"{}", content_type=JSON)
    assert (refused.status, refused.body) == (400, b"what is to be published? name a url or a feed\n")


def test_as_many_as_there_may_be_have_an_address(receiver: Receiver, token: str) -> None:
    body = json.dumps({"url": [f"{SITE}{n}" for n in range(50)]}).encode()
    done = ask(receiver, token=token, body=body, content_type=JSON)
    assert len(done.headers["Location"]) < 600
    assert len(status_of(receiver, done.headers["Location"])["sources"]) == 50


def test_as_many_wait_as_may(receiver: Receiver, token: str, clock: Clock) -> None:
    receiver.store.readings.add_all([f"{SITE}{number}" for number in range(5_000)], now=clock())
    refused = ask(receiver, token=token, body=form(url=POST))
    assert (refused.status, refused.headers["Retry-After"]) == (503, "60")


def test_a_database_that_cannot_be_used(receiver: Receiver) -> None:
    receiver.store.close()
    refused = ask(receiver, token="x")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "30")


# What is said of it


def status_of(receiver: Receiver, location: str) -> dict[str, Any]:
    shown = ask(receiver, method="GET", path=location.removeprefix("https://my.example/mount"), content_type=None)
    assert (shown.status, shown.headers["Cache-Control"]) == (200, "no-store")
    found: dict[str, Any] = json.loads(shown.body)
    assert found.pop("location") == location
    return found


def source(url: str, status: str, *, kind: str = "post", message: str | None = None) -> dict[str, object]:
    return {"kind": kind, "source": url, "status": status, "message": message, "outcomes": []}


def test_named_twice_it_is_published_once(receiver: Receiver, token: str) -> None:
    first = ask(receiver, token=token, body=form(url=POST))
    again = ask(receiver, token=token, body=form(url=f"{POST}#top"))
    assert first.headers["Location"] == again.headers["Location"]
    assert waiting(receiver) == [("post", f"{POST}#top")]
    assert json.loads(first.body)["status"] == "waiting"


def test_from_waiting_to_done(receiver: Receiver, token: str, clock: Clock) -> None:
    location = ask(receiver, token=token, body=form(url=POST)).headers["Location"]
    assert status_of(receiver, location) == {
        "status": "waiting",
        "sources": [source(POST, "waiting")],
        "complete": True,
    }
    [job] = leased(receiver)
    receiver.store.readings.fail(job, clock(), message="no answer", now=clock())
    assert status_of(receiver, location)["sources"] == [source(POST, "waiting", message="no answer")]
    [job] = leased(receiver)
    receiver.store.readings.done(job, now=clock())
    assert status_of(receiver, location) == {"status": "done", "sources": [source(POST, "done")], "complete": True}


def test_given_up(receiver: Receiver, token: str, clock: Clock) -> None:
    location = ask(receiver, token=token, body=b"url=https://my.example/1&url=https://my.example/2").headers["Location"]
    one, two = leased(receiver)
    receiver.store.readings.done(one, status=ReadingStatus.FAILED, message="no answer", now=clock())
    assert status_of(receiver, location)["status"] == "waiting"
    receiver.store.readings.done(two, now=clock())
    assert status_of(receiver, location) == {
        "status": "failed",
        "sources": [source(f"{SITE}1", "failed", message="no answer"), source(f"{SITE}2", "done")],
        "complete": True,
    }


def test_a_post_is_done_when_its_pings_were_tried(receiver: Receiver, token: str, clock: Clock) -> None:
    location = ask(receiver, token=token, body=form(url=POST)).headers["Location"]
    [job] = leased(receiver)
    store = receiver.store
    plan(store, ELSEWHERE, source=POST, now=clock())
    store.readings.done(job, now=clock())
    waits = status_of(receiver, location)
    assert (waits["status"], waits["sources"][0]["outcomes"][0]["status"]) == ("waiting", "waiting")
    outcome = replace(ACCEPTED, source=POST, target=ELSEWHERE)
    tell(store, now=clock(), outcome=outcome)
    done = status_of(receiver, location)
    assert (done["status"], done["sources"][0]["outcomes"]) == ("done", [outcome.as_json()])


def test_a_feed_and_its_posts(receiver: Receiver, token: str, clock: Clock) -> None:
    location = ask(receiver, token=token, body=form(feed=FEED)).headers["Location"]
    [job] = leased(receiver)
    receiver.store.readings.feed_read(job, [FeedPost(POST, "a fingerprint")], now=clock())
    assert status_of(receiver, location) == {
        "status": "waiting",
        "sources": [source(FEED, "done", kind="feed"), source(POST, "waiting")],
        "complete": True,
    }


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda path: f"{path}x", id="longer"),
        pytest.param(lambda path: path[:-1], id="shorter"),
        pytest.param(lambda path: path.replace("/publish/", "/publish/x"), id="other-payload"),
        pytest.param(lambda path: path.rpartition(".")[0], id="no-signature"),
        pytest.param(lambda path: f"/publish/WzFd.{path.rpartition('.')[2]}", id="other-number"),
        pytest.param(lambda path: "/publish/1", id="number"),
        pytest.param(lambda path: "/publish/", id="nothing"),
        pytest.param(lambda path: f"/publish/{'x' * 8000}", id="long"),
    ],
)
def test_no_stranger_guesses_the_address(receiver: Receiver, token: str, changed: Any) -> None:
    ask(receiver, token=token, body=form(url=f"{SITE}0"))
    location = ask(receiver, token=token, body=form(url=POST)).headers["Location"]
    path = changed(location.removeprefix("https://my.example/mount"))
    assert ask(receiver, method="GET", path=path).status == 404


def test_the_address_ends_with_its_token(receiver: Receiver, token: str, clock: Clock) -> None:
    location = ask(receiver, token=token, body=form(url=POST)).headers["Location"]
    receiver.store.secrets.new_token(now=clock())
    assert ask(receiver, method="GET", path=location.removeprefix("https://my.example/mount")).status == 404


def test_the_status_page_takes_nothing(receiver: Receiver, token: str) -> None:
    location = ask(receiver, token=token, body=form(url=POST)).headers["Location"]
    refused = ask(receiver, token=token, path=location.removeprefix("https://my.example/mount"))
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_a_week_after_its_end_it_is_forgotten(receiver: Receiver, token: str, clock: Clock) -> None:
    location = ask(receiver, token=token, body=form(url=POST)).headers["Location"]
    [job] = leased(receiver)
    receiver.store.readings.done(job, now=clock())
    ask(receiver, token=token, body=form(url=f"{SITE}7"))
    [job] = leased(receiver)
    receiver.store.readings.done(job, now=clock() + timedelta(days=8))
    assert ask(receiver, method="GET", path=location.removeprefix("https://my.example/mount")).status == 404
