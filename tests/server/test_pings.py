"""`pingback.server.pings`, by Webmention: what a sender hears, and the status page (Webmention §3.2)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from pingback.errors import Fault
from pingback.jobs.limits import Rate
from pingback.model import Mention, MentionStatus, Protocol
from pingback.server.app import handle
from pingback.server.http import Request, Response
from pingback.store import Store
from pingback.store.keys import pair_of
from tests.paths.programs import wait_until
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Page, Pages
from tests.server.conftest import SITE, SOURCE, TARGET

FORM = "application/x-www-form-urlencoded"
PAIR = pair_of(SOURCE, TARGET)
PAGE = f"https://my.example/mount/webmention/{PAIR}"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


@pytest.fixture
def queuing(store: Store, pages: Pages) -> Iterator[Receiver]:
    """A receiver that queues webmentions, as `pingback serve` does."""
    with Receiver(site=SITE, store=store, client=pages, queued=[Protocol.WEBMENTION], clock=Clock()) as receiver:
        yield receiver
        pages.gate.set()


def send(
    receiver: Receiver,
    body: bytes | Mapping[str, str] = {"source": SOURCE, "target": TARGET},
    content_type: str | None = FORM,
) -> Response:
    request = Request(
        method="POST",
        path="/webmention",
        raw_path="/webmention",
        body=body if isinstance(body, bytes) else urlencode(body).encode(),
        content_type=content_type,
        remote_addr="192.0.2.7",
        base="https://my.example/mount",
    )
    return handle(request, receiver)


def look(receiver: Receiver, pair: str = PAIR) -> Response:
    path = f"/webmention/{pair}"
    return handle(Request(method="GET", path=path, raw_path=path), receiver)


def test_W14_queued_is_201_with_a_status_page(queuing: Receiver, store: Store, pages: Pages) -> None:
    pages.gate.clear()
    response = send(queuing)
    assert (response.status, response.headers["Location"]) == (201, PAGE)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert look(queuing).body == b"the webmention is waiting to be verified\n"
    assert send(queuing).status == 201  # known, and no difference
    pages.wait_until_asked()
    pages.gate.set()
    wait_until(lambda: look(queuing).body == b"the webmention is shown\n")
    assert [mention.protocol for mention in store.mentions.list()] == [Protocol.WEBMENTION]
    assert pages.asked[0][1]["User-Agent"].endswith("verifying webmention from 192.0.2.7")


def test_W14_verified_inline_is_200(receiver: Receiver) -> None:
    for _ in range(2):  # the second time it is known
        response = send(receiver)
        assert (response.status, response.body) == (200, b"the webmention is shown\n")
        assert "Location" not in response.headers


def test_W14_not_verified_in_time_is_201(store: Store, pages: Pages) -> None:
    pages.gate.clear()
    with Receiver(site=SITE, store=store, client=pages, answer_within=0.0) as receiver:
        for _ in range(2):
            response = send(receiver)
            assert (response.status, response.headers["Location"]) == (201, PAGE)
        pages.gate.set()


def test_a_known_pair_is_queued_too(queuing: Receiver) -> None:
    queuing.ping(SOURCE, TARGET)
    response = send(queuing)
    assert (response.status, response.headers["Location"]) == (201, PAGE)
    assert look(queuing).body == b"the webmention is shown\n"


def pair(**fields: str) -> dict[str, str]:
    return {"source": SOURCE, "target": TARGET} | fields


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({}, "source is missing", id="W6-nothing"),
        pytest.param({"target": TARGET}, "source is missing", id="W6-no-source"),
        pytest.param({"source": SOURCE}, "target is missing", id="W6-no-target"),
        pytest.param(pair(source=" "), "source is missing", id="W6-blank"),
        pytest.param(pair(source="/post"), "source is not an absolute HTTP URL", id="W15-relative"),
        pytest.param(pair(source="ftp://a.example/"), "source is not an absolute HTTP URL", id="W15-scheme"),
        pytest.param(pair(target="mailto:a@a.example"), "target is not an absolute HTTP URL", id="W15-target-scheme"),
        pytest.param(pair(source="https://" + "x" * 9000), "source is not an absolute HTTP URL", id="W15-too-long"),
        pytest.param(pair(source=TARGET), "source and target are the same page", id="W15-same"),
        pytest.param(pair(source=f"{TARGET}#top"), "source and target are the same page", id="W15-same-but-fragment"),
        pytest.param(
            urlencode(pair()).encode() + b"&source=https://b.example/", "source is given more than once", id="W6-twice"
        ),
        pytest.param(pair(target="https://other.example/"), "the target is not a page of this site", id="W21-33"),
        pytest.param(pair(target="https://my.example/gone"), "the target does not exist", id="W21-32"),
        pytest.param(pair(source="https://own.example/x"), "comments are closed", id="W21-49"),
        pytest.param(pair(source="https://none.example/"), "does not exist, or cannot be reached", id="W21-16"),
        pytest.param(pair(source="https://plain.example/"), "does not link to", id="W21-17"),
        pytest.param(pair(source="https://broken.example/"), "answered with an error", id="W21-50"),
    ],
)
def test_what_is_the_senders_is_400_with_a_reason(
    store: Store, pages: Pages, body: bytes | Mapping[str, str], words: str
) -> None:
    def target_exists(target: str) -> bool:
        return target != "https://my.example/gone"

    def decide(mention: Mention) -> MentionStatus:
        if "own.example" in mention.source:
            raise Fault(49, "comments are closed")
        return MentionStatus.APPROVED

    pages.web["https://plain.example/"] = Page("nothing")
    pages.web["https://broken.example/"] = Page(status=500)
    pages.web["https://own.example/x"] = pages.web[SOURCE]
    with Receiver(site=SITE, store=store, client=pages, target_exists=target_exists, decide=decide) as receiver:
        response = send(receiver, body)
    assert (response.status, response.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert words in response.body.decode()
    assert list(store.mentions.list()) == []


@pytest.mark.parametrize("content_type", ["text/xml", "application/json", "multipart/form-data; boundary=x"])
def test_W6_what_is_no_form(receiver: Receiver, content_type: str) -> None:
    response = send(receiver, content_type=content_type)
    assert (response.status, response.body[:25]) == (400, b"the message is not a form")


def test_too_many_waiting_is_503(queuing: Receiver, store: Store, pages: Pages) -> None:
    pages.gate.clear()
    for number in range(2 + 8 + 50):
        send(queuing, pair(source=f"https://a.example/{number}"))
    response = send(queuing)
    assert (response.status, response.headers["Retry-After"]) == (503, "60")
    assert store.mentions.find_pair(PAIR) is None


def test_a_sender_that_is_too_fast_is_429(store: Store, pages: Pages) -> None:
    with Receiver(site=SITE, store=store, client=pages, rate=Rate("1/hour")) as receiver:
        responses = [send(receiver) for _ in range(2)]
    assert [response.status for response in responses] == [200, 429]
    assert 0 < int(responses[1].headers["Retry-After"]) <= 3600


def test_W22_a_bug_is_500_and_says_no_more(store: Store, pages: Pages, caplog: pytest.LogCaptureFixture) -> None:
    def broken(mention: Mention) -> MentionStatus:
        raise ZeroDivisionError("a secret")

    with Receiver(site=SITE, store=store, client=pages, decide=broken) as receiver:
        response = send(receiver)
    assert (response.status, response.body) == (500, b"something went wrong here\n")
    assert "ZeroDivisionError: a secret" in caplog.text


@pytest.mark.parametrize("ask", [send, look])
def test_W22_a_database_that_fails_is_503(queuing: Receiver, store: Store, ask: Callable[[Receiver], Response]) -> None:
    store.close()
    response = ask(queuing)
    assert (response.status, b"database" in response.body) == (503, False)


# The status page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"status": MentionStatus.PENDING, "verified": None}, "waiting to be verified", id="unverified"),
        pytest.param({"status": MentionStatus.PENDING}, "received, and not shown", id="pending"),
        pytest.param({"status": MentionStatus.SPAM}, "received, and not shown", id="spam"),
        pytest.param({"status": MentionStatus.SPAM, "verified": None}, "received, and not shown", id="spam-unverified"),
        pytest.param({"status": MentionStatus.SPAM, "fault": 17}, "withdrawn", id="spam-without-the-link"),
        pytest.param({"status": MentionStatus.APPROVED}, "shown", id="approved"),
        pytest.param({"status": MentionStatus.DELETED}, "withdrawn", id="deleted"),
        pytest.param(
            {"status": MentionStatus.REJECTED, "verified": None, "fault": 17},
            "refused: the source does not link to the target",
            id="17",
        ),
        pytest.param(
            {"status": MentionStatus.REJECTED, "verified": None, "fault": 4711},
            "refused: the ping was refused for a reason without a code of its own",
            id="a-code-of-the-blog-engine",
        ),
    ],
)
def test_how_it_stands(queuing: Receiver, store: Store, given: Mapping[str, Any], words: str) -> None:
    now = Clock()()
    mention = Mention(
        source=SOURCE,
        target=TARGET,
        protocol=Protocol.WEBMENTION,
        status=MentionStatus.APPROVED,
        received=now,
        verified=now,
        title="A stranger's words",
    )
    store.mentions.keep(replace(mention, **given))
    response = look(queuing)
    assert (response.status, response.body.decode()) == (200, f"the webmention is {words}\n")
    assert response.headers == {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def test_that_the_owner_deleted_it_is_nobody_s_business(queuing: Receiver, store: Store) -> None:
    mention = queuing.ping(SOURCE, TARGET, protocol=Protocol.WEBMENTION)
    store.moderation.decide([mention.id or 0], MentionStatus.DELETED)
    assert look(queuing).body == b"the webmention is received, and not shown\n"


@pytest.mark.parametrize("decision", [MentionStatus.SPAM, MentionStatus.DELETED])
def test_nor_is_what_the_owner_decides_on_what_was_refused(
    queuing: Receiver, store: Store, decision: MentionStatus
) -> None:
    mention = queuing.ping(SOURCE, TARGET, protocol=Protocol.WEBMENTION)
    store.mentions.update(replace(mention, status=MentionStatus.REJECTED, fault=16))
    store.moderation.decide([mention.id or 0], decision)
    assert look(queuing).body == b"the webmention is refused: the source does not exist\n"


@pytest.mark.parametrize("key", ["", "0" * 64, PAIR.upper(), PAIR[:-1], PAIR + "0", PAIR + "/", "%00", "1" * 9000])
def test_a_page_for_nothing(queuing: Receiver, key: str) -> None:
    queuing.ping(SOURCE, TARGET)
    assert look(queuing, key).status == 404
