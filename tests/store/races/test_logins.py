"""Tries to log in at two processes, and secrets that both change."""

from collections import Counter
from datetime import timedelta

from pingback.store import Store
from pingback.store.logins import PER_CLIENT
from tests.store.races.racing import NOON, ROUNDS, TOGETHER, Race

OF_A_CLIENT = 5  # rounds


def attempt(store: Store, number: int) -> bool:
    """Those of each start in another time, as if there had been none before."""
    client = f"10.0.{number // OF_A_CLIENT}.1"
    return store.logins.attempt(client, now=NOON + number // TOGETHER * timedelta(days=2)) is None


def test_no_client_has_more_tries_by_asking_two_processes(store: Store, race: Race) -> None:
    tries = race(attempt, attempt)
    counted = Counter(number // OF_A_CLIENT for given in tries for number, may in enumerate(given) if may)
    assert counted == dict.fromkeys(range(ROUNDS // OF_A_CLIENT), PER_CLIENT)


def set_secrets(store: Store, number: int) -> str:
    store.secrets.set_password(f"hash {number}")
    return store.secrets.new_token(now=NOON)


def revoke(store: Store, number: int) -> None:
    store.secrets.set_password(f"other {number}")
    store.secrets.revoke_token()


def test_secrets_are_set_by_several(store: Store, race: Race) -> None:
    tokens, _ = race(set_secrets, revoke)
    with store._database.read() as tx:
        names = {*tx.execute("SELECT name FROM pingback_secrets").scalars()}
    assert names in ({"password", "key"}, {"password", "key", "token", "token made", "token key"})
    token = store.secrets.token()
    assert token is None or token.is_hash_of(tokens[-1])
