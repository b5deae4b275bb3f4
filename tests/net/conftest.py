"""What the tests of this room share: a site to ask, and a client that may reach it."""

from collections.abc import Iterator

import pytest

from pingback.net.client import Client
from tests.loopback import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"]) as client:
        yield client
