"""Whatever is asked of a store each day reads little of it in PostgreSQL, too."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from pingback.model import Protocol
from pingback.store import Store
from pingback.store.jobs import add_jobs
from pingback.store.keys import target_key_of
from pingback.store.rows import micros
from pingback.work import JobKind
from tests.postgresql.server import Server
from tests.store.test_plans import DAY, FIVE, NOON, QUESTIONS

ROWS = 10_000  # of each table
MOST = 2_500  # that a statement may read; what is read as a whole has less
LEASE = timedelta(minutes=5)

_MENTIONS = f"""
INSERT INTO pingback_mentions
    (pair, source_key, target_key, page_key, home_key, author_key, target_host,
     source, target, protocol, status, received, dated, verified, tried, changed, news)
SELECT md5('pair' || n), md5('source' || n), key, key, md5('home' || n % 500), md5('author' || n % 3000), host,
    'https://a.example/' || n, 'https://' || host || '/' || page, 'webmention',
    status, at, at, at, at, CASE status WHEN 'approved' THEN at ELSE {{now}} END, at
FROM (
    SELECT n, n % 300 AS page, 'b' || n % 10 || '.example' AS host, {{now}} - n * 60000000::bigint AS at,
        COALESCE((ARRAY['pending', 'spam', 'deleted'])[n % 20], 'approved') AS status,
        CASE n % 300 WHEN 5 THEN '{{five}}' ELSE md5('page' || n % 300) END AS key
    FROM generate_series(1, {ROWS}) AS n
) AS numbered
"""
_OUTBOX = f"""
INSERT INTO pingback_outbox
    (pair, source_key, target_key, source, target, status, message, attempts, fingerprint, linked)
SELECT md5('pair' || n), md5('post' || n / 10), md5('target' || n), 'https://b.example/' || n / 10,
    'https://t.example/' || n, 'waiting', 'm', 0, 'f', true
FROM generate_series(1, {ROWS}) AS n
"""


@pytest.fixture(scope="module")
def url(postgresql: Server) -> Iterator[str]:
    """Whose server says how it comes to each answer."""
    url = postgresql.new_database()
    with Store(url) as store, store._database.write() as tx:
        jobs = {number: f"h{number % 5000}.example" for number in range(1, ROWS + 1)}
        add_jobs(tx, JobKind.DELIVER, jobs, due=NOON + DAY, now=NOON)
    with postgresql.connect(url) as connection:
        connection.execute(_MENTIONS.format(now=micros(NOON), five=target_key_of(FIVE)))
        connection.execute(_OUTBOX)
        connection.execute("ANALYZE")
        settings = {"session_preload_libraries": "auto_explain", "client_min_messages": "log"}
        settings |= {f"auto_explain.log_{name}": "on" for name in ("analyze", "nested_statements")}
        settings |= {"auto_explain.log_min_duration": "0", "auto_explain.log_format": "json"}
        for name, value in settings.items():
            connection.execute(f"ALTER DATABASE {connection.info.dbname} SET {name} = '{value}'")
    yield url
    postgresql.drop(url)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url, clock=lambda: NOON) as store:
        yield store


def plans(store: Store, ask: Callable[[Store], object]) -> list[dict[str, Any]]:
    """Of all statements, those of triggers, too; not of those that are only for a new store."""
    said: list[str] = []
    for lent in (store._database.read, store._database.browse, store._database.write):  # no public way shows it
        with lent() as tx:
            assert isinstance(tx.connection, psycopg.Connection)
            tx.connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
    ask(store)
    said.clear()
    ask(store)
    return [json.loads(message.partition("plan:\n")[2]) for message in said if "plan:\n" in message]


def read(node: dict[str, Any]) -> int:
    """How many rows a plan reads from tables and indices."""
    own = 0
    if "Relation Name" in node:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        own = int((node["Actual Rows"] + removed) * node["Actual Loops"])
    return own + sum(map(read, node.get("Plans", [])))


JOBS = [
    pytest.param(
        lambda store: store.jobs.release(
            store.jobs.lease([JobKind.DELIVER], worker_id="w", now=NOON + DAY, lease=LEASE, limit=10, per_host=2),
            now=NOON + DAY,
        ),
        id="a-lease-and-its-release",
    ),
    pytest.param(lambda store: store.jobs.next_due(list(JobKind), now=NOON), id="next-due"),
    pytest.param(lambda store: store.jobs.free_the_dead(NOON, is_gone=lambda worker: True), id="jobs-of-the-dead"),
    pytest.param(lambda store: store.jobs.heal_clock(NOON), id="after-a-jump-of-the-clock"),
]


@pytest.mark.parametrize("ask", [*(pytest.param(each.values[0], id=each.id) for each in QUESTIONS), *JOBS])
def test_little_is_read(store: Store, ask: Callable[[Store], object]) -> None:
    found = plans(store, ask)
    assert found != []
    assert [each["Query Text"] for each in found if read(each["Plan"]) > MOST] == []


def test_what_was_approved_unseen_is_found_by_an_index(store: Store) -> None:
    store.moderation.on_their_word = (Protocol.TRACKBACK,)
    found = plans(store, lambda store: store.moderation.approve_on_their_word())
    assert max(read(each["Plan"]) for each in found) <= MOST


def test_what_reads_all_is_noticed(store: Store) -> None:
    def count(store: Store) -> None:
        with store._database.read() as tx:
            tx.execute("SELECT count(*) FROM pingback_mentions WHERE title IS NULL")

    assert [read(each["Plan"]) for each in plans(store, count)] == [ROWS]
