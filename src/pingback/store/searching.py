"""What is looked for, as conditions: words, each of them somewhere in a row."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Column, ColumnElement, or_

from pingback.store.expressions import like

MAX_SEARCH = 200  # characters; the rest is not looked for
MAX_WORDS = 8  # each costs a look at the whole table

_ESCAPED = str.maketrans({letter: f"/{letter}" for letter in "/%_"})


def words_in(search: str) -> dict[str, str]:
    """The words of `search` as parameters."""
    words = search.replace("\0", " ")[:MAX_SEARCH].split()[:MAX_WORDS]
    return {f"word{number}": f"%{word.translate(_ESCAPED)}%" for number, word in enumerate(words)}


def containing(words: Iterable[str], columns: Sequence[Column[str]]) -> list[ColumnElement[bool]]:
    """For each of these parameters that one of the columns has it, in whatever case ASCII letters are."""
    return [or_(*(like(column, word) for column in columns)) for word in words]
