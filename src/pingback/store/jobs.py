"""`Jobs`: what is to be done later, shared out between hosts and between processes.

A job is a row. Whoever leases it moves its `due` to the end of the lease, so that what a crash leaves behind is due by
itself. Whatever writes one here keeps its lane right in the same transaction (`pingback.store.lanes`).
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, func, null, or_, select, text, update

from pingback.store.database import Database
from pingback.store.expressions import Insert, among, big, earlier, insert, later, unlocked
from pingback.store.lanes import (
    ONE_LOST,
    OPEN_LOST,
    Lane,
    alone_with_hosts,
    candidates,
    candidates_of,
    close_lane,
    next_due,
    pause_host,
    share_out,
    update_lanes,
)
from pingback.store.rows import FAR, instant, instant_or_none, micros, text_of
from pingback.store.schema import jobs, pauses
from pingback.store.statements import Prepared, Row, Transaction, prepared
from pingback.work import LONGEST_PAUSE, Job, JobKind, Pause

HEAL_EVERY = timedelta(minutes=1)
JITTER = timedelta(seconds=1)  # between threads that looked at the clock one after the other
SLACK = timedelta(minutes=1)  # by which clocks of machines may differ
ASIDE_FOR = timedelta(days=1)  # for a row that cannot be read
MOST_SAID = 100  # rows that cannot be read, at once

QUEUED = "queued"  # in the place of a worker: nobody has the job yet, but a message with its number is on its way
_LEASE = "~"  # in `leased_by`: before the lease's own name
_NOBODY: Mapping[str, int] = MappingProxyType({})

log = logging.getLogger(__name__)


class Jobs:
    """The jobs of a store; `Store.jobs` gives it. Thread-safe; several processes may share a file.

    Each method is one transaction, on disk when it returns. All raise `StoreError` when the database cannot be used,
    and ValueError for a naive instant. Jobs of kinds that this version does not know are left alone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._healed: datetime | None = None
        self._last = datetime.min.replace(tzinfo=UTC)
        self._aside: set[int] = set()  # of these the log has said that they cannot be read

    def lease(
        self,
        kinds: Collection[JobKind],
        *,
        worker_id: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        per_host: int,
        busy: Mapping[str, int] = _NOBODY,
        only: Collection[int] | None = None,
    ) -> list[Job]:
        """Take jobs that are due, oldest first, to do them before the lease runs out: nobody else has them then.

        At most `limit`, and of one host `per_host` together with those that anybody has leased, and with the `busy`
        ones, which are under way to it besides. Hosts that pause are passed over. `only` confines it to these subjects.
        """
        if lease <= timedelta(0):
            raise ValueError("a lease must last for a while")
        self._heal_if_need_be(now)
        due = self._next_due(kinds, only) if limit > 0 and per_host > 0 else None
        if due is None or due > micros(now):
            return []
        with self._database.write() as tx:
            under_way = _under_way(tx, busy, now)
            if only is None:
                found = candidates(tx, kinds, now=micros(now), limit=limit, per_host=per_host, busy=under_way)
            else:
                found = candidates_of(tx, kinds, only, now=micros(now))
            chosen = share_out(found, limit=limit, per_host=per_host, busy=under_way)
            if tx.sees_others and chosen:  # who may have leased meanwhile
                found = alone_with_hosts(tx, [each for each in found if each["id"] in chosen])
                chosen = share_out(found, limit=limit, per_host=per_host, busy=_under_way(tx, busy, now))
            if not chosen:
                return []
            leased = {
                "chosen": json.dumps(list(chosen)),
                "now": micros(now),
                "until": micros(now + lease),
                "lease": _new_lease(worker_id),
            }
            rows = tx.execute(_TAKE, leased).mappings().all()
            update_lanes(tx, {Lane(row["kind"], row["host"]) for row in rows})
            unreadable = []
            taken = []
            for row in rows:
                job = _job_of(row, due=chosen[row["id"]])
                if job is None:
                    unreadable.append(row["id"])
                else:
                    taken.append(job)
            self._set_aside(tx, unreadable, now)
        return sorted(taken, key=lambda job: (job.due, job.id))

    def take(self, number: int, *, worker_id: str, now: datetime, lease: timedelta) -> Job | None:
        """Take the job with this number, which somebody leased for a queue, or which is due: for one caller alone.

        None for all others: it is in somebody's hands, has ended, or is not due. Its `due` is `now`.
        """
        asked = {"this": number, "now": micros(now), "until": micros(now + lease), "lease": _new_lease(worker_id)}
        with self._database.read() as tx:  # many come twice where a queue is slow, and need no lock
            if tx.execute(_IS_FREE, {"this": number, "now": micros(now)}).first() is None:
                return None
        with self._database.write() as tx:
            row = tx.execute(_TAKE_ONE, asked).mappings().first()
            if row is None:
                return None
            update_lanes(tx, [Lane(row["kind"], row["host"])])
            job = _job_of(row, due=micros(now))
            if job is None:
                self._set_aside(tx, [number], now)
        return job

    def done(self, job: Job) -> bool:
        """End the job; False where the lease is no longer ours."""
        with self._database.write() as tx:
            return finish_job(tx, job)

    def postpone(self, job: Job, due: datetime, *, now: datetime) -> bool:
        """Give the job back untried, to be due then; False where the lease is no longer ours."""
        with self._database.write() as tx:
            return reschedule_job(tx, job, due=due, failed=False, now=now)

    def fail(self, job: Job, due: datetime, *, now: datetime) -> bool:
        """Give the job back after a try that failed, to be due then; False where the lease is no longer ours."""
        with self._database.write() as tx:
            return reschedule_job(tx, job, due=due, failed=True, now=now)

    def release(self, leased: Iterable[Job], *, now: datetime) -> None:
        """Give jobs back untried, due as they were."""
        leased = list(leased)
        if not leased:
            return
        with self._database.write() as tx:
            for job in leased:
                reschedule_job(tx, job, due=job.due, failed=False, now=now)

    def next_due(
        self, kinds: Collection[JobKind], *, now: datetime, only: Collection[int] | None = None
    ) -> datetime | None:
        """When there is something to lease: `now` or later, after leases and pauses; None where nothing is left."""
        self._heal_if_need_be(now)
        number = self._next_due(kinds, only)
        return None if number is None else instant(max(number, micros(now)))

    def pause(self, host: str, until: datetime) -> None:
        """Lease nothing for this host before then; a pause that is longer already stays so."""
        with self._database.write() as tx:
            pause_host(tx, host, Pause(until))

    def free_the_dead(self, now: datetime, *, is_gone: Callable[[str], bool]) -> int:
        """End the leases of processes that are no more; how many there were."""
        with self._database.read() as tx:
            leases = [lease for lease in tx.execute(_LEASES).scalars() if isinstance(lease, str)]
        workers = {lease: lease.partition(_LEASE)[0] for lease in leases}
        gone = {worker for worker in set(workers.values()) if is_gone(worker)}
        if not gone:
            return 0
        ended = json.dumps([lease for lease in leases if workers[lease] in gone])
        with self._database.write() as tx:
            freed = tx.execute(_END_LEASES, {"ended": ended, "now": micros(now)}).mappings().all()
            update_lanes(tx, {Lane(row["kind"], row["host"]) for row in freed})
        return len(freed)

    def heal_clock(self, now: datetime) -> None:
        """Undo what a clock that ran ahead has left behind, and drop the pauses that are over."""
        limits = {"now": micros(now), "ahead": micros(now + SLACK), "far": FAR}
        ends = {"now": micros(now), "longest": micros(now + 2 * LONGEST_PAUSE)}
        with self._database.read() as tx:  # mostly there is nothing, and the write lock is left to others
            if tx.execute(_AHEAD, limits).first() is None and tx.execute(_OLD_PAUSE, ends).first() is None:
                return
        with self._database.write() as tx:
            moved = {Lane(row["kind"], row["host"]) for row in tx.execute(_SET_BACK, limits).mappings()}
            too_long = [str(host) for host in tx.execute(_TOO_LONG, ends).scalars()]
            tx.execute(_END_PAUSES, ends)
            update_lanes(tx, moved)
            for host in too_long:
                for kind in JobKind:
                    close_lane(tx, Lane(kind.value, host))

    def open_lost_lanes(self) -> None:
        """Have jobs found whose lane somebody has deleted. It looks at each job: of 100,000 that takes 40 ms."""
        with self._database.read() as tx:
            is_complete = tx.execute(ONE_LOST).first() is None
        if not is_complete:
            with self._database.write() as tx:
                tx.execute(OPEN_LOST)

    def _heal_if_need_be(self, now: datetime) -> None:
        if self._healed is None or now < self._last - JITTER or now - self._healed >= HEAL_EVERY:
            if self._healed is None:
                self._say_unreadable()
            self.heal_clock(now)
            self._healed = now
        self._last = now

    def _say_unreadable(self) -> None:
        """Of jobs whose `due` is no instant, which never comes."""
        with self._database.read() as tx:
            found = [row["id"] for row in tx.execute(_UNREADABLE, {"far": FAR}).mappings()]
        self._say(found)

    def _set_aside(self, tx: Transaction, found: Collection[int], now: datetime) -> None:
        if found:
            aside = {"found": json.dumps(list(found)), "until": micros(now + ASIDE_FOR)}
            rows = tx.execute(_ASIDE, aside).mappings().all()
            update_lanes(tx, {Lane(row["kind"], row["host"]) for row in rows})
            self._say(found)

    def _say(self, found: Iterable[int]) -> None:
        for number in found:
            if number not in self._aside:
                self._aside.add(number)
                log.error("job %s of %s cannot be read, and is set aside", number, self._database.name)

    def _next_due(self, kinds: Collection[JobKind], only: Collection[int] | None) -> int | None:
        with self._database.read() as tx:  # whoever looks every few seconds takes no lock for it
            return next_due(tx, kinds, only)


