"""`pingback.holders`: whose lease may be ended, by real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pingback.holders import is_gone, this_process

_NAMED = """
from pingback.holders import this_process
print(this_process(), flush=True)
input()
"""


@contextmanager
def running(program: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that said a line, and waits for its end."""
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_a_process_that_lives() -> None:
    name = this_process()
    assert name is not None
    assert not is_gone(name)
    with running(_NAMED) as (_, other):
        assert other != name
        assert not is_gone(other)


@pytest.mark.parametrize("reaped", [pytest.param(True, id="reaped"), pytest.param(False, id="its-parent-never-asked")])
def test_a_process_that_was_killed(reaped: bool) -> None:
    with running(_NAMED) as (process, name):
        os.kill(process.pid, signal.SIGKILL)
        # Waits for the end; with WNOWAIT it goes on being there, as it does in a container without an init.
        os.waitid(os.P_PID, process.pid, os.WEXITED | (0 if reaped else os.WNOWAIT))
        assert is_gone(name)


def _own(name: str) -> tuple[str, int, int]:
    world, _, process = name.rpartition(" ")
    pid, _, started = process.partition("/")
    return world, int(pid), int(started)


def test_a_number_that_was_given_to_another_process() -> None:
    name = this_process()
    assert name is not None
    world, pid, started = _own(name)
    assert is_gone(f"{world} {pid}/{started - 1}")


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param("another-boot pid:[1] 999999999/1", id="another-machine"),
        pytest.param("worker-7", id="a-name-of-another-kind"),
        pytest.param("", id="nobody"),
        pytest.param("{world} word/1", id="no-number"),
        pytest.param("{world} ../1", id="no-path"),
    ],
)
def test_of_others_nothing_is_known(holder: str) -> None:
    name = this_process()
    assert name is not None
    assert not is_gone(holder.format(world=_own(name)[0]))
