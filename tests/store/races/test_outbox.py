"""Pings that two processes plan and record, and what they remember of targets."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from pingback.model import Discovery
from pingback.store import Store
from pingback.store.discoveries import forget_target, remember_all
from pingback.work import Try
from tests.store.races.racing import ROUNDS, Race
from tests.store.sent import ACCEPTED, NOON, Held, plan, plan_links, recorded, take
from tests.store.some_jobs import assert_lanes_are_right

TARGETS = [f"https://{name}.example/" for name in "abcd"]


def post(number: int) -> str:
    return f"https://blog.example/{number}"


def plan_some(targets: Sequence[str], store: Store, number: int) -> None:
    plan(store, *targets, source=post(number))


def test_a_post_is_planned_by_one_after_the_other(store: Store, race: Race) -> None:
    race(partial(plan_some, TARGETS[:2]), partial(plan_some, TARGETS[2:0:-1]))
    assert sum(store.tallies.pings().values()) == 3 * ROUNDS
    assert_lanes_are_right(store)


def take_back(store: Store, number: int) -> None:
    plan_links(store, {}, source=post(number))


def record_accepted(held: Sequence[Held], store: Store, number: int) -> None:
    recorded(store, held[number], Try(ACCEPTED, NOON, 0.5))


def test_a_link_that_goes_while_its_ping_is_sent_is_told_of(store: Store, race: Race) -> None:
    for number in range(ROUNDS):
        plan(store, TARGETS[0], source=post(number))
    held = {each.ping.source: each for each in take(store, limit=ROUNDS)}
    race(take_back, partial(record_accepted, [held[post(number)] for number in range(ROUNDS)]))
    found = {(ping.linked, ping.next_try) for ping in store.outbox.pings()}
    assert found == {(False, NOON)}


def remember(targets: Sequence[str], store: Store, number: int) -> None:
    """All that was remembered in the rounds before has ended."""
    found = [Discovery(target=target, url=target, endpoints=()) for target in targets]
    with store._database.write() as tx:
        remember_all(tx, [(each, NOON + number * timedelta(days=2)) for each in found])


def forget(store: Store, number: int) -> None:
    with store._database.write() as tx:
        for target in TARGETS:
            forget_target(tx, target)


def test_targets_are_remembered_and_forgotten_in_any_order(store: Store, race: Race) -> None:
    race(partial(remember, TARGETS[::-1]), forget)


def test_targets_are_remembered_while_others_are(store: Store, race: Race) -> None:
    race(partial(remember, TARGETS[::2]), partial(remember, TARGETS[1::2]))


def change_words(step: int, store: Store, number: int) -> None:
    """Of a post of its own, around links to the same targets."""
    plan_links(store, dict.fromkeys(TARGETS[::step], f"words {number}"), source=post(step))


def test_posts_are_planned_that_link_to_the_same_targets(store: Store, race: Race) -> None:
    for step in (1, -1):
        plan(store, *TARGETS[::step], source=post(step))
    remember(TARGETS, store, 0)
    race(partial(change_words, 1), partial(change_words, -1))
    assert_lanes_are_right(store)
