"""`Outbox`: what a site has to send and has sent, in the same database as its mentions.

When a ping is due, and who has it in hand, says its job of the kind `deliver`, which is written in the same transaction
as the ping. What becomes of a ping is for the protocols to say: the functions that know it are given to these methods.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy import update as update_of

from pingback.model import WAITING, Discovery, OutcomeStatus
from pingback.store import tallies
from pingback.store.database import Database
from pingback.store.discoveries import forget_target, recall, remember_all
from pingback.store.expressions import among
from pingback.store.jobs import add_job, add_jobs, drop_job, finish_job, reschedule_job
from pingback.store.keys import pair_of, target_key_of
from pingback.store.posts import keep_post, lose_post
from pingback.store.rows import (
    attempt_of,
    attempt_row_of,
    is_url,
    keys_of,
    micros,
    ping_of,
    readable_of,
    source_key_of,
    state_of,
    storable,
)
from pingback.store.schema import attempts, jobs, outbox
from pingback.store.searching import containing, words_in
from pingback.store.statements import Prepared, Row, Transaction, prepared
from pingback.urls import same_url, server_of, shown
from pingback.work import Attempt, Job, JobKind, Link, Plan, QueuedPing, Try

MAX_ATTEMPTS = 50  # the last ones of each ping are kept
MAX_AGAIN = 1000  # pings that are made due in one transaction

log = logging.getLogger(__name__)

_CHUNK = 500  # rows read or written at once; between two pages of a list no lock or connection is held

# What becomes of a ping: when the post has this link, or has it no longer; after a try, whose job may be ours still.
Planned: TypeAlias = Callable[[QueuedPing, Link | None], QueuedPing]
Tried: TypeAlias = Callable[[QueuedPing, bool], QueuedPing]


class Outbox:
    """One ping for each link of a post, kept from before its first try on; `Store.outbox` gives it.

    Thread-safe; several processes may share a file. Each method is one transaction, on disk when it returns, and may
    be called again after a crash. A row that cannot be read is passed over. All raise `StoreError` when the database
    cannot be used, and ValueError for a URL that is not an absolute HTTP URL and for a naive instant.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(
        self,
        source: str,
        links: Mapping[str, str],
        *,
        becomes: Planned,
        fingerprint: str,
        untouched: Iterable[str] = (),
        direct: Collection[str] = (),
        now: datetime,
    ) -> Plan:
        """Bring the pings of a post in line with its links: targets, each with the fingerprint of its surroundings.

        New ones are due at once; `becomes` says what the others become. `untouched` are targets that the post links
        to, and that this plan is not about. Nor is it about earlier `direct` ones (`Link`): what a feed names, a page
        does not take back.
        """
        by_pair = _links_by_pair(source, links, direct)
        spared = {pair_of(source, target) for target in untouched}
        with self._database.write() as tx:
            keep_post(tx, source, fingerprint, now=now)  # which nobody else does before the end of this
            _hold_pings(tx, source)
            return _plan(tx, source, by_pair, becomes=_sparing_direct(becomes), untouched=spared, now=now)

    def plan_gone(self, source: str, *, becomes: Planned, now: datetime) -> Plan:
        """The post is gone: plan as if it had no link any more, and mark it."""
        with self._database.write() as tx:
            lose_post(tx, source)
            _hold_pings(tx, source)
            return _plan(tx, source, {}, becomes=becomes, untouched=(), now=now)

    def dry_run(self, source: str, links: Mapping[str, str], *, becomes: Planned, now: datetime) -> list[str]:
        """The targets that would be due after a plan with all of these links; nothing is changed."""
        by_pair, due, becomes = _links_by_pair(source, links), [], _sparing_direct(becomes)
        with self._database.read() as tx:
            for known in _known(tx, source):
                for pair, ping in known:
                    link = by_pair.pop(pair, None)
                    after = ping and becomes(ping, link)
                    if after and after.next_try is not None and after.next_try <= now:
                        due.append(after.target)
        return due + [link.target for link in by_pair.values()]

    def record(
        self,
        sent: QueuedPing,
        job: Job,
        result: Try,
        *,
        becomes: Tried,
        discovered: Iterable[tuple[Discovery, datetime]] = (),
    ) -> QueuedPing | None:
        """Keep what became of a ping as it was `sent`, and of its job; gives the ping as it stands now.

        None where it is not kept any more: then there is nothing to be done. `becomes` is also told whether the job is
        still ours: the lease may have run out, and another have taken it over. In the same transaction what was
        `discovered` is remembered, each until an instant.
        """
        with self._database.write() as tx:
            tx.execute(_HOLD, {"ping": sent.id})
            row = tx.execute(_FIND, {"ping": sent.id}).one_or_none()
            if row is None:
                finish_job(tx, job)
                return None
            before = ping_of(row)
            is_ours = row["leased_by"] == job.leased_by
            after = becomes(before, is_ours)
            tx.execute(_UPDATE, {"ping": sent.id} | state_of(after))
            _settle(tx, job if is_ours else None, before, after, result)
            tx.execute(_KEEP_ATTEMPT, attempt_row_of(sent, **result._asdict()))
            tx.execute(_FORGET_ATTEMPTS, {"of": sent.id})
            remember_all(tx, discovered)
        return after

    def send_again(
        self, numbers: Iterable[int], *, becomes: Callable[[QueuedPing], QueuedPing], now: datetime
    ) -> list[QueuedPing]:
        """Bring pings up to date, by their `id`, and forget what is remembered of their targets; gives those for which
        that was news."""
        changed = []
        with self._database.write() as tx:
            for number in sorted(set(numbers))[:MAX_AGAIN]:
                tx.execute(_HOLD, {"ping": number})
                for ping in _pings_in(tx.execute(_FIND, {"ping": number})):
                    after = becomes(ping)
                    if after != ping:
                        _change(tx, ping, after, now=now)
                        changed.append(after)
        return changed

    def give_back(self, numbers: Iterable[int], *, now: datetime) -> None:
        """Have pings that wait, and that nobody holds, be due now."""
        with self._database.write() as tx:
            for number in sorted(numbers):
                tx.execute(_HOLD, {"ping": number})
                for ping in _pings_in(tx.execute(_FIND, {"ping": number})):
                    if ping.next_try is not None and not ping.is_held:
                        add_job(tx, JobKind.DELIVER, ping.id, host=ping.host, due=now, now=now)

    def pings(
        self,
        *,
        status: OutcomeStatus | None = None,
        source: str | None = None,
        target: str | None = None,
        due_before: datetime | None = None,
    ) -> Iterator[QueuedPing]:
        """The pings in the order of their `id`; `status` is that of `as_outcome`.

        With `due_before` those whose next try is not later than that.
        """
        asked: dict[str, Any] = {}
        if status is not None:
            asked["statuses"] = json.dumps([status])
        if source is not None:
            asked["source_key"] = source_key_of(source)
        if target is not None:
            asked["target_key"] = target_key_of(target)
        if due_before is not None:
            asked["due_before"] = micros(due_before)
        return self._pages(_selected(*asked), asked)

    def pings_of(self, sources: Iterable[str]) -> Iterator[QueuedPing]:
        """The pings of these posts, in the order of their `id`: a read for each 500 pings."""
        return self._pages(
            _selected("source_keys"), {"source_keys": json.dumps([source_key_of(source) for source in sources])}
        )

    def find(self, source: str, target: str) -> QueuedPing | None:
        """The ping of `target` by `source`."""
        return self._one(_FIND_PAIR, {"pair": pair_of(source, target)})

    def at(self, number: int) -> QueuedPing | None:
        """The ping with this `id`."""
        return self._one(_FIND, {"ping": number})

    def to_deliver(self, number: int, *, now: datetime) -> tuple[QueuedPing, Discovery | None] | None:
        """The ping with this `id`, and what is remembered of its target; None where there is none.

        UnreadableRow where the row is no ping.
        """
        with self._database.read() as tx:
            row = tx.execute(_FIND, {"ping": number}).one_or_none()
            remembered = recall(tx, row["target"], now=now) if row is not None and is_url(row["target"]) else None
        return None if row is None else (ping_of(row), remembered)

    def page(
        self, *, statuses: Collection[OutcomeStatus] = (), search: str = "", before: int | None = None, size: int
    ) -> tuple[list[QueuedPing], int | None]:
        """Up to `size` pings, those that were planned last first, and the `before` of the next page, None at the end.

        Only those with one of the statuses, where there are any, and in which each word of `search` is found.
        """
        words = words_in(search)
        asked = {"before": _END if before is None else before, "statuses": json.dumps([*statuses]), "number": size + 1}
        with self._database.read() as tx:
            rows = tx.execute(_newest(bool(statuses), *words), asked | words)
        return list(_pings_in(rows[:size])), rows[size - 1]["id"] if len(rows) > size else None

    def counts(self) -> dict[OutcomeStatus, int]:
        """How many pings have each status; 0 included."""
        with self._database.read() as tx:
            found = tallies.by_status(tx, tallies.PINGS)
            for held in tx.execute(_HELD).scalars():
                found[held] -= 1
                found[OutcomeStatus.WAITING.value] += 1
        return {status: found[status.value] for status in OutcomeStatus}

    def attempts(self, ping: QueuedPing) -> list[Attempt]:
        """The last tries, up to 50, in the order of their recording."""
        with self._database.read() as tx:
            rows = tx.execute(_ATTEMPTS, {"of": ping.id})
        return list(readable_of(rows, attempt_of, what="attempt"))

    def _one(self, statement: Prepared, asked: dict[str, Any]) -> QueuedPing | None:
        with self._database.read() as tx:
            return next(_pings_in(tx.execute(statement, asked)), None)

    def _pages(self, page: Prepared, asked: Mapping[str, Any]) -> Iterator[QueuedPing]:
        after = 0
        while True:
            with self._database.read() as tx:
                rows = tx.execute(page, {**asked, "after": after})
            yield from _pings_in(rows)
            if len(rows) < _CHUNK:
                return
            after = rows[-1]["id"]


