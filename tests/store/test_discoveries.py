"""`pingback.store.discoveries`: what targets advertise, for a while."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from pingback.model import Discovery, Endpoint, Protocol, Via
from pingback.store import Store
from tests.store.databases import asked, change
from tests.store.sent import HOUR, MINUTE, NOON, ONE, TWO

DAY = timedelta(days=1)
FOUND = Discovery(
    target=ONE,
    url="https://one.example/final",
    endpoints=(
        Endpoint(protocol=Protocol.WEBMENTION, url="https://one.example/wm?a=ü", via=Via.HEADER),
        Endpoint(protocol=Protocol.TRACKBACK, url="https://one.example/tb", via=Via.RDF),
    ),
)


@pytest.mark.parametrize(
    "discovery", [pytest.param(FOUND, id="two-endpoints"), pytest.param(replace(FOUND, endpoints=()), id="none")]
)
def test_a_discovery_is_remembered_until_its_end(store: Store, discovery: Discovery) -> None:
    store.discoveries.remember(discovery, until=NOON + HOUR)
    assert store.discoveries.recall(ONE, now=NOON) == discovery
    assert store.discoveries.recall("http://One.example#part", now=NOON) == replace(
        discovery, target="http://One.example#part"
    )
    assert store.discoveries.recall(TWO, now=NOON) is None
    assert store.discoveries.recall(ONE, now=NOON + HOUR) is None


def test_a_clock_that_ran_ahead_leaves_nothing_remembered(store: Store) -> None:
    store.discoveries.remember(FOUND, until=NOON + 3650 * DAY)
    assert store.discoveries.recall(ONE, now=NOON) is None
    store.discoveries.remember(FOUND, until=NOON + DAY)
    assert store.discoveries.recall(ONE, now=NOON) == FOUND


def test_a_later_discovery_takes_the_place_of_the_first(store: Store) -> None:
    store.discoveries.remember(FOUND, until=NOON + HOUR)
    store.discoveries.remember(replace(FOUND, endpoints=()), until=NOON + MINUTE)
    assert store.discoveries.recall(ONE, now=NOON) == replace(FOUND, endpoints=())
    assert store.discoveries.recall(ONE, now=NOON + MINUTE) is None


def test_a_discovery_can_be_forgotten(store: Store) -> None:
    store.discoveries.remember(FOUND, until=NOON + HOUR)
    store.discoveries.forget(TWO)
    assert store.discoveries.recall(ONE, now=NOON) == FOUND
    store.discoveries.forget("http://one.example/")
    assert store.discoveries.recall(ONE, now=NOON) is None


def test_old_discoveries_go_as_new_ones_come(store: Store) -> None:
    for number in range(5):
        store.discoveries.remember(replace(FOUND, target=f"https://b.example/{number}"), until=NOON + number * HOUR)
    store.discoveries.remember(FOUND, until=NOON + 3 * HOUR + DAY)
    assert asked(store, "SELECT count(*) FROM pingback_discoveries") == [(2,)]


def test_a_callers_mistake_is_a_value_error(store: Store) -> None:
    uses: list[Callable[[], object]] = [
        lambda: store.discoveries.remember(replace(FOUND, target="/1"), until=NOON),
        lambda: store.discoveries.remember(FOUND, until=NOON.replace(tzinfo=None)),
        lambda: store.discoveries.recall("/1", now=NOON),
    ]
    for use in uses:
        with pytest.raises(ValueError, match=r"URL|time zone"):
            use()


def test_a_row_that_cannot_be_read_is_as_if_it_were_not_there(store: Store) -> None:
    store.discoveries.remember(FOUND, until=NOON + HOUR)
    change(store, "UPDATE pingback_discoveries SET endpoints = 'of a later version'")
    assert store.discoveries.recall(ONE, now=NOON) is None
    store.discoveries.remember(FOUND, until=NOON + HOUR)
    assert store.discoveries.recall(ONE, now=NOON) == FOUND
