"""`pingback.sending.courier` over sockets: in what order, at what pace, and how often far sides are asked and told."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from pingback.errors import StoreError
from pingback.model import Outcome, OutcomeStatus, Protocol, QueuedPing
from pingback.net.client import Client, Limits
from pingback.net.guard import OWNERS, Permit
from pingback.net.response import Response
from pingback.protocols.xmlrpc import encode_fault
from pingback.sending.courier import LEASE, Courier
from pingback.store import Outbox, Store
from tests.loopback import Answer, Page, Request, Site, page
from tests.receive.pages import PATIENCE, Clock, Pages
from tests.receive.pages import Page as PageInMemory
from tests.sending.far_sides import XML, YES, FarSide
from tests.sending.test_pool import no_more_threads
from tests.store.sent import RETELLING

SOURCE = "https://my.example/6"
NOW = Clock().instant
LONG = timedelta(days=1)  # of patience; by clocks that hurry
TOO_FAST = page(encode_fault(429, "too fast"), headers=XML)


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    with Store("sqlite://") as store:
        yield store.outbox


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.0/8"], limits=Limits(timeout=30.0)) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Hurrying(Clock):
    """Goes on by 20 seconds whenever somebody looks at it, so that nobody waits long for a pause to end."""

    def __call__(self) -> datetime:
        self.pass_by(seconds=20)
        return self.instant


def plan(outbox: Outbox, *targets: str, source: str = SOURCE, now: datetime = NOW, words: str = "") -> None:
    outbox.plan(source, dict.fromkeys(targets, words), fingerprint=words, now=now, retelling=RETELLING)


def delivered(
    outbox: Outbox, client: Client, clock: Callable[[], datetime], patience: timedelta = timedelta(0)
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    courier = Courier(client=client, outbox=outbox, clock=clock, random=Random(1))
    courier.deliver(outcomes.append, patience=patience)
    return outcomes


def statuses(outcomes: list[Outcome]) -> dict[str | None, str]:
    """What became of each target; each is told of once."""
    assert len({outcome.target for outcome in outcomes}) == len(outcomes)
    return {outcome.target: outcome.status for outcome in outcomes}


def the_ping(outbox: Outbox) -> QueuedPing:
    [ping] = outbox.pings()
    return ping


# Tries that fail


def test_a_failure_is_kept_before_it_is_told(outbox: Outbox, client: Client, clock: Clock) -> None:
    with FarSide("/1", answer=page(b"Later.", status=503)) as far_side:
        plan(outbox, f"{far_side.url}/1")
        kept: list[tuple[QueuedPing, Outcome]] = []
        courier = Courier(client=client, outbox=outbox, clock=clock)
        courier.deliver(lambda outcome: kept.append((the_ping(outbox), outcome)))
        [(ping, outcome)] = kept
        assert ping.as_outcome() == outcome
        assert (ping.status, ping.fault, ping.attempts) == (OutcomeStatus.FAILED, 503, 1)
        assert (ping.failing_since, ping.leased_until) == (NOW, None)
        [attempt] = outbox.attempts(ping)
    assert (attempt.at, attempt.status, attempt.fault) == (NOW, OutcomeStatus.FAILED, 503)
    assert attempt.exchange is not None
    assert attempt.exchange.startswith(f"POST {far_side.url}/endpoint")
    assert "HTTP 503" in attempt.exchange


@pytest.mark.parametrize(
    ("wish", "due"),
    [
        pytest.param("7200", timedelta(hours=2), id="rfc9110-10.2.3-seconds"),
        pytest.param("Fri, 02 Jan 2026 15:00:00 GMT", timedelta(hours=3), id="rfc9110-10.2.3-date"),
    ],
)
def test_the_far_side_s_wish(outbox: Outbox, client: Client, clock: Clock, wish: str, due: timedelta) -> None:
    with FarSide("/1", answer=page(status=503, headers={"Retry-After": wish})) as far_side:
        plan(outbox, f"{far_side.url}/1")
        [outcome] = delivered(outbox, client, clock)
        assert outcome.next_try == NOW + due
        clock.instant = outcome.next_try - timedelta(seconds=1)
        assert delivered(outbox, client, clock) == []
        clock.instant = outcome.next_try
        assert len(delivered(outbox, client, clock)) == 1


def test_a_target_that_gives_no_page_may_wish_too(outbox: Outbox, client: Client, clock: Clock) -> None:
    with FarSide("/1") as far_side:
        far_side.pages["/1"] = page(status=503, headers={"Retry-After": "7200"})
        plan(outbox, f"{far_side.url}/1")
        [outcome] = delivered(outbox, client, clock)
        assert outcome.next_try == NOW + timedelta(hours=2)
        [ping] = outbox.pings()
        [attempt] = outbox.attempts(ping)
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
    outbox: Outbox, client: Client, clock: Clock, answers: dict[str, Page]
) -> None:
    with FarSide("/1") as far_side:
        far_side.pages |= answers
        plan(outbox, f"{far_side.url}/1")
        tries = 0
        while (due := outbox.next_due(now=clock.instant)) is not None:
            clock.instant = due
            [outcome] = delivered(outbox, client, clock)
            tries += 1
    assert (outcome.status, outcome.next_try) == (OutcomeStatus.GONE, None)
    assert clock.instant == NOW + timedelta(days=5)
    assert 10 <= tries <= 150


def test_a_yes_ends_the_count(outbox: Outbox, client: Client, clock: Clock) -> None:
    with FarSide("/1", answer=page(status=500)) as far_side:
        plan(outbox, f"{far_side.url}/1")
        delivered(outbox, client, clock)
        clock.pass_by(days=4)
        far_side.answer = page(status=202)
        [outcome] = delivered(outbox, client, clock)
        assert outcome.status is OutcomeStatus.ACCEPTED
        clock.pass_by(days=4)
        plan(outbox, f"{far_side.url}/1", words="other words", now=clock.instant)
        far_side.answer = page(status=500)
        [outcome] = delivered(outbox, client, clock)
    assert (outcome.status, outcome.attempts) == (OutcomeStatus.FAILED, 3)
    assert outcome.next_try is not None
    assert outcome.next_try - clock.instant < timedelta(minutes=7)


class Broken(Client):
    """A client with an error in it, which shows for one of the addresses."""

    bad = ""

    def get(self, url: str, *, headers: Mapping[str, str] = {}, permit: Permit = OWNERS) -> Response:
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
    outbox: Outbox, clock: Clock, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    with FarSide("/1") as one, FarSide("/2", host="127.0.0.3") as other, Broken(allow=["127.0.0.0/8"]) as broken:
        broken.bad = one.url + bad
        plan(outbox, f"{one.url}/1", f"{other.url}/2")
        outcomes = delivered(outbox, broken, clock)
    assert statuses(outcomes) == {f"{one.url}/1": "failed", f"{other.url}/2": "accepted"}
    [failed] = [outcome for outcome in outcomes if outcome.status is OutcomeStatus.FAILED]
    assert failed.message == "something went wrong here"
    assert failed.next_try is not None
    [record] = [record for record in caplog.records if record.exc_info]
    assert "RuntimeError: an error of ours" in caplog.text
    assert record.levelname == "ERROR"


def test_a_post_that_changes_while_its_ping_is_out(outbox: Outbox, client: Client, clock: Clock) -> None:
    """What came of the try is told, and then of the next one."""

    def changed(request: Request) -> bytes:
        plan(outbox, f"{far_side.url}/1", words="other words")
        return page(status=202)

    with FarSide("/1", answer=changed) as far_side:
        plan(outbox, f"{far_side.url}/1")
        outcomes = delivered(outbox, client, clock)
        assert far_side.targets == ["/1", "/1"]
    assert [(outcome.status, outcome.attempts, outcome.next_try) for outcome in outcomes] == [
        (OutcomeStatus.ACCEPTED, 1, NOW),
        (OutcomeStatus.ACCEPTED, 2, None),
    ]


# Hosts that ask for patience


@pytest.mark.parametrize(
    ("by", "answer", "gap"),
    [
        pytest.param(Protocol.PINGBACK, TOO_FAST, 15, id="wordpress-fault-429"),
        pytest.param(Protocol.WEBMENTION, page(status=429), 15, id="http-429"),
        pytest.param(Protocol.WEBMENTION, page(status=429, headers={"Retry-After": "40"}), 40, id="with-retry-after"),
        pytest.param(Protocol.WEBMENTION, page(status=429, headers={"Retry-After": "0"}), 1, id="but-not-at-once"),
    ],
)
def test_too_fast_is_let_be(
    outbox: Outbox, client: Client, clock: Clock, by: Protocol, answer: bytes, gap: int
) -> None:
    with FarSide("/1", "/2", "/3", "/4", by=by, answer=answer) as far_side:
        plan(outbox, *(f"{far_side.url}/{number}" for number in range(1, 5)))
        outcomes = delivered(outbox, client, clock)
        due = NOW + timedelta(seconds=gap)
        assert {(outcome.status, outcome.fault, outcome.next_try) for outcome in outcomes} == {
            (OutcomeStatus.FAILED, 429, due)
        }
        assert 1 <= len(far_side.heard) <= 2

        clock.instant = due - timedelta(milliseconds=1)
        assert delivered(outbox, client, clock) == []
        clock.instant, far_side.answer = due, YES[by]
        assert len(delivered(outbox, client, clock)) == 4


class WordPress:
    """Takes one ping in 15 seconds, by the clock of the test."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.last = NOW - LONG
        self.too_fast = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> bytes:
        with self._lock:
            instant = self.clock()
            if instant - self.last < timedelta(seconds=15):
                self.too_fast += 1
                return TOO_FAST
            self.last = instant
            return YES[Protocol.PINGBACK]


