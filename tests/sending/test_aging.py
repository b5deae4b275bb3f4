"""Outcomes that age, over sockets: who takes no pings today is asked again, in days that grow, and then no more."""

import socket
import xmlrpc.client
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest

from pingback.model import Outcome, Protocol
from pingback.net.client import Client, Limits
from pingback.sending.hook import publish
from pingback.sending.publish import Publisher
from pingback.sending.sender import Sender
from pingback.sending.values import EVERYTHING, Publication, PublishOptions
from pingback.store import Store
from tests.loopback import Page, Site, page
from tests.receive.pages import Clock
from tests.sending.deliveries import NOW, delivered, next_due, plan, the_ping
from tests.sending.far_sides import XML, YES, FarSide, post

NO_STORE = {"Cache-Control": "no-store"}
TAKES = page(b'<link rel="webmention" href="/endpoint">', headers=NO_STORE)


def fault(code: int) -> bytes:
    return page(xmlrpc.client.dumps(xmlrpc.client.Fault(code, "No.")).encode(), headers=XML)


by_pingback = partial(FarSide, "/1", by=Protocol.PINGBACK)
by_trackback = partial(FarSide, "/1", by=Protocol.TRACKBACK)
by_webmention = partial(FarSide, "/1")


@pytest.mark.parametrize(
    ("far", "answers", "status", "number"),
    [
        pytest.param(by_webmention, {"/1": page(b"<p>one")}, "unsupported", None, id="no-endpoint"),
        pytest.param(by_webmention, {"/1": page(status=401)}, "unsupported", 401, id="target-401"),
        pytest.param(by_webmention, {"/1": page(status=403)}, "unsupported", 403, id="target-403"),
        pytest.param(by_webmention, {"/1": page(status=404)}, "unsupported", 404, id="target-404"),
        pytest.param(by_webmention, {"/1": page(status=405)}, "unsupported", 405, id="target-405"),
        pytest.param(by_webmention, {"/endpoint": page(status=403)}, "refused", 403, id="endpoint-403"),
        pytest.param(by_webmention, {"/endpoint": page(status=404)}, "refused", 404, id="endpoint-404"),
        pytest.param(by_webmention, {"/endpoint": page(status=405)}, "refused", 405, id="endpoint-405"),
        pytest.param(by_trackback, {"/endpoint": page(status=404)}, "refused", 404, id="trackback-404"),
        pytest.param(by_pingback, {"/endpoint": page(status=404)}, "refused", 404, id="pingback-404"),
        pytest.param(by_pingback, {"/endpoint": fault(405)}, "refused", 405, id="wordpress-xmlrpc-is-disabled"),
        pytest.param(by_pingback, {"/endpoint": fault(-32601)}, "refused", -32601, id="no-such-method"),
    ],
)
def test_asked_again_in_days_that_grow_and_then_final(
    store: Store,
    client: Client,
    clock: Clock,
    far: Callable[[], FarSide],
    answers: dict[str, Page],
    status: str,
    number: int | None,
) -> None:
    with far() as far_side:
        far_side.pages |= answers
        plan(store, f"{far_side.url}/1")
        [first] = delivered(store, client, clock)
        assert (first.status, first.fault) == (status, number)
        assert first.next_try is not None
        assert timedelta(hours=24) <= first.next_try - NOW <= timedelta(hours=25)
        tries = [NOW]
        while (due := next_due(store, clock.instant)) is not None:
            clock.instant = due
            [outcome] = delivered(store, client, clock)
            tries.append(due)
    assert (outcome.status, outcome.fault, outcome.next_try) == (status, number, None)
    assert tries[-1] == NOW + timedelta(days=31)
    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert [wait.days for wait in waits[:4]] == [1, 2, 4, 8]
    assert len(waits) == 5


@pytest.mark.parametrize(
    ("far", "answers", "status"),
    [
        pytest.param(by_webmention, {"/1": page(status=410)}, "unsupported", id="target-410"),
        pytest.param(by_webmention, {"/endpoint": page(status=410)}, "refused", id="endpoint-410"),
        pytest.param(by_webmention, {"/endpoint": page(status=400)}, "refused", id="webmention-3.2.3-400"),
        pytest.param(
            by_trackback, {"/endpoint": page(b"<response><error>1</error></response>")}, "refused", id="error-1"
        ),
        pytest.param(by_pingback, {"/endpoint": fault(17)}, "refused", id="pingback-17"),
        pytest.param(by_pingback, {"/endpoint": fault(33)}, "refused", id="pingback-33"),
        pytest.param(by_pingback, {"/endpoint": fault(49)}, "refused", id="pingback-49"),
        pytest.param(by_pingback, {"/endpoint": fault(0)}, "refused", id="wordpress-0"),
        pytest.param(by_pingback, {"/endpoint": fault(48)}, "already", id="pingback-48"),
    ],
)
def test_what_the_far_side_said_is_final(
    store: Store, client: Client, clock: Clock, far: Callable[[], FarSide], answers: dict[str, Page], status: str
) -> None:
    with far() as far_side:
        far_side.pages |= answers
        plan(store, f"{far_side.url}/1")
        [outcome] = delivered(store, client, clock)
    assert (outcome.status, outcome.next_try) == (status, None)
    assert next_due(store, clock.instant) is None