# For the transactions of others


def add_job(
    tx: Transaction, kind: JobKind, subject: int, *, host: str, due: datetime, now: datetime, anew: bool = False
) -> None:
    """Have it done from `due` on. A job that is there already is due at the earlier of the two instants.

    Where somebody has it in hand, it is due again when they have ended. `anew` forgets the failures up to now.
    """
    add_jobs(tx, kind, {subject: host}, due=due, now=now, anew=anew)


def add_jobs(
    tx: Transaction, kind: JobKind, hosts: Mapping[int, str], *, due: datetime, now: datetime, anew: bool = False
) -> None:
    """As `add_job` for many subjects, each with its host."""
    rows = [
        {"kind": kind.value, "subject": subject, "host": host, "due": micros(due), "set_at": micros(now)}
        for subject, host in hosts.items()
    ]
    if not rows:
        return
    tx.execute(_ADD, rows)
    if anew:
        tx.execute(_ANEW, [{"of": row["kind"], "about": row["subject"]} for row in rows])
    subjects = {"of": kind.value, "subjects": json.dumps([*hosts])}
    update_lanes(tx, {Lane(kind.value, host) for host in tx.execute(_HOSTS, subjects).scalars()})


def finish_job(tx: Transaction, job: Job) -> bool:
    """End the job; False where the lease is no longer ours. What was asked for meanwhile is a job still."""
    ours = {"this": job.id, "ours": job.leased_by}
    if tx.execute(_FINISH, ours).rowcount == 1:
        close_lane(tx, Lane(job.kind.value, job.host))
        return True
    return _is_changed(tx, _DUE_AGAIN, ours, job)


