"""What two processes count together, and forget of what they counted before."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

from pingback.errors import StoreError
from pingback.store import Store
from tests.store.races.racing import NOON, ROUNDS, TOGETHER, Race

MOST, OF_A_KEY = 5, 5  # rounds


def take(store: Store, number: int) -> bool:
    """Each key in a day of its own, so that those before are forgotten meanwhile."""
    key = number // OF_A_KEY
    store.rates._clock = lambda: NOON + number // TOGETHER * timedelta(days=1)
    while True:
        with suppress(StoreError):  # busy: it waits for half a second only
            return not store.rates.take({f"{key} an hour": (MOST, 3600), f"{key} a day": (2 * MOST, 6 * 3600)})


def test_no_key_has_more_by_asking_two_processes(store: Store, race: Race) -> None:
    counted = Counter(number // OF_A_KEY for given in race(take, take) for number, may in enumerate(given) if may)
    assert counted == dict.fromkeys(range(ROUNDS // OF_A_KEY), MOST)
    with store._database.read() as tx:
        assert tx.execute("SELECT count(*) FROM pingback_rates").scalar() <= 2 * TOGETHER
