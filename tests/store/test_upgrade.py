"""`pingback.store` over a file that the version before made: brought up to date as it is opened, and good for both."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest

from pingback.errors import StoreError
from pingback.model import Mention, MentionKind, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.keys import target_key_of
from pingback.store.listing import Part, Selection

# As it was made before there was `kind`.
OLD = """
CREATE TABLE mentions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    pair VARCHAR(64) NOT NULL,
    target_key VARCHAR(64) NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    protocol VARCHAR(20) NOT NULL,
    status VARCHAR(20) NOT NULL,
    title TEXT,
    excerpt TEXT,
    site_name TEXT,
    author_name TEXT,
    author_url TEXT,
    author_photo TEXT,
    published BIGINT,
    received BIGINT NOT NULL,
    verified BIGINT,
    fault INTEGER,
    tried BIGINT NOT NULL,
    UNIQUE (pair)
);
CREATE INDEX mentions_by_arrival ON mentions (received, id);
CREATE INDEX mentions_by_target ON mentions (target_key, received, id);
"""
INSERT = """
INSERT INTO mentions (pair, target_key, source, target, protocol, status, title, received, tried)
VALUES (?, 'y', 'https://a.example/post', 'https://b.example/part-5', 'pingback', 'approved', 'T', 1767355200000000, 0)
"""

MENTION = Mention(
    id=1,
    source="https://a.example/post",
    target="https://b.example/part-5",
    protocol=Protocol.PINGBACK,
    status=MentionStatus.APPROVED,
    title="T",
    received=datetime(2026, 1, 2, 12, tzinfo=UTC),
)
LIKE = replace(MENTION, id=None, source="https://a.example/like", kind=MentionKind.LIKE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of the version before, with a mention in it."""
    path = tmp_path / "mentions.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD)
        connection.execute(INSERT, ("x",))
        connection.commit()
    return path


@pytest.fixture
def old_program(path: Path) -> Iterator[sqlite3.Connection]:
    """The version before, which has the file open and stays."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_what_was_kept_is_there_and_new_things_are_kept(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        assert list(store.mentions()) == [MENTION]
        store.keep(LIKE)
    with Store(f"sqlite:///{path}") as store:
        assert [mention.kind.value for mention in store.mentions()] == ["mention-of", "like-of"]


def test_why_it_waits_is_kept_beside_what_says_nothing_of_that(path: Path) -> None:
    held = replace(LIKE, status=MentionStatus.PENDING, held_for="no title", verified=LIKE.received)
    with Store(f"sqlite:///{path}") as store:
        store.keep(held)
    with Store(f"sqlite:///{path}") as store:
        assert [mention.reason for mention in store.mentions()] == [None, "no title"]


def test_whoever_was_approved_before_is_known(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        assert store.moderation.is_known_good("https://a.example/second")
        assert not store.moderation.is_known_good("https://c.example/")


def test_what_was_kept_is_found_by_its_page_and_by_its_host(path: Path, old_program: sqlite3.Connection) -> None:
    old, page, new = (f"https://b.example/{name}" for name in ("old", "part-5", "new"))
    old_program.execute("UPDATE mentions SET target_key = ?", (target_key_of(page),))
    old_program.execute(INSERT, ("z",))
    old_program.execute("UPDATE mentions SET target = ?, target_key = ? WHERE id = 2", (old, target_key_of(old)))
    old_program.execute("CREATE TABLE moves (old_key VARCHAR(64) PRIMARY KEY, new_key VARCHAR(64), url TEXT)")
    old_program.execute("INSERT INTO moves VALUES (?, ?, ?)", (target_key_of(old), target_key_of(page), page))
    for _ in range(2):
        with Store(f"sqlite:///{path}") as store:
            for selection in (Selection(targets=(page,)), Selection(targets=(old,)), Selection(host="b.example")):
                assert [each.id for each in store.listing.part(selection, Part(size=9)).mentions] == [2, 1]
    with Store(f"sqlite:///{path}") as store:
        store.moves.keep(page, new)
        assert [each.id for each in store.mentions(target=new)] == [1, 2]


def test_what_the_version_before_writes_is_found_by_its_host_at_the_next_start(
    path: Path, old_program: sqlite3.Connection
) -> None:
    with Store(f"sqlite:///{path}") as store:
        old_program.execute(INSERT, ("z",))
        old_program.execute("UPDATE mentions SET target = 'nonsense' WHERE id = 1")
        old_program.execute(INSERT, ("nonsense",))
        old_program.execute("UPDATE mentions SET target = 'nonsense' WHERE id = 3")
    for _ in range(2):
        with Store(f"sqlite:///{path}") as store:
            assert store.listing.counts(Selection(host="b.example")).kinds == {MentionKind.MENTION: 2}


def test_a_source_that_cannot_be_read_is_at_home_nowhere(path: Path, old_program: sqlite3.Connection) -> None:
    old_program.execute("UPDATE mentions SET source = 'nonsense'")
    with Store(f"sqlite:///{path}") as store:
        assert not store.moderation.is_known_good("https://a.example/second")


def test_the_version_before_goes_on_in_the_same_file(path: Path, old_program: sqlite3.Connection) -> None:
    with Store(f"sqlite:///{path}") as store:
        old_program.execute(INSERT, ("z",))
        assert list(store.mentions()) == [MENTION, replace(MENTION, id=2)]


def test_of_what_was_kept_nobody_knows_when_it_changed(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        listed = store.listing.part(Selection(), Part(size=9))
        assert (listed.mentions, listed.changed) == ((MENTION,), None)


def test_what_was_shown_before_can_be_withdrawn(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        store.update(replace(MENTION, status=MentionStatus.DELETED))
        assert [each.id for each in store.listing.withdrawals(size=9).withdrawals] == [1]


def test_many_may_open_it_at_once(path: Path) -> None:
    together = Barrier(8, timeout=300)

    def keep(number: int) -> bool:
        together.wait()
        with Store(f"sqlite:///{path}") as store:
            return store.keep(replace(LIKE, source=f"https://a.example/{number}"))[1]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(keep, range(8)))


def test_where_all_is_there_opening_takes_no_lock(path: Path, old_program: sqlite3.Connection) -> None:
    Store(f"sqlite:///{path}").close()
    old_program.execute("BEGIN IMMEDIATE")
    with Store(f"sqlite:///{path}?timeout=0.01") as store:
        assert list(store.mentions()) == [MENTION]


def test_a_lock_that_is_held_too_long_says_so_and_changes_nothing(path: Path, old_program: sqlite3.Connection) -> None:
    old_program.execute("PRAGMA journal_mode = WAL")
    old_program.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="is locked by another program"):
        Store(f"sqlite:///{path}?timeout=0.01")
    old_program.execute("COMMIT")
    assert "kind" not in [name for _, name, *_ in old_program.execute("PRAGMA table_info(mentions)")]


# The outbox as it was made before an outcome could be `waiting`.
OLD_OUTBOX = """
CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    pair VARCHAR(64) NOT NULL,
    source_key VARCHAR(64) NOT NULL,
    target_key VARCHAR(64) NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    host TEXT NOT NULL,
    status VARCHAR(20) NOT NULL,
    protocol VARCHAR(20),
    endpoint TEXT,
    fault BIGINT,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_try BIGINT,
    fingerprint TEXT NOT NULL,
    linked BOOLEAN NOT NULL,
    told_by VARCHAR(20),
    failing_since BIGINT,
    leased_until BIGINT,
    leased_by TEXT,
    UNIQUE (pair)
);
"""
INSERT_PING = """
INSERT INTO outbox (pair, source_key, target_key, source, target, host, status, fault, message, attempts, next_try,
                    fingerprint, linked)
