"""`pingback.store.migrations`: what the revisions make, one after another, is what the code believes to be there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url

from pingback.store import migrations
from pingback.store.schema import metadata
from pingback.store.store import Store
from tests.postgresql.server import Server

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
# Columns, indices, constraints, functions and triggers of PostgreSQL, in its own words.
ALL_OF_IT = (
    """SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name, numeric_precision
    FROM information_schema.columns WHERE table_schema = 'public'""",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """As of a host that has one of its own, to an empty database."""
    if request.param == "sqlite":
        url, server = "sqlite://", None
    else:
        server = request.getfixturevalue("postgresql")
        url = server.new_database(empty=True)
    engine = create_engine(make_url(url).set(drivername=DRIVERS[request.param]))
    with engine.begin() as connection:
        yield connection
    engine.dispose()
    if server:
        server.drop(url)


@pytest.fixture
def migrated(connection: Connection) -> Connection:
    migrations.upgrade(connection)
    return connection


def test_the_revisions_make_the_tables_of_the_schema(migrated: Connection) -> None:
    options = {"version_table": migrations.VERSION_TABLE, "compare_type": True}
    context = MigrationContext.configure(migrated, opts=options)
    assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("connection", ["sqlite"], indirect=True)
def test_a_fresh_file_is_the_same_word_by_word(migrated: Connection, tmp_path: Path) -> None:
    sql = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    made = {(kind, name): _words(words) for kind, name, words in migrated.exec_driver_sql(sql)}
    Store(f"sqlite:///{tmp_path}/x.db").close()
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert {(kind, name): _words(words) for kind, name, words in connection.execute(sql)} == made


@pytest.mark.parametrize("connection", ["postgresql"], indirect=True)
def test_a_fresh_database_is_the_same(migrated: Connection, postgresql: Server, postgresql_url: str) -> None:
    with postgresql.connect(postgresql_url) as fresh:
        for asked in ALL_OF_IT:
            made = {tuple(row) for row in migrated.exec_driver_sql(asked)}
            assert len(made) >= 4
            assert {tuple(row) for row in fresh.execute(asked)} == made


@pytest.mark.parametrize("connection", ["postgresql"], indirect=True)
def test_all_texts_are_compared_byte_by_byte(migrated: Connection) -> None:
    asked = """SELECT table_name, column_name, data_type, collation_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type IN ('text', 'character varying') AND table_name <> %(history)s"""
    found = list(migrated.exec_driver_sql(asked, {"history": migrations.VERSION_TABLE}))
    assert len(found) > 60
    assert {(kind, collation) for _, _, kind, collation in found} == {("text", "C")}


def _words(sql: str) -> str:
    """However the lines are broken, and in whichever order constraints are said."""
    return " ".join(sorted(sql.replace("(", " ( ").replace(")", " ) ").replace(",", " ").split()))


def test_the_revisions_are_those_that_are_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()] == [*reversed(migrations.REVISIONS)]
    assert scripts.get_heads() == [migrations.NEWEST]
