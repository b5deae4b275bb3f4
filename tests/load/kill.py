"""Programs over one database that are killed while they work: what was answered is there, and what said yes is left be.

`python -m tests.load.kill 100` kills a hundred of them: two servers, a worker, and one publish after the other, each
while pings of all protocols come in and go out.
"""

import http.client
import random
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import parse_qsl

from pingback.model import Protocol
from tests.load.server import Server
from tests.loopback import Page, Request, Site, page
from tests.paths.outside import at_once, mentions, outbox, ping
from tests.paths.programs import PATIENCE
from tests.sending.far_sides import YES, pair_in, post

MINE = "https://my.example/"
PROTOCOLS = (Protocol.PINGBACK, Protocol.TRACKBACK, Protocol.WEBMENTION)
HOSTS = 40
PINGS = 24  # in, of a round
TARGETS = 12  # of a post that is published
SENDERS = 6
ALLOW = ("--allow-network", "127.0.0.0/8")
OPTIONS = ("--rate", "off", "--source-rate", "off", "--answer-within", "0.5")


class Sources:
    """The posts of others, on many hosts. Some keep whoever asks waiting while they are `held`."""

    def __init__(self, stack: ExitStack) -> None:
        self._site = stack.enter_context(Site(host="0.0.0.0"))
        self._free = threading.Event()
        self._free.set()
        stack.callback(self._free.set)

    @property
    def requests(self) -> list[Request]:
        return self._site.requests

    def new(self, number: int) -> tuple[str, str]:
        """A source and its target."""
        target = f"{MINE}{number}"
        answer = page(f'<title>{number}</title><p>As said in <a href="{target}">it</a>, it is so.'.encode())
        self._site.pages[f"/{number}"] = self._held(answer) if number % 4 == 0 else answer
        return f"http://127.5.0.{number % HOSTS + 1}:{self._site.port}/{number}", target

    @contextmanager
    def held(self) -> Iterator[None]:
        self._free.clear()
        try:
            yield
        finally:
            self._free.set()

    def _held(self, answer: bytes) -> Page:
        def slow(request: Request) -> bytes:
            self._free.wait(PATIENCE)
            return answer

        return slow


class FarSides:
    """Pages on many hosts that take pings, by each protocol, and count what they said yes to."""

    def __init__(self, stack: ExitStack) -> None:
        self._site = stack.enter_context(Site(host="0.0.0.0"))
        self._lock = threading.Lock()
        self.heard: Counter[tuple[str, str]] = Counter()

    def new(self, number: int) -> str:
        protocol = PROTOCOLS[number % 3]
        target = f"http://127.6.0.{number % HOSTS + 1}:{self._site.port}/{number}"
        self._site.pages[f"/{number}"] = page(f'<link rel="{protocol}" href="/ping/{number}">'.encode())
        self._site.pages[f"/ping/{number}"] = lambda request: self._hear(request, protocol, target)
        return target

    def _hear(self, request: Request, protocol: Protocol, target: str) -> bytes:
        if len(request.body) != int(request.headers["content-length"]):
            return b""  # the kill cut it off
        source = (
            dict(parse_qsl(request.body.decode()))["url"] if protocol is Protocol.TRACKBACK else pair_in(request)[0]
        )
        with self._lock:
            self.heard[source, target] += 1
        return YES[protocol]


class Program:
    """A command that runs until it ends or is killed; what it says goes to a file."""

    def __init__(self, folder: Path, name: str, *arguments: str, environ: Mapping[str, str] = {}) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("a") as log:
            command = [sys.executable, "-m", "pingback", *arguments, *ALLOW]
            self._process = subprocess.Popen(command, cwd=folder, env={"PATH": "", **environ}, stdout=log, stderr=log)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None


