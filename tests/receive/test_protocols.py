"""`pingback.receive.receiver` over the three protocols: one path, one mention for a pair, and what they choose."""

from threading import Event

import pytest

from pingback.errors import FaultCode
from pingback.model import Mention, MentionKind, MentionStatus, Protocol, Words
from pingback.protocols.table import EVERY
from pingback.store import Store
from pingback.store.keys import pair_of
from tests.receive.conftest import (
    CHANGED,
    LINKING,
    NO_LINK,
    SITE,
    SOURCE,
    TARGET,
    MakeReceiver,
    ask_for_all_it_can,
    finish,
    refusal,
)
from tests.receive.lax import Receiver
from tests.receive.pages import PATIENCE, Clock, Page, Pages

WORDS = Words(title="Said", excerpt="by the sender", site_name="Somewhere")
PINGBACK, TRACKBACK, WEBMENTION = Protocol.PINGBACK, Protocol.TRACKBACK, Protocol.WEBMENTION


@pytest.mark.parametrize("protocol", EVERY)
def test_any_protocol_is_verified_and_kept_under_its_name(
    make: MakeReceiver, store: Store, pages: Pages, protocol: Protocol
) -> None:
    mention = make().ping(SOURCE, TARGET, protocol=protocol, words=WORDS)
    assert (mention.protocol, mention.status) == (protocol, MentionStatus.APPROVED)
    assert (mention.title, mention.excerpt, mention.site_name) == (
        "A “post” – A",
        "words before the link and after",
        None,
    )
    assert pages.asked[0][1]["User-Agent"].endswith(f"verifying {protocol}")
    assert store.mentions.find_pair(pair_of(SOURCE, TARGET)) == mention


@pytest.mark.parametrize("protocol", EVERY)
@pytest.mark.parametrize(
    ("answer", "code"), [pytest.param(NO_LINK, 17, id="17"), pytest.param(Page(status=404), 16, id="16")]
)
def test_any_protocol_proves_nothing_by_itself(
    make: MakeReceiver, store: Store, pages: Pages, protocol: Protocol, answer: Page, code: int
) -> None:
    pages.web[SOURCE] = answer
    assert refusal(make(), protocol=protocol, words=WORDS).code == code
    assert list(store.mentions.list()) == []


@pytest.mark.parametrize("first", EVERY)
@pytest.mark.parametrize("second", EVERY)
def test_one_pair_is_one_mention_of_the_protocol_that_said_it_first(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, first: Protocol, second: Protocol
) -> None:
    receiver = make()
    receiver.ping(SOURCE, TARGET, protocol=first)
    pages.web[SOURCE] = CHANGED
    assert refusal(receiver, protocol=second).code == FaultCode.ALREADY_REGISTERED
    assert len(pages.asked) == 1
    clock.pass_by(hours=1)
    assert refusal(receiver, protocol=second).code == FaultCode.ALREADY_REGISTERED
    assert [(mention.protocol, mention.title) for mention in store.mentions.list()] == [(first, "A new title")]


TEXT = Page(f"As said in {TARGET}, it is so.", content_type="text/plain")
JSON = Page(f'{{"name": "Six", "about": ["{TARGET}"]}}', content_type="application/json")


@pytest.mark.parametrize(
    ("answer", "title"), [pytest.param(TEXT, None, id="text"), pytest.param(JSON, "Six", id="json")]
)
def test_webmention_3_2_2_sources_of_other_media_types_are_for_webmentions_alone(
    make: MakeReceiver, store: Store, pages: Pages, answer: Page, title: str | None
) -> None:
    pages.web[SOURCE] = answer
    receiver = make()
    for protocol in (PINGBACK, TRACKBACK):
        assert refusal(receiver, protocol=protocol).code == FaultCode.NO_LINK
    mention = receiver.ping(SOURCE, TARGET, protocol=WEBMENTION)
    assert (mention.status, mention.title) == (MentionStatus.APPROVED, title)


