"""`pingback.store.secrets`: the password's hash, the key, the sessions that ended, and the token."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pingback.store import Store

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_at_first_there_is_no_login(store: Store) -> None:
    assert store.secrets.login() is None


def test_a_password_comes_with_a_key_and_both_stay(shared_url: str) -> None:
    with Store(shared_url) as store:
        store.secrets.set_password("a hash")
        login = store.secrets.login()
    assert login is not None
    assert (login.password_hash, len(login.key)) == ("a hash", 64)
    with Store(shared_url) as store:
        assert store.secrets.login() == login


def test_a_new_password_comes_with_a_new_key(store: Store) -> None:
    store.secrets.set_password("a hash")
    before = store.secrets.login()
    store.secrets.end_session("one", until=NOON + DAY, now=NOON)
    store.secrets.set_password("a hash")
    after = store.secrets.login()
    assert before is not None
    assert after is not None
    assert before.key != after.key
    assert not store.secrets.has_ended("one")  # nobody could show it any more


def test_ended_sessions_are_remembered_for_as_long_as_they_would_last(store: Store) -> None:
    for _ in range(2):
        store.secrets.end_session("one", until=NOON + DAY, now=NOON)
    assert store.secrets.has_ended("one")
    assert not store.secrets.has_ended("two")
    store.secrets.end_session("two", until=NOON + 3 * DAY, now=NOON + DAY)
    assert not store.secrets.has_ended("one")
    assert store.secrets.has_ended("two")


def test_of_a_token_only_a_hash_is_kept(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/x.db") as store:
        assert store.secrets.token() is None
        token = store.secrets.new_token(now=NOON)
        kept = store.secrets.token()
    assert token.startswith("pingback_")
    assert len(token) == 9 + 43
    assert kept is not None
    assert (kept.is_hash_of(token), kept.made, len(kept.key)) == (True, NOON, 64)
    for wrong in ("", token[:-1], f"{token}x", token.upper(), kept.token_hash, "\ud800"):
        assert not kept.is_hash_of(wrong)
    for file in tmp_path.iterdir():
        assert token.encode() not in file.read_bytes()


def test_a_new_token_takes_the_place_of_the_one_before(store: Store) -> None:
    tokens = [store.secrets.new_token(now=NOON + n * DAY) for n in range(2)]
    kept = store.secrets.token()
    assert kept is not None
    assert [kept.is_hash_of(token) for token in tokens] == [False, True]
    assert kept.made == NOON + DAY


def test_a_token_is_revoked_and_the_password_stays(store: Store) -> None:
    store.secrets.set_password("a hash")
    login = store.secrets.login()
    store.secrets.new_token(now=NOON)
    assert store.secrets.login() == login
    assert [store.secrets.revoke_token() for _ in range(2)] == [True, False]
    assert store.secrets.token() is None
    assert store.secrets.login() == login
