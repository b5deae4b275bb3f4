"""`Looks`: which sources are to be looked at, and what came of it, with the jobs for it in the same transactions."""

import json
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, func, literal, select, text, update

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store.database import Database
from pingback.store.expressions import among, big, not_among
from pingback.store.jobs import SLACK, add_job, add_jobs, drop_job, due_of, finish_job, reschedule_job
from pingback.store.lanes import Lane, update_lanes
from pingback.store.mentions import Mentions
from pingback.store.rows import FAR, instant, micros, source_key_of
from pingback.store.schema import LEFT, LOOKED_AT, READ, UNSEEN, jobs, mentions
from pingback.store.statements import Prepared, Transaction, prepared
from pingback.urls import host_of, is_http, server_of
from pingback.work import Job, JobKind

MOST_FAILING = 1000  # first looks that failed and are tried again: as many as rejected mentions are kept
MOST_FAILING_OF_A_HOST = 50
ADOPTED = 500  # mentions without a job, at a time
LEFT_FOR = timedelta(days=1)  # to another site, which takes it back before
LOOKED_THROUGH = 100  # of a host's old mentions, which may be another site's


class TooMany(Exception):
    """As many sources wait to be looked at as may."""


class FirstLook(NamedTuple):
    """When the source of an accepted ping is to be looked at, and how many may wait for that, in all and of a host."""

    host: str
    due: datetime
    most: int
    most_of_host: int


class NextLook(NamedTuple):
    """At what a known mention's source is to be looked at again, and how far `apart` two looks are at least."""

    kind: JobKind
    host: str
    apart: timedelta


