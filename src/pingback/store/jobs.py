"""`Jobs`: what is to be done later, shared out between hosts and between processes.

A job is a row. Whoever leases it moves its `due` to the end of the lease, so that what a crash leaves behind is due by
itself. Of each kind and host a *lane* keeps the earliest `due`, or the end of the host's pause where that is later: a
lease walks the lanes that are due, and what waits elsewhere costs nothing.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import Insert, insert

from pingback.model import Job, JobKind
from pingback.store.database import Database
from pingback.store.rows import instant, instant_or_none, micros
from pingback.store.schema import jobs, lanes, pauses
from pingback.store.searching import given
from pingback.store.statements import Row, Transaction, prepared

HEAL_EVERY = timedelta(minutes=1)
SLACK = timedelta(minutes=1)  # by which clocks of machines may differ
LONGEST_PAUSE = timedelta(hours=1)
ASIDE_FOR = timedelta(days=1)  # for a row that cannot be read

_FAR = micros(datetime(9999, 1, 1, tzinfo=UTC))  # later than any job; what is no number at all sorts behind it
_LEASE, _AGAIN = "~", "+"  # in `leased_by`: before the lease's own name, and before what was asked for meanwhile
_NOBODY: Mapping[str, int] = MappingProxyType({})

log = logging.getLogger(__name__)


class _Lane(NamedTuple):
    kind: str
    host: str


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

        At most `limit`, and of one host `per_host` together with the `busy` ones, which says how many are under way to
        it. Hosts that pause are passed over. `only` confines it to these subjects.
        """
        if lease <= timedelta(0):
            raise ValueError("a lease must last for a while")
        self._heal_if_need_be(now)
        if limit <= 0 or per_host <= 0 or not self._is_due(kinds, now, only):
            return []
        with self._database.write() as tx:
            if only is None:
                candidates = _candidates(tx, kinds, now=micros(now), limit=limit, per_host=per_host, busy=busy)
            else:
                candidates = _candidates_of(tx, kinds, only, now=micros(now))
            chosen = _share_out(candidates, limit=limit, per_host=per_host, busy=busy)
            if not chosen:
                return []
            leased = {
                "chosen": json.dumps(list(chosen)),
                "now": micros(now),
                "until": micros(now + lease),
                "lease": f"{worker_id}{_LEASE}{token_hex(8)}",
            }
            rows = tx.execute(_TAKE, leased).mappings().all()
            _update_lanes(tx, {_Lane(row["kind"], row["host"]) for row in rows})
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
        with self._database.read() as tx:
            number = _next_due(tx, kinds, only)
        return None if number is None else instant(max(number, micros(now)))

    def pause(self, host: str, until: datetime) -> None:
        """Lease nothing for this host before then; a pause that is longer already stays so."""
        with self._database.write() as tx:
            pause_host(tx, host, until)

    def paused_until(self, host: str, *, now: datetime) -> datetime | None:
        """When the host's pause ends; None where it does not pause."""
        with self._database.read() as tx:
            number = tx.execute(_PAUSED, {"host": host, "now": micros(now)}).scalar()
        return None if number is None else instant(number)

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
            _update_lanes(tx, {_Lane(row["kind"], row["host"]) for row in freed})
        return len(freed)

    def heal_clock(self, now: datetime) -> None:
        """Undo what a clock that ran ahead has left behind, and drop the pauses that are over."""
        limits = {"now": micros(now), "ahead": micros(now + SLACK), "far": _FAR}
        ends = {"now": micros(now), "longest": micros(now + 2 * LONGEST_PAUSE), "far": _FAR}
        with self._database.read() as tx:  # mostly there is nothing, and the write lock is left to others
            if tx.execute(_AHEAD, limits).first() is None and tx.execute(_OLD_PAUSES, ends).first() is None:
                return
        with self._database.write() as tx:
            moved = {_Lane(row["kind"], row["host"]) for row in tx.execute(_SET_BACK, limits).mappings()}
            too_long = [
                str(row["host"]) for row in tx.execute(_OLD_PAUSES, ends).mappings() if row["until"] > ends["now"]
            ]
            tx.execute(_END_PAUSES, ends)
            _update_lanes(tx, moved | {_Lane(kind, host) for host in too_long for kind in JobKind})

    def _heal_if_need_be(self, now: datetime) -> None:
        if self._healed is None or now < self._last or now - self._healed >= HEAL_EVERY:
            if self._healed is None:
                self._say_unreadable()
            self.heal_clock(now)
            self._healed = now
        self._last = now

    def _say_unreadable(self) -> None:
        """Of jobs whose `due` is no instant, which never comes."""
        with self._database.read() as tx:
            found = [row["id"] for row in tx.execute(_UNREADABLE, {"far": _FAR}).mappings()]
        self._say(found)

    def _set_aside(self, tx: Transaction, found: Collection[int], now: datetime) -> None:
        if found:
            aside = {"found": json.dumps(list(found)), "until": micros(now + ASIDE_FOR)}
            rows = tx.execute(_ASIDE, aside).mappings().all()
            _update_lanes(tx, {_Lane(row["kind"], row["host"]) for row in rows})
            self._say(found)

    def _say(self, found: Iterable[int]) -> None:
        for number in found:
            if number not in self._aside:
                self._aside.add(number)
                log.error("job %s of %s cannot be read, and is set aside", number, self._database.name)

    def _is_due(self, kinds: Collection[JobKind], now: datetime, only: Collection[int] | None) -> bool:
        """Whoever looks every few seconds takes no lock for it."""
        with self._database.read() as tx:
            due = _next_due(tx, kinds, only)
        return due is not None and due <= micros(now)


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
    asked = {"of": kind.value, "subjects": json.dumps(list(hosts))}
    in_hand = set(tx.execute(_IN_HAND, asked).scalars())
    tx.execute(_ADD, rows)
    for row in rows:
        if row["subject"] in in_hand:
            _ask_again(tx, row)
    if anew:
        tx.execute(_ANEW, [{"of": row["kind"], "about": row["subject"]} for row in rows])
    tx.execute(_OPEN_LANE, [{"of": row["kind"], "about": row["subject"]} for row in rows])