def test_within_patience_all_are_spaced_and_accepted(outbox: Outbox, client: Client) -> None:
    ticks = Hurrying()
    first = WordPress(lambda: ticks.instant)
    targets = [f"/{number}" for number in range(1, 8)]
    with FarSide(*targets, by=Protocol.PINGBACK, answer=first) as far_side:
        plan(outbox, *(far_side.url + target for target in targets))
        outcomes = delivered(outbox, client, ticks, LONG)
        assert statuses(outcomes) == dict.fromkeys([far_side.url + target for target in targets], "accepted")
    assert first.too_fast <= 1


def test_patience_has_an_end(outbox: Outbox, client: Client) -> None:
    with FarSide("/1", by=Protocol.PINGBACK, answer=TOO_FAST) as far_side:
        plan(outbox, f"{far_side.url}/1")
        ticks = Hurrying()
        [outcome] = delivered(outbox, client, ticks, timedelta(minutes=5))
    assert (outcome.status, outcome.fault) == (OutcomeStatus.FAILED, 429)
    assert outcome.attempts > 1
    assert outcome.next_try is not None
    assert outcome.next_try > NOW + timedelta(minutes=5)


def test_a_service_for_many_hosts_is_let_be_by_all_of_them(outbox: Outbox, client: Client, clock: Clock) -> None:
    with ExitStack() as stack:
        service = stack.enter_context(FarSide(answer=page(status=429)))
        link = page(headers={"Link": f'<{service.url}/endpoint>; rel="webmention"'})
        hosts = [stack.enter_context(Site({"/": link}, host=f"127.0.1.{number}")) for number in range(1, 9)]
        plan(outbox, *(host.url + "/" for host in hosts))
        delivered(outbox, client, clock)
        assert 1 <= len(service.heard) <= 2
        assert {ping.next_try for ping in outbox.pings()} == {NOW + timedelta(seconds=15)}


