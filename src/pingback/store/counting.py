"""Triggers that count rows as they come and go: to count a million takes a second.

A count is the sum of its slots. Whoever writes has a slot alone until they commit, so that they change no row that
others change, too: in one row all would wait for each other's disk. SQLite, where one writes at a time, has one slot.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pingback.store.schema import DAY_IN_MICROS


def _up(table: str, values: Mapping[str, str], condition: str, *, by: int = 1) -> str:
    """More in this table of counts."""
    return (
        f"INSERT INTO {table} ({', '.join(values)}, number) SELECT {', '.join(values.values())}, {by} WHERE {condition}"
        f" ON CONFLICT ({', '.join(values)}) DO UPDATE SET number = {table}.number + ({by});"
    )


def _down(table: str, values: Mapping[str, str], condition: str) -> str:
    """One less, in a row that is there."""
    key = " AND ".join(f"{column} = {value}" for column, value in values.items())
    return f"UPDATE {table} SET number = number - 1 WHERE {key} AND {condition};"  # noqa: S608  # all of it is ours


class _Counted(NamedTuple):
    """The rows of `counted` where the condition holds are counted in `table` by values, where ROW stands for a row."""

    name: str
    counted: str
    table: str
    values: Mapping[str, str]
    condition: str = "true"

    def of(self, row: str, slot: str) -> tuple[str, Mapping[str, str], str]:
        """In which table, by which values, on which condition."""
        values = {column: value.replace("ROW", row) for column, value in self.values.items()}
        return self.table, values | {"slot": slot}, self.condition.replace("ROW", row)

    def differs(self, is_not: str) -> str:
        """An update changes what the row counts for."""
        parts = [*self.values.values(), f"({self.condition})"]
        return " OR ".join(f"{part.replace('ROW', 'old')} {is_not} {part.replace('ROW', 'new')}" for part in parts)


def _for_sqlite(what: _Counted) -> Iterator[str]:
    begin = f"CREATE TRIGGER pingback_{what.name}"
    up, down = _up(*what.of("new", "0")), _down(*what.of("old", "0"))
    yield f"{begin}_more AFTER INSERT ON {what.counted} BEGIN {up} END"
    yield f"{begin}_else AFTER UPDATE ON {what.counted} WHEN {what.differs('IS NOT')} BEGIN {down} {up} END"
    yield f"{begin}_less AFTER DELETE ON {what.counted} BEGIN {down} END"


def _for_postgresql(what: _Counted) -> Iterator[str]:
    """A function, and the triggers that call it. Somebody else's slot may hold what is less now: ours goes below 0."""
    up, down = _up(*what.of("new", _SLOT)), _up(*what.of("old", _SLOT), by=-1)
    yield (
        f"CREATE FUNCTION pingback_{what.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP <> 'INSERT' THEN {down} END IF; IF TG_OP <> 'DELETE' THEN {up} END IF; RETURN NULL; END $$"
    )
    changed = f" WHEN ({what.differs('IS DISTINCT FROM')})"
    for suffix, when, only in (("more", "INSERT OR DELETE", ""), ("else", "UPDATE", changed)):
        yield (
            f"CREATE TRIGGER pingback_{what.name}_{suffix} AFTER {when} ON {what.counted}"
            f" FOR EACH ROW{only} EXECUTE FUNCTION pingback_{what.name}()"
        )


# The first slot that nobody has; where more write at once than there are slots, some share the last one, and wait.
_SLOT = "pingback_slot()"
_TAKE_SLOT = f"""
CREATE FUNCTION {_SLOT} RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE slot integer := nullif(current_setting('pingback.slot', true), '');
BEGIN
IF slot IS NULL THEN
slot := 0;
WHILE slot < 63 AND NOT pg_try_advisory_xact_lock(hashtext('pingback slot'), slot) LOOP slot := slot + 1; END LOOP;
PERFORM set_config('pingback.slot', slot::text, true);
END IF;
RETURN slot;
END $$"""

_TALLY = {"site_id": "ROW.site_id", "protocol": "coalesce(ROW.protocol, '')"}
_COUNTED = (
    _Counted(
        "mentions_tallied",
        "pingback_mentions",
        "pingback_tallies",
        _TALLY | {"subject": "'mentions'", "status": "ROW.status"},
    ),
    _Counted(
        "outbox_tallied",
        "pingback_outbox",
        "pingback_tallies",
        _TALLY | {"subject": "'outbox'", "status": "ROW.status"},
    ),
    _Counted(
        "days_tallied",
        "pingback_mentions",
        "pingback_days",
        {"site_id": "ROW.site_id", "day": f"ROW.received / {DAY_IN_MICROS}"},
    ),
    _Counted(
        "kinds_tallied",
        "pingback_mentions",
        "pingback_kinds",
        {"site_id": "ROW.site_id", "host": "ROW.target_host", "kind": "ROW.kind"},
        "ROW.status = 'approved'",
    ),
)
COUNTED = tuple(sorted({counted.counted for counted in _COUNTED}))  # tables
TRIGGERS = tuple(sql for counted in _COUNTED for sql in _for_sqlite(counted))
FUNCTIONS = (_TAKE_SLOT.replace("\n", " ").strip(), *(sql for counted in _COUNTED for sql in _for_postgresql(counted)))