def reschedule_job(tx: Transaction, job: Job, *, due: datetime, failed: bool, now: datetime) -> bool:
    """Give the job back, to be due then, or when it was asked for meanwhile; False where it is not in our hands."""
    given_back = {"then": micros(due), "at": micros(now), "failed": int(failed)}
    return _is_changed(tx, _GIVE_BACK, given_back | {"this": job.id, "ours": job.leased_by}, job)


def _is_changed(tx: Transaction, statement: Prepared, parameters: dict[str, Any], job: Job) -> bool:
    changed = tx.execute(statement, parameters).rowcount == 1
    if changed:
        update_lanes(tx, [Lane(job.kind.value, job.host)])
    return changed


def drop_job(tx: Transaction, kind: JobKind, subject: int) -> None:
    """There is nothing to do any more, whoever may be at it."""
    for row in tx.execute(_DROP, {"of": kind.value, "about": subject}).mappings().all():
        close_lane(tx, Lane(row["kind"], row["host"]))


def due_of(tx: Transaction, kind: JobKind, subject: int) -> datetime | None:
    """When the job can be taken; None where there is none."""
    number = tx.execute(_DUE_OF, {"of": kind.value, "about": subject}).scalar()
    return instant(max(number, 0)) if isinstance(number, int) and number < FAR else None


