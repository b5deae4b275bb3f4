"""The lanes of jobs: of each kind and host the earliest `due`, or the end of the host's pause where that is later.

Whoever looks for what is due walks the lanes that are due, so that what waits elsewhere costs nothing.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from pingback.store.expressions import Insert, among, big, insert, later, not_among
from pingback.store.rows import FAR, is_text, micros
from pingback.store.schema import jobs, lanes, pauses
from pingback.store.statements import Transaction, prepared
from pingback.work import JobKind, Pause


class Lane(NamedTuple):
    kind: str
    host: str


def update_lanes(tx: Transaction, changed: Iterable[Lane]) -> None:
    """Bring lanes in line with their jobs, and open those that are missing, at the end of the transaction."""
    tx.at_end(_bring_in_line, filter(_is_nameable, changed))


def close_lane(tx: Transaction, lane: Lane) -> None:
    """As `update_lanes`, where no job may be left in it."""
    update_lanes(tx, [lane])
    tx.at_end(_close, filter(_is_nameable, [lane]))


def _bring_in_line(tx: Transaction, changed: Sequence[Lane]) -> None:
    known = [{"of": lane.kind, "at": lane.host} for lane in changed]
    tx.execute(_OPEN_LANE, known)
    if tx.sees_others:  # what others did to its jobs is committed by now, as we have the lane
        tx.execute(_SET_LANE, known)


def _close(tx: Transaction, lanes: Sequence[Lane]) -> None:
    tx.execute(_DROP_LANE, [{"of": lane.kind, "at": lane.host} for lane in lanes])


def _is_nameable(lane: Lane) -> bool:
    """What no version of ours wrote may be no text: no statement can ask for it."""
    return is_text(lane.kind) and is_text(lane.host)


def pause_host(tx: Transaction, host: str, pause: Pause) -> None:
    """Lease nothing for this host before it ends. What holds for longer already stays so, a pause and a gap each."""
    if host:
        gap_until = 0 if pause.gap_until is None else micros(pause.gap_until)
        values = {"until": micros(pause.until), "gap": pause.gap // timedelta(microseconds=1), "gap_until": gap_until}
        tx.execute(_PAUSE, {"host": host} | values)
        for kind in JobKind:
            close_lane(tx, Lane(kind.value, host))


def candidates(
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
        for row in rows:
            if row["id"] is None:  # it misleads
                close_lane(tx, Lane(kind.value, row["host"]))
    return sorted(found, key=lambda row: (row["due"], row["id"]))


def candidates_of(tx: Transaction, kinds: Iterable[JobKind], only: Collection[int], *, now: int) -> list[Any]:
    """All due jobs about these subjects."""
    asked = {"kinds": _words(kinds), "only": json.dumps(list(only)), "now": now}
    return list(tx.execute(_OF_SUBJECTS, asked).mappings())


def alone_with_hosts(tx: Transaction, candidates: Sequence[Any]) -> list[Any]:
    """Those whose hosts nobody else leases for at this moment, nor until this ends: of jobs of other kinds, too."""
    hosts = sorted({candidate["host"] for candidate in candidates if candidate["host"]})
    ours = {"", *tx.execute(_OURS_ALONE, {"hosts": json.dumps(hosts)}).scalars()}
    return [candidate for candidate in candidates if candidate["host"] in ours]


def share_out(candidates: Iterable[Any], *, limit: int, per_host: int, busy: Mapping[str, int]) -> dict[int, int]:
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


def next_due(tx: Transaction, kinds: Iterable[JobKind], only: Collection[int] | None) -> int | None:
    if only is not None:
        asked = {"kinds": _words(kinds), "only": json.dumps(list(only)), "far": FAR}
        number = tx.execute(_NEXT_OF_SUBJECTS, asked).scalar()
        return number if isinstance(number, int) else None
    found = [tx.execute(_NEXT, {"kind": kind.value, "far": FAR}).scalar() for kind in kinds]
    return min((number for number in found if isinstance(number, int)), default=None)


def _words(kinds: Iterable[JobKind]) -> str:
    return json.dumps([kind.value for kind in kinds])


def _earliest(kind: ColumnElement[str], host: ColumnElement[str]) -> ColumnElement[int]:
    """When the first job of a lane may be taken."""
    own = jobs.alias("own")
    first = select(func.min(own.c.due)).where(own.c.kind == kind, own.c.host == host).scalar_subquery()
    pause = select(pauses.c.until).where(pauses.c.host == host).scalar_subquery()
    return later(func.coalesce(first, FAR), func.coalesce(pause, 0))


def _open_lane() -> Insert:
    kind, host = bindparam("of", type_=Text), bindparam("at", type_=Text)
    statement = insert(lanes).values(kind=kind, host=host, due=_earliest(kind, host))
    return statement.on_conflict_do_update(
        index_elements=[lanes.c.kind, lanes.c.host], set_={"due": statement.excluded.due}
    )


def _pause() -> Insert:
    statement = insert(pauses)
    new = statement.excluded
    longer = {
        "until": later(pauses.c.until, new.until),
        "gap": case((new.gap_until > pauses.c.gap_until, new.gap), else_=pauses.c.gap),
        "gap_until": later(pauses.c.gap_until, new.gap_until),
    }
    return statement.on_conflict_do_update(index_elements=[pauses.c.host], set_=longer)


_IS_DUE = (
    lanes.c.kind == bindparam("kind"),
    lanes.c.due <= big("now"),
    not_among(lanes.c.host, "full"),
)
_DUE_LANES = select(lanes.c.host).where(*_IS_DUE).order_by(lanes.c.due, lanes.c.host).limit(bindparam("limit"))


def _first_of(lane: FromClause, *columns: str) -> Select[Any]:
    own = jobs.alias("own")
    return (
        select(*(own.c[name] for name in columns))
        .where(own.c.kind == bindparam("kind"), own.c.host == lane.c.host, own.c.due <= big("now"))
        .order_by(own.c.due, own.c.id)
        .limit(bindparam("per_host"))
        .correlate(lane)
    )


def _of_lanes() -> Select[Any]:
    lane = _DUE_LANES.subquery("lane")
    due = lane.outerjoin(jobs, jobs.c.id.in_(_first_of(lane, "id")))
    return select(lane.c.host, jobs.c.id, jobs.c.due).select_from(due)


def _of_free_lanes() -> Select[Any]:
    """Who looks at a lane has it for themselves: others pass it over meanwhile, and count what was taken then."""
    lane = _DUE_LANES.with_for_update(skip_locked=True).subquery("lane")
    first = _first_of(lane, "id", "due").with_for_update(skip_locked=True).lateral("first")
    return select(lane.c.host, first.c.id, first.c.due).select_from(lane.outerjoin(first, true()))


def _ours_alone() -> Select[Any]:
    host = func.json_array_elements_text(cast(bindparam("hosts", type_=Text), JSON)).column_valued("host")
    return select(host).where(func.pg_try_advisory_xact_lock(func.hashtextextended(host, 0)))


# Built once: SQLAlchemy takes longer to build them than SQLite to run them.
_NOW = big("now")
_KINDS, _ONLY = among(jobs.c.kind, "kinds"), among(jobs.c.subject, "only")
_ABOUT = and_(jobs.c.kind == bindparam("of"), jobs.c.subject == bindparam("about"))
_LANE = and_(lanes.c.kind == bindparam("of"), lanes.c.host == bindparam("at"))

_SET_LANE = prepared(update(lanes).where(_LANE).values(due=_earliest(lanes.c.kind, lanes.c.host)))
_DROP_LANE = prepared(
    delete(lanes).where(_LANE, ~exists().where(jobs.c.kind == bindparam("of"), jobs.c.host == bindparam("at")))
)
_OPEN_LANE = prepared(_open_lane())
_PAUSE = prepared(_pause())
_LOST = select(jobs.c.kind, jobs.c.host).where(
    ~exists().where(lanes.c.kind == jobs.c.kind, lanes.c.host == jobs.c.host)
)
ONE_LOST = prepared(_LOST.limit(1))  # a job whose lane was deleted
_lost = _LOST.distinct().subquery()
OPEN_LOST = prepared(
    insert(lanes).from_select(
        ["kind", "host", "due"], select(_lost.c.kind, _lost.c.host, _earliest(_lost.c.kind, _lost.c.host))
    )
)

_NEXT = prepared(select(func.min(lanes.c.due)).where(lanes.c.kind == bindparam("kind"), lanes.c.due < big("far")))
_NEXT_OF_SUBJECTS = prepared(
    select(func.min(later(jobs.c.due, func.coalesce(pauses.c.until, 0))))
    .select_from(jobs.outerjoin(pauses, jobs.c.host == pauses.c.host))
    .where(_KINDS, _ONLY, jobs.c.due < big("far"))
)
_OF_LANES = prepared(_of_lanes(), postgresql=_of_free_lanes())
_OURS_ALONE = prepared(_ours_alone())
_OF_NOBODY = prepared(
    select(jobs.c.host, jobs.c.id, jobs.c.due)
    .where(jobs.c.kind == bindparam("kind"), jobs.c.host == "", jobs.c.due <= _NOW)
    .order_by(jobs.c.due, jobs.c.id)
    .with_for_update(skip_locked=True, of=jobs)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_OF_SUBJECTS = prepared(
    select(jobs.c.host, jobs.c.id, jobs.c.due)
    .select_from(jobs.outerjoin(pauses, jobs.c.host == pauses.c.host))
    .where(_KINDS, _ONLY, jobs.c.due <= _NOW, or_(pauses.c.until.is_(None), pauses.c.until <= _NOW))
    .order_by(jobs.c.due, jobs.c.id)
    .with_for_update(skip_locked=True, of=jobs)
)
