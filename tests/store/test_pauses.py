"""`pingback.store.pauses`: what a host told one process, all of them know."""

from datetime import timedelta

import pytest

from pingback.store import Store
from pingback.work import Pause
from tests.store.some_jobs import HOUR, MINUTE, NOON

A = "a.example"
PACE = Pause(NOON + MINUTE, timedelta(seconds=15), NOON + HOUR)


def test_what_was_kept(store: Store) -> None:
    assert store.pauses.of(A, now=NOON) is None
    store.pauses.keep(A, PACE)
    assert (store.pauses.of(A, now=NOON), store.pauses.of("b.example", now=NOON)) == (PACE, None)


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        pytest.param(Pause(NOON + 2 * MINUTE), PACE._replace(until=NOON + 2 * MINUTE), id="a-longer-pause"),
        pytest.param(Pause(NOON), PACE, id="a-shorter-pause"),
        pytest.param(
            Pause(NOON, timedelta(seconds=40), NOON + 2 * HOUR),
            Pause(NOON + MINUTE, timedelta(seconds=40), NOON + 2 * HOUR),
            id="a-gap-that-holds-for-longer",
        ),
        pytest.param(Pause(NOON, timedelta(seconds=40), NOON + MINUTE), PACE, id="a-gap-that-ends-before"),
    ],
)
def test_what_holds_for_longer_stays(store: Store, then: Pause, expected: Pause) -> None:
    store.pauses.keep(A, PACE)
    store.pauses.keep(A, then)
    assert store.pauses.of(A, now=NOON) == expected


def test_a_gap_outlasts_its_pause(store: Store) -> None:
    store.pauses.keep(A, PACE)
    assert store.pauses.of(A, now=NOON + 59 * MINUTE) == PACE
    assert store.pauses.of(A, now=NOON + HOUR) is None


def test_nobody_has_no_pause(store: Store) -> None:
    store.pauses.keep("", PACE)
    assert store.pauses.of("", now=NOON) is None
