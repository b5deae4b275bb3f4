"""`pingback.Site.publish`: at once, and later by whatever the site has at hand."""

import threading
from pathlib import Path
from typing import Any

import pytest

import pingback
from pingback.clock import now
from tests.loopback import Request, Site, page
from tests.paths.programs import wait_until
from tests.receive.pages import PATIENCE
from tests.sending.far_sides import FarSide
from tests.store.sent import plan

MY = "https://my.example/"


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/pingback.db?timeout=60"


def made(store: str, **options: Any) -> pingback.Site:
    return pingback.Site(MY, store=store, allow_networks=["127.0.0.0/8"], **options)


def test_all_is_sent_when_it_returns(blog: Site, far_side: FarSide, store: str) -> None:
    heard: list[pingback.Outcome] = []
    with made(store) as site:
        outcomes = site.publish(f"{blog.url}/6", on_outcome=heard.append)
        assert far_side.heard == [(f"{blog.url}/6", f"{far_side.url}/1")]
    assert [outcome.status for outcome in outcomes] == [pingback.OutcomeStatus.ACCEPTED]
    assert heard == outcomes


def test_by_the_settings_of_the_site(blog: Site, far_side: FarSide, store: str) -> None:
    with made(store, excepted=["127.0.0.2"]) as site:
        assert site.publish(f"{blog.url}/6") == []
        assert site.publish(f"{blog.url}/6", options=pingback.PublishOptions())[0].status == "accepted"


def test_of_a_post_at_hand(blog: Site, far_side: FarSide, store: str) -> None:
    with made(store) as site:
        site.publish(f"{blog.url}/6", f'<a href="{far_side.url}/2">two</a>')
    assert far_side.targets == ["/2"]


def test_later_in_the_background(blog: Site, far_side: FarSide, store: str) -> None:
    asked, go_on = threading.Event(), threading.Event()
    there = blog.pages["/6"]
    assert isinstance(there, bytes)

    def held(request: Request) -> bytes:
        asked.set()
        assert go_on.wait(PATIENCE)
        return there

    blog.pages["/6"] = held
    with made(store) as site:
        assert site.publish(f"{blog.url}/6", wait=False) == []
        assert asked.wait(PATIENCE)
        go_on.set()
        wait_until(lambda: [ping.told for ping in site.store.outbox.pings()] == [True])
    assert far_side.targets == ["/1"]


def test_later_by_run_due_without_a_thread(blog: Site, far_side: FarSide, store: str) -> None:
    name_to_be_published(store, f"{blog.url}/6")
    with made(store) as site:
        assert site.run_due(seconds=0) == 0
        assert (site.run_due(seconds=PATIENCE), site.run_due()) == (2, 0)  # the post, and its ping
    assert far_side.targets == ["/1"]


def name_to_be_published(store: str, source: str) -> None:
    """As a process did that has come to its end."""
    with pingback.Store(store) as kept:
        kept.readings.add(source, now=now())


def test_later_by_a_site_that_is_started_anew(blog: Site, far_side: FarSide, store: str) -> None:
    name_to_be_published(store, f"{blog.url}/6")
    with made(store) as site:
        site.start()
        wait_until(lambda: [ping.told for ping in site.store.outbox.pings()] == [True])


def test_later_with_all_that_is_published_or_tried_again(blog: Site, far_side: FarSide, store: str) -> None:
    name_to_be_published(store, f"{blog.url}/6")
    with made(store) as site:
        assert site.publish_all([f"{blog.url}/7"]) == {"accepted": 2}
    name_to_be_published(store, f"{blog.url}/6")
    with made(store) as site:
        assert site.retry() == {}
    assert sorted(far_side.targets) == ["/1", "/2"]


def test_what_is_due_is_tried_again(blog: Site, far_side: FarSide, store: str) -> None:
    with pingback.Store(store) as kept:
        plan(kept, f"{far_side.url}/1", source=f"{blog.url}/6", now=now())
    heard: list[pingback.Outcome] = []
    with made(store) as site:
        assert site.retry(on_outcome=heard.append) == {"accepted": 1}
    assert [outcome.target for outcome in heard] == [f"{far_side.url}/1"]


def test_a_site_that_is_closed_publishes_nothing(store: str) -> None:
    site = made(store)
    site.close()
    for wait in (True, False):
        with pytest.raises(ValueError, match="closed"):
            site.publish("https://my.example/6", wait=wait)


def test_closing_does_not_wait_for_a_far_side_that_is_silent(
    blog: Site, far_side: FarSide, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def held(request: Request) -> bytes:
        asked.set()
        assert go_on.wait(PATIENCE)
        return page(status=202)

    far_side.answer = held
    before = set(threading.enumerate())
    site = made(store)
    site.publish(f"{blog.url}/6", wait=False)
    assert asked.wait(PATIENCE)
    ours = [each for each in set(threading.enumerate()) - before if each.name == "pingback-jobs"]
    assert len(ours) == 1
    site.close()
    assert not go_on.is_set()
    go_on.set()
    for thread in ours:
        thread.join(PATIENCE)
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    sent = f"{blog.url}/6 to {far_side.url}/1"
    assert errors == [f"what came of deliver 1 is lost, and may be sent twice: {sent}"]
