"""`pingback.jobs.budget`: a host's budget holds in both directions, and wherever redirects come from.

All names lead to loopback, so that one server is many hosts; the port tells the redirecting one from the victim.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from pingback.errors import NoTurn
from pingback.jobs.budget import Busy, HostBudget
from pingback.jobs.limits import Rate
from pingback.net.client import Client
from pingback.net.guard import Address, Postponed, Refused
from pingback.receive.existence import everything_exists
from pingback.receive.pages import SitePages
from pingback.store import Store
from pingback.store.rows import micros
from pingback.work import Pause
from tests.loopback import Site, page, redirect
from tests.receive.pages import Clock

SITE = "https://my.example/blog/"
NOW = Clock().instant
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
A = "a.example"


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    with Store("sqlite://", clock=clock) as store:
        yield store


@pytest.fixture
def budget(clock: Clock, store: Store) -> HostBudget:
    return HostBudget(clock=clock, pauses=store.pauses)


@pytest.fixture
def other(clock: Clock, store: Store) -> HostBudget:
    """That of another process."""
    return HostBudget(clock=clock, pauses=store.pauses)


# How many at once


def test_two_exchanges_at_a_time_with_a_host(budget: HostBudget) -> None:
    assert [budget.enter(A) for _ in range(3)] == [True, True, False]
    assert (budget.room(A), budget.room("b.example"), budget.busy()) == (0, 2, {A: 2})
    budget.leave(A)
    assert (budget.room(A), budget.busy()) == (1, {A: 1})
    with budget.place(A), pytest.raises(Busy), budget.place(A):
        pass
    assert budget.room(A) == 1


def test_nobody_has_no_bounds(budget: HostBudget) -> None:
    assert all(budget.enter("") for _ in range(100))
    budget.pause("", NOW + HOUR)
    assert budget.enter("")


# Hosts that are to be let be


def test_a_slow_host_gets_one_at_a_time_and_one_that_is_silent_again_none(
    budget: HostBudget, other: HostBudget, clock: Clock
) -> None:
    budget.unanswered(A, "asked")
    assert (budget.room(A), budget.places(A), budget.busy()) == (1, 1, {A: 1})
    budget.unanswered(A, "told")  # another kind of question
    assert budget.paused_until(A) is None
    budget.unanswered(A, "asked")
    assert (budget.room(A), budget.paused_until(A), other.paused_until(A)) == (0, NOW + 5 * MINUTE, NOW + 5 * MINUTE)
    clock.pass_by(minutes=5)
    assert (budget.room(A), budget.paused_until(A)) == (1, None)
    budget.answered(A, "asked")
    assert budget.room(A) == 1
    budget.answered(A, "told")
    assert (budget.room(A), budget.busy()) == (2, {})


def test_strikes_are_forgotten_after_an_hour(budget: HostBudget, clock: Clock) -> None:
    budget.unanswered(A)
    clock.pass_by(hours=1)
    assert budget.room(A) == 2
    budget.unanswered(A)
    assert budget.paused_until(A) is None


@pytest.mark.parametrize(
    ("wish", "gap"),
    [
        pytest.param(None, timedelta(seconds=15), id="wordpress-one-in-15-seconds"),
        pytest.param(timedelta(seconds=40), timedelta(seconds=40), id="as-the-host-says"),
        pytest.param(timedelta(0), timedelta(seconds=1), id="but-not-at-once"),
        pytest.param(timedelta(days=3), HOUR, id="and-not-for-days"),
    ],
)
def test_a_host_that_says_too_fast_is_let_be_now_and_after_each_exchange(
    budget: HostBudget, clock: Clock, wish: timedelta | None, gap: timedelta
) -> None:
    assert budget.enter(A)
    budget.too_fast(A, None if wish is None else NOW + wish)
    budget.leave(A)
    assert (budget.paused_until(A), budget.room(A)) == (NOW + gap, 0)
    clock.instant += gap
    assert [budget.enter(A), budget.enter(A)] == [True, False]
    assert budget.paused_until(A) is None
    budget.leave(A)
    assert budget.paused_until(A) == NOW + 2 * gap
    clock.instant += gap + 2 * HOUR
    assert budget.room(A) == 2  # it has said nothing of the kind since


def test_a_pause_that_is_longer_stays_and_none_lasts_for_more_than_an_hour(budget: HostBudget, store: Store) -> None:
    budget.pause(A, NOW - MINUTE)
    assert budget.paused_until(A) is None
    budget.pause(A, NOW + 2 * MINUTE)
    budget.pause(A, NOW + MINUTE)
    assert store.pauses.of(A, now=NOW) == Pause(NOW + 2 * MINUTE, timedelta(0), NEVER)
    budget.pause(A, NOW + 1000 * HOUR)
    assert budget.paused_until(A) == NOW + HOUR


def test_a_clock_that_ran_ahead_leaves_no_pause_behind(budget: HostBudget, clock: Clock) -> None:
    clock.pass_by(days=3650)
    budget.pause(A, clock() + HOUR)
    clock.instant = NOW
    assert budget.room(A) == 2


def test_a_pause_that_cannot_be_kept_holds_here_all_the_same(budget: HostBudget, store: Store) -> None:
    store.close()
    budget.pause(A, NOW + MINUTE)
    assert (budget.paused_until(A), budget.room(A), budget.room("b.example")) == (NOW + MINUTE, 0, 2)


# What other processes know


def test_a_pause_is_heeded_by_others_within_a_second(budget: HostBudget, other: HostBudget, clock: Clock) -> None:
    assert other.enter(A)
    budget.pause(A, NOW + MINUTE)
    clock.pass_by(seconds=1)
    assert (other.room(A), other.enter(A), other.paused_until(A)) == (0, False, NOW + MINUTE)
    clock.pass_by(minutes=1)
    assert other.room(A) == 1


def test_one_that_says_too_fast_is_asked_by_others_at_its_pace_too(
    budget: HostBudget, other: HostBudget, clock: Clock
) -> None:
    budget.too_fast(A, NOW + 40 * SECOND)
    clock.pass_by(seconds=40)
    assert [other.enter(A), other.enter(A)] == [True, False]
    assert other.busy() == {A: 2}  # the place that it has, and the one that a slow host has not
    other.leave(A)
    assert (other.paused_until(A), budget.paused_until(A)) == (NOW + 80 * SECOND, NOW + 80 * SECOND)
    clock.pass_by(hours=3)
    assert (budget.room(A), other.room(A)) == (2, 2)


def test_what_a_host_said_survives_the_process_and_the_chores(store: Store, budget: HostBudget, clock: Clock) -> None:
    budget.too_fast(A)
    clock.pass_by(minutes=30)
    store.jobs.heal_clock(clock())
    store.retention.run(before=clock() - 90 * 24 * HOUR, now=clock(), most=100)
    assert HostBudget(clock=clock, pauses=store.pauses).room(A) == 1
    clock.pass_by(hours=1)
    store.jobs.heal_clock(clock())
    with store._database.read() as tx:
        assert tx.execute("SELECT count(*) FROM pingback_pauses").scalar() == 0


def test_the_database_is_asked_once_a_second(budget: HostBudget, store: Store, clock: Clock) -> None:
    assert budget.room(A) == 2
    store.pauses.keep(A, Pause(NOW + MINUTE))
    for _ in range(100):
        assert budget.room(A) == 2
    clock.pass_by(seconds=1)
    assert budget.room(A) == 0


def test_what_others_left_is_no_pause(budget: HostBudget, store: Store) -> None:
    for number, (until, gap, gap_until) in enumerate(_LEFT):
        with store._database.write() as tx:
            row = {"host": f"h{number}.example", "until": until, "gap": gap, "gap_until": gap_until}
            tx.execute("INSERT INTO pingback_pauses VALUES (:host, :until, :gap, :gap_until)", row)
        assert budget.room(f"h{number}.example") == 2


_TEN_YEARS, _LATER = 10 * 365 * 24 * HOUR, NOW + MINUTE
_LEFT = [
    (micros(NOW + _TEN_YEARS), 0, 0),
    (0, 1, micros(NOW + _TEN_YEARS)),
    (micros(_LATER), 2**62, micros(_LATER)),
    (micros(_LATER), -1, micros(_LATER)),
    ("soon", 0, 0),
    (micros(_LATER), 0, "soon"),
    (micros(_LATER), "a while", micros(_LATER)),
    (-(2**62), 1, micros(_LATER)),
]


def test_no_stranger_can_have_it_remember_without_end(budget: HostBudget) -> None:
    for number in range(3000):
        host = f"h{number}.example"
        assert budget.room(host)
        budget.unanswered(host)
        budget.too_fast(host)
        with pytest.raises(NoTurn), budget.asking(f"http://{host}/"):
            raise NoTurn("http://b.example/", "enough", retry_after=60.0)
    known = budget._strikes, budget._gaps, budget._pauses, budget._spent, budget._known
    assert [len(each) for each in known] == [1000] * 5
    assert budget.room("h2999.example") == 0


def test_what_strangers_name_slows_none_of_our_own_pings(budget: HostBudget) -> None:
    for number in range(5):
        with pytest.raises(TimeoutError), budget.asking(f"https://{A}/{number}"), budget.place(A):
            raise TimeoutError
    assert (budget.room(A), budget.busy(), budget.paused_until(A)) == (2, {}, None)


# What strangers name


LINKING = page(b"<title>A</title>")


@pytest.fixture
def victim() -> Iterator[Site]:
    with Site({f"/{number}": LINKING for number in range(20)}) as victim:
        yield victim


@pytest.fixture
def redirecting(victim: Site) -> Iterator[Site]:
    """Leads to a page of the victim from each path of the same name."""
    pages = {path: redirect(f"http://victim.example:{victim.port}{path}") for path in victim.pages}
    with Site(pages) as redirecting:
        yield redirecting


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], resolver=lambda host, port: ["127.0.0.1"]) as client:
        yield client


def budget_by(
    rate: str | None,
    clock: Clock,
    *,
    site: str = SITE,
    is_here: Callable[[Address], bool] = lambda address: False,
) -> HostBudget:
    pages = SitePages([SITE, site], target_exists=everything_exists, self_pings=True)
    return HostBudget(None if rate is None else Rate(rate), site=pages, clock=clock, is_here=is_here)


def looks(budget: HostBudget, client: Client, source: str) -> bool:
    """The source is asked, as far as there is room for it."""
    if not budget.take(source):
        return False
    try:
        with budget.asking(source) as permit, client.get(source, permit=permit):
            pass
    except NoTurn:
        return False
    return True


def sources(redirecting: Site) -> list[str]:
    """Each at a host of its own."""
    return [f"http://h{number}.example:{redirecting.port}{path}" for number, path in enumerate(redirecting.pages)]


def test_many_hosts_that_redirect_to_one_victim_cost_it_its_budget(
    client: Client, victim: Site, redirecting: Site, clock: Clock
) -> None:
    budget = budget_by("3/hour", clock)
    assert [looks(budget, client, source) for source in sources(redirecting)] == [True] * 3 + [False] * 17
    assert len(victim.requests) == 3


def test_a_source_that_led_to_the_victim_is_let_be_for_as_long(
    client: Client, victim: Site, redirecting: Site, clock: Clock
) -> None:
    budget = budget_by("1/hour; 100/day", clock)
    one, other = sources(redirecting)[:2]
    assert looks(budget, client, one)
    for _ in range(3):
        assert not looks(budget, client, other)
    assert (len(redirecting.requests), len(victim.requests)) == (2, 1)


def test_an_open_redirect_of_the_site_s_own_costs_the_victim_its_budget(
    client: Client, victim: Site, redirecting: Site, clock: Clock
) -> None:
    own = f"http://own.example:{redirecting.port}/"
    budget = budget_by("2/hour", clock, site=own)
    asked = [looks(budget, client, own.removesuffix("/") + path) for path in list(redirecting.pages)[:6]]
    assert asked == [True] * 2 + [False] * 4
    assert len(victim.requests) == 2


def test_from_one_page_of_the_site_s_own_to_another_nothing_is_counted(
    client: Client, redirecting: Site, clock: Clock
) -> None:
    redirecting.pages = {"/0": redirect("/new"), "/1": redirect("/new"), "/2": redirect("/new"), "/new": LINKING}
    own = f"http://own.example:{redirecting.port}/"
    budget = budget_by("1/hour", clock, site=own)
    assert all(looks(budget, client, f"{own}{number}") for number in range(3))


def test_a_redirect_within_a_host_is_one_request(client: Client, redirecting: Site, clock: Clock) -> None:
    redirecting.pages = {"/0": redirect("/0/"), "/0/": LINKING, "/1": redirect("/1/"), "/1/": LINKING}
    budget = budget_by("2/hour", clock)
    assert [looks(budget, client, f"http://a.example:{redirecting.port}/{n}") for n in (0, 1, 0)] == [True, True, False]
    assert len(redirecting.requests) == 4


def test_back_and_forth_each_change_is_counted(client: Client, victim: Site, redirecting: Site, clock: Clock) -> None:
    redirecting.pages = {f"/{hop}": redirect(f"http://victim.example:{victim.port}/{hop}") for hop in range(3)}
    victim.pages = {f"/{hop}": redirect(f"http://a.example:{redirecting.port}/{hop + 1}") for hop in range(3)}
    assert not looks(budget_by("2/hour", clock), client, f"http://a.example:{redirecting.port}/0")
    assert len(victim.requests) <= 2


def leads(budget: HostBudget, source: str, url: str) -> bool:
    """The source may lead to this URL now; told as the client tells it."""
    try:
        with budget.asking(source) as permit, as_by_the_client(url):
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("http://victim.example/", "http://victim.example./", id="rfc1034-3.1-root-dot"),
        pytest.param("http://victim.example/", "https://VICTIM.example:8443/a", id="port-and-case"),
    ],
)
def test_one_host_has_one_budget_however_it_is_written(one: str, other: str, clock: Clock) -> None:
    budget = budget_by("1/hour", clock)
    assert [budget.take(one), budget.take(other)] == [True, False]
    budget = budget_by("1/hour", clock)
    assert budget.take(one)
    assert leads(budget, one, other)
    assert not leads(budget, "http://a.example/", other)


def test_a_shared_host_is_a_stranger_s_beyond_the_site(clock: Clock) -> None:
    budget = budget_by("1/hour", clock)
    assert budget.take("https://my.example/other")
    assert not leads(budget, f"{SITE}out", "https://my.example/other")


def test_the_site_s_own_pages_have_no_budget(clock: Clock) -> None:
    budget = budget_by("1/hour", clock)
    assert all(budget.take(f"{SITE}{number}") for number in range(5))


def test_what_leads_to_a_host_without_room_is_tried_when_it_has_some(clock: Clock) -> None:
    budget = budget_by("1/minute", clock)
    assert budget.take("http://victim.example/")
    assert not leads(budget, "http://a.example/", "http://victim.example/")
    assert not budget.take("http://a.example/")
    clock.pass_by(seconds=61)
    assert budget.take("http://a.example/")


def test_for_whom_a_look_counts(clock: Clock) -> None:
    budget = budget_by(None, clock)
    with budget.asking("http://a.example/", sender="192.0.2.7") as permit:
        assert (permit.sender, permit.is_strangers) == ("192.0.2.7", True)


def reaches(budget: HostBudget, host: str, address: str, *, allowed: bool = False) -> bool:
    """A source at this host may be asked at this address now."""
    source = f"http://{host}/"
    try:
        with budget.asking(source) as permit, as_by_the_client(source):
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
    budget = budget_by(rate, clock)
    asked = [reaches(budget, f"h{number}.example", addresses[number % len(addresses)]) for number in range(70)]
    assert asked == [True] * 60 + [False] * 10
    assert reaches(budget, "a.example", "8.8.4.4")
    assert reaches(budget, "a.example", "2606:4700:0:1::1")


def test_the_source_of_an_address_without_room_is_let_be_for_as_long(clock: Clock) -> None:
    budget = budget_by(None, clock)
    while reaches(budget, "h.example", "8.8.8.8"):
        assert budget.take("http://h.example/")
    assert not budget.take("http://h.example/")
    assert budget.take("http://other.example/")
    clock.pass_by(seconds=61)
    assert budget.take("http://h.example/")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        pytest.param("my.example", False, id="the-site-s-own-host"),
        pytest.param("my.example.", False, id="rfc1034-3.1-root-dot"),
        pytest.param("h.example", True, id="an-allowed-network"),
    ],
)
def test_what_has_no_budget_of_an_address(host: str, allowed: bool, clock: Clock) -> None:
    budget = budget_by(None, clock, is_here=lambda address: True)
    assert all(reaches(budget, host, "8.8.8.8", allowed=allowed) for _ in range(100))


@pytest.mark.parametrize("address", ["8.8.8.8", "64:ff9b::808:808", "2606:4700::1"])
def test_an_address_of_this_machine_is_refused(address: str, clock: Clock) -> None:
    ours = {ip_address("8.8.8.8"), ip_address("2606:4700::1")}
    budget = budget_by(None, clock, is_here=ours.__contains__)
    with pytest.raises(Refused, match="an address of this machine"):
        reaches(budget, "h.example", address)
    with pytest.raises(Refused):
        reaches(budget, "sub.my.example", address)