VALUES (:pair, 's', 't', 'https://a.example/post', 'https://b.example/', 'b.example', :status, :fault, :message,
        :attempts, :next_try, 'words', 1)
"""
PLANNED = {"status": "failed", "fault": None, "message": "waiting to be sent", "attempts": 0, "next_try": 1}
FAILED = {"status": "failed", "fault": 503, "message": "no answer", "attempts": 1, "next_try": 1}
TAKEN = {"status": "already", "fault": 48, "message": "known", "attempts": 1, "next_try": None}


@pytest.mark.parametrize(
    ("row", "after"),
    [
        pytest.param(PLANNED, ("waiting", None, "waiting to be sent"), id="never-tried"),
        pytest.param(FAILED, ("failed", 503, "no answer"), id="failed"),
        pytest.param(FAILED | {"attempts": 0}, ("failed", 503, "no answer"), id="the-target-gave-no-page"),
        pytest.param(TAKEN, ("already", 48, "known"), id="taken"),
        pytest.param(TAKEN | {"next_try": 1}, ("waiting", None, "waiting to be sent"), id="taken-and-due-for-a-change"),
    ],
)
def test_what_waits_is_called_so(
    path: Path, old_program: sqlite3.Connection, row: dict[str, object], after: tuple[str, int | None, str]
) -> None:
    old_program.executescript(OLD_OUTBOX)
    old_program.execute(INSERT_PING, row | {"pair": "x"})
    with Store(f"sqlite:///{path}") as store:
        [ping] = store.outbox.pings()
        assert (ping.status, ping.fault, ping.message) == after
        assert (ping.next_try is not None) is (row["next_try"] is not None)
        # What the version before writes afterwards is as good as ever.
        old_program.execute(INSERT_PING, PLANNED | {"pair": "y"})
        assert [each.status.value for each in store.outbox.pings()] == [after[0], "failed"]


def test_a_fresh_file_is_of_this_version(tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path}/fresh.db").close()
    with closing(sqlite3.connect(tmp_path / "fresh.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchall() == [(1,)]
