"""A ping that was answered with success comes to an end, whatever its source does, and whatever breaks here; and what
was answered with a no leaves nothing. The clock is moved by hand; all else is real.
"""

from pathlib import Path

import pytest

import pingback
from pingback.model import Mention, MentionStatus, Protocol
from tests.loopback import page
from tests.paths.moved_clock import LINKING, NOBODY, TARGET, Blog, Source
from tests.paths.outside import mentions
from tests.paths.programs import wait_until

DAY = 24


def days(blog: Blog, count: int) -> list[int]:
    """How often the source is asked on each of the next days, where somebody looks each hour."""
    return [sum(blog.pass_by(hours=1) for _ in range(DAY)) for _ in range(count)]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        pytest.param(page(status=404), 16, id="404"),
        pytest.param(page(status=410), 16, id="410"),
        pytest.param(page(status=403), 50, id="403"),
        pytest.param(page(status=401), 50, id="401"),
        pytest.param(page(b"<title>Six</title><p>It is so."), 17, id="no-link"),
    ],
)
@pytest.mark.parametrize("protocol", [Protocol.WEBMENTION, Protocol.PINGBACK])
def test_a_no_is_final(blog: Blog, source: Source, protocol: Protocol, answer: bytes, fault: int) -> None:
    source.answer = answer
    blog.begin()
    blog.take(protocol)
    first = blog.standing()
    assert (first["status"], first["fault"], source.asked) == ("rejected", fault, 1)
    source.works()
    assert days(blog, 3) == [0, 0, 0]
    assert blog.standing() == first


def test_an_address_that_the_guard_blocks_is_final(blog: Blog, source: Source) -> None:
    blog.begin()
    blog.take(source=source.url.replace("six.example", "10.0.0.1"))
    assert blog.standing()["fault"] == 16
    assert blog.pass_by(hours=1) == 0
    assert blog.site.run_due() == 0


@pytest.mark.parametrize(
    ("answer", "address", "fault"),
    [
        pytest.param(page(status=503), "127.0.0.1", 50, id="503"),
        pytest.param(page(status=503, headers={"Retry-After": "5"}), "127.0.0.1", 50, id="503-retry-after"),
        pytest.param(b"", "127.0.0.1", 16, id="hangs-up"),
    ],
)
def test_after_two_days_it_is_final(blog: Blog, source: Source, answer: bytes, address: str, fault: int) -> None:
    source.answer, source.address = answer, address
    blog.begin()
    blog.take()
    assert blog.standing()["fault"] == fault
    first_hour = sum(blog.pass_by(minutes=1) for _ in range(60))
    first, second, third = days(blog, 3)
    assert first_hour >= 3
    assert first >= 1
    assert 1 <= second <= DAY // 2  # less and less often, not each time that somebody looks
    assert third <= 1  # the last try, at the end of the two days
    source.works()
    assert days(blog, 3) == [0, 0, 0]
    end = blog.standing()
    assert (end["status"], end["fault"], blog.heard) == ("rejected", fault, [])
    blog.take()  # and yet a new ping is taken as ever
    blog.until("approved")


@pytest.mark.parametrize("address", [None, NOBODY], ids=["no-such-name", "refused"])
def test_what_was_never_reached_ends_too(blog: Blog, source: Source, address: str | None) -> None:
    source.address = address
    blog.begin()
    blog.take()
    assert blog.standing()["fault"] == 16
    days(blog, 3)
    source.works()
    assert days(blog, 3) == [0, 0, 0]
    assert blog.standing()["fault"] == 16


class Decider:
    """Raises what nobody foresaw, so often."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.asked = 0

    def __call__(self, mention: Mention) -> None:
        self.asked += 1
        if self.left:
            self.left -= 1
            raise ZeroDivisionError("nobody foresaw this")


@pytest.mark.parametrize("protocol", [Protocol.WEBMENTION, Protocol.PINGBACK])
def test_what_breaks_here_once_is_tried_again(blog: Blog, source: Source, protocol: Protocol) -> None:
    decider = Decider(1)
    site = blog.begin(decide=decider)
    blog.take(protocol)
    wait_until(lambda: decider.asked == 1)
    assert list(site.mentions(TARGET)) == []
    blog.until("approved")
    assert (decider.asked, source.asked) == (2, 2)
    wait_until(lambda: blog.heard == [source.url])


def test_what_breaks_here_always_comes_to_an_end(blog: Blog, source: Source) -> None:
    decider = Decider(10**6)
    blog.begin(decide=decider)
    blog.take()
    between = blog.standing()
    assert (between["status"], between["fault"]) == ("rejected", -32500)
    first, second, third = days(blog, 3)
    assert first >= 1
    assert 1 <= second <= DAY // 2
    assert third <= 1
    assert days(blog, 3) == [0, 0, 0]
    end = blog.standing()
    assert (end["status"], end["fault"]) == ("rejected", -32500)


def test_a_page_whose_entry_is_its_content_is_taken(blog: Blog, source: Source) -> None:
    link = f'I read <a href="{TARGET}">this</a> with joy.'
    source.answer = page(f'<title>Six</title><article class="hentry entry-content"><p>{link}</article>'.encode())
    blog.begin(verify="inline")
    assert blog.take(Protocol.PINGBACK).status is MentionStatus.APPROVED


@pytest.mark.parametrize(
    ("answer", "address", "fault"),
    [
        pytest.param(LINKING, None, 16, id="no-such-name"),
        pytest.param(page(status=404), "127.0.0.1", 16, id="404"),
        pytest.param(page(b"<p>no link"), "127.0.0.1", 17, id="no-link"),
        pytest.param(page(status=503, headers={"Retry-After": "5"}), "127.0.0.1", 50, id="503"),
        pytest.param(page(status=403), "127.0.0.1", 50, id="403"),
    ],
)
@pytest.mark.parametrize("protocol", [Protocol.WEBMENTION, Protocol.PINGBACK, Protocol.TRACKBACK])
def test_a_no_that_is_the_answer_leaves_nothing(
    blog: Blog, source: Source, tmp_path: Path, protocol: Protocol, answer: bytes, address: str | None, fault: int
) -> None:
    source.answer, source.address = answer, address
    site = blog.begin(verify="inline")
    with pytest.raises(pingback.Fault) as refused:
        blog.take(protocol)
    assert refused.value.code == fault
    assert mentions(tmp_path) == {}
    source.works()
    assert [blog.pass_by(hours=6) for _ in range(10)] == [0] * 10
    assert site.run_due() == 0
    assert mentions(tmp_path) == {}
