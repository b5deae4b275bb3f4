"""`pingback.jobs.limits`: bursts pass, floods do not, and one sender is one sender however it is spelt."""

import pytest

from pingback.jobs.limits import Rate


def test_so_many_and_no_more() -> None:
    rate = Rate("3/hour")
    assert [rate.take("a") for _ in range(3)] == [0.0] * 3
    assert 0.0 < rate.take("a") <= 3600.0
    assert rate.take("b") == 0.0


def test_of_several_limits_each_holds_and_a_refusal_is_not_counted() -> None:
    rate = Rate("2/minute; 3/day")
    taken = [rate.take("a") for _ in range(20)]
    assert taken[:2] == [0.0, 0.0]
    assert all(0.0 < seconds <= 60.0 for seconds in taken[2:])  # the day's third one is still free


def test_what_is_remembered_is_bounded() -> None:
    rate = Rate("1/day")
    for number in range(2010):
        assert rate.take(str(number)) == 0.0
    assert remembered(rate) <= 2000


def remembered(rate: Rate) -> int:
    assert rate._windows is not None
    return len(rate._windows.events)


@pytest.mark.parametrize("text", ["60/day", "60/day; 300/day", "3/day"])
def test_a_thousand_others_do_not_make_it_forget_who_is_at_the_limit(text: str) -> None:
    rate = Rate(text)
    while not rate.take("victim"):
        pass
    for number in range(5000):
        assert rate.take(str(number)) == 0.0
        assert remembered(rate) <= 2000
    assert rate.take("victim") > 0.0


def test_nor_who_is_near_it() -> None:
    rate = Rate("60/day")
    for _ in range(59):
        rate.take("victim")
    for number in range(5000):
        rate.take(str(number))
    assert (rate.take("victim"), rate.take("victim") > 0.0) == (0.0, True)


@pytest.mark.parametrize("text", ["", "often", "1", "0/minute", "10001/hour", "2/month", "25 per 1 fortnight", "1/s;x"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Rate(text)