def finish_job(tx: Transaction, job: Job) -> bool:
    """End the job; False where the lease is no longer ours. What was asked for meanwhile is a job still."""
    if tx.execute(_FINISH, {"this": job.id, "ours": job.leased_by}).rowcount == 1:
        _close_lane(tx, _Lane(job.kind.value, job.host))
        return True
    again = _asked_meanwhile(tx, job)
    if again is None:
        return False
    tx.execute(_DUE_AGAIN, {"this": job.id, "then": again["due"], "at": again["set_at"]})
    _update_lanes(tx, [_Lane(job.kind.value, job.host)])
    return True


def reschedule_job(tx: Transaction, job: Job, *, due: datetime, failed: bool, now: datetime) -> bool:
    """Give the job back, to be due then, or when it was asked for meanwhile; False where it is not in our hands."""
    given_back = {"this": job.id, "then": micros(due), "at": micros(now), "failed": int(failed)}
    if tx.execute(_GIVE_BACK, given_back | {"ours": job.leased_by}).rowcount != 1:
        again = _asked_meanwhile(tx, job)
        if again is None:
            return False
        given_back["then"] = min(given_back["then"], again["due"])
        tx.execute(_GIVE_BACK_AGAIN, given_back)
    _update_lanes(tx, [_Lane(job.kind.value, job.host)])
    return True


def drop_job(tx: Transaction, kind: JobKind, subject: int) -> None:
    """There is nothing to do any more, whoever may be at it."""
    for row in tx.execute(_DROP, {"of": kind.value, "about": subject}).mappings().all():
        _close_lane(tx, _Lane(row["kind"], row["host"]))


def due_of(tx: Transaction, kind: JobKind, subject: int) -> datetime | None:
    """When the job can be taken; None where there is none."""
    number = tx.execute(_DUE_OF, {"of": kind.value, "about": subject}).scalar()
    return instant(number) if isinstance(number, int) and number < _FAR else None


def pause_host(tx: Transaction, host: str, until: datetime) -> None:
    """Lease nothing for this host before then; a pause that is longer already stays so."""
    if host:
        tx.execute(_PAUSE, {"host": host, "until": micros(until)})
        _update_lanes(tx, [_Lane(kind.value, host) for kind in JobKind])


def _ask_again(tx: Transaction, row: Mapping[str, Any]) -> None:
    """Of a job that somebody has in hand: the row says when it was asked for meanwhile, and by what clock."""
    leased_by = tx.execute(_LEASED_BY, {"of": row["kind"], "about": row["subject"]}).scalar()
    if leased_by is None:
        return
    lease, again = _parts(leased_by)
    due = row["due"] if again is None else min(row["due"], again["due"])
    marked = f"{lease}{_AGAIN}{due}/{row['set_at']}"
    tx.execute(_MARK, {"of": row["kind"], "about": row["subject"], "marked": marked})


