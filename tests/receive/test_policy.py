"""`pingback.receive.policy`: a few at once, a few who wait, and a word for the rest."""

import threading
from contextlib import ExitStack

import pytest

from pingback.errors import Fault, FaultCode
from pingback.jobs.limits import Rate
from pingback.receive.policy import Gate, Policy
from pingback.receive.verify import sender_of
from tests.paths.programs import wait_until
from tests.receive.pages import PATIENCE


def test_one_too_many_may_come_again() -> None:
    gate = Gate(at_once=3, in_hand=3)
    with ExitStack() as inside:
        for _ in range(3):
            inside.enter_context(gate())
        with pytest.raises(Fault, match="too many ask for long lists") as refused, gate():
            pass
        assert (refused.value.code, refused.value.retry_after) == (50, 60.0)
    with gate():
        pass


def test_a_place_is_given_back_after_an_exception() -> None:
    gate = Gate(at_once=1, in_hand=1)
    with pytest.raises(KeyError), gate():
        raise KeyError
    with gate():
        pass


def test_others_wait_until_one_comes_out() -> None:
    gate, order = Gate(at_once=1, in_hand=2), []

    def enter() -> None:
        with gate():
            order.append("second")

    with gate():
        waiting = threading.Thread(target=enter)
        waiting.start()
        wait_until(lambda: gate._places._value == 0)  # no public way shows that it waits
        order.append("first")
    waiting.join(PATIENCE)
    assert order == ["first", "second"]


# Who pings how often


def at_most(rate: str) -> Policy:
    return Policy(answer_within=None, queued=(), believed=(), rate=Rate(rate))


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
    policy = at_most("1/minute")
    policy.check_sender("2001:db8::1")
    with pytest.raises(Fault) as refused:
        policy.check_sender("2001:db8::2")
    assert refused.value.code == FaultCode.ACCESS_DENIED
    assert refused.value.retry_after is not None
    assert 0.0 < refused.value.retry_after <= 60.0


def test_the_host_s_own_pings_are_not_counted_and_all_of_unknown_address_are_those_of_one_sender() -> None:
    policy = at_most("1/minute")
    for _ in range(3):
        policy.check_sender(None)
    policy.check_sender("")
    for client_ip in ("", "unix:", "@"):
        with pytest.raises(Fault):
            policy.check_sender(client_ip)
