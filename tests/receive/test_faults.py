"""`pingback.receive.receiver`: what a sender hears of a ping that is not taken (Pingback 1.0 §3)."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pingback.errors import Blocked, Fault, FaultCode, FetchError, Unreachable
from pingback.model import Mention, MentionStatus
from pingback.store import Store
from tests.receive.conftest import (
    LINKING,
    NO_LINK,
    SOURCE,
    TARGET,
    MakeReceiver,
    refusal,
)
from tests.receive.pages import PATIENCE, Page, Pages

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


def test_a_bug_in_time_is_the_callers_to_see(make: MakeReceiver) -> None:
    def broken(mention: Mention) -> MentionStatus:
        raise ZeroDivisionError

    for answer_within in (None, PATIENCE):
        with pytest.raises(ZeroDivisionError):
            make(decide=broken, answer_within=answer_within).ping(SOURCE, TARGET)