def _asked_meanwhile(tx: Transaction, job: Job) -> dict[str, int] | None:
    """When the job was asked for while it was in our hands; None where it is not in them."""
    leased_by = tx.execute(_LEASED_BY, {"of": job.kind.value, "about": job.subject}).scalar()
    if leased_by is None:
        return None
    lease, again = _parts(leased_by)
    return again if lease == job.leased_by else None


def _parts(leased_by: str) -> tuple[str, dict[str, int] | None]:
    lease, _, again = leased_by.partition(_AGAIN)
    due, _, set_at = again.partition("/")
    return lease, {"due": int(due), "set_at": int(set_at)} if due.isdecimal() and set_at.isdecimal() else None


def _candidates(
    tx: Transaction, kinds: Iterable[JobKind], *, now: int, limit: int, per_host: int, busy: Mapping[str, int]
) -> list[Any]:
    """The first due jobs of each lane that is due, but of those to hosts without room: some more than `limit`."""
    found = []
    full = json.dumps([host for host, count in busy.items() if host and count >= per_host])
    for kind in kinds:
        asked = {"kind": kind.value, "now": now, "limit": limit, "full": full}
        rows = list(tx.execute(_OF_LANES, asked | {"per_host": per_host}).mappings())
        if any(not row["host"] for row in rows):  # nobody's host has no bound of its own
            rows = [row for row in rows if row["host"]] + list(tx.execute(_OF_NOBODY, asked).mappings())
        found += [row for row in rows if row["id"] is not None]
        _update_lanes(tx, {_Lane(kind.value, row["host"]) for row in rows if row["id"] is None})  # which mislead
    return sorted(found, key=lambda row: (row["due"], row["id"]))


def _candidates_of(tx: Transaction, kinds: Iterable[JobKind], only: Collection[int], *, now: int) -> list[Any]:
    """All due jobs about these subjects."""
    asked = {"kinds": _words(kinds), "only": json.dumps(list(only)), "now": now}
    return list(tx.execute(_OF_SUBJECTS, asked).mappings())


def _share_out(candidates: Iterable[Any], *, limit: int, per_host: int, busy: Mapping[str, int]) -> dict[int, int]:
    """The jobs to be taken, by their `id`, and when they were due."""
    chosen: dict[int, int] = {}
    under_way = Counter(busy)
    for candidate in candidates:
        if len(chosen) >= limit:
            break
        if not candidate["host"] or under_way[candidate["host"]] < per_host:
            under_way[candidate["host"]] += 1
            chosen[candidate["id"]] = candidate["due"]
    return chosen


def _next_due(tx: Transaction, kinds: Iterable[JobKind], only: Collection[int] | None) -> int | None:
    if only is not None:
        asked = {"kinds": _words(kinds), "only": json.dumps(list(only)), "far": _FAR}
        number = tx.execute(_NEXT_OF_SUBJECTS, asked).scalar()
        return number if isinstance(number, int) else None
    found = [tx.execute(_NEXT, {"kind": kind.value, "far": _FAR}).scalar() for kind in kinds]
    return min((number for number in found if isinstance(number, int)), default=None)


def _words(kinds: Iterable[JobKind]) -> str:
    return json.dumps([kind.value for kind in kinds])


def _job_of(row: Row, *, due: int) -> Job | None:
    """The job that a row holds; None for what no version of ours wrote."""
    numbers = (row["subject"], row["attempts"], due, row["failing_since"] or 0)
    if not all(isinstance(number, int) for number in numbers) or not isinstance(row["host"], str):
        return None
    try:
        return Job(
            id=row["id"],
            kind=JobKind(row["kind"]),
            subject=row["subject"],
            host=row["host"],
            due=instant(due),
            attempts=row["attempts"],
            failing_since=instant_or_none(row["failing_since"]),
            leased_by=row["leased_by"],
        )
    except (ValueError, TypeError, OverflowError):
        return None


def _update_lanes(tx: Transaction, changed: Collection[_Lane]) -> None:
    if changed:
        tx.execute(_SET_LANE, [{"of": kind, "at": host} for kind, host in changed])