def _hold_pings(tx: Transaction, source: str) -> None:
    """Let nobody record what becomes of the pings of this post until the end of the transaction."""
    tx.execute(_HOLD_ALL, {"key": source_key_of(source)})


def _sparing_direct(becomes: Planned) -> Planned:
    return lambda ping, link: ping if link is None and ping.direct else becomes(ping, link)


def _links_by_pair(source: str, links: Mapping[str, str], direct: Collection[str] = ()) -> dict[str, Link]:
    """The links under the keys of their pings; of equal targets the first counts. ValueError for no HTTP URL."""
    by_pair: dict[str, Link] = {}
    for target, fingerprint in links.items():
        by_pair.setdefault(pair_of(source, target), Link(target, fingerprint, target in direct))
    return by_pair


def _plan(
    tx: Transaction,
    source: str,
    links: dict[str, Link],
    *,
    becomes: Planned,
    untouched: Collection[str],
    now: datetime,
) -> Plan:
    """The links, by pair, are used up."""
    counts: Counter[str] = Counter()
    under = {"key": source_key_of(source), "pairs": json.dumps([*links])}
    if (strayed := tx.execute(_PUT_BACK, under).rowcount) > 0:
        log.warning("%d pings of %r were kept under the key of another post, and are put back", strayed, shown(source))
    for known in _known(tx, source):
        for pair, ping in known:
            link = None if pair in untouched else links.pop(pair, None)
            if ping is None or pair in untouched:
                continue
            after = becomes(ping, link)
            if after is ping:
                counts["unchanged"] += ping.linked
            else:
                counts["changed" if after.linked else "removed"] += 1
                _change(tx, ping, after, now=now)  # its endpoints are looked for anew (Webmention §3.1.4)
    new, left = len(links), iter(links.values())
    while chunk := list(islice(left, _CHUNK)):
        _insert(tx, source, chunk, now=now)
    return Plan(new=new, changed=counts["changed"], removed=counts["removed"], unchanged=counts["unchanged"])