# Hosts that do not answer


# It hangs up. To wait for a time-out instead would be to race with the hosts that do answer.
NO_ANSWER = b""


@pytest.mark.parametrize("silent", ["page", "endpoint"])
def test_a_host_that_does_not_answer_is_not_tried_for_each_of_its_pages(
    outbox: Outbox, client: Client, clock: Clock, silent: str
) -> None:
    paths = [f"/{number}" for number in range(8)]
    with FarSide(*paths) as far_side, FarSide("/1", host="127.0.0.3") as well:
        still = ["/endpoint"] if silent == "endpoint" else paths
        # Whoever hangs up on a connection that was used before may have meant that one, and is asked once more.
        alone = {"Connection": "close", "Link": '</endpoint>; rel="webmention"'}
        far_side.pages |= dict.fromkeys(paths, page(headers=alone)) | dict.fromkeys(still, NO_ANSWER)
        targets = [far_side.url + path for path in paths]
        plan(outbox, *targets, f"{well.url}/1")
        outcomes = delivered(outbox, client, clock)
        assert statuses(outcomes) == dict.fromkeys(targets[:2], "failed") | {f"{well.url}/1": "accepted"}
        assert len([request for request in far_side.requests if request.path in still]) == 2

        left = [ping for ping in outbox.pings() if ping.target in targets[2:]]
        assert {(ping.attempts, ping.failing_since, ping.leased_until) for ping in left} == {(0, None, None)}
        far_side.pages |= {path: page() for path in still}
        assert delivered(outbox, client, clock) == []
        clock.pass_by(minutes=5)
        assert len(delivered(outbox, client, clock)) >= 6


