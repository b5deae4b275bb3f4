"""`pingback.receive.receiver`: many pings at once, and sites and sources that take their time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from pingback.errors import Fault
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.receive.conftest import (
    SOURCE,
    TARGET,
    MakeReceiver,
)
from tests.receive.pages import PATIENCE, Pages


def test_slow_sources_do_not_keep_everybody_waiting(make: MakeReceiver, pages: Pages) -> None:
    receiver = make(answer_within=PATIENCE)
    pages.gate.clear()
    with ThreadPoolExecutor(48) as threads:
        for number in range(48):
            threads.submit(receiver.ping, f"https://slow-{number}.example/", TARGET)
        for _ in range(48):
            pages.wait_until_asked()
        assert receiver.ping(SOURCE, TARGET).status is MentionStatus.PENDING
        pages.gate.set()
    assert SOURCE not in [url for url, _ in pages.asked]


@pytest.mark.parametrize("answer_within", [pytest.param(None, id="inline"), pytest.param(PATIENCE, id="in-time")])
def test_of_many_equal_pings_at_once_one_is_new(make: MakeReceiver, store: Store, answer_within: float | None) -> None:
    receiver = make(answer_within=answer_within)
    together = Barrier(8, timeout=PATIENCE)

    def ping(_: int) -> int | None:
        together.wait()
        try:
            receiver.ping(SOURCE, TARGET)
        except Fault as fault:
            return fault.code
        return None

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(ping, range(8)), key=str) == [48] * 7 + [None]
    assert len(list(store.mentions.list())) == 1


def test_equal_pings_at_once_are_one_request(make: MakeReceiver, store: Store, pages: Pages) -> None:
    pages.gate.clear()
    receiver = make(answer_within=PATIENCE)
    with ThreadPoolExecutor(8) as threads:
        pings = [threads.submit(receiver.ping, SOURCE, TARGET) for _ in range(8)]
        pages.wait_until_asked()
        pages.gate.set()
        faults = [ping.exception(PATIENCE) for ping in pings]
    assert sorted(fault.code for fault in faults if isinstance(fault, Fault)) == [48] * 7
    assert faults.count(None) == 1


@pytest.mark.parametrize("verify_trackbacks", [True, False])
def test_a_slow_site_keeps_no_sender_waiting(make: MakeReceiver, store: Store, verify_trackbacks: bool) -> None:
    """Its answer comes when it comes, and counts then."""
    gate = Event()
    receiver = make(
        answer_within=PATIENCE,
        queued=[Protocol.TRACKBACK],
        verify_trackbacks=verify_trackbacks,
        target_exists=lambda _: gate.wait(PATIENCE),
    )
    assert receiver.pingbacks_of(TARGET) == []
    assert receiver.ping(SOURCE, TARGET, protocol=Protocol.TRACKBACK).status is MentionStatus.PENDING
    assert not gate.is_set()
    gate.set()


@pytest.mark.parametrize("answer_within", [pytest.param(None, id="inline"), pytest.param(PATIENCE, id="in-time")])
def test_a_decider_that_pings_what_it_decides_on_hears_that_it_is_known(
    make: MakeReceiver, store: Store, answer_within: float | None
) -> None:
    """It would wait for itself."""
    heard: list[int] = []

    def decide(mention: Mention) -> MentionStatus:
        with pytest.raises(Fault) as refused:
            receiver.ping(mention.source, mention.target)
        heard.append(refused.value.code)
        return MentionStatus.APPROVED

    receiver = make(answer_within=answer_within, decide=decide)
    assert receiver.ping(SOURCE, TARGET).status is MentionStatus.APPROVED
    assert heard == [48]
