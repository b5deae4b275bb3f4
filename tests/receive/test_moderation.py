"""`pingback.receive.moderation`: blocks before all else, then the deciders in order; and the owner before them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pingback.errors import Fault, FaultCode
from pingback.model import RELAYS, Author, Mention, MentionKind, MentionStatus, Opinion, Protocol, Verification, Words
from pingback.protocols.table import EVERY
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.deciders.known import known_good
from pingback.receive.moderation import (
    Decide,
    Decider,
    Moderator,
    approve,
    hold,
    in_order,
    with_page,
    with_words,
    withdrawn,
)
from pingback.store import Store
from tests.receive.conftest import LINKING, NO_LINK, SOURCE, TARGET, MakeReceiver, finish, refusal
from tests.receive.deciders.mentions import ARRIVED, arrived, status_of
from tests.receive.pages import Clock, Page, Pages

PENDING, APPROVED, SPAM = MentionStatus.PENDING, MentionStatus.APPROVED, MentionStatus.SPAM
REJECTED, DELETED = MentionStatus.REJECTED, MentionStatus.DELETED

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
MENTION = Mention(
    id=7,
    source="https://a.example/6",
    target="https://my.example/5",
    protocol=Protocol.TRACKBACK,
    status=MentionStatus.PENDING,
    title="Said",
    excerpt="by the sender",
    received=datetime(2026, 1, 1, tzinfo=UTC),
    fault=17,
)


def says(opinion: MentionStatus | None) -> Decider:
    """A decider of one opinion."""
    return lambda mention: opinion


@pytest.mark.parametrize(
    ("opinions", "last", "status"),
    [
        pytest.param([], approve, APPROVED, id="only-the-policy-all"),
        pytest.param([], hold, PENDING, id="only-the-policy-known"),
        pytest.param([None, None], hold, PENDING, id="no-opinion"),
        pytest.param([None, SPAM, APPROVED], hold, SPAM, id="the-first-one-counts"),
        pytest.param([APPROVED, SPAM], hold, APPROVED, id="known-good-before-all-suspicion"),
    ],
)
def test_in_order(opinions: list[MentionStatus | None], last: Decide, status: MentionStatus) -> None:
    assert status_of(in_order([says(opinion) for opinion in opinions], last=last)(ARRIVED)) is status


# Blocks


def test_a_block_that_is_none_is_a_callers_mistake(make: MakeReceiver) -> None:
    with pytest.raises(ValueError, match="HOST/PATH"):
        make(block=["/path"])


def test_nobody_asks_for_a_blocked_page(make: MakeReceiver, store: Store, pages: Pages) -> None:
    store.blocks.add("a.example", host="a.example")
    fault = refusal(make())
    assert (fault.code, fault.message) == (FaultCode.ACCESS_DENIED, "this site does not take the ping")
    assert refusal(make(block=["*.example"]), "https://b.example/").code == FaultCode.ACCESS_DENIED
    assert pages.asked == []
    store.blocks.remove("a.example")
    assert make().ping(SOURCE, TARGET).status is APPROVED


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"protocol": Protocol.WEBMENTION}, id="webmention"),
        pytest.param({"protocol": Protocol.TRACKBACK, "words": Words(title="Buy")}, id="trackback"),
    ],
)
def test_blocks_hold_before_anything_is_kept(make: MakeReceiver, store: Store, options: dict[str, Any]) -> None:
    receiver = make(block=["a.example"], queued=EVERY, verify_trackbacks=False)
    assert refusal(receiver, **options).code == FaultCode.ACCESS_DENIED
    assert list(store.mentions.list()) == []


def test_a_known_mention_of_a_blocked_host_stays_and_is_not_looked_at(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make()
    kept = receiver.ping(SOURCE, TARGET)
    store.blocks.add("a.example", host="a.example")
    clock.pass_by(hours=2)
    assert refusal(receiver).code == FaultCode.ACCESS_DENIED
    assert len(pages.asked) == 1
    assert list(store.mentions.list()) == [kept]


def test_who_is_blocked_while_a_ping_waits_is_not_asked_any_more(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    store.mentions.keep(replace(ARRIVED, source=SOURCE, target=TARGET))
    store.blocks.add("a.example", host="a.example")
    make().run_jobs()
    assert pages.asked == []
    assert [(mention.status, mention.fault) for mention in store.mentions.list()] == [(REJECTED, 49)]


@pytest.mark.parametrize("block", ["spam.example", "*.example"])
def test_a_redirect_leads_past_no_block(store: Store, block: str) -> None:
    moderator = Moderator(store.blocks, decide=approve, block=[block])
    with pytest.raises(Fault) as refused:
        moderator.decided(arrived("https://short.test/x", came_from="https://spam.example/"))
    assert refused.value.code == FaultCode.ACCESS_DENIED


# What deciders are told


def test_deciders_see_the_page_and_the_sender(make: MakeReceiver) -> None:
    seen: list[Mention] = []

    def decide(mention: Mention) -> MentionStatus:
        seen.append(mention)
        return SPAM

    make(decide=decide).ping(SOURCE, TARGET, client_ip="::ffff:198.51.100.7")
    [mention] = seen
    assert mention.sighting is not None
    assert (mention.client_ip, mention.sighting.url) == ("198.51.100.7", SOURCE)
    assert (mention.sighting.size, mention.sighting.outbound) == (len(LINKING.body.encode()), 1)


def test_the_sender_is_remembered_and_shown_to_nobody(make: MakeReceiver, store: Store, clock: Clock) -> None:
    receiver = make()
    receiver.ping(SOURCE, TARGET, client_ip="198.51.100.7")
    clock.pass_by(hours=2)
    assert refusal(receiver, client_ip="203.0.113.9").code == FaultCode.ALREADY_REGISTERED
    [mention] = store.mentions.list()
    assert mention.client_ip == "198.51.100.7"
    assert "198.51.100.7" not in str(mention.as_json())


# Why it waits


@pytest.mark.parametrize(
    ("decide", "page", "reason"),
    [
        pytest.param(hold, LINKING, "its author is not trusted yet", id="the-policy"),
        pytest.param(
            in_order([suspicious], last=approve),
            Page(f'<a href="{TARGET}">x</a>'),
            "suspicious: the page has no title",
            id="the-heuristics",
        ),
        pytest.param(
            lambda _: Opinion(status=PENDING, reason="on Sundays"), LINKING, "on Sundays", id="the-host's-own"
        ),
        pytest.param(lambda _: PENDING, LINKING, None, id="the-host-s-own-without-a-reason"),
        pytest.param(lambda _: Opinion(status=SPAM, reason="a shop"), LINKING, None, id="spam-does-not-wait"),
        pytest.param(approve, LINKING, None, id="approved"),
    ],
)
def test_why_it_waits(
    make: MakeReceiver, store: Store, pages: Pages, decide: Decide, page: Page, reason: str | None
) -> None:
    pages.web[SOURCE] = page
    assert make(decide=decide).ping(SOURCE, TARGET).reason == reason
    assert [mention.as_json()["reason"] for mention in store.mentions.list()] == [reason]


def test_until_it_is_verified_that_is_the_reason(make: MakeReceiver, store: Store, pages: Pages) -> None:
    receiver = make(decide=hold, answer_within=0.0)
    assert receiver.ping(SOURCE, TARGET).reason == "not verified yet"
    finish(receiver)
    assert [mention.reason for mention in store.mentions.list()] == ["its author is not trusted yet"]


@pytest.mark.parametrize("decided", [APPROVED, SPAM, DELETED])
def test_the_owner_s_decision_ends_it(make: MakeReceiver, store: Store, decided: MentionStatus) -> None:
    mention = make(decide=hold).ping(SOURCE, TARGET)
    [after] = store.moderation.decide([mention.id or 0], decided)
    assert (after.reason, after.held_for) == (None, None)


def test_a_trackback_that_nobody_verifies_says_so(make: MakeReceiver, store: Store) -> None:
    receiver = make(verify_trackbacks=False, decide=hold)
    mention = receiver.ping(SOURCE, TARGET, protocol=Protocol.TRACKBACK, words=Words(title="A title"))
    assert mention.reason == "kept on the word of its sender, and not verified"
    [approved] = store.moderation.decide([mention.id or 0], APPROVED)
    assert (approved.status, approved.held_for) == (APPROVED, None)


# The owner


@pytest.mark.parametrize("decided", [APPROVED, SPAM, DELETED])
def test_a_ping_anew_takes_no_decision_back(
    make: MakeReceiver, store: Store, clock: Clock, decided: MentionStatus
) -> None:
    receiver = make(decide=hold)
    mention = receiver.ping(SOURCE, TARGET)
    store.moderation.decide([mention.id or 0], decided)
    clock.pass_by(hours=2)
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    assert [mention.status for mention in store.mentions.list()] == [decided]


def test_an_approved_mention_is_withdrawn_with_its_link_and_comes_back_with_it(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make(decide=hold)
    mention = receiver.ping(SOURCE, TARGET)
    store.moderation.decide([mention.id or 0], APPROVED)
    for page, status in ((NO_LINK, DELETED), (LINKING, APPROVED)):
        pages.web[SOURCE] = page
        clock.pass_by(hours=2)
        refusal(receiver)
        assert [mention.status for mention in store.mentions.list()] == [status]


@pytest.mark.parametrize("decided", [APPROVED, SPAM, DELETED])
@pytest.mark.parametrize("policy", [hold, approve])
def test_what_is_decided_while_somebody_looks_is_no_more_in_doubt(
    make: MakeReceiver, store: Store, pages: Pages, decided: MentionStatus, policy: Decide
) -> None:
    receiver = make(decide=policy, answer_within=0.0)
    mention = receiver.ping(SOURCE, TARGET)
    store.moderation.decide([mention.id or 0], decided)
    finish(receiver)
    make(decide=policy).run_jobs()
    title = "A “post” – A" if decided is APPROVED else None
    assert [(mention.status, mention.title) for mention in store.mentions.list()] == [(decided, title)]


@pytest.fixture
def wanted(store: Store) -> Mention:
    """A mention that the owner approved before its turn came."""
    kept, _ = store.mentions.keep(replace(ARRIVED, source=SOURCE, target=TARGET, title=None, excerpt=None))
    [decided] = store.moderation.decide([kept.id or 0], APPROVED)
    return decided


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        pytest.param(LINKING, (APPROVED, None, "A “post” – A"), id="links"),
        pytest.param(NO_LINK, (REJECTED, 17, None), id="no-link"),
        pytest.param(Page(status=404), (REJECTED, 16, None), id="gone"),
    ],
)
@pytest.mark.parametrize("answer_within", [None, 0.0], ids=["inline", "background"])
def test_what_is_approved_unseen_is_verified_and_then_shown(
    make: MakeReceiver,
    store: Store,
    pages: Pages,
    wanted: Mention,
    page: Page,
    seen: tuple[MentionStatus, int | None, str | None],
    answer_within: float | None,
) -> None:
    assert (wanted.status, wanted.verified) == (PENDING, None)
    pages.web[SOURCE] = page
    receiver = make(
        decide=lambda mention: REJECTED, answer_within=answer_within
    )  # nobody is asked: the owner has spoken
    receiver.run_jobs()
    assert [(mention.status, mention.fault, mention.title) for mention in store.mentions.list()] == [seen]


LINKS = '<a href="http://pills.example/">x</a>' * 300


FARM = Page(f'<title>A post</title>{LINKS}<p>words around the <a href="{TARGET}">link</a></p>')


CASINO = Page(f'<title>CASINO</title><p>bonus <a href="{TARGET}">here</a></p>')


ALIKE = Page(f'<title>A post</title><p>words around this <a href="{TARGET}">link</a></p>')


@pytest.mark.parametrize(
    ("words", "page", "status"),
    [
        pytest.param("A post", ALIKE, APPROVED, id="as-the-owner-read-it"),
        pytest.param("A post", CASINO, PENDING, id="other-words"),
        pytest.param("A post", FARM, PENDING, id="a-link-farm"),
        pytest.param(None, CASINO, APPROVED, id="there-was-nothing-to-read"),
        pytest.param(None, FARM, PENDING, id="nothing-to-read-and-a-link-farm"),
        pytest.param(None, Page(f'<a href="{TARGET}">x</a>'), PENDING, id="nothing-to-read-and-no-title"),
        pytest.param(None, replace(CASINO, url="https://c.example/"), PENDING, id="nothing-to-read-and-elsewhere"),
    ],
)
@pytest.mark.parametrize("another", [False, True], ids=["alone", "another-page-approved"])
def test_approved_is_what_the_owner_read(
    make: MakeReceiver,
    store: Store,
    pages: Pages,
    words: str | None,
    page: Page,
    status: MentionStatus,
    another: bool,
) -> None:
    if another:
        store.mentions.keep(replace(ARRIVED, source=f"{SOURCE}-2", target=TARGET, status=APPROVED), home="a.example")
    excerpt = words and "words around the link"
    kept, _ = store.mentions.keep(
        replace(ARRIVED, source=SOURCE, target=TARGET, title=words, excerpt=excerpt, status=APPROVED)
    )
    pages.web[SOURCE] = page
    if words:  # withdrawn since
        store.mentions.update(replace(kept, status=DELETED, fault=17))
    else:
        store.mentions.update(replace(kept, status=REJECTED, fault=16))
    [wanted] = store.moderation.decide([kept.id or 0], APPROVED)
    assert wanted.wanted
    make(decide=in_order([known_good(store.mentions, relays=()), suspicious], last=hold)).run_jobs()
    mention = store.mentions.find(SOURCE, TARGET)
    assert mention is not None
    vouched_for = another and page is CASINO
    assert mention.status is (APPROVED if vouched_for else status)
    assert (mention.verified is not None, mention.wanted) == (True, False)
    if mention.status is PENDING:
        assert mention.reason is not None
        assert mention.reason.startswith("changed since it was approved; ") is (words is not None)


def test_not_even_the_owner_s_approval_leads_past_a_block(
    make: MakeReceiver, store: Store, pages: Pages, wanted: Mention
) -> None:
    pages.web[SOURCE] = replace(LINKING, url="https://spam.example/")
    make(block=["spam.example"]).run_jobs()
    assert [(mention.status, mention.fault) for mention in store.mentions.list()] == [(REJECTED, 49)]


def test_a_ping_of_what_is_wanted_verifies_it(make: MakeReceiver, store: Store, wanted: Mention, clock: Clock) -> None:
    clock.pass_by(hours=2)
    assert refusal(make(decide=hold)).code == FaultCode.ALREADY_REGISTERED
    assert [mention.status for mention in store.mentions.list()] == [APPROVED]


@pytest.mark.parametrize("answer_within", [pytest.param(None, id="inline"), pytest.param(0.0, id="background")])
def test_what_is_wanted_is_shown_by_the_first_ping_whose_source_is_there(
    make: MakeReceiver, store: Store, pages: Pages, wanted: Mention, answer_within: float | None
) -> None:
    pages.web[SOURCE] = Page(status=503)
    make(decide=hold).run_jobs()
    assert [mention.status for mention in store.mentions.list()] == [REJECTED]
    pages.web[SOURCE] = LINKING
    receiver = make(decide=hold, answer_within=answer_within)
    receiver.ping(SOURCE, TARGET)
    finish(receiver)
    assert [mention.status for mention in store.mentions.list()] == [APPROVED]


def test_of_a_trackback_that_nobody_verifies_the_owner_takes_the_word(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    receiver = make(verify_trackbacks=False)
    mention = receiver.ping(SOURCE, TARGET, protocol=Protocol.TRACKBACK, words=Words(title="A title"))
    [decided] = store.moderation.decide([mention.id or 0], APPROVED)
    receiver.run_jobs()
    assert (decided.status, decided.title, pages.asked) == (APPROVED, "A title", [])


def test_a_wish_of_which_nobody_knew_that_the_word_is_enough_is_carried_out(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    mention = make(verify_trackbacks=False).ping(SOURCE, TARGET, protocol=Protocol.TRACKBACK, words=Words(title="T"))
    store.moderation.on_their_word = ()  # as in another process
    assert [each.wanted for each in store.moderation.decide([mention.id or 0], APPROVED)] == [True]
    make(verify_trackbacks=False).run_jobs()
    assert [(each.status, each.title) for each in store.mentions.list()] == [(APPROVED, "T")]
    assert pages.asked == []


def test_who_hears_of_decisions(store: Store) -> None:
    heard: list[tuple[MentionStatus, int | None, MentionStatus]] = []
    store.moderation.on_decision = lambda before, mention: heard.append((before, mention.id, mention.status))
    kept, _ = store.mentions.keep(replace(ARRIVED, verified=ARRIVED.received))
    store.moderation.decide([kept.id or 0, 99], SPAM)
    store.moderation.decide([kept.id or 0], APPROVED)
    assert heard == [(PENDING, kept.id, SPAM), (SPAM, kept.id, APPROVED)]


def test_what_the_page_says_replaces_all_that_was_said_before() -> None:
    page = Verification(
        source="https://a.example/6",
        target="https://my.example/5",
        linked=True,
        title="Six",
        author=Author(name="Ann"),
        kind=MentionKind.REPLY,
    )
    assert with_page(MENTION, page, NOON) == replace(
        MENTION,
        kind=MentionKind.REPLY,
        title="Six",
        excerpt=None,
        author=Author(name="Ann"),
        verified=NOON,
        fault=None,
    )


def test_what_the_sender_says_verifies_nothing() -> None:
    words = Words(title="T", site_name="S")
    assert with_words(MENTION, words) == replace(MENTION, title="T", excerpt=None, site_name="S")
    assert with_words(MENTION, words).reason == "kept on the word of its sender, and not verified"


@pytest.mark.parametrize("status", [status for status in MentionStatus if status is not MentionStatus.SPAM])
def test_what_is_withdrawn_keeps_its_words(status: MentionStatus) -> None:
    shown = replace(MENTION, status=status)
    assert withdrawn(shown, NOON, 16) == replace(MENTION, status=MentionStatus.DELETED, verified=NOON, fault=16)


def test_spam_stays_spam() -> None:
    spam = replace(MENTION, status=MentionStatus.SPAM)
    assert withdrawn(spam, NOON, 16) == replace(spam, verified=NOON, fault=16)


def test_one_approved_answer_on_a_relay_vouches_for_its_author_alone(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    """As a page says who wrote it, and not as a sender does."""

    def answer(number: int, author: str) -> str:
        source = f"https://brid.gy/comment/mastodon/my.example/1/{number}"
        pages.web[source] = Page(
            f'<div class="h-entry"><a class="u-author h-card" href="https://a.social/@{author}">{author}</a>'
            f'<a class="u-in-reply-to" href="{TARGET}"></a><p class="e-content">I do it otherwise.</p></div>'
        )
        return source

    receiver = make(decide=in_order([known_good(store.mentions, relays=RELAYS)], last=hold))
    approved = receiver.ping(answer(1, "ann"), TARGET)
    store.moderation.decide([approved.id or 0], MentionStatus.APPROVED)
    spam = receiver.ping(answer(2, "bob"), TARGET)
    store.moderation.decide([spam.id or 0], MentionStatus.SPAM)
    found = [receiver.ping(answer(number, name), TARGET) for number, name in ((3, "ann"), (4, "bob"), (5, "cem"))]
    assert [each.status for each in found] == [MentionStatus.APPROVED, MentionStatus.PENDING, MentionStatus.PENDING]