def _close_lane(tx: Transaction, lane: _Lane) -> None:
    """As `_update_lanes`, where no job may be left in it."""
    if tx.execute(_DROP_LANE, {"of": lane.kind, "at": lane.host}).rowcount == 0:
        _update_lanes(tx, [lane])


def _earliest(kind: ColumnElement[str], host: ColumnElement[str]) -> ColumnElement[int]:
    """When the first job of a lane may be taken."""
    own = jobs.alias("own")
    first = select(func.min(own.c.due)).where(own.c.kind == kind, own.c.host == host).scalar_subquery()
    pause = select(pauses.c.until).where(pauses.c.host == host).scalar_subquery()
    return func.max(func.coalesce(first, _FAR), func.coalesce(pause, 0))


def _big(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)


def _add() -> Insert:
    statement = insert(jobs)
    sooner = statement.excluded.due < jobs.c.due
    earlier = {name: case((sooner, statement.excluded[name]), else_=jobs.c[name]) for name in ("due", "set_at")}
    return statement.on_conflict_do_update(
        index_elements=[jobs.c.kind, jobs.c.subject], set_=earlier, where=jobs.c.leased_by.is_(None)
    )


def _open_lane() -> Insert:
    job = select(jobs.c.kind, jobs.c.host, _earliest(jobs.c.kind, jobs.c.host)).where(_ABOUT)
    statement = insert(lanes).from_select(["kind", "host", "due"], job)
    return statement.on_conflict_do_update(
        index_elements=[lanes.c.kind, lanes.c.host], set_={"due": statement.excluded.due}
    )


def _pause() -> Insert:
    statement = insert(pauses)
    longer = func.max(pauses.c.until, statement.excluded.until)
    return statement.on_conflict_do_update(index_elements=[pauses.c.host], set_={"until": longer})


def _of_lanes() -> Select[Any]:
    lane = (
        select(lanes.c.host)
        .where(
            lanes.c.kind == bindparam("kind"), lanes.c.due <= _NOW, lanes.c.host.not_in(select(given("full").c.value))
        )
        .order_by(lanes.c.due, lanes.c.host)
        .limit(bindparam("limit"))
        .subquery("lane")
    )
    own = jobs.alias("own")
    first = (
        select(own.c.id)
        .where(own.c.kind == bindparam("kind"), own.c.host == lane.c.host, own.c.due <= _NOW)
        .order_by(own.c.due, own.c.id)
        .limit(bindparam("per_host"))
        .correlate(lane)
    )
    return select(lane.c.host, jobs.c.id, jobs.c.due).select_from(lane.outerjoin(jobs, jobs.c.id.in_(first)))


# Built once: SQLAlchemy takes longer to build them than SQLite to run them.
_NOW = _big("now")
_KINDS, _ONLY = jobs.c.kind.in_(select(given("kinds").c.value)), jobs.c.subject.in_(select(given("only").c.value))
_ABOUT = and_(jobs.c.kind == bindparam("of"), jobs.c.subject == bindparam("about"))
_THIS = jobs.c.id == bindparam("this")
_OURS = and_(_THIS, jobs.c.leased_by == bindparam("ours"))
_LANE = and_(lanes.c.kind == bindparam("of"), lanes.c.host == bindparam("at"))

_NEXT = prepared(select(func.min(lanes.c.due)).where(lanes.c.kind == bindparam("kind"), lanes.c.due < _big("far")))
_NEXT_OF_SUBJECTS = prepared(
    select(func.min(func.max(jobs.c.due, func.coalesce(pauses.c.until, 0))))
    .select_from(jobs.outerjoin(pauses, jobs.c.host == pauses.c.host))
    .where(_KINDS, _ONLY, jobs.c.due < _big("far"))
)
_OF_LANES = prepared(_of_lanes())
_OF_NOBODY = prepared(
    select(jobs.c.host, jobs.c.id, jobs.c.due)
    .where(jobs.c.kind == bindparam("kind"), jobs.c.host == "", jobs.c.due <= _NOW)
    .order_by(jobs.c.due, jobs.c.id)
    .limit(bindparam("limit"))
)
_OF_SUBJECTS = prepared(
    select(jobs.c.host, jobs.c.id, jobs.c.due)
    .select_from(jobs.outerjoin(pauses, jobs.c.host == pauses.c.host))
    .where(_KINDS, _ONLY, jobs.c.due <= _NOW, or_(pauses.c.until.is_(None), pauses.c.until <= _NOW))
    .order_by(jobs.c.due, jobs.c.id)
)
_TAKE = prepared(
    update(jobs)
    .where(jobs.c.id.in_(select(given("chosen").c.value)), jobs.c.due <= _NOW)
    .values(due=_big("until"), set_at=_NOW, leased_by=bindparam("lease"))
    .returning(*jobs.c)
)
_ASIDE = prepared(
    update(jobs)
    .where(jobs.c.id.in_(select(given("found").c.value)))
    .values(due=_big("until"), leased_by=None)
    .returning(jobs.c.kind, jobs.c.host)
)
_UNREADABLE = prepared(select(jobs.c.id).where(jobs.c.due >= _big("far")))

