"""`pingback.store.jobs`: clocks that ran wild, rows that cannot be read, and what a look costs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pingback.store import Store
from pingback.store.jobs import (
    drop_job,
    due_of,
)
from tests.store.databases import NewStore, change
from tests.store.some_jobs import (
    DELIVER,
    HOUR,
    MINUTE,
    NOON,
    ONE,
    SECOND,
    THREE,
    TWO,
    add,
    assert_lanes_are_right,
    lease,
    paused_until,
    subjects,
)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[Store, sqlite3.Connection]]:
    """A store, and another program at its file."""
    path = tmp_path / "pingback.db"
    with Store(f"sqlite:///{path}") as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        yield store, other


@pytest.fixture
def store(store: Store) -> Iterator[Store]:
    yield store
    assert_lanes_are_right(store)


# Clocks


@pytest.mark.parametrize("how", ["in-a-new-process", "as-it-ran-backwards", "once-a-minute", "when-told-to"])
def test_a_clock_that_ran_ahead_and_came_back_leaves_nothing_behind(shared_url: str, how: str) -> None:
    url, now, ahead = shared_url, NOON + 2 * MINUTE, NOON + timedelta(days=3650)
    with Store(url) as store, Store(url) as fast, Store(url) as new:
        if how == "once-a-minute":
            lease(store)
        add(fast, ONE, TWO, THREE, now=ahead, due=ahead)
        in_hand, failing, waiting = lease(fast, now=ahead)
        fast.jobs.fail(failing, ahead + HOUR, now=ahead)
        fast.jobs.release([waiting], now=ahead)
        fast.jobs.pause("c.example", ahead + HOUR)
        if how == "when-told-to":
            store.jobs.heal_clock(now)
            assert store.jobs.next_due([DELIVER], now=now) == now
        healed = {"as-it-ran-backwards": fast, "in-a-new-process": new}.get(how, store)
        assert subjects(lease(healed, now=now)) == [3]
        assert paused_until(store, "c.example", now=now) is None
        assert_lanes_are_right(store)
        assert subjects(lease(store, now=now + MINUTE)) == [1, 3]  # when their leases end
        assert lease(store, now=now + HOUR - SECOND, only=[2]) == []
        [failed] = lease(store, now=now + HOUR, only=[2])
        assert failed.failing_since == now
        assert not store.jobs.done(in_hand)


def test_a_clock_that_comes_back_takes_nothing_from_those_that_are_at_it(store: Store) -> None:
    ahead = NOON + timedelta(days=3650)
    add(store, ONE, now=ahead, due=ahead)
    [job] = lease(store, now=ahead)
    assert lease(store) == []  # heals, and the lease goes on
    assert store.jobs.next_due([DELIVER], now=NOON) == NOON + MINUTE
    assert store.jobs.done(job)


def test_the_clocks_of_machines_may_differ_a_little(store: Store) -> None:
    add(store, ONE, due=NOON + HOUR, now=NOON + MINUTE)
    store.jobs.heal_clock(NOON)
    assert store.jobs.next_due([DELIVER], now=NOON) == NOON + HOUR


# Rows that cannot be read


@pytest.mark.parametrize(
    "damage",
    [
        "due = 9223372036854775807",
        "due = -9223372036854775807",
        "failing_since = 9223372036854775807",
        "kind = 'of-a-later-version'",
    ],
)
@pytest.mark.parametrize("host", ["a.example", "b.example"])
def test_one_row_that_cannot_be_read_stops_no_other(
    new_store: NewStore, caplog: pytest.LogCaptureFixture, damage: str, host: str
) -> None:
    stops_no_other(new_store(), caplog, damage, host)


@pytest.mark.parametrize(
    "damage",
    [
        "due = 'soon'",
        "due = x'00'",
        "due = 1.5",
        "subject = 'seven'",
        "attempts = 'many'",
        "failing_since = 'long ago'",
        "host = x'ff'",
        "leased_by = x'ff'",
    ],
)
@pytest.mark.parametrize("host", ["a.example", "b.example"])
def test_one_row_of_which_sqlite_takes_anything_stops_no_other(
    caplog: pytest.LogCaptureFixture, damage: str, host: str
) -> None:
    with Store("sqlite://") as store:
        stops_no_other(store, caplog, damage, host)


def stops_no_other(store: Store, caplog: pytest.LogCaptureFixture, damage: str, host: str) -> None:
    add(store, ONE, {2: host})
    change(store, f"UPDATE pingback_jobs SET {damage} WHERE subject = 1")
    if damage.startswith("kind"):
        change(store, "UPDATE pingback_lanes SET kind = 'of-a-later-version' WHERE host = 'a.example'")
        add(store, {2: host})
    for minutes in range(3):
        leased = lease(store, now=NOON + minutes * MINUTE)
        assert [job.subject for job in leased if job.subject != 1] == [2]
        store.jobs.free_the_dead(NOON, is_gone=lambda worker: False)
    said = [record.getMessage() for record in caplog.records]
    is_passed_over = damage.startswith(("kind", "leased_by", "host"))
    assert len(said) == (not is_passed_over)
    assert all("cannot be read, and is set aside" in message for message in said)


def test_a_lane_that_misleads_is_put_right(store: Store) -> None:
    add(store, ONE, due=NOON + HOUR)
    add(store, TWO, due=NOON + SECOND)
    change(store, "UPDATE pingback_lanes SET due = 0 WHERE host = 'a.example'")
    change(store, "INSERT INTO pingback_lanes VALUES ('deliver', 'nobody.example', 0)")
    assert lease(store, limit=2) == []
    assert subjects(lease(store, now=NOON + SECOND, limit=1)) == [2]
    assert store.jobs.next_due([DELIVER], now=NOON) == NOON + SECOND + MINUTE


def test_a_lane_that_was_deleted_is_opened_anew(store: Store) -> None:
    add(store, ONE, TWO, {4: "b.example"})
    store.jobs.pause("a.example", NOON + HOUR)
    change(store, "DELETE FROM pingback_lanes")
    assert lease(store) == []
    for _ in range(2):
        store.jobs.open_lost_lanes()
        assert_lanes_are_right(store)
    assert subjects(lease(store)) == [2, 4]


@pytest.mark.parametrize("written", ["CAST(x'61ff' AS TEXT)", "'a' || char(0)", "x'61ff'", "7"])
def test_a_host_that_no_statement_can_name_stops_no_other(file: tuple[Store, sqlite3.Connection], written: str) -> None:
    store, other = file
    add(store, ONE, TWO)
    for table in ("jobs", "lanes"):
        other.execute(f"UPDATE pingback_{table} SET host = {written} WHERE host = 'a.example'")
    other.execute("INSERT INTO pingback_lanes VALUES ('deliver', CAST(x'62ff' AS TEXT), 0)")
    assert [job.subject for job in lease(store) if job.host == "b.example"] == [2]
    with store._database.write() as tx:
        drop_job(tx, DELIVER, 1)
    assert [job.subject for job in lease(store, now=NOON + MINUTE)] == [2]


@pytest.mark.parametrize("due", [-(2**63), 2**63 - 1])
def test_a_job_that_was_never_or_will_never_be_due_is_asked_for(new_store: NewStore, due: int) -> None:
    store = new_store()
    add(store, ONE)
    change(store, f"UPDATE pingback_jobs SET due = {due}")
    with store._database.read() as tx:
        assert due_of(tx, DELIVER, 1) == (None if due > 0 else datetime(1970, 1, 1, tzinfo=UTC))


# What it costs


@pytest.mark.parametrize("state", ["empty", "filled", "analyzed"])
def test_whatever_waits_no_table_is_walked(file: tuple[Store, sqlite3.Connection], state: str) -> None:
    """A lease looks at the lanes that are due, in their order, and in each at the jobs that are due for longest."""
    store, other = file
    if state != "empty":
        add(store, {number: f"h{number % 30}.example" for number in range(300)}, due=NOON + HOUR)
        store.jobs.pause("h7.example", NOON + HOUR)
    add(store, ONE, TWO, THREE)
    if state == "analyzed":
        other.execute("ANALYZE")
    lease(store, limit=1)  # which looks for what a clock left behind
    asked: list[str] = []
    for lent in (store._database.read, store._database.write):
        with lent() as tx:
            tx.connection.set_trace_callback(asked.append)
    [one, two] = lease(store, per_host=2, busy={"h1.example": 2})
    store.jobs.next_due([DELIVER], now=NOON)
    lease(store, only=[1, 2, 3])
    store.jobs.next_due([DELIVER], now=NOON, only=[1, 2, 3])
    add(store, {1: "a.example", 4: "b.example"})
    store.jobs.fail(one, NOON + HOUR, now=NOON)
    store.jobs.done(two)
    store.jobs.pause("h8.example", NOON + HOUR)
    store.jobs.free_the_dead(NOON, is_gone=lambda worker: True)
    statements = [each for each in asked if each.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))]
    plans = {str(row[3]) for each in statements for row in other.execute(f"EXPLAIN QUERY PLAN {each}")}
    assert len(statements) > 20
    walked = [line for line in plans if line.startswith("SCAN") and "pingback_" in line]
    assert walked == []
    by_lane = "SEARCH pingback_lanes USING COVERING INDEX pingback_lanes_by_due (kind=? AND due<?)"
    by_host = "SEARCH own USING COVERING INDEX pingback_jobs_by_host (kind=? AND host=? AND due<?)"
    leased = "SEARCH pingback_jobs USING COVERING INDEX pingback_jobs_by_lease (leased_by>?)"
    assert {by_lane, by_host, leased} <= plans, plans


@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "right"])
def test_what_a_clock_left_behind_is_found_by_an_index(file: tuple[Store, sqlite3.Connection], ahead: bool) -> None:
    store, other = file
    add(store, dict.fromkeys(range(300), "a.example"), now=NOON + (HOUR if ahead else timedelta(0)))
    asked: list[str] = []
    for lent in (store._database.read, store._database.write):
        with lent() as tx:
            tx.connection.set_trace_callback(asked.append)
    store.jobs.heal_clock(NOON)
    plans = {
        str(row[3]) for each in asked if "pingback_jobs" in each for row in other.execute(f"EXPLAIN QUERY PLAN {each}")
    }
    assert any("pingback_jobs_by_setting (set_at>? AND set_at<?)" in line for line in plans)
    assert not any(line.startswith("SCAN pingback_jobs") for line in plans)
