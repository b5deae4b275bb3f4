"""Posts that one process publishes while the other is asked to do so again."""

from collections.abc import Sequence
from functools import partial

from pingback.store import Store
from pingback.work import Job, JobKind
from tests.store.races.racing import NOON, ROUNDS, Race
from tests.store.some_jobs import lease


def post(number: int) -> str:
    return f"https://blog.example/{number}"


def name(store: Store, number: int) -> None:
    store.readings.add(post(number), now=NOON)


def name_some(step: int, store: Store, number: int) -> list[int]:
    return store.readings.add_all([post(each) for each in range(number, number + 2)][::step], now=NOON)


def test_the_same_posts_are_named_in_any_order(store: Store, race: Race) -> None:
    ours, theirs = race(partial(name_some, 1), partial(name_some, -1))
    assert ours == [numbers[::-1] for numbers in theirs]


def publish(jobs: Sequence[Job], store: Store, number: int) -> None:
    store.readings.done(jobs[number], now=NOON)


def test_a_post_that_is_named_while_it_goes_out_goes_out_again(store: Store, race: Race) -> None:
    numbers = []
    for first in range(0, ROUNDS, 100):
        numbers += store.readings.add_all([post(number) for number in range(first, first + 100)], now=NOON)
    jobs = {job.subject: job for job in lease(store, kinds=[JobKind.READ], now=NOON, limit=ROUNDS, per_host=ROUNDS)}
    race(name, partial(publish, [jobs[number] for number in numbers]))
    again = {job.subject for job in lease(store, kinds=[JobKind.READ], now=NOON, limit=ROUNDS, per_host=ROUNDS)}
    assert again == set(numbers)
    assert [number for number in numbers if store.readings.at(number) is None] == []
