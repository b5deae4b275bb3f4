"""`pingback.store.statements`: what is prepared gives what SQLAlchemy would, on the driver's cursor."""

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from pingback.store.database import Database
from pingback.store.statements import Transaction, prepared

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("kind", Text, server_default="plain"),
    Column("good", Boolean),
    Column("page", LargeBinary),
)
ALL = select(things.c.name).order_by(things.c.id)


@pytest.fixture
def tx() -> Iterator[Transaction]:
    database = Database("sqlite://")
    with database.write() as tx:
        tx.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, kind TEXT DEFAULT 'plain', good, page)")
        tx.execute(
            insert(things), [{"name": "a", "good": True}, {"name": "b", "good": False}, {"name": "c", "good": None}]
        )
        yield tx
    database.close()


def test_one_statement_runs_again_and_again(tx: Transaction) -> None:
    find = prepared(select(things.c.id).where(things.c.name == bindparam("of"), things.c.kind == "plain"))
    assert [tx.execute(find, {"of": name}).scalar() for name in "abcd"] == [1, 2, 3, None]


def test_an_insert_writes_the_columns_that_parameters_are_named_for(tx: Transaction) -> None:
    add = prepared(insert(things).returning(things.c.kind, things.c.name))
    assert [*tx.execute(add, {"name": "d"}).one()] == ["plain", "d"]
    assert [*tx.execute(add, {"name": "e", "kind": "odd"}).one()] == ["odd", "e"]


def test_an_update_writes_the_columns_that_parameters_are_named_for(tx: Transaction) -> None:
    change = prepared(update(things).where(things.c.id == bindparam("this")))
    assert tx.execute(change, [{"this": 1, "name": "x"}, {"this": 2, "name": "y"}]).rowcount == 2
    tx.execute(change, {"this": 3, "kind": "odd"})
    kinds = {row["name"]: row["kind"] for row in tx.execute(select(things.c.name, things.c.kind))}
    assert kinds == {"x": "plain", "y": "plain", "c": "odd"}


def test_an_upsert(tx: Transaction) -> None:
    statement = upsert(things)
    put = prepared(
        statement.on_conflict_do_update(index_elements=[things.c.id], set_={"name": statement.excluded.name})
    )
    tx.execute(put, [{"id": 1, "name": "x"}, {"id": 9, "name": "y"}])
    assert tx.execute(ALL).scalars() == ["x", "b", "c", "y"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["a", "c"], ["a", "c"], id="two"),
        pytest.param([], [], id="none"),
        pytest.param([f"'{number}" for number in range(500)] + ["b"], ["b"], id="many"),
    ],
)
def test_a_list_in_the_statement(tx: Transaction, names: list[str], expected: list[str]) -> None:
    statement = ALL.where(things.c.name.in_(names), things.c.id < bindparam("below"))
    assert tx.execute(prepared(statement), {"below": 9}).scalars().all() == expected


def test_a_value_of_the_statement_gives_way_to_a_parameter(tx: Transaction) -> None:
    find = prepared(ALL.where(things.c.name == bindparam("of", "b")))
    assert tx.execute(find).scalars() == ["b"]
    assert tx.execute(find, {"of": "c"}).scalars() == ["c"]


def test_what_is_true_or_false_comes_out_so(tx: Transaction) -> None:
    rows = tx.execute(prepared(select(things.c.good, (things.c.id > 2).label("late"), things.c.id)))
    assert [(row["good"], row["late"], row["id"]) for row in rows] == [
        (True, False, 1),
        (False, False, 2),
        (None, True, 3),
    ]
    assert [row["good"] for row in rows] == [True, False, None]
    assert type(rows[0]["good"]) is bool


def test_bytes_come_out_as_they_went_in(tx: Transaction) -> None:
    tx.execute(prepared(insert(things)), {"name": "page", "page": b"\0\xff<p>"})
    assert tx.execute(prepared(select(things.c.page).where(things.c.name == "page"))).scalar() == b"\0\xff<p>"


def test_rows_go_by_name_by_number_and_unpacked(tx: Transaction) -> None:
    row = tx.execute(prepared(select(things.c.id, things.c.name))).mappings().first()
    assert row is not None
    number, name = row
    assert (row["name"], row[1], name, number, dict(row)) == ("a", "a", "a", 1, {"id": 1, "name": "a"})


def test_words_of_sql(tx: Transaction) -> None:
    assert tx.execute(prepared(text("SELECT name FROM things WHERE id = :this")), {"this": 2}).scalar() == "b"
    assert tx.execute("SELECT count(*) FROM things").scalar() == 3


def test_for_no_parameters_nothing_is_done(tx: Transaction) -> None:
    assert tx.execute(prepared(delete(things)), []).rowcount in (-1, 0)
    assert tx.execute(prepared(select(func.count()).select_from(things))).scalar() == 3


def test_one_row_or_none(tx: Transaction) -> None:
    of = prepared(select(things.c.id).where(things.c.id < bindparam("below")))
    assert tx.execute(of, {"below": 1}).one_or_none() is None
    assert tx.execute(of, {"below": 1}).first() is None
    assert tx.execute(of, {"below": 2}).one()["id"] == 1
    with pytest.raises(ValueError, match="too many"):
        tx.execute(of, {"below": 3}).one_or_none()
