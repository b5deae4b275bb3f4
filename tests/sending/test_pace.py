"""At what pace hosts are told, over sockets: those that ask for patience, and those that do not answer."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from pingback.model import OutcomeStatus, Protocol
from pingback.net.client import Client
from pingback.protocols.xmlrpc import encode_fault
from pingback.store import Store
from tests.loopback import Request, Site, page
from tests.receive.pages import Clock
from tests.sending.deliveries import (
    LONG,
    NOW,
    delivered,
    plan,
    statuses,
)
from tests.sending.far_sides import XML, YES, FarSide

TOO_FAST = page(encode_fault(429, "too fast"), headers=XML)


@pytest.mark.parametrize(
    ("by", "answer", "gap"),
    [
        pytest.param(Protocol.PINGBACK, TOO_FAST, 15, id="wordpress-fault-429"),
        pytest.param(Protocol.WEBMENTION, page(status=429), 15, id="http-429"),
        pytest.param(Protocol.WEBMENTION, page(status=429, headers={"Retry-After": "40"}), 40, id="with-retry-after"),
        pytest.param(Protocol.WEBMENTION, page(status=429, headers={"Retry-After": "0"}), 1, id="but-not-at-once"),
    ],
)
def test_too_fast_is_let_be(store: Store, client: Client, clock: Clock, by: Protocol, answer: bytes, gap: int) -> None:
    with FarSide("/1", "/2", "/3", "/4", by=by, answer=answer) as far_side:
        plan(store, *(f"{far_side.url}/{number}" for number in range(1, 5)))
        outcomes = delivered(store, client, clock)
        due = NOW + timedelta(seconds=gap)
        assert {(outcome.status, outcome.fault, outcome.next_try) for outcome in outcomes} == {
            (OutcomeStatus.FAILED, 429, due)
        }
        assert 1 <= len(far_side.heard) <= 2

        clock.instant = due - timedelta(milliseconds=1)
        assert delivered(store, client, clock) == []
        clock.instant, far_side.answer = due, YES[by]
        for _ in range(4):  # other processes keep its pace, too
            assert len(delivered(store, client, clock)) == 1
            assert delivered(store, client, clock) == []
            clock.pass_by(seconds=gap)


def test_the_ports_of_a_server_share_its_pause(store: Store, client: Client, clock: Clock) -> None:
    with FarSide("/1", by=Protocol.WEBMENTION, answer=page(status=429)) as busy, FarSide("/1") as other:
        plan(store, f"{busy.url}/1")
        [outcome] = delivered(store, client, clock)
        plan(store, f"{busy.url}/1", f"{other.url}/1")
        assert (delivered(store, client, clock), other.heard) == ([], [])
        assert outcome.next_try is not None
        clock.instant, busy.answer = outcome.next_try, YES[Protocol.WEBMENTION]
        first = delivered(store, client, clock)
        clock.pass_by(seconds=15)
        both = first + delivered(store, client, clock)
        assert (len(first), statuses(both)) == (1, {f"{busy.url}/1": "accepted", f"{other.url}/1": "accepted"})


class WordPress:
    """Takes one ping in 15 seconds, by the clock of the test."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.last = NOW - LONG
        self.too_fast = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> bytes:
        with self._lock:
            instant = self.clock()
            if instant - self.last < timedelta(seconds=15):
                self.too_fast += 1
                return TOO_FAST
            self.last = instant
            return YES[Protocol.PINGBACK]


def test_within_patience_all_are_spaced_and_accepted(store: Store, client: Client) -> None:
    clock = Clock()
    first = WordPress(clock)
    targets = [f"/{number}" for number in range(1, 8)]
    with FarSide(*targets, by=Protocol.PINGBACK, answer=first) as far_side:
        plan(store, *(far_side.url + target for target in targets))
        outcomes = delivered(store, client, clock, LONG)
        assert statuses(outcomes) == dict.fromkeys([far_side.url + target for target in targets], "accepted")
    assert first.too_fast <= 2  # of those that were out before it said so


def test_patience_has_an_end(store: Store, client: Client) -> None:
    with FarSide("/1", by=Protocol.PINGBACK, answer=TOO_FAST) as far_side:
        plan(store, f"{far_side.url}/1")
        clock = Clock()
        [outcome] = delivered(store, client, clock, timedelta(minutes=5))
    assert (outcome.status, outcome.fault) == (OutcomeStatus.FAILED, 429)
    assert outcome.attempts > 1
    assert outcome.next_try is not None
    assert outcome.next_try > NOW + timedelta(minutes=5)


def test_a_service_for_many_hosts_is_let_be_by_all_of_them(store: Store, client: Client, clock: Clock) -> None:
    with ExitStack() as stack:
        service = stack.enter_context(FarSide(answer=page(status=429)))
        link = page(headers={"Link": f'<{service.url}/endpoint>; rel="webmention"'})
        hosts = [stack.enter_context(Site({"/": link}, host=f"127.0.1.{number}")) for number in range(1, 9)]
        plan(store, *(host.url + "/" for host in hosts))
        delivered(store, client, clock)
        assert 1 <= len(service.heard) <= 2
        assert {ping.next_try for ping in store.outbox.pings()} == {NOW + timedelta(seconds=15)}


# Hosts that do not answer


# It hangs up. To wait for a time-out instead would be to race with the hosts that do answer.
NO_ANSWER = b""


@pytest.mark.parametrize("silent", ["page", "endpoint"])
def test_a_host_that_does_not_answer_is_not_tried_for_each_of_its_pages(
    store: Store, client: Client, clock: Clock, silent: str
) -> None:
    paths = [f"/{number}" for number in range(8)]
    with FarSide(*paths) as far_side, FarSide("/1", host="127.0.0.3") as well:
        still = ["/endpoint"] if silent == "endpoint" else paths
        # Whoever hangs up on a connection that was used before may have meant that one, and is asked once more.
        alone = {"Connection": "close", "Link": '</endpoint>; rel="webmention"'}
        far_side.pages |= dict.fromkeys(paths, page(headers=alone)) | dict.fromkeys(still, NO_ANSWER)
        targets = [far_side.url + path for path in paths]
        plan(store, *targets, f"{well.url}/1")
        outcomes = delivered(store, client, clock)
        assert statuses(outcomes) == dict.fromkeys(targets[:2], "failed") | {f"{well.url}/1": "accepted"}
        assert len([request for request in far_side.requests if request.path in still]) == 2

        left = [ping for ping in store.outbox.pings() if ping.target in targets[2:]]
        assert {(ping.attempts, ping.is_held) for ping in left} == {(0, False)}
        far_side.pages |= {path: page() for path in still}
        assert delivered(store, client, clock) == []
        clock.pass_by(minutes=5)
        assert len(delivered(store, client, clock)) >= 6


def test_a_service_that_does_not_answer_is_not_tried_for_each_target(
    store: Store, client: Client, clock: Clock
) -> None:
    with ExitStack() as stack:
        service = stack.enter_context(Site({"/endpoint": NO_ANSWER}))
        link = page(headers={"Link": f'<{service.url}/endpoint>; rel="webmention"'})
        hosts = [stack.enter_context(Site({"/": link}, host=f"127.0.1.{number}")) for number in range(1, 9)]
        plan(store, *(host.url + "/" for host in hosts))
        assert len(delivered(store, client, clock)) == 2
        assert len(service.requests) == 2