def test_it_takes_pings_after_a_week(store: Store, client: Client, clock: Clock) -> None:
    with FarSide() as far_side:
        plan(store, f"{far_side.url}/1")
        assert [each.status for each in delivered(store, client, clock)] == ["unsupported"]
        clock.pass_by(days=7)
        far_side.pages["/1"] = TAKES
        assert [(each.status, each.next_try) for each in delivered(store, client, clock)] == [("accepted", None)]
    assert the_ping(store).aging_since is None


def test_one_that_failed_after_weeks_of_none_has_its_days(store: Store, client: Client, clock: Clock) -> None:
    """The days without an endpoint are no days of failure, and the other way round."""
    with FarSide("/1", answer=page(status=503)) as far_side:
        takes = far_side.pages.pop("/1")
        plan(store, f"{far_side.url}/1")
        delivered(store, client, clock)
        clock.pass_by(days=20)
        far_side.pages["/1"] = takes
        [outcome] = delivered(store, client, clock)
        assert outcome.status == "failed"
        assert outcome.next_try is not None
        assert outcome.next_try - clock.instant < timedelta(minutes=7)
        clock.pass_by(days=4)
        del far_side.pages["/1"]
        [outcome] = delivered(store, client, clock)
        assert outcome.status == "unsupported"
        assert outcome.next_try is not None
        assert outcome.next_try - clock.instant <= timedelta(hours=30)


class Names:
    """A resolver that knows some hosts, all on this machine."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)

    def __call__(self, host: str, port: int) -> list[str]:
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ["127.0.0.2"]


@pytest.mark.parametrize("unknown", ["target.example", "endpoint.example"])
def test_a_name_that_nobody_knows(store: Store, clock: Clock, unknown: str) -> None:
    names = Names("target.example", "endpoint.example")
    with FarSide() as far_side, Client(allow=["127.0.0.0/8"], limits=Limits(timeout=30.0), resolver=names) as client:
        port = far_side.url.rpartition(":")[2]
        endpoint = f"http://endpoint.example:{port}/endpoint"
        far_side.pages["/1"] = page(f'<link rel="webmention" href="{endpoint}">'.encode(), headers=NO_STORE)
        names.known.remove(unknown)
        plan(store, f"http://target.example:{port}/1")
        tries = 0
        while (due := next_due(store, clock.instant)) is not None and tries < 3:
            clock.instant = due
            [outcome] = delivered(store, client, clock)
            assert (outcome.status, outcome.fault) == ("failed", None)
            tries += 1
        assert clock.instant - NOW >= timedelta(days=2)
        names.known.add(unknown)
        clock.pass_by(days=5)
        assert [each.status for each in delivered(store, client, clock)] == ["accepted"]


def test_a_name_that_nobody_knows_for_a_month_is_given_up(store: Store, clock: Clock) -> None:
    with Client(resolver=Names()) as client:
        plan(store, "http://target.example/1")
        while (due := next_due(store, clock.instant)) is not None:
            clock.instant = due
            [outcome] = delivered(store, client, clock)
    assert (outcome.status, outcome.next_try) == ("gone", None)
    assert clock.instant == NOW + timedelta(days=31)


# A post that is published again meanwhile


class Hook:
    """The publish hook of a blog whose post `/6` links to the far side's page `/1`."""

    def __init__(self, client: Client, store: Store, clock: Clock, far_side: FarSide, blog: Site) -> None:
        self.client = client
        self.store = store
        self.clock = clock
        self.source = f"{blog.url}/6"
        blog.pages["/6"] = post(f"{far_side.url}/1")

    def __call__(
        self, *, named: bool = True, fingerprint: str | None = None, options: PublishOptions = EVERYTHING
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        publish(
            [Publication(source=self.source, named=named, fingerprint=fingerprint)],
            outcomes.append,
            publisher=Publisher(client=self.client, store=self.store, options=options, clock=self.clock),
            sender=Sender(client=self.client, store=self.store, clock=self.clock),
            patience=timedelta(0),
        )
        return outcomes


@pytest.fixture
def far_side() -> Iterator[FarSide]:
    with FarSide() as far_side:
        yield far_side


@pytest.fixture
def hook(client: Client, store: Store, clock: Clock, far_side: FarSide) -> Iterator[Hook]:
    with Site() as blog:
        yield Hook(client, store, clock, far_side, blog)


def said(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param({}, id="target-404"),
        pytest.param({"/1": page(b"one", headers=NO_STORE)}, id="no-endpoint-and-no-store"),
        pytest.param({"/1": TAKES, "/endpoint": page(status=403)}, id="endpoint-403"),
    ],
)
def test_a_post_that_is_named_asks_at_once_where_nothing_is_remembered(
    hook: Hook, far_side: FarSide, before: dict[str, bytes]
) -> None:
    endpoint = far_side.pages["/endpoint"]
    far_side.pages |= before
    [first] = hook()
    [second] = hook()
    assert second.status == first.status  # asked, and not skipped
    assert far_side.asked == ["/1", "/1"]
    far_side.pages |= {"/1": TAKES, "/endpoint": endpoint}
    assert said(hook()) == ["accepted"]