def test_a_service_that_does_not_answer_is_not_tried_for_each_target(
    outbox: Outbox, client: Client, clock: Clock
) -> None:
    with ExitStack() as stack:
        service = stack.enter_context(Site({"/endpoint": NO_ANSWER}))
        link = page(headers={"Link": f'<{service.url}/endpoint>; rel="webmention"'})
        hosts = [stack.enter_context(Site({"/": link}, host=f"127.0.1.{number}")) for number in range(1, 9)]
        plan(outbox, *(host.url + "/" for host in hosts))
        assert len(delivered(outbox, client, clock)) == 2
        assert len(service.requests) == 2


# Discovery


def test_many_posts_and_one_target(outbox: Outbox, client: Client, clock: Clock) -> None:
    with FarSide("/1") as far_side:
        for number in range(12):
            plan(outbox, f"{far_side.url}/1", source=f"{SOURCE}{number}")
        assert len(delivered(outbox, client, clock)) == 12
        assert (len(far_side.heard), far_side.asked) == (12, ["/1"])


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        pytest.param({}, 1, id="for-a-day-where-it-does-not-say"),
        pytest.param({"Cache-Control": "max-age=3601"}, 1, id="w11-max-age"),
        pytest.param({"Cache-Control": "max-age=3599"}, 2, id="w11-max-age-is-over"),
        pytest.param({"Cache-Control": "no-store"}, 2, id="w11-no-store"),
    ],
)
def test_what_a_target_advertises_is_remembered_from_run_to_run(
    tmp_path: Path, client: Client, clock: Clock, headers: dict[str, str], asked: int
) -> None:
    with FarSide() as far_side:
        far_side.pages["/1"] = page(headers={"Link": '</endpoint>; rel="webmention"', **headers})
        for number in range(2):
            with Store(f"sqlite:///{tmp_path}/outbox.db") as store:
                plan(store.outbox, f"{far_side.url}/1", source=f"{SOURCE}{number}", now=clock.instant)
                [outcome] = delivered(store.outbox, client, clock)
                assert outcome.status is OutcomeStatus.ACCEPTED
            clock.pass_by(hours=1)
        assert len(far_side.asked) == asked


def test_that_there_is_no_endpoint_is_remembered_too(outbox: Outbox, client: Client, clock: Clock) -> None:
    with Site({"/1": page()}) as site:
        for number in range(2):
            plan(outbox, f"{site.url}/1", source=f"{SOURCE}{number}")
            [outcome] = delivered(outbox, client, clock)
            assert outcome.status is OutcomeStatus.UNSUPPORTED
        assert len(site.requests) == 1


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_remembered_endpoint_that_is_no_more_is_looked_for_anew(
    outbox: Outbox, client: Client, clock: Clock, status: int
) -> None:
    with FarSide("/1") as far_side:
        plan(outbox, f"{far_side.url}/1")
        delivered(outbox, client, clock)
        far_side.pages["/moved"], far_side.pages["/endpoint"] = far_side.pages["/endpoint"], page(status=status)
        far_side.pages["/1"] = page(headers={"Link": '</moved>; rel="webmention"'})
        plan(outbox, f"{far_side.url}/1", source=f"{SOURCE}a")
        [outcome] = delivered(outbox, client, clock)
        assert (outcome.status, outcome.endpoint) == (OutcomeStatus.ACCEPTED, f"{far_side.url}/moved")
        assert far_side.asked == ["/1", "/1"]


def test_a_remembered_endpoint_that_is_no_more_and_has_no_heir(outbox: Outbox, client: Client, clock: Clock) -> None:
    with FarSide("/1") as far_side:
        for number in range(2):
            plan(outbox, f"{far_side.url}/1", source=f"{SOURCE}{number}")
            [outcome] = delivered(outbox, client, clock)
            far_side.pages["/endpoint"] = page(status=404)
    assert (outcome.status, outcome.fault) == (OutcomeStatus.REFUSED, 404)


