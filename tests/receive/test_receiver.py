"""`pingback.receive.receiver`: the one path in, and what a sender hears (Pingback 1.0 §3)."""

import logging
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Barrier, Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pingback.errors import Blocked, Fault, FaultCode, FetchError, Unreachable
from pingback.model import Author, Mention, MentionStatus, Protocol
from pingback.receive.background import QUICK
from pingback.receive.limits import Rate
from pingback.store import Store
from pingback.urls import key_of
from tests.paths.programs import wait_until
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


def test_a_verified_ping_becomes_a_mention(make: MakeReceiver, store: Store, clock: Clock) -> None:
    mention = make().ping(SOURCE, TARGET)
    assert mention == Mention(
        id=mention.id,
        source=SOURCE,
        target=TARGET,
        protocol=Protocol.PINGBACK,
        status=MentionStatus.APPROVED,
        title="A “post” – A",
        excerpt="words before the link and after",
        received=clock.instant,
        verified=clock.instant,
    )
    assert store.mentions.find(SOURCE, TARGET) == mention


@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param(f"  {SOURCE}\r\n", f"\n{TARGET} ", id="white-space-around"),
        pytest.param(SOURCE, f"{TARGET}#comments", id="target-with-a-fragment"),
        pytest.param(SOURCE, TARGET.replace("https", "http"), id="target-by-http"),
    ],
)
def test_urls_as_senders_write_them(make: MakeReceiver, source: str, target: str) -> None:
    mention = make().ping(source, target)
    assert (mention.source, mention.target) == (source.strip(), target.strip())


BAD_SOURCES = [
    pytest.param("", None, id="empty"),
    pytest.param("/post", None, id="relative"),
    pytest.param("mailto:a@a.example", None, id="not-http"),
    pytest.param("javascript:alert(1)", None, id="javascript"),
    pytest.param("file:///etc/passwd", None, id="file"),
    pytest.param("http://", None, id="no-host"),
    pytest.param("https://a.example/\0", None, id="nul"),
    pytest.param("https://a.example/\r\nX-Evil: 1", None, id="line-break-inside"),
    pytest.param("https://a.example/\ud800", None, id="lone-surrogate"),
    pytest.param("https://user:secret@a.example/post", None, id="credentials"),
    pytest.param("https://a.example/" + "x" * 9000, None, id="too-long"),
    pytest.param(SOURCE, Unreachable(SOURCE, "no such name"), id="unreachable"),
    pytest.param(SOURCE, Unreachable(SOURCE, "out of time after 15 s"), id="out-of-time"),
    pytest.param(SOURCE, Blocked(SOURCE, "10.0.0.1 is private"), id="blocked-by-the-guard"),
    pytest.param(SOURCE, Page(LINKING.body, status=404), id="404-with-the-link"),
    pytest.param(SOURCE, Page(LINKING.body, status=410), id="410-with-the-link"),
]


@pytest.mark.parametrize(("source", "answer"), BAD_SOURCES)
def test_no_oracle_one_message_for_every_16(
    make: MakeReceiver, pages: Pages, store: Store, source: str, answer: Page | FetchError | None
) -> None:
    if answer is not None:
        pages.web[SOURCE] = answer
    fault = refusal(make(), source)
    assert fault.code == FaultCode.SOURCE_NOT_FOUND
    assert fault.message == "the source does not exist, or cannot be reached from here"
    assert list(store.mentions.list()) == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(NO_LINK, 17, id="17-no-link"),
        pytest.param(Page(f"<p>{TARGET}</p>"), 17, id="17-bare-text"),
        pytest.param(Page(f"<!-- <a href='{TARGET}'>x</a> -->"), 17, id="17-comment"),
        pytest.param(Page(LINKING.body, content_type="image/png"), 17, id="17-not-a-page"),
        pytest.param(Page(""), 17, id="17-empty"),
        pytest.param(Page(LINKING.body, status=500), 50, id="50-error"),
        pytest.param(Page(LINKING.body, status=503), 50, id="50-unavailable"),
        pytest.param(Page(LINKING.body, status=403), 50, id="50-forbidden"),
        pytest.param(Page(LINKING.body, status=429), 50, id="50-too-many-requests"),
        pytest.param(Page(LINKING.body, status=304), 50, id="50-redirect-to-nowhere"),
    ],
)
def test_what_is_wrong_with_the_source(make: MakeReceiver, pages: Pages, store: Store, answer: Page, code: int) -> None:
    pages.web[SOURCE] = answer
    assert refusal(make()).code == code
    assert list(store.mentions.list()) == []


