"""`pingback.receive.verification`: what becomes of a ping that was accepted before it was verified."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from pingback.errors import Blocked, Fault, FaultCode, FetchError, StoreClosed, Unreachable
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.looks import Looks
from pingback.work import Job, JobKind
from tests.receive.conftest import (
    LINKING,
    NO_LINK,
    SOURCE,
    TARGET,
    MakeReceiver,
    finish,
    refusal,
)
from tests.receive.lax import Receiver
from tests.receive.pages import PATIENCE, Clock, Page, Pages
from tests.store.some_jobs import paused_until


def test_what_is_not_verified_in_time_is_pending_and_finished_later(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    receiver = make(answer_within=0.0)
    pending = receiver.ping(SOURCE, TARGET)
    assert (pending.status, pending.verified) == (MentionStatus.PENDING, None)
    assert store.mentions.find(SOURCE, TARGET) == pending  # committed before the answer
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    finish(receiver)
    [mention] = store.mentions.list()
    assert (mention.id, mention.status, mention.title) == (pending.id, MentionStatus.APPROVED, "A “post” – A")
    assert len(pages.asked) == 1


@pytest.mark.parametrize(
    ("answer", "fault", "lives"),
    [
        pytest.param(NO_LINK, 17, False, id="17"),
        pytest.param(Page(status=404), 16, False, id="404"),
        pytest.param(Page(status=410), 16, False, id="410"),
        pytest.param(Blocked(SOURCE, "10.0.0.1 is private"), 16, True, id="blocked-by-the-guard"),
        pytest.param(Page(status=403), 50, False, id="403"),
        pytest.param(Page(status=304), 50, False, id="304"),
        pytest.param(Unreachable(SOURCE, "out of time"), 16, True, id="unreachable"),
        pytest.param(Page(status=408), 50, True, id="rfc9110-15.5.9-408"),
        pytest.param(Page(status=425), 50, True, id="rfc8470-5.2-425"),
        pytest.param(Page(status=429), 50, True, id="rfc6585-4-429"),
        pytest.param(Page(status=500), 50, True, id="500"),
        pytest.param(Page(status=503), 50, True, id="503"),
    ],
)
def test_what_may_pass_is_tried_again_and_nothing_shows_that(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, answer: Page | FetchError, fault: int, lives: bool
) -> None:
    pages.web[SOURCE] = answer
    receiver = make(answer_within=0.0)
    pending = receiver.ping(SOURCE, TARGET)
    finish(receiver)
    [mention] = store.mentions.list()
    assert (mention.status, mention.fault, mention.verified) == (MentionStatus.REJECTED, fault, None)
    finish(receiver)
    assert len(pages.asked) == 1
    pages.web[SOURCE] = LINKING
    clock.pass_by(hours=1)
    finish(receiver)
    [mention] = store.mentions.list()
    assert (mention.id, mention.status is MentionStatus.APPROVED, mention.fault is None) == (pending.id, lives, lives)
    assert len(pages.asked) == 1 + lives


def test_it_ends_after_two_days(make: MakeReceiver, store: Store, pages: Pages, clock: Clock) -> None:
    pages.web[SOURCE] = Page(status=503)
    receiver = make(answer_within=0.0)
    receiver.ping(SOURCE, TARGET)
    for _ in range(100):
        finish(receiver)
        clock.pass_by(minutes=30)
    assert 8 < len(pages.asked) < 30
    tried = len(pages.asked)
    pages.web[SOURCE] = LINKING
    clock.pass_by(days=1)
    finish(receiver)
    assert ([mention.fault for mention in store.mentions.list()], len(pages.asked)) == ([50], tried)


def test_the_source_says_when_to_come_again(make: MakeReceiver, store: Store, pages: Pages, clock: Clock) -> None:
    pages.web[SOURCE] = Page(status=503, retry_after="7200")
    receiver = make(answer_within=0.0)
    receiver.ping(SOURCE, TARGET)
    finish(receiver)
    pages.web[SOURCE] = LINKING
    clock.pass_by(minutes=119)
    finish(receiver)
    assert len(pages.asked) == 1
    clock.pass_by(minutes=1)
    finish(receiver)
    assert [mention.status for mention in store.mentions.list()] == [MentionStatus.APPROVED]


def test_what_one_page_asks_for_keeps_its_host_from_nobody(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make(answer_within=0.0)
    for number in range(3):
        pages.web[f"{SOURCE}/{number}"] = Page(status=429, retry_after="315360000")
        receiver.ping(f"{SOURCE}/{number}", TARGET)
    clock.pass_by(seconds=1)
    receiver.ping(SOURCE, TARGET)
    for _ in range(3):  # two at once, and then one at a time
        finish(receiver)
        assert paused_until(store, "a.example", now=clock()) == clock() + timedelta(seconds=15)
        clock.pass_by(seconds=15)
    assert [mention.status for mention in store.mentions.list()].count(MentionStatus.APPROVED) == 1
    clock.pass_by(days=1)
    finish(receiver)
    assert len(pages.asked) == 4  # each page once


def test_a_new_ping_is_taken_between_two_tries(make: MakeReceiver, store: Store, pages: Pages, clock: Clock) -> None:
    pages.web[SOURCE] = Page(status=500)
    receiver = make(answer_within=0.0)
    receiver.ping(SOURCE, TARGET)
    finish(receiver)
    assert refusal(make()).code == FaultCode.UPSTREAM_ERROR  # inline, which is an answer
    pages.web[SOURCE] = LINKING
    assert make().ping(SOURCE, TARGET).status is MentionStatus.APPROVED
    pages.web[SOURCE] = NO_LINK
    clock.pass_by(days=3)
    finish(receiver)
    assert ([mention.status for mention in store.mentions.list()], len(pages.asked)) == ([MentionStatus.APPROVED], 3)


def test_what_an_older_look_finds_is_not_kept_over_a_newer_one(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    pages.web[SOURCE] = Page(status=503)
    receiver = make(answer_within=0.0)
    receiver.ping(SOURCE, TARGET)
    finish(receiver)
    clock.pass_by(minutes=1)
    pages.gate.clear()
    with ThreadPoolExecutor(1) as thread:
        older = thread.submit(finish, receiver)
        pages.wait_until_asked()
        pages.wait_until_asked()
        newer = make(client=Pages({SOURCE: LINKING})).ping(SOURCE, TARGET)
        pages.gate.set()
        older.result(PATIENCE)
    assert [*store.mentions.list()] == [newer]
    assert (newer.status, store.jobs.next_due([JobKind.VERIFY], now=clock())) == (MentionStatus.APPROVED, None)


def test_an_answer_at_once_writes_nothing(make: MakeReceiver, store: Store, pages: Pages, clock: Clock) -> None:
    pages.web[SOURCE] = Page(status=500)
    receiver = make(answer_within=PATIENCE)
    assert refusal(receiver).code == FaultCode.UPSTREAM_ERROR
    assert list(store.mentions.list()) == []
    clock.pass_by(hours=1)
    assert (receiver.run_jobs(), len(pages.asked)) == (0, 1)


def test_a_rejected_ping_tried_again_counts_as_new(make: MakeReceiver, store: Store, pages: Pages) -> None:
    pages.web[SOURCE] = NO_LINK
    receiver = make(answer_within=0.0)
    receiver.ping(SOURCE, TARGET)
    finish(receiver)
    pages.web[SOURCE] = LINKING
    mention = make().ping(SOURCE, TARGET)
    assert (mention.status, mention.fault) == (MentionStatus.APPROVED, None)
    assert list(store.mentions.list()) == [mention]


def test_what_is_verified_in_time_is_answered_with_its_end(make: MakeReceiver, pages: Pages) -> None:
    receiver = make(answer_within=PATIENCE)
    assert receiver.ping(SOURCE, TARGET).status is MentionStatus.APPROVED
    assert refusal(receiver, "https://a.example/none").code == FaultCode.SOURCE_NOT_FOUND
    assert refusal(receiver, SOURCE, TARGET + "/other").code == FaultCode.NO_LINK


def test_so_many_of_a_host_wait_and_one_more_is_50(make: MakeReceiver, store: Store, pages: Pages) -> None:
    receiver = make(answer_within=0.0)
    for number in range(50):
        assert receiver.ping(f"https://a.example/{number}", TARGET).status is MentionStatus.PENDING
    fault = refusal(receiver)
    assert (fault.code, fault.retry_after) == (FaultCode.UPSTREAM_ERROR, 60.0)
    assert store.mentions.find(SOURCE, TARGET) is None
    assert receiver.ping("https://b.example/", TARGET).status is MentionStatus.PENDING


def test_so_many_wait_in_all(make: MakeReceiver, store: Store, pages: Pages) -> None:
    receiver = make(answer_within=0.0)
    for number in range(1000):
        receiver.ping(f"https://{number}.example/", TARGET)
    assert refusal(receiver).code == FaultCode.UPSTREAM_ERROR
    finish(receiver)
    assert receiver.ping(SOURCE, TARGET).status is MentionStatus.PENDING  # dead sources shut out no living one


@pytest.mark.parametrize("answer_within", [None, PATIENCE])
def test_where_so_many_wait_a_source_that_is_there_waits_for_none_of_them(
    make: MakeReceiver, store: Store, pages: Pages, answer_within: float | None
) -> None:
    receiver = make(answer_within=answer_within, queued=[Protocol.WEBMENTION], threads=False)
    ping = partial(receiver.ping, target=TARGET, protocol=Protocol.WEBMENTION)
    for number in range(100):
        ping(f"https://{number}.example/")
    assert pages.asked == []
    assert ping(SOURCE).status is MentionStatus.APPROVED
    with pytest.raises(Fault) as refused:
        ping("https://silent.example/")
    assert (refused.value.code, len(pages.asked)) == (FaultCode.SOURCE_NOT_FOUND, 2)
    assert len([*store.mentions.list()]) == 101


@pytest.mark.parametrize("answer_within", [pytest.param(None, id="inline"), pytest.param(0.0, id="background")])
def test_resume_finishes_what_a_crash_left(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, answer_within: float | None
) -> None:
    for number in range(6):
        store.mentions.keep(
            Mention(
                source=f"https://a.example/{number}",
                target=TARGET,
                protocol=Protocol.PINGBACK,
                status=MentionStatus.PENDING,
                received=clock.instant,
            )
        )
        pages.web[f"https://a.example/{number}"] = LINKING if number % 2 else NO_LINK
    receiver = make(answer_within=answer_within)
    receiver.run_jobs()
    finish(receiver)
    assert [mention.status.value for mention in store.mentions.list()] == ["rejected", "approved"] * 3
    assert [each for each in store.mentions.list(status=MentionStatus.PENDING) if each.verified is None] == []


def broken(mention: Mention) -> MentionStatus:
    raise ZeroDivisionError


def test_a_bug_of_ours_is_tried_again_and_said_once_with_all_there_is(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = make(answer_within=0.0, decide=broken)
    assert_that_it_ends(receiver, store, pages, clock, caplog)


def test_so_is_one_that_keeps_what_was_found_from_being_kept(
    make: MakeReceiver,
    store: Store,
    pages: Pages,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle = Looks.settle

    def settle_none_that_is_shown(looks: Looks, found: Mention, job: Job, **rest: Any) -> Mention | None:
        if found.status is MentionStatus.APPROVED:
            raise ZeroDivisionError
        return settle(looks, found, job, **rest)

    monkeypatch.setattr(Looks, "settle", settle_none_that_is_shown)
    assert_that_it_ends(make(answer_within=0.0), store, pages, clock, caplog)


def assert_that_it_ends(
    receiver: Receiver, store: Store, pages: Pages, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.ping(SOURCE, TARGET)
    for _ in range(60):
        finish(receiver)
        clock.pass_by(hours=1)
    [mention] = store.mentions.list()
    assert (mention.status, mention.fault) == (MentionStatus.REJECTED, FaultCode.INTERNAL_ERROR)
    assert caplog.text.count("Traceback") == 1
    tried = len(pages.asked)
    assert tried > 3
    finish(receiver)
    assert len(pages.asked) == tried


def test_what_was_mended_meanwhile_is_taken(make: MakeReceiver, store: Store, clock: Clock) -> None:
    receiver = make(answer_within=0.0, decide=broken)
    receiver.ping(SOURCE, TARGET)
    finish(receiver)
    clock.pass_by(minutes=1)
    make().run_jobs()
    assert [mention.status for mention in store.mentions.list()] == [MentionStatus.APPROVED]


@pytest.mark.parametrize("decision", [MentionStatus.APPROVED, MentionStatus.SPAM, MentionStatus.DELETED])
def test_what_the_owner_decides_meanwhile_stands(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, decision: MentionStatus
) -> None:
    """While somebody looks, which is when the decider is asked; what they found is found again where it matters."""

    def decide(mention: Mention) -> MentionStatus:
        store.moderation.decide([1], decision)
        return MentionStatus.PENDING

    receiver = make(answer_within=0.0, decide=decide)
    receiver.ping(SOURCE, TARGET)
    finish(receiver)
    assert [mention.status for mention in store.mentions.list()] == [decision]
    assert len(pages.asked) == (2 if decision is MentionStatus.APPROVED else 1)


def test_approved_between_two_tries_it_is_looked_at_at_once(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    pages.web[SOURCE] = Page(status=503)
    receiver = make(answer_within=0.0, decide=lambda _: MentionStatus.SPAM)
    receiver.ping(SOURCE, TARGET)
    finish(receiver)
    pages.web[SOURCE] = LINKING
    store.moderation.decide([1], MentionStatus.APPROVED)
    clock.pass_by(seconds=0)
    finish(receiver)
    assert [mention.status for mention in store.mentions.list()] == [MentionStatus.APPROVED]


def test_what_was_forgotten_ends(store: Store, make: MakeReceiver, pages: Pages, clock: Clock) -> None:
    receiver = make(answer_within=0.0)
    receiver.ping(SOURCE, TARGET)
    with store._database.write() as tx:  # as retention does
        tx.execute("DELETE FROM pingback_mentions")
    assert (receiver.run_jobs(), pages.asked, receiver.run_jobs()) == (1, [], 0)


@pytest.mark.parametrize(
    "status", [pytest.param(MentionStatus.PENDING, id="waiting"), pytest.param(MentionStatus.APPROVED, id="overdue")]
)
def test_what_cannot_be_read_is_put_off_and_counts_for_nothing(
    store: Store, make: MakeReceiver, pages: Pages, clock: Clock, status: MentionStatus
) -> None:
    receiver = make(answer_within=0.0)
    receiver.ping(SOURCE, TARGET)
    if status is MentionStatus.APPROVED:
        finish(receiver)
        clock.pass_by(days=31)
    with store._database.write() as tx:
        tx.execute("UPDATE pingback_mentions SET kind = 'of a later version'")
    pages.asked.clear()
    again = [receiver.reverify(after=timedelta(days=30), most=4) + receiver.run_jobs() for _ in range(3)]
    assert (again, pages.asked) == ([0, 0, 0], [])
    with store._database.write() as tx:
        tx.execute("UPDATE pingback_mentions SET kind = 'mention-of'")
    clock.pass_by(days=1)
    assert (receiver.run_jobs(), len(pages.asked)) == (1, 1)


def test_what_is_of_no_site_any_more_ends_without_a_word(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    make(answer_within=0.0).ping(SOURCE, TARGET)
    [waiting] = store.mentions.list()
    other = make(site="https://other.example")
    assert other.run_jobs() == 0
    assert store.jobs.next_due([JobKind.VERIFY], now=clock()) == clock() + timedelta(days=1)
    clock.pass_by(days=3)
    assert other.run_jobs() == 0
    assert store.jobs.next_due([JobKind.VERIFY], now=clock()) is None
    assert [*store.mentions.list()] == [waiting]
    assert (pages.asked, caplog.records) == ([], [])


def test_a_site_that_looks_now_and_then_finds_what_others_put_off(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    pages.web[SOURCE] = Page(status=503)
    mine, other = make(answer_within=0.0), make(site="https://other.example")
    mine.ping(SOURCE, TARGET)
    for tried in (1, 2):
        assert (other.run_jobs(), mine.run_jobs(), len(pages.asked)) == (0, 1, tried)
        clock.pass_by(hours=1)
    clock.pass_by(hours=1)  # the second wait is an hour and a quarter at most
    [job] = store.jobs.lease([JobKind.VERIFY], worker_id="a test", now=clock(), lease=timedelta(1), limit=1, per_host=1)
    assert job.attempts == 2


def test_a_look_that_was_asked_for_at_another_site_is_not_lost(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make()
    receiver.ping(SOURCE, TARGET)
    clock.pass_by(days=31)
    assert receiver.verifier.add_overdue(after=timedelta(days=30), most=4) == 1
    pages.asked.clear()
    other = make(site="https://other.example")
    assert [other.run_jobs(), other.reverify(after=timedelta(days=30), most=4)] == [0, 0]
    assert store.jobs.next_due([JobKind.REVERIFY], now=clock()) == clock() + timedelta(days=1)
    assert pages.asked == []
    assert (receiver.run_jobs(), len(pages.asked)) == (1, 1)


def test_what_is_pending_for_another_site_is_left_to_it(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    waiting = Mention(
        source=SOURCE, target=TARGET, protocol=Protocol.PINGBACK, status=MentionStatus.PENDING, received=clock.instant
    )
    waiting, _ = store.mentions.keep(waiting)
    make(site="https://other.example").run_jobs()
    assert [*store.mentions.list()] == [waiting]
    assert pages.asked == []


@pytest.mark.parametrize("block", [pytest.param((), id="by-the-owner"), pytest.param(["a.example"], id="by-setting")])
def test_what_was_blocked_while_it_waited_is_not_asked_for(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, block: Collection[str]
) -> None:
    waiting = Mention(
        source=SOURCE, target=TARGET, protocol=Protocol.PINGBACK, status=MentionStatus.PENDING, received=clock.instant
    )
    store.mentions.keep(waiting)
    if not block:
        store.blocks.add("a.example", host="a.example")
    make(block=block).run_jobs()
    [mention] = store.mentions.list()
    assert (mention.status, mention.fault) == (MentionStatus.REJECTED, FaultCode.ACCESS_DENIED)
    assert pages.asked == []


def test_where_the_store_is_closed_pings_can_be_kept_for_all_we_know(
    store: Store, make: MakeReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    def decide(mention: Mention) -> MentionStatus:
        store.close()
        return MentionStatus.APPROVED

    receiver = make(answer_within=0.0, decide=decide)
    receiver.ping(SOURCE, TARGET)
    with pytest.raises(StoreClosed):
        receiver.runner.run()
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said == ["what came of verify 1 is lost"]