_ADD = prepared(_add())
_ANEW = prepared(update(jobs).where(_ABOUT).values(attempts=0, failing_since=None))
_IN_HAND = prepared(
    select(jobs.c.subject).where(
        jobs.c.kind == bindparam("of"),
        jobs.c.subject.in_(select(given("subjects").c.value)),
        jobs.c.leased_by.is_not(None),
    )
)
_LEASED_BY = prepared(select(jobs.c.leased_by).where(_ABOUT))
_MARK = prepared(update(jobs).where(_ABOUT).values(leased_by=bindparam("marked")))
_DUE_OF = prepared(select(jobs.c.due).where(_ABOUT))
_DROP = prepared(delete(jobs).where(_ABOUT).returning(jobs.c.kind, jobs.c.host))
_FINISH = prepared(delete(jobs).where(_OURS))
_SINCE = case((jobs.c.failing_since <= _big("at"), jobs.c.failing_since), else_=_big("at"))
_GIVEN_BACK = (
    update(jobs)
    .where(_THIS)
    .values(
        due=_big("then"),
        set_at=_big("at"),
        leased_by=None,
        attempts=jobs.c.attempts + _big("failed"),
        failing_since=case((_big("failed") == 1, _SINCE), else_=jobs.c.failing_since),
    )
)
_GIVE_BACK_AGAIN = prepared(_GIVEN_BACK)
_GIVE_BACK = prepared(_GIVEN_BACK.where(_OURS))
_DUE_AGAIN = prepared(
    update(jobs)
    .where(_THIS)
    .values(due=_big("then"), set_at=_big("at"), leased_by=None, attempts=0, failing_since=None)
)

_SET_LANE = prepared(update(lanes).where(_LANE).values(due=_earliest(lanes.c.kind, lanes.c.host)))
_DROP_LANE = prepared(
    delete(lanes).where(_LANE, ~exists().where(jobs.c.kind == bindparam("of"), jobs.c.host == bindparam("at")))
)
_OPEN_LANE = prepared(_open_lane())

_PAUSE = prepared(_pause())
_PAUSED = prepared(select(pauses.c.until).where(pauses.c.host == bindparam("host"), pauses.c.until > _NOW))
_OLD_PAUSES = prepared(
    select(pauses.c.host, pauses.c.until).where(
        or_(pauses.c.until <= _NOW, and_(pauses.c.until > _big("longest"), pauses.c.until < _big("far")))
    )
)
_END_PAUSES = prepared(delete(pauses).where(or_(pauses.c.until <= _NOW, pauses.c.until > _big("longest"))))

_HELD = text("leased_by IS NOT NULL")  # as the index has it
_LEASES = prepared(select(jobs.c.leased_by).distinct().where(_HELD))
_END_LEASES = prepared(
    update(jobs)
    .where(_HELD, jobs.c.leased_by.in_(select(given("ended").c.value)))
    .values(due=func.min(jobs.c.due, _NOW), set_at=_NOW, leased_by=None)
    .returning(jobs.c.kind, jobs.c.host)
)
_IS_AHEAD = and_(jobs.c.set_at > _big("ahead"), jobs.c.set_at < _big("far"))
_AHEAD = prepared(select(jobs.c.id).where(_IS_AHEAD).limit(1))
_SET_BACK = prepared(
    update(jobs)
    .where(_IS_AHEAD)
    .values(
        due=jobs.c.due - (jobs.c.set_at - _NOW),
        set_at=_NOW,
        failing_since=case((jobs.c.failing_since > _NOW, _NOW), else_=jobs.c.failing_since),
    )
    .returning(jobs.c.kind, jobs.c.host)
)