@pytest.mark.parametrize("status", [200, 203, 206])
def test_any_success_is_a_page(make: MakeReceiver, pages: Pages, status: int) -> None:
    pages.web[SOURCE] = Page(LINKING.body, status=status)
    assert make().ping(SOURCE, TARGET).status is MentionStatus.APPROVED


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        pytest.param(SOURCE, "", 33, id="33-empty"),
        pytest.param(SOURCE, "/blog/part-5", 33, id="33-relative"),
        pytest.param(SOURCE, "ftp://my.example/blog/part-5", 33, id="33-not-http"),
        pytest.param(SOURCE, "https://other.example/blog/part-5", 33, id="33-another-site"),
        pytest.param(SOURCE, "https://my.example/shop", 33, id="33-beside-the-site"),
        pytest.param(SOURCE, "https://my.example/blog/../shop", 33, id="33-climbs-out-of-the-site"),
        pytest.param(SOURCE, "https://my.example/blogger", 33, id="33-name-that-only-begins-alike"),
        pytest.param(SOURCE, "https://my.example:8443/blog/part-5", 33, id="33-another-port"),
        pytest.param(SOURCE, "https://my.example@evil.example/blog/part-5", 33, id="33-site-as-credentials"),
        pytest.param(SOURCE, "https://my.example/blog/\0", 33, id="33-nul"),
        pytest.param(SOURCE, "https://my.example/blog/" + "x" * 9000, 33, id="33-too-long"),
        pytest.param(TARGET, TARGET, 33, id="33-source-is-target"),
        pytest.param(TARGET.replace("https", "http") + "#top", TARGET, 33, id="33-source-equals-target"),
    ],
)
def test_what_is_wrong_with_the_pair(make: MakeReceiver, pages: Pages, source: str, target: str, code: int) -> None:
    assert refusal(make(), source, target).code == code
    assert pages.asked == []


def test_several_sites(make: MakeReceiver, pages: Pages) -> None:
    other = "https://zweite.example/x"
    pages.web[SOURCE] = Page(f'<a href="{TARGET}">1</a> <a href="{other}">2</a>')
    receiver = make(site=[SITE, "https://zweite.example"])
    assert receiver.ping(SOURCE, TARGET).target == TARGET
    assert receiver.ping(SOURCE, other).target == other


@pytest.mark.parametrize("site", [[], "", "my.example", "ftp://my.example/", [SITE, "/blog"]])
def test_a_site_that_is_none_is_a_callers_mistake(make: MakeReceiver, site: str | list[str]) -> None:
    with pytest.raises(ValueError, match=r"site|URL"):
        make(site=site)


def test_self_pings_are_a_choice(make: MakeReceiver, pages: Pages) -> None:
    own = "https://my.example/blog/part-6"
    pages.web[own] = LINKING
    assert refusal(make(self_pings=False), own).code == FaultCode.ACCESS_DENIED
    assert pages.asked == []
    assert make().ping(own, TARGET).source == own


def test_a_target_that_does_not_exist(make: MakeReceiver, pages: Pages) -> None:
    asked: list[str] = []

    def target_exists(target: str) -> bool:
        asked.append(target)
        return False

    assert refusal(make(target_exists=target_exists)).code == FaultCode.TARGET_NOT_FOUND
    assert (asked, pages.asked) == ([TARGET], [])


