"""`pingback.store.outbox`: what is listed, and that it is there after whatever happened."""

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pingback.errors import StoreError
from pingback.model import OutcomeStatus
from pingback.store import Store
from tests.store.sent import ACCEPTED, HOUR, NOON, ONE, POST, THREE, TWO, plan, postpone, record, release, take, targets

OTHER = "https://a.example/other"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param({}, [ONE, TWO, THREE, ONE], id="all-in-order"),
        pytest.param({"status": OutcomeStatus.ACCEPTED}, [ONE], id="status"),
        pytest.param({"source": "http://a.example/post#x"}, [ONE, TWO, THREE], id="source"),
        pytest.param({"target": "http://one.example"}, [ONE, ONE], id="target"),
        pytest.param({"due_before": NOON}, [THREE], id="due-by-now"),
        pytest.param({"due_before": NOON + HOUR}, [TWO, THREE, ONE], id="due-by-then"),
        pytest.param({"status": OutcomeStatus.WAITING}, [TWO, THREE, ONE], id="waiting"),
        pytest.param({"target": ONE, "status": OutcomeStatus.WAITING, "source": OTHER}, [ONE], id="all-together"),
        pytest.param({"target": "https://nobody.example/"}, [], id="none"),
    ],
)
def test_pings_by_what_they_are(store: Store, words: Mapping[str, Any], expected: list[str]) -> None:
    plan(store, ONE, TWO, THREE)
    one, two, three = take(store)
    record(store, one, ACCEPTED)
    postpone(store, two, NOON + HOUR)
    release(store, [three])
    plan(store, ONE, source=OTHER, now=NOON + HOUR)
    assert targets(store.outbox.pings(**words)) == expected


def test_a_ping_is_found_by_its_pair(store: Store) -> None:
    plan(store, ONE, TWO)
    found = store.outbox.find("http://a.example/post#top", "https://TWO.example")
    assert found is not None
    assert found.target == TWO
    assert store.outbox.find(OTHER, TWO) is None
    with pytest.raises(ValueError, match="URL"):
        store.outbox.find("/post", TWO)


def test_the_outbox_can_be_written_while_it_is_listed(store: Store) -> None:
    plan(store, ONE, TWO)
    held = {each.ping.id: each for each in take(store)}
    for ping in store.outbox.pings():
        record(store, held[ping.id], ACCEPTED)
    assert [ping.told for ping in store.outbox.pings()] == [True, True]


def test_what_was_planned_is_seen_by_another_connection_at_once(shared_url: str) -> None:
    with Store(shared_url) as one, Store(shared_url) as other:
        plan(one, ONE)
        assert list(other.outbox.pings()) == list(one.outbox.pings())


def test_a_closed_outbox_says_so(store: Store) -> None:
    store.close()
    for use in (
        lambda: plan(store, ONE),
        lambda: take(store),
        lambda: list(store.outbox.pings()),
        lambda: store.posts.at(POST),
    ):
        with pytest.raises(StoreError, match="closed"):
            use()


_PLAN_FOR_EVER = """
import sys
from datetime import datetime, timezone
from itertools import count
from pingback.store import Store

store = Store(sys.argv[1])
now = datetime(2026, 1, 2, tzinfo=timezone.utc)
for post in count():
    links = {f"https://b.example/{number}": "words" for number in range(200)}
    source = f"https://a.example/{post}"
    store.outbox.plan(source, links, becomes=lambda ping, link: ping, fingerprint="entry", now=now)
    print(post, flush=True)
"""


def test_after_a_kill_a_post_is_there_with_all_its_links_or_not_at_all(shared_url: str) -> None:
    command = [sys.executable, "-c", _PLAN_FOR_EVER, shared_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(5)]
        process.kill()
        told += process.stdout.readlines()
    with Store(shared_url) as store:
        posts = list(store.posts.under("https://a.example/"))
        assert len(posts) in (len(told), len(told) + 1)  # the last may be on disk, and not yet said to be
        assert [len(list(store.outbox.pings(source=post.source))) for post in posts] == [200] * len(posts)


def test_a_full_disk_leaves_the_outbox_readable(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        plan(store, ONE, TWO)
        [one, two] = take(store)
        with store._database.write() as own:  # one connection writes, and the limit is its own
            own.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match="the disk is full"):
            plan(store, *(f"https://b.example/{number}" for number in range(1000)), source=OTHER)
        assert list(store.outbox.pings()) == [one.ping, two.ping]
        assert store.posts.at(OTHER) is None
        assert record(store, one, ACCEPTED).told  # there is room for this in the pages that it has


def test_a_locked_database_leaves_the_outbox_readable(tmp_path: Path) -> None:
    path = tmp_path / "pingback.db"
    with Store(f"sqlite:///{path}?timeout=0.01") as store, closing(sqlite3.connect(path)) as other:
        plan(store, ONE)
        other.execute("BEGIN IMMEDIATE")
        for use in (lambda: plan(store, TWO), lambda: take(store), lambda: store.discoveries.forget(ONE)):
            with pytest.raises(StoreError, match="is locked by another program"):
                use()
        assert targets(store.outbox.pings()) == [ONE]
        with Store(f"sqlite:///{path}?timeout=0.01") as again:
            assert targets(again.outbox.pings()) == [ONE]
        other.rollback()
        assert targets(take(store)) == [ONE]