def test_a_known_mention_is_looked_at_by_the_rules_of_its_own_protocol(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make()
    pages.web[SOURCE] = TEXT
    receiver.ping(SOURCE, TARGET, protocol=WEBMENTION)
    clock.pass_by(hours=1)
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    assert [mention.status for mention in store.mentions.list()] == [MentionStatus.APPROVED]


@pytest.mark.parametrize("protocol", EVERY)
def test_what_kind_of_mention_it_is_is_kept(make: MakeReceiver, store: Store, pages: Pages, protocol: Protocol) -> None:
    pages.web[SOURCE] = Page(f'<p class="h-entry">I like <a class="u-like-of" href="{TARGET}">this</a>')
    make().ping(SOURCE, TARGET, protocol=protocol)
    assert [mention.kind for mention in store.mentions.list()] == [MentionKind.LIKE]


# Queued


@pytest.mark.parametrize("answer_within", [pytest.param(None, id="inline"), pytest.param(PATIENCE, id="in-time")])
def test_what_is_queued_waits_for_no_source_and_all_else_does(
    make: MakeReceiver, store: Store, pages: Pages, answer_within: float | None
) -> None:
    pages.web["https://a.example/other"] = LINKING
    receiver = make(queued=[WEBMENTION], answer_within=answer_within)
    assert [protocol for protocol in EVERY if receiver.queues(protocol)] == [WEBMENTION]
    assert receiver.ping(SOURCE, TARGET).status is MentionStatus.APPROVED
    pending = receiver.ping("https://a.example/other", TARGET, protocol=WEBMENTION)
    assert (pending.status, pending.verified) == (MentionStatus.PENDING, None)
    finish(receiver)
    assert [(mention.protocol, mention.status) for mention in store.mentions.list()] == [
        (PINGBACK, MentionStatus.APPROVED),
        (WEBMENTION, MentionStatus.APPROVED),
    ]


def test_a_queued_ping_is_pending_even_if_its_source_was_quick(make: MakeReceiver) -> None:
    receiver = make(queued=[WEBMENTION], answer_within=PATIENCE)
    assert receiver.ping(SOURCE, TARGET, protocol=WEBMENTION).verified is None


def test_webmention_3_2_1_a_target_that_does_not_exist_is_refused_at_once(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    receiver = make(queued=EVERY, target_exists=lambda target: False)
    assert refusal(receiver, protocol=WEBMENTION).code == FaultCode.TARGET_NOT_FOUND
    assert (list(store.mentions.list()), pages.asked) == ([], [])


def test_a_known_ping_of_a_queued_protocol_is_verified_anew_afterwards(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make(queued=[WEBMENTION])
    receiver.ping(SOURCE, TARGET)
    pages.web[SOURCE] = NO_LINK
    clock.pass_by(hours=1)
    assert refusal(receiver, protocol=WEBMENTION).code == FaultCode.ALREADY_REGISTERED
    assert [mention.status for mention in store.mentions.list()] == [MentionStatus.APPROVED]
    finish(receiver)
    assert [mention.status for mention in store.mentions.list()] == [MentionStatus.DELETED]


def test_equal_pings_of_two_protocols_at_once_are_judged_each_by_its_own_rules(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    receiver = make(queued=[WEBMENTION], answer_within=0.0)
    receiver.ping(SOURCE, TARGET, protocol=WEBMENTION)
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    finish(receiver)
    assert [mention.protocol for mention in store.mentions.list()] == [WEBMENTION]


# TrackBacks that are not verified


@pytest.fixture(params=[pytest.param(None, id="inline"), pytest.param(PATIENCE, id="background")])
def trusting(request: pytest.FixtureRequest, make: MakeReceiver) -> Receiver:
    receiver: Receiver = make(verify_trackbacks=False, answer_within=request.param)
    return receiver


def test_unverified_it_is_pending_with_the_senders_words(
    trusting: Receiver, make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    mention = trusting.ping(SOURCE, TARGET, protocol=TRACKBACK, words=WORDS)
    assert mention == Mention(
        id=mention.id,
        source=SOURCE,
        target=TARGET,
        protocol=TRACKBACK,
        status=MentionStatus.PENDING,
        title="Said",
        excerpt="by the sender",
        site_name="Somewhere",
        received=clock.instant,
    )
    clock.pass_by(hours=2)
    assert refusal(trusting, protocol=TRACKBACK).code == FaultCode.ALREADY_REGISTERED
    trusting.run_jobs()
    trusting.close()
    assert (list(store.mentions.list()), pages.asked) == ([mention], [])


def test_unverified_without_words(trusting: Receiver) -> None:
    mention = trusting.ping(SOURCE, TARGET, protocol=TRACKBACK)
    assert (mention.title, mention.excerpt, mention.site_name) == (None, None, None)


def test_its_word_sends_us_nowhere_about_what_another_protocol_proved(
    trusting: Receiver, store: Store, pages: Pages, clock: Clock
) -> None:
    mention = trusting.ping(SOURCE, TARGET)
    clock.pass_by(hours=2)
    assert refusal(trusting, protocol=TRACKBACK, words=WORDS).code == FaultCode.ALREADY_REGISTERED
    assert (list(store.mentions.list()), len(pages.asked)) == ([mention], 1)


@pytest.mark.parametrize("protocol", [PINGBACK, WEBMENTION])
@pytest.mark.parametrize(
    ("answer", "status", "title", "fault"),
    [
        pytest.param(LINKING, MentionStatus.APPROVED, "A “post” – A", None, id="it-links"),
        pytest.param(NO_LINK, MentionStatus.REJECTED, "Said", 17, id="it-does-not"),
    ],
)
def test_another_protocol_verifies_it(
    trusting: Receiver,
    store: Store,
    pages: Pages,
    protocol: Protocol,
    answer: Page,
    status: MentionStatus,
    title: str,
    fault: int | None,
) -> None:
    trusting.ping(SOURCE, TARGET, protocol=TRACKBACK, words=WORDS)
    pages.web[SOURCE] = answer
    assert refusal(trusting, protocol=protocol).code == FaultCode.ALREADY_REGISTERED
    finish(trusting)
    [mention] = store.mentions.list()
    assert (mention.protocol, mention.status, mention.title, mention.fault) == (TRACKBACK, status, title, fault)
    assert len(pages.asked) == 1


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        pytest.param("/post", TARGET, 16, id="16-relative-source"),
        pytest.param(SOURCE, "https://other.example/", 33, id="33-another-site"),
        pytest.param(TARGET, TARGET, 33, id="33-source-is-target"),
        pytest.param(SOURCE, "https://my.example/blog/nowhere", 32, id="32-not-there"),
    ],
)
def test_unverified_it_still_needs_a_target(
    make: MakeReceiver, store: Store, source: str, target: str, code: int
) -> None:
    receiver = make(verify_trackbacks=False, target_exists=lambda target: target == TARGET)
    assert refusal(receiver, source, target, protocol=TRACKBACK).code == code
    assert list(store.mentions.list()) == []


def test_unverified_it_is_not_kept_while_nobody_has_time_for_its_target(make: MakeReceiver, store: Store) -> None:
    gate = Event()
    receiver = make(verify_trackbacks=False, answer_within=PATIENCE, target_exists=lambda _: gate.wait(PATIENCE))
    ask_for_all_it_can(receiver)
    fault = refusal(receiver, protocol=TRACKBACK)
    gate.set()
    assert (fault.code, fault.retry_after) == (FaultCode.UPSTREAM_ERROR, 60.0)
    assert list(store.mentions.list()) == []


def test_where_they_are_verified_again_resume_asks_their_sources(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    make(verify_trackbacks=False).ping(SOURCE, TARGET, protocol=TRACKBACK, words=WORDS)
    make().run_jobs()
    assert [(mention.status, mention.title) for mention in store.mentions.list()] == [
        (MentionStatus.APPROVED, "A “post” – A")
    ]


# What the surfaces ask


def test_the_approved_mentions_of_a_target(make: MakeReceiver, pages: Pages, clock: Clock) -> None:
    receiver = make()
    sources = ["https://c.example/", "https://a.example/", "https://b.example/"]
    for source, protocol in zip(sources, EVERY, strict=True):
        pages.web[source] = LINKING
        receiver.ping(source, TARGET, protocol=protocol)
        clock.pass_by(seconds=1)
    make(decide=lambda _: MentionStatus.SPAM).ping(SOURCE, TARGET)
    assert [mention.source for mention in receiver.approved_of(TARGET)] == sources
    assert [mention.source for mention in receiver.approved_of(TARGET, most=2)] == sources[1:]
    assert receiver.pingbacks_of(TARGET) == sources


def test_a_pair_that_nobody_named(make: MakeReceiver) -> None:
    assert make().find_pair(pair_of(SOURCE, TARGET)) is None


def test_a_target_by_its_address(make: MakeReceiver) -> None:
    assert make().target_at("/blog/part-5", asked_at=SITE) == TARGET