def test_a_target_that_takes_no_pings(make: MakeReceiver, pages: Pages) -> None:
    def closed(target: str) -> bool:
        raise Fault(FaultCode.TARGET_NOT_PINGABLE, "comments are closed")

    fault = refusal(make(target_exists=closed))
    assert (fault.code, fault.message, pages.asked) == (33, "comments are closed", [])


@pytest.mark.parametrize("status", [MentionStatus.APPROVED, MentionStatus.PENDING, MentionStatus.SPAM])
def test_what_was_decided_is_kept(make: MakeReceiver, store: Store, status: MentionStatus) -> None:
    seen: list[Mention] = []

    def decide(mention: Mention) -> MentionStatus:
        seen.append(mention)
        return status

    mention = make(decide=decide).ping(SOURCE, TARGET)
    assert mention.status is status
    assert store.mentions.find(SOURCE, TARGET) == mention
    assert [(each.title, each.verified) for each in seen] == [(mention.title, mention.verified)]


def test_what_is_decided_against_is_not_kept(make: MakeReceiver, store: Store) -> None:
    assert refusal(make(decide=lambda _: MentionStatus.REJECTED)).code == FaultCode.ACCESS_DENIED
    assert list(store.mentions.list()) == []


def test_a_database_that_fails_is_32500_and_no_more(
    make: MakeReceiver, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.close()
    receiver = make()
    with pytest.raises(Fault) as of_list:
        receiver.pingbacks_of(TARGET)
    for fault in (refusal(receiver), of_list.value):
        assert fault.code == FaultCode.INTERNAL_ERROR
        assert "database" not in fault.message
    assert "the database in memory is closed" in caplog.text


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(source=st.text() | st.text().map(SOURCE.__add__), target=st.text() | st.text().map(TARGET.__add__))
def test_any_texts_give_a_mention_or_a_fault(make: MakeReceiver, source: str, target: str) -> None:
    with suppress(Fault):
        make().ping(source, target)


@pytest.mark.parametrize(
    ("client_ip", "agent", "forwarded"),
    [
        pytest.param("192.0.2.7", " from 192.0.2.7", "192.0.2.7", id="ipv4"),
        pytest.param("2001:DB8::1", " from 2001:db8::1", "2001:db8::1", id="ipv6"),
        pytest.param("::ffff:192.0.2.7", " from 192.0.2.7", "192.0.2.7", id="rfc4291-2.5.5.2-mapped"),
        pytest.param("fe80::1%eth0\r\nX-Evil: 1", " from fe80::1", "fe80::1", id="zone"),
        pytest.param("192.0.2.7\r\nX-Evil: 1", "", None, id="line-break"),
        pytest.param("localhost", "", None, id="name"),
        pytest.param("", "", None, id="empty"),
        pytest.param(None, "", None, id="unknown"),
    ],
)
def test_the_request_to_the_source_names_the_asker(
    make: MakeReceiver, pages: Pages, client_ip: str | None, agent: str, forwarded: str | None
) -> None:
    make().ping(SOURCE, TARGET, client_ip=client_ip)
    [(url, headers)] = pages.asked
    assert url == SOURCE
    assert headers["User-Agent"].startswith("pingback/")
    assert headers["User-Agent"].endswith(f"; {SITE}; verifying pingback{agent}")
    assert headers.get("X-Pingback-Forwarded-For") == forwarded


def test_a_site_with_other_letters_can_be_named(make: MakeReceiver, pages: Pages) -> None:
    pages.web[SOURCE] = Page('<a href="https://bücher.example/über">x</a>')
    make(site="https://bücher.example/").ping(SOURCE, "https://bücher.example/über")
    assert "https://xn--bcher-kva.example/" in pages.asked[0][1]["User-Agent"]


@pytest.mark.parametrize(
    ("source", "end"),
    [
        pytest.param(SOURCE, "approved", id="kept"),
        pytest.param("https://a.example/\x1b[31m\n" + "x" * 9000, "fault 16", id="refused"),
        pytest.param("https://me:secret@a.example/post", "fault 16", id="password"),
    ],
)
def test_one_line_in_the_log_for_a_ping(
    make: MakeReceiver, caplog: pytest.LogCaptureFixture, source: str, end: str
) -> None:
    caplog.set_level(logging.INFO, "pingback")
    with suppress(Fault):
        make().ping(source, TARGET, client_ip="192.0.2.7")
    [record] = caplog.records
    line = record.getMessage()
    assert record.levelno == logging.INFO
    assert line.startswith("pingback from 'http")
    assert f" to {TARGET!r} by 192.0.2.7: {end}" in line
    assert "secret" not in line
    assert line.isprintable()
    assert len(line) < 1000


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        pytest.param("https:\\\\a.example\\post", "https://a.example/post", id="backslashes"),
        pytest.param("https:a.example/post", "https://a.example/post", id="no-slashes"),
        pytest.param('https://a.example/"><b>', "https://a.example/%22%3E%3Cb%3E", id="markup"),
        pytest.param("https://a.example/\x9b31m\u202e", "https://a.example/%C2%9B31m%E2%80%AE", id="c1-and-bidi"),
        pytest.param("https://b\u00fccher.example/", "https://xn--bcher-kva.example/", id="idn"),
        pytest.param("HTTPS://A.example/%7e?a=1&b", "HTTPS://A.example/%7e?a=1&b", id="plain-as-written"),
    ],
)
def test_odd_spellings_are_kept_in_normal_form(make: MakeReceiver, pages: Pages, source: str, kept: str) -> None:
    pages.web[kept] = LINKING
    assert make().ping(source, TARGET).source == kept


