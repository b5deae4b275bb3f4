"""`pingback.store.moves`: addresses of one page share its mentions, whatever becomes known in which order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.listing import Part, Selection
from pingback.store.moves import Moves
from tests.store.databases import NewStore, asked, emptied

OLD, NEW, NEWER, OTHER = (f"https://my.example/{name}" for name in ("old", "new", "newer", "other"))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store(clock=lambda: NOON)


def mention(target: str) -> Mention:
    return Mention(
        source=f"https://a.example/{target[-3:]}",
        target=target,
        protocol=Protocol.PINGBACK,
        status=MentionStatus.APPROVED,
        received=NOON,
    )


def one_set(store: Store, *targets: str) -> bool:
    """All of these, and no others, are addresses of one page."""
    [page] = {store.moves.page_of(target) for target in targets}
    return all((store.moves.page_of(target) == page) == (target in targets) for target in (OLD, NEW, NEWER, OTHER))


def test_mentions_of_both_addresses_are_those_of_each(store: Store) -> None:
    for target in (OLD, NEW, OTHER):
        store.mentions.keep(mention(target))
    store.moves.keep(OLD, NEW)
    for target in (OLD, NEW):
        assert [found.target for found in store.mentions.list(target=target)] == [
            OLD,
            NEW,
        ]  # as their senders wrote them
    assert [found.target for found in store.mentions.list(target=OTHER)] == [OTHER]


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
    store.moves.keep(OTHER, OTHER.replace("https", "http"))
    assert one_set(store, OTHER)


@pytest.mark.parametrize("most", [1, 2, 100])
@settings(max_examples=30)
@given(pairs=st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=12))
def test_mentions_stand_in_the_list_of_their_page(spare_store: Store, most: int, pairs: list[tuple[str, str]]) -> None:
    """However little of the moves is remembered, as long as the addresses have mentions."""
    addresses = {letter: f"https://my.example/{letter}" for letter in "abcde"}
    store = emptied(spare_store)
    with Store("sqlite://") as roomy:
        scarce = Moves(store._database, clock=lambda: NOON, most=most)
        for address in addresses.values():
            store.mentions.keep(mention(address))
        for old, new in pairs:
            roomy.moves.keep(addresses[old], addresses[new])
            scarce.keep(addresses[old], addresses[new])
        for address in addresses.values():
            page = roomy.moves.page_of(address)
            together = [each for each in addresses.values() if roomy.moves.page_of(each) == page]
            assert scarce.page_of(address) == page
            assert [found.target for found in store.mentions.list(target=address)] == together


def test_a_mention_of_an_old_address_stands_in_the_list_of_its_page(store: Store) -> None:
    store.moves.keep(OLD, NEW)
    store.mentions.keep(mention(OLD))
    assert [found.target for found in store.mentions.list(target=NEW)] == [OLD]


JUNK = [
    pytest.param(lambda number: (f"{OLD}?{number}", OLD), id="of-the-page"),
    pytest.param(lambda number: (f"{OTHER}?{number}", OTHER), id="of-another-page"),
    pytest.param(lambda number: (f"{OTHER}/{number}?", f"{OTHER}/{number}"), id="of-a-page-each"),
]


@pytest.mark.parametrize("move", JUNK)
@pytest.mark.parametrize("rejected", [False, True], ids=["forgotten", "rejected"])
def test_strangers_cannot_fill_it(store: Store, move: Callable[[int], tuple[str, str]], *, rejected: bool) -> None:
    moves = Moves(store._database, clock=lambda: NOON, most=10)
    store.mentions.keep(mention(OLD))
    for number in range(30):
        target, final = move(number)
        moves.keep(target, final)
        if rejected:
            store.mentions.keep(replace(mention(target), status=MentionStatus.REJECTED))
    moves.keep(OLD, NEW)
    moves.keep(NEW, NEWER)
    for number in range(30, 60):
        moves.keep(*move(number))
    for target in (OLD, NEWER):
        shown = store.listing.part(Selection(targets=(target,)), Part(size=9)).mentions
        assert [found.target for found in shown] == [OLD]
    assert asked(store, "SELECT count(*) FROM pingback_moves") == [(10,)]


def test_a_long_address_takes_little_room(store: Store) -> None:
    store.moves.keep(OLD, f"{NEW}?{'x' * 8000}")
    assert asked(store, "SELECT max(length(url)) FROM pingback_moves WHERE length(url) >= 300") == [(None,)]


def test_of_the_page_with_most_addresses_the_oldest_is_forgotten(store: Store) -> None:
    moves = Moves(store._database, clock=lambda: NOON, most=3)
    for number in range(4):
        moves.keep(f"{OLD}?{number}", OLD)
        if number == 1:
            moves.keep(OTHER, NEW)
    assert moves.page_of(OTHER) == moves.page_of(NEW)
    page = moves.page_of(OLD)
    assert [moves.page_of(f"{OLD}?{number}") == page for number in range(4)] == [False, False, True, True]
