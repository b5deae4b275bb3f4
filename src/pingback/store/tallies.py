"""`Tallies`: how many mentions and pings there are, in rows that triggers keep.

So whatever writes a mention or a ping, and however many at once, is counted in the same transaction: to count a million
rows takes a second, and a statement beside each write would need to know what the row was before.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import bindparam, select

from pingback.store.database import Database
from pingback.store.rows import is_text
from pingback.store.schema import days, kinds, tallies
from pingback.store.statements import Transaction, prepared

MENTIONS, PINGS = "mentions", "outbox"


class Tallies:
    """The counts of a database; `Store.tallies` gives it. Thread-safe; all methods raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mentions(self) -> dict[tuple[str, str], int]:
        """How many mentions there are, by protocol and status."""
        return self._of(MENTIONS)

    def pings(self) -> dict[tuple[str, str], int]:
        """How many pings the outbox holds, by protocol, "" where none is known yet, and status."""
        return self._of(PINGS)

    def _of(self, subject: str) -> dict[tuple[str, str], int]:
        with self._database.read() as tx:
            return {(protocol, status): number for protocol, status, number in _tallies(tx, subject)}


def by_status(tx: Transaction, subject: str) -> Counter[str]:
    """How many rows of a subject have each status."""
    counts: Counter[str] = Counter()
    for _, status, number in _tallies(tx, subject):
        counts[status] += number
    return counts


def by_day(tx: Transaction, first: int) -> Counter[int]:
    """How many mentions came on each day from the first one on, in days since 1970."""
    return _summed(tx.execute(_DAYS, {"first": first}))


def by_kind(tx: Transaction, hosts: Iterable[str]) -> Counter[str]:
    """How many mentions of each kind are approved, of targets on these hosts."""
    return _summed(row for host in hosts for row in tx.execute(_KINDS, {"of": host}))


def _tallies(tx: Transaction, subject: str) -> Iterator[tuple[str, str, int]]:
    """By protocol and status, where these are texts as we write them: a label of a metric holds no other."""
    rows = tx.execute(_TALLIES, {"of": subject})
    found = _summed(((protocol, status), number) for protocol, status, number in rows)
    for (protocol, status), number in found.items():
        if is_text(protocol) and is_text(status):
            yield protocol, status, number


def _summed(rows: Iterable[Iterable[Any]]) -> Counter[Any]:
    """The numbers of all slots together. What no version of ours wrote is no number."""
    counts: Counter[Any] = Counter()
    for of, number in rows:
        counts[of] += number if isinstance(number, int) else 0
    return +counts


_TALLIES = prepared(
    select(tallies.c.protocol, tallies.c.status, tallies.c.number).where(tallies.c.subject == bindparam("of"))
)
_DAYS = prepared(select(days.c.day, days.c.number).where(days.c.day >= bindparam("first")))
_KINDS = prepared(select(kinds.c.kind, kinds.c.number).where(kinds.c.host == bindparam("of")))
