"""Mentions of which two processes would tell the owner."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from pingback.model import Mention
from pingback.store import Store
from tests.store.races.racing import NOON, ROUNDS, Race
from tests.store.races.test_mentions import APPROVED, keep_all

HOUR = timedelta(hours=1)


def take(worker_id: str, mentions: Sequence[Mention], store: Store, number: int) -> bool:
    return store.notifications.take("email", mentions[number], worker_id=worker_id, now=NOON, lease=HOUR)


def test_one_tells_of_a_mention(store: Store, race: Race) -> None:
    store.notifications.begin("email", now=NOON - HOUR)
    kept = keep_all(store, APPROVED)
    ours, theirs = race(partial(take, "us", kept), partial(take, "them", kept))
    assert Counter(one + other for one, other in zip(ours, theirs, strict=True)) == {1: ROUNDS}


def tell(mentions: Sequence[Mention], store: Store, number: int) -> None:
    store.notifications.tell("email", mentions, now=NOON + number * HOUR)


def test_all_that_was_told_of_is_kept_in_any_order(store: Store, race: Race) -> None:
    store.notifications.begin("email", now=NOON - HOUR)
    kept = keep_all(store, APPROVED)[:5]
    race(partial(tell, kept), partial(tell, kept[::-1]))
