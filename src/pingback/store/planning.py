"""A post's links beside the pings that the outbox holds of it: what is new, changed, removed, and so to be sent."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from pingback.model import WAITING, OutcomeStatus, Plan, QueuedPing, Retelling
from pingback.store.memory import forget
from pingback.store.rows import keys_of, micros, ping_of, source_key_of, state_of, storable
from pingback.store.schema import outbox
from pingback.store.statements import Transaction, prepared
from pingback.store.transitions import linked, unlinked
from pingback.urls import host_of

_CHUNK = 500  # rows read or written at once

_KNOWN = prepared(
    select(outbox)
    .where(outbox.c.source_key == bindparam("source_key"), outbox.c.id > bindparam("after"))
    .order_by(outbox.c.id)
    .limit(_CHUNK)
)
_UPDATE = prepared(update(outbox).where(outbox.c.id == bindparam("ping")))
_INSERT = prepared(insert(outbox))


class Link(NamedTuple):
    """A link of a post: its target as written there, and the fingerprint of its surroundings."""

    target: str
    fingerprint: str


def links_by_pair(source: str, links: Mapping[str, str]) -> dict[str, Link]:
    """The links under the keys of their pings; of equal targets the first counts. ValueError for no HTTP URL."""
    by_pair: dict[str, Link] = {}
    for target, fingerprint in links.items():
        by_pair.setdefault(keys_of(source, target)["pair"], Link(target, fingerprint))
    return by_pair


def plan(
    connection: Transaction,
    source: str,
    links: dict[str, Link],
    *,
    untouched: Collection[str] = (),
    now: datetime,
    retelling: Retelling,
) -> Plan:
    """Bring the pings of the post in line with its links, by pair; these are used up. `untouched` pairs stay as they
    are."""
    counts: Counter[str] = Counter()
    for known in _known(connection, source):
        updates = []
        for pair, ping in known:
            if pair in untouched:
                continue
            after = _brought_up_to_date(ping, source, links.pop(pair, None), now, retelling)
            counts[_word_for(ping, after)] += 1
            if after is not ping:
                updates.append({"ping": ping.id} | state_of(after))
                forget(connection, ping.target)  # after a change its endpoints are looked for anew (§3.1.4)
        if updates:
            connection.execute(_UPDATE, updates)
    new = iter(links.values())
    while chunk := list(islice(new, _CHUNK)):
        connection.execute(_INSERT, [_waiting(source, link, now) for link in chunk])
    return Plan(new=len(links), changed=counts["changed"], removed=counts["removed"], unchanged=counts["unchanged"])


def dry_run(
    connection: Transaction, source: str, links: dict[str, Link], *, now: datetime, retelling: Retelling
) -> list[str]:
    """The targets that would be due after a plan with all of these links, and of those that are removed."""
    due: list[str] = []
    for known in _known(connection, source):
        for pair, ping in known:
            after = _brought_up_to_date(ping, source, links.pop(pair, None), now, retelling)
            if after.next_try is not None and after.next_try <= now:
                due.append(after.target)
    return due + [link.target for link in links.values()]


def _known(connection: Transaction, source: str) -> Iterator[list[tuple[str, QueuedPing]]]:
    source_key, after = source_key_of(source), 0
    while True:
        rows = connection.execute(_KNOWN, {"source_key": source_key, "after": after}).mappings().all()
        if not rows:
            return
        yield [(row["pair"], ping_of(row)) for row in rows]
        after = rows[-1]["id"]


def _brought_up_to_date(
    ping: QueuedPing, source: str, link: Link | None, now: datetime, retelling: Retelling
) -> QueuedPing:
    if link is None:
        return unlinked(ping, now=now, retelling=retelling)
    target, fingerprint = link
    return linked(ping, source=source, target=target, fingerprint=fingerprint, now=now, retelling=retelling)


def _word_for(before: QueuedPing, after: QueuedPing) -> str:
    if after is before:
        return "unchanged" if before.linked else "absent"
    return "changed" if after.linked else "removed"


def _waiting(source: str, link: Link, now: datetime) -> dict[str, Any]:
    return {
        **keys_of(source, link.target),
        "source": storable(source),
        "target": storable(link.target),
        "host": host_of(link.target),
        "status": OutcomeStatus.WAITING.value,
        "message": WAITING,
        "attempts": 0,
        "next_try": micros(now),
        "fingerprint": link.fingerprint,
        "linked": True,
    }
