"""`Receiver.reverify`: old mentions are looked at again, few at a time, and withdrawn where their sources are dead."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pingback.errors import FaultCode, FetchError, Unreachable
from pingback.model import Mention, MentionStatus, Protocol
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.deciders.known import known_good
from pingback.receive.moderation import NOT_TRUSTED, hold, in_order
from pingback.store import Store
from tests.receive.conftest import CHANGED, LINKING, NO_LINK, SOURCE, TARGET, MakeReceiver, refusal
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Page, Pages

MONTH = timedelta(days=30)
DEAD = Unreachable(SOURCE, "no such host")


@pytest.fixture
def known(make: MakeReceiver, clock: Clock) -> Receiver:
    """A receiver that took the ping a month ago."""
    receiver: Receiver = make()
    receiver.ping(SOURCE, TARGET)
    clock.pass_by(days=30)
    return receiver


def looked(receiver: Receiver, store: Store, most: int = 4) -> Mention:
    receiver.reverify(after=MONTH, most=most)
    [mention] = store.mentions.list()
    return mention


def test_what_the_source_says_now_is_taken_over(known: Receiver, store: Store, pages: Pages, clock: Clock) -> None:
    pages.web[SOURCE] = CHANGED
    mention = looked(known, store)
    assert (mention.title, mention.verified) == ("A new title", clock.instant)
    looked(known, store)
    assert len(pages.asked) == 2  # for another month


LINKS = '<a href="http://pills.example/">x</a>' * 300
FARM = Page(f'<title>PILLS</title>{LINKS}<p>cheap <a href="{TARGET}">pills</a></p>')
FARM_OF_OLD_WORDS = Page(LINKING.body + LINKS)
SWAPPED = Page(f'<title>PILLS</title><p>cheap <a href="{TARGET}">pills</a></p>')
OLD_TITLE = "A “post” – A"
TYPO = Page(LINKING.body.replace("A “post”", "The “post”").replace("and after", "and what follows"))
REWRITTEN = Page(f'<title>{OLD_TITLE}</title><p>Now I see it <a href="{TARGET}">so</a>.</p>')
BY_ANOTHER = Page(
    f'<title>{OLD_TITLE}</title><p class="h-entry"><a class="p-author h-card" href="https://pills.example/">Ann</a> '
    f'words before <a href="{TARGET}">the link</a> and after</p>'
)
PENDING, APPROVED, SPAM = MentionStatus.PENDING, MentionStatus.APPROVED, MentionStatus.SPAM


@pytest.mark.parametrize(
    ("opinion", "status", "title"),
    [
        pytest.param(MentionStatus.PENDING, PENDING, "PILLS", id="pending"),
        pytest.param(MentionStatus.SPAM, SPAM, "PILLS", id="spam"),
        pytest.param(MentionStatus.REJECTED, MentionStatus.DELETED, OLD_TITLE, id="rejected"),
    ],
)
def test_what_has_become_something_else_is_decided_anew(
    known: Receiver,
    make: MakeReceiver,
    store: Store,
    pages: Pages,
    clock: Clock,
    opinion: MentionStatus,
    status: MentionStatus,
    title: str,
) -> None:
    """Nobody gets a page approved and then writes what they like in it."""
    pages.web[SOURCE] = SWAPPED
    mention = looked(make(decide=lambda _: opinion), store)
    assert (mention.status, mention.title, mention.verified) == (status, title, clock.instant)


@pytest.mark.parametrize("others", [False, True], ids=["alone", "another-page-approved"])
@pytest.mark.parametrize("meanwhile", [None, NO_LINK], ids=["at-once", "withdrawn-meanwhile"])
@pytest.mark.parametrize(
    ("page", "alone", "vouched_for", "title"),
    [
        pytest.param(LINKING, APPROVED, APPROVED, OLD_TITLE, id="as-it-was"),
        pytest.param(TYPO, APPROVED, APPROVED, "The “post” – A", id="a-typo-mended"),
        pytest.param(REWRITTEN, APPROVED, APPROVED, OLD_TITLE, id="rewritten-under-its-title"),
        pytest.param(FARM, PENDING, PENDING, "PILLS", id="a-link-farm"),
        pytest.param(FARM_OF_OLD_WORDS, APPROVED, APPROVED, OLD_TITLE, id="nothing-new-is-shown"),
        pytest.param(Page(TYPO.body + LINKS), PENDING, PENDING, "The “post” – A", id="a-typo-and-a-link-farm"),
        pytest.param(SWAPPED, PENDING, APPROVED, "PILLS", id="other-words"),
        pytest.param(BY_ANOTHER, PENDING, PENDING, OLD_TITLE, id="an-author-elsewhere"),
        pytest.param(replace(LINKING, url="https://c.example/"), APPROVED, APPROVED, OLD_TITLE, id="moved-elsewhere"),
        pytest.param(replace(TYPO, url="https://c.example/"), PENDING, PENDING, "The “post” – A", id="led-elsewhere"),
        pytest.param(replace(TYPO, url=f"{SOURCE}?2"), APPROVED, APPROVED, "The “post” – A", id="led-about-at-home"),
    ],
)
def test_an_approval_is_no_trust_in_what_the_page_becomes(
    make: MakeReceiver,
    store: Store,
    pages: Pages,
    clock: Clock,
    page: Page,
    alone: MentionStatus,
    vouched_for: MentionStatus,
    title: str,
    meanwhile: Page | None,
    others: bool,
) -> None:
    receiver = make(decide=in_order([known_good(store.mentions, relays=()), suspicious], last=hold))
    kept = [receiver.ping(SOURCE, TARGET)]
    if others:
        pages.web[f"{SOURCE}-2"] = LINKING
        kept.append(receiver.ping(f"{SOURCE}-2", TARGET))
    store.moderation.decide([mention.id or 0 for mention in kept], APPROVED)
    for becomes in filter(None, (meanwhile, page)):
        pages.web[SOURCE] = becomes
        clock.pass_by(hours=2)
        assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    mention = store.mentions.find(SOURCE, TARGET)
    assert mention is not None
    status = vouched_for if others else alone
    assert (mention.status, mention.title, mention.verified) == (status, title, clock.instant)
    assert mention.decision is (None if status is PENDING else APPROVED)
    assert (mention.reason or "").startswith("changed since it was approved; ") is (status is PENDING)


def test_what_waits_has_the_reason_that_it_has_now(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    pages.web[SOURCE] = FARM
    receiver = make(decide=in_order([suspicious], last=hold))
    assert receiver.ping(SOURCE, TARGET).reason == "suspicious: the page has little but links"
    pages.web[SOURCE] = LINKING
    clock.pass_by(hours=2)
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    mention = store.mentions.find(SOURCE, TARGET)
    assert mention is not None
    assert (mention.status, mention.reason) == (PENDING, NOT_TRUSTED)


def test_what_waits_waits_for_the_owner_and_says_what_became_of_its_reason(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    """Nobody would be told that it is shown by now; and a page that somebody looks at again may be another one."""
    receiver = make(decide=in_order([known_good(store.mentions, relays=())], last=hold))
    pages.web[f"{SOURCE}-2"] = LINKING
    assert [receiver.ping(source, TARGET).reason for source in (SOURCE, f"{SOURCE}-2")] == [NOT_TRUSTED] * 2
    store.moderation.decide([2], APPROVED)
    clock.pass_by(hours=2)
    refusal(receiver)
    mention = store.mentions.find(SOURCE, TARGET)
    assert mention is not None
    assert (mention.status, mention.reason) == (PENDING, "it would be approved if it came now")


def test_an_approval_does_not_pass_from_one_name_to_another_by_way_of_none(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make(decide=hold)
    pages.web[SOURCE] = by("Ann")
    approved = receiver.ping(SOURCE, TARGET)
    store.moderation.decide([approved.id], APPROVED)  # type: ignore[list-item]  # it was kept
    for name in (None, "Bob"):
        pages.web[SOURCE] = by(name)
        clock.pass_by(hours=2)
        refusal(receiver)
    mention = store.mentions.find(SOURCE, TARGET)
    assert mention is not None
    assert (mention.status, mention.reason) == (PENDING, "changed since it was approved; " + NOT_TRUSTED)


def by(name: str | None) -> Page:
    author = f'<a class="p-author h-card" href="/">{name}</a>' if name else ""
    return Page(
        f'<title>A post</title><main class="h-entry">{author}<p class="e-content">Go and read '
        f'<a href="{TARGET}">part five</a>, all of you.</p></main>'
    )


def test_what_waits_again_does_not_come_back_by_leaving(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make(decide=in_order([known_good(store.mentions, relays=()), suspicious], last=hold))
    store.moderation.decide([receiver.ping(SOURCE, TARGET).id or 0], APPROVED)
    seen = []
    for becomes in (SWAPPED, NO_LINK, SWAPPED, LINKING):
        pages.web[SOURCE] = becomes
        clock.pass_by(hours=2)
        refusal(receiver)
        seen += [mention.status for mention in store.mentions.list()]
    assert seen == [PENDING, MentionStatus.DELETED, PENDING, PENDING]


def test_nor_is_it_where_the_page_names_another_target(make: MakeReceiver, store: Store, pages: Pages) -> None:
    receiver = make(decide=in_order([known_good(store.mentions, relays=()), suspicious], last=hold))
    store.moderation.decide([receiver.ping(SOURCE, TARGET).id or 0], MentionStatus.APPROVED)
    pages.web[SOURCE] = Page(SWAPPED.body.replace(TARGET, f"{TARGET}0"))
    assert receiver.ping(SOURCE, f"{TARGET}0").status is MentionStatus.PENDING


@pytest.mark.parametrize("answer", [NO_LINK, Page(status=404), Page(status=410)], ids=["no-link", "404", "410"])
def test_what_is_gone_is_withdrawn_at_once(known: Receiver, store: Store, pages: Pages, answer: Page) -> None:
    pages.web[SOURCE] = answer
    assert looked(known, store).status is MentionStatus.DELETED


@pytest.mark.parametrize("answer", [DEAD, Page(status=500)], ids=["unreachable", "500"])
def test_what_fails_is_withdrawn_on_the_third_of_several_days(
    known: Receiver, store: Store, pages: Pages, clock: Clock, answer: Page | FetchError
) -> None:
    pages.web[SOURCE] = answer
    seen = []
    for _ in range(8):
        seen.append(looked(known, store).status)
        clock.pass_by(days=1)
    assert seen == [MentionStatus.APPROVED] * 6 + [MentionStatus.DELETED] * 2
    assert len(pages.asked) == 1 + 3


def test_few_at_a_time_and_each_once(make: MakeReceiver, store: Store, pages: Pages, clock: Clock) -> None:
    receiver = make()
    for number in range(5):
        pages.web[f"{SOURCE}{number}"] = pages.web[SOURCE]
        receiver.ping(f"{SOURCE}{number}", TARGET)
        clock.pass_by(seconds=1)
    clock.pass_by(days=30)
    for _ in range(4):
        receiver.reverify(after=MONTH, most=2)
    assert [url for url, _ in pages.asked[5:]] == [f"{SOURCE}{number}" for number in range(5)]


def test_two_processes_share_the_work(
    known: Receiver, make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    looked(known, store)
    looked(make(), store)
    assert len(pages.asked) == 2


def test_the_source_is_told_on_nobody_s_behalf(known: Receiver, store: Store, pages: Pages) -> None:
    looked(known, store)
    _, headers = pages.asked[-1]
    assert "X-Pingback-Forwarded-For" not in headers
    assert headers["User-Agent"].endswith("verifying pingback")


def test_a_shorter_time_than_that_between_failures(known: Receiver, store: Store, pages: Pages, clock: Clock) -> None:
    known.reverify(after=timedelta(days=1), most=1)
    clock.pass_by(days=1)
    known.reverify(after=timedelta(days=1), most=1)
    assert len(pages.asked) == 3


def test_a_trackback_that_was_never_verified_is_left_alone(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make(verify_trackbacks=False)
    receiver.ping(SOURCE, TARGET, protocol=Protocol.TRACKBACK)
    clock.pass_by(days=400)
    assert looked(receiver, store).status is MentionStatus.PENDING
    assert pages.asked == []
