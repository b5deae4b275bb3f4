"""`Pauses`: hosts that are to be left alone for a while, by all processes."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select

from pingback.store.database import Database
from pingback.store.expressions import big
from pingback.store.lanes import pause_host
from pingback.store.rows import instant, micros
from pingback.store.schema import pauses
from pingback.store.statements import prepared
from pingback.work import LONGEST_PAUSE, Pause


class Pauses:
    """One pause a host; `Store.pauses` gives it. Thread-safe; each method is one transaction, and raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, host: str, pause: Pause) -> None:
        """Lease nothing for this host until then. A pause or gap that holds for longer already stays so."""
        with self._database.write() as tx:
            pause_host(tx, host, pause)

    def of(self, host: str, *, now: datetime) -> Pause | None:
        """What the host wants; None where it wants nothing. What ended long ago may be in it."""
        asked = {"of": host, "now": micros(now), "longest": micros(now + 2 * LONGEST_PAUSE)}
        with self._database.read() as tx:
            row = tx.execute(_OF, asked).one_or_none()
        if row is None:
            return None
        return Pause(instant(row["until"]), timedelta(microseconds=row["gap"]), instant(row["gap_until"]))


_OF = prepared(
    select(pauses.c.until, pauses.c.gap, pauses.c.gap_until).where(
        pauses.c.host == bindparam("of"),
        or_(pauses.c.until > big("now"), pauses.c.gap_until > big("now")),
        # Other values none of us wrote, or a clock that ran ahead has left behind.
        pauses.c.until.between(0, big("longest")),
        pauses.c.gap_until.between(0, big("longest")),
        pauses.c.gap.between(0, LONGEST_PAUSE // timedelta(microseconds=1)),
    )
)
