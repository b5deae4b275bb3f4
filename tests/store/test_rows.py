"""`pingback.store.rows`: hosts, and rows that hold what no version of ours wrote."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from pingback.model import Discovery
from pingback.sanitized import sanitized
from pingback.store import Store
from pingback.urls import host_of
from pingback.work import QueuedPing
from tests.server.strangers import LIKE
from tests.store.databases import change
from tests.store.sent import NOON, ONE, POST, TWO, Held, plan, targets, tell


def the(store: Store) -> QueuedPing:
    [ping] = store.outbox.pings()
    return ping


def recall(store: Store) -> Discovery | None:
    return store.discoveries.recall(ONE, now=NOON)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        pytest.param("https://B.Example/x", "b.example", id="lower-case"),
        pytest.param("https://b.example:443/", "b.example", id="default-port-of-https"),
        pytest.param("http://b.example:80/", "b.example", id="default-port-of-http"),
        pytest.param("http://b.example:443/", "b.example:443", id="port-of-the-other-scheme"),
        pytest.param("https://b.example:8443/", "b.example:8443", id="port"),
        pytest.param("https://bücher.example/", "xn--bcher-kva.example", id="idn"),
        pytest.param("https://[2001:DB8::1]:8080/", "[2001:db8::1]:8080", id="ipv6"),
        pytest.param("https://user:secret@b.example/", "b.example", id="credentials"),
    ],
)
def test_the_host_by_which_pings_are_counted(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("spoil", "use", "left"),
    [
        pytest.param("outbox SET status = 'unheard-of'", lambda store: [*store.outbox.pings()], TWO, id="word"),
        pytest.param("outbox SET target = 'nowhere'", lambda store: store.outbox.page(size=9)[0], TWO, id="url"),
    ],
)
def test_a_ping_that_cannot_be_read_is_passed_over_and_said_once(
    store: Store,
    caplog: pytest.LogCaptureFixture,
    spoil: str,
    use: Callable[[Store], Iterable[QueuedPing | Held]],
    left: str,
) -> None:
    plan(store, ONE, TWO)
    bad = next(ping for ping in store.outbox.pings() if ping.target == ONE)
    change(store, f"UPDATE pingback_{spoil} WHERE id = {bad.id}")
    assert ONE not in targets(use(store))
    assert left in targets(use(store))
    assert len([record for record in caplog.records if f"outbox {bad.id} cannot be read" in record.message]) <= 1


def test_a_post_with_a_ping_that_cannot_be_read_is_planned_all_the_same(store: Store) -> None:
    plan(store, ONE)
    change(store, "UPDATE pingback_outbox SET status = 'x'")
    plan(store, ONE, TWO)
    assert targets(store.outbox.pings()) == [TWO]


@pytest.mark.parametrize(
    ("spoil", "use", "left"),
    [
        pytest.param("attempts SET status = 'x'", lambda store: store.outbox.attempts(the(store)), [], id="attempt"),
        pytest.param("posts SET source = 'nowhere'", lambda store: [*store.posts.under(POST)], [], id="post"),
        pytest.param("discoveries SET endpoints = '['", recall, None, id="no-json"),
        pytest.param("discoveries SET endpoints = '7'", recall, None, id="no-list"),
        pytest.param("discoveries SET endpoints = '[{}]'", recall, None, id="no-keys"),
    ],
)
def test_what_cannot_be_read_is_as_if_it_were_not_there(
    store: Store, spoil: str, use: Callable[[Store], object], left: object
) -> None:
    plan(store, ONE)
    tell(store)
    store.discoveries.remember(Discovery(target=ONE, url=ONE, endpoints=()), until=NOON.replace(year=2027))
    change(store, f"UPDATE pingback_{spoil}")
    assert use(store) == left


def test_a_protocol_that_is_not_known_any_more_is_a_name(store: Store) -> None:
    plan(store, ONE)
    change(store, "UPDATE pingback_outbox SET protocol = 'smoke', told_by = 'smoke'")
    [ping] = store.outbox.pings()
    assert (ping.protocol, ping.told_by, ping.as_outcome().as_json()["protocol"]) == ("smoke", "smoke", "smoke")


def test_an_address_of_the_entry_that_a_program_wrote_hides_no_mention(store: Store) -> None:
    store.mentions.keep(LIKE)
    change(store, "UPDATE pingback_mentions SET permalink = 'javascript:1', published_as = '<b>'")
    [mention] = store.mentions.list()
    assert (mention.permalink, mention.published_as) == ("javascript:1", "<b>")
    assert sanitized(mention) == replace(mention, permalink=None, published_as=None)
