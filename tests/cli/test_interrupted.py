"""Ctrl-C while a page is silent: the commands end at once, with 1, and without a traceback."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import ALLOW
from tests.loopback import Site

PATIENCE = 300.0


@pytest.fixture
def can_be_interrupted() -> Iterator[None]:
    # What a shell runs in the background ignores SIGINT, and so would the program that a test begins there.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("can_be_interrupted")
@pytest.mark.parametrize(
    "command",
    [
        pytest.param("discover {}", id="discover"),
        pytest.param("links {}", id="links"),
        pytest.param("verify {} https://blog.example/five", id="verify"),
        pytest.param("send https://blog.example/five {}", id="send"),
        pytest.param("doctor {}", id="doctor"),
    ],
)
def test_a_command_that_waits_for_a_page(tmp_path: Path, command: str) -> None:
    asked = threading.Event()
    with Site() as site:

        def silent(request: object) -> Iterable[bytes]:
            asked.set()
            return site.silence()

        site.pages["/"] = silent
        words = [*command.format(f"{site.url}/").split(), *ALLOW, "--timeout", "86400"]
        with subprocess.Popen(
            [sys.executable, "-m", "pingback", *words],
            cwd=tmp_path,
            env={"PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                assert asked.wait(PATIENCE)
                process.send_signal(signal.SIGINT)
                assert process.communicate(timeout=PATIENCE) == (b"", b"\nAborted!\n")
                assert process.returncode == 1
            finally:
                process.kill()
