"""`pingback.store.queue`: what waits for a look at its source, and whose turn it is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.queue import LEASE

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PENDING = Mention(
    source="https://a.example/post",
    target="https://b.example/part-5",
    protocol=Protocol.PINGBACK,
    status=MentionStatus.PENDING,
    received=NOON,
)


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/pingback.db" if request.param == "file" else "sqlite://"
    with Store(url, clock=lambda: NOON) as store:
        yield store


def kept(store: Store, number: int = 0, *, holder: str | None = None, **fields: object) -> Mention:
    mention = replace(PENDING, source=f"https://a.example/{number}", **fields)  # type: ignore[arg-type]  # the test's own
    return store.mentions.keep(mention, source_asked=holder is not None, holder=holder)[0]


def test_what_is_pending_and_unverified_waits(store: Store) -> None:
    waiting = [kept(store, 1), kept(store, 2, protocol=Protocol.WEBMENTION)]
    kept(store, 3, status=MentionStatus.APPROVED, verified=NOON)
    kept(store, 4, status=MentionStatus.PENDING, verified=NOON)
    kept(store, 5, status=MentionStatus.REJECTED, fault=17)
    assert store.queue.waiting(but_of=(), now=NOON) == waiting
    assert store.queue.waiting(but_of=[Protocol.WEBMENTION, Protocol.TRACKBACK], now=NOON) == waiting[:1]


def test_one_has_it_and_no_other(store: Store) -> None:
    mention = kept(store)
    assert [store.queue.claim(mention, holder=name, now=NOON) for name in ("one", "other")] == [True, False]
    assert store.queue.waiting(but_of=(), now=NOON) == []
    assert store.queue.holders() == ["one"]


def test_what_its_holder_does_not_finish_is_free_again_when_the_lease_is_over(store: Store) -> None:
    mention = kept(store, holder="one")
    just_before = NOON + LEASE - timedelta(seconds=1)
    assert store.queue.waiting(but_of=(), now=just_before) == []
    assert not store.queue.claim(mention, holder="other", now=just_before)
    assert store.queue.waiting(but_of=(), now=NOON + LEASE) == [mention]
    assert store.queue.claim(mention, holder="other", now=NOON + LEASE)
    assert not store.queue.claim(mention, holder="one", now=NOON + LEASE)


def test_what_a_process_that_is_no_more_had_is_free_at_once(store: Store) -> None:
    mentions = [kept(store, number, holder="gone") for number in range(2)]
    kept(store, 9, holder="alive")
    store.queue.release("gone")
    assert store.queue.waiting(but_of=(), now=NOON) == mentions
    assert store.queue.holders() == ["alive"]


def test_a_holder_gives_back_its_own_only(store: Store) -> None:
    mention = kept(store, holder="one")
    store.queue.give_back(mention, holder="other")
    assert store.queue.waiting(but_of=(), now=NOON) == []
    store.queue.give_back(mention, holder="one")
    assert store.queue.waiting(but_of=(), now=NOON) == [mention]


def test_what_is_settled_is_not_claimed(store: Store) -> None:
    mention = kept(store)
    store.mentions.update(replace(mention, status=MentionStatus.APPROVED, verified=NOON))
    assert not store.queue.claim(mention, holder="late", now=NOON)


def test_what_was_pinged_again_is_due_when_it_was_not_tried_for_long(store: Store) -> None:
    mention = kept(store, status=MentionStatus.APPROVED, verified=NOON, holder="one")
    other = kept(store, 2, status=MentionStatus.APPROVED, verified=NOON, holder="one")
    assert store.queue.ask_again(mention, at=NOON + timedelta(minutes=1)) == NOON
    assert store.queue.asked(tried_before=NOON - timedelta(seconds=1)) == []
    assert store.queue.asked(tried_before=NOON) == [mention]
    store.queue.answer(other, looked=NOON + timedelta(hours=1))
    store.queue.answer(mention, looked=NOON)  # a look that began before it was asked for
    assert store.queue.asked(tried_before=NOON) == [mention]
    store.queue.answer(mention, looked=NOON + timedelta(hours=1))
    assert store.queue.asked(tried_before=NOON) == []


def test_a_first_look_answers_what_was_asked_meanwhile(store: Store) -> None:
    mention = kept(store)
    store.queue.ask_again(mention, at=NOON)
    assert store.queue.claim(mention, holder="one", now=NOON)
    assert store.queue.asked(tried_before=NOON + timedelta(hours=2)) == []


def test_what_was_rejected_is_not_looked_at_again(store: Store) -> None:
    mention = kept(store, status=MentionStatus.REJECTED, fault=17)
    store.queue.ask_again(mention, at=NOON)
    assert store.queue.asked(tried_before=NOON + timedelta(hours=2)) == []


def test_what_was_never_tried(store: Store) -> None:
    assert store.queue.ask_again(kept(store), at=NOON) is None


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            "status = '1' AND verified IS NULL AND protocol IN ('1', '2')",
            "pingback_mentions_unverified (status=? AND protocol=?)",
        ),
        ("asked IS NOT NULL AND tried <= 1", "pingback_mentions_asked (tried<?)"),
    ],
)
def test_what_does_not_wait_costs_no_time(store: Store, query: str, index: str) -> None:
    with store._database.read() as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM pingback_mentions WHERE {query}").all()
    assert index in plan[0]["detail"]
