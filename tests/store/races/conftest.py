"""A database that two processes share, a store of the test's own over it, and the two processes."""

import os
import tempfile
from collections.abc import Iterator
from functools import partial

import pytest

from pingback.store import Store
from tests.store.races.racing import Race, Racers, open_store

PATIENCE = "timeout=120"  # seconds; no round may fail because the machine is slow
MEMORY = "/dev/shm"  # no race is about the disk, and thousands of writes would wait for it


@pytest.fixture(scope="package")
def racers() -> Iterator[Racers]:
    with Racers() as racers:
        yield racers


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "postgresql":
        yield f"{request.getfixturevalue('postgresql_url')}&{PATIENCE}"
        return
    with tempfile.TemporaryDirectory(dir=MEMORY if os.path.isdir(MEMORY) else None) as folder:
        yield f"sqlite:///{folder}/pingback.db?{PATIENCE}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as store:
        yield store


@pytest.fixture
def race(racers: Racers, store: Store, url: str) -> Race:
    return partial(racers.race, url)
