"""Deliveries that fail, over sockets: what is kept of a try, and when the next one is due."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from math import inf
from pathlib import Path

import pytest

from pingback.model import Outcome, OutcomeStatus
from pingback.net.client import Client
from pingback.net.guard import OWNERS, Permit
from pingback.net.response import Response
from pingback.store import Store
from pingback.work import QueuedPing
from tests.loopback import Answer, Page, Request, page
from tests.receive.pages import Clock
from tests.sending.deliveries import (
    NOW,
    delivered,
    next_due,
    plan,
    sender_of,
    statuses,
    the_ping,
)
from tests.sending.far_sides import FarSide


def test_a_failure_is_kept_before_it_is_told(store: Store, client: Client, clock: Clock) -> None:
    with FarSide("/1", answer=page(b"Later.", status=503)) as far_side:
        plan(store, f"{far_side.url}/1")
        kept: list[tuple[QueuedPing, Outcome]] = []
        sender_of(store, client, clock).deliver(lambda outcome: kept.append((the_ping(store), outcome)))
        [(ping, outcome)] = kept
        assert ping.as_outcome() == outcome
        assert (ping.status, ping.fault, ping.attempts) == (OutcomeStatus.FAILED, 503, 1)
        assert not ping.is_held
        [attempt] = store.outbox.attempts(ping)
    assert (attempt.at, attempt.status, attempt.fault) == (NOW, OutcomeStatus.FAILED, 503)
    assert attempt.exchange is not None
    assert attempt.exchange.startswith(f"POST {far_side.url}/endpoint")
    assert "HTTP 503" in attempt.exchange


@pytest.mark.parametrize("full", ["/1", "/endpoint"], ids=["the-target", "its-endpoint"])
@pytest.mark.parametrize(
    ("times", "status", "attempts"),
    [pytest.param(1, "accepted", 2, id="once"), pytest.param(9, "failed", 2, id="long")],
)
def test_a_plain_503_is_tried_once_more_within_the_run(
    store: Store, client: Client, clock: Clock, full: str, times: int, status: str, attempts: int
) -> None:
    with FarSide("/1") as far_side:
        otherwise, tried = far_side.pages[full], []

        def answer(request: Request) -> Answer:
            tried.append(request.path)
            if len(tried) <= times:
                return page(status=503)
            return otherwise(request) if callable(otherwise) else otherwise

        far_side.pages[full] = answer
        plan(store, f"{far_side.url}/1")
        [outcome] = delivered(store, client, clock, timedelta(minutes=1))
    assert (outcome.status, tried) == (status, [full] * 2)
    assert outcome.attempts == (attempts if full == "/endpoint" else int(status == "accepted"))
    if outcome.status == "failed":
        assert outcome.next_try is not None
        assert outcome.next_try > clock.instant + timedelta(minutes=3)


def test_a_503_with_a_wish_is_not_tried_before(store: Store, client: Client, clock: Clock) -> None:
    with FarSide("/1", answer=page(status=503, headers={"Retry-After": "120"})) as far_side:
        plan(store, f"{far_side.url}/1")
        [outcome] = delivered(store, client, clock, timedelta(minutes=1))
    assert (outcome.status, outcome.attempts) == ("failed", 1)


@pytest.mark.parametrize(
    ("wish", "due"),
    [
        pytest.param("7200", timedelta(hours=2), id="rfc9110-10.2.3-seconds"),
        pytest.param("Fri, 02 Jan 2026 15:00:00 GMT", timedelta(hours=3), id="rfc9110-10.2.3-date"),
    ],
)
def test_the_far_side_s_wish(store: Store, client: Client, clock: Clock, wish: str, due: timedelta) -> None:
    with FarSide("/1", answer=page(status=503, headers={"Retry-After": wish})) as far_side:
        plan(store, f"{far_side.url}/1")
        [outcome] = delivered(store, client, clock)
        assert outcome.next_try == NOW + due
        clock.instant = outcome.next_try - timedelta(seconds=1)
        assert delivered(store, client, clock) == []
        clock.instant = outcome.next_try
        assert len(delivered(store, client, clock)) == 1


def test_a_target_that_gives_no_page_may_wish_too(store: Store, client: Client, clock: Clock) -> None:
    with FarSide("/1") as far_side:
        far_side.pages["/1"] = page(status=503, headers={"Retry-After": "7200"})
        plan(store, f"{far_side.url}/1")
        [outcome] = delivered(store, client, clock)
        assert outcome.next_try == NOW + timedelta(hours=2)
        [ping] = store.outbox.pings()
        [attempt] = store.outbox.attempts(ping)
        assert attempt.exchange == f"GET {far_side.url}/1\n\nHTTP 503"


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"/endpoint": page(status=500)}, id="endpoint-500"),
        pytest.param({"/endpoint": page(status=429)}, id="endpoint-429"),
        pytest.param({"/1": page(status=500)}, id="target-500"),
        pytest.param({"/1": b""}, id="target-gives-no-answer"),
        pytest.param({"/endpoint": b""}, id="endpoint-gives-no-answer"),
    ],
)
def test_less_and_less_often_up_to_the_horizon(
    store: Store, client: Client, clock: Clock, answers: dict[str, Page]
) -> None:
    with FarSide("/1") as far_side:
        far_side.pages |= answers
        plan(store, f"{far_side.url}/1")
        tries = 0
        while (due := next_due(store, clock.instant)) is not None:
            clock.instant = due
            [outcome] = delivered(store, client, clock)
            tries += 1
    assert (outcome.status, outcome.next_try) == (OutcomeStatus.GONE, None)
    assert clock.instant == NOW + timedelta(days=5)
    assert 10 <= tries <= 150


def test_a_yes_ends_the_count(store: Store, client: Client, clock: Clock) -> None:
    with FarSide("/1", answer=page(status=500)) as far_side:
        plan(store, f"{far_side.url}/1")
        delivered(store, client, clock)
        clock.pass_by(days=4)
        far_side.answer = page(status=202)
        [outcome] = delivered(store, client, clock)
        assert outcome.status is OutcomeStatus.ACCEPTED
        clock.pass_by(days=4)
        plan(store, f"{far_side.url}/1", words="other words", now=clock.instant)
        far_side.answer = page(status=500)
        [outcome] = delivered(store, client, clock)
    assert (outcome.status, outcome.attempts) == (OutcomeStatus.FAILED, 3)
    assert outcome.next_try is not None
    assert outcome.next_try - clock.instant < timedelta(minutes=7)


class Broken(Client):
    """A client with an error in it, which shows for one of the addresses."""

    bad = ""

    def get(
        self, url: str, *, headers: Mapping[str, str] = {}, permit: Permit = OWNERS, seconds: float = inf
    ) -> Response:
        return self._checked(url, lambda: super(Broken, self).get(url, headers=headers))

    def post(self, url: str, body: bytes, *, content_type: str, headers: Mapping[str, str] = {}) -> Response:
        return self._checked(
            url, lambda: super(Broken, self).post(url, body, content_type=content_type, headers=headers)
        )

    def _checked(self, url: str, call: Callable[[], Response]) -> Response:
        if url == self.bad:
            raise RuntimeError("an error of ours")
        return call()


@pytest.mark.parametrize("bad", ["/1", "/endpoint"])
def test_an_error_of_ours_fails_the_one_ping(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    with FarSide("/1") as one, FarSide("/2", host="127.0.0.3") as other, Broken(allow=["127.0.0.0/8"]) as broken:
        broken.bad = one.url + bad
        plan(store, f"{one.url}/1", f"{other.url}/2")
        outcomes = delivered(store, broken, clock)
    assert statuses(outcomes) == {f"{one.url}/1": "failed", f"{other.url}/2": "accepted"}
    [failed] = [outcome for outcome in outcomes if outcome.status is OutcomeStatus.FAILED]
    assert failed.message == "something went wrong here"
    assert failed.next_try is not None
    [record] = [record for record in caplog.records if record.exc_info]
    assert "RuntimeError: an error of ours" in caplog.text
    assert record.levelname == "ERROR"


def test_a_post_that_changes_while_its_ping_is_out(store: Store, client: Client, clock: Clock) -> None:
    """What came of the try is told, and then of the next one."""

    def changed(request: Request) -> bytes:
        plan(store, f"{far_side.url}/1", words="other words")
        return page(status=202)

    with FarSide("/1", answer=changed) as far_side:
        plan(store, f"{far_side.url}/1")
        outcomes = delivered(store, client, clock)
        assert far_side.targets == ["/1", "/1"]
    assert [(outcome.status, outcome.attempts, outcome.next_try) for outcome in outcomes] == [
        (OutcomeStatus.ACCEPTED, 1, NOW),
        (OutcomeStatus.ACCEPTED, 2, None),
    ]


def test_a_ping_that_cannot_be_read_is_put_off_for_a_day(
    tmp_path: Path, client: Client, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "outbox.db"
    with FarSide("/1", "/2") as far_side, Store(f"sqlite:///{path}") as store:
        plan(store, f"{far_side.url}/1", f"{far_side.url}/2")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE pingback_outbox SET status = 'of a later version' WHERE target LIKE '%/1'")
        assert statuses(delivered(store, client, clock)) == {f"{far_side.url}/2": "accepted"}
        assert next_due(store, clock.instant) == NOW + timedelta(days=1)
    assert caplog.text.count("cannot be read, and is put off") == 1
