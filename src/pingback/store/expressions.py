"""Expressions for which each database has words of its own. Everybody else in the store takes them from here."""

from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Integer, Table, Text, TextClause, bindparam, select, tuple_
from sqlalchemy.dialects.postgresql import Insert as Insert  # SQLite has taken over its words
from sqlalchemy.dialects.postgresql import insert as insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def big(name: str) -> ColumnElement[int]:
    """A parameter that is a number of 64 bits."""
    return bindparam(name, type_=BigInteger)


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The column is one of the items of a JSON list: one parameter, however many there are."""
    items = bindparam(name, type_=Text)
    return _among_numbers(column, items) if isinstance(column.type, Integer) else _among_texts(column, items)


def not_among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The column is none of the items of a JSON list."""
    return ~among(column, name)


def unlocked(table: Table, *conditions: ColumnElement[bool] | TextClause) -> ColumnElement[bool]:
    """It is one of the table's rows that meet the conditions and that nobody else is about to change.

    For what may as well be done the next time: so nobody waits for it, nor it for anybody.
    """
    key = [*table.primary_key]
    chosen = select(*key).where(*conditions).with_for_update(skip_locked=True)
    return (key[0] if len(key) == 1 else tuple_(*key)).in_(chosen)


class later(FunctionElement[int]):  # a function of SQL
    """The greatest of several numbers, none of which is NULL."""

    type = BigInteger()
    inherit_cache = True


class earlier(FunctionElement[int]):
    """The least of several numbers, none of which is NULL."""

    type = BigInteger()
    inherit_cache = True


def like(column: Column[Any], name: str) -> ColumnElement[bool]:
    """The column is like a pattern with "/" as escape; the case of ASCII letters makes no difference."""
    return _like(column, bindparam(name, type_=Text))


class _among_texts(FunctionElement[bool]):
    inherit_cache = True


class _among_numbers(FunctionElement[bool]):
    inherit_cache = True


class _like(FunctionElement[bool]):
    inherit_cache = True


def _said(element: type[FunctionElement[Any]], *, sqlite: str, postgresql: str) -> None:
    """How each database says it, of its arguments."""
    for dialect, words in (("sqlite", sqlite), ("postgresql", postgresql)):

        def say(function: FunctionElement[Any], compiler: SQLCompiler, words: str = words, **kwargs: Any) -> str:
            arguments = [compiler.process(each, **kwargs) for each in function.clauses]
            return words.format(*arguments, all=", ".join(arguments))

        compiles(element, dialect)(say)


_said(later, sqlite="max({all})", postgresql="greatest({all})")
_said(earlier, sqlite="min({all})", postgresql="least({all})")
_said(_like, sqlite="{0} LIKE {1} ESCAPE '/'", postgresql="{0} ILIKE {1} ESCAPE '/'")
_ITEMS = "(SELECT value FROM json_each({1}))"
_OF_JSON = "json_array_elements_text(CAST({1} AS json))"
_said(_among_texts, sqlite=f"({{0}} IN {_ITEMS})", postgresql=f"({{0}} = ANY (ARRAY(SELECT {_OF_JSON})))")
_said(_among_numbers, sqlite=f"({{0}} IN {_ITEMS})", postgresql=f"({{0}} = ANY (ARRAY(SELECT {_OF_JSON}::bigint)))")
