"""`pingback.store.moves`: addresses of one page share its mentions, whatever becomes known in which order."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.database import Database
from pingback.store.keys import target_key_of
from pingback.store.moves import Moves

OLD, NEW, NEWER, OTHER = (f"https://my.example/{name}" for name in ("old", "new", "newer", "other"))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://", clock=lambda: NOON) as store:
        yield store


def mention(target: str) -> Mention:
    return Mention(
        source=f"https://a.example/{target[-3:]}",
        target=target,
        protocol=Protocol.PINGBACK,
        status=MentionStatus.APPROVED,
        received=NOON,
    )


def one_set(store: Store, *targets: str) -> bool:
    """All of these have the keys of all of these, and no more."""
    keys = {target_key_of(target) for target in targets}
    return all(set(store.moves.keys_of(target)) == keys for target in targets)


def test_mentions_of_both_addresses_are_those_of_each(store: Store) -> None:
    for target in (OLD, NEW, OTHER):
        store.keep(mention(target))
    store.moves.keep(OLD, NEW)
    for target in (OLD, NEW):
        assert [found.target for found in store.mentions(target=target)] == [OLD, NEW]  # as their senders wrote them
    assert [found.target for found in store.mentions(target=OTHER)] == [OTHER]


@pytest.mark.parametrize("order", list(permutations([(OLD, NEW), (NEW, NEWER)])))
def test_a_page_that_moved_twice(store: Store, order: list[tuple[str, str]]) -> None:
    for old, new in order:
        store.moves.keep(old, new)
    assert one_set(store, OLD, NEW, NEWER)


def test_two_pages_that_became_one(store: Store) -> None:
    store.moves.keep(OLD, NEW)
    store.moves.keep(OTHER, NEW)
    assert one_set(store, OLD, OTHER, NEW)


def test_a_page_that_went_back(store: Store) -> None:
    store.moves.keep(OLD, NEW)
    store.moves.keep(NEW, OLD)
    assert one_set(store, OLD, NEW)
    store.moves.keep(OLD, OLD)
    assert one_set(store, OLD, NEW)
    store.moves.keep(NEW, NEW)
    assert one_set(store, OLD)
    assert one_set(store, NEW)


def test_a_page_that_moved_elsewhere_since(store: Store) -> None:
    store.moves.keep(OLD, NEW)
    store.moves.keep(OLD, OTHER)
    assert one_set(store, OLD, OTHER)
    assert one_set(store, NEW)


def test_equal_urls_are_one_address(store: Store) -> None:
    store.moves.keep("http://MY.example/%6Fld#top", NEW)
    assert one_set(store, OLD, NEW)
    store.moves.keep("https://my.example/x", "http://my.example/x")
    assert one_set(store, "https://my.example/x")


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde"))))
def test_being_of_one_set_is_an_equivalence(pairs: list[tuple[str, str]]) -> None:
    with Store("sqlite://") as store:
        for old, new in pairs:
            store.moves.keep(f"https://my.example/{old}", f"https://my.example/{new}")
        sets = {letter: store.moves.keys_of(f"https://my.example/{letter}") for letter in "abcde"}
    for letter, keys in sets.items():
        own = target_key_of(f"https://my.example/{letter}")
        assert own in keys
        assert all((own in others) == (set(others) == set(keys)) for others in sets.values())


def test_strangers_cannot_make_it_remember_without_end(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    with Store(url) as store, closing(Database(url)) as database:
        store.keep(mention(f"{OLD}?1"))
        moves = Moves(database, clock=lambda: NOON, most=3)
        for number in range(10):
            moves.keep(f"{OLD}?{number}", OLD)
            assert len(moves.keys_of(OLD)) <= 4
        assert target_key_of(f"{OLD}?1") in moves.keys_of(OLD)
