"""`pingback.store.to_publish`: posts that wait to be published, each had by one at a time, and none lost."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from pingback.errors import StoreError
from pingback.model import PostToPublish
from pingback.store import Store
from pingback.store.to_publish import ToPublish
from tests.store.sent import HOUR, MINUTE, NOON, POST

OTHER = "https://a.example/other"


@pytest.fixture
def posts() -> Iterator[ToPublish]:
    with Store("sqlite://") as store:
        yield store.to_publish


def lives(holder: str) -> bool:
    return False


def claim(
    posts: ToPublish, *, now: datetime = NOON, holder: str | None = "me", is_gone: Callable[[str], bool] = lives
) -> PostToPublish | None:
    return posts.claim(now=now, lease=MINUTE, holder=holder, is_gone=is_gone)


def test_each_is_claimed_once_the_first_one_first(posts: ToPublish) -> None:
    posts.add(POST, page=b"\0<p>\xff", content_type="text/html; charset=utf-8", now=NOON)
    posts.add(OTHER, now=NOON)
    first, second = claim(posts), claim(posts)
    assert first == PostToPublish(
        id=1, source=POST, page=b"\0<p>\xff", content_type="text/html; charset=utf-8", failing_since=None
    )
    assert second == PostToPublish(id=2, source=OTHER, page=None, content_type=None, failing_since=None)
    assert claim(posts) is None


def test_it_waits_for_its_time(posts: ToPublish) -> None:
    posts.add(POST, now=NOON + MINUTE)
    assert claim(posts) is None
    assert claim(posts, now=NOON + MINUTE) is not None


def test_a_newer_wish_takes_the_place_of_the_first(posts: ToPublish) -> None:
    posts.add(POST, page=b"old", now=NOON)
    old = claim(posts)
    assert old is not None
    posts.add(f"{POST}#part", page=b"new", now=NOON)  # an equal URL
    posts.done(old)
    new = claim(posts)
    assert new is not None
    assert (new.source, new.page) == (f"{POST}#part", b"new")
    posts.done(new)
    assert claim(posts, now=NOON + HOUR) is None


def test_what_is_postponed_is_due_again(posts: ToPublish) -> None:
    posts.add(POST, now=NOON)
    post = claim(posts)
    assert post is not None
    posts.postpone(post, until=NOON + MINUTE, failing_since=NOON)
    assert claim(posts) is None
    again = claim(posts, now=NOON + MINUTE)
    assert again is not None
    assert again.failing_since == NOON


def test_a_lease_runs_out(posts: ToPublish) -> None:
    posts.add(POST, now=NOON)
    assert claim(posts, holder=None) is not None
    assert claim(posts, now=NOON + MINUTE / 2, is_gone=lambda holder: True) is None
    assert claim(posts, now=NOON + MINUTE) is not None


def test_the_lease_of_a_process_that_is_no_more_has_ended(posts: ToPublish) -> None:
    posts.add(POST, now=NOON)
    assert claim(posts, holder="killed") is not None
    assert claim(posts, is_gone=lambda holder: holder == "another") is None
    assert claim(posts, is_gone=lambda holder: holder == "killed") is not None


def test_of_many_at_once_one_has_it(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/x.db?timeout=300") as store, ThreadPoolExecutor(8) as threads:
        for number in range(20):
            store.to_publish.add(f"{POST}/{number}", now=NOON)
        claimed = list(threads.map(lambda _: claim(store.to_publish), range(30)))
    assert sorted(post.source for post in claimed if post) == sorted(f"{POST}/{number}" for number in range(20))


def test_it_is_on_disk(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    with Store(url) as store:
        store.to_publish.add(POST, page=b"x", now=NOON)
    with Store(url) as store:
        assert claim(store.to_publish) is not None


def test_a_row_that_no_version_of_ours_wrote(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/x.db") as store:
        store.to_publish.add(POST, now=NOON)
        with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
            connection.execute("UPDATE pingback_readings SET failing_since = 9223372036854775807")
        with pytest.raises(StoreError, match="holds a row that cannot be read"):
            claim(store.to_publish)


@pytest.mark.parametrize("source", ["/6", "ftp://a.example/6"])
def test_only_an_http_url_can_be_published(posts: ToPublish, source: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        posts.add(source, now=NOON)
