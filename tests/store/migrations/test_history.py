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
from sqlalchemy import Connection, create_engine

from pingback.store import migrations
from pingback.store.schema import metadata
from pingback.store.store import Store


@pytest.fixture
def migrated() -> Iterator[Connection]:
    """As for a host that has a connection of its own."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrations.upgrade(connection)
        yield connection
    engine.dispose()


def test_the_revisions_make_the_tables_of_the_schema(migrated: Connection) -> None:
    options = {"version_table": migrations.VERSION_TABLE, "compare_type": True}
    context = MigrationContext.configure(migrated, opts=options)
    assert compare_metadata(context, metadata) == []


def test_a_fresh_file_is_the_same_word_by_word(migrated: Connection, tmp_path: Path) -> None:
    sql = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    made = {(kind, name): _words(words) for kind, name, words in migrated.exec_driver_sql(sql)}
    Store(f"sqlite:///{tmp_path}/x.db").close()
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert {(kind, name): _words(words) for kind, name, words in connection.execute(sql)} == made


def _words(sql: str) -> str:
    """However the lines are broken, and in whichever order constraints are said."""
    return " ".join(sorted(sql.replace("(", " ( ").replace(")", " ) ").replace(",", " ").split()))


def test_the_revisions_are_those_that_are_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()] == [*reversed(migrations.REVISIONS)]
    assert scripts.get_heads() == [migrations.NEWEST]
