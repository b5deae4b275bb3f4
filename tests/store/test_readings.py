"""`pingback.store.readings`: posts that wait to be published, each with its job, and none lost."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from pingback.errors import UnreadableRow
from pingback.store import Store
from pingback.store.readings import TooMany
from pingback.work import FeedPost, Job, JobKind, Reading, ReadingKind, ReadingStatus
from tests.store.databases import NewStore
from tests.store.sent import HOUR, MINUTE, NOON, POST

OTHER = "https://a.example/other"


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


def take(store: Store, *, now: datetime = NOON) -> list[Job]:
    return store.jobs.lease([JobKind.READ], worker_id="me", now=now, lease=MINUTE, limit=9, per_host=9)


def test_each_is_there_once_the_first_one_first(store: Store) -> None:
    store.readings.add(POST, page=b"\0<p>\xff", content_type="text/html; charset=utf-8", now=NOON)
    store.readings.add(OTHER, now=NOON)
    first, second = take(store)
    assert store.readings.at(first.subject) == Reading(
        id=1, source=POST, page=b"\0<p>\xff", content_type="text/html; charset=utf-8"
    )
    assert store.readings.at(second.subject) == Reading(id=2, source=OTHER, page=None, content_type=None)
    assert (first.host, first.due) == ("a.example", NOON)


def test_what_is_done_waits_no_more_and_can_be_asked_for_a_week(store: Store) -> None:
    store.readings.add(POST, page=b"x", content_type="text/html", now=NOON)
    [job] = take(store)
    store.readings.done(job, message="it says noindex", now=NOON)
    assert store.readings.at(job.subject) is None
    assert store.readings.standing([1]) == store.readings.posts([f"{POST}#top"])
    assert store.readings.standing([1]) == [
        Reading(id=1, source=POST, status=ReadingStatus.DONE, message="it says noindex")
    ]
    assert store.jobs.next_due([JobKind.READ], now=NOON) is None
    store.readings.add(OTHER, now=NOON + 168 * HOUR)
    [job] = take(store, now=NOON + 168 * HOUR)
    store.readings.done(job, now=NOON + 168 * HOUR)
    assert len(store.readings.standing([1, 2])) == 2
    store.readings.add(OTHER, now=NOON + 169 * HOUR)
    [job] = take(store, now=NOON + 169 * HOUR)
    store.readings.done(job, status=ReadingStatus.FAILED, message="no answer", now=NOON + 169 * HOUR)
    assert [each.status for each in store.readings.standing([1, 2])] == [ReadingStatus.FAILED]


def test_a_newer_wish_takes_the_place_of_the_first(store: Store) -> None:
    store.readings.add(POST, page=b"old", now=NOON)
    [old] = take(store)
    store.readings.add(f"{POST}#part", page=b"new", now=NOON)  # an equal URL
    store.readings.done(old, now=NOON)
    [new] = take(store)
    reading = store.readings.at(new.subject)
    assert reading is not None
    assert (reading.source, reading.page) == (f"{POST}#part", b"new")
    store.readings.done(new, now=NOON)
    assert store.jobs.next_due([JobKind.READ], now=NOON + HOUR) is None
    assert new.subject == old.subject


def test_many_are_named_at_once_and_each_keeps_its_number(store: Store) -> None:
    named = store.readings.add_all([POST, OTHER], [POST], roots=["https://a.example/"], now=NOON)
    assert len({*named}) == 3
    assert store.readings.add_all([f"{OTHER}#top"], now=NOON) == [named[1]]
    [job, *_] = take(store)
    store.readings.done(job, now=NOON)
    assert store.readings.add_all([POST], [POST], roots=["https://a.example/blog"], now=NOON) == [named[0], named[2]]
    post, _, feed = store.readings.standing(named)
    assert (post.kind, post.source, post.status) == (ReadingKind.POST, POST, ReadingStatus.WAITING)
    assert (feed.kind, feed.source, feed.roots) == (ReadingKind.FEED, POST, ("https://a.example/blog",))


def test_no_more_than_may_wait_are_named(store: Store) -> None:
    store.readings.add_all([f"{POST}/{number}" for number in range(4_999)], now=NOON)
    with pytest.raises(TooMany):
        store.readings.add_all([POST, OTHER], now=NOON)
    assert store.readings.posts([POST, OTHER]) == []
    store.readings.done(take(store)[0], now=NOON)
    assert len(store.readings.add_all([POST, OTHER], now=NOON)) == 2


def test_a_failure_is_said_until_somebody_asks_again(store: Store) -> None:
    [number] = store.readings.add_all([POST], now=NOON)
    [job] = take(store)
    store.readings.fail(job, NOON + HOUR, message="no answer\0", now=NOON)
    assert [each.message for each in store.readings.standing([number])] == ["no answer"]
    assert take(store) == []
    store.readings.add_all([POST], now=NOON)
    assert [each.message for each in store.readings.standing([number])] == [None]
    [job] = take(store)
    assert (job.attempts, job.failing_since) == (0, None)


def test_a_feed_has_its_posts_read_by_the_same_run(store: Store) -> None:
    [feed] = store.readings.add_all([], ["https://a.example/feed"], roots=["https://a.example/"], now=NOON)
    store.readings.add(OTHER, page=b"words", content_type="text/html", now=NOON)
    job, _ = take(store)
    store.readings.feed_read(
        job, [FeedPost(POST, "one", (f"{OTHER}/trackback",)), FeedPost(OTHER, "two")], now=NOON + MINUTE
    )
    [post] = take(store)  # due as its feed was
    assert store.readings.at(post.subject) == Reading(
        id=post.subject, source=POST, fingerprint="one", trackbacks=(f"{OTHER}/trackback",)
    )
    assert store.readings.standing([feed])[0].found == (POST, OTHER)
    [other] = store.readings.posts([OTHER])
    assert (other.page, other.content_type, other.fingerprint) == (b"words", "text/html", "two")


def test_a_feed_that_was_named_meanwhile_is_read_again(store: Store) -> None:
    [feed] = store.readings.add_all([], ["https://a.example/feed"], now=NOON)
    [job] = take(store)
    store.readings.add_all([], ["https://a.example/feed"], now=NOON)
    store.readings.feed_read(job, [], now=NOON)
    assert store.readings.standing([feed])[0].status is ReadingStatus.WAITING
    assert [again.subject for again in take(store)] == [feed]


def test_it_is_on_disk(shared_url: str) -> None:
    with Store(shared_url) as store:
        store.readings.add(POST, page=b"x", now=NOON)
    with Store(shared_url) as store:
        assert len(take(store)) == 1


@pytest.mark.parametrize(
    "spoilt", ["source = x'ff'", "page = 7", "page = 'words'", "content_type = x'ff'", "kind = 'list'", "roots = '7'"]
)
def test_a_row_that_no_version_of_ours_wrote(tmp_path: Path, spoilt: str) -> None:
    with Store(f"sqlite:///{tmp_path}/x.db") as store:
        store.readings.add(POST, now=NOON)
        with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
            connection.execute(f"UPDATE pingback_readings SET {spoilt}")
        with pytest.raises(UnreadableRow):
            store.readings.at(1)


@pytest.mark.parametrize("source", ["/6", "ftp://a.example/6"])
def test_only_an_http_url_can_be_published(store: Store, source: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        store.readings.add(source, now=NOON)
