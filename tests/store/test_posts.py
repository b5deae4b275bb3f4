"""`pingback.store.posts`: the posts as they were last seen."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from pingback.store import Store
from pingback.work import KnownPost
from tests.store.databases import NewStore
from tests.store.sent import HOUR, NOON, POST, plan_gone


def test_a_post_is_known_as_it_was_last_seen(store: Store) -> None:
    assert store.posts.at(POST) is None
    store.posts.keep(POST, "first", now=NOON)
    assert store.posts.at("http://A.example/post") == KnownPost(source=POST, fingerprint="first", seen=NOON, gone=False)
    store.posts.keep(POST, "second", now=NOON + HOUR)
    assert store.posts.at(POST) == KnownPost(source=POST, fingerprint="second", seen=NOON + HOUR, gone=False)


def test_the_posts_of_a_site_that_are_not_gone(store: Store) -> None:
    for path in ("blog", "blog/1", "blog/2?draft", "blogger", ""):
        store.posts.keep(f"https://a.example/{path}", "x", now=NOON)
    store.posts.keep("https://b.example/blog/1", "x", now=NOON)
    plan_gone(store, "https://a.example/blog/1", now=NOON)
    assert [post.source for post in store.posts.under("http://a.example/blog/")] == [
        "https://a.example/blog",
        "https://a.example/blog/2?draft",
    ]
    assert len(list(store.posts.under("https://a.example"))) == 4


def test_more_posts_than_a_page_come_once_each(new_store: NewStore) -> None:
    sources = [f"https://a.example/{number}" for number in range(501)]
    store = new_store()
    for source in sources:
        store.posts.keep(source, "x", now=NOON)
    assert [post.source for post in store.posts.under("https://a.example/")] == sources


def test_many_posts_by_one_question(store: Store) -> None:
    store.posts.keep(POST, "x", now=NOON)
    store.posts.keep("https://a.example/2", "y", now=NOON)
    known = store.posts.known(["http://A.example/post#top", "https://a.example/2", "https://a.example/3"])
    assert {key: post.fingerprint for key, post in known.items()} == {"a.example/post": "x", "a.example/2": "y"}


def test_a_callers_mistake_is_a_value_error(store: Store) -> None:
    uses: list[Callable[[], object]] = [
        lambda: store.posts.at("/post"),
        lambda: store.posts.keep("/post", "x", now=NOON),
        lambda: next(store.posts.under("/")),
    ]
    for use in uses:
        with pytest.raises(ValueError, match=r"URL|time zone"):
            use()


@pytest.mark.parametrize("source", ["'no URL'", "x'ff'", "7"])
def test_a_post_that_is_no_page_keeps_no_other_out(tmp_path: Path, source: str) -> None:
    other = "https://a.example/other"
    with Store(f"sqlite:///{tmp_path}/x.db") as store:
        store.posts.keep(POST, "x", now=NOON)
        store.posts.keep(other, "x", now=NOON)
        with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
            connection.execute(f"UPDATE pingback_posts SET source = {source} WHERE id = 1")
        assert [post.source for post in store.posts.under("https://a.example")] == [other]
        assert [post.source for post in store.posts.known([POST, other]).values()] == [other]


def test_a_post_is_missed_until_it_is_found_kept_or_gone(store: Store) -> None:
    def missing() -> list[tuple[str, int, datetime | None]]:
        return [(post.source, post.missing, post.missing_since) for post in store.posts.missing()]

    for back in (
        lambda: store.posts.find(POST, now=NOON),
        lambda: store.posts.keep(POST, "x", now=NOON),
        lambda: plan_gone(store, POST, now=NOON),
    ):
        store.posts.keep(POST, "x", now=NOON)
        assert missing() == []
        store.posts.miss(POST, now=NOON)
        store.posts.miss(POST, now=NOON + HOUR)
        assert missing() == [(POST, 2, NOON)]
        back()
        assert missing() == []


def test_a_post_that_nobody_knows_is_not_missed(store: Store) -> None:
    store.posts.miss(POST, now=NOON)
    assert list(store.posts.missing()) == []
