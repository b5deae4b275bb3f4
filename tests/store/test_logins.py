"""`pingback.store.logins`: how many tries there are, for whom."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pingback.store import Store
from pingback.store.logins import Logins

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE, OTHER = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def logins() -> Iterator[Logins]:
    with Store("sqlite://") as store:
        yield store.logins


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


def test_thirty_overall(logins: Logins) -> None:
    tries = [logins.attempt(f"192.0.2.{n}", now=NOON + n * timedelta(seconds=1)) for n in range(31)]
    assert tries == [None] * 30 + [timedelta(minutes=4, seconds=30)]


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
    logins.forget(ONE)
    assert logins.attempt(ONE, now=NOON) is None
    assert logins.attempt(OTHER, now=NOON) is not None
    logins.forget_all()
    assert logins.attempt(OTHER, now=NOON) is None


def test_two_processes_share_the_count(tmp_path: object) -> None:
    with Store(f"sqlite:///{tmp_path}/x.db") as one, Store(f"sqlite:///{tmp_path}/x.db") as other:
        for store in (one, other, one, other, one):
            assert store.logins.attempt(ONE, now=NOON) is None
        assert other.logins.attempt(ONE, now=NOON) is not None
