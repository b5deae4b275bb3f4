"""`pingback.jobs.single`: one job by its number, in the thread of whoever asks."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from pingback.errors import StoreError
from pingback.jobs.single import SingleJobs
from pingback.jobs.steps import End, Handler, Step
from pingback.store import Store
from pingback.store.jobs import QUEUED
from pingback.work import Job
from tests.jobs.fixture import DELIVER, LEASE, VERIFY, Bench, many_hosts, one_host
from tests.receive.pages import Clock


def single(bench: Bench, handler: Handler | None = None) -> SingleJobs:
    handlers = dict.fromkeys((DELIVER, VERIFY), handler or bench.ends)
    return SingleJobs(bench.store.jobs, handlers, budget=bench.budget, lease=LEASE, pause=lambda seconds: None)


def queued(bench: Bench, *, per_host: int = 100) -> list[Job]:
    return bench.store.jobs.lease(
        (DELIVER,), worker_id=QUEUED, now=bench.clock(), lease=timedelta(minutes=1), limit=100, per_host=per_host
    )


def test_a_job_is_done_once_however_often_its_number_comes(bench: Bench) -> None:
    bench.add({1: "a.example"})
    [job] = queued(bench)
    jobs = single(bench)
    assert [jobs.do(job.id), jobs.do(job.id), jobs.do(999)] == [True, False, False]
    assert (bench.told, bench.left()) == ([1], {})


def test_what_another_has_begun_is_left_alone(bench: Bench) -> None:
    bench.add({1: "a.example"})
    [job] = queued(bench)
    assert bench.store.jobs.take(job.id, worker_id="another", now=bench.clock(), lease=LEASE) is not None
    assert not single(bench).do(job.id)
    assert bench.told == []


def test_a_number_that_comes_late_is_as_good(bench: Bench, clock: Clock) -> None:
    bench.add({1: "a.example"})
    [job] = queued(bench)
    clock.instant += timedelta(minutes=2)
    assert single(bench).do(job.id)
    assert bench.told == [1]


def test_what_is_due_later_by_now_is_left_alone(bench: Bench, clock: Clock) -> None:
    bench.add({1: "a.example"})
    [job] = queued(bench)
    bench.store.jobs.postpone(job, clock() + timedelta(hours=1), now=clock())
    assert not single(bench).do(job.id)
    assert bench.left() == {1: (clock() + timedelta(hours=1), False)}


def test_each_step_has_a_place_at_its_host(bench: Bench) -> None:
    seen = []

    def first(job: Job) -> Step | End:
        seen.append(bench.budget.busy())
        return Step("b.example", lambda: second(job))

    def second(job: Job) -> Step | End:
        seen.append(bench.budget.busy())
        return bench.ends(job)

    bench.add({1: "a.example"})
    [job] = queued(bench)
    single(bench, first).do(job.id)
    assert seen == [{"a.example": 1}, {"b.example": 1}]


def test_without_a_place_at_its_host_it_is_due_again_soon(bench: Bench, clock: Clock) -> None:
    bench.add(one_host(3))
    [job, *_] = queued(bench)
    with bench.budget.place("a.example"), bench.budget.place("a.example"):
        single(bench).do(job.id)
    assert bench.told == []
    assert bench.left()[1] == (clock() + timedelta(seconds=2), False)


def test_it_waits_until_the_pause_of_its_host_is_over(bench: Bench, clock: Clock) -> None:
    bench.add({1: "a.example"})
    [job] = queued(bench)
    pause = clock() + timedelta(minutes=7)
    bench.budget.pause("a.example", pause)
    single(bench).do(job.id)
    assert bench.left() == {1: (pause, False)}


def test_an_error_of_ours_fails_it(bench: Bench, clock: Clock) -> None:
    bench.add({1: "a.example"})
    [job] = queued(bench)
    single(bench, lambda job: End(lambda: 1 // 0)).do(job.id)
    single(bench, lambda job: End(lambda: 1 // 0)).do(job.id)
    [(due, leased)] = bench.left().values()
    assert timedelta(minutes=3) < due - clock() < timedelta(minutes=7)
    assert not leased


def test_a_database_that_cannot_be_written_is_waited_for(bench: Bench) -> None:
    tries = 0

    def handler(job: Job) -> End:
        def keep() -> None:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise StoreError("full", public="the disk is full")
            bench.store.jobs.done(job)

        return End(keep, lambda: bench.told.append(job.subject))

    jobs = SingleJobs(bench.store.jobs, {DELIVER: handler}, budget=bench.budget, lease=LEASE)
    bench.add({1: "a.example"})
    [job] = queued(bench)
    assert jobs.do(job.id)
    assert (tries, bench.told, bench.left()) == (3, [1], {})


def test_that_a_database_is_locked_is_said_once_for_all_threads(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "pingback.db"
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            jobs.do(two.id)
        else:
            other.rollback()

    with Store(f"sqlite:///{path}?timeout=0") as store, closing(sqlite3.connect(path)) as other:
        bench = Bench(store, clock)
        jobs = SingleJobs(store.jobs, {DELIVER: bench.ends}, budget=bench.budget, lease=LEASE, pause=pause)
        bench.add(many_hosts(2))
        [one, two] = queued(bench)
        other.execute("BEGIN IMMEDIATE")
        assert jobs.do(one.id)
    assert (bench.told, len(pauses)) == ([2, 1], 2)
    [record] = caplog.records
    assert "is locked" in record.getMessage() or "is too busy" in record.getMessage()


def test_processes_take_each_number_once(shared_url: str, clock: Clock) -> None:
    with Store(shared_url) as one, Store(shared_url) as other:
        bench = Bench(one, clock)
        bench.add(many_hosts(50))
        numbers = [job.id for job in queued(bench)]
        taken = [
            store.jobs.take(number, worker_id="worker", now=clock(), lease=LEASE)
            for number in numbers
            for store in (one, other)
        ]
    assert [job is not None for job in taken] == [True, False] * 50


@pytest.mark.parametrize("times", [1, 2])
def test_the_lane_of_a_job_that_was_taken_is_right(bench: Bench, clock: Clock, times: int) -> None:
    bench.add(one_host(times))
    for job in queued(bench):
        bench.store.jobs.take(job.id, worker_id="worker", now=clock(), lease=LEASE)
    assert bench.store.jobs.next_due([DELIVER], now=clock()) == clock() + LEASE