def test_p13_each_post_names_the_target_as_it_spells_it(outbox: Outbox, client: Client, clock: Clock) -> None:
    with FarSide("/1", by=Protocol.PINGBACK) as far_side:
        pairs = [(f"{SOURCE}{number}", f"{far_side.url}/1#{number}") for number in range(6)]
        for source, target in pairs:
            plan(outbox, target, source=source)
        outcomes = delivered(outbox, client, clock)
        assert sorted((outcome.source, outcome.target) for outcome in outcomes) == pairs
        assert sorted(far_side.heard) == pairs
        assert far_side.asked == ["/1"]


# How many at once


class Pairs:
    """Counts how many requests are being answered at the same time. None is before another one has come."""

    def __init__(self) -> None:
        self.most = 0
        self._here = 0
        self._pair = threading.Barrier(2, timeout=PATIENCE)
        self._lock = threading.Lock()

    def answering(self, answer: bytes) -> Callable[[Request], Answer]:
        def both(request: Request) -> bytes:
            with self._lock:
                self._here += 1
                self.most = max(self.most, self._here)
            self._pair.wait()
            with self._lock:
                self._here -= 1
            return answer

        return both


def test_two_at_a_time_for_the_pages_of_one_host(outbox: Outbox, client: Client, clock: Clock) -> None:
    with Site() as site:
        pairs = Pairs()
        site.pages["/rpc"] = pairs.answering(YES[Protocol.PINGBACK])
        advertising = pairs.answering(page(headers={"X-Pingback": "/rpc"}))
        site.pages |= {f"/{number}": advertising for number in range(12)}
        plan(outbox, *(f"{site.url}/{number}" for number in range(12)))
        assert {outcome.status for outcome in delivered(outbox, client, clock)} == {OutcomeStatus.ACCEPTED}
        assert (pairs.most, site.connections) == (2, 2)


def test_two_at_a_time_for_a_service_that_many_hosts_use(outbox: Outbox, client: Client, clock: Clock) -> None:
    with ExitStack() as stack:
        service = stack.enter_context(Site())
        pairs = Pairs()
        service.pages["/endpoint"] = pairs.answering(page(status=201))
        link = page(headers={"Link": f'<{service.url}/endpoint>; rel="webmention"'})
        hosts = [stack.enter_context(Site({"/": link}, host=f"127.0.1.{number}")) for number in range(1, 13)]
        plan(outbox, *(host.url + "/" for host in hosts))
        assert {outcome.status for outcome in delivered(outbox, client, clock)} == {OutcomeStatus.ACCEPTED}
        assert (pairs.most, service.connections) == (2, 2)


def test_many_hosts_at_once(outbox: Outbox, client: Client, clock: Clock) -> None:
    everybody = threading.Barrier(10)

    def together(request: Request) -> bytes:
        everybody.wait(PATIENCE)
        return page(status=201)

    with ExitStack() as stack:
        hosts = [stack.enter_context(FarSide("/", host=f"127.0.1.{n}", answer=together)) for n in range(1, 11)]
        plan(outbox, *(host.url + "/" for host in hosts))
        assert {outcome.status for outcome in delivered(outbox, client, clock)} == {OutcomeStatus.ACCEPTED}


def test_however_many_wait_only_some_are_under_way(outbox: Outbox, clock: Clock) -> None:
    """Whoever has 10,000 targets needs no more memory for it."""
    targets = [f"https://{number}.example/" for number in range(300)]
    plan(outbox, *targets)
    claimed = 0

    def counted(source: str, target: str) -> bool:
        nonlocal claimed
        claimed += 1
        return True

    pages = Pages(dict.fromkeys(targets, PageInMemory()))
    under_way: list[int] = []
    courier = Courier(client=pages, outbox=outbox, allows=counted, clock=clock)
    courier.deliver(lambda outcome: under_way.append(claimed - len(under_way)))
    assert max(under_way) <= 96
    assert (len(under_way), claimed) == (300, 300)


