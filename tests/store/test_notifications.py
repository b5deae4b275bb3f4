"""`pingback.store.notifications`: what is news to the owner, and to which channel."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.looks import FirstLook
from pingback.work import JobKind
from tests.receive.pages import Clock
from tests.store.databases import NewStore

LEASE = timedelta(minutes=10)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(new_store: NewStore, clock: Clock) -> Store:
    store = new_store(clock=clock)
    store.notifications.begin("mail", now=clock.instant)
    return store


def keep(store: Store, clock: Clock, number: int = 1, **changes: object) -> Mention:
    mention = Mention(
        source=f"https://a.example/{number}",
        target="https://my.example/5",
        protocol=Protocol.PINGBACK,
        status=MentionStatus.APPROVED,
        received=clock.instant,
        verified=clock.instant,
    )
    return store.mentions.keep(replace(mention, **changes))[0]  # type: ignore[arg-type]  # `changes` are fields of a Mention


def untold(store: Store, clock: Clock, channel: str = "mail", most: int = 10) -> list[int | None]:
    return [mention.id for mention in store.notifications.untold(channel, now=clock.instant, most=most)]


def test_each_mention_is_news_once_to_each_channel(store: Store, clock: Clock) -> None:
    store.notifications.begin("webhook", now=clock.instant)
    one, two = keep(store, clock, 1), keep(store, clock, 2)
    assert untold(store, clock) == [one.id, two.id]
    assert untold(store, clock, most=1) == [one.id]
    store.notifications.tell("mail", [one], now=clock.instant)
    assert untold(store, clock) == [two.id]
    store.notifications.tell("mail", [one, two], now=clock.instant)
    store.mentions.update(replace(one, title="Another"))
    assert untold(store, clock) == []
    assert untold(store, clock, "webhook") == [one.id, two.id]


@pytest.mark.parametrize(
    ("status", "news"),
    [
        (MentionStatus.APPROVED, 1),
        (MentionStatus.PENDING, 1),
        *((status, 0) for status in ("spam", "rejected", "deleted")),
    ],
)
def test_what_is_news_by_status(store: Store, clock: Clock, status: str, news: int) -> None:
    keep(store, clock, status=MentionStatus(status))
    assert len(untold(store, clock)) == news


def test_what_nobody_is_to_verify_is_news(store: Store, clock: Clock) -> None:
    mention = keep(store, clock, status=MentionStatus.PENDING, verified=None)
    assert untold(store, clock) == [mention.id]


def wait(store: Store, clock: Clock) -> Mention:
    """A mention whose source is to be looked at."""
    mention = Mention(
        source="https://a.example/1",
        target="https://my.example/5",
        protocol=Protocol.WEBMENTION,
        status=MentionStatus.PENDING,
        received=clock.instant,
    )
    look = FirstLook(host="a.example", due=clock.instant, most=9, most_of_host=9)
    return store.looks.keep_waiting(mention, look, home="a.example")[0]


@pytest.mark.parametrize("status", [MentionStatus.APPROVED, MentionStatus.PENDING])
def test_what_is_to_be_verified_is_news_once_it_is_however_long_that_takes(
    store: Store, clock: Clock, status: MentionStatus
) -> None:
    """The host of its source may have no room for hours: a stranger can see to that."""
    mention = wait(store, clock)
    clock.pass_by(hours=1)
    other = keep(store, clock, 2)
    assert untold(store, clock) == [other.id]
    store.notifications.tell("mail", [other], now=clock.instant)
    clock.pass_by(hours=1)
    store.mentions.update(replace(mention, status=status, verified=clock.instant))
    assert untold(store, clock) == [mention.id]


def test_what_is_approved_unseen_is_news_once_it_is_shown(store: Store, clock: Clock) -> None:
    mention = wait(store, clock)
    clock.pass_by(hours=1)
    [wanted] = store.moderation.decide([mention.id or 0], MentionStatus.APPROVED)
    assert untold(store, clock) == []
    clock.pass_by(hours=1)
    store.mentions.update(replace(wanted, status=MentionStatus.APPROVED, verified=clock.instant))
    assert untold(store, clock) == [mention.id]


def test_what_was_shown_and_waits_since_is_news_again(store: Store, clock: Clock) -> None:
    mention = keep(store, clock)
    store.notifications.tell("mail", [mention], now=clock.instant)
    for before in (MentionStatus.APPROVED, MentionStatus.DELETED):
        clock.pass_by(days=60)
        mention = store.mentions.update(replace(mention, status=before))
        clock.pass_by(days=60)
        mention = store.mentions.update(replace(mention, status=MentionStatus.PENDING, title="Something else"))
        assert untold(store, clock) == [mention.id]
        store.notifications.tell("mail", [mention], now=clock.instant)
        clock.pass_by(hours=1)
        store.mentions.update(replace(mention, title="And again"))
        assert untold(store, clock) == []


def test_what_came_before_the_channel_is_no_news(store: Store, clock: Clock) -> None:
    keep(store, clock)
    clock.pass_by(seconds=1)
    store.notifications.begin("webhook", now=clock.instant)
    assert untold(store, clock, "webhook") == []
    assert untold(store, clock, "unheard-of") == []


def test_news_grow_old(store: Store, clock: Clock) -> None:
    keep(store, clock)
    clock.pass_by(days=7)
    assert len(untold(store, clock)) == 1
    clock.pass_by(seconds=1)
    assert untold(store, clock) == []


def test_what_was_told_long_ago_is_forgotten_and_no_news_all_the_same(store: Store, clock: Clock) -> None:
    store.notifications.tell("mail", [keep(store, clock)], now=clock.instant)
    for _ in range(3):
        clock.pass_by(days=6)
        store.notifications.tell("mail", [], now=clock.instant)
        assert untold(store, clock) == []


def test_what_was_rejected_until_its_source_could_be_had_is_news(store: Store, clock: Clock) -> None:
    late = keep(store, clock, 1, status=MentionStatus.PENDING, verified=None)
    late = store.mentions.update(replace(late, status=MentionStatus.REJECTED, fault=16))
    clock.pass_by(hours=30)
    store.notifications.tell("mail", [keep(store, clock, 2)], now=clock.instant)
    clock.pass_by(hours=1)
    store.mentions.update(replace(late, status=MentionStatus.APPROVED, fault=None, verified=clock.instant))
    assert untold(store, clock) == [late.id]


def test_what_is_told_in_parts_is_told_in_the_end(store: Store, clock: Clock) -> None:
    ids = [keep(store, clock, number).id for number in range(5)]
    clock.pass_by(days=1)
    told = []
    while news := store.notifications.untold("mail", now=clock.instant, most=2):
        told += [mention.id for mention in news]
        store.notifications.tell("mail", news[:1], now=clock.instant)
        clock.pass_by(minutes=30)
    assert list(dict.fromkeys(told)) == ids


class TestClock:
    """It showed 2036 for a while, and is right again."""

    @pytest.fixture
    def ahead(self, clock: Clock) -> timedelta:
        return timedelta(days=3650)

    def test_a_channel_that_began_then_hears_of_what_is_new(self, store: Store, clock: Clock, ahead: timedelta) -> None:
        store.notifications.begin("webhook", now=clock.instant + ahead)
        mention = keep(store, clock)
        assert untold(store, clock, "webhook") == [mention.id]

    def test_what_was_told_then_is_told_and_what_is_new_is_news(
        self, store: Store, clock: Clock, ahead: timedelta
    ) -> None:
        first = keep(store, clock, 1)
        store.notifications.tell("mail", [first], now=clock.instant + ahead)
        second = keep(store, clock, 2)
        assert untold(store, clock) == [second.id]
        store.notifications.tell("mail", [second], now=clock.instant)
        assert untold(store, clock) == []

    def test_what_came_then_is_told_once(self, store: Store, clock: Clock, ahead: timedelta) -> None:
        right = clock.instant
        clock.instant += ahead
        mention = keep(store, clock)
        mention = store.mentions.update(replace(mention, status=MentionStatus.PENDING))
        clock.instant = right
        assert untold(store, clock) == [mention.id]
        store.notifications.tell("mail", [mention], now=clock.instant)
        assert untold(store, clock) == []

    def test_a_mention_in_hand_is_free_again(self, store: Store, clock: Clock, ahead: timedelta) -> None:
        mention = keep(store, clock)
        take = partial(store.notifications.take, "mail", mention, worker_id="me", now=clock.instant)
        assert take(lease=ahead)
        assert take(lease=LEASE)
        assert not take(lease=LEASE)


class TestJob:
    def test_a_channel_has_a_number(self, store: Store, clock: Clock) -> None:
        number = store.notifications.begin("webhook", now=clock.instant)
        assert store.notifications.begin("webhook", now=clock.instant) == number
        assert store.notifications.name_of(number) == "webhook"
        assert store.notifications.name_of(number + 1) is None

    def test_news_are_one_job_of_the_channel(self, store: Store, clock: Clock) -> None:
        assert not store.notifications.announce("mail", now=clock.instant)
        assert not store.notifications.announce("unheard-of", now=clock.instant)
        keep(store, clock)
        assert [store.notifications.announce("mail", now=clock.instant) for _ in range(2)] == [True, False]
        leased = store.jobs.lease([JobKind.NOTIFY], worker_id="me", now=clock.instant, lease=LEASE, limit=9, per_host=9)
        assert [store.notifications.name_of(job.subject) for job in leased] == ["mail"]
        assert [job.kind for job in leased] == [JobKind.NOTIFY]


def test_what_a_process_was_telling_of_that_is_no_more_is_free_at_once(store: Store, clock: Clock) -> None:
    store.notifications.begin("program", now=clock.instant)
    mention = keep(store, clock)
    take = partial(store.notifications.take, "program", mention, now=clock.instant, lease=LEASE)
    assert take(worker_id="killed")
    store.notifications.free_the_dead(is_gone=lambda worker: worker == "another")
    assert not take(worker_id="me")
    store.notifications.free_the_dead(is_gone=lambda worker: worker == "killed")
    assert take(worker_id="me")
