"""What is looked for, as conditions: words, each of them somewhere in a row; and any of many values."""

from collections.abc import Sequence

from sqlalchemy import Column, ColumnElement, bindparam, func, or_
from sqlalchemy.sql.selectable import TableValuedAlias

MAX_SEARCH = 200  # characters; the rest is not looked for
MAX_WORDS = 8  # each costs a look at the whole table


def containing(search: str, columns: Sequence[Column[str]]) -> list[ColumnElement[bool]]:
    """For each word of `search` that one of the columns contains it; SQLite folds the case of ASCII letters only."""
    words = search.replace("\0", " ")[:MAX_SEARCH].split()[:MAX_WORDS]
    return [or_(*(column.contains(word, autoescape=True) for column in columns)) for word in words]


def given(name: str) -> TableValuedAlias:
    """The items of a JSON list: one parameter, however many there are."""
    return func.json_each(bindparam(name)).table_valued("value")
