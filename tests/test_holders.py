"""`pingback.holders`: whether a process is no more, where that can be seen, and no guess where it cannot."""

import subprocess
import sys

import pytest

from pingback.holders import is_gone, this_process

_NAME = "from pingback.holders import this_process; print(this_process())"


def test_a_process_that_lives_is_not_gone() -> None:
    name = this_process()
    assert name is not None
    assert not is_gone(name)


def test_a_process_that_has_ended_is_gone() -> None:
    ended = subprocess.run([sys.executable, "-c", _NAME], capture_output=True, text=True, check=True)
    assert is_gone(ended.stdout.strip())


def test_another_process_with_the_same_number_is_not_the_same() -> None:
    name = this_process()
    assert name is not None
    assert is_gone(f"{name.rpartition('/')[0]}/1")


@pytest.mark.parametrize("name", ["", "unknown", "another-boot pid:[1] 5/1", "5/1"])
def test_of_other_worlds_nothing_is_known(name: str) -> None:
    assert not is_gone(name)