class Looks:
    """The looks at sources; `Store.looks` gives it.

    Thread-safe; each method is one transaction, on disk when it returns, but `ask_again`, which mostly writes nothing.
    All raise `StoreError` when the database cannot be used. `within` are the seconds that a write may take.
    """

    def __init__(self, database: Database, kept: Mentions) -> None:
        self._database = database
        self._mentions = kept

    def keep_waiting(
        self, mention: Mention, look: FirstLook, *, home: str, within: float | None = None
    ) -> tuple[Mention, bool]:
        """Keep a mention whose source is to be looked at by a job: as it stands, and whether it was new.

        Raises `TooMany` where there is no room for it.
        """
        with self._database.write(within=within) as tx:
            kept, new = self._mentions.keep_in(tx, mention, home=home, waits=True)
            if new:
                asked = {"host": look.host, "most": look.most, "most_of_host": look.most_of_host}
                [of_host, in_all] = tx.execute(_UNTRIED, asked).one()
                if of_host >= look.most_of_host or in_all >= look.most:
                    raise TooMany  # which undoes it
                assert kept.id is not None  # noqa: S101  # it was kept
                add_job(tx, JobKind.VERIFY, kept.id, host=look.host, due=look.due, now=look.due, anew=True)
        return kept, new

    def keep_instead(self, mention: Mention, *, home: str, within: float | None = None) -> tuple[Mention, bool]:
        """`Mentions.keep`, of one that was rejected and whose source was seen now: nobody is to look at it any more,
        and what somebody who does finds out is not kept."""
        with self._database.write(within=within) as tx:
            kept, new = self._mentions.keep_in(tx, mention, home=home)
            if new:
                assert kept.id is not None  # noqa: S101  # it was kept
                drop_job(tx, JobKind.VERIFY, kept.id)
        return kept, new

    def settle(self, found: Mention, job: Job, *, again: datetime | None, now: datetime) -> Mention | None:
        """Bring a mention up to date after a look, and end its job; with `again`, the look failed and is due then.

        The mention as it stands then; None where the job is in other hands by now, or the mention kept no more. So many
        failing looks are tried again: for one more, the one that has failed for longest is not, of those of its host
        or of all.
        """
        with self._database.write() as tx:
            tx.execute(_HOLD, {"this": found.id})  # before its job, as whoever decides on it
            failed = again is not None and reschedule_job(tx, job, due=again, failed=True, now=now)
            if not failed and not (again is None and finish_job(tx, job)):
                return None
            if failed and not job.attempts:
                _make_room(tx, job.host)
            return self._mentions.update_in(tx, found, looked=now)

    def fail(self, job: Job, *, due: datetime, counts: bool, now: datetime) -> None:
        """A look at a known mention failed, which is to be tried again, and the mention stays as it is."""
        with self._database.write() as tx:
            tx.execute(_HOLD, {"this": job.subject})
            if reschedule_job(tx, job, due=due, failed=counts, now=now):
                tx.execute(_LOOKED, {"this": job.subject, "at": micros(now)})

    def ask_again(self, known: Mention, look: NextLook, *, now: datetime, within: float | None = None) -> datetime:
        """Have the source of a known mention looked at again, now or as soon as may be after the last look; when."""
        assert known.id is not None  # noqa: S101  # it was kept
        with self._database.read() as tx:
            tried = tx.execute(_TRIED, {"this": known.id}).scalar()
            if not isinstance(tried, int) or not 0 <= tried <= micros(now):  # by a clock that ran ahead, or nonsense
                tried = 0
            due = max(now, instant(tried) + look.apart)
            planned = due_of(tx, look.kind, known.id)
        if planned is not None and planned <= due:
            return max(planned, now)
        with self._database.write(within=within) as tx:
            add_job(tx, look.kind, known.id, host=look.host, due=due, now=now)
        return due

    def add_overdue(
        self, *, hosts: Iterable[str], is_ours: Callable[[str], bool], before: datetime, now: datetime, most: int
    ) -> int:
        """Have approved mentions looked at again whose source was last asked for before then, the oldest first.

        Those whose target, at one of these `hosts`, `is_ours`, and `most` of them; how many that are. What was never
        verified is left out: its owner did not want its source to be asked.
        """
        found: list[tuple[int, int, str, str]] = []
        with self._database.read() as tx:
            for host in hosts:
                asked = {"at_host": host, "kind": JobKind.REVERIFY.value, "most": most + LOOKED_THROUGH}
                for since, until in ((0, micros(before)), (micros(now + SLACK), FAR)):  # and by a clock that ran ahead
                    rows = tx.execute(_OVERDUE, asked | {"since": since, "until": until})
                    found += [(row[0], row[1], row[2], row[3]) for row in rows]
        chosen = [(number, source) for _, number, source, target in sorted(found) if is_ours(target)][:most]
        self._look_again(chosen, now=now)
        return len(chosen)

    def add_outdated(
        self, *, hosts: Iterable[str], is_ours: Callable[[str], bool], reader: int, now: datetime, most: int
    ) -> int:
        """Have mentions looked at again that an earlier version than this `reader` read, the oldest reading first.

        Those that are shown or wait for the owner, whose target, at one of these `hosts`, `is_ours`, and `most` of
        them; how many that are. What was never verified is left out.
        """
        found: list[tuple[int, int, int, str, str]] = []
        with self._database.read() as tx:
            for host in hosts:
                asked = {"at_host": host, "kind": JobKind.REVERIFY.value, "most": most + LOOKED_THROUGH}
                rows = tx.execute(_OUTDATED, asked | {"reader": reader})
                found += [(row[0], row[1], row[2], row[3], row[4]) for row in rows]
        chosen = [(number, source) for *_, number, source, target in sorted(found) if is_ours(target)][:most]
        self._look_again(chosen, now=now)
        return len(chosen)

    def read_before(self, reader: int | None, *, target: str | None, source: str | None) -> list[Mention]:
        """What is shown or waits for the owner, and was verified, the oldest reading first.

        Read by an earlier version than this `reader`, or by any; of a target, by a source. ValueError where that is not
        an absolute HTTP URL.
        """
        by_source = None if source is None else source_key_of(source)
        found = [
            each
            for status in (MentionStatus.APPROVED, MentionStatus.PENDING)
            for each in self._mentions.list(target=target, status=status)
            if each.verified is not None
            and (reader is None or each.read_by < reader)
            and by_source in (None, source_key_of(each.source))
        ]
        return sorted(found, key=lambda each: (each.read_by, each.id))

    def add_now(self, chosen: Iterable[Mention], *, now: datetime) -> None:
        """Have the sources of known mentions looked at again now."""
        self._look_again([(each.id or 0, each.source) for each in chosen], now=now)

    def _look_again(self, chosen: Collection[tuple[int, str]], *, now: datetime) -> None:
        if chosen:
            hosts = {number: _host(source) for number, source in chosen}
            with self._database.write() as tx:
                tx.lock("looks")  # others may add the same in another order
                add_jobs(tx, JobKind.REVERIFY, hosts, due=now, now=now)

    def adopt(
        self, *, hosts: Iterable[str], is_ours: Callable[[str], bool], but_of: Collection[Protocol], now: datetime
    ) -> int:
        """Have those looked at that wait for it and have no job, but of these protocols; how many there were.

        An earlier version kept them so, or one that took its senders at their word. Those whose target, at one of these
        `hosts`, `is_ours`.
        """
        asked: dict[str, object] = {"hosts": json.dumps(list(hosts)), "protocols": json.dumps(list(but_of))}
        with self._database.read() as tx:
            rows = tx.execute(_WITHOUT_JOB, asked | {"kind": JobKind.VERIFY.value, "most": ADOPTED})
            found = {row[0]: _host(row[1]) for row in rows if is_ours(row[2])}
        if found:
            with self._database.write() as tx:
                tx.lock("looks")
                add_jobs(tx, JobKind.VERIFY, found, due=now, now=now)
        return len(found)

    def leave_to_others(self, job: Job, target: str, *, now: datetime) -> None:
        """Put off a look at a mention of another site of this database, which may `take_back` it before."""
        with self._database.write() as tx:
            if reschedule_job(tx, job, due=now + LEFT_FOR, failed=False, now=now):
                tx.execute(_LEAVE, {"this": job.id, "to": host_of(target)})

    def take_back(self, *, hosts: Iterable[str], is_ours: Callable[[str], bool], now: datetime) -> int:
        """Have done now what others left to us, as its target, at one of these `hosts`, `is_ours`; how much that is."""
        with self._database.read() as tx:
            rows = tx.execute(_LEFT, {"hosts": json.dumps(list(hosts)), "most": ADOPTED})
            left = [number for number, target in rows if is_ours(target)]
        if left:
            with self._database.write() as tx:
                back = tx.execute(_TAKE_BACK, {"back": json.dumps(left), "now": micros(now)})
                update_lanes(tx, {Lane(row["kind"], row["host"]) for row in back.mappings()})
        return len(left)