class Fleet:
    """Two servers and a worker over the database of `folder`, by `with`, and posts that are published."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._db = ("--db", f"sqlite:///{folder}/pingback.db")
        self.blog = stack.enter_context(Site())
        self.sources, self.far_sides = Sources(stack), FarSides(stack)
        self._stack = stack
        self._servers: dict[str, Server] = {}
        self._worker: Program | None = None
        self._publish: Program | None = None
        self._numbers = iter(range(10**9))
        self.taken: set[str] = set()
        self.told: set[tuple[str, str]] = set()
        self._post: set[tuple[str, str]] = set()  # the pings of the post that was published last
        self.log = ""

    def __enter__(self) -> Self:
        for name in ("one", "two"):
            (self.folder / name).mkdir()
            self.begin(name)
        self.begin("worker")
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("one", "two", "worker", "publish"):
            self.kill(name)

    def begin(self, name: str) -> None:
        if name in ("one", "two"):
            self._servers[name] = Server(self.folder / name, MINE, *OPTIONS, *self._db).__enter__()
        elif name == "worker":
            quick = ("--approve", "all", "--no-check-targets", "--source-rate", "off")
            self._worker = Program(self.folder, name, "worker", "--site", MINE, *quick, *self._db)
        else:
            number = next(self._numbers)
            targets = [self.far_sides.new(next(self._numbers)) for _ in range(TARGETS)]
            self.blog.pages[f"/{number}"] = post(*targets)
            source = f"{self.blog.url}/{number}"
            self._post = {(source, target) for target in targets}
            self.told |= self._post
            self._publish = Program(self.folder, name, "publish", source, *self._db)

    def kill(self, name: str) -> None:
        if server := self._servers.get(name):
            server.kill()
            self.log += server.log()
        for program in (self._worker if name == "worker" else None, self._publish if name == "publish" else None):
            if program is not None:
                program.kill()
                self.log += program.log.read_text()

    def published(self) -> bool:
        return self._publish is None or self._publish.ended

    def wait_for_publish(self, *, tellings: int) -> None:
        """Until so many pings of the post that is published last are out, or all."""
        heard = self.far_sides.heard
        at_once(lambda: self.published() or sum(pair in heard for pair in self._post) >= tellings)

    def send(self, server: str) -> None:
        """One ping by the protocol that is next, and what becomes of it if somebody answers."""
        number = next(self._numbers)
        source, target = self.sources.new(number)
        root = self._servers[server].endpoint.removesuffix("/xmlrpc")
        try:
            said = ping(root, PROTOCOLS[number % 3], source, target)
        except (OSError, http.client.HTTPException):
            return  # nobody answered, nothing is promised
        if said.taken:
            self.taken.add(source)


class Kept(NamedTuple):
    """What must hold at the end: `lost` were answered with success and are not there, `again` were told after their yes
    was written down; `untold` are planned and never were. How many came in and went out is counted by protocol."""

    taken: Mapping[Protocol, int]
    told: Mapping[Protocol, int]
    lost: Sequence[str]
    untold: Sequence[tuple[str, str]]
    again: Mapping[tuple[str, str], int]
    log: str


def kill_in_turn(folder: Path, rounds: int, *, seed: int = 1) -> Kept:
    """Kills one program each round, while pings come in and go out, and begins it anew."""
    chance = random.Random(seed)
    said_yes: dict[tuple[str, str], int] = {}
    with ExitStack() as stack, ThreadPoolExecutor(SENDERS) as senders:
        fleet = stack.enter_context(Fleet(folder, stack))
        for number in range(rounds):
            victim = ("one", "worker", "publish", "two")[number % 4]
            fleet.begin("publish")
            with fleet.sources.held():
                sent = [senders.submit(fleet.send, ("one", "two")[each % 2]) for each in range(PINGS)]
                _wait_for(sent, many=chance.randrange(1, PINGS))
                if victim == "publish":
                    fleet.wait_for_publish(tellings=chance.randrange(1, TARGETS))
                fleet.kill(victim)
                said_yes |= {pair: fleet.far_sides.heard[pair] for pair in _recorded(folder)}
            for each in sent:
                each.result()
            if victim != "publish":
                fleet.begin(victim)
            at_once(fleet.published)
        at_once(lambda: fleet.taken <= _decided(folder), "what was answered is not there, or waits for a lease")
        at_once(lambda: fleet.told <= fleet.far_sides.heard.keys() & _recorded(folder), "what was planned is not told")
        lost = sorted(fleet.taken - _decided(folder))
        again = {pair: heard for pair, times in said_yes.items() if (heard := fleet.far_sides.heard[pair]) != times}
        untold = sorted(fleet.told - fleet.far_sides.heard.keys())
        taken, told = _by_protocol(fleet.taken), _by_protocol(target for _, target in fleet.far_sides.heard)
    return Kept(taken, told, lost, untold, again, fleet.log)


def _by_protocol(urls: Iterable[str]) -> Counter[Protocol]:
    """By the number that each ends with."""
    return Counter(PROTOCOLS[int(url.rpartition("/")[2]) % 3] for url in urls)


def _wait_for(sent: Sequence[Future[None]], *, many: int) -> None:
    at_once(lambda: sum(each.done() for each in sent) >= many)


def _decided(folder: Path) -> set[str]:
    return {source for source, row in mentions(folder).items() if row["status"] == "approved"}


def _recorded(folder: Path) -> set[tuple[str, str]]:
    """The pings whose yes was written down."""
    return {
        (row["source"], row["target"]) for row in outbox(folder).values() if row["status"] in ("accepted", "already")
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        kept = kill_in_turn(Path(place), int(sys.argv[1]))
    for name, count in (("taken", kept.taken), ("told", kept.told)):
        sys.stdout.write(f"{name} {', '.join(f'{count[protocol]} by {protocol}' for protocol in PROTOCOLS)}\n")
    sys.stdout.write(f"lost {kept.lost}\nnot told {kept.untold}\ntold again {kept.again}\n{'Traceback' in kept.log=}\n")
    sys.exit(bool(kept.lost or kept.untold or kept.again or "Traceback" in kept.log))
