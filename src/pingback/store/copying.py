"""All that one database keeps, into another: how somebody moves from a file to a server."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, literal, select, tuple_

from pingback.errors import StoreError
from pingback.store.database import Database
from pingback.store.schema import days, kinds, metadata, tallies
from pingback.store.statements import Parameters, Transaction, prepared

_AT_ONCE = 500  # rows
_COUNTS = frozenset({tallies, days, kinds})  # which triggers keep, as the others come


def copy_all(old: Database, new: Database) -> int:
    """How many rows were copied, all or none. StoreError where `new` keeps something already.

    What `old` holds is that of one moment: what is written to it meanwhile is not copied.
    """
    copied = 0
    with old.read() as source, new.write() as target:
        for table in metadata.sorted_tables:
            if table not in _COUNTS and target.execute(select(literal(1)).select_from(table).limit(1)):
                raise StoreError(f"{new.name} is not empty: there are rows in {table.name}")
        is_uncounted = new.engine.pause_counting(target)
        for table in _COUNTS if is_uncounted else ():
            target.execute(prepared(delete(table)), {})  # what was kept once may have left counts of nothing
        for table in metadata.sorted_tables:
            if table not in _COUNTS or is_uncounted:
                copied += _copy(table, source, target)
                if (number := table.autoincrement_column) is not None:
                    highest = target.execute(select(func.max(number))).scalar() or 0
                    # One that was told is never to mean something else, though its row be gone.
                    last = max(highest, old.engine.last_number(source, table.name))
                    new.engine.go_on_after(target, table.name, last)
        if is_uncounted:
            new.engine.resume_counting(target)
    return copied


def _copy(table: Table, source: Transaction, target: Transaction) -> int:
    copied, write = 0, prepared(insert(table))
    for rows in _batches(table, source):
        target.execute(write, rows)
        copied += len(rows)
    return copied


def _batches(table: Table, source: Transaction) -> Iterator[list[Parameters]]:
    names, keys = table.columns.keys(), [*table.primary_key.columns]
    first = select(table).order_by(*keys).limit(_AT_ONCE)
    last = tuple_(*(bindparam(f"after_{key.name}", type_=key.type) for key in keys))
    read, given, further = prepared(first), Parameters(), prepared(first.where(tuple_(*keys) > last))
    while rows := source.execute(read, given):
        yield [{name: _storable(row[name]) for name in names} for row in rows]
        if len(rows) < _AT_ONCE:
            return
        read, given = further, {f"after_{key.name}": rows[-1][key.name] for key in keys}


def _storable(value: Any) -> Any:
    """PostgreSQL takes no text with a NUL, or with a lone surrogate, as SQLite does."""
    if not isinstance(value, str):
        return value
    return value.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
