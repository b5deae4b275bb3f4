"""`pingback.store.memory`, by way of `Outbox`: discoveries, pauses and posts."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pingback.model import Discovery, Endpoint, KnownPost, Protocol, Via
from pingback.store import Store
from pingback.store.outbox import Outbox
from tests.store.sent import HOUR, MINUTE, NOON, ONE, POST, RETELLING, TWO

DAY = timedelta(days=1)
FOUND = Discovery(
    target=ONE,
    url="https://one.example/final",
    endpoints=(
        Endpoint(protocol=Protocol.WEBMENTION, url="https://one.example/wm?a=ü", via=Via.HEADER),
        Endpoint(protocol=Protocol.TRACKBACK, url="https://one.example/tb", via=Via.RDF),
    ),
)


@pytest.mark.parametrize(
    "discovery", [pytest.param(FOUND, id="two-endpoints"), pytest.param(replace(FOUND, endpoints=()), id="none")]
)
def test_a_discovery_is_remembered_until_its_end(outbox: Outbox, discovery: Discovery) -> None:
    outbox.remember(discovery, until=NOON + HOUR)
    assert outbox.recall(ONE, now=NOON) == discovery
    assert outbox.recall("http://One.example#part", now=NOON) == replace(discovery, target="http://One.example#part")
    assert outbox.recall(TWO, now=NOON) is None
    assert outbox.recall(ONE, now=NOON + HOUR) is None


def test_a_later_discovery_takes_the_place_of_the_first(outbox: Outbox) -> None:
    outbox.remember(FOUND, until=NOON + HOUR)
    outbox.remember(replace(FOUND, endpoints=()), until=NOON + MINUTE)
    assert outbox.recall(ONE, now=NOON) == replace(FOUND, endpoints=())
    assert outbox.recall(ONE, now=NOON + MINUTE) is None


def test_a_discovery_can_be_forgotten(outbox: Outbox) -> None:
    outbox.remember(FOUND, until=NOON + HOUR)
    outbox.forget(TWO)
    assert outbox.recall(ONE, now=NOON) == FOUND
    outbox.forget("http://one.example/")
    assert outbox.recall(ONE, now=NOON) is None


def test_old_discoveries_go_as_new_ones_come(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        for number in range(5):
            store.outbox.remember(replace(FOUND, target=f"https://b.example/{number}"), until=NOON + number * HOUR)
        store.outbox.remember(FOUND, until=NOON + 3 * HOUR + DAY)
    with closing(sqlite3.connect(tmp_path / "pingback.db")) as connection:
        assert connection.execute("SELECT count(*) FROM pingback_discoveries").fetchone() == (2,)


def test_a_pause_ends_and_never_gets_shorter(outbox: Outbox) -> None:
    assert outbox.paused_until("one.example", now=NOON) is None
    outbox.pause("one.example", until=NOON + MINUTE)
    outbox.pause("one.example", until=NOON + HOUR)
    outbox.pause("one.example", until=NOON + MINUTE)
    assert outbox.paused_until("one.example", now=NOON) == NOON + HOUR
    assert outbox.paused_until("two.example", now=NOON) is None
    assert outbox.paused_until("one.example", now=NOON + HOUR) is None


def test_pauses_that_ended_are_dropped_by_a_claim(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        store.outbox.pause("one.example", until=NOON)
        store.outbox.pause("two.example", until=NOON + MINUTE)
        store.outbox.claim(now=NOON, lease=MINUTE, limit=1, per_host=1)
    with closing(sqlite3.connect(tmp_path / "pingback.db")) as connection:
        assert connection.execute("SELECT host FROM pingback_pauses").fetchall() == [("two.example",)]


def test_a_post_is_known_as_it_was_last_seen(outbox: Outbox) -> None:
    assert outbox.post(POST) is None
    outbox.keep_post(POST, "first", now=NOON)
    assert outbox.post("http://A.example/post") == KnownPost(source=POST, fingerprint="first", seen=NOON, gone=False)
    outbox.keep_post(POST, "second", now=NOON + HOUR)
    assert outbox.post(POST) == KnownPost(source=POST, fingerprint="second", seen=NOON + HOUR, gone=False)


def test_the_posts_of_a_site_that_are_not_gone(outbox: Outbox) -> None:
    for path in ("blog", "blog/1", "blog/2?draft", "blogger", ""):
        outbox.keep_post(f"https://a.example/{path}", "x", now=NOON)
    outbox.keep_post("https://b.example/blog/1", "x", now=NOON)
    outbox.plan_gone("https://a.example/blog/1", now=NOON, retelling=RETELLING)
    assert [post.source for post in outbox.posts_under("http://a.example/blog/")] == [
        "https://a.example/blog",
        "https://a.example/blog/2?draft",
    ]
    assert len(list(outbox.posts_under("https://a.example"))) == 4


def test_more_posts_than_a_page_come_once_each() -> None:
    sources = [f"https://a.example/{number}" for number in range(501)]
    with Store("sqlite://") as store:
        for source in sources:
            store.outbox.keep_post(source, "x", now=NOON)
        assert [post.source for post in store.outbox.posts_under("https://a.example/")] == sources


def test_a_callers_mistake_is_a_value_error(outbox: Outbox) -> None:
    for use in (
        lambda: outbox.remember(replace(FOUND, target="/1"), until=NOON),
        lambda: outbox.remember(FOUND, until=NOON.replace(tzinfo=None)),
        lambda: outbox.recall("/1", now=NOON),
        lambda: outbox.pause("one.example", until=NOON.replace(tzinfo=None)),
        lambda: outbox.post("/post"),
        lambda: outbox.keep_post("/post", "x", now=NOON),
        lambda: next(outbox.posts_under("/")),
    ):
        with pytest.raises(ValueError, match=r"URL|time zone"):
            use()
