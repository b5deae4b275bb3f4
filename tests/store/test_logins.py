"""`pingback.store.logins`: how many tries there are, for whom."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice

import pytest

from pingback.store import Store
from pingback.store.logins import Logins
from tests.store.databases import NewStore, asked

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE, OTHER = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def logins(new_store: NewStore) -> Logins:
    return new_store().logins


def test_five_in_five_minutes(logins: Logins) -> None:
    assert [logins.attempt(ONE, now=NOON + n * MINUTE) for n in range(5)] == [None] * 5
    late = NOON + 4.5 * MINUTE
    assert logins.attempt(ONE, now=late) == 0.5 * MINUTE
    assert logins.attempt(OTHER, now=late) is None
    assert logins.attempt(ONE, now=NOON + 5 * MINUTE) is None  # the first one is over
    assert logins.attempt(ONE, now=NOON + 5 * MINUTE) == MINUTE


def test_what_is_refused_is_not_counted(logins: Logins) -> None:
    for _ in range(100):
        logins.attempt(ONE, now=NOON)
    assert logins.attempt(ONE, now=NOON + 5 * MINUTE) is None


def let_through(logins: Logins, addresses: Iterator[str], *, now: datetime = NOON, most: int = 400) -> int:
    """How many of these tries are counted."""
    return sum(logins.attempt(address, now=now) is None for address in islice(addresses, most))


def wide(number: int) -> str:
    """An address in a wide network of its own."""
    return f"{number // 250 + 1}.{number % 250}.2.1"


@pytest.mark.parametrize(
    ("address", "most"),
    [
        pytest.param(lambda n: "192.0.2.1", 5, id="one-address"),
        pytest.param(lambda n: f"2001:db8::{n:x}", 5, id="hops-in-a-64"),
        pytest.param(lambda n: f"2001:db8:0:{n:x}::1", 40, id="hops-in-a-48"),
        pytest.param(lambda n: f"2001:db8:{n:x}::1", 40, id="hops-in-a-32"),
        pytest.param(lambda n: f"192.0.{n // 250}.{n % 250}", 40, id="hops-in-a-16"),
        pytest.param(lambda n: f"2001:{n:x}::1", 300, id="from-everywhere-ipv6"),
        pytest.param(wide, 300, id="from-everywhere-ipv4"),
    ],
)
def test_how_many_tries_an_attacker_has(logins: Logins, address: Callable[[int], str], most: int) -> None:
    addresses = map(address, count())
    assert let_through(logins, addresses) == most
    assert let_through(logins, addresses, now=NOON + 4.9 * MINUTE) == 0


def test_six_networks_keep_nobody_else_out(logins: Logins) -> None:
    for window in range(12):
        at = NOON + window * 5 * MINUTE
        for network in range(6):
            assert let_through(logins, iter([f"2001:db8:0:{network:x}::1"] * 9), now=at) == 5
        assert logins.attempt(ONE, now=at + 2 * MINUTE) is None


@pytest.fixture
def stormed(logins: Logins) -> Logins:
    """All that strangers have in common is used up, from sixty wide networks."""
    assert let_through(logins, (wide(number % 60) for number in count()), most=240) == 240
    return logins


def test_a_device_that_logged_in_before_has_a_lane_of_its_own(stormed: Logins) -> None:
    let_through(stormed, map(wide, count(100)))
    assert stormed.attempt(ONE, now=NOON) is not None
    tries = [stormed.attempt(ONE, now=NOON + n * MINUTE, device="mine") for n in range(6)]
    assert tries == [None] * 5 + [None]  # the first one is over by then
    assert stormed.attempt(ONE, now=NOON + 5 * MINUTE, device="mine") == MINUTE
    assert stormed.attempt(OTHER, now=NOON + 5 * MINUTE, device="my telephone") is None


def test_a_device_takes_nothing_from_others(logins: Logins) -> None:
    for device in range(100):
        assert let_through(logins, iter([ONE])) == (1 if device < 5 else 0)
        assert logins.attempt(ONE, now=NOON, device=f"device {device}") is None
    assert let_through(logins, map(wide, count())) == 300 - 5


def test_new_devices_of_other_networks_have_a_few_tries_in_a_storm(stormed: Logins) -> None:
    assert [stormed.attempt(ONE, now=NOON) for _ in range(4)] == [None] * 3 + [5 * MINUTE]
    assert stormed.attempt(OTHER, now=NOON) == 5 * MINUTE  # of the same network
    assert stormed.attempt("198.51.100.1", now=NOON) is None
    for number in range(240):  # the storm goes on
        stormed.attempt(wide(number % 60), now=NOON + 23 * 60 * MINUTE)
    assert stormed.attempt(ONE, now=NOON + 23 * 60 * MINUTE) == 5 * MINUTE
    for number in range(240):
        stormed.attempt(wide(number % 60), now=NOON + 25 * 60 * MINUTE)
    assert stormed.attempt(ONE, now=NOON + 25 * 60 * MINUTE) is None


def test_the_right_password_in_a_storm(stormed: Logins) -> None:
    for _ in range(5):
        assert [stormed.attempt(ONE, now=NOON) for _ in range(3)] == [None] * 3
        stormed.forget(ONE)


def test_a_clock_that_went_wrong_locks_nobody_out(logins: Logins) -> None:
    for _ in range(5):
        assert logins.attempt(ONE, now=NOON + timedelta(days=365)) is None
    assert logins.attempt(ONE, now=NOON) is None
    assert logins.attempt(ONE, now=NOON, device="mine") is None


def test_how_much_is_kept(new_store: NewStore) -> None:
    store = new_store()
    for window in range(3):
        let_through(store.logins, map(wide, count()), now=NOON + window * 5 * MINUTE, most=400)
    assert asked(store, "SELECT count(*) FROM pingback_login_tries") == [(240 + 3 * 60,)]
    store.logins.attempt(ONE, now=NOON + timedelta(days=2))
    assert asked(store, "SELECT count(*) FROM pingback_login_tries") == [(1,)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("192.0.2.1", "192.0.2.2", False, id="ipv4"),
        pytest.param("2001:db8::1", "2001:db8::ffff:2", True, id="rfc6177-one-network-of-64-bits"),
        pytest.param("2001:db8::1", "2001:db8:0:1::1", False, id="rfc6177-two-networks"),
        pytest.param("192.0.2.1", "::ffff:192.0.2.1", True, id="rfc4291-2.5.5.2-mapped"),
        pytest.param("::ffff:192.0.2.1", "::ffff:192.0.2.2", False, id="rfc4291-2.5.5.2-two-mapped"),
        pytest.param(None, "", True, id="unknown"),
        pytest.param("unix:", "fe80::1%eth0", False, id="with-a-zone"),
    ],
)
def test_who_is_one_client(logins: Logins, one: str | None, other: str | None, same: bool) -> None:
    for _ in range(5):
        logins.attempt(one, now=NOON)
    assert (logins.attempt(other, now=NOON) is not None) is same


def test_forgotten(logins: Logins) -> None:
    for address in (ONE, OTHER):
        for _ in range(5):
            logins.attempt(address, now=NOON)
    for _ in range(5):
        logins.attempt(ONE, now=NOON, device="mine")
    logins.forget(ONE)
    assert logins.attempt(ONE, now=NOON) is None
    assert logins.attempt(ONE, now=NOON, device="mine") is not None
    logins.forget(ONE, device="mine")
    assert logins.attempt(ONE, now=NOON, device="mine") is None
    assert logins.attempt(OTHER, now=NOON) is not None
    logins.forget_all()
    assert logins.attempt(OTHER, now=NOON) is None


def test_two_processes_share_the_count(shared_url: str) -> None:
    with Store(shared_url) as one, Store(shared_url) as other:
        for store in (one, other, one, other, one):
            assert store.logins.attempt(ONE, now=NOON) is None
        assert other.logins.attempt(ONE, now=NOON) is not None


def test_tokens_are_tried_at_a_door_of_their_own(new_store: NewStore) -> None:
    store = new_store()
    doors = (store.token_tries, store.logins)
    for door in doors:
        assert let_through(door, map(wide, count())) == 300
        assert let_through(door, map(wide, count())) == 0
    store.token_tries.forget(wide(0))
    assert [door.attempt(wide(0), now=NOON) is None for door in doors] == [True, False]
    for door in doors:
        assert let_through(door, map(wide, count()), now=NOON + timedelta(days=2)) == 300
