"""The receiver over sockets: a host's budget holds wherever redirects come from.

All names lead to loopback, so that one server is many hosts; the port tells the redirecting one from the victim.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pingback.errors import FaultCode
from pingback.jobs.limits import Rate
from pingback.model import MentionStatus, Protocol
from pingback.net.client import Client
from pingback.store import Store
from tests.loopback import Site, page, redirect
from tests.receive.conftest import SITE, TARGET, refusal
from tests.receive.lax import Receiver
from tests.receive.pages import PATIENCE, Clock

LINKING = page(f'<title>A</title><p>words <a href="{TARGET}">link</a>'.encode())
APPROVED, PENDING = MentionStatus.APPROVED, MentionStatus.PENDING


@pytest.fixture
def victim() -> Iterator[Site]:
    with Site({f"/{number}": LINKING for number in range(20)}) as victim:
        yield victim


@pytest.fixture
def ways(victim: Site) -> Iterator[Site]:
    """Leads to a page of the victim from each path of the same name."""
    with Site({path: redirect(f"http://victim.example:{victim.port}{path}") for path in victim.pages}) as ways:
        yield ways


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], resolver=lambda host, port: ["127.0.0.1"]) as client:
        yield client


class Making:
    def __init__(self, store: Store, client: Client, clock: Clock) -> None:
        self.store, self.client, self.clock = store, client, clock

    def __call__(self, rate: str, *, answer_within: float | None = PATIENCE, site: str = SITE) -> Receiver:
        return Receiver(
            site=[SITE, site],
            store=self.store,
            client=self.client,
            clock=self.clock,
            answer_within=answer_within,
            source_rate=Rate(rate),
        )


@pytest.fixture
def make(store: Store, client: Client, clock: Clock) -> Making:
    return Making(store, client, clock)


def sources(ways: Site) -> list[str]:
    """Each at a host of its own."""
    return [f"http://h{number}.example:{ways.port}{path}" for number, path in enumerate(ways.pages)]


def standing(store: Store) -> list[MentionStatus]:
    return [mention.status for mention in store.mentions.list()]


@pytest.mark.parametrize("answer_within", [pytest.param(PATIENCE, id="in-time"), pytest.param(0.0, id="afterwards")])
def test_many_hosts_that_redirect_to_one_victim_cost_it_its_budget(
    make: Making, store: Store, victim: Site, ways: Site, clock: Clock, answer_within: float
) -> None:
    with make("3/hour", answer_within=answer_within) as receiver:
        for source in sources(ways):
            receiver.ping(source, TARGET)
    assert len(victim.requests) <= 3
    if answer_within:
        assert standing(store) == [APPROVED] * 3 + [PENDING] * 17
    assert MentionStatus.REJECTED not in standing(store)
    clock.pass_by(hours=1)
    with make("1000/hour", answer_within=None) as after_a_restart:
        after_a_restart.run_jobs()
    assert standing(store) == [APPROVED] * 20


def test_a_source_that_led_to_the_victim_is_let_be_for_as_long(
    make: Making, store: Store, victim: Site, ways: Site, clock: Clock
) -> None:
    with make("1/hour; 100/day", answer_within=None) as receiver:
        one, other = sources(ways)[:2]
        receiver.ping(one, TARGET)
        for _ in range(3):
            fault = refusal(receiver, other)
            assert (fault.code, fault.retry_after) == (FaultCode.UPSTREAM_ERROR, 60.0)
    assert (len(ways.requests), len(victim.requests), standing(store)) == (2, 1, [APPROVED])


def test_no_mention_is_withdrawn_for_want_of_a_turn(
    make: Making, store: Store, victim: Site, ways: Site, clock: Clock
) -> None:
    with make("2/day", answer_within=None) as receiver:
        for source in sources(ways)[:2]:
            receiver.ping(source, TARGET)
        del victim.pages["/0"]
        for _ in range(5):
            clock.pass_by(days=30)
            receiver.reverify(after=timedelta(days=7), most=5)
        assert standing(store) == [APPROVED] * 2
        refusal(receiver, sources(ways)[0])  # pinged again: no turn either
        assert standing(store) == [APPROVED] * 2
    assert len(victim.requests) == 2
    with make("2/day", answer_within=None) as after_a_restart:
        clock.pass_by(hours=2)
        after_a_restart.run_jobs()  # what was asked is not forgotten
    assert standing(store) == [MentionStatus.DELETED, APPROVED]


def test_an_unverified_trackback_that_has_no_turn_is_looked_at_later(
    make: Making, store: Store, ways: Site, client: Client, clock: Clock
) -> None:
    one, other = sources(ways)[:2]
    for rate in ("1/day", "2/day"):
        receiver = Receiver(
            site=SITE, store=store, client=client, clock=clock, verify_trackbacks=False, source_rate=Rate(rate)
        )
        with receiver:
            if rate == "1/day":
                receiver.ping(other, TARGET, protocol=Protocol.TRACKBACK)
                receiver.ping(one, TARGET)
                refusal(receiver, other)
                assert standing(store) == [PENDING, APPROVED]
            clock.pass_by(hours=2)
            receiver.run_jobs()
    assert standing(store) == [APPROVED, APPROVED]


def test_an_open_redirect_of_the_site_s_own_takes_the_victim_s_turns(
    make: Making, store: Store, victim: Site, ways: Site
) -> None:
    own = f"http://own.example:{ways.port}/"
    with make("2/hour", site=own) as receiver:
        for path in list(ways.pages)[:6]:
            receiver.ping(own.removesuffix("/") + path, TARGET)
    assert standing(store) == [APPROVED] * 2 + [PENDING] * 4
    assert len(victim.requests) == 2


def test_from_one_page_of_the_site_s_own_to_another_no_turn_is_taken(make: Making, store: Store, ways: Site) -> None:
    ways.pages = {"/old": redirect("/new"), "/new": LINKING}
    own = f"http://own.example:{ways.port}/"
    with make("1/hour", site=own) as receiver:
        for number in range(3):
            ways.pages[f"/{number}"] = redirect("/old")
            receiver.ping(f"{own}{number}", TARGET)
    assert standing(store) == [APPROVED] * 3


def test_a_redirect_within_a_host_takes_one_turn(make: Making, store: Store, ways: Site) -> None:
    ways.pages = {"/0": redirect("/0/"), "/0/": LINKING, "/1": redirect("/1/"), "/1/": LINKING}
    with make("2/hour") as receiver:
        receiver.ping(f"http://a.example:{ways.port}/0", TARGET)
        receiver.ping(f"http://a.example:{ways.port}/1", TARGET)
    assert standing(store) == [APPROVED] * 2
    assert len(ways.requests) == 4


def test_back_and_forth_each_change_takes_a_turn(make: Making, store: Store, victim: Site, ways: Site) -> None:
    ways.pages = {f"/{hop}": redirect(f"http://victim.example:{victim.port}/{hop}") for hop in range(3)}
    victim.pages = {f"/{hop}": redirect(f"http://a.example:{ways.port}/{hop + 1}") for hop in range(3)}
    with make("2/hour") as receiver:
        assert receiver.ping(f"http://a.example:{ways.port}/0", TARGET).status is PENDING
    assert len(victim.requests) <= 2