def _make_room(tx: Transaction, host: str) -> None:
    """Once one more first look failed: strangers, who can make any number fail, keep nobody from a second try."""
    asked = {"host": host, "most": MOST_FAILING + 1, "most_of_host": MOST_FAILING_OF_A_HOST + 1}
    [of_host, in_all] = tx.execute(_FAILING, asked).one()
    if of_host > MOST_FAILING_OF_A_HOST:
        longest = tx.execute(_LONGEST_OF_HOST, asked).scalar()
    elif in_all > MOST_FAILING:
        longest = tx.execute(_LONGEST, asked).scalar()
    else:
        return
    if longest is not None:
        drop_job(tx, JobKind.VERIFY, longest)


def _host(source: str) -> str:
    return server_of(source) if is_http(source) else ""


def _counts(of_these: str) -> Prepared:
    """How many first looks of a host and in all there are, as far as that is to be known."""
    each = select(literal(1)).where(jobs.c.kind == JobKind.VERIFY.value, text(of_these))
    of_host = each.where(jobs.c.host == bindparam("host")).limit(bindparam("most_of_host"))
    counts = [select(func.count()).select_from(some.subquery()) for some in (of_host, each.limit(bindparam("most")))]
    return prepared(select(*(count.scalar_subquery() for count in counts)))


_UNTRIED, _FAILING = _counts("attempts = 0"), _counts("attempts > 0")  # as the indices have it
_FAILS = (jobs.c.kind == JobKind.VERIFY.value, text("attempts > 0"), jobs.c.leased_by.is_(None))
_LONGEST = prepared(select(jobs.c.subject).where(*_FAILS).order_by(jobs.c.failing_since).limit(1))
_LONGEST_OF_HOST = prepared(
    select(jobs.c.subject).where(*_FAILS, jobs.c.host == bindparam("host")).order_by(jobs.c.failing_since).limit(1)
)
_TRIED = prepared(select(mentions.c.tried).where(mentions.c.id == bindparam("this")))
_HOLD = prepared(select(mentions.c.id).where(mentions.c.id == bindparam("this")).with_for_update())
_LOOKED = prepared(update(mentions).where(mentions.c.id == bindparam("this")).values(tried=big("at")))
_HAS_NO_JOB = (
    ~select(literal(1))
    .where(jobs.c.kind == bindparam("kind"), jobs.c.subject == mentions.c.id)
    .correlate(mentions)
    .exists()
)
_OVERDUE = prepared(
    select(mentions.c.tried, mentions.c.id, mentions.c.source, mentions.c.target)
    .where(
        text(LOOKED_AT),
        mentions.c.target_host == bindparam("at_host"),
        mentions.c.tried.between(big("since"), big("until")),
        _HAS_NO_JOB,
    )
    .order_by(mentions.c.tried)
    .limit(bindparam("most"))
)
_OUTDATED = prepared(
    select(mentions.c.read_by, mentions.c.tried, mentions.c.id, mentions.c.source, mentions.c.target)
    .where(
        text(READ),
        mentions.c.target_host == bindparam("at_host"),
        mentions.c.read_by < big("reader"),
        _HAS_NO_JOB,
    )
    .order_by(mentions.c.read_by, mentions.c.tried)
    .limit(bindparam("most"))
    .with_hint(mentions, "INDEXED BY pingback_mentions_by_reading", "sqlite")
)
_WITHOUT_JOB = prepared(
    select(mentions.c.id, mentions.c.source, mentions.c.target)
    .where(
        text(UNSEEN),
        among(mentions.c.target_host, "hosts"),
        not_among(mentions.c.protocol, "protocols"),
        _HAS_NO_JOB,
    )
    .limit(bindparam("most"))
)
_LEAVE = prepared(update(jobs).where(jobs.c.id == bindparam("this")).values(left_to=bindparam("to")))
_LEFT = prepared(
    select(jobs.c.id, mentions.c.target)
    .join(mentions, mentions.c.id == jobs.c.subject)
    .where(text(LEFT), among(jobs.c.left_to, "hosts"))
    .limit(bindparam("most"))
)
_TAKE_BACK = prepared(
    update(jobs)
    .where(among(jobs.c.id, "back"), text(LEFT))
    .values(due=big("now"), set_at=big("now"), left_to=None)
    .returning(jobs.c.kind, jobs.c.host)
)
