"""A store in memory, a client that may go to loopback, and a clock that stands."""

from collections.abc import Iterator

import pytest

from pingback.net.client import Client, Limits
from pingback.store import Store
from tests.receive.pages import Clock


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.0/8"], limits=Limits(timeout=30.0)) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()
