"""`pingback.jobs.limits` in Redis and the database: processes count together, and alone while they cannot."""

import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pingback.errors import SettingsError
from pingback.jobs import limits
from pingback.jobs.limits import Rate, SharedCount, shared_count
from pingback.store import Store
from tests.brokers.program import PASSWORD, Broker, redis

Where = Callable[[], SharedCount | None]


@pytest.fixture(scope="module")
def running() -> Iterator[Broker]:
    with redis() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path}/a.db?timeout=30") as store:
        yield store


@pytest.fixture(params=["redis", "database", "postgresql"])
def where(request: pytest.FixtureRequest) -> Iterator[Where]:
    """What a process is given to count by."""
    if request.param == "redis":
        url, named = "sqlite://", request.getfixturevalue("running").url
    elif request.param == "database":
        url, named = f"sqlite:///{request.getfixturevalue('tmp_path')}/a.db?timeout=30", "database"
    else:
        url, named = request.getfixturevalue("postgresql_url"), None
    stores: list[Store] = []

    def process() -> SharedCount | None:
        stores.append(Store(url))
        return shared_count(named, stores[-1])

    yield process
    for store in stores:
        store.close()


def taken(rate: Rate, key: str, times: int) -> list[bool]:
    return [not rate.take(key) for _ in range(times)]


def test_two_processes_have_one_limit(where: Where) -> None:
    one, other = Rate("3/day", where(), of="one"), Rate("3/day", where(), of="one")
    assert (taken(one, "a", 2), taken(other, "a", 3)) == ([True, True], [True, False, False])
    assert 1.0 <= other.take("a") <= 2 * 24 * 3600.0
    assert taken(one, "a", 1) == [False]
    assert taken(one, "b", 1) == [True]


def test_of_several_limits_each_holds(where: Where) -> None:
    text = "2/hour; 3/day"
    one, other = Rate(text, where(), of="several"), Rate(text, where(), of="several")
    assert (taken(one, "a", 1), taken(other, "a", 2)) == ([True], [True, False])


def test_a_host_and_a_sender_of_one_name_are_two(where: Where) -> None:
    count = where()
    assert [taken(Rate("1/day", count, of=of), "192.0.2.7", 1) for of in ("senders", "hosts")] == [[True], [True]]


def test_a_key_may_be_any_text(where: Where) -> None:
    one, other = Rate("1/day", where(), of="texts"), Rate("1/day", where(), of="texts")
    for key in ("", "\x00", "é" * 10_000, "\ud800", "*", "{a}", "a b/c"):
        assert (taken(one, key, 1), taken(other, key, 1)) == ([True], [False])


# While nobody can be asked


@pytest.fixture
def own() -> Iterator[Broker]:
    """A Redis of the test's own, which it may kill."""
    with redis() as own:
        yield own


def test_while_redis_is_away_each_process_counts_alone_and_the_log_says_so_once(
    own: Broker, store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "AWAY_FOR", 0.0)
    one, other = (Rate("4/day", shared_count(own.url, store)) for _ in range(2))
    assert (taken(one, "a", 2), taken(other, "a", 1)) == ([True, True], [True])
    own.kill()
    assert (taken(one, "a", 3), taken(other, "a", 4)) == ([True, True, False], [True, True, True, False])
    assert taken(one, "b", 5) == [True] * 4 + [False]
    assert len(caplog.messages) == 2  # of each process one
    assert caplog.messages[0].startswith(f"each process counts limits alone, as redis://127.0.0.1:{port_of(own)}")
    assert PASSWORD not in caplog.text
    own.start()
    caplog.clear()
    assert (taken(one, "c", 2), taken(other, "c", 3)) == ([True, True], [True, True, False])
    assert caplog.messages == [f"limits are counted in redis://127.0.0.1:{port_of(own)} again"] * 2
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    own.kill()
    caplog.clear()
    assert taken(one, "d", 5) == [True] * 4 + [False]
    assert caplog.messages == []  # within the same minute


def port_of(broker: Broker) -> str:
    return broker.url.rpartition(":")[2].partition("/")[0]


def test_what_gave_no_answer_is_not_asked_for_each_ping(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rate = Rate("100/day", shared_count(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", store))
        assert taken(rate, "a", 101) == [True] * 100 + [False]
        silent.setblocking(False)
        with silent.accept()[0], pytest.raises(BlockingIOError):
            silent.accept()


def test_a_database_that_cannot_be_used_leaves_each_alone(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    rate = Rate("3/day", shared_count("database", store))
    assert taken(rate, "a", 1) == [True]
    store.close()
    assert taken(rate, "a", 3) == [True, True, False]
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "each process counts limits alone, as the database cannot be used"
    ]


@pytest.mark.parametrize("name", ["nothing.invalid", f"{'a' * 70}.example"], ids=["no-host", "no-name"])
def test_an_address_where_nothing_is(store: Store, caplog: pytest.LogCaptureFixture, name: str) -> None:
    count = shared_count(f"redis://:{PASSWORD}@{name}:6379/0", store)
    assert count is not None
    count.check()
    assert caplog.text.count("each process counts limits alone") == 1
    assert PASSWORD not in caplog.text


def test_the_wrong_password_is_in_no_message(running: Broker, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    count = shared_count(running.url.replace(PASSWORD, "wr0ng"), store)
    assert count is not None
    count.check()
    assert "each process counts limits alone" in caplog.text
    assert "wr0ng" not in caplog.text


# Who would fill it


def test_a_flood_that_is_refused_asks_nobody(store: Store) -> None:
    rate = Rate("2/day", shared_count("database", store))
    taken(Rate("2/day", shared_count("database", store)), "a", 2)
    assert taken(rate, "a", 1) == [False]
    writes = store._database.writes
    assert taken(rate, "a", 1000) == [False] * 1000
    assert store._database.writes == writes


def test_a_flood_of_senders_fills_no_database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_NEW", 20)
    rate = Rate("2/day", shared_count("database", store))
    assert all(taken(rate, str(number), 1) == [True] for number in range(200))
    with store._database.read() as tx:
        assert tx.execute("SELECT count(*) FROM pingback_rates").scalar() == 20
    assert taken(rate, "199", 2) == [True, False]  # in memory


# What may stand there


@pytest.mark.parametrize("word", [None, "memory"])
def test_in_memory(store: Store, word: str | None) -> None:
    assert shared_count(word, store) is None


@pytest.mark.parametrize(
    "written",
    ["postgresql://s3cret@a/b", "amqp://u:s3cret@a", "s3cret", "redis://", "redis://:s3cret@", "redis://a:s3cret/0"],
)
def test_what_is_no_place_to_count(store: Store, written: str) -> None:
    with pytest.raises(SettingsError, match="limits: give memory, database, or one like redis://") as raised:
        shared_count(written, store)
    assert "s3cret" not in str(raised.value)
    assert raised.value.__cause__ is None
