"""A ping that was answered with success, and whose source cannot be had: it is tried again, and between tries nothing
shows. The clock is moved by hand; all else is real.
"""

from pathlib import Path

import pytest
import requests

from pingback.model import MentionStatus, Protocol
from pingback.server.run import Server
from tests.loopback import page
from tests.paths.moved_clock import LINKING, NOBODY, RESET, TARGET, Blog, Source
from tests.paths.outside import mentions
from tests.paths.programs import PATIENCE, wait_until

ANSWERED = [Protocol.WEBMENTION, Protocol.PINGBACK, Protocol.TRACKBACK]


def waits(seconds: str, status: int = 503) -> bytes:
    return page(status=status, headers={"Retry-After": seconds})


@pytest.mark.parametrize(
    ("answer", "address", "fault"),
    [
        pytest.param(LINKING, None, 16, id="no-such-name"),
        pytest.param(LINKING, NOBODY, 16, id="refused"),
        pytest.param(LINKING, RESET, 16, id="reset"),
        pytest.param(b"", "127.0.0.1", 16, id="hangs-up"),
        pytest.param(page(status=500), "127.0.0.1", 50, id="500"),
        pytest.param(waits("5"), "127.0.0.1", 50, id="503-retry-after"),
        pytest.param(waits("soon"), "127.0.0.1", 50, id="503-retry-after-nonsense"),
        pytest.param(waits("5", 429), "127.0.0.1", 50, id="429"),
        pytest.param(page(status=408), "127.0.0.1", 50, id="408"),
        pytest.param(page(status=425), "127.0.0.1", 50, id="425"),
    ],
)
def test_what_may_pass_is_tried_again(
    blog: Blog, source: Source, answer: bytes, address: str | None, fault: int
) -> None:
    source.answer, source.address = answer, address
    site = blog.begin()
    assert blog.take().status is MentionStatus.PENDING
    between = blog.standing()
    assert (between["status"], between["fault"]) == ("rejected", fault)
    assert list(site.mentions(TARGET)) == []
    assert blog.heard == []
    source.works()
    after = blog.until("approved")
    assert (after["fault"], after["id"], after["received"]) == (None, between["id"], between["received"])
    assert [mention.source for mention in site.mentions(TARGET)] == [source.url]
    wait_until(lambda: blog.heard == [source.url])


@pytest.mark.parametrize("protocol", ANSWERED)
def test_each_protocol_has_its_pings_tried_again(blog: Blog, source: Source, protocol: Protocol) -> None:
    source.answer = waits("5")
    blog.begin()
    assert blog.take(protocol).status is MentionStatus.PENDING
    assert blog.standing()["fault"] == 50
    source.works()
    assert blog.until("approved")["protocol"] == protocol


def test_a_source_that_is_silent_is_tried_again(blog: Blog, source: Source) -> None:
    source.answer = lambda request: source.web.silence()
    blog.begin(timeout=1.0)
    blog.take()
    between = blog.standing()
    assert (between["status"], between["fault"]) == ("rejected", 16)
    source.works()
    blog.until("approved")


def test_a_pingback_that_was_answered_for_want_of_time_is_tried_again(blog: Blog, source: Source) -> None:
    source.answer = lambda request: source.web.silence()
    blog.begin(verify=None, answer_within=0.2, timeout=1.0)
    assert blog.take(Protocol.PINGBACK).status is MentionStatus.PENDING
    assert blog.standing()["fault"] == 16
    source.works()
    blog.until("approved")


def test_retry_after_is_heard(blog: Blog, source: Source) -> None:
    source.answer = waits("7200")
    blog.begin()
    blog.take()
    assert (blog.standing()["fault"], source.asked) == (50, 1)
    source.works()
    assert [blog.pass_by(minutes=17) for _ in range(7)] == [0] * 7  # just less than the two hours
    blog.until("approved")
    assert source.asked == 2


def test_the_status_page_says_the_same_of_a_blocked_an_unknown_and_a_silent_source(
    blog: Blog, source: Source, tmp_path: Path
) -> None:
    source.answer = lambda request: source.web.silence()
    sources = ["http://10.0.0.1/6", "http://unknown.example/6", source.url]
    with Server(blog.begin(timeout=1.0).wsgi()) as server:

        def send(each: str) -> requests.Response:
            form = {"source": each, "target": TARGET}
            return requests.post(f"{server.url}/webmention", data=form, timeout=PATIENCE)

        pages = [send(each).headers["Location"] for each in sources]
        wait_until(lambda: {row["status"] for row in mentions(tmp_path).values()} == {"rejected"})
        assert {requests.get(each, timeout=PATIENCE).text for each in pages} == {
            "the webmention is refused: the source does not exist\n"
        }
        assert [row["fault"] for row in mentions(tmp_path).values()] == [16, 16, 16]
        assert requests.get(f"{server.url}/mentions", {"target": TARGET}, timeout=PATIENCE).text.count("<li") == 0
        assert [send(each).status_code for each in sources] == [201, 201, 201]


@pytest.mark.parametrize("protocol", ANSWERED)
def test_a_new_ping_between_tries_is_taken_as_ever(blog: Blog, source: Source, protocol: Protocol) -> None:
    source.address = None
    blog.begin(verify=None)
    blog.take(Protocol.WEBMENTION)
    assert blog.standing()["fault"] == 16
    source.works()
    blog.take(protocol)  # and it is no fault 48
    assert blog.standing()["status"] == "approved"
    asked = source.asked
    assert [blog.pass_by(hours=6) for _ in range(10)] == [0] * 10  # the old job has nothing to do any more
    assert (blog.heard, source.asked) == ([source.url], asked)


def test_what_the_owner_decides_between_tries_stands(blog: Blog, source: Source) -> None:
    source.address = None
    site = blog.begin()
    blog.take()
    between = blog.standing()
    site.moderate([between["id"]], MentionStatus.SPAM)
    source.works()
    for _ in range(10):
        blog.pass_by(hours=6)
    assert blog.standing()["status"] == "spam"
    assert list(site.mentions(TARGET)) == []
