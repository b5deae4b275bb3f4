"""Jobs that two processes add, lease and end."""

from collections import Counter
from datetime import timedelta

from pingback.store import Store
from tests.store.races.racing import NOON, ROUNDS, Race
from tests.store.some_jobs import add, assert_lanes_are_right, lease, subjects

HOSTS = 40
DAY = timedelta(days=1)


def lease_one(store: Store, number: int) -> list[int]:
    return subjects(lease(store, now=NOON, limit=1, per_host=1))


def test_a_job_is_leased_by_one(store: Store, race: Race) -> None:
    for host in range(HOSTS):
        add(store, dict.fromkeys(range(host, 2 * ROUNDS, HOSTS), f"{host}.example"), due=NOON, now=NOON)
    ours, theirs = race(lease_one, lease_one)
    leased = Counter(subject for each in (*ours, *theirs) for subject in each)
    while left := lease(store, now=NOON):
        leased.update(subjects(left))
    assert leased == Counter(range(2 * ROUNDS))
    assert_lanes_are_right(store)


def add_again(store: Store, number: int) -> None:
    add(store, {number % 20: "a.example"}, due=NOON, now=NOON)


def end_some(store: Store, number: int) -> None:
    for job in lease(store, now=NOON, limit=4, per_host=4):
        store.jobs.done(job)


def test_a_job_that_is_asked_for_is_found(store: Store, race: Race) -> None:
    race(add_again, end_some)
    assert_lanes_are_right(store)
    while left := lease(store, now=NOON):
        assert all(store.jobs.done(job) for job in left)
    with store._database.read() as tx:
        assert tx.execute("SELECT count(*) FROM pingback_jobs").scalar() == 0


def lease_and_free_all(store: Store, number: int) -> None:
    lease(store, now=NOON, limit=8, per_host=8)
    store.jobs.free_the_dead(NOON, is_gone=lambda worker_id: True)
    store.jobs.heal_clock(NOON)


def add_ahead(store: Store, number: int) -> None:
    """By a clock that runs ahead."""
    add(store, dict.fromkeys(range(10), "a.example"), due=NOON, now=NOON + DAY)


def test_the_dead_are_freed_while_jobs_are_added(store: Store, race: Race) -> None:
    race(add_ahead, lease_and_free_all)
    store.jobs.free_the_dead(NOON, is_gone=lambda worker_id: True)
    store.jobs.heal_clock(NOON)
    assert sorted(subjects(lease(store, now=NOON))) == [*range(10)]
    assert_lanes_are_right(store)
