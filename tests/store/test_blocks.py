"""`pingback.store.blocks`: what is blocked, found by the hosts that it names."""

from collections.abc import Callable

import pytest

from pingback.errors import StoreError
from pingback.store import Store
from pingback.store.blocks import Blocks
from tests.store.databases import NewStore


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


def test_blocks_are_kept_once_and_by_name(store: Store) -> None:
    for block, host in (
        ("spam.example", "spam.example"),
        ("*.casino.example", ""),
        ("a.example/~bad", "a.example"),
    ) * 2:
        store.blocks.add(block, host=host)
    assert store.blocks.all() == ["*.casino.example", "a.example/~bad", "spam.example"]


def test_a_block_is_taken_back_once(store: Store) -> None:
    store.blocks.add("spam.example", host="spam.example")
    assert [store.blocks.remove("spam.example") for _ in range(2)] == [True, False]
    assert store.blocks.all() == []


@pytest.mark.parametrize(
    ("hosts", "blocks"),
    [
        pytest.param(["www.a.example", "a.example"], {"a.example", "a.example/~bad"}, id="hosts"),
        pytest.param([""], {"*.casino.example"}, id="none"),
        pytest.param(["b.example"], set(), id="another"),
        pytest.param([], set(), id="nothing"),
    ],
)
def test_blocks_of_hosts(store: Store, hosts: list[str], blocks: set[str]) -> None:
    for block, host in (("a.example", "a.example"), ("a.example/~bad", "a.example"), ("*.casino.example", "")):
        store.blocks.add(block, host=host)
    assert set(store.blocks.of_hosts(hosts)) == blocks


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda blocks: blocks.add("a.example", host="a.example"), id="add"),
        pytest.param(lambda blocks: blocks.remove("a.example"), id="remove"),
        pytest.param(lambda blocks: blocks.all(), id="all"),
        pytest.param(lambda blocks: blocks.of_hosts([""]), id="of-hosts"),
    ],
)
def test_a_closed_store_says_so(store: Store, use: Callable[[Blocks], object]) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        use(store.blocks)