def _known(tx: Transaction, source: str) -> Iterator[list[tuple[str, QueuedPing | None]]]:
    """The pings of a post under their pairs; None for one that cannot be read, or is another post's."""
    asked = {"source_key": source_key_of(source), "after": 0}
    while rows := tx.execute(_selected("source_key"), asked):
        readable = {ping.id: ping for ping in _pings_in(rows) if same_url(ping.source, source)}
        yield [(row["pair"], readable.get(row["id"])) for row in rows]
        asked["after"] = rows[-1]["id"]


def _insert(tx: Transaction, source: str, links: Collection[Link], *, now: datetime) -> None:
    """New pings of a post, each with its job, which is due at once."""
    rows = [
        {
            **keys_of(source, link.target),
            "source": storable(source),
            "target": storable(link.target),
            "status": OutcomeStatus.WAITING.value,
            "message": WAITING,
            "attempts": 0,
            "fingerprint": link.fingerprint,
            "linked": True,
            "direct": link.direct,
        }
        for link in links
    ]
    tx.execute(_INSERT, rows)
    new = tx.execute(_NEW, {"pairs": json.dumps([row["pair"] for row in rows])})
    hosts = {row["id"]: server_of(row["target"]) for row in new}
    add_jobs(tx, JobKind.DELIVER, hosts, due=now, now=now)


