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
TRIGGERS = (
    *_counting(
        "mentions_tallied",
        "pingback_mentions",
        "pingback_tallies",
        _TALLY | {"subject": "'mentions'", "status": "ROW.status"},
    ),
    *_counting(
        "outbox_tallied",
        "pingback_outbox",
        "pingback_tallies",
        _TALLY | {"subject": "'outbox'", "status": "ROW.status"},
    ),
    *_counting(
        "days_tallied",
        "pingback_mentions",
        "pingback_days",
        {"site_id": "ROW.site_id", "day": f"ROW.received / {DAY_IN_MICROS}"},
    ),
    *_counting(
        "kinds_tallied",
        "pingback_mentions",
        "pingback_kinds",
        {"site_id": "ROW.site_id", "host": "ROW.target_host", "kind": "ROW.kind"},
        "ROW.status = 'approved'",
    ),
)
