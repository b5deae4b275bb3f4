"""`pingback.receive.existence`: the program around us is asked, and nobody waits longer than a sender has time."""

from collections.abc import Iterator
from threading import Event, current_thread

import pytest

from pingback.errors import Fault, FaultCode
from pingback.receive.existence import HostTargets, NoAnswer, NotAsked
from tests.receive.pages import PATIENCE

TARGET = "https://my.example/5"


class Slow:
    """A site that answers when it is let."""

    def __init__(self) -> None:
        self.gate = Event()
        self.asked: list[str] = []

    def __call__(self, target: str) -> bool:
        self.asked.append(target)
        return self.gate.wait(PATIENCE)


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.gate.set()


@pytest.mark.parametrize("within", [float("inf"), PATIENCE])
def test_what_it_says_counts(within: float) -> None:
    def no_such(_: str) -> bool:
        raise Fault(FaultCode.TARGET_NOT_FOUND, "the target does not exist")

    with pytest.raises(Fault, match="does not exist"):
        HostTargets(no_such)(TARGET, within=within)
    assert HostTargets(lambda _: "a page")(TARGET, within=within) == "a page"


def test_its_own_time_out_is_no_answer_of_ours() -> None:
    def fails(_: str) -> bool:
        raise TimeoutError("of the host's database")

    with pytest.raises(TimeoutError, match="of the host"):
        HostTargets(fails)(TARGET, within=PATIENCE)


def test_where_nobody_has_to_be_answered_soon_the_caller_s_thread_asks() -> None:
    threads = []
    HostTargets(lambda _: threads.append(current_thread()))(TARGET)
    assert threads == [current_thread()]


def test_one_that_takes_its_time_may_have_the_page(slow: Slow) -> None:
    targets = HostTargets(slow)
    for target in (TARGET, f"{TARGET}#x"):  # is the same page, which is being asked for
        with pytest.raises(NoAnswer):
            targets(target, within=0.01)
    assert slow.asked == [TARGET]


def test_of_more_targets_than_that_at_once_nobody_asks(slow: Slow) -> None:
    targets = HostTargets(slow)
    for number in range(48):
        with pytest.raises(NoAnswer):
            targets(f"{TARGET}?{number}", within=0.0)
    with pytest.raises(NotAsked):
        targets(TARGET, within=0.0)
    assert TARGET not in slow.asked
