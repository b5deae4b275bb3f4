"""Triggers that count rows as they come and go: to count a million takes a second."""

from collections.abc import Callable, Iterator, Mapping

from pingback.store.schema import DAY_IN_MICROS


def _up(table: str, values: Mapping[str, str], condition: str = "true") -> str:
    """One more in this table of counts."""
    return (
        f"INSERT INTO {table} ({', '.join(values)}, number) SELECT {', '.join(values.values())}, 1 WHERE {condition}"
        f" ON CONFLICT ({', '.join(values)}) DO UPDATE SET number = number + 1;"
    )


def _down(table: str, values: Mapping[str, str], condition: str = "true") -> str:
    key = " AND ".join(f"{column} = {value}" for column, value in values.items())
    return f"UPDATE {table} SET number = number - 1 WHERE {key} AND {condition};"  # noqa: S608  # all of it is ours


def _for_postgresql(
    name: str, counted: str, table: str, values: Mapping[str, str], condition: str = "true"
) -> Iterator[str]:
    """As `_counting`: a function, and the triggers that call it."""
    old, new = ({column: value.replace("ROW", row) for column, value in values.items()} for row in ("old", "new"))
    down = _down(table, old, condition.replace("ROW", "old"))
    up = _up(table, new, condition.replace("ROW", "new")).replace("= number +", f"= {table}.number +")
    parts = [*values.values(), f"({condition})"]
    differs = " OR ".join(
        f"{part.replace('ROW', 'old')} IS DISTINCT FROM {part.replace('ROW', 'new')}" for part in parts
    )
    yield (
        f"CREATE FUNCTION pingback_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP <> 'INSERT' THEN {down} END IF; IF TG_OP <> 'DELETE' THEN {up} END IF; RETURN NULL; END $$"
    )
    for suffix, when, only in (("more", "INSERT OR DELETE", ""), ("else", "UPDATE", f" WHEN ({differs})")):
        yield (
            f"CREATE TRIGGER pingback_{name}_{suffix} AFTER {when} ON {counted}"
            f" FOR EACH ROW{only} EXECUTE FUNCTION pingback_{name}()"
        )


def _counting(name: str, counted: str, table: str, values: Mapping[str, str], condition: str = "true") -> Iterator[str]:
    """Triggers that count the rows of `counted` in `table`, by values in which ROW stands for a row of it.

    A row counts where the condition holds.
    """

    def of(row: str, change: Callable[[str, Mapping[str, str], str], str]) -> str:
        named = {column: value.replace("ROW", row) for column, value in values.items()}
        return change(table, named, condition.replace("ROW", row))

    parts = [*values.values(), f"({condition})"]
    differs = " OR ".join(f"{part.replace('ROW', 'old')} IS NOT {part.replace('ROW', 'new')}" for part in parts)
    begin = f"CREATE TRIGGER pingback_{name}"
    yield f"{begin}_more AFTER INSERT ON {counted} BEGIN {of('new', _up)} END"
    yield f"{begin}_else AFTER UPDATE ON {counted} WHEN {differs} BEGIN {of('old', _down)} {of('new', _up)} END"
    yield f"{begin}_less AFTER DELETE ON {counted} BEGIN {of('old', _down)} END"


_TALLY = {"site_id": "ROW.site_id", "protocol": "coalesce(ROW.protocol, '')"}
_COUNTED = (
    (
        "mentions_tallied",
        "pingback_mentions",
        "pingback_tallies",
        _TALLY | {"subject": "'mentions'", "status": "ROW.status"},
    ),
    (
        "outbox_tallied",
        "pingback_outbox",
        "pingback_tallies",
        _TALLY | {"subject": "'outbox'", "status": "ROW.status"},
    ),
    (
        "days_tallied",
        "pingback_mentions",
        "pingback_days",
        {"site_id": "ROW.site_id", "day": f"ROW.received / {DAY_IN_MICROS}"},
    ),
    (
        "kinds_tallied",
        "pingback_mentions",
        "pingback_kinds",
        {"site_id": "ROW.site_id", "host": "ROW.target_host", "kind": "ROW.kind"},
        "ROW.status = 'approved'",
    ),
)
TRIGGERS = tuple(sql for counted in _COUNTED for sql in _counting(*counted))
FUNCTIONS = tuple(sql for counted in _COUNTED for sql in _for_postgresql(*counted))
