"""What the tests of jobs have in common: some jobs, how to add and to lease them, and what always holds."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from pingback.store import Store
from pingback.store.jobs import (
    add_jobs,
)
from pingback.store.rows import instant, micros
from pingback.store.schema import pauses
from pingback.work import Job, JobKind

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
VERIFY, DELIVER, NOTIFY = JobKind.VERIFY, JobKind.DELIVER, JobKind.NOTIFY
ONE, TWO, THREE = {1: "a.example"}, {2: "b.example"}, {3: "c.example"}
BIG = dict.fromkeys(range(1000, 2000), "big.example")


def assert_lanes_are_right(store: Store) -> None:
    """Each lane is due when the first of its jobs is, or the pause of its host ends."""
    with store._database.read() as tx:
        kept = [tuple(row) for row in tx.execute("SELECT kind, host, due FROM pingback_lanes ORDER BY kind, host")]
        first = "SELECT kind, host, min(due) FROM pingback_jobs GROUP BY kind, host ORDER BY kind, host"
        paused = dict(map(tuple, tx.execute("SELECT host, until FROM pingback_pauses")))
        assert kept == [(kind, host, max(due, paused.get(host, 0))) for kind, host, due in tx.execute(first)]


def add(
    store: Store,
    *hosts: Mapping[int, str],
    kind: JobKind = DELIVER,
    due: datetime = NOON,
    now: datetime = NOON,
    anew: bool = False,
) -> None:
    with store._database.write() as tx:
        for each in hosts:
            add_jobs(tx, kind, each, due=due, now=now, anew=anew)


def lease(
    store: Store,
    *,
    kinds: Collection[JobKind] = (DELIVER,),
    now: datetime = NOON,
    limit: int = 100,
    per_host: int = 100,
    busy: Mapping[str, int] = {},
    only: Collection[int] | None = None,
    worker_id: str = "worker",
) -> list[Job]:
    """For a minute."""
    return store.jobs.lease(
        kinds, worker_id=worker_id, now=now, lease=MINUTE, limit=limit, per_host=per_host, busy=busy, only=only
    )


def subjects(jobs: Iterable[Job]) -> list[int]:
    return [job.subject for job in jobs]


def paused_until(store: Store, host: str, *, now: datetime) -> datetime | None:
    """When the host's pause ends; None where it does not pause."""
    with store._database.read() as tx:
        until = tx.execute(select(pauses.c.until).where(pauses.c.host == host)).scalar()
    return None if until is None or until <= micros(now) else instant(until)
