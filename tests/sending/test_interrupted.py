"""Whoever stops, breaks off or comes second, and a database that is locked: nothing is lost, and nothing told twice."""

import logging
import sqlite3
import threading
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest

from pingback.errors import StoreError
from pingback.model import Outcome, OutcomeStatus
from pingback.net.client import Client
from pingback.store import Store
from tests.loopback import Request, page
from tests.receive.pages import PATIENCE, Clock, Pages
from tests.receive.pages import Page as PageInMemory
from tests.sending.deliveries import (
    LONG,
    NOW,
    delivered,
    no_more_threads,
    plan,
    sender_of,
    statuses,
    the_ping,
)
from tests.sending.far_sides import FarSide


def test_stopped_while_pings_are_out(store: Store, client: Client, clock: Clock) -> None:
    paths = [f"/{number}" for number in range(6)]
    stopped = threading.Event()
    sender = sender_of(store, client, clock, stopped=stopped)
    outcomes: list[Outcome] = []

    def stopping(request: Request) -> bytes:
        stopped.set()
        return page(status=202)

    with FarSide(*paths, answer=stopping) as far_side:
        plan(store, *(far_side.url + path for path in paths))
        sender.deliver(outcomes.append, patience=LONG)
        assert 1 <= len(outcomes) == len(far_side.heard) <= 2
        assert not any(ping.is_held for ping in store.outbox.pings())
        assert len(outcomes) + len(delivered(store, client, clock)) == 6
        assert sorted(far_side.targets) == paths


def test_stopped_while_it_waits(store: Store, client: Client) -> None:
    """By a signal's handler, say: patience ends at once."""
    stopped = threading.Event()
    sender = sender_of(store, client, Clock(), stopped=stopped)
    outcomes: list[Outcome] = []
    timer = threading.Timer(0.05, stopped.set)

    def later(request: Request) -> bytes:
        timer.start()  # by whenever it is over, this ping is to be waited for
        return page(status=429, headers={"Retry-After": "3600"})

    with FarSide("/1", answer=later) as far_side:
        plan(store, f"{far_side.url}/1")
        sender.deliver(outcomes.append, patience=LONG)
        timer.join()
        assert outcomes == []
        assert the_ping(store).next_try == NOW + timedelta(hours=1)


class EnoughError(Exception):
    """Somebody wants to hear no more."""


def enough(outcome: Outcome) -> None:
    raise EnoughError


def test_whoever_hears_no_more_loses_nothing(store: Store, client: Client, clock: Clock) -> None:
    """What had gone out when the caller broke off is kept as told, and what had not is free for the next."""
    paths = [f"/{number}" for number in range(8)]
    with ExitStack() as stack:
        hosts = [stack.enter_context(FarSide("/", host=f"127.0.1.{n}")) for n in range(1, 5)]
        hosts += [stack.enter_context(FarSide(*paths))]
        targets = [f"{host.url}/" for host in hosts[:4]] + [hosts[4].url + path for path in paths]
        plan(store, *targets)
        with pytest.raises(EnoughError):
            sender_of(store, client, clock).deliver(enough)
        assert not any(ping.is_held for ping in store.outbox.pings())
        heard = {target for host in hosts for _, target in host.heard}
        assert {ping.target for ping in store.outbox.pings() if ping.told} == heard
        delivered(store, client, clock)
        assert sorted(target for host in hosts for _, target in host.heard) == sorted(targets)


def test_an_interrupt_waits_for_nobody(store: Store, client: Client, clock: Clock) -> None:
    """What is out then stays leased: whoever sees this process end may send it again."""
    asked, go_on = threading.Event(), threading.Event()

    def held(request: Request) -> bytes:
        asked.set()
        assert go_on.wait(PATIENCE)
        return page(status=202)

    def after_that(request: Request) -> bytes:
        assert asked.wait(PATIENCE)
        return page(status=202)

    def interrupted(outcome: Outcome) -> None:
        raise KeyboardInterrupt

    with FarSide("/1", host="127.0.0.3", answer=after_that) as well, FarSide("/1", "/2", "/3", answer=held) as silent:
        plan(store, f"{well.url}/1", *(f"{silent.url}/{number}" for number in (1, 2, 3)))
        try:
            with pytest.raises(KeyboardInterrupt):
                sender_of(store, client, clock).deliver(interrupted)
            pings = list(store.outbox.pings())
        finally:
            go_on.set()
    assert [ping.target for ping in pings if ping.told] == [f"{well.url}/1"]
    assert 1 <= sum(ping.is_held for ping in pings) <= 2
    assert [ping.target for ping in pings if not ping.is_held and not ping.told] != []


