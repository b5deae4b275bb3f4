"""`pingback.jobs.workers`: whose lease may be ended, by real processes."""

import os
import signal
import subprocess
import sys

import pytest

from pingback.jobs.workers import is_gone, worker_id
from tests.paths.programs import running
from tests.receive.pages import PATIENCE

_NAMED = """
from pingback.jobs.workers import worker_id
print(worker_id(), flush=True)
input()
"""

_FORKED = """
import ctypes, os, sys
from pingback.jobs.workers import worker_id
before = worker_id()
pid = os.fork() if sys.argv[1] == "python" else ctypes.PyDLL(None).fork()
if pid == 0:
    print("child", worker_id() == before, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print("parent", worker_id() == before, flush=True)
"""


def test_a_process_that_lives() -> None:
    name = worker_id()
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
    name = worker_id()
    world, pid, started = _own(name)
    assert is_gone(f"{world} {pid}/{started - 1}")


@pytest.mark.parametrize(
    "worker",
    [
        pytest.param("another-boot pid:[1] 999999999/1", id="another-machine"),
        pytest.param("worker-7", id="a-name-of-another-kind"),
        pytest.param("", id="nobody"),
        pytest.param("{world} word/1", id="no-number"),
        pytest.param("{world} ../1", id="no-path"),
    ],
)
def test_of_others_nothing_is_known(worker: str) -> None:
    name = worker_id()
    assert not is_gone(worker.format(world=_own(name)[0]))


@pytest.mark.parametrize("fork", ["python", "unseen"])
def test_a_child_has_a_name_of_its_own(fork: str) -> None:
    command = [sys.executable, "-c", _FORKED, fork]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout == "child False\nparent True\n"
