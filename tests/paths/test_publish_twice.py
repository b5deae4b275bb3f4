"""Processes that send from one outbox at the same time, and one whose disk is full: nothing twice, nothing lost."""

import json
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pingback.model import OutcomeStatus
from pingback.store import Store
from tests.loopback import Request, Site, page
from tests.paths.programs import PATIENCE, pingback
from tests.sending.far_sides import FarSide, post
from tests.store.sent import plan

SOURCE = "https://my.example/6"
PATHS = [f"/{number}" for number in range(10)]
# A machine may be so slow that one of two waits long for the other.
ALLOW = ["--wait", "0", "--allow-network", "127.0.0.0/8", "--db", "sqlite:///pingback.db?timeout=60"]
RETRY = ["retry", "--json", *ALLOW]

# SQLite cannot tell this from a disk that refuses to take more. Nobody waits for that to change.
_LITTLE_ROOM = """
import resource, sys
from pingback.cli.group import main
from pingback.jobs import runner
runner.STUCK_FOR = 0.0
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
        plan(store, *targets, source=SOURCE, now=datetime.now(UTC))
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


def test_what_another_publish_has_in_hand_waits(tmp_path: Path, hosts: list[FarSide]) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def held(request: Request) -> bytes:
        asked.set()
        assert go_on.wait(PATIENCE)
        return page(status=202)

    for host in hosts:
        host.answer = held
    with Site({"/6": post(*(f"{host.url}/1" for host in hosts))}) as blog:
        publish = ["publish", f"{blog.url}/6", *ALLOW]
        with started(tmp_path, "-m", "pingback", *publish, "--json") as first:
            try:
                assert asked.wait(PATIENCE)
                other = pingback(tmp_path, *publish)
                waiting = pingback(tmp_path, "outbox", "--status", "waiting").printed
            finally:
                go_on.set()
            told = [json.loads(line) for line in first.communicate(timeout=PATIENCE)[0].splitlines()]
    assert (first.returncode, {outcome["status"] for outcome in told}, len(told)) == (0, {"accepted"}, 10)
    assert (other.code, other.err) == (0, "")
    assert {(each["status"], each["message"], each["fault"]) for each in other.printed} == {
        ("waiting", "waiting to be sent", None)
    }
    assert {each["target"] for each in other.printed} == {each["target"] for each in told}
    assert waiting == other.printed
    assert [host.targets for host in hosts] == [["/1"]] * 10


def test_two_publish_that_begin_at_once(tmp_path: Path, hosts: list[FarSide]) -> None:
    both_begun = threading.Barrier(2)
    the_post = post(*(host.url + path for host in hosts for path in PATHS[:4]))

    def read(request: Request) -> bytes:
        both_begun.wait(PATIENCE)
        return the_post

    statuses: dict[str, list[str]] = defaultdict(list)
    with Site({"/6": read}) as blog:
        command = ["-m", "pingback", "publish", f"{blog.url}/6", "--json", *ALLOW]
        with started(tmp_path, *command) as one, started(tmp_path, *command) as other:
            for process in (one, other):
                for line in process.communicate(timeout=PATIENCE)[0].splitlines():
                    statuses[json.loads(line)["target"]].append(json.loads(line)["status"])
    assert (one.returncode, other.returncode) == (0, 0)
    assert [sorted(host.targets) for host in hosts] == [PATHS[:4]] * 10
    # `skipped` where the other one was done with it by then.
    assert {tuple(sorted(each)) for each in statuses.values()} <= {("accepted", "waiting"), ("accepted", "skipped")}
    assert len(statuses) == 40


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
