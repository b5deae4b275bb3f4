"""Workers over PostgreSQL: how many pings they verify a second, and 20,000 pings while all that they need fails.

The second half takes long: `python -m tests.bench.bench_workers --all-fails`.
"""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from pingback.clock import now
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.looks import FirstLook
from pingback.urls import server_of
from tests.bench.timing import Row, judge, show
from tests.brokers.program import Broker, rabbitmq, redis
from tests.load.web import Web
from tests.load.workers import MINE, Fleet, fail_in_turn
from tests.paths.programs import wait_until
from tests.postgresql.server import Server, running

HOSTS = 200
TAKES = 0.05  # seconds, for a source
WAITING = 2000
PINGS = 20_000
WORKERS = (1, 2, 4)


class Sources:
    """Posts of a web, none of which keeps anybody waiting for longer than the others."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def new(self, number: int) -> tuple[str, str]:
        target = f"{MINE}{number}"
        return self._web.good(number, target), target

    def held(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()


def rows() -> Iterator[Row]:
    """By how many workers so many pings that wait are verified a second."""
    with running() as database, redis() as broker, Web(good=HOSTS, slow=0, takes=TAKES) as web:
        for workers in WORKERS:
            with tempfile.TemporaryDirectory() as folder:
                fleet = Fleet(Path(folder), database=database, broker=broker, workers=workers)
                keep_waiting(fleet.url, Sources(web))
                with fleet:
                    wait_until(fleet.has_decided)
                    speed = WAITING / fleet.seconds()
            what = f"pings a second, verified by {workers} worker{'s' * (workers > 1)} on one machine"
            yield Row(what, speed, "near linear until its cores are full")


def keep_waiting(url: str, sources: Sources) -> None:
    with Store(url) as store:
        for number in range(WAITING):
            source, target = sources.new(number)
            waits = Mention(
                source=source,
                target=target,
                protocol=Protocol.WEBMENTION,
                status=MentionStatus.PENDING,
                received=now(),
            )
            look = FirstLook(host=server_of(source), due=now(), most=10 * WAITING, most_of_host=WAITING)
            store.looks.keep_waiting(waits, look, home="a")


def all_fails() -> Iterator[Row]:
    """Pings into two front ends, with four workers, and each broker."""
    with running() as database, Web(good=HOSTS, slow=0, takes=TAKES) as web:
        for name, brought in (("Redis", redis), ("RabbitMQ", rabbitmq)):
            with brought() as broker:
                yield from all_fails_with(name, broker, database, Sources(web))


def all_fails_with(name: str, broker: Broker, database: Server, sources: Sources) -> Iterator[Row]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Fleet(Path(folder), database=database, broker=broker, workers=4) as fleet,
    ):
        told = fail_in_turn(fleet, sources, database=database, broker=broker, many=PINGS)
        seconds = fleet.seconds()
    for protocol, count in sorted(told.taken.items()):
        yield Row(f"{name}: {protocol} pings that were answered with success", count, "about a third")
    yield Row(f"{name}: of them lost", len(told.lost), "at most 0", most=0)
    yield Row(f"{name}: decided twice, or never", len(told.again), "at most 0", most=0)
    yield Row(f"{name}: decided a second, all that failed included", sum(told.taken.values()) / seconds, "")


if __name__ == "__main__":
    judge(show(all_fails() if "--all-fails" in sys.argv else rows()))
