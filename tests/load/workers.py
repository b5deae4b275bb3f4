"""Front ends and workers over PostgreSQL and a broker, all of which fail in turn while pings come in."""

import contextlib
import http.client
import threading
import typing
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self

from pingback.model import Protocol
from tests.brokers.program import Broker
from tests.load.kill import PROTOCOLS, Program
from tests.load.server import Server
from tests.paths.exchange import ask
from tests.paths.outside import at_once, ping
from tests.paths.programs import wait_until
from tests.postgresql.server import Server as Database

MINE = "https://my.example/"
FRONT_ENDS = ("one", "two")
SENDERS = 8
_COMMON = ("--no-check-targets", "--approve", "all", "--source-rate", "off")
_FRONT_END = ("--rate", "off", "--source-rate", "off", "--answer-within", "0.5")

# Whatever writes what became of a look at a source, the database itself takes down.
_TAKE_DOWN = """
CREATE TABLE decisions (mention bigint, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION take_down() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO decisions (mention) VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER of_a_new_one AFTER INSERT ON pingback_mentions
    FOR EACH ROW WHEN (NEW.verified IS NOT NULL) EXECUTE FUNCTION take_down();
CREATE TRIGGER of_one_that_waited AFTER UPDATE ON pingback_mentions
    FOR EACH ROW WHEN (NEW.verified IS DISTINCT FROM OLD.verified) EXECUTE FUNCTION take_down();
"""
_DECIDED = "SELECT source, status, (SELECT count(*) FROM decisions WHERE mention = id) FROM pingback_mentions"


class Fleet:
    """Two front ends, one of which leaves all to the workers, and so many workers, by `with`: over a new database."""

    def __init__(self, folder: Path, *, database: Database, broker: Broker, workers: int) -> None:
        self._folder = folder
        self._database = database
        self.url = database.new_database()
        self._environ = {"PINGBACK_BROKER": broker.url, "PINGBACK_DB": self.url}
        self.workers = tuple(f"worker-{number}" for number in range(1, workers + 1))
        self._programs: dict[str, Server | Program] = {}
        with database.connect(self.url) as connection:
            connection.execute(_TAKE_DOWN)

    def __enter__(self) -> Self:
        with ThreadPoolExecutor() as together, ExitStack() as stack:
            stack.callback(self._end)
            list(together.map(self.begin, [*FRONT_ENDS, *self.workers]))
            stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._database.drop(self.url)

    def begin(self, name: str) -> None:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        if name in FRONT_ENDS:
            queued = ("--verify", "queued") if name == "two" else ()
            server = Server(folder, MINE, *_FRONT_END, *queued, environ=self._environ)
            self._programs[name] = server.__enter__()
        else:
            command = ("worker", "--site", MINE, *_COMMON)
            self._programs[name] = Program(folder, "worker", *command, environ=self._environ)

    def kill(self, name: str) -> None:
        """As kill -9 does."""
        self._programs[name].kill()

    def root(self, front_end: str) -> str:
        server = self._programs[front_end]
        assert isinstance(server, Server)
        return server.endpoint.removesuffix("/xmlrpc")

    def decided(self) -> dict[str, tuple[str, int]]:
        """By source: the status, and how often it was decided."""
        with self._database.connect(self.url) as connection:
            return {source: (status, times) for source, status, times in connection.execute(_DECIDED)}

    def has_decided(self) -> bool:
        """Nothing waits."""
        return all(status == "approved" for status, _ in self.decided().values())

    def seconds(self) -> float:
        """From the first decision to the last."""
        with self._database.connect(self.url) as connection:
            asked = "SELECT coalesce(extract(epoch FROM max(at) - min(at)), 0)::float FROM decisions"
            row = connection.execute(asked).fetchone()
        return float(row[0]) if row else 0.0

    def in_hand(self, worker: str) -> int:
        """How many jobs the worker has leased."""
        program = self._programs[worker]
        assert isinstance(program, Program)
        asked = "SELECT count(*) FROM pingback_jobs WHERE leased_by LIKE %s"
        with self._database.connect(self.url) as connection:
            row = connection.execute(asked, [f"% {program.pid}/%"]).fetchone()
        return int(row[0]) if row else 0

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self._folder.glob("*/*.log")))

    def _end(self) -> None:
        for program in self._programs.values():
            program.kill()


