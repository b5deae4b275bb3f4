"""Another program holds the database's lock: whoever pings hears soon that it is to come again, and then is taken.

Durations are not asserted. The lock is held until every sender has heard, for `LOCKED` seconds at most: a server in
which senders wait for one another, or for the lock, is not done by then.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pingback.model import Protocol
from tests.loopback import Answer, Request, Site, page
from tests.paths.exchange import ask
from tests.paths.outside import Said, mentions, ping, shown_at
from tests.paths.programs import Serving, wait_until

MINE = "https://my.example/"
TARGET = f"{MINE}5"
LINKING = page(f'<title>Six</title><p>As said in <a href="{TARGET}">five</a>, it is so.'.encode())

LOCKED = 15.0  # seconds: five times what a sender may wait, and less than what they waited in a row
SLOW = 2.0  # seconds, of those three
KNOWN = range(4)  # the hosts whose page was pinged before
CROWD = range(12)  # the hosts that were asked as often as they may be
SLOW_ONES = range(100, 104)
PLAIN = range(20, 24)
FRESH = range(30, 33)
BUSY = {Protocol.PINGBACK: -32500, Protocol.TRACKBACK: 1, Protocol.WEBMENTION: 503}
# What a sender hears of a pair that is known: that needs no lock, and may be said in spite of it.
ALREADY = {Protocol.PINGBACK: 48, Protocol.TRACKBACK: 1, Protocol.WEBMENTION: None}

ALLOW = ("--allow-network", "127.0.0.0/8", "--port", "0", "--approve", "all", "--no-check-targets")
OPTIONS = (*ALLOW, "--rate", "off", "--source-rate", "1/hour")


Ping = tuple[Protocol, str]  # and its source


class Web:
    """Sources on many hosts; those at `/slow` take their time."""

    def __init__(self, stack: ExitStack) -> None:
        self._site = stack.enter_context(Site(host="0.0.0.0"))
        self._site.pages |= {"/1": LINKING, "/2": LINKING, "/slow": self._slow}

    def pings(self, hosts: Iterable[int], path: str) -> list[Ping]:
        """By each protocol, from hosts of its own."""
        numbered = enumerate(BUSY)
        return [
            (protocol, f"http://127.3.{n}.{host + 1}:{self._site.port}/{path}")
            for n, protocol in numbered
            for host in hosts
        ]

    def _slow(self, request: Request) -> Answer:
        return self._site.drip([b"", LINKING], every=SLOW)


@pytest.fixture
def web() -> Iterator[Web]:
    with ExitStack() as stack:
        yield Web(stack)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    connection = sqlite3.connect(folder / "pingback.db", isolation_level=None, timeout=60)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def all_at_once(serving: Serving, pings: list[Ping]) -> list[Said]:
    """What each sender hears; fails where one hears nothing for as long as the lock may be held."""
    together = threading.Barrier(len(pings))

    def send(protocol: Protocol, source: str) -> Said:
        together.wait()
        return ping(serving.root, protocol, source, TARGET)

    with ThreadPoolExecutor(len(pings)) as threads:
        sent = [threads.submit(send, *each) for each in pings]
        _, late = wait(sent, timeout=LOCKED)
        assert len(late) == 0
        return [each.result() for each in sent]


def faults(pings: list[Ping], heard: list[Said]) -> dict[Protocol, set[int | None]]:
    return {of: {said.fault for (protocol, _), said in zip(pings, heard, strict=True) if protocol is of} for of in BUSY}


def all_taken(serving: Serving, pings: list[Ping]) -> bool:
    return all(ping(serving.root, protocol, source, TARGET).taken for protocol, source in pings)


def test_everybody_hears_soon_and_is_taken_afterwards(tmp_path: Path, web: Web) -> None:
    asked, known, fresh = web.pings(CROWD, "1"), web.pings(KNOWN, "1"), web.pings(FRESH, "1")
    refused = web.pings(CROWD, "2") + web.pings(SLOW_ONES, "slow") + web.pings(PLAIN, "1")
    with Serving(tmp_path, MINE, usual=OPTIONS) as serving:
        assert all_taken(serving, asked)
        wait_until(lambda: set(shown_at(serving.root, TARGET)) == {source for _, source in asked})
        with locked(tmp_path):
            heard = all_at_once(serving, [*known, *refused])
            assert ask(f"{serving.root}/mentions?target={TARGET}").status == 200  # to read, nobody needs the lock
        of_known, of_refused = faults(known, heard[: len(known)]), faults(refused, heard[len(known) :])
        assert all(of_known[protocol] <= {BUSY[protocol], ALREADY[protocol]} for protocol in BUSY)
        assert of_refused == {protocol: {fault} for protocol, fault in BUSY.items()}
        assert set(mentions(tmp_path)) == {source for _, source in asked}
        assert all_taken(serving, [*fresh, *web.pings(CROWD, "2")])
        wait_until(lambda: set(shown_at(serving.root, TARGET)) == {source for _, source in asked + fresh})
        assert serving.stop() == 0
    assert "Traceback" not in serving.log


def test_what_was_taken_before_the_lock_is_finished_after_it(tmp_path: Path, web: Web) -> None:
    """The source answers while nothing can be written."""
    asked, answer = threading.Event(), threading.Event()

    def hanging(request: Request) -> bytes:
        asked.set()
        answer.wait(60)
        return LINKING

    with Site({"/6": hanging}) as source, Serving(tmp_path, MINE, usual=OPTIONS) as serving:
        assert ping(serving.root, Protocol.WEBMENTION, f"{source.url}/6", TARGET).status == 201
        assert asked.wait(60)
        with locked(tmp_path):
            answer.set()
            other = web.pings([0], "1")[0][1]
            assert ping(serving.root, Protocol.PINGBACK, other, TARGET).fault == -32500
        wait_until(lambda: shown_at(serving.root, TARGET) == [f"{source.url}/6"])
        assert len(source.requests) == 1
        assert serving.stop() == 0
    assert "Traceback" not in serving.log
