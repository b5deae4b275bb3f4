"""`pingback.store.upgrading`: a file is made, or upgraded, once, by whoever opens it first, and never by halves."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from pingback.errors import StoreError
from pingback.receive.homes import home_of
from pingback.store import Store, migrations
from pingback.store.keys import author_key_of, home_key_of, pair_of, target_key_of
from pingback.store.migrations import NEWEST
from pingback.store.upgrading import bring_up_to_date, known_revision

VECTORS = Path(__file__).parent.parent / "vectors" / "databases"
FILES = sorted(path.stem for path in VECTORS.glob("*.db"))
OLD_TABLES = set("mentions outbox outbox_attempts outbox_posts moves blocks secrets notice_channels notices".split())
PATIENCE = 120.0  # seconds for a program of ours


def test_all_files_are_there() -> None:
    assert FILES == ["notices", "notifications"]


@pytest.fixture(params=FILES)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an old file."""
    return Path(shutil.copy(VECTORS / f"{request.param}.db", tmp_path))


def rows(path: Path, sql: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql)]


def tables(path: Path) -> set[str]:
    return {row["name"] for row in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [*connection.iterdump()]


def with_keys(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as the JSON has it, with the keys that belong there."""
    row = dict(row)
    if table == "mentions":
        page = row.pop("page", row["target"])
        row["pair"] = pair_of(row["source"], row["target"])
        row["source_key"], row["target_key"] = target_key_of(row["source"]), target_key_of(row["target"])
        row["page_key"], row["home_key"] = target_key_of(page), home_key_of(home_of(row["source"]))
        row["author_key"] = author_key_of(row["author_url"])
    if table == "outbox":
        row["pair"] = pair_of(row["source"], row["target"])
        row["source_key"], row["target_key"] = target_key_of(row["source"]), target_key_of(row["target"])
    if table in ("posts", "readings"):
        row["source_key"] = target_key_of(row["source"])
    if table == "moves":
        row = {"old_key": target_key_of(row["from"]), "new_key": target_key_of(row["url"]), "url": row["url"]}
    if table == "discoveries":
        row["target_key"] = target_key_of(row["url"])
    return row


def test_all_that_was_in_the_file_is_in_the_new_tables(old: Path) -> None:
    expected = json.loads((VECTORS / f"{old.stem}.json").read_text())
    Store(f"sqlite:///{old}", create=False).close()
    now = rows(old, "SELECT set_at FROM pingback_jobs")[0]["set_at"]
    for table, wanted in expected.items():
        known = [with_keys(table, row) for row in wanted]
        given = rows(old, f"SELECT * FROM pingback_{table}")
        found = [{name: _readable(row[name], now=now) for name in known[0]} for row in given] if known else given
        assert sorted(found, key=repr) == sorted(known, key=repr), table
    assert not tables(old) & OLD_TABLES


def _readable(value: object, *, now: object) -> object:
    return value.decode("latin-1") if isinstance(value, bytes) else "now" if value == now else value


def test_jobs_of_a_host_are_found_by_its_lane(old: Path) -> None:
    Store(f"sqlite:///{old}", create=False).close()
    earliest = "SELECT kind, host, min(due) AS due FROM pingback_jobs GROUP BY kind, host ORDER BY kind, host"
    expected = {(row["kind"], row["host"]): row["due"] for row in rows(old, earliest)}
    expected["deliver", "failed.example"] = 1767358800123456  # when its pause ends
    found = rows(old, "SELECT * FROM pingback_lanes")
    assert {(row["kind"], row["host"]): row["due"] for row in found} == expected


def test_what_nobody_was_told_of_is_news_still(old: Path) -> None:
    Store(f"sqlite:///{old}", create=False).close()
    found = rows(old, "SELECT status, received, news FROM pingback_mentions")
    shown_or_waiting = [row for row in found if row["status"] in ("approved", "pending")]
    assert shown_or_waiting
    assert all(row["news"] == (row["received"] if row in shown_or_waiting else None) for row in found)


def test_the_number_of_a_mention_that_is_no_more_is_not_given_again(old: Path) -> None:
    Store(f"sqlite:///{old}", create=False).close()
    [sequence] = rows(old, "SELECT seq FROM sqlite_sequence WHERE name = 'pingback_mentions'")
    assert sequence["seq"] == 13


def test_what_an_even_older_file_lacks_is_made_up_for(old: Path) -> None:
    lacking = "kind changed failures failed home_key decision asker withdrawn holder asked moved_to target_host".split()
    with closing(sqlite3.connect(old)) as connection, connection:
        indices = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        for (index,) in connection.execute(indices).fetchall():
            connection.execute(f"DROP INDEX {index}")
        for column in lacking:
            connection.execute(f"ALTER TABLE mentions DROP COLUMN {column}")
        for table in ("outbox_attempts", "notices", "notice_channels", "blocks", "login_tries"):
            connection.execute(f"DROP TABLE {table}")
    Store(f"sqlite:///{old}", create=False).close()
    given = {row["id"]: row for row in rows(old, "SELECT * FROM pingback_mentions")}
    assert {row["kind"] for row in given.values()} == {"mention-of"}
    assert {row["target_host"] for row in given.values()} == {"my.example"}
    assert given[1]["home_key"] == home_key_of("shown.example/ann")
    assert given[11]["page_key"] == target_key_of("https://my.example/new")
    assert rows(old, "SELECT * FROM pingback_blocks") == []


@pytest.mark.parametrize("table", ["mentions", "outbox", "outbox_posts_to_publish"])
@pytest.mark.parametrize(
    "written",
    [
        pytest.param("CAST(x'687474703a2f2f61ff2e6578616d706c652f' AS TEXT)", id="no-utf-8"),
        pytest.param("'a' || char(0)", id="nul"),
        pytest.param("x'00ff'", id="bytes"),
        pytest.param("7", id="number"),
        pytest.param("'http://[::1/'", id="no-url"),
    ],
)
def test_one_row_that_cannot_be_read_keeps_no_file_old(tmp_path: Path, table: str, written: str) -> None:
    old = Path(shutil.copy(VECTORS / "notifications.db", tmp_path))
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute(f"UPDATE {table} SET source = {written} WHERE id = (SELECT min(id) FROM {table})")
    Store(f"sqlite:///{old}", create=False).close()
    for name, number in {"mentions": 12, "outbox": 7, "readings": 2, "jobs": 9}.items():
        assert rows(old, f"SELECT count(*) AS number FROM pingback_{name}") == [{"number": number}]


def _hosts_own(path: Path) -> None:
    """Of a program that shares the file: the names are as good as any."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE mentions (id INTEGER PRIMARY KEY, source TEXT, target TEXT, status TEXT)")
        connection.execute("CREATE TABLE secrets (name TEXT, value TEXT)")
        connection.execute("INSERT INTO mentions VALUES (1, 'a', 'b', 'approved')")
        connection.execute("INSERT INTO secrets VALUES ('key', 'theirs')")


def test_tables_of_another_program_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    _hosts_own(path)
    Store(f"sqlite:///{path}").close()
    assert rows(path, "SELECT * FROM mentions") == [{"id": 1, "source": "a", "target": "b", "status": "approved"}]
    assert rows(path, "SELECT * FROM secrets") == [{"name": "key", "value": "theirs"}]
    assert rows(path, "SELECT * FROM pingback_mentions") == []
    assert rows(path, "SELECT * FROM pingback_secrets") == []


@pytest.mark.parametrize("create", [True, False], ids=["create", "create-not"])
def test_a_newer_file_is_refused_and_left_as_it_is(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "x.db"
    Store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pingback_alembic SET version_num = '9999'")
    before = content(path)
    with pytest.raises(StoreError, match=r"x\.db was written by a newer version of pingback .*'9999'"):
        Store(f"sqlite:///{path}", create=create)
    assert content(path) == before


@pytest.mark.parametrize(
    ("history", "said"),
    [
        pytest.param(["0001", "9999"], "'9999'", id="two-branches"),
        pytest.param([""], "''", id="empty"),
        pytest.param([b"\xff\x00"], "'\ufffd", id="bytes"),
    ],
)
def test_a_history_that_nobody_knows_is_refused(tmp_path: Path, history: list[object], said: str) -> None:
    path = tmp_path / "x.db"
    Store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM pingback_alembic")
        connection.executemany("INSERT INTO pingback_alembic VALUES (?)", [(each,) for each in history])
    with pytest.raises(StoreError, match=f"was written by a newer version of pingback .*{said}"):
        Store(f"sqlite:///{path}")


def _of_0001(path: Path) -> None:
    """With a job that is leased, one that was asked for meanwhile, and one that waits."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(config, "0001")
        columns = "kind, subject, host, due, set_at, leased_by"
        for values in (
            "'verify', 1, 'a.example', 1800000060000000, 1800000000000000, 'boot pid:[1] 7/1~00ff+1800000009000000/18'",
            "'verify', 2, 'a.example', 1800000060000000, 1800000000000000, 'boot pid:[1] 7/1~00ff'",
            "'verify', 3, 'b.example', 1800000060000000, 1800000000000000, CAST(x'ff' AS TEXT)",
            "'deliver', 1, 'b.example', 1800000060000000, 1800000000000000, NULL",
        ):
            connection.exec_driver_sql(f"INSERT INTO pingback_jobs ({columns}) VALUES ({values})")
    engine.dispose()


def test_what_was_asked_for_during_a_lease_of_revision_0001_is_asked_for_still(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    _of_0001(path)
    Store(f"sqlite:///{path}", create=False).close()
    asked = "SELECT CAST(leased_by AS BLOB) AS leased_by, asked_due, asked_at, left_to FROM pingback_jobs ORDER BY id"
    lease = b"boot pid:[1] 7/1~00ff"
    assert [tuple(row.values()) for row in rows(path, asked)] == [
        (lease, 1800000009000000, 18, None),
        (lease, None, None, None),
        (b"\xff", None, None, None),
        (None, None, None, None),
    ]


def test_what_revision_0001_counted_is_counted_on(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    _of_0001(path)
    columns = "pair, source_key, target_key, page_key, target_host, source, target, protocol, received, dated, tried"
    values = "'', '', '', 'b.example', 'https://a.example/', 'https://b.example/', 'pingback', 86400000000, 0, 0"
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, status in enumerate(("approved", "approved", "pending")):
            connection.execute(
                f"INSERT INTO pingback_mentions ({columns}, status) VALUES ('{number}', {values}, '{status}')"
            )
    Store(f"sqlite:///{path}", create=False).close()
    counted = "SELECT status, number FROM pingback_tallies ORDER BY status"
    assert [tuple(row.values()) for row in rows(path, counted)] == [("approved", 2), ("pending", 1)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pingback_mentions SET status = 'spam' WHERE id = 1")
        connection.execute("DELETE FROM pingback_mentions WHERE id = 3")
    assert [tuple(row.values()) for row in rows(path, counted)] == [("approved", 1), ("pending", 0), ("spam", 1)]
    assert rows(path, "SELECT day, number FROM pingback_days") == [{"day": 1, "number": 2}]
    assert rows(path, "SELECT host, number FROM pingback_kinds") == [{"host": "b.example", "number": 1}]


@pytest.mark.parametrize(
    ("named", "server"),
    [
        ("a.example", "a.example"),
        ("a.example:8443", "a.example"),
        ("a.example.", "a.example"),
        ("a.example.:8443", "a.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[::1]:8080", "[::1]"),
        ("", ""),
    ],
)
def test_a_host_of_revision_0001_is_a_server_now(tmp_path: Path, named: str, server: str) -> None:
    path = tmp_path / "x.db"
    _of_0001(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pingback_jobs SET host = ? WHERE host = 'a.example'", [named])
        connection.executemany(
            "INSERT OR REPLACE INTO pingback_pauses VALUES (?, ?)", [(server, 20), (named, 1800000099000000)]
        )
    Store(f"sqlite:///{path}", create=False).close()
    assert [tuple(row.values()) for row in rows(path, "SELECT host FROM pingback_jobs WHERE kind = 'verify'")] == [
        (server,), (server,), ("b.example",)
    ]  # fmt: skip
    assert rows(path, "SELECT host, until FROM pingback_pauses") == [{"host": server, "until": 1800000099000000}]
    assert [tuple(row.values()) for row in rows(path, "SELECT kind, host, due FROM pingback_lanes ORDER BY 1, 2")] == [
        ("deliver", "b.example", 1800000060000000),
        *sorted([("verify", server, 1800000099000000), ("verify", "b.example", 1800000060000000)]),
    ]


@pytest.mark.parametrize(
    ("status", "fault", "linked", "ages"),
    [
        pytest.param("unsupported", None, True, True, id="no-endpoint"),
        pytest.param("refused", 404, True, True, id="not-there"),
        pytest.param("refused", 400, True, False, id="a-no-to-the-ping-itself"),
        pytest.param("accepted", None, True, False, id="a-yes"),
        pytest.param("unsupported", None, False, False, id="no-link-any-more"),
    ],
)
def test_a_no_of_before_revision_0003_may_change(
    tmp_path: Path, status: str, fault: int | None, linked: bool, ages: bool
) -> None:
    path = tmp_path / "x.db"
    _of_0001(path)
    columns = "pair, source_key, target_key, source, target, status, fault, message, attempts, fingerprint, linked"
    with closing(sqlite3.connect(path)) as connection, connection:
        values = ("x", "x", "x", "https://my.example/6", "https://a.example/5", status, fault, "", 1, "", linked)
        connection.execute(f"INSERT INTO pingback_outbox ({columns}) VALUES ({', '.join('?' * len(values))})", values)
    with Store(f"sqlite:///{path}", create=False) as store:
        [ping] = store.outbox.pings()
    assert (ping.aging_since is not None, ping.status) == (ages, status)


def run(program: str, path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


OPEN = """
import sys
from pingback.store import Store
Store(f"sqlite:///{sys.argv[1]}").close()
print("alembic" in sys.modules)
"""


def _fresh(path: Path) -> None:
    pass


def _newest(path: Path) -> None:
    Store(f"sqlite:///{path}").close()


def _old(path: Path) -> None:
    shutil.copy(VECTORS / f"{FILES[0]}.db", path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as all of ours are while they are in use


@pytest.mark.parametrize(
    ("make", "loads"),
    [
        pytest.param(_fresh, "False", id="fresh"),
        pytest.param(_newest, "False", id="newest"),
        pytest.param(_of_0001, "True", id="of-the-revision-before"),
        pytest.param(_old, "True", id="old"),
    ],
)
def test_alembic_is_loaded_where_there_is_something_to_upgrade(
    tmp_path: Path, make: Callable[[Path], None], loads: str
) -> None:
    path = tmp_path / "x.db"
    make(path)
    process = run(OPEN, path)
    assert process.communicate(timeout=PATIENCE)[0].strip() == loads
    assert rows(path, "SELECT * FROM pingback_alembic") == [{"version_num": NEWEST}]


@pytest.mark.parametrize("make", [_fresh, _old])
def test_of_several_that_open_it_at_once_one_does_it(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "x.db"
    make(path)
    wait_for_all = OPEN.replace('Store(f"', 'sys.stdin.read()\nStore(f"').replace("print", "0 and print")
    processes = [run(f"{wait_for_all}\nprint('well')", path) for _ in range(4)]
    assert [process.communicate(timeout=PATIENCE)[0].strip() for process in _let_go(processes)] == ["well"] * 4
    assert rows(path, "SELECT * FROM pingback_alembic") == [{"version_num": NEWEST}]


def _let_go(processes: list["subprocess.Popen[str]"]) -> list["subprocess.Popen[str]"]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    return processes


def test_whoever_comes_while_another_upgrades_waits_longer_than_for_a_write(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    _old(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = run(OPEN.replace('argv[1]}"', 'argv[1]}?timeout=0"'), path)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=2)
        other.execute("ROLLBACK")
    assert waiting.communicate(timeout=PATIENCE)[0].strip() == "True"
    assert waiting.returncode == 0


KILLED = """
import os, signal, sqlite3, sys
from pingback.store.upgrading import bring_up_to_date

at = sys.stdin.readline().strip()
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA cache_size = 1")  # all is written at once
connection.set_trace_callback(lambda sql: sql.strip().startswith(at) and os.kill(os.getpid(), signal.SIGKILL))
bring_up_to_date(connection, wait=1.0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by a signal")
@pytest.mark.parametrize(
    "at",
    [
        pytest.param("INSERT INTO pingback_mentions", id="before-the-copy"),
        pytest.param("INSERT INTO pingback_lanes", id="after-the-copy"),
        pytest.param("DROP TABLE mentions", id="before-the-drop"),
        pytest.param("CREATE INDEX pingback_mentions_by_page", id="after-the-drop"),
        pytest.param("COMMIT", id="before-the-commit"),
    ],
)
def test_a_kill_in_between_leaves_the_old_file_whole(old: Path, at: str) -> None:
    before = content(old)
    killed = run(KILLED, old)
    killed.communicate(f"{at}\n", timeout=PATIENCE)
    assert killed.returncode == -9
    assert content(old) == before
    Store(f"sqlite:///{old}", create=False).close()
    assert rows(old, "SELECT count(*) AS number FROM pingback_mentions") == [{"number": 12}]


def test_the_revision_of_a_file(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        assert known_revision(connection) is None
        bring_up_to_date(connection, wait=1.0)
        assert known_revision(connection) == NEWEST
