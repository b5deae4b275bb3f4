"""Jobs that are rows of a store in memory, and a Runner that does them by simple handlers."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from pingback.clock import Clock
from pingback.jobs.budget import HostBudget
from pingback.jobs.pool import Pool
from pingback.jobs.runner import Runner
from pingback.jobs.steps import Broken, End, Handler, Step
from pingback.store import Store
from pingback.store.jobs import add_jobs
from pingback.work import Job, JobKind
from tests.receive.pages import PATIENCE

DELIVER, VERIFY = JobKind.DELIVER, JobKind.VERIFY
LEASE = timedelta(minutes=5)


@contextmanager
def no_more_threads() -> Iterator[None]:
    """This process can start none: each would need more memory than there is."""
    threading.stack_size(2**50)
    try:
        yield
    finally:
        threading.stack_size(0)


@dataclass
class Bench:
    """A store with jobs, and what came of them: `told` are the subjects of the jobs that ended, in that order."""

    store: Store
    clock: Clock
    told: list[int] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    pool: Pool = field(default_factory=Pool)

    def __post_init__(self) -> None:
        self.budget = HostBudget(clock=self.clock, pauses=self.store.pauses)

    def add(self, *hosts: Mapping[int, str], kind: JobKind = DELIVER, now: datetime | None = None) -> None:
        instant = now or self.clock()
        with self.store._database.write() as tx:
            for each in hosts:
                add_jobs(tx, kind, each, due=instant, now=instant)

    def ends(self, job: Job) -> End:
        """The job is done, and its subject told."""
        return End(lambda: self.store.jobs.done(job), lambda: self.told.append(job.subject))

    def fails(self, job: Job, due: datetime) -> End:
        return End(lambda: self.store.jobs.fail(job, due, now=self.clock()), lambda: self.told.append(job.subject))

    def runner(
        self,
        work: Callable[[Job], object] = lambda job: None,
        *,
        handler: Handler | None = None,
        lease: timedelta = LEASE,
        broken: Broken | None = None,
        stuck_for: float = PATIENCE,
    ) -> Runner:
        """Ends each job when `work` is done, or does what its own `handler` says."""

        def done(job: Job) -> Step | End:
            work(job)
            return self.ends(job)

        handlers = dict.fromkeys((DELIVER, VERIFY), handler or done)
        runner = Runner(
            self.store.jobs,
            handlers,
            budget=self.budget,
            pool=self.pool,
            lease=lease,
            stopped=self.stopped,
            broken=broken,
            random=Random(1),
        )
        runner.stuck_for = stuck_for
        return runner

    def left(self) -> dict[int, tuple[datetime, bool]]:
        """When each job that is left is due, and whether somebody has it."""
        with self.store._database.read() as tx:
            rows = tx.execute("SELECT subject, due, leased_by FROM pingback_jobs ORDER BY subject").all()
        epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        return {row[0]: (epoch + timedelta(microseconds=row[1]), row[2] is not None) for row in rows}


def one_host(count: int, host: str = "a.example", *, first: int = 1) -> dict[int, str]:
    return dict.fromkeys(range(first, first + count), host)


def many_hosts(count: int) -> dict[int, str]:
    return {number: f"h{number}.example" for number in range(1, count + 1)}
