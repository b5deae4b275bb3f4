"""`/healthz`, `/readyz` and `/metrics`: what a monitor is told, and what a stranger is not."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from pingback.errors import Fault, FaultCode, StoreError
from pingback.model import MentionStatus, Protocol
from pingback.server.app import handle
from pingback.server.http import Request, Response
from pingback.server.metrics import Metrics
from pingback.store import Store
from pingback.store.jobs import QUEUED
from pingback.work import JobKind
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Page, Pages
from tests.server.conftest import SITE, SOURCE, TARGET
from tests.store.sent import plan

RECEIVED = 'pingback_received_total{outcome="approved",protocol="pingback"}'


def get(path: str, receiver: Receiver) -> Response:
    return handle(Request(method="GET", path=path, raw_path=path), receiver)


@pytest.mark.parametrize(("path", "body"), [("/healthz", b"ok\n"), ("/readyz", b"ready\n")])
def test_all_is_well(receiver: Receiver, path: str, body: bytes) -> None:
    response = get(path, receiver)
    assert (response.status, response.body) == (200, body)


def test_ready_changes_nothing(tmp_path: Path, pages: Pages) -> None:
    with Store(f"sqlite:///{tmp_path}/x.db") as store, Receiver(site=SITE, store=store, client=pages) as receiver:
        with closing(sqlite3.connect(tmp_path / "x.db")) as other:
            other.execute("PRAGMA user_version = 7")
        assert get("/readyz", receiver).status == 200
        with closing(sqlite3.connect(tmp_path / "x.db")) as other:
            assert other.execute("PRAGMA user_version").fetchall() == [(7,)]


def test_ready_writes_once_a_second_at_most(tmp_path: Path, pages: Pages) -> None:
    clock = Clock()
    url, log = f"sqlite:///{tmp_path}/x.db?timeout=0.01", tmp_path / "x.db-wal"
    with Store(url, clock=clock) as store, Receiver(site=SITE, store=store, client=pages) as receiver:
        assert get("/readyz", receiver).status == 200
        size = log.stat().st_size
        for _ in range(20):
            clock.pass_by(seconds=0.04)
            assert get("/readyz", receiver).status == 200
        assert log.stat().st_size == size
        clock.pass_by(seconds=1)
        assert get("/readyz", receiver).status == 200
        assert log.stat().st_size > size


@pytest.mark.parametrize("seconds", [1.0, -5.0], ids=["a-second-later", "by-a-clock-that-was-set-back"])
def test_no_answer_outlives_its_second(tmp_path: Path, pages: Pages, seconds: float) -> None:
    clock = Clock()
    url = f"sqlite:///{tmp_path}/x.db?timeout=0.01"
    with Store(url, clock=clock) as store, Receiver(site=SITE, store=store, client=pages) as receiver:
        assert get("/readyz", receiver).status == 200
        with locked(tmp_path / "x.db"):
            clock.pass_by(seconds=0.9)
            assert get("/readyz", receiver).status == 200
            clock.pass_by(seconds=seconds)
            assert get("/readyz", receiver).status == 503
        assert get("/readyz", receiver).status == 503
        clock.pass_by(seconds=1)
        assert get("/readyz", receiver).status == 200


def test_a_no_ends_with_the_first_ping_that_is_kept(tmp_path: Path, pages: Pages) -> None:
    clock = Clock()
    url = f"sqlite:///{tmp_path}/x.db?timeout=0.01"
    with Store(url, clock=clock) as store, Receiver(site=SITE, store=store, client=pages) as receiver:
        with locked(tmp_path / "x.db"):
            assert get("/readyz", receiver).status == 503
        assert get("/readyz", receiver).status == 503
        receiver.ping(SOURCE, TARGET)
        assert get("/readyz", receiver).status == 200


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def no_file(path: Path) -> Iterator[None]:
    for part in path.parent.glob("x.db*"):
        part.unlink()
    path.mkdir()
    yield


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        pytest.param(locked, "is locked by another program", id="locked"),
        pytest.param(no_file, "cannot be opened", id="folder"),
    ],
)
def test_not_ready_when_the_database_cannot_be_written(
    tmp_path: Path,
    pages: Pages,
    caplog: pytest.LogCaptureFixture,
    trouble: Callable[[Path], AbstractContextManager[None]],
    why: str,
) -> None:
    url = f"sqlite:///{tmp_path}/x.db?timeout=0.01"
    with Store(url) as store, Receiver(site=SITE, store=store, client=pages) as receiver, trouble(tmp_path / "x.db"):
        for _ in range(3):
            response = get("/readyz", receiver)
            assert (response.status, response.body.decode()) == (503, f"Pings cannot be kept: the database {why}.\n")
        assert get("/healthz", receiver).status == 200
        [record] = caplog.records  # a stranger may ask as often as he likes
        assert record.getMessage().startswith(f"pings cannot be kept: the database {tmp_path}/x.db {why}")
        assert refused(receiver).code == FaultCode.INTERNAL_ERROR


@pytest.mark.parametrize(
    ("limit", "unlimited", "why"),
    [
        pytest.param("max_page_count = 1", "max_page_count = 1000000", "cannot grow: the disk is full", id="full"),
        pytest.param("query_only = ON", "query_only = OFF", "is read-only", id="read-only"),
    ],
)
@pytest.mark.parametrize("pinged", [True, False], ids=["after-a-ping", "before-any"])
def test_not_ready_when_there_is_no_room_and_ready_when_there_is(
    tmp_path: Path, pages: Pages, limit: str, unlimited: str, why: str, pinged: bool
) -> None:
    clock = Clock()
    url = f"sqlite:///{tmp_path}/x.db"
    pages.web[SOURCE] = Page(f'<title>{"Long " * 40}</title><a href="{TARGET}">link</a>')
    with Store(url, clock=clock) as store, Receiver(site=SITE, store=store, client=pages) as receiver:
        with closing(
            store._database._pools["write"].connect()
        ) as lent:  # one connection writes, and the limit is its own
            lent.cursor().execute(f"PRAGMA {limit}")
        if pinged:
            with pytest.raises(StoreError, match=why), store._database.write() as connection:
                connection.execute("INSERT INTO pingback_pauses (host, until) VALUES (hex(zeroblob(100000)), 1)")
        response = get("/readyz", receiver)
        assert (response.status, response.body.decode()) == (503, f"Pings cannot be kept: the database {why}.\n")

        with closing(store._database._pools["write"].connect()) as lent:
            lent.cursor().execute(f"PRAGMA {unlimited}")
        clock.pass_by(seconds=1)
        assert get("/readyz", receiver).status == 200
        assert receiver.ping(SOURCE, TARGET).status is MentionStatus.APPROVED
        assert len(list(store.mentions.list())) == 1  # of all that was tried nothing is left


def test_ready_leaves_no_trace(tmp_path: Path, pages: Pages) -> None:
    with Store(f"sqlite:///{tmp_path}/x.db") as store, Receiver(site=SITE, store=store, client=pages) as receiver:
        assert get("/readyz", receiver).status == 200
        assert (list(store.mentions.list()), store.tallies.mentions()) == ([], {})
        assert receiver.ping(SOURCE, TARGET).id == 1


def overwrite(path: Path, marker: bytes) -> tuple[int, bytes]:
    """Puts garbage in the place of the page of the file that holds the marker; where that is, and what it held."""
    with path.open("r+b") as file:
        content = file.read()
        start = content.index(marker) // 4096 * 4096
        file.seek(start)
        file.write(b"\xff" * 4096)
    return start, content[start : start + 4096]


def test_damage_that_a_ping_met_lasts_until_it_is_mended(
    tmp_path: Path, pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    path = tmp_path / "x.db"
    pages.web |= {
        f"https://a.example/{number}": Page(
            f'<title>Number {number}. {"Long " * 40}</title><a href="{TARGET}">link</a>'
        )
        for number in range(100)
    }
    first, last, new = "https://a.example/0", "https://a.example/98", "https://a.example/99"
    with Store(f"sqlite:///{path}") as store, Receiver(site=SITE, store=store, client=pages) as receiver:
        for source in list(pages.web)[:-1]:
            receiver.ping(source, TARGET)
    start, content = overwrite(path, b"Number 0.")
    with Store(f"sqlite:///{path}", clock=clock) as store, Receiver(site=SITE, store=store, client=pages) as receiver:
        assert refused(receiver, first).code == FaultCode.INTERNAL_ERROR
        why = "Pings cannot be kept: the database is damaged.\n"
        assert get("/readyz", receiver).body.decode() == why
        assert f"pings cannot be kept: the database {path} is damaged" in caplog.text
        assert refused(receiver, last).code == FaultCode.ALREADY_REGISTERED
        assert receiver.ping(new, TARGET).status is MentionStatus.APPROVED  # which proves nothing
        clock.pass_by(minutes=1)
        assert get("/readyz", receiver).body.decode() == why

        with path.open("r+b") as file:
            file.seek(start)
            file.write(content)
        clock.pass_by(seconds=59)
        assert get("/readyz", receiver).body.decode() == why
        clock.pass_by(seconds=1)
        assert get("/readyz", receiver).status == 200
        assert refused(receiver, first).code == FaultCode.ALREADY_REGISTERED


def refused(receiver: Receiver, source: str = SOURCE) -> Fault:
    with pytest.raises(Fault) as refused:
        receiver.ping(source, TARGET)
    return refused.value


def test_not_ready_when_nobody_verifies(pages: Pages) -> None:
    with Store("sqlite://") as store, Receiver(site=SITE, store=store, client=pages, answer_within=1.0) as receiver:
        assert get("/readyz", receiver).status == 200
        receiver.close()
        response = get("/readyz", receiver)
    assert (response.status, response.body) == (503, b"Nothing is verified any more: the server is stopping.\n")


def test_without_an_observer_there_are_no_metrics(receiver: Receiver) -> None:
    assert get("/metrics", receiver).status == 404


@pytest.fixture
def counted(pages: Pages) -> Iterator[Receiver]:
    clock = Clock()
    metrics = Metrics(clock=lambda: clock.instant.timestamp())
    with (
        Store("sqlite://") as store,
        Receiver(site=SITE, store=store, client=pages, clock=clock, observer=metrics) as receiver,
    ):
        yield receiver


def samples(receiver: Receiver) -> dict[str, float]:
    response = get("/metrics", receiver)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in response.body.decode().splitlines() if line.startswith("pingback_")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_what_is_counted(counted: Receiver, pages: Pages) -> None:
    pages.web["https://a.example/none"] = Page("<title>No link</title>")
    counted.ping(SOURCE, TARGET)
    for source in (SOURCE, "https://a.example/none", "https://a.example/none"):
        with pytest.raises(Fault):
            counted.ping(source, TARGET, protocol=Protocol.WEBMENTION)
    found = samples(counted)
    assert found['pingback_received_total{outcome="approved",protocol="pingback"}'] == 1
    assert found['pingback_received_total{outcome="fault 48",protocol="webmention"}'] == 1
    assert found['pingback_received_total{outcome="fault 17",protocol="webmention"}'] == 2
    assert found['pingback_answer_seconds_count{protocol="pingback"}'] == 1
    assert found['pingback_answer_seconds_count{protocol="webmention"}'] == 3
    assert found['pingback_verification_seconds_count{protocol="webmention"}'] == 2
    assert found['pingback_mentions{protocol="pingback",status="approved"}'] == 1


def test_the_store_is_counted_now_and_then(pages: Pages) -> None:
    clock = Clock()
    metrics = Metrics(clock=lambda: clock.instant.timestamp())
    with (
        Store("sqlite://") as store,
        Receiver(site=SITE, store=store, client=pages, clock=clock, observer=metrics) as receiver,
    ):
        samples(receiver)
        receiver.ping(SOURCE, TARGET)
        name = 'pingback_mentions{protocol="pingback",status="approved"}'
        assert name not in samples(receiver)
        clock.pass_by(seconds=10)
        assert samples(receiver)[name] == 1


def test_no_label_holds_what_a_stranger_chose(counted: Receiver) -> None:
    counted.ping(SOURCE, TARGET)
    with pytest.raises(Fault):
        counted.ping("https://b.example/", "https://elsewhere.example/")
    assert b"example" not in get("/metrics", counted).body


def test_what_the_outbox_holds(counted: Receiver) -> None:
    instant = Clock().instant
    plan(counted.store, "https://b.example/", source=SOURCE, now=instant)
    assert samples(counted)['pingback_outbox_pings{protocol="",status="waiting"}'] == 1


def test_one_process_answers_for_all(counted: Receiver) -> None:
    counted.ping(SOURCE, TARGET)
    other = Metrics()
    for seconds in (0.02, 0.2, 20.0):
        other.verified(Protocol.PINGBACK, seconds)
    other.received(Protocol.PINGBACK, MentionStatus.APPROVED, 0.02)
    assert samples(counted)[RECEIVED] == 1
    other.send(counted.store)
    counted.observer.send(counted.store)
    found = samples(counted)
    assert found[RECEIVED] == 2
    assert found['pingback_verification_seconds_bucket{le="0.025",protocol="pingback"}'] >= 1
    assert found['pingback_verification_seconds_bucket{le="15.0",protocol="pingback"}'] == 3
    assert found['pingback_verification_seconds_count{protocol="pingback"}'] == 4
    assert found['pingback_verification_seconds_sum{protocol="pingback"}'] >= 20.22


def test_nothing_is_counted_twice_or_lost_where_the_store_fails(counted: Receiver, tmp_path: Path) -> None:
    counted.ping(SOURCE, TARGET)
    closed = Store(f"sqlite:///{tmp_path}/x.db")
    closed.close()
    with pytest.raises(StoreError):
        counted.observer.send(closed)
    counted.observer.send(counted.store)
    counted.observer.send(counted.store)
    assert samples(counted)[RECEIVED] == 1


def test_what_no_version_of_ours_counted_is_passed_over(counted: Receiver) -> None:
    rows = {("pingback_received", "x"): 1.0, ("pingback_received", '{"protocol": "y"}'): 1.0, ("other", "{}"): 1.0}
    counted.store.counts.add({**rows, ("pingback_answer_seconds_bucket", '{"le": "7", "protocol": "pingback"}'): 1.0})
    assert not [name for name in samples(counted) if "received" in name or "answer" in name]


def test_how_much_waits(tmp_path: Path, pages: Pages) -> None:
    clock = Clock()
    with (
        Store(f"sqlite:///{tmp_path}/x.db", clock=clock) as store,
        Receiver(site=SITE, store=store, client=pages, clock=clock, observer=Metrics(instant=clock)) as receiver,
    ):
        for number in range(4):
            plan(store, "https://b.example/", source=f"{SOURCE}{number}", now=clock.instant)
        clock.pass_by(seconds=90)
        kinds = [JobKind.DELIVER]
        lease = timedelta(minutes=5)
        store.jobs.lease(kinds, worker_id="w", now=clock.instant, lease=lease, limit=1, per_host=9, busy={})
        store.jobs.lease(kinds, worker_id=QUEUED, now=clock.instant, lease=lease, limit=1, per_host=9, busy={})
        found = samples(receiver)
        assert found['pingback_jobs_due{kind="deliver"}'] == 2
        assert found['pingback_jobs_oldest_due_seconds{kind="deliver"}'] == 90
        assert found['pingback_jobs_leased{by="worker",kind="deliver"}'] == 1
        assert found['pingback_jobs_leased{by="queue",kind="deliver"}'] == 1
        assert found['pingback_jobs_due{kind="verify"}'] == 0
