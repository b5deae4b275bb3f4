"""Fixtures for the cases: a web on loopback, a client that may go there, and a server of ours."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from pingback import Client, Limits, Store
from pingback.receive.existence import SiteTargets
from pingback.server.run import Server
from tests.loopback import Site, page
from tests.norms.web import FIVE, Serve, Taking, linking
from tests.receive.lax import Receiver
from tests.receive.pages import Clock
from tests.server.shells import wsgi_of


@pytest.fixture
def site() -> Iterator[Site]:
    """Our site, part five of it, and, to spare a second one, everybody else's pages: `/6` links to part five."""
    with Site({FIVE: page(b"<title>Five</title>")}) as site:
        site.pages["/6"] = linking(f"{site.url}{FIVE}")
        yield site


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=30.0)) as client:
        yield client


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


@pytest.fixture
def serve(site: Site, client: Client) -> Iterator[Serve]:
    """Makes servers for the pages under `/blog/`, which verify inline, and ends them."""
    with ExitStack() as running:

        def serve(**options: Any) -> Taking:
            clock = Clock()
            defaults: dict[str, Any] = {
                "site": f"{site.url}/blog/",
                "store": running.enter_context(Store("sqlite://")),
                "client": client,
                "target_exists": SiteTargets(client),
                "clock": clock,
            }
            receiver = running.enter_context(Receiver(**(defaults | options)))
            server = running.enter_context(Server(wsgi_of(receiver)))
            return Taking(server.url, receiver, clock)

        yield serve
