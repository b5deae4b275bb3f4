"""From a name to a connection: which of a host's addresses are tried, and for how long."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

import pytest

from pingback.errors import Blocked, NoTurn, Unreachable
from pingback.net.client import Client, Limits
from pingback.net.guard import Address, Permit, Postponed, Refused
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


class Closed(Permit):
    """Says no to the addresses that are in here, and keeps what it is asked."""

    def __init__(self, closed: Mapping[str, Exception]) -> None:
        self.closed = closed
        self.asked: list[str] = []

    def check_address(self, host: str, address: Address, *, allowed: bool) -> None:
        self.asked.append(str(address))
        if str(address) in self.closed:
            raise self.closed[str(address)]


NOT_NOW = Postponed("asked often enough", seconds=5.0)


def test_an_address_that_is_not_asked_now_leaves_the_others() -> None:
    permit = Closed({"127.0.0.1": NOT_NOW})
    with (
        Site() as site,
        Site({"/": page(b"here")}, host="127.0.0.2", port=site.port),
        Client(allow=["127.0.0.0/8"], resolver=lambda *_: ["127.0.0.1", "127.0.0.2"]) as client,
    ):
        assert client.get(f"http://a.example:{site.port}/", permit=permit).read() == b"here"
        assert (site.connections, permit.asked) == (0, ["127.0.0.1", "127.0.0.2"])


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(["127.0.0.1"], id="alone"),
        pytest.param(["127.0.0.1", "127.0.0.2"], id="before-a-dead-one"),
        pytest.param(["127.0.0.2", "127.0.0.1"], id="after-a-dead-one"),
    ],
)
def test_while_an_address_is_not_asked_nothing_is_said_of_the_host(answers: list[str]) -> None:
    with (
        Site() as site,
        Client(allow=["127.0.0.0/8"], resolver=lambda *_: answers) as client,
        pytest.raises(NoTurn, match="asked often enough"),
    ):
        client.get(f"http://a.example:{site.port}/", permit=Closed({"127.0.0.1": NOT_NOW}))
    assert site.connections == 0


def test_an_address_that_is_refused_is_the_end() -> None:
    with (
        Site() as site,
        Site(host="127.0.0.2", port=site.port) as other,
        Client(allow=["127.0.0.0/8"], resolver=lambda *_: ["127.0.0.1", "127.0.0.2"]) as client,
        pytest.raises(Blocked, match="ours"),
    ):
        client.get(f"http://a.example:{site.port}/", permit=Closed({"127.0.0.1": Refused("ours")}))
    assert (site.connections, other.connections) == (0, 0)


def test_the_permit_hears_of_the_host_and_whether_the_address_is_allowed() -> None:
    heard = []

    class Deaf(Permit):
        def check_address(self, host: str, address: Address, *, allowed: bool) -> None:
            heard.append((host, str(address), allowed))
            raise NOT_NOW

    with Client(allow=["127.0.0.1"], resolver=lambda *_: ["8.8.8.8", "::ffff:127.0.0.1"]) as client:
        for url in ("http://a.example./", "http://[2606:4700::1]/"):
            with pytest.raises(NoTurn):
                client.get(url, permit=Deaf())
    assert heard == [
        ("a.example.", "8.8.8.8", False),
        ("a.example.", "127.0.0.1", True),
        ("2606:4700::1", "2606:4700::1", False),
    ]


@pytest.mark.parametrize("error", [ConnectionResetError, BrokenPipeError])
def test_a_connection_that_is_cut_off_as_it_begins(error: type[OSError]) -> None:
    with Site() as site, Client(allow=["127.0.0.0/8"], resolver=lambda *_: ["127.0.0.1"]) as client:
        permit = Closed({"127.0.0.1": error(0, "cut off")})
        with pytest.raises(Unreachable):
            client.get(f"http://a.example:{site.port}/", permit=permit)