def test_no_ping_goes_out_at_the_end_of_its_lease(outbox: Outbox, client: Client, clock: Clock) -> None:
    """Those that wait for their turn at a slow endpoint are claimed anew, lest somebody else sends them too."""
    left: list[timedelta] = []

    def slow(request: Request) -> bytes:
        for ping in outbox.pings():
            if ping.target.encode() in request.body:
                assert ping.leased_until is not None
                left.append(ping.leased_until - clock.instant)
        clock.pass_by(seconds=50)
        return YES[Protocol.PINGBACK]

    with ExitStack() as stack:
        service = stack.enter_context(FarSide(by=Protocol.PINGBACK, answer=slow))
        link = page(headers={"X-Pingback": f"{service.url}/endpoint"})
        hosts = [stack.enter_context(Site({"/": link}, host=f"127.0.1.{number}")) for number in range(1, 9)]
        plan(outbox, *(host.url + "/" for host in hosts))
        outcomes = delivered(outbox, client, clock, patience=timedelta(hours=1))
        assert [outcome.status for outcome in outcomes] == [OutcomeStatus.ACCEPTED] * 8
        assert len(service.heard) == 8
    assert min(left) >= LEASE / 2 - timedelta(seconds=50)  # the other of the two may answer in between


# Whoever stops, breaks off or comes second


def test_stopped_while_pings_are_out(outbox: Outbox, client: Client, clock: Clock) -> None:
    paths = [f"/{number}" for number in range(6)]
    stopped = threading.Event()
    courier = Courier(client=client, outbox=outbox, stopped=stopped, clock=clock)
    outcomes: list[Outcome] = []

    def stopping(request: Request) -> bytes:
        stopped.set()
        return page(status=202)

    with FarSide(*paths, answer=stopping) as far_side:
        plan(outbox, *(far_side.url + path for path in paths))
        courier.deliver(outcomes.append, patience=LONG)
        assert 1 <= len(outcomes) == len(far_side.heard) <= 2
        assert {ping.leased_until for ping in outbox.pings()} == {None}
        assert len(outcomes) + len(delivered(outbox, client, clock)) == 6
        assert sorted(far_side.targets) == paths


def test_stopped_while_it_waits(outbox: Outbox, client: Client) -> None:
    """By a signal's handler, say: patience ends at once."""
    stopped = threading.Event()
    courier = Courier(client=client, outbox=outbox, stopped=stopped, clock=Clock())
    outcomes: list[Outcome] = []
    timer = threading.Timer(0.05, stopped.set)

    def later(request: Request) -> bytes:
        timer.start()  # by whenever it is over, this ping is to be waited for
        return page(status=429, headers={"Retry-After": "3600"})

    with FarSide("/1", answer=later) as far_side:
        plan(outbox, f"{far_side.url}/1")
        courier.deliver(outcomes.append, patience=LONG)
        timer.join()
        assert outcomes == []
        assert the_ping(outbox).next_try == NOW + timedelta(hours=1)


class EnoughError(Exception):
    """Somebody wants to hear no more."""


def enough(outcome: Outcome) -> None:
    raise EnoughError


def test_whoever_hears_no_more_loses_nothing(outbox: Outbox, client: Client, clock: Clock) -> None:
    """What had gone out when the caller broke off is kept as told, and what had not is free for the next."""
    paths = [f"/{number}" for number in range(8)]
    with ExitStack() as stack:
        hosts = [stack.enter_context(FarSide("/", host=f"127.0.1.{n}")) for n in range(1, 5)]
        hosts += [stack.enter_context(FarSide(*paths))]
        targets = [f"{host.url}/" for host in hosts[:4]] + [hosts[4].url + path for path in paths]
        plan(outbox, *targets)
        with pytest.raises(EnoughError):
            Courier(client=client, outbox=outbox, clock=clock).deliver(enough)
        assert {ping.leased_until for ping in outbox.pings()} == {None}
        heard = {target for host in hosts for _, target in host.heard}
        assert {ping.target for ping in outbox.pings() if ping.told} == heard
        delivered(outbox, client, clock)
        assert sorted(target for host in hosts for _, target in host.heard) == sorted(targets)


