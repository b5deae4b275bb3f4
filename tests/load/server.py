"""`pingback serve` for a storm: a process of its own, whose log goes to a file and not through a pipe that fills up."""

import re
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from pingback.model import Mention
from pingback.store import Store
from tests.load.web import Web
from tests.paths.programs import PATIENCE, wait_until

_READY = re.compile(r"taking pings at (http://127\.0\.0\.1:\d+/xmlrpc)\n")
# Each sender of a storm has an address of its own, which it says in the header of a proxy.
_OPTIONS = (
    "--approve",
    "all",
    "--port",
    "0",
    "--allow-network",
    "127.0.0.0/8",
    "--trusted-proxy",
    "127.0.0.1",
    "--no-check-targets",
)


class Server:
    """A server over the database of `folder`, by `with`: takes pingbacks at `endpoint`, and has the number `pid`."""

    def __init__(self, folder: Path, site: str, *arguments: str, environ: Mapping[str, str] = {}) -> None:
        self._log = folder / "serve.log"
        self._database = f"sqlite:///{folder}/pingback.db"
        self._command = [sys.executable, "-m", "pingback", "serve", "--site", site, *_OPTIONS, *arguments]
        self._folder = folder
        self._environ = {"PATH": "", **environ}

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, cwd=self._folder, env=self._environ, stdout=log, stderr=log)
        try:
            wait_until(self._is_ready)
        except BaseException:
            self.kill()
            raise
        self.pid = self._process.pid
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def mentions(self) -> list[Mention]:
        """What is kept by now, as another process sees it."""
        with Store(self._database) as store:
            return list(store.mentions.list())

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        """Ends it by SIGTERM; its exit code."""
        self._process.terminate()
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends it without a word, as a power cut would."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def failing_disk(self) -> Iterator[None]:
        """None of its files may grow, meanwhile, as on a disk that is full."""
        _, most = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (0, most))
        try:
            yield
        finally:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (most, most))

    def _is_ready(self) -> bool:
        if (ready := _READY.search(self.log())) is None:
            assert self._process.poll() is None, self.log()
            return False
        self.endpoint = ready[1]
        return True


def posts(web: Web, site: str, *, good: int, slow: int) -> tuple[list[str], list[str]]:
    """Sources that link to pages of the site, each to its own: good ones and slow ones."""
    return (
        [web.good(number, f"{site}{number}") for number in range(good)],
        [web.slow(number, f"{site}{number}") for number in range(slow)],
    )


def target_of(source: str) -> str:
    """The page that a post of this web links to."""
    return source.partition("?")[2]


def approved(mentions: Sequence[Mention]) -> set[str]:
    """The sources that were verified."""
    return {mention.source for mention in mentions if mention.status == "approved"}
