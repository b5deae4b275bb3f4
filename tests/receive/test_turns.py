"""`pingback.receive.turns`, through the receiver and sockets: a host's budget holds wherever redirects come from.

All names lead to loopback, so that one server is many hosts; the port tells the redirecting one from the victim.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address

import pytest

from pingback.errors import FaultCode, NoTurn
from pingback.model import MentionStatus, Protocol
from pingback.net.client import Client
from pingback.net.guard import Address, Postponed, Refused
from pingback.receive.existence import everything_exists
from pingback.receive.limits import Rate
from pingback.receive.pages import SitePages
from pingback.receive.turns import Turns
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


def turns_by(rate: str | None, clock: Clock, *, is_here: Callable[[Address], bool] = lambda address: False) -> Turns:
    site = SitePages(SITE, target_exists=everything_exists, self_pings=True)
    return Turns(None if rate is None else Rate(rate), site=site, clock=clock, is_here=is_here)


def leads(turns: Turns, source: str, url: str) -> bool:
    """The source may lead to this URL now; told as the client tells it."""
    try:
        with turns.visiting(source) as permit, as_by_the_client(url):
            permit.check_host(url)
    except NoTurn:
        return False
    return True


@contextmanager
def as_by_the_client(url: str) -> Iterator[None]:
    try:
        yield
    except Postponed as postponed:
        raise NoTurn(url, str(postponed), retry_after=postponed.seconds) from postponed


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
    with make("1000/hour", answer_within=None) as after_a_restart:
        after_a_restart.resume()
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
            receiver.settler.reverify(after=timedelta(days=7), most=5)
        assert standing(store) == [APPROVED] * 2
        refusal(receiver, sources(ways)[0])  # pinged again: no turn either
        assert standing(store) == [APPROVED] * 2
    assert len(victim.requests) == 2
    with make("2/day", answer_within=None) as after_a_restart:
        clock.pass_by(hours=2)
        after_a_restart.resume()  # what was asked is not forgotten
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
            receiver.resume()
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("http://victim.example/", "http://victim.example./", id="rfc1034-3.1-root-dot"),
        pytest.param("http://victim.example/", "https://VICTIM.example:8443/a", id="port-and-case"),
    ],
)
def test_one_host_has_one_budget_however_it_is_written(one: str, other: str, clock: Clock) -> None:
    turns = turns_by("1/hour", clock)
    assert [turns.take(one), turns.take(other)] == [True, False]
    turns = turns_by("1/hour", clock)
    assert turns.take(one)
    assert leads(turns, one, other)
    assert not leads(turns, "http://a.example/", other)


def test_a_shared_host_is_a_stranger_s_beyond_the_site(clock: Clock) -> None:
    turns = turns_by("1/hour", clock)
    assert turns.take("https://my.example/other")
    assert not leads(turns, f"{SITE}out", "https://my.example/other")


def test_what_leads_to_a_host_without_a_turn_is_tried_when_it_has_one(clock: Clock) -> None:
    turns = turns_by("1/minute", clock)
    assert turns.take("http://victim.example/")
    assert not leads(turns, "http://a.example/", "http://victim.example/")
    assert not turns.take("http://a.example/")
    clock.pass_by(seconds=61)
    assert turns.take("http://a.example/")


def reaches(turns: Turns, host: str, address: str, *, allowed: bool = False) -> bool:
    """A source at this host may be asked at this address now."""
    source = f"http://{host}/"
    try:
        with turns.visiting(source) as permit, as_by_the_client(source):
            permit.check_address(host, ip_address(address), allowed=allowed)
    except NoTurn:
        return False
    return True


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(["8.8.8.8"], id="ipv4"),
        pytest.param(["8.8.8.8", "64:ff9b::808:808"], id="rfc6052-2.1-nat64"),
        pytest.param(["2606:4700::1", "2606:4700:0:0:ffff::"], id="rfc6177-ipv6-network"),
    ],
)
@pytest.mark.parametrize("rate", [None, "10000/minute"], ids=["no-rate-of-hosts", "a-high-one"])
def test_an_address_is_asked_sixty_times_a_minute_by_however_many_names(
    addresses: list[str], rate: str | None, clock: Clock
) -> None:
    turns = turns_by(rate, clock)
    asked = [reaches(turns, f"h{number}.example", addresses[number % len(addresses)]) for number in range(70)]
    assert asked == [True] * 60 + [False] * 10
    assert reaches(turns, "a.example", "8.8.4.4")
    assert reaches(turns, "a.example", "2606:4700:0:1::1")


def test_the_source_of_an_address_without_a_turn_is_let_be_for_as_long(clock: Clock) -> None:
    turns = turns_by(None, clock)
    while reaches(turns, "h.example", "8.8.8.8"):
        assert turns.take("http://h.example/")
    assert not turns.take("http://h.example/")
    assert turns.take("http://other.example/")
    clock.pass_by(seconds=61)
    assert turns.take("http://h.example/")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        pytest.param("my.example", False, id="the-site-s-own-host"),
        pytest.param("my.example.", False, id="rfc1034-3.1-root-dot"),
        pytest.param("h.example", True, id="an-allowed-network"),
    ],
)
def test_what_has_no_budget_of_an_address(host: str, allowed: bool, clock: Clock) -> None:
    turns = turns_by(None, clock, is_here=lambda address: True)
    assert all(reaches(turns, host, "8.8.8.8", allowed=allowed) for _ in range(100))


@pytest.mark.parametrize("address", ["8.8.8.8", "64:ff9b::808:808", "2606:4700::1"])
def test_an_address_of_this_machine_is_refused(address: str, clock: Clock) -> None:
    ours = {ip_address("8.8.8.8"), ip_address("2606:4700::1")}
    turns = turns_by(None, clock, is_here=ours.__contains__)
    with pytest.raises(Refused, match="an address of this machine"):
        reaches(turns, "h.example", address)
    with pytest.raises(Refused):
        reaches(turns, "sub.my.example", address)