@pytest.mark.parametrize("target", [TARGET, TARGET.replace("https", "http") + "#note"])
def test_whether_a_target_exists_is_asked_in_the_sites_spelling(make: MakeReceiver, target: str) -> None:
    make(target_exists=lambda target: target == TARGET).ping(SOURCE, target)


def test_slow_sources_do_not_keep_everybody_waiting(make: MakeReceiver, pages: Pages) -> None:
    receiver = make(answer_within=PATIENCE)
    pages.gate.clear()
    with ExitStack() as all_wait:
        for _ in range(48):
            all_wait.enter_context(receiver._waiting)  # as 48 slow pings do
        assert not receiver._waiting.acquire(blocking=False)
        assert receiver.ping(SOURCE, TARGET).status is MentionStatus.PENDING


def test_the_same_ping_again_is_48_without_a_fetch(make: MakeReceiver, pages: Pages, store: Store) -> None:
    receiver = make()
    mention = receiver.ping(SOURCE, TARGET)
    pages.web[SOURCE] = CHANGED
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    assert refusal(receiver, "http://A.example:80/post#x", TARGET + "#y").code == FaultCode.ALREADY_REGISTERED
    assert len(pages.asked) == 1
    assert list(store.mentions.list()) == [mention]


@pytest.mark.parametrize("answer_within", [pytest.param(None, id="inline"), pytest.param(PATIENCE, id="in-time")])
def test_of_many_equal_pings_at_once_one_is_new(make: MakeReceiver, store: Store, answer_within: float | None) -> None:
    receiver = make(answer_within=answer_within)
    together = Barrier(8, timeout=PATIENCE)

    def ping(_: int) -> int | None:
        together.wait()
        try:
            receiver.ping(SOURCE, TARGET)
        except Fault as fault:
            return fault.code
        return None

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(ping, range(8)), key=str) == [48] * 7 + [None]
    assert len(list(store.mentions.list())) == 1


@pytest.fixture(params=[pytest.param(None, id="inline"), pytest.param(PATIENCE, id="background")])
def known(request: pytest.FixtureRequest, make: MakeReceiver) -> Receiver:
    """A receiver that has taken the ping already."""
    receiver: Receiver = make(answer_within=request.param)
    receiver.ping(SOURCE, TARGET)
    return receiver


def again(receiver: Receiver, store: Store) -> Mention:
    """The mention after one more ping, which is always 48."""
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    [mention] = store.mentions.list()
    return mention


