"""Programs that run beside the tests and cannot outlive them."""

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from tests.debian import SEARCH_PATH

_PATIENCE = 300.0  # seconds for a program to be ready; a second is usual

# Runs a program and ends it with everything that it started, once our end of its standard input is closed: by us, or by
# the kernel when we are no more. The workers of `php -S`, for one, would outlive their parent.
_LEASH = '("$@"; kill -KILL 0) & read -r _; kill -KILL 0'


class ProgramError(Exception):
    """A program did not start; the text holds the end of its log."""


class Program:
    """A program in the background, running in `folder`; its output goes to `log`."""

    def __init__(self, *command: str, folder: Path, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["sh", "-c", _LEASH, "sh", *command],
                cwd=folder,
                env={"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8", **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def folder(self) -> str:
        """Its folder, by a name that is always short: the name of a socket must fit 108 bytes."""
        return f"/proc/{self._process.pid}/cwd"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Until `ready` gives true; ProgramError when the program ends before, or never is ready."""
        until = time.monotonic() + _PATIENCE
        while not ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise ProgramError(f"{self.log.stem} did not start:\n{tail(self.log)}")
            time.sleep(0.01)


def tail(log: Path) -> str:
    """The end of a log, as far as there is one."""
    return log.read_text(errors="replace")[-2000:] if log.exists() else ""
