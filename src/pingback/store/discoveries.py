"""`Discoveries`: what targets advertise, remembered for a while."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select

from pingback.model import Discovery
from pingback.store.database import Database
from pingback.store.expressions import Insert, big, insert, unlocked
from pingback.store.keys import target_key_of
from pingback.store.rows import discovery_of, discovery_row_of, micros, readable_of
from pingback.store.schema import discoveries
from pingback.store.statements import Transaction, prepared

LONGEST = timedelta(days=1)  # that a discovery is remembered, by whatever the target's cache headers say


class Discoveries:
    """One discovery for each target; `Store.discoveries` gives it.

    Thread-safe. Each method is one transaction. All raise `StoreError`, and ValueError for a URL that is not an
    absolute HTTP URL and for a naive instant.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, discovery: Discovery, *, until: datetime) -> None:
        """Keep what a target advertises, so that the next ping to it need not ask again; a day at most."""
        with self._database.write() as tx:
            remember_all(tx, [(discovery, until)])

    def recall(self, target: str, *, now: datetime) -> Discovery | None:
        """What is remembered of the target; None where it has to be asked."""
        with self._database.read() as tx:
            return recall(tx, target, now=now)

    def forget(self, target: str) -> None:
        """Drop what is remembered of the target: it is to be asked again."""
        with self._database.write() as tx:
            forget_target(tx, target)


def remember_all(tx: Transaction, found: Iterable[tuple[Discovery, datetime]]) -> None:
    """Keep discoveries in the place of what was known of their targets, and drop those that have surely ended."""
    known = sorted(found, key=lambda each: target_key_of(each[0].target))
    for discovery, until in known:
        tx.execute(_REMEMBER, discovery_row_of(discovery, until=until))
    if known:  # only now: whoever has deleted some waits for nobody any more
        tx.execute(_FORGET_OLD, {"ended": micros(max(until for _, until in known) - LONGEST)})


def recall(tx: Transaction, target: str, *, now: datetime) -> Discovery | None:
    """What is remembered of the target, at `now`; nothing where that cannot be read."""
    asked = {"target": target_key_of(target), "now": micros(now), "latest": micros(now + LONGEST)}
    row = tx.execute(_RECALL, asked).one_or_none()
    if row is None:
        return None
    return next(readable_of([row], lambda row: discovery_of(row, target=target), what="what is known of target"), None)


def forget_target(tx: Transaction, target: str) -> None:
    """Remember nothing of the target any more, from the end of the transaction on."""
    tx.at_end(_forget, [target_key_of(target)])


def _forget(tx: Transaction, keys: Sequence[str]) -> None:
    tx.execute(_FORGET, [{"target": key} for key in keys])


def _remember() -> Insert:
    statement = insert(discoveries)
    return statement.on_conflict_do_update(index_elements=[discoveries.c.target_key], set_=dict(statement.excluded))


_REMEMBER = prepared(_remember())
_FORGET_OLD = prepared(delete(discoveries).where(unlocked(discoveries, discoveries.c.until <= big("ended"))))
_FORGET = prepared(delete(discoveries).where(discoveries.c.target_key == bindparam("target")))
_RECALL = prepared(
    select(discoveries).where(
        discoveries.c.target_key == bindparam("target"),
        discoveries.c.until > bindparam("now"),
        discoveries.c.until <= bindparam("latest"),  # what lasts longer, a clock that ran ahead has left behind
    )
)
