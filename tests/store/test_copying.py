"""`pingback.store.copying`: what moved to another database is all there, and goes on there."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Table, func, select

from pingback.errors import StoreError
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.copying import copy_all
from pingback.store.database import Database
from pingback.store.schema import metadata

FILLED = Path(__file__).parent.parent / "vectors" / "databases" / "notifications.db"
MENTION = Mention(
    source="https://a.example/post",
    target="https://b.example/part-5",
    protocol=Protocol.PINGBACK,
    status=MentionStatus.APPROVED,
    received=datetime(2026, 1, 2, tzinfo=UTC),
)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Database]:
    """What an earlier version wrote, brought up to date."""
    shutil.copy(FILLED, tmp_path / "old.db")
    with closing(Database(f"sqlite:///{tmp_path}/old.db")) as database:
        yield database


def rows(database: Database, table: Table) -> list[tuple[object, ...]]:
    with database.read() as tx:
        found = tx.execute(select(table).order_by(*table.primary_key.columns))
        return [tuple(row[column.name] for column in table.columns) for row in found]


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    return {table.name: rows(database, table) for table in metadata.sorted_tables if "slot" not in table.columns}


def test_all_of_it_is_copied(old: Database, postgresql_url: str, tmp_path: Path) -> None:
    found = everything(old)
    assert {name for name, rows in found.items() if rows} > {"pingback_mentions", "pingback_outbox", "pingback_posts"}
    with closing(Database(postgresql_url)) as new, closing(Database(f"sqlite:///{tmp_path}/back.db")) as back:
        assert copy_all(old, new) > 0
        assert everything(new) == found
        copy_all(new, back)
        assert everything(back) == found


def test_what_is_counted_is_counted_there(old: Database, tmp_path: Path, postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as new:
        copy_all(old, new)
    with Store(f"sqlite:///{tmp_path}/old.db") as before, Store(postgresql_url) as after:
        assert before.tallies.mentions() == after.tallies.mentions() != {}


@pytest.mark.parametrize("kind", ["file", "postgresql"])
def test_a_number_that_was_told_is_not_given_again(new_url: Callable[[str], str], kind: str, tmp_path: Path) -> None:
    given, taken = f"sqlite:///{tmp_path}/given.db", new_url(kind)
    with Store(given) as store:
        store.mentions.keep(MENTION)
        [last] = [store.mentions.keep(replace(MENTION, source="https://a.example/last"))[0]]
        with store._database.write() as tx:
            tx.execute("DELETE FROM pingback_mentions WHERE id = 2")
    assert last.id == 2
    with closing(Database(given)) as old, closing(Database(taken)) as new:
        copy_all(old, new)
    with Store(taken) as store:
        assert store.mentions.keep(replace(MENTION, source="https://a.example/next"))[0].id == 3
        assert store.tallies.mentions() == {("pingback", "approved"): 2}


def test_what_was_emptied_is_filled(old: Database, postgresql_url: str, tmp_path: Path) -> None:
    with Store(postgresql_url) as store:
        store.mentions.keep(MENTION)
        with store._database.write() as tx:
            tx.execute("DELETE FROM pingback_mentions")
            tx.execute("DELETE FROM pingback_jobs")
    with closing(Database(postgresql_url)) as new:
        copy_all(old, new)
    with Store(f"sqlite:///{tmp_path}/old.db") as before, Store(postgresql_url) as after:
        assert before.tallies.mentions() == after.tallies.mentions()


def test_many_rows(new_url: Callable[[str], str], tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/many.db")) as old, closing(Database(new_url("postgresql"))) as new:
        with old.write() as tx:
            hosts = [{"host": f"{number}.example"} for number in range(1234)]
            tx.execute("INSERT INTO pingback_pauses (host, until) VALUES (:host, 1)", hosts)
        assert copy_all(old, new) == 1234
        with new.read() as tx:
            assert tx.execute(select(func.count()).select_from(metadata.tables["pingback_pauses"])).scalar() == 1234


def test_a_text_that_only_sqlite_takes(new_url: Callable[[str], str], tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/odd.db")) as old, closing(Database(new_url("postgresql"))) as new:
        with old.write() as tx:
            tx.execute("INSERT INTO pingback_pauses (host, until) VALUES ('a' || char(0) || 'b', 1)")
            tx.execute("INSERT INTO pingback_pauses (host, until) VALUES (CAST(x'63ff64' AS TEXT), 1)")
        copy_all(old, new)
        with new.read() as tx:
            found = tx.execute("SELECT host FROM pingback_pauses ORDER BY host").scalars()
            assert found == ["a\N{REPLACEMENT CHARACTER}b", "c?d"]


def test_what_is_kept_already_is_not_touched(old: Database, postgresql_url: str) -> None:
    with Store(postgresql_url) as store:
        store.mentions.keep(MENTION)
        with pytest.raises(StoreError, match="is not empty: there are rows in pingback_"):
            copy_all(old, store._database)
        assert [mention.source for mention in store.mentions.list()] == [MENTION.source]
        assert store.posts.at(MENTION.source) is None
