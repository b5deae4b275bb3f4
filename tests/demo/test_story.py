"""`pingback.demo.story`: told in this process, by the real sender, server, verification and store."""

from collections.abc import Iterator

import pytest

from pingback.demo.story import Demo, running
from pingback.errors import Unreachable
from pingback.model import MentionStatus, OutcomeStatus, Protocol
from pingback.net.client import Client
from pingback.sending.publish import UNCHANGED

PARTS = "one two three four six seven eight".split()


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"]) as client:
        yield client


@pytest.fixture
def demo(client: Client) -> Iterator[Demo]:
    with running(db="sqlite://", client=client) as demo:
        yield demo


def test_seven_pings_are_accepted_and_kept_in_order(demo: Demo) -> None:
    root = demo.five.removesuffix("part-five/")
    assert [
        (outcome.source, outcome.target, outcome.endpoint, outcome.protocol, outcome.status) for outcome in demo.tell()
    ] == [
        (f"{root}part-{part}/", demo.five, f"{root}xmlrpc", Protocol.PINGBACK, OutcomeStatus.ACCEPTED) for part in PARTS
    ]
    mentions = demo.mentions()
    assert [mention.source for mention in mentions] == [f"{root}part-{part}/" for part in PARTS]
    assert {mention.status for mention in mentions} == {MentionStatus.APPROVED}
    assert [mention.title for mention in mentions][2:4] == [
        "What the Pendulum Doesn’t Say | The Slow Clock",
        "Oil, Brass & Patience | The Slow Clock",
    ]


def test_told_again_there_is_nothing_to_send(demo: Demo) -> None:
    assert len(list(demo.tell())) == 7
    assert {(outcome.status, outcome.message) for outcome in demo.tell()} == {(OutcomeStatus.SKIPPED, UNCHANGED)}
    assert len(demo.mentions()) == 7


def test_nothing_listens_when_it_is_over(client: Client) -> None:
    with running(db="sqlite://", client=client) as demo:
        list(demo.tell())
    with Client(allow=["127.0.0.1"]) as another, pytest.raises(Unreachable, match="was refused"):
        another.get(demo.five)
