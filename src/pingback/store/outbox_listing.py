"""The pings of the outbox as their owner looks through them: the last planned first, a page at a time."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from pingback.model import OutcomeStatus, QueuedPing, Retelling
from pingback.store import tallies
from pingback.store.memory import forget
from pingback.store.rows import ping_of, state_of
from pingback.store.schema import outbox, standing
from pingback.store.searching import containing
from pingback.store.statements import Transaction, prepared
from pingback.store.transitions import again

MAX_AGAIN = 1000  # pings that are made due in one transaction

_SEARCHED = (outbox.c.source, outbox.c.target, outbox.c.message, outbox.c.endpoint)


def page(
    connection: Transaction,
    *,
    statuses: Collection[OutcomeStatus],
    search: str,
    before: int | None,
    size: int,
) -> tuple[list[QueuedPing], int | None]:
    """Up to `size` pings with these statuses, and the `before` of the next page; None at the end."""
    statement = _PAGE.where(*containing(search, _SEARCHED))
    if statuses:
        statement = statement.where(standing.in_([status.value for status in statuses]))
    if before is not None:
        statement = statement.where(outbox.c.id < before)
    found = [ping_of(row) for row in connection.execute(statement.limit(size + 1)).mappings()]
    return found[:size], found[size - 1].id if len(found) > size else None


def counts(connection: Transaction) -> dict[OutcomeStatus, int]:
    """How many pings have each status; 0 included."""
    found = tallies.by_status(connection, tallies.PINGS)
    return {status: found[status.value] for status in OutcomeStatus}


def ping_at(connection: Transaction, number: int) -> QueuedPing | None:
    """The ping with this `id`."""
    row = connection.execute(_FIND, {"ping": number}).mappings().one_or_none()
    return None if row is None else ping_of(row)


def send_again(
    connection: Transaction, numbers: Iterable[int], *, now: datetime, retelling: Retelling
) -> list[QueuedPing]:
    """Make pings due at once, to targets that are asked anew; gives those for which that is news."""
    changed = []
    for number in sorted(set(numbers))[:MAX_AGAIN]:
        ping = ping_at(connection, number)
        after = ping and again(ping, now=now, retelling=retelling)
        if after and after != ping:
            connection.execute(_UPDATE, {"this": number} | state_of(after))
            forget(connection, after.target)
            changed.append(after)
    return changed


_PAGE: Select[Any] = select(outbox).order_by(outbox.c.id.desc())
_FIND = prepared(select(outbox).where(outbox.c.id == bindparam("ping")))
_UPDATE = prepared(update(outbox).where(outbox.c.id == bindparam("this")))