def test_after_an_hour_it_is_verified_anew(known: Receiver, store: Store, pages: Pages, clock: Clock) -> None:
    arrived = clock.instant
    pages.web[SOURCE] = CHANGED
    clock.pass_by(minutes=59, seconds=59)
    assert again(known, store).title == "A “post” – A"
    clock.pass_by(seconds=1)
    mention = again(known, store)
    assert (mention.title, mention.excerpt) == ("A new title", "other words the link")
    assert (mention.status, mention.received, mention.verified) == (MentionStatus.APPROVED, arrived, clock.instant)
    assert len(pages.asked) == 2
    again(known, store)
    assert len(pages.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(NO_LINK, id="link-gone"),
        pytest.param(Page(status=404), id="404"),
        pytest.param(Page(status=410), id="410"),
    ],
)
def test_what_is_gone_is_withdrawn_and_may_come_back(
    known: Receiver, store: Store, pages: Pages, clock: Clock, answer: Page
) -> None:
    pages.web[SOURCE] = answer
    clock.pass_by(hours=1)
    mention = again(known, store)
    assert (mention.status, mention.title, mention.verified) == (MentionStatus.DELETED, "A “post” – A", clock.instant)
    assert known.pingbacks_of(TARGET) == []
    pages.web[SOURCE] = CHANGED
    assert again(known, store).status is MentionStatus.DELETED  # the hour is not over
    clock.pass_by(hours=1)
    mention = again(known, store)
    assert (mention.status, mention.title) == (MentionStatus.APPROVED, "A new title")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Page(status=500), id="500"),
        pytest.param(Page(status=403), id="403"),
        pytest.param(Unreachable(SOURCE, "out of time"), id="unreachable"),
        pytest.param(Blocked(SOURCE, "10.0.0.1 is private"), id="blocked"),
    ],
)
def test_what_may_be_back_tomorrow_changes_nothing(
    known: Receiver, store: Store, pages: Pages, clock: Clock, answer: Page | FetchError
) -> None:
    [before] = store.mentions.list()
    pages.web[SOURCE] = answer
    clock.pass_by(hours=1)
    assert again(known, store) == before
    again(known, store)
    assert len(pages.asked) == 2  # a failed try counts for the hour


def test_what_fails_three_times_days_apart_is_withdrawn(
    known: Receiver, store: Store, pages: Pages, clock: Clock
) -> None:
    pages.web[SOURCE] = Page(status=500)
    clock.pass_by(days=400)
    assert again(known, store).status is MentionStatus.APPROVED  # never on the first
    for _ in range(71):
        clock.pass_by(hours=1)
        assert again(known, store).status is MentionStatus.APPROVED
    clock.pass_by(hours=1)
    assert again(known, store).status is MentionStatus.APPROVED
    clock.pass_by(days=3)
    assert again(known, store).status is MentionStatus.DELETED


def test_failures_that_are_not_in_a_row_are_forgiven(known: Receiver, store: Store, pages: Pages, clock: Clock) -> None:
    for answer in (Page(status=500), Page(status=500), LINKING, Page(status=500), Page(status=500)):
        pages.web[SOURCE] = answer
        clock.pass_by(days=3)
        assert again(known, store).status is MentionStatus.APPROVED


