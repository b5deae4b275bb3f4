"""A store in memory, a client that may go to loopback, a clock that stands; a blog, far sides, and the hook."""

from collections.abc import Iterator

import pytest

from pingback.model import Protocol
from pingback.net.client import Client, Limits
from pingback.store import Store
from tests.loopback import Site
from tests.receive.pages import Clock
from tests.sending.far_sides import FarSide
from tests.sending.hook import Hook


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


@pytest.fixture
def blog() -> Iterator[Site]:
    with Site() as blog:
        yield blog


@pytest.fixture
def far_side() -> Iterator[FarSide]:
    """Its pages `/1`, `/2` and `/3` take Webmentions."""
    with FarSide("/1", "/2", "/3") as far_side:
        yield far_side


@pytest.fixture
def old_side() -> Iterator[FarSide]:
    """Its page `/1` takes pingbacks."""
    with FarSide("/1", host="127.0.0.3", by=Protocol.PINGBACK) as old_side:
        yield old_side


@pytest.fixture
def hook(client: Client, store: Store) -> Hook:
    return Hook(client, store)
