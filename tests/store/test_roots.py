"""`pingback.store.roots`: sites that were published before, and what of them says nothing."""

from collections.abc import Callable

import pytest

from pingback.store import Store
from pingback.work import UNREAD, KnownPost, Link, SilentPost
from tests.store.sent import HOUR, NOON, ONE, POST, TWO, plan_links

OLD = SilentPost(source=POST, fingerprint="entry", why="it is old", links=(Link(ONE, "words"), Link(TWO, "words")))


@pytest.mark.parametrize(
    "root",
    ["https://a.example/blog", "https://a.example/blog/", "http://A.example/blog/"],
    ids=["bare", "slash", "case"],
)
def test_a_root_is_known_once_it_was_kept_however_it_is_written(store: Store, root: str) -> None:
    assert not store.roots.is_known(root)
    store.roots.keep("https://a.example/blog", now=NOON)
    store.roots.keep("https://a.example/blog/", now=NOON + HOUR)
    assert store.roots.is_known(root)
    assert not store.roots.is_known("https://a.example/Blog")


def test_links_that_are_taken_as_told_are_skipped_and_never_due(store: Store) -> None:
    for _ in range(2):
        store.roots.keep_silent([OLD], now=NOON)
    assert [(ping.target, ping.status, ping.message, ping.next_try) for ping in store.outbox.pings()] == [
        (ONE, "skipped", "it is old", None),
        (TWO, "skipped", "it is old", None),
    ]
    assert list(store.outbox.pings(due_before=NOON + HOUR)) == []
    assert store.posts.at(POST) == KnownPost(source=POST, fingerprint="entry", seen=NOON, gone=False, why="it is old")


def test_a_link_that_is_added_later_is_due_and_the_others_are_not(store: Store) -> None:
    store.roots.keep_silent([OLD], now=NOON)
    plan_links(store, {ONE: "other words", TWO: "words", "https://three.example/": "words"}, now=NOON)
    assert [ping.target for ping in store.outbox.pings(due_before=NOON)] == ["https://three.example/"]
    plan_links(store, {TWO: "words"}, now=NOON)
    plan_links(store, {ONE: "words", TWO: "words"}, now=NOON)
    assert [ping.target for ping in store.outbox.pings(due_before=NOON)] == [ONE]


def test_a_post_that_is_a_list_by_now_keeps_its_pings(store: Store) -> None:
    plan_links(store, {ONE: "words"}, now=NOON)
    store.roots.keep_silent([SilentPost(source=POST, fingerprint="list", kind="list", why="two rows")], now=NOON)
    [ping] = store.outbox.pings()
    assert (ping.linked, ping.status, ping.next_try) == (True, "waiting", NOON)
    assert store.posts.at(POST) == KnownPost(
        source=POST, fingerprint="list", seen=NOON, gone=False, kind="list", why="two rows"
    )
    assert list(store.posts.under("https://a.example/")) == []
    plan_links(store, {ONE: "words"}, now=NOON)
    assert store.posts.at(POST) == KnownPost(source=POST, fingerprint="entry", seen=NOON, gone=False)


def test_pages_that_were_not_read_are_known_unless_they_were_before(store: Store) -> None:
    plan_links(store, {ONE: "words"}, now=NOON)
    store.roots.keep_unread([POST, "https://a.example/2"], now=NOON)
    store.roots.keep_unread([], now=NOON)
    known = store.posts.known([POST, "https://a.example/2"])
    assert {key: post.kind for key, post in known.items()} == {"a.example/post": "post", "a.example/2": UNREAD}


def test_a_callers_mistake_is_a_value_error(store: Store) -> None:
    uses: list[Callable[[], object]] = [
        lambda: store.roots.is_known("/post"),
        lambda: store.roots.keep("/post", now=NOON),
        lambda: store.roots.keep_unread(["/post"], now=NOON),
        lambda: store.roots.keep(POST, now=NOON.replace(tzinfo=None)),
    ]
    for use in uses:
        with pytest.raises(ValueError, match=r"URL|time zone"):
            use()