def test_a_machine_without_a_thread_to_spare(store: Store, clock: Clock) -> None:
    targets = ["https://a.example/", "https://b.example/"]
    plan(store, *targets)
    with no_more_threads():
        outcomes = delivered(store, Pages(dict.fromkeys(targets, PageInMemory())), clock)
    assert statuses(outcomes) == dict.fromkeys(targets, "unsupported")


def test_after_its_seconds_it_begins_nothing(store: Store, client: Client, clock: Clock) -> None:
    with FarSide("/1") as far_side:
        plan(store, f"{far_side.url}/1")
        sender_of(store, client, clock).deliver(enough, seconds=0.0)
        assert far_side.requests == []
        assert len(delivered(store, client, clock)) == 1


def test_two_senders_in_two_threads(tmp_path: Path, client: Client) -> None:
    paths = [f"/{number}" for number in range(10)]
    url = f"sqlite:///{tmp_path}/outbox.db?timeout=300"
    with ExitStack() as stack:
        hosts = [stack.enter_context(FarSide(*paths, host=f"127.0.1.{number}")) for number in range(1, 7)]
        one, other = (stack.enter_context(Store(url)) for _ in range(2))
        plan(one, *(host.url + path for host in hosts for path in paths))
        done: list[Outcome] = []
        clock = Clock()
        thread = threading.Thread(target=lambda: done.extend(delivered(other, client, clock)))
        thread.start()
        done += delivered(one, client, clock)
        thread.join()
        assert [sorted(host.targets) for host in hosts] == [paths] * 6
        assert [outcome.status for outcome in done] == [OutcomeStatus.ACCEPTED] * 60


# A database that cannot be used


def test_a_database_that_is_locked_from_the_beginning(tmp_path: Path, client: Client, clock: Clock) -> None:
    path = tmp_path / "outbox.db"
    with FarSide("/1") as far_side, Store(f"sqlite:///{path}?timeout=0.01") as store:
        plan(store, f"{far_side.url}/1")
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="is locked by another program"):
                delivered(store, client, clock)
            assert the_ping(store).target == f"{far_side.url}/1"
            other.rollback()
        assert far_side.heard == []
        assert len(delivered(store, client, clock)) == 1


class Unlocking(logging.Handler):
    """Ends somebody's lock as soon as the log tells of it."""

    def __init__(self, other: sqlite3.Connection) -> None:
        super().__init__()
        self._other = other

    def emit(self, record: logging.LogRecord) -> None:
        if "is locked by another program" in record.getMessage():
            self._other.rollback()


def test_a_database_that_is_locked_while_pings_are_out(tmp_path: Path, client: Client, clock: Clock) -> None:
    """Nothing that was answered is lost, and nobody is told twice: what came of it is kept when that is possible."""
    path = tmp_path / "outbox.db"
    with (
        FarSide("/1", "/2") as far_side,
        Store(f"sqlite:///{path}?timeout=0.01") as store,
        closing(sqlite3.connect(path, check_same_thread=False, isolation_level=None)) as other,
    ):
        plan(store, f"{far_side.url}/1", f"{far_side.url}/2")
        one_by_one, locked = threading.Lock(), threading.Event()

        def locking(request: Request) -> bytes:
            with one_by_one:
                if not locked.is_set():
                    other.execute("BEGIN IMMEDIATE")
                    locked.set()
            return page(status=202)

        far_side.answer = locking
        handler = Unlocking(other)
        logging.getLogger("pingback.jobs.keeping").addHandler(handler)
        try:
            outcomes = delivered(store, client, clock)
        finally:
            logging.getLogger("pingback.jobs.keeping").removeHandler(handler)
        assert [outcome.status for outcome in outcomes] == [OutcomeStatus.ACCEPTED] * 2
        assert {ping.status for ping in store.outbox.pings()} == {OutcomeStatus.ACCEPTED}
        assert sorted(far_side.targets) == ["/1", "/2"]
