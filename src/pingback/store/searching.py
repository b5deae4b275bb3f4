"""What is looked for, as conditions: words, each of them somewhere in a row."""

from collections.abc import Sequence

from sqlalchemy import Column, ColumnElement, or_

MAX_SEARCH = 200  # characters; the rest is not looked for
MAX_WORDS = 8  # each costs a look at the whole table


def containing(search: str, columns: Sequence[Column[str]]) -> list[ColumnElement[bool]]:
    """For each word of `search` that one of the columns contains it; SQLite folds the case of ASCII letters only."""
    words = search.replace("\0", " ")[:MAX_SEARCH].split()[:MAX_WORDS]
    return [or_(*(column.contains(word, autoescape=True) for column in columns)) for word in words]
