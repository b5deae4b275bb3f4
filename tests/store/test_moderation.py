"""`pingback.store.moderation`: the owner's word, and that nothing but the owner takes it back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pingback.clock import now
from pingback.errors import StoreError
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.work import JobKind
from tests.store.databases import NewStore, asked

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
PENDING, APPROVED, SPAM = MentionStatus.PENDING, MentionStatus.APPROVED, MentionStatus.SPAM
REJECTED, DELETED = MentionStatus.REJECTED, MentionStatus.DELETED


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def kept(
    store: Store,
    source: str = "https://a.example/post",
    status: MentionStatus = PENDING,
    protocol: Protocol = Protocol.PINGBACK,
    verified: datetime | None = NOON,
) -> Mention:
    return store.mentions.keep(
        Mention(
            source=source,
            target="https://b.example/part-5",
            protocol=protocol,
            status=status,
            received=NOON,
            verified=verified,
        )
    )[0]


def number_of(mention: Mention) -> int:
    assert mention.id is not None
    return mention.id


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


# What is decided


def test_decided_in_the_order_of_the_ids_and_unknown_ones_passed_over(store: Store) -> None:
    one, two, three = (number_of(kept(store, f"https://a.example/{number}")) for number in range(3))
    decided = store.moderation.decide([three, 99, one, three, 2**80], APPROVED)
    assert [(mention.id, mention.status) for mention in decided] == [(three, APPROVED), (one, APPROVED)]
    assert [(mention.id, mention.status) for mention in store.mentions.list()] == [
        (one, APPROVED),
        (two, PENDING),
        (three, APPROVED),
    ]


def test_what_ceases_to_be_approved_is_told_to_copies(store: Store) -> None:
    number = number_of(kept(store, status=APPROVED))
    assert store.listing.withdrawals(size=10).withdrawals == ()
    store.moderation.decide([number], SPAM)
    [withdrawal] = store.listing.withdrawals(size=10).withdrawals
    assert withdrawal.source == "https://a.example/post"
    store.moderation.decide([number], APPROVED)
    assert store.listing.withdrawals(size=10).withdrawals == ()


def test_thousands_at_once(store: Store) -> None:
    assert store.moderation.decide(range(1, 100_000), SPAM) == []


@pytest.mark.parametrize("status", [PENDING, REJECTED])
def test_what_nobody_can_decide(store: Store, status: MentionStatus) -> None:
    with pytest.raises(ValueError, match=status.value):
        store.moderation.decide([1], status)


def test_a_decision_is_a_change_for_those_who_keep_copies(new_store: NewStore) -> None:
    clock = Clock()
    store = new_store(clock=clock)
    mention = kept(store)
    clock.now = LATER
    store.moderation.decide([number_of(mention)], DELETED)
    assert asked(store, "SELECT changed FROM pingback_mentions") == [(1767358800000000,)]


@pytest.mark.parametrize(
    ("status", "verified", "wanted"),
    [
        pytest.param(APPROVED, None, 1, id="approved-unseen"),
        pytest.param(APPROVED, NOON, 0, id="approved-and-seen"),
        pytest.param(SPAM, None, 0, id="spam"),
        pytest.param(DELETED, None, 0, id="deleted"),
    ],
)
def test_what_is_approved_unseen_is_a_job(
    store: Store, status: MentionStatus, verified: datetime | None, wanted: int
) -> None:
    mention = kept(store, "https://a.example:8443/post", verified=verified)
    store.moderation.decide([number_of(mention)], status)
    jobs = store.jobs.lease(
        [JobKind.VERIFY], worker_id="me", now=now(), lease=timedelta(minutes=1), limit=9, per_host=9
    )
    assert [(job.subject, job.host) for job in jobs] == [(mention.id, "a.example")] * wanted


@pytest.mark.parametrize("status", [SPAM, DELETED, REJECTED])
@pytest.mark.parametrize("by_owner", [False, True], ids=["not-by-the-owner", "by-the-owner"])
def test_whose_link_was_seen_gone_is_verified_first(store: Store, status: MentionStatus, by_owner: bool) -> None:
    mention = store.mentions.update(replace(kept(store), status=status, fault=17))
    if by_owner:
        for decision in (SPAM, DELETED):
            store.moderation.decide([number_of(mention)], decision)
    [decided] = store.moderation.decide([number_of(mention)], APPROVED)
    assert (decided.status, decided.fault, decided.verified) == (PENDING, None, None)
    assert [each.id for each in waiting(store)] == [mention.id]


@pytest.mark.parametrize(
    ("changed", "status"), [(NOON, PENDING), (LATER, APPROVED)], ids=["changed-since", "as-it-was"]
)
def test_what_changed_since_it_was_read_is_passed_over(
    new_store: NewStore, changed: datetime, status: MentionStatus
) -> None:
    clock = Clock()
    store = new_store(clock=clock)
    mention = kept(store)
    clock.now = LATER
    store.mentions.update(replace(mention, title="CASINO"))
    store.moderation.decide([number_of(mention)], APPROVED, read={number_of(mention): changed})
    assert [each.status for each in store.mentions.list()] == [status]


# What is approved before anybody looked


def waiting(store: Store) -> list[Mention]:
    """What has a job that looks at its source."""
    found = store.jobs.lease(
        [JobKind.VERIFY], worker_id="me", now=LATER, lease=timedelta(seconds=1), limit=9, per_host=9
    )
    waiting = store.mentions.with_ids([job.subject for job in found])
    return [each for each in waiting if each.status is PENDING]


@pytest.mark.parametrize("before", [PENDING, SPAM, DELETED, REJECTED])
def test_what_nobody_verified_is_verified_first(store: Store, before: MentionStatus) -> None:
    mention = kept(store, verified=None)
    if before in (SPAM, DELETED):
        store.moderation.decide([number_of(mention)], before)
    else:
        store.mentions.update(replace(mention, status=before, fault=16 if before is REJECTED else None))
    [decided] = store.moderation.decide([number_of(mention)], APPROVED)
    assert (decided.status, decided.wanted, decided.fault) == (PENDING, True, None)
    assert [mention.wanted for mention in waiting(store)] == [True]
    assert store.mentions.update(replace(decided, status=APPROVED, verified=LATER, title="Seen")).title == "Seen"
    assert [(each.status, each.wanted) for each in store.mentions.list()] == [(APPROVED, False)]


def test_what_was_withdrawn_is_looked_at_again(store: Store) -> None:
    mention = kept(store, status=APPROVED)
    store.mentions.update(replace(mention, status=DELETED, verified=LATER))
    [decided] = store.moderation.decide([number_of(mention)], APPROVED)
    assert (decided.status, decided.verified) == (PENDING, None)
    assert [each.id for each in waiting(store)] == [mention.id]
    assert len(store.listing.withdrawals(size=9).withdrawals) == 1


def test_what_the_owner_deleted_by_mistake_comes_back_at_once(store: Store) -> None:
    number = number_of(kept(store))
    store.moderation.decide([number], DELETED)
    [decided] = store.moderation.decide([number], APPROVED)
    assert (decided.status, decided.verified) == (APPROVED, NOON)


def test_what_is_shown_is_not_hidden_by_approving_it(store: Store) -> None:
    number = number_of(kept(store, status=APPROVED, verified=None))
    assert [each.status for each in store.moderation.decide([number], APPROVED)] == [APPROVED]


@pytest.mark.parametrize(("protocol", "status"), [(Protocol.TRACKBACK, APPROVED), (Protocol.WEBMENTION, PENDING)])
def test_whose_word_is_enough(store: Store, protocol: Protocol, status: MentionStatus) -> None:
    number = number_of(kept(store, protocol=protocol, verified=None))
    store.moderation.on_their_word = (Protocol.TRACKBACK,)
    assert [each.status for each in store.moderation.decide([number], APPROVED)] == [status]


@pytest.mark.parametrize("protocol", [Protocol.TRACKBACK, Protocol.WEBMENTION])
def test_what_was_approved_where_nobody_knew_whose_word_is_enough(store: Store, protocol: Protocol) -> None:
    wanted, waits = kept(store, protocol=protocol, verified=None), kept(store, "https://c.example/", verified=None)
    store.moderation.decide([number_of(wanted)], APPROVED)
    store.moderation.approve_on_their_word()
    assert [each.status for each in store.mentions.list()] == [PENDING, PENDING]
    store.moderation.on_their_word = (Protocol.TRACKBACK,)
    store.moderation.approve_on_their_word()
    shown = APPROVED if protocol is Protocol.TRACKBACK else PENDING
    assert {each.id: each.status for each in store.mentions.list()} == {wanted.id: shown, waits.id: PENDING}


@pytest.mark.parametrize("last", [SPAM, DELETED])
def test_who_thinks_better_of_it(store: Store, last: MentionStatus) -> None:
    mention = kept(store, verified=None)
    for status in (APPROVED, last):
        store.moderation.decide([number_of(mention)], status)
    assert waiting(store) == []
    assert [each.status for each in store.mentions.list()] == [last]


# What outlives what


@pytest.mark.parametrize(
    ("decided", "found", "becomes"),
    [
        pytest.param(APPROVED, PENDING, PENDING, id="approved-and-something-else-since"),
        pytest.param(APPROVED, SPAM, SPAM, id="approved-and-spam-since"),
        pytest.param(APPROVED, APPROVED, APPROVED, id="approved-approved"),
        pytest.param(APPROVED, DELETED, DELETED, id="approved-but-the-link-is-gone"),
        pytest.param(APPROVED, REJECTED, REJECTED, id="approved-but-there-never-was-a-link"),
        pytest.param(SPAM, PENDING, SPAM, id="spam-pending"),
        pytest.param(SPAM, APPROVED, SPAM, id="spam-approved"),
        pytest.param(SPAM, DELETED, SPAM, id="spam-without-a-link"),
        pytest.param(SPAM, REJECTED, SPAM, id="spam-rejected"),
        pytest.param(DELETED, PENDING, DELETED, id="deleted-pending"),
        pytest.param(DELETED, APPROVED, DELETED, id="deleted-approved"),
        pytest.param(DELETED, SPAM, DELETED, id="deleted-spam"),
        pytest.param(DELETED, REJECTED, DELETED, id="deleted-rejected"),
    ],
)
def test_what_verification_finds_after_a_decision(
    store: Store, decided: MentionStatus, found: MentionStatus, becomes: MentionStatus
) -> None:
    [mention] = store.moderation.decide([number_of(kept(store))], decided)
    updated = store.mentions.update(replace(mention, status=found, title="New"))
    assert (updated.status, updated.title) == (becomes, "New")
    ended = decided is APPROVED and found in (PENDING, SPAM)
    assert updated.decision is (None if ended else decided)


@pytest.mark.parametrize("decided", [APPROVED, SPAM, DELETED])
@pytest.mark.parametrize("verified", [None, NOON], ids=["unverified", "verified"])
def test_what_was_found_before_a_decision_changes_nothing(
    store: Store, decided: MentionStatus, verified: datetime | None
) -> None:
    mention = kept(store, verified=verified)
    [now] = store.moderation.decide([number_of(mention)], decided)
    assert store.mentions.update(replace(mention, status=APPROVED, title="New", verified=LATER)) == now
    assert list(store.mentions.list()) == [now]


def test_the_last_decision_counts(store: Store) -> None:
    mention = kept(store)
    for status in (SPAM, DELETED, APPROVED):
        [mention] = store.moderation.decide([number_of(mention)], status)
    assert (mention.status, mention.decision) == (APPROVED, APPROVED)


def test_a_ping_of_a_rejected_mention_begins_anew(store: Store) -> None:
    [mention] = store.moderation.decide([number_of(kept(store))], APPROVED)
    store.mentions.update(replace(mention, status=REJECTED, fault=17))
    again = kept(store)
    assert (again.id, again.status) == (mention.id, PENDING)
    assert store.mentions.update(again).status is PENDING


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.moderation.decide([1], SPAM)
