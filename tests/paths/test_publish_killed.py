"""A publish of 200 links that is killed at any stage, and what `retry` makes of it: processes, sockets and a file.

Every target hears at least once; exactly once, unless its ping was out when the process was killed.
"""

import subprocess
import sys
import threading
import xmlrpc.client
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pingback.jobs.pool import QUICK, SLOW
from pingback.model import OutcomeStatus
from pingback.store import Store
from tests.loopback import Answer, Page, Request, Site, page
from tests.paths.programs import PATIENCE
from tests.sending.far_sides import XML, markup, pair_in

HOSTS = 20
PAGES = 10  # of each host
LINKS = HOSTS * PAGES
YES = frozenset({OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY})


class Web:
    """A post with links to the pages of many hosts; a process that asks for them is killed at one of its requests."""

    def __init__(self, stack: ExitStack) -> None:
        self.blog = stack.enter_context(Site())
        self.heard: Counter[str] = Counter()  # by target
        self._kill_at: tuple[str, int] | None = None
        self._seen: Counter[str] = Counter()
        self._process: subprocess.Popen[str] | None = None
        self._started = threading.Event()
        self._lock = threading.Lock()
        hosts = [stack.enter_context(Site(host=f"127.0.1.{number + 1}")) for number in range(HOSTS)]
        for host in hosts:
            advertising = page(headers={"X-Pingback": "/rpc"})
            host.pages |= {f"/{number}": self._stage("discovery", advertising) for number in range(PAGES)}
            host.pages["/rpc"] = self._hear
        self.targets = [f"{host.url}/{number}" for host in hosts for number in range(PAGES)]
        self.source = f"{self.blog.url}/6"
        self.blog.pages["/6"] = self._stage("source", page(markup(*self.targets)))

    def run(self, folder: Path, *command: str, kill_at: tuple[str, int] | None = None) -> int:
        """The exit code of one of our commands, which is killed at the request of that stage and number."""
        self._kill_at, self._seen = kill_at, Counter()
        self._started.clear()
        arguments = [*command, "--json", "--wait", "0", "--allow-network", "127.0.0.0/8"]
        with subprocess.Popen(
            [sys.executable, "-m", "pingback", *arguments],
            cwd=folder,
            env={"PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as self._process:
            self._started.set()
            self.out, self.err = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode

    def _stage(self, name: str, answer: bytes) -> Page:
        def reached(request: Request) -> bytes:
            self._reach(name)
            return answer

        return reached

    def _reach(self, stage: str) -> None:
        with self._lock:
            self._seen[stage] += 1
            reached = (stage, self._seen[stage])
        if reached == self._kill_at and self._started.wait(PATIENCE) and self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)

    def _hear(self, request: Request) -> Answer:
        """Registers each pair once, and says 48 the second time, by the standard library's codec."""
        if not request.body.endswith(b"</methodCall>\n"):  # the kill cut it off
            return b""
        _, target = pair_in(request)
        with self._lock:
            known = self.heard[target] > 0
            self.heard[target] += 1
        self._reach("delivery")
        answer = xmlrpc.client.Fault(48, "") if known else ("Thanks.",)
        return self._and_then(page(xmlrpc.client.dumps(answer, methodresponse=True).encode(), headers=XML))

    def _and_then(self, answer: bytes) -> Iterator[bytes]:
        yield answer
        self._reach("record")


@pytest.fixture
def web() -> Iterator[Web]:
    with ExitStack() as stack:
        yield Web(stack)


@pytest.mark.parametrize(
    ("stage", "number"),
    [
        pytest.param("discovery", 1, id="after-the-plan"),
        pytest.param("discovery", 90, id="in-discovery"),
        pytest.param("delivery", 1, id="in-the-first-delivery"),
        pytest.param("delivery", 110, id="in-a-later-delivery"),
        pytest.param("record", 1, id="between-the-first-delivery-and-its-record"),
        pytest.param("record", 190, id="between-a-later-delivery-and-its-record"),
    ],
)
def test_killed_and_tried_again(tmp_path: Path, web: Web, stage: str, number: int) -> None:
    assert web.run(tmp_path, "publish", web.source, kill_at=(stage, number)) == -9
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        pings = list(store.outbox.pings())
        assert sorted(ping.target for ping in pings) == sorted(web.targets)
        recorded = {ping.target for ping in pings if ping.told}

        assert web.run(tmp_path, "retry") == 0, web.err
        assert set(web.heard) == set(web.targets)
        assert max(web.heard.values()) <= 2
        twice = {target for target, times in web.heard.items() if times == 2}
        assert twice.isdisjoint(recorded)
        assert len(twice) <= QUICK + SLOW
        ended = list(store.outbox.pings())
        assert {ping.status for ping in ended if ping.target not in twice} == {OutcomeStatus.ACCEPTED}
        assert {ping.status for ping in ended if ping.target in twice} <= YES
        assert {ping.next_try for ping in ended} == {None}


def test_killed_before_the_plan(tmp_path: Path, web: Web) -> None:
    assert web.run(tmp_path, "publish", web.source, kill_at=("source", 1)) == -9
    assert (web.run(tmp_path, "retry"), web.out) == (0, "")
    assert web.run(tmp_path, "publish", web.source) == 0
    assert web.heard == Counter(dict.fromkeys(web.targets, 1))


def test_killed_again_and_again(tmp_path: Path, web: Web) -> None:
    assert web.run(tmp_path, "publish", web.source, kill_at=("delivery", 40)) == -9
    assert web.run(tmp_path, "retry", kill_at=("delivery", 40)) == -9
    assert web.run(tmp_path, "publish", web.source, kill_at=("record", 40)) == -9
    assert web.run(tmp_path, "publish", web.source) == 0
    assert set(web.heard) == set(web.targets)
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        ended = list(store.outbox.pings())
    assert {ping.status for ping in ended} <= YES
    assert {ping.next_try for ping in ended} == {None}
