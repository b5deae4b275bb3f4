"""The clock says 2036 for a while, as it does where a battery is empty, and then the right time: nothing that was put
off then is put off for ten years. The clock is moved by hand; all else is real.
"""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import pingback
from pingback.model import Outcome, OutcomeStatus, Protocol
from tests.loopback import Request, page
from tests.loopback import Site as Web
from tests.paths.moved_clock import LINKING, Blog, Source
from tests.paths.outside import mentions, outbox
from tests.paths.programs import PATIENCE, wait_until
from tests.sending.far_sides import FarSide, post

WRONG = datetime(2036, 1, 1, 12, tzinfo=UTC)
RIGHT = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def blog(blog: Blog) -> Blog:
    blog.clock.instant = WRONG
    return blog


@pytest.fixture
def far_side() -> Iterator[FarSide]:
    with FarSide("/1", "/2") as far_side:
        yield far_side


@pytest.fixture(params=["running", "begun-anew"])
def again(request: pytest.FixtureRequest, blog: Blog) -> "Again":
    return Again(blog, anew=request.param == "begun-anew")


class Again:
    """The clock is right again, in the process that ran meanwhile or in the next one."""

    def __init__(self, blog: Blog, *, anew: bool) -> None:
        self._blog = blog
        self._anew = anew

    def __call__(self, **settings: object) -> pingback.Site:
        self._blog.clock.instant = RIGHT
        if self._anew:
            self._blog.site.close()
            self._blog.begin(**settings)  # type: ignore[arg-type]
        self._blog.site.run_due()  # somebody looks soon, and what was put off begins to count anew
        return self._blog.site


def publish(blog: Blog, far_side: FarSide, *paths: str) -> list[Outcome]:
    targets = [far_side.url + path for path in paths]
    with Web({"/post": post(*targets)}) as web:
        return blog.site.publish(f"{web.url}/post")


FAILING = page(status=503)
BUSY = page(status=429, headers={"Retry-After": "3600"})


@pytest.mark.parametrize(
    ("answer", "minutes"),
    [
        pytest.param(FAILING, 10, id="next-try"),
        pytest.param(BUSY, 75, id="pause-of-the-host"),
        pytest.param(page(status=503, headers={"Retry-After": "1800"}), 45, id="retry-after"),
    ],
)
def test_a_ping_out_is_due_within_its_usual_time(
    blog: Blog, far_side: FarSide, again: Again, tmp_path: Path, answer: bytes, minutes: float
) -> None:
    blog.begin(wait=0.0)
    far_side.answer = answer
    [outcome] = publish(blog, far_side, "/1")
    assert outcome.status in (OutcomeStatus.FAILED, OutcomeStatus.WAITING)
    far_side.answer = page(status=202)
    site = again(wait=0.0)
    blog.pass_by(minutes=minutes)
    assert outbox(tmp_path)[f"{far_side.url}/1"]["status"] == "accepted"
    assert {outcome.status for outcome in publish(blog, far_side, "/2")} == {OutcomeStatus.ACCEPTED}
    assert site.run_due() == 0


def test_what_goes_on_failing_ends_after_its_usual_days(
    blog: Blog, source: Source, far_side: FarSide, again: Again, tmp_path: Path
) -> None:
    """That of a ping out after five, that of a ping in after two."""
    source.answer = far_side.answer = FAILING
    blog.begin(wait=0.0)
    publish(blog, far_side, "/1")
    blog.take()
    assert blog.standing()["fault"] == 50
    again(wait=0.0)
    asked = [blog.pass_by(hours=6) for _ in range(4 * 8)]
    assert sum(asked[:8]) > 0
    assert sum(asked[12:]) == 0
    assert outbox(tmp_path)[f"{far_side.url}/1"]["status"] == "gone"


@pytest.mark.parametrize("answer", [FAILING, BUSY], ids=["next-try", "retry-after"])
def test_a_ping_in_is_due_within_its_usual_time(blog: Blog, source: Source, again: Again, answer: bytes) -> None:
    source.answer = answer
    blog.begin()
    blog.take()
    assert blog.standing()["fault"] == 50
    source.works()
    again()
    blog.pass_by(minutes=75)
    assert blog.standing()["status"] == "approved"


def test_what_a_process_has_in_hand_is_anothers_after_the_usual_time(
    blog: Blog, source: Source, tmp_path: Path
) -> None:
    """It lives and says nothing: this one does not know that it hangs."""
    go_on, asked = threading.Event(), threading.Event()

    def hanging(request: Request) -> bytes:
        asked.set()
        go_on.wait(PATIENCE)
        return LINKING

    source.answer = hanging
    hangs = blog.begin()
    blog.take()
    assert asked.wait(PATIENCE)
    blog.clock.instant = RIGHT
    source.works()
    try:
        other = blog.begin()
        assert other is not hangs
        blog.pass_by(minutes=1)
        blog.pass_by(minutes=60)
        wait_until(lambda: [row["status"] for row in mentions(tmp_path).values()] == ["approved"])
    finally:
        go_on.set()


def test_a_mention_that_is_pinged_again_is_looked_at(blog: Blog, source: Source, again: Again) -> None:
    blog.begin(reverify_after_days=0)
    blog.take()
    assert blog.standing()["status"] == "approved"
    source.works(page(status=410))
    again(reverify_after_days=0)
    with pytest.raises(pingback.Fault) as known:
        blog.take(Protocol.PINGBACK)
    assert known.value.code == 48
    wait_until(lambda: blog.standing()["status"] == "deleted")


def test_a_mention_that_nobody_pings_again_is_looked_at(blog: Blog, source: Source, again: Again) -> None:
    blog.begin()
    blog.take()
    assert blog.standing()["status"] == "approved"
    source.works(page(status=410))
    again()
    blog.pass_by(days=31)
    wait_until(lambda: blog.standing()["status"] == "deleted")


def test_notifications_go_out_within_their_usual_time(blog: Blog, source: Source, again: Again) -> None:
    """A webhook that failed rests for a while."""
    with Web({"/hook": page(status=503)}) as hook:
        settings = {"notify_webhook": f"{hook.url}/hook"}
        blog.begin(**settings)  # type: ignore[arg-type]
        blog.take()
        assert blog.standing()["status"] == "approved"
        blog.pass_by(seconds=10)
        wait_until(lambda: len(hook.requests) > 0)
        blog.pass_by(hours=1)
        hook.pages["/hook"] = page()
        again(**settings)
        before = len(hook.requests)
        blog.pass_by(hours=6)
        wait_until(lambda: len(hook.requests) > before)


@pytest.mark.parametrize("wrong", [datetime(2016, 1, 1, tzinfo=UTC), WRONG], ids=["2016", "2036"])
def test_news_of_a_wrong_clock_is_told_once(blog: Blog, source: Source, again: Again, wrong: datetime) -> None:
    blog.clock.instant = wrong
    blog.begin()
    blog.take()
    wait_until(lambda: blog.heard == [source.url])
    again()
    blog.pass_by(days=1)
    assert blog.heard == [source.url]
