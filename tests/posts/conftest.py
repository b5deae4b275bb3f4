"""What the tests of the sources of posts share: a site on loopback, and a client that may go there."""

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
