"""Two processes that send from one outbox at the same time, and one whose disk is full: nothing twice, nothing lost."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pingback.model import OutcomeStatus
from pingback.store import Store
from tests.paths.programs import PATIENCE
from tests.sending.far_sides import FarSide

SOURCE = "https://my.example/6"
PATHS = [f"/{number}" for number in range(10)]
RETRY = ["retry", "--json", "--wait", "0", "--allow-network", "127.0.0.0/8"]

# SQLite cannot tell this from a disk that refuses to take more.
_LITTLE_ROOM = """
import resource, sys
from pingback.cli.group import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
main()
"""


@pytest.fixture
def hosts() -> Iterator[list[FarSide]]:
    with ExitStack() as stack:
        yield [stack.enter_context(FarSide(*PATHS, host=f"127.0.1.{number}")) for number in range(1, 11)]


@pytest.fixture
def store(tmp_path: Path, hosts: list[FarSide]) -> Iterator[Store]:
    """Pings to all pages of the hosts are due in it."""
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        targets = [host.url + path for host in hosts for path in PATHS]
        store.outbox.plan(SOURCE, dict.fromkeys(targets, ""), fingerprint="", now=datetime.now(UTC))
        yield store


def started(folder: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env={"PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_at_once(tmp_path: Path, hosts: list[FarSide], store: Store) -> None:
    with started(tmp_path, "-m", "pingback", *RETRY) as one, started(tmp_path, "-m", "pingback", *RETRY) as other:
        told = [line for process in (one, other) for line in process.communicate(timeout=PATIENCE)[0].splitlines()]
    assert (one.returncode, other.returncode) == (0, 0)
    assert [sorted(host.targets) for host in hosts] == [PATHS] * 10
    assert len(told) == 100


def test_a_disk_that_becomes_full(tmp_path: Path, hosts: list[FarSide], store: Store) -> None:
    room = (tmp_path / "pingback.db-wal").stat().st_size + 1_000_000
    with started(tmp_path, "-c", _LITTLE_ROOM, str(room), *RETRY) as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "pingback.db" in err
    assert "disk" in err
    assert "Traceback" not in err

    by_now = {ping.target for ping in store.outbox.pings() if ping.told}
    assert 0 < len(by_now) < 100
    with started(tmp_path, "-m", "pingback", *RETRY) as process:
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert {ping.status for ping in store.outbox.pings()} == {OutcomeStatus.ACCEPTED}
    heard = [target for host in hosts for _, target in host.heard]
    assert len(set(heard)) == 100
    assert all(heard.count(target) == 1 for target in by_now)
