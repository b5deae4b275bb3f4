"""`pingback.receive.existence`: the site is asked, but nobody waits for it longer than a request has time."""

from collections.abc import Iterator
from threading import Event, current_thread

import pytest

from pingback.errors import Fault, FaultCode
from pingback.receive.background import Busy
from pingback.receive.existence import TargetCheck
from tests.receive.pages import PATIENCE

TARGET = "https://my.example/5"


def no_such(_: str) -> None:
    raise Fault(FaultCode.TARGET_NOT_FOUND, "the target does not exist")


class Slow:
    """A site that answers when it is let."""

    def __init__(self) -> None:
        self.gate = Event()
        self.asked: list[str] = []

    def __call__(self, target: str) -> None:
        self.asked.append(target)
        assert self.gate.wait(PATIENCE)
        no_such(target)


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.gate.set()


@pytest.mark.parametrize("in_background", [False, True])
def test_what_the_site_says_counts(in_background: bool) -> None:
    targets = TargetCheck(no_such, in_background=in_background, within=PATIENCE)
    with pytest.raises(Fault, match="does not exist"):
        targets.check_exists(TARGET)
    targets.close()


def test_without_a_background_it_is_asked_by_whoever_wants_to_know() -> None:
    threads = []
    TargetCheck(lambda _: threads.append(current_thread()), in_background=False).check_exists(TARGET)
    assert threads == [current_thread()]


def test_a_site_that_takes_its_time_may_have_the_page(slow: Slow) -> None:
    targets = TargetCheck(slow, in_background=True, within=0.01)
    targets.check_exists(TARGET)
    targets.check_exists(f"{TARGET}#x")  # is the same page, which is being asked for
    assert slow.asked == [TARGET]
    targets.close()


def test_of_more_targets_than_that_at_once_nobody_asks(slow: Slow) -> None:
    targets = TargetCheck(slow, in_background=True, within=0.0)
    for number in range(48):
        targets.check_exists(f"{TARGET}?{number}")
    with pytest.raises(Busy):
        targets.check_exists(TARGET)
    assert TARGET not in slow.asked
    slow.gate.set()
    targets.close()