def test_spam_does_not_come_back_as_something_else(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    make(decide=lambda _: MentionStatus.SPAM).ping(SOURCE, TARGET)
    for answer in (NO_LINK, LINKING):
        pages.web[SOURCE] = answer
        clock.pass_by(hours=1)
        assert again(make(), store).status is MentionStatus.SPAM


@pytest.mark.parametrize("status", [MentionStatus.SPAM, MentionStatus.PENDING])
def test_a_decision_outlives_new_words(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, status: MentionStatus
) -> None:
    make(decide=lambda _: status).ping(SOURCE, TARGET)
    pages.web[SOURCE] = CHANGED
    clock.pass_by(hours=1)
    mention = again(make(), store)
    assert (mention.status, mention.title) == (status, "A new title")


def test_a_withdrawn_mention_that_is_now_decided_against_stays_withdrawn(
    known: Receiver, make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    pages.web[SOURCE] = NO_LINK
    clock.pass_by(hours=1)
    again(known, store)
    pages.web[SOURCE] = CHANGED
    clock.pass_by(hours=1)
    strict = make(decide=lambda _: MentionStatus.REJECTED)
    assert again(strict, store).status is MentionStatus.DELETED


def test_what_is_not_verified_in_time_is_pending_and_finished_later(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    pages.gate.clear()
    receiver = make(answer_within=0.0)
    pending = receiver.ping(SOURCE, TARGET)
    assert (pending.status, pending.verified) == (MentionStatus.PENDING, None)
    assert store.mentions.find(SOURCE, TARGET) == pending  # committed before the answer
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    pages.wait_until_asked()
    pages.gate.set()
    finish(receiver)
    [mention] = store.mentions.list()
    assert (mention.id, mention.status, mention.title) == (pending.id, MentionStatus.APPROVED, "A “post” – A")
    assert len(pages.asked) == 1


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        pytest.param(NO_LINK, 17, id="17"),
        pytest.param(Page(status=404), 16, id="16-gone"),
        pytest.param(Unreachable(SOURCE, "out of time"), 16, id="16-unreachable"),
        pytest.param(Page(status=500), 50, id="50"),
    ],
)
def test_a_pending_ping_can_end_in_a_fault(
    make: MakeReceiver, store: Store, pages: Pages, answer: Page | FetchError, fault: int
) -> None:
    pages.web[SOURCE] = answer
    pages.gate.clear()
    receiver = make(answer_within=0.0)
    receiver.ping(SOURCE, TARGET)
    pages.wait_until_asked()
    pages.gate.set()
    finish(receiver)
    [mention] = store.mentions.list()
    assert (mention.status, mention.fault, mention.verified) == (MentionStatus.REJECTED, fault, None)


def test_a_rejected_ping_tried_again_counts_as_new(make: MakeReceiver, store: Store, pages: Pages) -> None:
    pages.web[SOURCE] = NO_LINK
    pages.gate.clear()
    receiver = make(answer_within=0.0)
    receiver.ping(SOURCE, TARGET)
    pages.wait_until_asked()
    pages.gate.set()
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


def test_equal_pings_at_once_are_one_request(make: MakeReceiver, store: Store, pages: Pages) -> None:
    pages.gate.clear()
    receiver = make(answer_within=PATIENCE)
    with ThreadPoolExecutor(8) as threads:
        pings = [threads.submit(receiver.ping, SOURCE, TARGET) for _ in range(8)]
        pages.wait_until_asked()
        pages.gate.set()
        faults = [ping.exception(PATIENCE) for ping in pings]
    assert sorted(fault.code for fault in faults if isinstance(fault, Fault)) == [48] * 7
    assert faults.count(None) == 1


def test_too_many_unfinished_pings_of_a_host_are_50(make: MakeReceiver, store: Store, pages: Pages) -> None:
    pages.gate.clear()
    receiver = make(answer_within=0.0)
    for number in range(2 + 8 + 50):
        assert receiver.ping(f"https://a.example/{number}", TARGET).status is MentionStatus.PENDING
    fault = refusal(receiver)
    assert (fault.code, fault.retry_after) == (FaultCode.UPSTREAM_ERROR, 60.0)
    assert store.mentions.find(SOURCE, TARGET) is None


def test_closing_leaves_what_has_not_begun_to_the_next_start(make: MakeReceiver, store: Store, pages: Pages) -> None:
    sources = [f"https://a-{number}.example/" for number in range(QUICK + 1)]
    pages.web |= dict.fromkeys(sources, LINKING)
    pages.gate.clear()
    receiver = make(answer_within=0.0)
    assert receiver.settler.background is not None
    receiver.settler.background._clock = lambda: (
        0.0
    )  # however long that takes, none of them is slow and makes room for more
    for source in sources:
        receiver.ping(source, TARGET)
    for _ in range(QUICK):
        pages.wait_until_asked()
    pair = key_of(sources[-1]), key_of(TARGET)
    waiting = receiver.settler.background.submit(
        ("judge", "pingback", *pair), lambda: None
    )  # the job that is there already
    waiting.add_done_callback(lambda _: pages.gate.set())
    receiver.close()
    assert waiting.cancelled()
    wait_until(lambda: [mention.source for mention in store.mentions.unverified()] == sources[-1:])
    pages.web[SOURCE] = LINKING
    assert receiver.ping(SOURCE, TARGET).status is MentionStatus.PENDING  # it is on disk, and that is what counts
    sources.append(SOURCE)
    make().resume()
    assert [mention.source for mention in store.mentions.list(status=MentionStatus.APPROVED)] == sources


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
    receiver.resume()
    for _ in range(6):
        pages.wait_until_asked()
    finish(receiver)
    assert [mention.status.value for mention in store.mentions.list()] == ["rejected", "approved"] * 3
    assert list(store.mentions.unverified()) == []


def test_a_ping_left_pending_is_judged_when_it_comes_again(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    pages.gate.clear()
    crashed = make(answer_within=0.0)
    crashed.ping(SOURCE, TARGET)
    clock.pass_by(hours=1)
    pages.gate.set()
    assert again(make(), store).status is MentionStatus.APPROVED


def test_a_bug_in_the_background_leaves_the_ping_pending(
    make: MakeReceiver, store: Store, pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(mention: Mention) -> MentionStatus:
        raise ZeroDivisionError

    pages.gate.clear()
    receiver = make(answer_within=0.0, decide=broken)
    receiver.ping(SOURCE, TARGET)
    pages.wait_until_asked()
    pages.gate.set()
    finish(receiver)
    assert [mention.status for mention in store.mentions.unverified()] == [MentionStatus.PENDING]
    assert "ZeroDivisionError" in caplog.text


def test_a_bug_in_time_is_the_callers_to_see(make: MakeReceiver) -> None:
    def broken(mention: Mention) -> MentionStatus:
        raise ZeroDivisionError

    for answer_within in (None, PATIENCE):
        with pytest.raises(ZeroDivisionError):
            make(decide=broken, answer_within=answer_within).ping(SOURCE, TARGET)


def test_what_is_pending_for_another_site_is_left_to_it(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    waiting = Mention(
        source=SOURCE, target=TARGET, protocol=Protocol.PINGBACK, status=MentionStatus.PENDING, received=clock.instant
    )
    waiting, _ = store.mentions.keep(waiting)
    make(site="https://other.example").resume()
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
    make(block=block).resume()
    [mention] = store.mentions.list()
    assert (mention.status, mention.fault) == (MentionStatus.REJECTED, FaultCode.ACCESS_DENIED)
    assert pages.asked == []


def test_what_was_blocked_before_its_turn_came_is_not_asked_for(make: MakeReceiver, store: Store, pages: Pages) -> None:
    pages.gate.clear()
    receiver = make(answer_within=0.0)
    for number in range(3):  # one more than are looked at together
        receiver.ping(f"https://a.example/{number}", TARGET)
    for _ in range(2):
        pages.wait_until_asked()
    store.blocks.add("a.example", host="a.example")
    pages.gate.set()
    finish(receiver)
    assert [mention.fault for mention in store.mentions.list()][2:] == [FaultCode.ACCESS_DENIED]
    assert len(pages.asked) == 2


def test_resume_after_close_leaves_them_pending(make: MakeReceiver, store: Store, clock: Clock) -> None:
    waiting = Mention(
        source=SOURCE, target=TARGET, protocol=Protocol.PINGBACK, status=MentionStatus.PENDING, received=clock.instant
    )
    store.mentions.keep(waiting)
    receiver = make(answer_within=PATIENCE)
    receiver.close()
    receiver.resume()
    assert len(list(store.mentions.unverified())) == 1


def test_pingbacks_of_a_busy_server_ask_nobody(make: MakeReceiver, pages: Pages) -> None:
    receiver = make(answer_within=PATIENCE, target_exists=lambda target: False)
    assert refusal_of_list(receiver).code == FaultCode.TARGET_NOT_FOUND
    gate = Event()
    ask_for_all_it_can(receiver, gate)
    assert receiver.pingbacks_of(TARGET) == []
    gate.set()


def test_pingbacks_of_what_nobody_links_to_count_as_pings(make: MakeReceiver) -> None:
    """Each of them has the site asked for a page of a stranger's choice."""
    asked: list[str] = []

    def exists(target: str) -> bool:
        asked.append(target)
        return True

    receiver = make(target_exists=exists, rate=Rate("2/day"))
    for number in range(2):
        assert receiver.pingbacks_of(f"{TARGET}?{number}", client_ip="192.0.2.1") == []
    for ask in (receiver.pingbacks_of, receiver.approved_of):
        with pytest.raises(Fault) as refused:
            ask(f"{TARGET}?2", client_ip="192.0.2.1")
        assert (refused.value.code, bool(refused.value.retry_after)) == (FaultCode.ACCESS_DENIED, True)
    assert len(asked) == 2


@pytest.mark.parametrize("verify_trackbacks", [True, False])
def test_a_slow_site_keeps_no_sender_waiting(make: MakeReceiver, store: Store, verify_trackbacks: bool) -> None:
    """Its answer comes when it comes, and counts then."""
    gate = Event()
    receiver = make(
        answer_within=PATIENCE,
        queued=[Protocol.TRACKBACK],
        verify_trackbacks=verify_trackbacks,
        target_exists=lambda _: gate.wait(PATIENCE),
    )
    assert receiver.pingbacks_of(TARGET) == []
    assert receiver.ping(SOURCE, TARGET, protocol=Protocol.TRACKBACK).status is MentionStatus.PENDING
    assert not gate.is_set()
    gate.set()


def refusal_of_list(receiver: Receiver) -> Fault:
    with pytest.raises(Fault) as refused:
        receiver.pingbacks_of(TARGET)
    return refused.value


@pytest.mark.parametrize("url", [None, 5, b"https://a.example/"])
def test_what_is_no_text_is_the_callers_mistake(make: MakeReceiver, url: Any) -> None:
    receiver = make()
    for ask in (
        lambda: receiver.ping(url, TARGET),
        lambda: receiver.ping(SOURCE, url),
        lambda: receiver.pingbacks_of(url),
    ):
        with pytest.raises(TypeError, match="a URL is a str"):
            ask()


def test_a_site_without_credentials(make: MakeReceiver) -> None:
    with pytest.raises(ValueError, match="credentials"):
        make(site="https://me:secret@my.example/")


def test_pingbacks_of_a_target_in_order_of_arrival(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make()
    sources = [f"https://{name}.example/" for name in ("c", "a", "b")]
    for source in sources:
        pages.web[source] = LINKING
        receiver.ping(source, TARGET)
        clock.pass_by(seconds=1)
    make(decide=lambda _: MentionStatus.SPAM).ping(SOURCE, TARGET)
    assert receiver.pingbacks_of(f" {TARGET}#x") == sources
    assert receiver.pingbacks_of(TARGET + "/other") == []


@pytest.mark.parametrize(
    ("target", "code"),
    [
        pytest.param("https://other.example/", 33, id="33-another-site"),
        pytest.param("garbage", 33, id="33-garbage"),
        pytest.param(TARGET, 32, id="32-not-there"),
    ],
)
def test_pingbacks_of_what_is_no_target(make: MakeReceiver, target: str, code: int) -> None:
    with pytest.raises(Fault) as refused:
        make(target_exists=lambda _: False).pingbacks_of(target)
    assert refused.value.code == code


def test_words_of_an_author_are_kept(make: MakeReceiver, store: Store, pages: Pages) -> None:
    pages.web[SOURCE] = Page(f'<title>T</title><meta name="author" content="Ann"><a href="{TARGET}">x</a>')
    make().ping(SOURCE, TARGET)
    assert [mention.author for mention in store.mentions.list()] == [Author(name="Ann")]
