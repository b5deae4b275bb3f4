"""`pingback.store.rows`: hosts, and rows that hold what no version of ours wrote."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pingback.errors import StoreError
from pingback.model import Discovery
from pingback.store import Store
from pingback.store.outbox import Outbox
from pingback.urls import host_of
from tests.store.sent import ACCEPTED, NOON, ONE, POST, claim, plan, record


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
    ("spoil", "use"),
    [
        pytest.param("outbox SET status = 'unheard-of'", lambda box: list(box.pings()), id="status-of-a-later-version"),
        pytest.param("outbox SET failing_since = 9223372036854775807", lambda box: list(box.pings()), id="instant"),
        pytest.param("outbox SET next_try = 0, status = 'x'", lambda box: claim(box), id="status-when-claimed"),
        pytest.param("outbox SET status = 'x'", lambda box: plan(box), id="status-when-planned"),
        pytest.param("outbox SET next_try = 'soon'", lambda box: box.next_due(now=NOON), id="instant-in-words"),
        pytest.param("attempts SET at = 'soon'", lambda box: box.attempts(box.find(POST, ONE)), id="attempt"),
        pytest.param("posts SET seen = 'x'", lambda box: box.post(POST), id="post"),
        pytest.param("discoveries SET endpoints = '['", lambda box: box.recall(ONE, now=NOON), id="no-json"),
        pytest.param("discoveries SET endpoints = '7'", lambda box: box.recall(ONE, now=NOON), id="no-list"),
        pytest.param("discoveries SET endpoints = '[{}]'", lambda box: box.recall(ONE, now=NOON), id="no-keys"),
        pytest.param("pauses SET until = 'x'", lambda box: box.paused_until("h", now=NOON), id="pause"),
    ],
)
def test_a_row_that_cannot_be_read(tmp_path: Path, spoil: str, use: Callable[[Outbox], object]) -> None:
    path = tmp_path / "pingback.db"
    with Store(f"sqlite:///{path}") as store:
        plan(store.outbox, ONE)
        [ping] = claim(store.outbox)
        record(store.outbox, ping, ACCEPTED)
        store.outbox.remember(Discovery(target=ONE, url=ONE, endpoints=()), until=NOON.replace(year=2027))
        store.outbox.pause("h", until=NOON.replace(year=2027))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"UPDATE pingback_{spoil}")
        with pytest.raises(StoreError, match=r"pingback\.db holds a row that cannot be read"):
            use(store.outbox)


def test_a_protocol_that_is_not_known_any_more_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "pingback.db"
    with Store(f"sqlite:///{path}") as store:
        plan(store.outbox, ONE)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE pingback_outbox SET protocol = 'smoke', told_by = 'smoke'")
        [ping] = store.outbox.pings()
    assert (ping.protocol, ping.told_by, ping.as_outcome().as_json()["protocol"]) == ("smoke", "smoke", "smoke")
