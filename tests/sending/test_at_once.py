"""How many pings are under way at once, and how many at one host, over sockets."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

from pingback.jobs.runner import LEASE
from pingback.model import Outcome, OutcomeStatus, Protocol
from pingback.net.client import Client
from pingback.store import Store
from tests.loopback import Answer, Request, Site, page
from tests.receive.pages import PATIENCE, Clock, Pages
from tests.receive.pages import Page as PageInMemory
from tests.sending.deliveries import (
    delivered,
    plan,
    sender_of,
)
from tests.sending.far_sides import YES, FarSide


class Pairs:
    """Counts how many requests are being answered at the same time. None is before another one has come."""

    def __init__(self) -> None:
        self.most = 0
        self._here = 0
        self._pair = threading.Barrier(2, timeout=PATIENCE)
        self._lock = threading.Lock()

    def answering(self, answer: bytes) -> Callable[[Request], Answer]:
        def both(request: Request) -> bytes:
            with self._lock:
                self._here += 1
                self.most = max(self.most, self._here)
            self._pair.wait()
            with self._lock:
                self._here -= 1
            return answer

        return both


def test_two_at_a_time_for_the_pages_of_one_host(store: Store, client: Client, clock: Clock) -> None:
    with Site() as site:
        pairs = Pairs()
        site.pages["/rpc"] = pairs.answering(YES[Protocol.PINGBACK])
        advertising = pairs.answering(page(headers={"X-Pingback": "/rpc"}))
        site.pages |= {f"/{number}": advertising for number in range(12)}
        plan(store, *(f"{site.url}/{number}" for number in range(12)))
        assert {outcome.status for outcome in delivered(store, client, clock)} == {OutcomeStatus.ACCEPTED}
        assert (pairs.most, site.connections) == (2, 2)


def test_two_at_a_time_for_a_service_that_many_hosts_use(store: Store, client: Client, clock: Clock) -> None:
    with ExitStack() as stack:
        service = stack.enter_context(Site())
        pairs = Pairs()
        service.pages["/endpoint"] = pairs.answering(page(status=201))
        link = page(headers={"Link": f'<{service.url}/endpoint>; rel="webmention"'})
        hosts = [stack.enter_context(Site({"/": link}, host=f"127.0.1.{number}")) for number in range(1, 13)]
        plan(store, *(host.url + "/" for host in hosts))
        assert {outcome.status for outcome in delivered(store, client, clock)} == {OutcomeStatus.ACCEPTED}
        assert (pairs.most, service.connections) == (2, 2)


def test_many_hosts_at_once(store: Store, client: Client, clock: Clock) -> None:
    everybody = threading.Barrier(10)

    def together(request: Request) -> bytes:
        everybody.wait(PATIENCE)
        return page(status=201)

    with ExitStack() as stack:
        hosts = [stack.enter_context(FarSide("/", host=f"127.0.1.{n}", answer=together)) for n in range(1, 11)]
        plan(store, *(host.url + "/" for host in hosts))
        assert {outcome.status for outcome in delivered(store, client, clock)} == {OutcomeStatus.ACCEPTED}


def test_however_many_wait_only_some_are_under_way(store: Store, clock: Clock) -> None:
    """Whoever has 10,000 targets needs no more memory for it."""
    targets = [f"https://{number}.example/" for number in range(300)]
    plan(store, *targets)
    pages = Pages(dict.fromkeys(targets, PageInMemory()))
    held: list[int] = []

    def count(outcome: Outcome) -> None:
        held.append(sum(ping.is_held for ping in store.outbox.pings()))

    sender_of(store, pages, clock).deliver(count)
    assert max(held) <= 96
    assert len(held) == 300


def test_no_ping_goes_out_at_the_end_of_its_lease(store: Store, client: Client, clock: Clock) -> None:
    """Those that wait for their turn at a slow endpoint are claimed anew, lest somebody else sends them too."""
    left: list[timedelta] = []

    def slow(request: Request) -> bytes:
        for ping in store.outbox.pings():
            if ping.target.encode() in request.body:
                assert ping.next_try is not None
                left.append(ping.next_try - clock.instant)  # the lease's end
        clock.pass_by(seconds=50)
        return YES[Protocol.PINGBACK]

    with ExitStack() as stack:
        service = stack.enter_context(FarSide(by=Protocol.PINGBACK, answer=slow))
        link = page(headers={"X-Pingback": f"{service.url}/endpoint"})
        hosts = [stack.enter_context(Site({"/": link}, host=f"127.0.1.{number}")) for number in range(1, 9)]
        plan(store, *(host.url + "/" for host in hosts))
        outcomes = delivered(store, client, clock, patience=timedelta(hours=1))
        assert [outcome.status for outcome in outcomes] == [OutcomeStatus.ACCEPTED] * 8
        assert len(service.heard) == 8
    assert min(left) >= LEASE / 2 - timedelta(seconds=50)  # the other of the two may answer in between