def _under_way(tx: Transaction, busy: Mapping[str, int], now: datetime) -> Counter[str]:
    """How many there are to each host: those that anybody has leased, and the `busy` ones."""
    held = tx.execute(_HELD_BY_HOST, {"now": micros(now)}).mappings()
    return Counter({row["host"]: row["number"] for row in held}) + Counter(busy)


def _new_lease(worker_id: str) -> str:
    return f"{worker_id}{_LEASE}{token_hex(8)}"


def _job_of(row: Row, *, due: int) -> Job | None:
    """The job that a row holds; None for what no version of ours wrote."""
    numbers = (row["subject"], row["attempts"], due, row["failing_since"] or 0)
    if not all(isinstance(number, int) for number in numbers):
        return None
    try:
        return Job(
            id=row["id"],
            kind=JobKind(row["kind"]),
            subject=row["subject"],
            host=text_of(row["host"]),
            due=instant(due),
            attempts=row["attempts"],
            failing_since=instant_or_none(row["failing_since"]),
            leased_by=row["leased_by"],
        )
    except (ValueError, TypeError, OverflowError):
        return None


def _add() -> Insert:
    """Of a job that somebody has in hand the row says when it was asked for meanwhile, and by what clock."""
    statement = insert(jobs)
    new, is_free = statement.excluded, jobs.c.leased_by.is_(None)
    sooner = and_(is_free, new.due < jobs.c.due)
    asked_due = earlier(new.due, func.coalesce(jobs.c.asked_due, new.due))
    return statement.on_conflict_do_update(
        index_elements=[jobs.c.kind, jobs.c.subject],
        set_={
            "due": case((sooner, new.due), else_=jobs.c.due),
            "set_at": case((sooner, new.set_at), else_=jobs.c.set_at),
            "asked_due": case((is_free, null()), else_=asked_due),
            "asked_at": case((is_free, null()), else_=new.set_at),
        },
    )


# Built once: SQLAlchemy takes longer to build them than SQLite to run them.
_FREE: dict[str, Any] = dict.fromkeys(("leased_by", "asked_due", "asked_at"))
_NOW = big("now")
_ABOUT = and_(jobs.c.kind == bindparam("of"), jobs.c.subject == bindparam("about"))
_THIS = jobs.c.id == bindparam("this")
_OURS = and_(_THIS, jobs.c.leased_by == bindparam("ours"))
_TAKE = prepared(
    update(jobs)
    .where(among(jobs.c.id, "chosen"), jobs.c.due <= _NOW)
    .values(_FREE | {"due": big("until"), "set_at": _NOW, "leased_by": bindparam("lease"), "left_to": None})
    .returning(*jobs.c)
)
_IS_QUEUED = jobs.c.leased_by.startswith(f"{QUEUED}{_LEASE}", autoescape=True)
_CAN_BE_TAKEN = and_(_THIS, or_(_IS_QUEUED, jobs.c.due <= _NOW))
_IS_FREE = prepared(select(jobs.c.id).where(_CAN_BE_TAKEN))
_TAKE_ONE = prepared(
    update(jobs)
    .where(_CAN_BE_TAKEN)
    .values(_FREE | {"due": big("until"), "set_at": _NOW, "leased_by": bindparam("lease"), "left_to": None})
    .returning(*jobs.c)
)
_ASIDE = prepared(
    update(jobs)
    .where(among(jobs.c.id, "found"))
    .values(_FREE | {"due": big("until")})
    .returning(jobs.c.kind, jobs.c.host)
)
_UNREADABLE = prepared(select(jobs.c.id).where(jobs.c.due >= big("far")).limit(MOST_SAID))

