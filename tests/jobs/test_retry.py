"""`pingback.jobs.retry`: when what failed comes again, and when no more."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.jobs.retry import AGING, DELIVERIES, VERIFICATIONS, Schedule, pace_of, retry_after

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failing", "shortest", "longest"),
    [
        pytest.param(timedelta(0), timedelta(minutes=3.75), timedelta(minutes=6.25), id="first"),
        pytest.param(timedelta(minutes=5), timedelta(minutes=7.5), timedelta(minutes=12.5), id="doubled"),
        pytest.param(timedelta(minutes=75), timedelta(minutes=60), timedelta(minutes=100), id="fifth"),
        pytest.param(timedelta(days=3), timedelta(hours=9), timedelta(hours=15), id="twelve-hours-at-most"),
        pytest.param(timedelta(days=-1), timedelta(minutes=3.75), timedelta(minutes=6.25), id="a-clock-put-back"),
    ],
)
@given(seed=st.integers(0, 1000))
def test_back_off_with_jitter(failing: timedelta, shortest: timedelta, longest: timedelta, seed: int) -> None:
    at = DELIVERIES.next_try(failing_since=NOW - failing, now=NOW, random=Random(seed))
    assert at is not None
    assert NOW + shortest <= at <= NOW + longest


@pytest.mark.parametrize(
    ("failing", "shortest", "longest"),
    [
        pytest.param(timedelta(0), timedelta(seconds=7.5), timedelta(seconds=12.5), id="first"),
        pytest.param(timedelta(minutes=10), timedelta(seconds=457), timedelta(seconds=763), id="doubled"),
        pytest.param(timedelta(days=1), timedelta(hours=4.5), timedelta(hours=7.5), id="six-hours-at-most"),
    ],
)
@given(seed=st.integers(0, 1000))
def test_what_we_are_to_look_at_comes_sooner(
    failing: timedelta, shortest: timedelta, longest: timedelta, seed: int
) -> None:
    at = VERIFICATIONS.next_try(failing_since=NOW - failing, now=NOW, random=Random(seed))
    assert at is not None
    assert NOW + shortest <= at <= NOW + longest


@given(seed=st.integers(0, 1000))
def test_who_takes_no_pings_is_asked_after_1_2_4_8_and_16_days(seed: int) -> None:
    random, at, waits = Random(seed), NOW, []
    while (due := AGING.next_try(failing_since=NOW, now=at, random=random)) is not None:
        waits.append((due - at) / timedelta(days=1))
        at = due
    assert waits == pytest.approx([1, 2, 4, 8, 16], rel=0.05)
    assert at == NOW + timedelta(days=31)


@pytest.mark.parametrize(
    ("schedule", "days"), [(DELIVERIES, 5), (VERIFICATIONS, 2)], ids=["deliveries", "verifications"]
)
def test_it_ends_after_days(schedule: Schedule, days: int) -> None:
    since = NOW - timedelta(days=days)
    late = since + timedelta(seconds=1)
    assert schedule.next_try(failing_since=late, now=NOW, random=Random(1)) == late + timedelta(days=days)
    assert schedule.next_try(failing_since=since, now=NOW, random=Random(1)) is None


def test_two_that_failed_together_do_not_come_back_together() -> None:
    random = Random(1)
    first, second = (DELIVERIES.next_try(failing_since=NOW, now=NOW, random=random) for _ in range(2))
    assert first != second


def test_the_far_side_s_wish() -> None:
    wish = NOW + timedelta(hours=3)
    assert DELIVERIES.next_try(failing_since=NOW, now=NOW, random=Random(1), not_before=wish) == wish


def test_a_wish_for_less_is_none() -> None:
    at = DELIVERIES.next_try(failing_since=NOW, now=NOW, random=Random(1), not_before=NOW + timedelta(seconds=1))
    assert at is not None
    assert at > NOW + timedelta(minutes=3)


def test_the_last_try_is_at_the_horizon_and_then_no_more() -> None:
    late = NOW + DELIVERIES.horizon - timedelta(minutes=1)
    assert DELIVERIES.next_try(failing_since=NOW, now=late, random=Random(1)) == NOW + DELIVERIES.horizon
    assert DELIVERIES.next_try(failing_since=NOW, now=NOW + DELIVERIES.horizon, random=Random(1)) is None
    assert DELIVERIES.next_at_pace(failing_since=NOW, now=late) == NOW + DELIVERIES.horizon
    assert DELIVERIES.next_at_pace(failing_since=NOW, now=NOW + DELIVERIES.horizon) is None


@pytest.mark.parametrize(
    ("wish", "failing", "pace", "turn"),
    [
        pytest.param(None, 0, 15, 15, id="wordpress-one-in-15-seconds"),
        pytest.param(60, 0, 60, 60, id="as-the-host-says"),
        pytest.param(2, 0, 2, 2, id="as-the-host-says-sooner"),
        pytest.param(0, 0, 1, 1, id="at-once-is-not-meant"),
        pytest.param(86_400, 0, 3_600, 86_400, id="not-every-ping-once-a-day"),
        pytest.param(None, 240, 15, 240, id="the-same-again-and-again"),
        pytest.param(None, 86_400, 15, 3_600, id="for-a-day"),
    ],
)
def test_a_host_that_says_too_fast(wish: int | None, failing: int, pace: int, turn: int) -> None:
    not_before = None if wish is None else NOW + timedelta(seconds=wish)
    assert pace_of(not_before, now=NOW) == timedelta(seconds=pace)
    since = NOW - timedelta(seconds=failing)
    assert DELIVERIES.next_at_pace(failing_since=since, now=NOW, not_before=not_before) == NOW + timedelta(seconds=turn)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("120", NOW + timedelta(seconds=120), id="rfc9110-10.2.3-seconds"),
        pytest.param(" 0 ", NOW, id="at-once"),
        pytest.param("Fri, 02 Jan 2026 12:01:00 GMT", NOW + timedelta(minutes=1), id="rfc9110-10.2.3-date"),
        pytest.param("Fri, 02 Jan 2026 12:01:00 -0000", NOW + timedelta(minutes=1), id="date-without-a-zone"),
        pytest.param("Fri, 02 Jan 2026 11:00:00 GMT", NOW, id="date-that-is-past"),
        pytest.param("9" * 5000, NOW + DELIVERIES.horizon, id="for-ever"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", NOW + DELIVERIES.horizon, id="in-the-year-9999"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("soon", None, id="word"),
        pytest.param("", None, id="empty"),
        pytest.param("１２", None, id="wide-digits"),
        pytest.param(None, None, id="none"),
    ],
)
def test_retry_after(value: str | None, expected: datetime | None) -> None:
    assert retry_after(value, now=NOW, within=DELIVERIES.horizon) == expected


@given(value=st.text())
def test_any_header_gives_an_instant_or_none(value: str) -> None:
    instant = retry_after(value, now=NOW, within=DELIVERIES.horizon)
    assert instant is None or NOW <= instant <= NOW + DELIVERIES.horizon
