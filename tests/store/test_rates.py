"""`pingback.store.rates`: what all processes count, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from pingback.store import Store
from pingback.store.schema import rates
from tests.receive.pages import Clock
from tests.store.databases import NewStore

MINUTE, HOUR = 60, 3600
THREE = {"a": (3, MINUTE)}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(new_store: NewStore, clock: Clock) -> Store:
    return new_store(clock=clock)


def taken(store: Store, limits: dict[str, tuple[int, int]], times: int) -> list[bool]:
    return [not store.rates.take(limits) for _ in range(times)]


def rows(store: Store) -> int:
    with store._database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(rates)).scalar())


def test_so_many_and_no_more(store: Store) -> None:
    assert taken(store, THREE, 5) == [True, True, True, False, False]
    assert store.rates.take({"b": (3, MINUTE)}) == 0.0


def test_of_the_window_before_counts_what_is_not_over(store: Store, clock: Clock) -> None:
    """The clock stands at a full minute, so that the windows of a minute begin with it."""
    assert taken(store, {"a": (6, MINUTE)}, 7) == [True] * 6 + [False]
    clock.pass_by(seconds=70)  # five sixths of six
    assert taken(store, {"a": (6, MINUTE)}, 3) == [True, False, False]
    clock.pass_by(seconds=30)  # two of six, and one
    assert taken(store, {"a": (6, MINUTE)}, 4) == [True, True, True, False]
    clock.pass_by(seconds=120)
    assert taken(store, {"a": (6, MINUTE)}, 7) == [True] * 6 + [False]


@pytest.mark.parametrize(
    ("later", "wait"),
    [
        pytest.param(0, 60.0, id="until-the-window-ends"),
        pytest.param(20, 40.0, id="of-which-less-is-left"),
        pytest.param(60, 1.0, id="at-once-there-is-room-for-a-part"),
        pytest.param(70, 10.0, id="until-less-of-the-one-before-counts"),
    ],
)
def test_until_when_there_may_be_no_other(store: Store, clock: Clock, later: int, wait: float) -> None:
    assert taken(store, THREE, 3) == [True] * 3
    clock.pass_by(seconds=later)
    if later == 70:
        assert taken(store, THREE, 1) == [True]
    assert store.rates.take(THREE) == pytest.approx(wait, abs=0.001)


def test_who_waits_as_long_as_it_says_is_let_in(store: Store, clock: Clock) -> None:
    waited = 0.0
    for _ in range(20):
        while seconds := store.rates.take(THREE):
            clock.instant += timedelta(seconds=seconds)
            waited += seconds
    assert 20 * 20 - 80 <= waited <= 20 * 20 + 80


def test_of_several_limits_each_holds(store: Store, clock: Clock) -> None:
    limits = {"a minute": (2, MINUTE), "an hour": (5, HOUR)}
    allowed = []
    for _ in range(5):
        allowed.append(sum(taken(store, limits, 4)))
        clock.pass_by(minutes=2)
    assert allowed == [2, 2, 1, 0, 0]


@pytest.mark.parametrize(
    ("moved", "allowed"),
    [
        pytest.param(timedelta(seconds=-1), [False], id="another-machine-is-a-second-ahead"),
        pytest.param(timedelta(days=-3650), [True, True, True, False], id="it-ran-ten-years-ahead"),
    ],
)
def test_a_clock_that_is_ahead(store: Store, clock: Clock, moved: timedelta, allowed: list[bool]) -> None:
    assert taken(store, THREE, 3) == [True] * 3
    clock.instant += moved
    assert taken(store, THREE, len(allowed)) == allowed


def test_what_counts_no_more_is_forgotten(store: Store, clock: Clock) -> None:
    for number in range(100):
        store.rates.take({f"one {number}": (1, MINUTE), f"more {number}": (2, MINUTE)})
    assert rows(store) == 200
    clock.pass_by(minutes=2)
    for number in range(100):
        store.rates.take({f"new {number}": (1, MINUTE), f"newer {number}": (2, MINUTE)})
    assert rows(store) == 200


def test_many_at_once_are_no_more(store: Store) -> None:
    with ThreadPoolExecutor(4) as threads:  # of which each has a connection
        found = list(threads.map(lambda _: store.rates.take({"a": (200, HOUR)}), range(400)))
    assert found.count(0.0) == 200


@pytest.mark.parametrize("name", ["\x00", "\ud800", "é" * 10_000, ""], ids=["nul", "surrogate", "long", "empty"])
def test_a_name_may_be_any_text(store: Store, name: str) -> None:
    assert taken(store, {name: (1, MINUTE)}, 2) == [True, False]