_ADD = prepared(_add())
_ANEW = prepared(update(jobs).where(_ABOUT).values(attempts=0, failing_since=None))
# Of one that is there already the host may be another.
_HOSTS = prepared(
    select(jobs.c.host).distinct().where(jobs.c.kind == bindparam("of"), among(jobs.c.subject, "subjects"))
)
_DUE_OF = prepared(select(jobs.c.due).where(_ABOUT))
_DROP = prepared(delete(jobs).where(_ABOUT).returning(jobs.c.kind, jobs.c.host))
_FINISH = prepared(delete(jobs).where(_OURS, jobs.c.asked_due.is_(None)))
_DUE_AGAIN = prepared(
    update(jobs)
    .where(_OURS)
    .values(_FREE | {"due": jobs.c.asked_due, "set_at": jobs.c.asked_at, "attempts": 0, "failing_since": None})
)
_SINCE = case((jobs.c.failing_since <= big("at"), jobs.c.failing_since), else_=big("at"))
_GIVE_BACK = prepared(
    update(jobs)
    .where(_OURS)
    .values(
        _FREE
        | {
            "due": earlier(big("then"), func.coalesce(jobs.c.asked_due, big("then"))),
            "set_at": big("at"),
            "attempts": jobs.c.attempts + big("failed"),
            "failing_since": case((big("failed") == 1, _SINCE), else_=jobs.c.failing_since),
        }
    )
)

_IS_TOO_LONG = later(pauses.c.until, pauses.c.gap_until) > big("longest")
_IS_OLD = or_(later(pauses.c.until, pauses.c.gap_until) <= _NOW, _IS_TOO_LONG)
_OLD_PAUSE = prepared(select(pauses.c.host).where(_IS_OLD).limit(1))
_TOO_LONG = prepared(select(pauses.c.host).where(_IS_TOO_LONG))
_END_PAUSES = prepared(delete(pauses).where(_IS_OLD))

_HELD = text("leased_by IS NOT NULL")  # as the index has it
_HELD_BY_HOST = prepared(
    select(jobs.c.host, func.count().label("number")).where(_HELD, jobs.c.due > _NOW).group_by(jobs.c.host)
)
_LEASES = prepared(select(jobs.c.leased_by).distinct().where(_HELD))
_END_LEASES = prepared(
    update(jobs)
    .where(unlocked(jobs, _HELD, among(jobs.c.leased_by, "ended")))
    .values(_FREE | {"due": earlier(jobs.c.due, _NOW), "set_at": _NOW})
    .returning(jobs.c.kind, jobs.c.host)
)
_IS_AHEAD = and_(jobs.c.set_at > big("ahead"), jobs.c.set_at < big("far"))
_AHEAD = prepared(select(jobs.c.id).where(_IS_AHEAD).limit(1))
_SET_BACK = prepared(
    update(jobs)
    .where(unlocked(jobs, _IS_AHEAD))
    .values(
        due=jobs.c.due - (jobs.c.set_at - _NOW),
        set_at=_NOW,
        failing_since=case((jobs.c.failing_since > _NOW, _NOW), else_=jobs.c.failing_since),
    )
    .returning(jobs.c.kind, jobs.c.host)
)
