"""`pingback.receive.receiver`: the pingbacks of a target."""

import pytest

from pingback.errors import Fault, FaultCode
from pingback.jobs.limits import Rate
from pingback.model import MentionStatus
from pingback.store import Store
from tests.receive.conftest import (
    LINKING,
    SOURCE,
    TARGET,
    MakeReceiver,
)
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Pages


def test_pingbacks_of_what_nobody_links_to_count_as_pings(make: MakeReceiver) -> None:
    """Each of them has the site asked for a page of a stranger's choice."""
    asked: list[str] = []

    def exists(target: str) -> bool:
        asked.append(target)
        return True

    receiver = make(target_exists=exists, rate=Rate("2/day"))
    for number in range(2):
        assert receiver.pingbacks_of(f"{TARGET}?{number}", client_ip="192.0.2.1") == []
    for ask in (receiver.pingbacks_of, receiver.approved_of):
        with pytest.raises(Fault) as refused:
            ask(f"{TARGET}?2", client_ip="192.0.2.1")
        assert (refused.value.code, bool(refused.value.retry_after)) == (FaultCode.ACCESS_DENIED, True)
    assert len(asked) == 2


def refusal_of_list(receiver: Receiver) -> Fault:
    with pytest.raises(Fault) as refused:
        receiver.pingbacks_of(TARGET)
    return refused.value


def test_pingbacks_of_a_target_in_order_of_arrival(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make()
    sources = [f"https://{name}.example/" for name in ("c", "a", "b")]
    for source in sources:
        pages.web[source] = LINKING
        receiver.ping(source, TARGET)
        clock.pass_by(seconds=1)
    make(decide=lambda _: MentionStatus.SPAM).ping(SOURCE, TARGET)
    assert receiver.pingbacks_of(f" {TARGET}#x") == sources
    assert receiver.pingbacks_of(TARGET + "/other") == []


@pytest.mark.parametrize(
    ("target", "code"),
    [
        pytest.param("https://other.example/", 33, id="33-another-site"),
        pytest.param("garbage", 33, id="33-garbage"),
        pytest.param(TARGET, 32, id="32-not-there"),
    ],
)
def test_pingbacks_of_what_is_no_target(make: MakeReceiver, target: str, code: int) -> None:
    with pytest.raises(Fault) as refused:
        make(target_exists=lambda _: False).pingbacks_of(target)
    assert refused.value.code == code