def test_an_interrupt_waits_for_nobody(outbox: Outbox, client: Client, clock: Clock) -> None:
    """What is out then stays leased: whoever sees this process end may send it again."""
    asked, go_on = threading.Event(), threading.Event()

    def held(request: Request) -> bytes:
        asked.set()
        assert go_on.wait(PATIENCE)
        return page(status=202)

    def after_that(request: Request) -> bytes:
        assert asked.wait(PATIENCE)
        return page(status=202)

    def interrupted(outcome: Outcome) -> None:
        raise KeyboardInterrupt

    with FarSide("/1", host="127.0.0.3", answer=after_that) as well, FarSide("/1", "/2", "/3", answer=held) as silent:
        plan(outbox, f"{well.url}/1", *(f"{silent.url}/{number}" for number in (1, 2, 3)))
        try:
            with pytest.raises(KeyboardInterrupt):
                Courier(client=client, outbox=outbox, clock=clock).deliver(interrupted)
            pings = list(outbox.pings())
        finally:
            go_on.set()
    assert [ping.target for ping in pings if ping.told] == [f"{well.url}/1"]
    assert 1 <= len([ping for ping in pings if ping.leased_until is not None]) <= 2
    assert [ping.target for ping in pings if ping.leased_until is None and not ping.told] != []


def test_a_machine_without_a_thread_to_spare(outbox: Outbox, clock: Clock) -> None:
    targets = ["https://a.example/", "https://b.example/"]
    plan(outbox, *targets)
    with no_more_threads():
        outcomes = delivered(outbox, Pages(dict.fromkeys(targets, PageInMemory())), clock)
    assert statuses(outcomes) == dict.fromkeys(targets, "unsupported")


def test_after_its_seconds_it_begins_nothing(outbox: Outbox, client: Client, clock: Clock) -> None:
    with FarSide("/1") as far_side:
        plan(outbox, f"{far_side.url}/1")
        Courier(client=client, outbox=outbox, clock=clock).deliver(enough, seconds=0.0)
        assert far_side.requests == []
        assert len(delivered(outbox, client, clock)) == 1


def test_two_couriers_in_two_threads(tmp_path: Path, client: Client) -> None:
    paths = [f"/{number}" for number in range(10)]
    url = f"sqlite:///{tmp_path}/outbox.db?timeout=300"
    with ExitStack() as stack:
        hosts = [stack.enter_context(FarSide(*paths, host=f"127.0.1.{number}")) for number in range(1, 7)]
        one, other = (stack.enter_context(Store(url)).outbox for _ in range(2))
        plan(one, *(host.url + path for host in hosts for path in paths))
        done: list[Outcome] = []
        clock = Clock()
        thread = threading.Thread(target=lambda: done.extend(delivered(other, client, clock)))
        thread.start()
        done += delivered(one, client, clock)
        thread.join()
        assert [sorted(host.targets) for host in hosts] == [paths] * 6
        assert [outcome.status for outcome in done] == [OutcomeStatus.ACCEPTED] * 60


# A database that cannot be used


def test_a_database_that_is_locked_from_the_beginning(tmp_path: Path, client: Client, clock: Clock) -> None:
    path = tmp_path / "outbox.db"
    with FarSide("/1") as far_side, Store(f"sqlite:///{path}?timeout=0.01") as store:
        plan(store.outbox, f"{far_side.url}/1")
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="is locked by another program"):
                delivered(store.outbox, client, clock)
            assert the_ping(store.outbox).target == f"{far_side.url}/1"
            other.rollback()
        assert far_side.heard == []
        assert len(delivered(store.outbox, client, clock)) == 1


def test_a_database_that_is_locked_while_a_ping_is_out(tmp_path: Path, client: Client, clock: Clock) -> None:
    path = tmp_path / "outbox.db"
    with (
        FarSide("/1", "/2") as far_side,
        Store(f"sqlite:///{path}?timeout=0.01") as store,
        closing(sqlite3.connect(path, check_same_thread=False, isolation_level=None)) as other,
    ):
        plan(store.outbox, f"{far_side.url}/1", f"{far_side.url}/2")

        one_by_one = threading.Lock()

        def locking(request: Request) -> bytes:
            with one_by_one:
                if not other.in_transaction:
                    other.execute("BEGIN IMMEDIATE")
            return page(status=202)

        far_side.answer = locking
        with pytest.raises(StoreError, match="is locked by another program"):
            delivered(store.outbox, client, clock)
        assert len(list(store.outbox.pings())) == 2
        other.rollback()
        far_side.answer = page(status=202)
        clock.pass_by(seconds=LEASE.total_seconds())
        delivered(store.outbox, client, clock)
        assert {ping.status for ping in store.outbox.pings()} == {OutcomeStatus.ACCEPTED}
        assert set(far_side.targets) == {"/1", "/2"}