def test_a_post_that_is_named_asks_once_what_is_remembered_is_over(hook: Hook, far_side: FarSide) -> None:
    far_side.pages["/1"] = page(b"one", headers={"Cache-Control": "max-age=7200"})
    assert said(hook()) == ["unsupported"]
    far_side.pages["/1"] = TAKES
    hook.clock.pass_by(hours=1)
    [skipped] = hook()
    assert (skipped.status, skipped.message) == ("skipped", "nothing changed since the last ping")
    assert skipped.next_try is not None
    hook.clock.pass_by(hours=1)
    assert said(hook()) == ["accepted"]


def test_the_days_go_on_where_it_is_asked_meanwhile(hook: Hook, store: Store) -> None:
    hook()
    hook.clock.pass_by(days=30)
    hook()
    assert the_ping(store).next_try == NOW + timedelta(days=31)
    hook.clock.pass_by(days=1)
    [last] = hook()
    assert (last.status, last.next_try) == ("unsupported", None)
    assert said(hook()) == ["skipped"]


@pytest.mark.parametrize("fingerprint", [None, "as it was"], ids=["sitemap", "feed"])
def test_of_a_feed_or_a_site_it_is_asked_after_a_day(hook: Hook, far_side: FarSide, fingerprint: str | None) -> None:
    find = partial(hook, named=False, fingerprint=fingerprint)
    assert said(find()) == ["unsupported"]
    far_side.pages["/1"] = TAKES
    hook.clock.pass_by(hours=17)
    assert said(find()) == ["skipped"]
    assert far_side.asked == ["/1"]
    hook.clock.pass_by(hours=13)
    assert said(find()) == ["accepted"]


def test_a_post_that_changed_begins_anew(hook: Hook, store: Store) -> None:
    hook()
    hook.clock.pass_by(days=20)
    plan(store, the_ping(store).target, source=hook.source, words="other words", now=hook.clock())
    assert (the_ping(store).status, the_ping(store).aging_since) == ("waiting", None)
    [outcome] = delivered(store, hook.client, hook.clock)
    assert outcome.next_try is not None
    assert outcome.next_try - hook.clock() <= timedelta(hours=30)


def test_once_more_all_of_it(hook: Hook, far_side: FarSide) -> None:
    far_side.pages["/1"] = TAKES
    again = PublishOptions(again=True)
    assert said(hook(options=again)) == ["accepted"]
    assert said(hook(options=again)) == ["accepted"]
    assert said(hook(options=again, named=False)) == ["skipped"]
    assert said(hook()) == ["skipped"]
    assert far_side.targets == ["/1", "/1"]


def test_once_more_where_a_second_ping_says_nothing(hook: Hook) -> None:
    """Whoever asks for it hears what the far side says now."""
    with FarSide("/1", host="127.0.0.4", by=Protocol.PINGBACK) as old_side, Site(host="127.0.0.5") as blog:
        hook.source = f"{blog.url}/7"
        blog.pages["/7"] = post(f"{old_side.url}/1")
        assert said(hook()) == ["accepted"]
        old_side.answer = fault(48)
        assert said(hook(options=PublishOptions(again=True))) == ["already"]
        old_side.answer = YES[Protocol.PINGBACK]
        assert old_side.targets == ["/1", "/1"]