class Pings:
    """Pings of all protocols, each of a source of its own, by several senders, by `with`, until `many` are taken."""

    def __init__(self, fleet: Fleet, new: Callable[[int], tuple[str, str]], *, many: int) -> None:
        self._fleet = fleet
        self._new = new
        self._many = many
        self._lock = threading.Lock()
        self._numbers = iter(range(10**9))
        self._ends = threading.Event()
        self.taken: dict[str, Protocol] = {}  # by source
        self.not_taken: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._send_on, args=(number,)) for number in range(SENDERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def wait(self, count: int) -> None:
        """Until so many were taken."""
        wait_until(lambda: len(self.taken) >= count or not any(thread.is_alive() for thread in self._threads))
        assert len(self.taken) >= count

    def _send_on(self, sender: int) -> None:
        front_end = FRONT_ENDS[sender % 2]
        while not self._ends.is_set() and len(self.taken) < self._many:
            with self._lock:
                number = next(self._numbers)
            source, target = self._new(number)
            why_not = self._send(self._fleet.root(front_end), PROTOCOLS[number % 3], source, target)
            if why_not:
                self.not_taken[why_not] += 1
                wait_until(lambda: self._ends.is_set() or any(map(self._is_ready, FRONT_ENDS)))
                front_end = next(filter(self._is_ready, FRONT_ENDS), front_end)

    def _send(self, root: str, protocol: Protocol, source: str, target: str) -> str:
        """Why it was not taken, "" where it was."""
        try:
            said = ping(root, protocol, source, target)
        except (OSError, http.client.HTTPException):
            return "nobody answered"  # so nothing is promised
        if not said.taken:
            return f"{protocol}: {said.fault}"
        with self._lock:
            self.taken[source] = protocol
        return ""

    def _is_ready(self, front_end: str) -> bool:
        try:
            return ask(f"{self._fleet.root(front_end)}/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False


class Told(NamedTuple):
    """What must hold at the end: of the pings that were taken, by protocol, `lost` are not decided. `again` were
    decided more often than once; what was not taken, too, where it was kept."""

    taken: Counter[Protocol]
    not_taken: Counter[str]
    lost: Sequence[str]
    again: Mapping[str, int]
    log: str


class Sources(typing.Protocol):
    """The posts of others."""

    def new(self, number: int) -> tuple[str, str]:
        """A source and its target."""

    def held(self) -> contextlib.AbstractContextManager[None]:
        """Some keep whoever asks waiting meanwhile."""


def fail_in_turn(fleet: Fleet, sources: Sources, *, database: Database, broker: Broker, many: int) -> Told:
    """A worker is killed with jobs in hand, and a front end; the broker is emptied; the database is killed, and then
    stopped as by its administrator. All of them begin anew, while pings come in."""
    with ThreadPoolExecutor() as meanwhile, Pings(fleet, sources.new, many=many) as pings:
        pings.wait(many // 6)
        with sources.held():
            wait_until(lambda: fleet.in_hand(fleet.workers[0]) > 0)
            fleet.kill(fleet.workers[0])
        fleet.begin(fleet.workers[0])
        pings.wait(many * 2 // 6)
        with sources.held():
            fleet.kill("one")
        begun = meanwhile.submit(fleet.begin, "one")
        pings.wait(many * 3 // 6)
        begun.result()  # it needs a broker to begin
        broker.kill()
        begun = meanwhile.submit(broker.start)
        pings.wait(many * 4 // 6)
        database.kill()
        database.start()
        pings.wait(many * 5 // 6)
        database.stop()
        database.start()
        pings.wait(many)
        begun.result()
        at_once(fleet.has_decided, "some wait for a lease")  # the broker ends with the thread that began it
    decided = fleet.decided()
    lost = sorted(pings.taken.keys() - decided.keys())
    again = {source: times for source, (_, times) in decided.items() if times != 1}
    return Told(Counter(pings.taken.values()), pings.not_taken, lost, again, fleet.log())
