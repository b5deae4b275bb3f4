"""Two servers, two workers and three runs of `publish` at the same time over one database: each thing is done once."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.load.kill import MINE, OPTIONS, PROTOCOLS, FarSides, Program, Sources
from tests.load.server import Server
from tests.loopback import Request, Site, page
from tests.paths.outside import at_once, mentions, outbox, ping
from tests.paths.programs import wait_until
from tests.sending.far_sides import post

PINGS = 60
TARGETS = 30
SENDERS = 12


class Together:
    """All of them, over the database of `folder`; each that decides on a mention tells the `hook`."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.hook = stack.enter_context(Site({"/hook": page(status=204)}))
        self._db = ("--db", f"sqlite:///{folder}/pingback.db")
        self._stack = stack
        self.programs: list[Program] = []
        self.servers = [self._server(name) for name in ("one", "two")]
        for number in range(2):
            quick = ("--approve", "all", "--no-check-targets", "--source-rate", "off")
            self.program(f"worker-{number}", "worker", "--site", MINE, *quick)

    def program(self, name: str, *arguments: str) -> Program:
        program = Program(self.folder, name, *arguments, *self._db)
        self._stack.callback(program.kill)
        self.programs.append(program)
        return program

    def _server(self, name: str) -> Server:
        (self.folder / name).mkdir()
        told = ("--notify-webhook", f"{self.hook.url}/hook")
        return self._stack.enter_context(Server(self.folder / name, MINE, *OPTIONS, *self._db, *told))

    def log(self) -> str:
        return "".join([server.log() for server in self.servers] + [each.log.read_text() for each in self.programs])

    def told(self) -> Counter[str]:
        """The sources of which the owner was told, each time."""
        return Counter(found["source"] for found in map(_mention_in, self.hook.requests))


def _mention_in(request: Request) -> dict[str, str]:
    found = json.loads(request.body)
    return dict(found.get("mention", found))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def together(tmp_path: Path, stack: ExitStack) -> Together:
    return Together(tmp_path, stack)


def test_each_mention_is_decided_and_told_once(tmp_path: Path, stack: ExitStack, together: Together) -> None:
    sources = Sources(stack)
    asked = sources.requests
    pairs = [sources.new(number) for number in range(PINGS)]

    def send(number: int) -> bool:
        root = together.servers[number % 2].endpoint.removesuffix("/xmlrpc")
        return ping(root, PROTOCOLS[number % 3], *pairs[number]).taken

    with sources.held(), ThreadPoolExecutor(SENDERS) as senders:
        assert all(senders.map(send, range(PINGS)))
    at_once(lambda: {row["status"] for row in mentions(tmp_path).values()} == {"approved"})
    assert set(mentions(tmp_path)) == {source for source, _ in pairs}
    wait_until(lambda: len(together.told()) == PINGS)
    assert together.told() == Counter({source: 1 for source, _ in pairs})
    again = Counter(request.path for request in asked)
    # A pingback that its sender did not wait for is looked at from the beginning by whoever takes it up.
    assert max(again.values()) <= 2
    assert {again[f"/{number}"] for number in range(PINGS) if number % 4} == {1}
    assert "Traceback" not in together.log()


def test_each_ping_is_told_once(tmp_path: Path, stack: ExitStack, together: Together) -> None:
    far_sides = FarSides(stack)
    blog = stack.enter_context(Site())
    posts = []
    for number in range(3):
        targets = [far_sides.new(TARGETS * number + each) for each in range(TARGETS)]
        blog.pages[f"/{number}"] = post(*targets)
        posts.append((f"{blog.url}/{number}", targets))
    runs = [together.program(f"publish-{each}", "publish", *(source for source, _ in posts)) for each in range(3)]
    at_once(lambda: all(run.ended for run in runs))
    at_once(lambda: {row["status"] for row in outbox(tmp_path).values()} == {"accepted"})
    assert far_sides.heard == Counter({(source, target): 1 for source, targets in posts for target in targets})
    assert "Traceback" not in together.log()
