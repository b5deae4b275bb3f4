"""Fixtures for the tests of what does jobs."""

import threading
from collections.abc import Iterator

import pytest

from tests.jobs.fixture import Bench
from tests.receive.pages import PATIENCE, Clock
from tests.store.databases import NewStore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bench(new_store: NewStore, clock: Clock) -> Iterator[Bench]:
    """Its threads end with the test."""
    others = set(threading.enumerate())  # one of another test may still hear a far side out
    bench = Bench(new_store(), clock)
    yield bench
    bench.pool.close(within=PATIENCE)
    assert bench.budget._under_way == {}  # no place is lost
    left = set(threading.enumerate()) - others
    assert [thread.name for thread in left if thread.name.startswith("pingback")] == []
