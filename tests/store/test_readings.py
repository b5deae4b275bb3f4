"""`pingback.store.readings`: posts that wait to be published, each with its job, and none lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pingback.errors import UnreadableRow
from pingback.store import Store
from pingback.work import Job, JobKind, Reading
from tests.store.sent import HOUR, MINUTE, NOON, POST

OTHER = "https://a.example/other"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


def take(store: Store) -> list[Job]:
    return store.jobs.lease([JobKind.READ], worker_id="me", now=NOON, lease=MINUTE, limit=9, per_host=9)


def test_each_is_there_once_the_first_one_first(store: Store) -> None:
    store.readings.add(POST, page=b"\0<p>\xff", content_type="text/html; charset=utf-8", now=NOON)
    store.readings.add(OTHER, now=NOON)
    first, second = take(store)
    assert store.readings.at(first.subject) == Reading(
        id=1, source=POST, page=b"\0<p>\xff", content_type="text/html; charset=utf-8"
    )
    assert store.readings.at(second.subject) == Reading(id=2, source=OTHER, page=None, content_type=None)
    assert (first.host, first.due) == ("a.example", NOON)


def test_what_is_done_is_gone_with_its_job(store: Store) -> None:
    store.readings.add(POST, now=NOON)
    [job] = take(store)
    store.readings.done(job)
    assert store.readings.at(job.subject) is None
    assert store.jobs.next_due([JobKind.READ], now=NOON) is None


def test_a_newer_wish_takes_the_place_of_the_first(store: Store) -> None:
    store.readings.add(POST, page=b"old", now=NOON)
    [old] = take(store)
    store.readings.add(f"{POST}#part", page=b"new", now=NOON)  # an equal URL
    store.readings.done(old)
    [new] = take(store)
    reading = store.readings.at(new.subject)
    assert reading is not None
    assert (reading.source, reading.page) == (f"{POST}#part", b"new")
    store.readings.done(new)
    assert store.jobs.next_due([JobKind.READ], now=NOON + HOUR) is None


def test_it_is_on_disk(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    with Store(url) as store:
        store.readings.add(POST, page=b"x", now=NOON)
    with Store(url) as store:
        assert len(take(store)) == 1


@pytest.mark.parametrize("spoilt", ["source = x'ff'", "page = 7", "page = 'words'", "content_type = x'ff'"])
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
