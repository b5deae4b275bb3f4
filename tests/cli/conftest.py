"""What the tests of the commands share: a way to run them in an empty folder, and a site to ask."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pingback.cli.group import main
from tests.loopback import Site

ALLOW = ("--allow-network", "127.0.0.1")


class Done:
    """A run that is over: its exit code and what it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def printed(self) -> list[dict[str, Any]]:
        """Standard output as JSON, an object a line; fails when anything else is there."""
        return [json.loads(line) for line in self.out.splitlines()]


class Run:
    """Runs a command in this process, in the folder that is the current one, with no settings but those given."""

    def __call__(self, *arguments: str, environ: Mapping[str, str] = {}) -> Done:
        done = CliRunner().invoke(main, arguments, prog_name="pingback", env=environ)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "Traceback" not in done.stderr
        return Done(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PINGBACK_")]:
        monkeypatch.delenv(name)
    log = logging.getLogger("pingback")
    level = log.level
    yield Run()
    log.setLevel(level)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site