def _change(tx: Transaction, before: QueuedPing, after: QueuedPing, *, now: datetime) -> None:
    """Keep a ping as it is to be from now on, and its job; what its target advertises is asked anew."""
    tx.execute(_UPDATE, {"ping": before.id} | state_of(after))
    forget_target(tx, before.target)
    if after.next_try is None:
        if before.next_try is not None:
            drop_job(tx, JobKind.DELIVER, before.id)
    elif after.next_try != before.next_try:
        add_job(tx, JobKind.DELIVER, after.id, host=after.host, due=after.next_try, now=now)


def _settle(tx: Transaction, job: Job | None, before: QueuedPing, after: QueuedPing, result: Try) -> None:
    """What becomes of a ping's job after a try; `job` is None where it is another's by now."""
    failed = result.outcome.status is OutcomeStatus.FAILED and after.aging_since is None
    if job is not None and after.next_try is not None and failed:
        reschedule_job(tx, job, due=after.next_try, failed=True, now=result.at)
        return
    if job is not None:
        finish_job(tx, job)
    elif after.next_try != before.next_try:  # the far side said yes: whoever has it by now need not go on
        drop_job(tx, JobKind.DELIVER, after.id)
    else:
        return
    if after.next_try is not None:  # as if nothing had failed: something changed meanwhile, or may some day
        add_job(tx, JobKind.DELIVER, after.id, host=after.host, due=after.next_try, now=result.at)


def _pings_in(rows: Iterable[Row]) -> Iterator[QueuedPing]:
    return readable_of(rows, ping_of, what="ping")


@cache
def _selected(*conditions: str) -> Prepared:
    """A part of the pings, in the order of their `id`."""
    chosen = (_CONDITIONS[name] for name in conditions)
    return prepared(_PINGS.where(*chosen, outbox.c.id > bindparam("after")).order_by(outbox.c.id).limit(_CHUNK))


@cache
def _newest(by_status: bool, *words: str) -> Prepared:
    """A part of the pings, the newest first."""
    chosen = [*containing(words, _SEARCHED), *([_CONDITIONS["statuses"]] if by_status else ())]
    before = outbox.c.id < bindparam("before")
    return prepared(_PINGS.where(*chosen, before).order_by(outbox.c.id.desc()).limit(bindparam("number")))


_JOB = and_(jobs.c.kind == JobKind.DELIVER.value, jobs.c.subject == outbox.c.id)
_WITH_JOB = outbox.outerjoin(jobs, _JOB)
# The status of `QueuedPing.as_outcome`.
_STANDING = case((jobs.c.leased_by.is_not(None), OutcomeStatus.WAITING.value), else_=outbox.c.status)
_SEARCHED = (outbox.c.source, outbox.c.target, outbox.c.message, outbox.c.endpoint)

_PINGS = select(*outbox.c, jobs.c.due.label("next_try"), jobs.c.leased_by).select_from(_WITH_JOB)
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "statuses": among(_STANDING, "statuses"),
    "source_key": outbox.c.source_key == bindparam("source_key"),
    "source_keys": among(outbox.c.source_key, "source_keys"),
    "target_key": outbox.c.target_key == bindparam("target_key"),
    "due_before": jobs.c.due <= bindparam("due_before"),
}
_END = 2**63 - 1
_FIND = prepared(_PINGS.where(outbox.c.id == bindparam("ping")))
_FIND_PAIR = prepared(_PINGS.where(outbox.c.pair == bindparam("pair")))
# By jobs first: those in somebody's hand are few.
_HELD = prepared(
    select(outbox.c.status)
    .select_from(jobs.join(outbox, _JOB))
    .where(text("leased_by IS NOT NULL"))
    .with_hint(jobs, "INDEXED BY pingback_jobs_by_lease", "sqlite")
)
_NEW = prepared(select(outbox.c.id, outbox.c.target).where(among(outbox.c.pair, "pairs")).order_by(outbox.c.id))
_HOLD = prepared(select(outbox.c.id).where(outbox.c.id == bindparam("ping")).with_for_update())
_HOLD_ALL = prepared(
    select(outbox.c.id).where(outbox.c.source_key == bindparam("key")).order_by(outbox.c.id).with_for_update()
)
_PUT_BACK = prepared(
    update_of(outbox)
    .where(among(outbox.c.pair, "pairs"), outbox.c.source_key != bindparam("key"))
    .values(source_key=bindparam("key"))
)
_INSERT = prepared(insert(outbox))
_UPDATE = prepared(update_of(outbox).where(outbox.c.id == bindparam("ping")))
_ATTEMPTS = prepared(select(attempts).where(attempts.c.ping == bindparam("of")).order_by(attempts.c.id))
_KEEP_ATTEMPT = prepared(insert(attempts))
_FORGET_ATTEMPTS = prepared(
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
