"""Statements that are compiled once for each dialect, and run on the driver's own cursor.

SQLAlchemy writes the SQL. What it does besides for each execution costs several times what SQLite takes for a row.
"""

import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self, TypeVar

from sqlalchemy import Boolean, Executable, Insert, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ReturnsRows

Parameters = dict[str, Any]  # a driver takes no other mapping
T = TypeVar("T")
_NONE: Parameters = {}


class Row(typing.Protocol):
    """A row as the driver gives it: by names, or by numbers, or unpacked."""

    def keys(self) -> list[str]: ...

    def __getitem__(self, key: str | int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class Cursor(typing.Protocol):
    """What a driver's cursor can do."""

    description: Any
    rowcount: int
    row_factory: Any

    def execute(self, sql: str, parameters: Any = ..., /) -> object: ...

    def executemany(self, sql: str, parameters: Any, /) -> object: ...

    def fetchall(self) -> list[Any]: ...


class Result(list[T]):
    """What a statement gave, all of it read. The names are those of SQLAlchemy's `Result`."""

    rowcount = -1

    def all(self) -> Self:
        return self

    def mappings(self) -> Self:
        return self

    def first(self) -> T | None:
        return self[0] if self else None

    def one(self) -> T:
        """ValueError where there is not exactly one."""
        [row] = self
        return row

    def one_or_none(self) -> T | None:
        """ValueError where there are several."""
        return self.one() if self else None

    def scalars(self) -> "Result[Any]":
        """The first value of each row."""
        return Result([row[0] for row in typing.cast("Result[Row]", self)])  # of rows only

    def scalar(self) -> Any:
        """The first value of the first row; None where there is no row."""
        return typing.cast("Row", self[0])[0] if self else None


class Compiled(NamedTuple):
    """A statement in the words of one dialect."""

    sql: str
    defaults: Parameters  # of parameters that the statement itself has a value for
    booleans: tuple[int, ...]  # which columns of its rows are such


class Prepared:
    """A statement that is compiled when it is first executed.

    What an `insert` or `update` writes is what it says itself, and the columns that the parameters are named for.
    """

    def __init__(self, statement: Executable, others: Mapping[str, Executable] = MappingProxyType({})) -> None:
        self._statement = statement
        self._others = others
        self._takes_names = isinstance(statement, Insert | Update)
        self._compiled: dict[tuple[str, tuple[str, ...]], Compiled] = {}

    def compiled(self, dialect: Dialect, parameters: Parameters = _NONE) -> Compiled:
        """The statement for parameters with these names."""
        names = tuple(parameters) if self._takes_names else ()
        found = self._compiled.get((dialect.name, names))
        if found is None:
            found = self._compiled[dialect.name, names] = compile_statement(
                self._others.get(dialect.name, self._statement), dialect, names
            )
        return found


def prepared(statement: Executable, **others: Executable) -> Prepared:
    """For a module's constants: SQLAlchemy takes longer to build and compile a statement than SQLite to run it.

    `others` are for databases, by name, that are asked in another way.
    """
    return Prepared(statement, others)


def compile_statement(statement: Executable, dialect: Dialect, names: Sequence[str] = ()) -> Compiled:
    """The statement with parameters by name, and every list in it written out."""
    compiled = statement.compile(dialect=dialect, column_keys=[*names])  # type: ignore[attr-defined]  # all can be
    assert isinstance(compiled, SQLCompiler)  # noqa: S101  # a query gives no other
    wanted = dict.fromkeys(name for name, bind in compiled.binds.items() if bind.required)
    expanded = compiled.construct_expanded_state(wanted)
    defaults = {name: value for name, value in expanded.parameters.items() if name not in wanted}
    columns = statement.exported_columns if isinstance(statement, ReturnsRows) else ()
    if dialect.supports_native_boolean:
        columns = ()
    booleans = tuple(place for place, column in enumerate(columns) if isinstance(column.type, Boolean))
    return Compiled(expanded.statement, defaults, booleans)


class Transaction:
    """Executes statements in one transaction, which `Database` begins and ends."""

    sees_others = False  # what they commit while it runs, from statement to statement

    def __init__(self, connection: Any, dialect: Any) -> None:
        self.connection = connection  # the driver's
        self._dialect = dialect
        self._at_end: dict[Callable[[Transaction, Sequence[Any]], None], set[Any]] = {}

    def at_end(self, do: "Callable[[Transaction, Sequence[Any]], None]", subjects: Iterable[Any]) -> None:
        """Do it once before this is committed, with all the subjects that it was asked for, in their order.

        So others that write wait for no longer than need be, and no two of them for one another.
        """
        self._at_end.setdefault(do, set()).update(subjects)

    def end(self) -> None:
        """Do what was left for the end."""
        for do, subjects in self._at_end.items():
            if subjects:
                do(self, sorted(subjects))

    def lock(self, subject: str, *, shared: bool = False) -> None:
        """Until its end, others that write and lock the same wait, but those that share it with us.

        SQLite has one lock for all, which a transaction that writes has already.
        """

    def may_be_lost(self) -> None:
        """What is written need not have reached the disk when it ends; in SQLite it has all the same."""

    def execute(
        self, statement: Prepared | Executable | str, parameters: Parameters | Sequence[Parameters] = _NONE
    ) -> Result[Row]:
        """Run it once, or for each of several parameters. What is not `prepared` is compiled each time.

        All rows are read at once: ask for no more than you have room for.
        """
        cursor: Cursor = self.connection.cursor()
        names = parameters if isinstance(parameters, dict) else parameters[0] if parameters else _NONE
        sql, defaults, booleans = self._compiled(statement, names)
        if isinstance(parameters, dict):
            cursor.execute(sql, defaults | parameters if defaults else parameters)
        else:
            cursor.executemany(sql, [defaults | each for each in parameters] if defaults else parameters)
        if cursor.description is None:
            result: Result[Row] = Result()
        else:
            if booleans:
                cursor.row_factory = self._dialect.rows_with(booleans)
            result = Result(cursor.fetchall())
        result.rowcount = cursor.rowcount
        return result

    def _compiled(self, statement: Prepared | Executable | str, names: Parameters) -> Compiled:
        if isinstance(statement, str):
            return Compiled(statement, _NONE, ())
        if not isinstance(statement, Prepared):
            statement = Prepared(statement)
        return statement.compiled(self._dialect, names)
