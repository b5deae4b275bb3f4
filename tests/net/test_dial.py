"""From a name to a connection: which of a host's addresses are tried, and for how long."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from pingback.errors import Unreachable
from pingback.net.client import Client, Limits
from tests.loopback import Site, page


@contextmanager
def deaf(host: str, port: int) -> Iterator[None]:
    """Nobody answers at this address, not even with a refusal: the queue of its listener is full."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server((host, port), backlog=0))
        for _ in range(4):
            connection = sockets.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(listener.getsockname())
        yield


@pytest.mark.parametrize("dead", [1, 2, 3])
def test_dead_addresses_leave_time_for_the_one_that_answers(dead: int) -> None:
    with Site({"/": page(b"here")}) as site, ExitStack() as others:
        addresses = [f"127.0.0.{number}" for number in range(2, 2 + dead)]
        for address in addresses:
            others.enter_context(deaf(address, site.port))
        with Client(
            allow=["127.0.0.0/8"], resolver=lambda *_: [*addresses, "127.0.0.1"], limits=Limits(timeout=2)
        ) as client:
            assert client.get(f"http://a.example:{site.port}/").read() == b"here"


def test_when_no_address_answers_the_last_one_s_reason_is_told() -> None:
    with (
        Site() as site,
        Client(allow=["127.0.0.0/8"], resolver=lambda *_: ["127.0.0.2", "127.0.0.3"]) as client,
        pytest.raises(Unreachable, match="the connection was refused"),
    ):
        client.get(f"http://a.example:{site.port}/")


@pytest.mark.parametrize(("dead", "connections"), [(7, 1), (8, 0)], ids=["the-eighth", "the-ninth"])
def test_eight_addresses_are_tried_and_no_ninth(dead: int, connections: int) -> None:
    answers = [f"127.0.0.{number}" for number in range(2, 2 + dead)] + ["127.0.0.1"]
    with Site() as site, Client(allow=["127.0.0.0/8"], resolver=lambda *_: answers) as client:
        with suppress(Unreachable):
            client.get(f"http://a.example:{site.port}/").close()
        assert site.connections == connections
