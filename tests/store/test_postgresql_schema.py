"""`pingback.store.postgresql_schema`: tables are made, or upgraded, once, by whoever connects first."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url

from pingback.errors import StoreError
from pingback.store import Store, migrations
from pingback.store.engine import engine_of
from pingback.store.migrations import NEWEST
from tests.postgresql.server import Server

PATIENCE = 120.0  # seconds for a program of ours
OPEN = """
import sys
from pingback.store import Store
sys.stdin.read()
Store(sys.argv[1]).close()
print("well", "alembic" in sys.modules)
"""


@pytest.fixture
def url(postgresql: Server) -> Iterator[str]:
    url = postgresql.new_database(empty=True)
    yield url
    postgresql.drop(url)


def _bring_to(url: str, revision: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(config, revision)
    engine.dispose()


@pytest.mark.parametrize("revision", migrations.REVISIONS[:-1])
def test_tables_of_an_earlier_revision_are_upgraded(postgresql: Server, url: str, revision: str) -> None:
    _bring_to(url, revision)
    with postgresql.connect(url) as connection:
        connection.execute("INSERT INTO pingback_pauses (host, until) VALUES ('a.example', 7)")
    assert engine_of(url).revision() == revision
    Store(url).close()
    assert engine_of(url).revision() == NEWEST
    with postgresql.connect(url) as connection:
        assert connection.execute("SELECT host, until, gap FROM pingback_pauses").fetchall() == [("a.example", 7, 0)]


@pytest.mark.parametrize(
    ("revision", "loads"),
    [
        pytest.param(None, [False], id="fresh"),
        pytest.param("0001", [False, True], id="of-the-first-revision"),
        pytest.param(NEWEST, [False], id="newest"),
    ],
)
def test_of_several_that_connect_at_once_one_does_it(url: str, revision: str | None, loads: list[bool]) -> None:
    if revision:
        _bring_to(url, revision)
    command = [sys.executable, "-c", OPEN, url]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    said = [process.communicate(timeout=PATIENCE)[0].split() for process in processes]
    assert [word for word, _ in said] == ["well"] * 3
    assert {loaded == "True" for _, loaded in said} <= {*loads}
    assert engine_of(url).revision() == NEWEST


def test_an_upgrade_that_fails_leaves_all_as_it_was(postgresql: Server, url: str) -> None:
    _bring_to(url, "0001")
    with postgresql.connect(url) as connection:
        connection.execute("CREATE TABLE pingback_counts (is_in_the_way int)")
    with pytest.raises(StoreError, match="already exists"):
        Store(url)
    assert engine_of(url).revision() == "0001"
    with postgresql.connect(url) as connection:
        connection.execute("DROP TABLE pingback_counts")
    Store(url).close()
    assert engine_of(url).revision() == NEWEST


def test_a_newer_revision_is_refused(postgresql: Server, url: str) -> None:
    Store(url).close()
    with postgresql.connect(url) as connection:
        connection.execute("UPDATE pingback_alembic SET version_num = '9999'")
    with pytest.raises(StoreError, match="was written by a newer version of pingback"):
        Store(url)
