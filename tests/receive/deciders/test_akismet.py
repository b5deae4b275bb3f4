"""`pingback.receive.deciders.akismet`: its API, as documented, on a loopback socket behind the guarded client."""

import logging
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest

from pingback.model import Author, Content, Mention, MentionKind, MentionStatus, Protocol
from pingback.net.client import Client, Limits
from pingback.receive.deciders.akismet import Akismet
from tests.loopback import Page, Site, page
from tests.receive.deciders.mentions import ARRIVED, arrived

CHECK, SPAM, HAM = "/1.1/comment-check", "/1.1/submit-spam", "/1.1/submit-ham"
THANKS = page(b"Thanks for making the web a better place.")
MENTION = arrived(protocol=Protocol.WEBMENTION, author=Author(name="Ann"))


@pytest.fixture
def api() -> Iterator[Site]:
    with Site({CHECK: page(b"false"), SPAM: THANKS, HAM: THANKS}) as api:
        yield api


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=60.0)) as client:
        yield client


@pytest.fixture
def akismet(api: Site, client: Client) -> Akismet:
    return Akismet(key="k3y", site="https://my.example/blog/", client=client, api=api.url)


def asked(api: Site) -> list[str]:
    return [request.path for request in api.requests]


def test_what_it_is_told(api: Site, akismet: Akismet) -> None:
    akismet.decide(MENTION)
    [request] = api.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(request.body.decode())) == {
        "api_key": "k3y",
        "blog": "https://my.example/blog/",
        "user_ip": "198.51.100.7",
        "blog_charset": "UTF-8",
        "comment_type": "webmention",
        "comment_author": "Ann",
        "comment_author_url": "https://a.example/post",
        "comment_content": "A post\nwords around the link",
        "comment_date_gmt": "2026-01-02T12:00:00+00:00",
        "permalink": "https://my.example/blog/part-5",
    }


@pytest.mark.parametrize(
    ("answer", "opinion"),
    [
        pytest.param(page(b"true"), MentionStatus.SPAM, id="spam"),
        pytest.param(page(b"true", headers={"X-akismet-pro-tip": "discard"}), MentionStatus.SPAM, id="blatant-spam"),
        pytest.param(page(b"false"), None, id="ham-is-not-approved-by-that"),
        pytest.param(page(b"invalid"), None, id="wrong-key"),
        pytest.param(page(b"<html>" * 1000), None, id="something-else"),
        pytest.param(page(b"true", status=500), None, id="error"),
        pytest.param(b"", None, id="no-answer"),
        pytest.param(lambda _: iter(()), None, id="hangs-up"),
    ],
)
def test_opinion(api: Site, akismet: Akismet, answer: Page, opinion: MentionStatus | None) -> None:
    api.pages[CHECK] = answer
    assert akismet.decide(MENTION) is opinion


def test_a_service_that_is_too_slow_has_no_opinion(api: Site) -> None:
    api.pages[CHECK] = lambda _: api.silence()
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=0.1)) as hasty:
        akismet = Akismet(key="k3y", site="https://my.example/blog/", client=hasty, api=api.url)
        assert akismet.decide(MENTION) is None


def test_the_guard_holds_here_too(api: Site) -> None:
    with Client() as client:
        akismet = Akismet(key="k3y", site="https://my.example/", client=client, api=api.url)
        assert akismet.decide(MENTION) is None
    assert api.connections == 0


def test_without_the_sender_s_address_it_is_not_asked(api: Site, akismet: Akismet) -> None:
    assert akismet.decide(arrived(client_ip=None)) is None
    akismet.learn(MentionStatus.PENDING, arrived(client_ip=None, status=MentionStatus.SPAM))
    assert asked(api) == []


def test_only_the_first_failure_in_a_row_is_a_warning(
    api: Site, akismet: Akismet, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([page(b"invalid"), page(b"invalid"), page(b"false"), page(b"invalid")])
    api.pages[CHECK] = lambda _: next(answers)
    with caplog.at_level(logging.WARNING, logger="pingback"):
        for _ in range(4):
            akismet.decide(MENTION)
    assert [record.getMessage() for record in caplog.records] == [
        "Akismet has no answer: Akismet API key and/or site URL are invalid."
    ] * 2
    assert "k3y" not in caplog.text


_PENDING, _APPROVED = MentionStatus.PENDING, MentionStatus.APPROVED
_SPAM, _DELETED = MentionStatus.SPAM, MentionStatus.DELETED


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(_PENDING, _SPAM, [SPAM], id="spam-that-it-missed"),
        pytest.param(_APPROVED, _SPAM, [SPAM], id="spam-that-was-shown"),
        pytest.param(_SPAM, _APPROVED, [HAM], id="no-spam"),
        pytest.param(_SPAM, _SPAM, [], id="spam-that-it-found"),
        pytest.param(_PENDING, _APPROVED, [], id="approved-as-expected"),
        pytest.param(_SPAM, _DELETED, [], id="deleted-says-nothing"),
        pytest.param(_PENDING, _DELETED, [], id="pending-deleted-says-nothing"),
    ],
)
def test_it_learns_from_the_owner(
    api: Site, akismet: Akismet, before: MentionStatus, after: MentionStatus, told: list[str]
) -> None:
    akismet.learn(before, arrived(status=after))
    assert asked(api) == told


def test_what_it_cannot_be_told_is_no_trouble(api: Site, akismet: Akismet) -> None:
    del api.pages[SPAM]
    akismet.learn(_PENDING, arrived(status=_SPAM))
    assert asked(api) == [SPAM]


@pytest.mark.parametrize(
    ("mention", "author"),
    [
        pytest.param(arrived(author=Author(url="https://a.example/"), site_name="A"), "A", id="site"),
        pytest.param(ARRIVED, "A post", id="title"),
        pytest.param(arrived(title=None, author=Author(url="https://a.example/")), "https://a.example/", id="address"),
    ],
)
def test_who_is_named_without_an_author(api: Site, akismet: Akismet, mention: Mention, author: str) -> None:
    akismet.decide(mention)
    assert dict(parse_qsl(api.requests[0].body.decode()))["comment_author"] == author


@pytest.mark.parametrize(
    ("kind", "called"),
    [
        pytest.param(MentionKind.REPLY, "comment", id="reply"),
        pytest.param(MentionKind.RSVP, "comment", id="rsvp"),
        pytest.param(MentionKind.LIKE, "like", id="like"),
        pytest.param(MentionKind.REPOST, "repost", id="repost"),
        pytest.param(MentionKind.BOOKMARK, "bookmark", id="bookmark"),
        pytest.param(MentionKind.MENTION, "pingback", id="mention"),
    ],
)
def test_of_which_kind_it_is(api: Site, akismet: Akismet, kind: MentionKind, called: str) -> None:
    akismet.decide(arrived(kind=kind))
    assert dict(parse_qsl(api.requests[0].body.decode()))["comment_type"] == called


def test_it_is_told_all_of_a_reply_and_where_it_stands(api: Site, akismet: Akismet) -> None:
    content = Content(text="I do it\notherwise.", html="<p>I do it<br>otherwise.</p>")
    akismet.decide(arrived(title=None, content=content, permalink="https://a.example/notes/6"))
    told = dict(parse_qsl(api.requests[0].body.decode()))
    assert told["comment_content"] == "I do it\notherwise."
    assert told["comment_author_url"] == "https://a.example/notes/6"
