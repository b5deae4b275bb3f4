"""Jobs that two processes add, lease and end."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from pingback.store import Store
from pingback.work import Job, JobKind
from tests.store.races.racing import ROUNDS, Race
from tests.store.some_jobs import DELIVER, NOON, VERIFY, add, assert_lanes_are_right, lease, subjects

HOSTS = 4
DAY = timedelta(days=1)


def lease_one(store: Store, number: int) -> list[int]:
    return subjects(lease(store, limit=1, per_host=ROUNDS))


def test_a_job_is_leased_by_one(store: Store, race: Race) -> None:
    for host in range(HOSTS):
        add(store, dict.fromkeys(range(host, 2 * ROUNDS, HOSTS), f"{host}.example"))
    ours, theirs = race(lease_one, lease_one)
    leased = Counter(subject for each in (*ours, *theirs) for subject in each)
    while left := lease(store, per_host=ROUNDS):
        leased.update(subjects(left))
    assert leased == Counter(range(2 * ROUNDS))
    assert_lanes_are_right(store)


def add_another(store: Store, number: int) -> None:
    add(store, {ROUNDS + number: f"{number}.example"})


def end(jobs: Mapping[int, Job], store: Store, number: int) -> bool:
    return store.jobs.done(jobs[number])


def test_a_job_is_found_that_is_added_while_the_last_one_of_its_host_ends(store: Store, race: Race) -> None:
    add(store, {number: f"{number}.example" for number in range(ROUNDS)})
    jobs = {job.subject: job for job in lease(store, limit=ROUNDS)}
    race(add_another, partial(end, jobs))
    assert_lanes_are_right(store)
    assert sorted(subjects(lease(store, limit=ROUNDS))) == [*range(ROUNDS, 2 * ROUNDS)]


def add_again(store: Store, number: int) -> None:
    add(store, {number: f"{number}.example"})


def test_a_job_is_found_that_is_asked_for_while_it_ends(store: Store, race: Race) -> None:
    add(store, {number: f"{number}.example" for number in range(ROUNDS)})
    jobs = {job.subject: job for job in lease(store, limit=ROUNDS)}
    _, are_ours = race(add_again, partial(end, jobs))
    assert are_ours == [True] * ROUNDS
    assert_lanes_are_right(store)
    assert sorted(subjects(lease(store, limit=ROUNDS))) == [*range(ROUNDS)]


def lease_and_free_all(store: Store, number: int) -> None:
    lease(store, limit=4, per_host=4)
    store.jobs.free_the_dead(NOON, is_gone=lambda worker_id: True)
    store.jobs.heal_clock(NOON)


def add_ahead(store: Store, number: int) -> None:
    """By a clock that runs ahead."""
    add(store, dict.fromkeys(range(4), "a.example"), due=NOON, now=NOON + DAY)


def test_the_dead_are_freed_while_jobs_are_added(store: Store, race: Race) -> None:
    race(add_ahead, lease_and_free_all)
    store.jobs.free_the_dead(NOON, is_gone=lambda worker_id: True)
    store.jobs.heal_clock(NOON)
    assert sorted(subjects(lease(store))) == [*range(4)]
    assert_lanes_are_right(store)


def most_of_a_host(store: Store, kind: JobKind) -> int:
    """Of those that anybody has leased while we have some."""
    leased = lease(store, kinds=[kind], limit=20, per_host=2)
    with store._database.read() as tx:
        by_host = tx.execute("SELECT count(*) FROM pingback_jobs WHERE leased_by IS NOT NULL GROUP BY host").scalars()
    store.jobs.release(leased, now=NOON)
    return max(by_host, default=0)


def lease_deliveries(store: Store, number: int) -> int:
    return most_of_a_host(store, DELIVER)


def lease_looks(store: Store, number: int) -> int:
    return most_of_a_host(store, VERIFY)


def test_a_host_is_leased_for_no_more_often_than_it_has_places(store: Store, race: Race) -> None:
    """By jobs of several kinds, which have lanes of their own."""
    for kind in (DELIVER, VERIFY):
        for host in range(4):
            add(store, dict.fromkeys(range(4 * host, 4 * host + 4), f"{host}.example"), kind=kind)
    ours, theirs = race(lease_deliveries, lease_looks)
    assert max(*ours, *theirs) == 2
