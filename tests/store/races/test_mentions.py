"""Mentions that two processes keep, move, decide on, look at and forget."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.looks import FirstLook
from pingback.work import Job, JobKind
from tests.store.databases import asked
from tests.store.races.racing import MOST_REJECTED, NOON, ROUNDS, Race

APPROVED, PENDING, REJECTED = MentionStatus.APPROVED, MentionStatus.PENDING, MentionStatus.REJECTED
SPAM = MentionStatus.SPAM
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def mention(number: int, status: MentionStatus = APPROVED) -> Mention:
    return Mention(
        source=f"https://a.example/{number}",
        target=page(number),
        protocol=Protocol.WEBMENTION,
        status=status,
        received=NOON,
    )


def page(number: int, name: str = "") -> str:
    return f"https://b.example/{number}/{name}"


def keep_all(store: Store, status: MentionStatus) -> list[Mention]:
    """One for each round, with the ids from 1 on."""
    with store._database.write() as tx:
        return [store.mentions.keep_in(tx, mention(number, status), home=None)[0] for number in range(ROUNDS)]


def keep(store: Store, number: int) -> bool:
    return store.mentions.keep(mention(number))[1]


def decide(status: MentionStatus, store: Store, number: int) -> bool:
    return bool(store.moderation.decide([number + 1], status))


def test_of_two_equal_pings_one_is_new(store: Store, race: Race) -> None:
    ours, theirs = race(keep, keep)
    assert Counter(one + other for one, other in zip(ours, theirs, strict=True)) == {1: ROUNDS}
    assert store.tallies.mentions() == {("webmention", "approved"): ROUNDS}


def move(store: Store, number: int) -> None:
    store.moves.keep(page(number), page(number, "new"))


def test_a_mention_goes_with_its_page(store: Store, race: Race) -> None:
    race(keep, move)
    moved = "SELECT m.page_key = v.new_key FROM pingback_mentions m JOIN pingback_moves v ON v.old_key = m.target_key"
    assert Counter(bool(is_there) for [is_there] in asked(store, moved)) == {True: ROUNDS}


def move_first(store: Store, number: int) -> None:
    store.moves.keep(page(number, "a"), page(number, "b"))


def move_on(store: Store, number: int) -> None:
    store.moves.keep(page(number, "b"), page(number, "c"))


def test_a_page_that_moves_twice_is_found_at_once(store: Store, race: Race) -> None:
    race(move_first, move_on)
    assert len(asked(store, "SELECT number FROM pingback_moves")) == 2 * ROUNDS
    chains = "SELECT v.number FROM pingback_moves v JOIN pingback_moves w ON w.old_key = v.new_key"
    assert asked(store, chains) == []


def move_to_and_fro(store: Store, number: int) -> None:
    store.moves.keep(page(0), page(0, "new" if number % 2 == 0 else ""))


def decide_on_all(store: Store, number: int) -> None:
    """By and by they come to stand in another order in the list of their page."""
    store.moderation.decide(range(1, 9), APPROVED if number % 2 else SPAM)
    store.moderation.decide([number % 8 + 1], MentionStatus.DELETED)


def test_the_owner_decides_on_mentions_that_move(store: Store, race: Race) -> None:
    for number in range(8):
        store.mentions.keep(replace(mention(number), target=page(0), received=NOON - number * HOUR, verified=NOON))
    race(move_to_and_fro, decide_on_all)
    assert len([*store.mentions.list(target=page(0))]) == 8


def settle_as_approved(mentions: Sequence[Mention], store: Store, number: int) -> None:
    store.mentions.update(replace(mentions[number], status=APPROVED, verified=NOON))


def test_what_the_owner_took_for_spam_stays_so(store: Store, race: Race) -> None:
    kept = keep_all(store, PENDING)
    race(partial(decide, SPAM), partial(settle_as_approved, kept))
    assert store.tallies.mentions() == {("webmention", "spam"): ROUNDS}


def settle(found: Sequence[tuple[Mention, Job]], store: Store, number: int) -> bool:
    """The link was not seen."""
    seen, job = found[number]
    return store.looks.settle(replace(seen, status=REJECTED, fault=17), job, again=None, now=NOON) is not None


def test_what_the_owner_approves_while_somebody_looks_is_looked_at_again(store: Store, race: Race) -> None:
    look = FirstLook(host="a.example", due=NOON, most=ROUNDS + 1, most_of_host=ROUNDS + 1)
    kept = [store.looks.keep_waiting(mention(number, PENDING), look, home="a")[0] for number in range(ROUNDS)]
    leased = store.jobs.lease([JobKind.VERIFY], worker_id="us", now=NOON, lease=HOUR, limit=ROUNDS, per_host=ROUNDS)
    jobs = {job.subject: job for job in leased}
    race(partial(decide, APPROVED), partial(settle, [(each, jobs[each.id or 0]) for each in kept]))
    with store._database.read() as tx:
        looks = tx.execute("SELECT subject FROM pingback_jobs WHERE kind = 'verify'").scalars()
    wanted = [each.id for each in store.mentions.list() if each.wanted]
    assert set(wanted) - set(looks) == set()


def look_again(mentions: Sequence[Mention], store: Store, number: int) -> None:
    store.looks.add_now(mentions[number % 500 : number % 500 + 8], now=NOON)


def test_the_same_looks_are_planned_in_any_order(store: Store, race: Race) -> None:
    kept = keep_all(store, APPROVED)[:508]
    race(partial(look_again, kept), partial(look_again, kept[::-1]))
    with store._database.read() as tx:
        assert tx.execute("SELECT count(DISTINCT subject) FROM pingback_jobs").scalar() == 508


def forget_one(store: Store, number: int) -> None:
    store.retention.run(before=NOON + DAY, now=NOON + DAY, most=1)


def test_what_the_owner_approved_is_not_forgotten(store: Store, race: Race) -> None:
    keep_all(store, SPAM)
    approved, _ = race(partial(decide, APPROVED), forget_one)
    wanted = [number + 1 for number, is_approved in enumerate(approved) if is_approved]
    assert [each.id for each in store.mentions.with_ids(wanted)] == wanted


def reject(step: int, store: Store, number: int) -> None:
    store.mentions.keep(mention(number * step % (4 * MOST_REJECTED), REJECTED))


def test_too_many_rejected_mentions_are_forgotten_by_several(store: Store, race: Race) -> None:
    race(partial(reject, 7), partial(reject, 9))
    [(_, number)] = store.tallies.mentions().items()
    assert MOST_REJECTED <= number == len([*store.mentions.list()]) <= 2 * MOST_REJECTED
