"""`pingback.jobs.runner`: in what order, at what pace, by how many at once, and what becomes of it when all fails."""

import threading
from datetime import datetime, timedelta
from functools import partial

import pytest

from pingback.errors import StoreError
from pingback.jobs.steps import End, Step
from pingback.work import Job, JobKind
from tests.jobs.fixture import LEASE, VERIFY, Bench, many_hosts, one_host
from tests.receive.pages import PATIENCE, Clock
from tests.store.some_jobs import paused_until

NOW = Clock().instant
LONG = timedelta(days=1)  # of patience; by clocks that hurry


class Hurrying(Clock):
    """Goes on by 20 seconds whenever somebody looks at it, so that nobody waits long for a pause to end."""

    def __call__(self) -> datetime:
        self.pass_by(seconds=20)
        return self.instant


def test_all_that_is_due_is_done_and_kept_before_it_is_told(bench: Bench) -> None:
    left: list[int] = []

    def handler(job: Job) -> End:
        return End(lambda: bench.store.jobs.done(job), lambda: left.append(len(bench.left())))

    bench.add(many_hosts(3), one_host(4, first=10))
    assert bench.runner(handler=handler).run() == 7
    assert left == [6, 5, 4, 3, 2, 1, 0]


def test_what_is_not_due_costs_no_write(bench: Bench) -> None:
    bench.add(many_hosts(1), now=NOW + timedelta(seconds=1))
    writes = bench.store._database.writes
    assert bench.runner().run() == 0
    assert bench.store._database.writes == writes


def test_only_some_subjects(bench: Bench) -> None:
    bench.add(many_hosts(4))
    assert bench.runner().run(only=[2, 4, 9]) == 2
    assert sorted(bench.told) == [2, 4]


def test_each_kind_has_its_handler(bench: Bench) -> None:
    bench.add({1: "a.example"})
    bench.add({1: "a.example"}, kind=VERIFY)
    kinds: list[str] = []
    bench.runner(lambda job: kinds.append(job.kind.value)).run()
    assert sorted(kinds) == ["deliver", "verify"]


def test_what_is_asked_for_while_it_is_done_is_done_again(bench: Bench) -> None:
    bench.add({1: "a.example"})
    again = iter([True, False])
    bench.runner(lambda job: bench.add({1: "a.example"}) if next(again) else None).run()
    assert bench.told == [1, 1]


# How many at once


class Pairs:
    """Counts how many are there at the same time. Nobody leaves before another one has come."""

    def __init__(self) -> None:
        self.most = 0
        self._here = 0
        self._pair = threading.Barrier(2, timeout=PATIENCE)
        self._lock = threading.Lock()

    def __call__(self, _: object = None) -> None:
        with self._lock:
            self._here += 1
            self.most = max(self.most, self._here)
        self._pair.wait()
        with self._lock:
            self._here -= 1


def test_two_at_a_time_for_one_host(bench: Bench) -> None:
    pairs = Pairs()
    bench.add(one_host(12))
    assert bench.runner(pairs).run() == 12
    assert pairs.most == 2


def test_two_at_a_time_for_a_service_that_many_hosts_use(bench: Bench) -> None:
    pairs = Pairs()

    def at_the_service(job: Job) -> End:
        pairs()
        return bench.ends(job)

    bench.add(many_hosts(12))
    handler = lambda job: Step("service.example", partial(at_the_service, job))  # noqa: E731
    assert bench.runner(handler=handler).run() == 12
    assert pairs.most == 2


def test_many_hosts_at_once(bench: Bench) -> None:
    everybody = threading.Barrier(10)
    bench.add(many_hosts(10))
    assert bench.runner(lambda job: everybody.wait(PATIENCE)).run() == 10


def test_however_many_wait_only_some_are_in_hand(bench: Bench) -> None:
    """Whoever has 10,000 jobs needs no more memory for it."""
    in_hand: list[int] = []

    def handler(job: Job) -> End:
        return bench.ends(job)._replace(told=lambda: in_hand.append(sum(leased for _, leased in bench.left().values())))

    bench.add(many_hosts(300))
    assert bench.runner(handler=handler).run() == 300
    assert max(in_hand) <= bench.pool.size == 96


def test_a_job_that_goes_on_at_its_host_keeps_its_place(bench: Bench) -> None:
    at_it = threading.Lock()

    def second(job: Job) -> End:
        at_it.release()
        return bench.ends(job)

    def first(job: Job) -> Step:
        assert at_it.acquire(blocking=False)  # nobody else comes in between
        return Step(job.host, partial(second, job))

    bench.budget.unanswered("a.example")  # one at a time
    bench.add(one_host(5))
    assert bench.runner(handler=first).run() == 5


