"""`pingback.receive.limits`: bursts pass, floods do not, and one sender is one sender however it is spelt."""

import pytest

from pingback.errors import Fault, FaultCode
from pingback.receive.limits import Rate
from pingback.receive.verify import sender_of


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


@pytest.mark.parametrize(
    ("client_ip", "sender"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="ipv4"),
        pytest.param("::ffff:192.0.2.7", "192.0.2.7", id="rfc4291-2.5.5.2-mapped"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="rfc6177-one-customer"),
        pytest.param("2001:DB8:1:2::", "2001:db8:1:2::/64", id="upper-case"),
        pytest.param("fe80::1%eth0", "fe80::/64", id="zone"),
        pytest.param("unix:", None, id="no-address"),
        pytest.param(None, None, id="unknown"),
    ],
)
def test_who_is_one_sender(client_ip: str | None, sender: str | None) -> None:
    assert sender_of(client_ip) == sender


def test_a_sender_that_is_too_fast_is_49_and_hears_when_to_come_again() -> None:
    rate = Rate("1/minute")
    rate.check_sender("2001:db8::1")
    with pytest.raises(Fault) as refused:
        rate.check_sender("2001:db8::2")
    assert refused.value.code == FaultCode.ACCESS_DENIED
    assert refused.value.retry_after is not None
    assert 0.0 < refused.value.retry_after <= 60.0


def test_the_host_s_own_pings_are_not_counted_and_all_of_unknown_address_are_those_of_one_sender() -> None:
    rate = Rate("1/minute")
    for _ in range(3):
        rate.check_sender(None)
    rate.check_sender("")
    for client_ip in ("", "unix:", "@"):
        with pytest.raises(Fault):
            rate.check_sender(client_ip)
