"""What became of a try: the ping brought up to date, and the attempt kept beside it."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from pingback.model import Attempt, Outcome, QueuedPing, Retelling
from pingback.store.rows import attempt_of, attempt_row_of, ping_of, state_of
from pingback.store.schema import attempts, outbox
from pingback.store.statements import Transaction, prepared
from pingback.store.transitions import tried

MAX_ATTEMPTS = 50  # the last ones of each ping are kept

_FIND = prepared(select(outbox).where(outbox.c.id == bindparam("ping")))
_UPDATE = prepared(update(outbox).where(outbox.c.id == bindparam("this")))
_LIST = prepared(select(attempts).where(attempts.c.ping == bindparam("of")).order_by(attempts.c.id))
_KEEP = prepared(insert(attempts))
_FORGET = prepared(
    delete(attempts).where(
        attempts.c.ping == bindparam("of"),
        attempts.c.id
        <= select(attempts.c.id)
        .where(attempts.c.ping == bindparam("of"))
        .order_by(attempts.c.id.desc())
        .limit(1)
        .offset(MAX_ATTEMPTS)
        .scalar_subquery(),
    )
)


def record(
    connection: Transaction,
    held: QueuedPing,
    outcome: Outcome,
    *,
    at: datetime,
    seconds: float,
    next_try: datetime | None,
    exchange: str | None,
    retelling: Retelling,
) -> QueuedPing | None:
    """The ping as it stands after the try; None where it is not kept any more."""
    row = connection.execute(_FIND, {"ping": held.id}).mappings().one_or_none()
    if row is None:
        return None
    after = tried(ping_of(row), held, outcome, at=at, next_try=next_try, retelling=retelling)
    connection.execute(_UPDATE, {"this": held.id} | state_of(after))
    connection.execute(_KEEP, attempt_row_of(held, outcome, at=at, seconds=seconds, exchange=exchange))
    connection.execute(_FORGET, {"of": held.id})
    return after


def attempts_at(connection: Transaction, ping: QueuedPing) -> list[Attempt]:
    """The attempts that are kept, in the order of their recording."""
    return [attempt_of(row) for row in connection.execute(_LIST, {"of": ping.id}).mappings()]