def test_a_host_at_which_others_have_all_places_is_waited_for(bench: Bench) -> None:
    assert bench.budget.enter("a.example")
    assert bench.budget.enter("a.example")
    bench.add({1: "a.example", 2: "b.example"})

    def leave(job: Job) -> None:
        if job.subject == 2:
            bench.budget.leave("a.example")
            bench.budget.leave("a.example")

    bench.runner(leave).run()
    assert bench.told == [2, 1]


@pytest.mark.parametrize("slow", [False, True], ids=["two-at-a-time", "one-at-a-time"])
def test_the_places_of_a_host_are_those_of_all_processes(bench: Bench, clock: Clock, slow: bool) -> None:
    bench.add(one_host(4))
    [theirs] = bench.store.jobs.lease(
        (JobKind.DELIVER,), worker_id="theirs", now=clock(), lease=LEASE, limit=1, per_host=2, only=[4]
    )
    bench.add({5: "b.example"})
    begun = []
    place = threading.Semaphore(1)

    def work(job: Job) -> None:
        begun.append(job.subject)
        if job.subject != 5:
            assert place.acquire(blocking=False)
            place.release()
        elif slow:
            bench.store.jobs.done(theirs)
            place.release()

    if slow:
        bench.budget.unanswered("a.example")
        assert place.acquire(blocking=False)  # until theirs has ended
    assert bench.runner(work).run() == 4
    assert sorted(begun) == [1, 2, 3, 5]


def test_nothing_is_begun_at_the_end_of_its_lease(bench: Bench, clock: Clock) -> None:
    """What waits for its place at a slow service is leased anew, lest somebody else does it too."""
    left: list[timedelta] = []
    lock = threading.Lock()

    def slow(job: Job) -> End:
        with lock:
            left.append(bench.left()[job.subject][0] - clock.instant)
            clock.pass_by(seconds=50)
        return bench.ends(job)

    bench.add(many_hosts(8))
    runner = bench.runner(handler=lambda job: Step("service.example", partial(slow, job)))
    assert runner.run(patience=timedelta(hours=1)) == 8
    assert sorted(bench.told) == list(range(1, 9))
    assert min(left) >= LEASE / 2 - timedelta(seconds=50)  # the other of the two may end in between


def test_a_job_whose_lease_is_over_does_not_go_on(bench: Bench, clock: Clock) -> None:
    """As of a process that was stopped for a while: another has done it meanwhile."""
    went_on: list[int] = []

    def second(job: Job) -> End:
        went_on.append(job.subject)
        return bench.ends(job)

    def first(job: Job) -> Step:
        clock.pass_by(minutes=6)
        [again] = bench.store.jobs.lease([job.kind], worker_id="x", now=clock(), lease=LEASE, limit=1, per_host=1)
        assert bench.store.jobs.done(again)
        return Step(job.host, partial(second, job))

    bench.add({1: "a.example"})
    bench.runner(handler=first).run()
    assert (went_on, bench.left()) == ([], {})


# Hosts that ask for patience, or do not answer


def test_a_host_that_says_too_fast_is_let_be(bench: Bench, clock: Clock) -> None:
    def handler(job: Job) -> End:
        bench.budget.too_fast(job.host)
        return bench.fails(job, NOW + timedelta(seconds=15))

    bench.add(one_host(4))
    assert 1 <= bench.runner(handler=handler).run() <= 2
    due = NOW + timedelta(seconds=15)
    assert bench.store.jobs.next_due([*bench.runner()._kinds], now=NOW) == due
    clock.instant = due - timedelta(milliseconds=1)
    assert bench.runner().run() == 0
    clock.instant = due
    assert bench.runner().run() == 4 - 3  # one, and then the host is let be for as long again


def test_within_patience_all_are_spaced(bench: Bench) -> None:
    """By a host that takes one in 15 seconds."""
    ticks = Hurrying()
    hurried = Bench(bench.store, ticks, pool=bench.pool)
    last, too_fast = [NOW - LONG], []
    lock = threading.Lock()

    def wordpress(job: Job) -> End:
        with lock:
            instant = ticks.instant
            if instant - last[0] < timedelta(seconds=15):
                too_fast.append(job.subject)
                hurried.budget.too_fast(job.host)
                return End(lambda: bench.store.jobs.fail(job, instant + timedelta(seconds=15), now=ticks.instant))
            last[0] = instant
        return hurried.ends(job)

    hurried.add(one_host(7))
    hurried.runner(handler=wordpress).run(patience=LONG)
    assert sorted(hurried.told) == list(range(1, 8))
    assert len(too_fast) <= 1


