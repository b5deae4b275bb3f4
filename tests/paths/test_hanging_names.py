"""Pings whose sources have names that the name server is silent about: others come through, and none is lost."""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from pingback.errors import Fault, FaultCode
from pingback.model import MentionStatus, Protocol
from pingback.net.client import Client, Limits
from pingback.store import Store
from tests.loopback import Site, page
from tests.paths.programs import PATIENCE, wait_until
from tests.receive.lax import Receiver
from tests.receive.pages import Clock

MINE = "https://my.example/"
LINKING = page(f'<title>A</title><p>On <a href="{MINE}5">five</a>.'.encode())
APPROVED, PENDING = MentionStatus.APPROVED, MentionStatus.PENDING


class NameServer:
    """Silent about names that begin with `hang`, until it `answers`; `asked` counts these."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked = threading.Semaphore(0)

    def __call__(self, host: str, port: int) -> list[str]:
        if host.startswith("hang"):
            self.asked.release()
            self.answers.wait(PATIENCE)
        return ["127.0.0.1"]


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    name_server = NameServer()
    yield name_server
    name_server.answers.set()


@pytest.fixture
def client(name_server: NameServer) -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], resolver=name_server, limits=Limits(timeout=PATIENCE)) as client:
        yield client


def standing(store: Store) -> Counter[MentionStatus]:
    return Counter(mention.status for mention in store.mentions.list())


@pytest.mark.parametrize(
    ("host", "askers", "hanging"),
    [
        pytest.param("hang{0}.evil.example", ("2001:db8::{0}", "192.0.2.1"), 8, id="of-one-domain"),
        pytest.param("hang{0}.evil{0}.example", ("2001:db8::{0}", "192.0.2.1"), 16, id="of-two-senders"),
        pytest.param("hang{0}.evil{0}.example", ("", "unix:"), 8, id="of-unknown-senders"),
    ],
)
def test_others_come_through_and_what_waits_is_verified(
    host: str, askers: tuple[str, str], hanging: int, client: Client, name_server: NameServer
) -> None:
    clock = Clock()
    with (
        Site({"/": LINKING}) as site,
        Store("sqlite://") as store,
        Receiver(
            site=MINE, store=store, client=client, clock=clock, answer_within=PATIENCE, queued=[Protocol.WEBMENTION]
        ) as receiver,
    ):
        for number in range(40):
            receiver.ping(
                f"http://{host.format(number)}:{site.port}/",
                f"{MINE}5",
                client_ip=askers[number % 2].format(number),
                protocol=Protocol.WEBMENTION,
            )
        pingback = receiver.ping(f"http://a.example:{site.port}/", f"{MINE}5", client_ip="198.51.100.1")
        assert pingback.status is APPROVED
        webmention = receiver.ping(
            f"http://b.example:{site.port}/", f"{MINE}5", client_ip="198.51.100.1", protocol=Protocol.WEBMENTION
        )
        assert webmention.status is PENDING
        wait_until(lambda: standing(store) == {APPROVED: 2, PENDING: 40})
        for _ in range(hanging):
            assert name_server.asked.acquire(timeout=PATIENCE)

        name_server.answers.set()

        def all_are_verified() -> bool:
            clock.pass_by(seconds=10)
            return standing(store) == {APPROVED: 42}

        wait_until(all_are_verified)


def test_without_a_background_the_sender_hears_when_to_come_again(client: Client, name_server: NameServer) -> None:
    with Site({"/": LINKING}) as site, Store("sqlite://") as store:
        receiver = Receiver(site=MINE, store=store, client=client, queued=[Protocol.WEBMENTION])
        for number in range(8):
            source = f"http://hang{number}.evil.example:{site.port}/"
            receiver.ping(source, f"{MINE}5", client_ip="192.0.2.1", protocol=Protocol.WEBMENTION)
        for _ in range(8):
            assert name_server.asked.acquire(timeout=PATIENCE)
        with pytest.raises(Fault) as refused:
            receiver.ping(f"http://hang.evil.example:{site.port}/", f"{MINE}5", client_ip="192.0.2.1")
        assert (refused.value.code, refused.value.retry_after) == (FaultCode.UPSTREAM_ERROR, 60.0)
        name_server.answers.set()
        receiver.close()
