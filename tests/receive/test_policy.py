"""`pingback.receive.policy`: a few at once, a few who wait, and a word for the rest."""

import threading
from contextlib import ExitStack

import pytest

from pingback.errors import Fault
from pingback.receive.policy import Gate
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