def test_patience_has_an_end_where_the_clock_is_set_back(bench: Bench, clock: Clock) -> None:
    def later(job: Job) -> End:
        return bench.fails(job, NOW + timedelta(milliseconds=50))._replace(told=lambda: clock.pass_by(days=-1))

    bench.add({1: "a.example"})
    assert bench.runner(handler=later).run(patience=timedelta(milliseconds=100)) == 1
    assert bench.left() == {1: (NOW + timedelta(days=-1, milliseconds=50), False)}


def test_patience_has_an_end(bench: Bench) -> None:
    ticks = Hurrying()
    hurried = Bench(bench.store, ticks, pool=bench.pool)
    hurried.add({1: "a.example"})
    again = lambda job: hurried.fails(job, ticks.instant + timedelta(minutes=2))  # noqa: E731
    tries = hurried.runner(handler=again).run(patience=timedelta(minutes=5))
    assert tries > 1
    assert hurried.left()[1][0] > NOW + timedelta(minutes=5)


def test_a_host_that_does_not_answer_is_not_tried_for_each_job(bench: Bench, clock: Clock) -> None:
    def handler(job: Job) -> End:
        if job.host == "b.example":
            return bench.ends(job)
        bench.budget.unanswered(job.host)
        return bench.fails(job, NOW + timedelta(minutes=5))

    bench.add(one_host(8), {99: "b.example"})
    assert bench.runner(handler=handler).run() == 3
    with bench.store._database.read() as tx:
        tried = "SELECT count(*) FROM pingback_jobs WHERE attempts > 0 OR leased_by IS NOT NULL"
        assert tx.execute(tried).scalar() == 2
    assert bench.runner().run() == 0
    clock.pass_by(minutes=5)
    assert bench.runner(lambda job: bench.budget.answered(job.host)).run() == 8


def test_a_service_that_does_not_answer_is_not_tried_for_each_host(bench: Bench) -> None:
    def told(job: Job) -> End:
        bench.budget.unanswered("service.example")
        return bench.fails(job, NOW + timedelta(hours=1))

    bench.add(many_hosts(8))
    assert bench.runner(handler=lambda job: Step("service.example", partial(told, job))).run() == 2
    assert sorted({due - NOW for due, _ in bench.left().values()}) == [timedelta(minutes=5), timedelta(hours=1)]


def test_a_pause_that_is_not_kept_holds_here_all_the_same(bench: Bench) -> None:
    bench.budget._kept = None
    bench.budget.pause("a.example", NOW + timedelta(minutes=5))
    bench.add(one_host(50), {99: "b.example"})
    assert bench.runner().run() == 1
    assert paused_until(bench.store, "a.example", now=NOW) == NOW + timedelta(minutes=5)


# What fails


def test_an_error_of_ours_fails_the_one_job(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def broken(job: Job) -> None:
        if job.subject == 1:
            raise RuntimeError("an error of ours")

    bench.add(many_hosts(2))
    assert bench.runner(broken).run() == 2
    assert bench.told == [2]
    [(due, leased)] = bench.left().values()
    assert timedelta(minutes=3) < due - NOW < timedelta(minutes=7)
    assert not leased
    [record] = [record for record in caplog.records if record.exc_info]
    assert (record.levelname, "RuntimeError: an error of ours" in caplog.text) == ("ERROR", True)


def test_a_database_that_fails_a_job_needs_no_traceback(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def work(job: Job) -> None:
        raise StoreError("the database is damaged")

    bench.add({1: "a.example"})
    bench.runner(work).run()
    assert [(each.getMessage(), each.exc_info) for each in caplog.records] == [
        ("deliver 1 failed: the database is damaged", None)
    ]


def test_what_is_broken_for_too_long_is_given_up(bench: Bench, clock: Clock) -> None:
    bench.add({1: "a.example"}, kind=VERIFY)
    tries = 0
    while (due := bench.store.jobs.next_due([VERIFY], now=clock())) is not None:
        clock.instant = due
        bench.runner(lambda job: 1 // 0).run()
        tries += 1
    assert 8 <= tries <= 60
    assert clock.instant == NOW + timedelta(days=2)


def test_who_knows_better_says_what_to_keep_of_an_error(bench: Bench) -> None:
    errors: list[Exception] = []

    def broken(job: Job, error: Exception) -> End:
        errors.append(error)
        return bench.ends(job)

    bench.add({1: "a.example"})
    bench.runner(lambda job: 1 // 0, broken=broken).run()
    assert bench.left() == {}
    assert isinstance(errors[0], ZeroDivisionError)


def test_what_cannot_be_kept_by_an_error_of_ours_is_tried_again(bench: Bench) -> None:
    def handler(job: Job) -> End:
        return End(lambda: 1 // 0, lambda: bench.told.append(1))

    bench.add({1: "a.example"})
    bench.runner(handler=handler).run()
    [(due, leased)] = bench.left().values()
    assert (due > NOW, leased, bench.told) == (True, False, [])
