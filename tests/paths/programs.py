"""Our own programs as users run them, each a process of its own, and a way to wait for what they do."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from pingback.model import Mention
from pingback.store import Store

PATIENCE = 300.0  # seconds for what takes a fraction of one
ALLOW = ("--allow-network", "127.0.0.1")
# What a machine is too slow to verify in 2.5 seconds would be answered before it is known.
_USUAL = ("--port", "0", "--approve", "all", "--answer-within", "60")

_READY = re.compile(r"taking pings at (http://127\.0\.0\.1:\d+/xmlrpc)[^/\d]")


class Done(NamedTuple):
    code: int
    printed: list[dict[str, Any]]
    err: str


def pingback(folder: Path, *arguments: str) -> Done:
    """Runs a command with `--json` to its end."""
    command = [sys.executable, "-m", "pingback", *arguments, "--json", *ALLOW]
    done = subprocess.run(command, cwd=folder, env={"PATH": ""}, capture_output=True, text=True, timeout=PATIENCE)
    return Done(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)


class Serving:
    """`pingback serve` with the database of `folder`, by `with`: listens at `root`, takes pingbacks at `endpoint`.

    What is verified is approved, unless `arguments` or others than the `usual` ones say otherwise.
    """

    def __init__(
        self,
        folder: Path,
        site: str,
        *arguments: str,
        environ: Mapping[str, str] = {},
        usual: Sequence[str] = _USUAL,
    ) -> None:
        self.log = ""
        self._database = f"sqlite:///{folder}/pingback.db"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pingback", "serve", "--site", site, *usual, *ALLOW, *arguments],
            cwd=folder,
            env={"PATH": "", **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        assert self._process.stderr is not None
        try:
            while (ready := _READY.search(self.log)) is None:
                self.log += (line := self._process.stderr.readline())
                assert line, self.log
        except BaseException:
            self.kill()
            raise
        self.endpoint = ready[1]
        self.root = self.endpoint.removesuffix("/xmlrpc")
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def process(self) -> int:
        """Its number."""
        return self._process.pid

    def mentions(self) -> list[Mention]:
        """What is kept by now, as another process sees it."""
        with Store(self._database) as store:
            return list(store.mentions.list())

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it by a signal; its exit code. What it wrote is in `log` then."""
        self._process.send_signal(number)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.log += self._process.stderr.read()  # `communicate` would lose lines that came together with the first ones
        assert self._process.stdout.read() == ""
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends it without a word, as a power cut would."""
        with self._process:
            self._process.kill()


def wait_until(happened: Callable[[], bool]) -> None:
    """Returns when `happened` gives true; fails when that takes too long."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


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
