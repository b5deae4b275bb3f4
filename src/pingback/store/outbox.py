"""`Outbox`: what a site has to send and has sent, in the same database as its mentions."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import ColumnElement, select

from pingback.errors import StoreError
from pingback.model import Attempt, Discovery, KnownPost, Outcome, OutcomeStatus, Plan, QueuedPing, Retelling
from pingback.store import claiming, memory, outbox_listing, planning, recording
from pingback.store.database import Database
from pingback.store.keys import pair_of, target_key_of
from pingback.store.rows import micros, ping_of, source_key_of
from pingback.store.schema import outbox, standing
from pingback.urls import is_under, require_http

_PAGE = 500  # rows read at once; between two pages no lock or connection is held
_NOBODY: Mapping[str, int] = MappingProxyType({})


class Outbox:
    """One ping for each link of a post, kept from before its first try on; `Store.outbox` gives it.

    Thread-safe; several processes may share a file. Each method is one transaction, on disk when it returns, and may
    be called again after a crash. All raise `StoreError` when the database cannot be used, and ValueError for a URL
    that is not an absolute HTTP URL and for a naive instant.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(
        self,
        source: str,
        links: Mapping[str, str],
        *,
        fingerprint: str,
        untouched: Iterable[str] = (),
        now: datetime,
        retelling: Retelling,
    ) -> Plan:
        """Bring the pings of a post in line with its links: targets, each with the fingerprint of its surroundings.

        New and changed ones are due at once, and those linked again; so are removed ones whose far side is to hear of
        it, while others that are removed are dropped: `retelling` says by which protocols one hears of what. What is no
        news stays as it is, so that planning twice is planning once. `untouched` are targets that the post links to,
        and that this plan is not about.
        """
        by_pair = planning.links_by_pair(source, links)
        spared = {pair_of(source, target) for target in untouched}
        with self._database.write() as connection:
            memory.keep_post(connection, source, fingerprint, now=now)
            return planning.plan(connection, source, by_pair, untouched=spared, now=now, retelling=retelling)

    def dry_run(self, source: str, links: Mapping[str, str], *, now: datetime, retelling: Retelling) -> list[str]:
        """The targets that would be due if the post were planned with these links; nothing is changed."""
        by_pair = planning.links_by_pair(source, links)
        with self._database.read() as connection:
            return planning.dry_run(connection, source, by_pair, now=now, retelling=retelling)

    def plan_gone(self, source: str, *, now: datetime, retelling: Retelling) -> Plan:
        """The post is gone: plan as if it had no link any more, and mark it."""
        with self._database.write() as connection:
            memory.lose_post(connection, source)
            return planning.plan(connection, source, {}, now=now, retelling=retelling)

    def claim(
        self,
        *,
        now: datetime,
        lease: timedelta,
        limit: int,
        per_host: int,
        busy: Mapping[str, int] = _NOBODY,
        sources: Collection[str] | None = None,
        holder: str | None = None,
    ) -> list[QueuedPing]:
        """Take pings that are due, oldest first, to send them before the lease runs out: nobody else has them then.

        At most `limit`, and of one host `per_host` together with the `busy` ones, which says how many are under way
        to it. Hosts that pause are passed over. `sources` confines it to these posts. `holder` names who takes them,
        for `end_leases`.
        """
        if lease <= timedelta(0):
            raise ValueError("a lease must last for a while")
        with self._database.write() as connection:
            return claiming.claim(
                connection,
                now=now,
                until=now + lease,
                holder=holder,
                limit=limit,
                per_host=per_host,
                busy=busy,
                sources=sources,
            )

    def record(
        self,
        ping: QueuedPing,
        outcome: Outcome,
        *,
        at: datetime,
        seconds: float,
        next_try: datetime | None,
        exchange: str | None = None,
        retelling: Retelling,
    ) -> QueuedPing:
        """Keep what became of a claimed ping, and end the lease; gives it as it stands now.

        What the post changed meanwhile is due again. Where the lease had run out and another took the ping over, a yes
        counts, and anything else is kept as an attempt only. The outcome's `attempts` are added to the ping's.
        """
        with self._database.write() as connection:
            after = recording.record(
                connection,
                ping,
                outcome,
                at=at,
                seconds=seconds,
                next_try=next_try,
                exchange=exchange,
                retelling=retelling,
            )
        if after is None:
            raise StoreError(f"{self._database.name} has no ping {ping.id} any more")
        return after

    def postpone(self, ping: QueuedPing, *, until: datetime) -> None:
        """Give a claimed ping back untried, to be due at `until`."""
        with self._database.write() as connection:
            claiming.postpone(connection, ping, until=until)

    def release(self, pings: Iterable[QueuedPing]) -> None:
        """Give claimed pings back untried, due as they were."""
        with self._database.write() as connection:
            claiming.release(connection, pings)

    def holders(self, *, now: datetime) -> list[str]:
        """Who has leases that have not run out."""
        with self._database.read() as connection:
            return claiming.holders(connection, now=now)

    def end_leases(self, holder: str, *, now: datetime) -> None:
        """Let whatever a holder has claimed be claimed again: it is known to be no more."""
        with self._database.write() as connection:
            claiming.end_leases(connection, holder, now=now)

    def next_due(self, *, now: datetime, sources: Collection[str] | None = None) -> datetime | None:
        """When there is something to claim: `now` or later, after leases and pauses; None where nothing is left."""
        with self._database.read() as connection:
            return claiming.next_due(connection, now=now, sources=sources)

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
        conditions: list[ColumnElement[bool]] = []
        if status is not None:
            conditions.append(standing == status.value)
        if source is not None:
            conditions.append(outbox.c.source_key == source_key_of(source))
        if target is not None:
            conditions.append(outbox.c.target_key == target_key_of(target))
        if due_before is not None:
            conditions.append(outbox.c.next_try <= micros(due_before))
        return self._pages(*conditions)

    def find(self, source: str, target: str) -> QueuedPing | None:
        """The ping of `target` by `source`."""
        statement = select(outbox).where(outbox.c.pair == pair_of(source, target))
        with self._database.read() as connection:
            row = connection.execute(statement).mappings().one_or_none()
            return ping_of(row) if row is not None else None

    def at(self, number: int) -> QueuedPing | None:
        """The ping with this `id`."""
        with self._database.read() as connection:
            return outbox_listing.ping_at(connection, number)

    def page(
        self, *, statuses: Collection[OutcomeStatus] = (), search: str = "", before: int | None = None, size: int
    ) -> tuple[list[QueuedPing], int | None]:
        """Up to `size` pings, those that were planned last first, and the `before` of the next page, None at the end.

        Only those with one of the statuses, where there are any, and in which each word of `search` is found.
        """
        with self._database.read() as connection:
            return outbox_listing.page(connection, statuses=statuses, search=search, before=before, size=size)

    def counts(self) -> dict[OutcomeStatus, int]:
        """How many pings have each status; 0 included."""
        with self._database.read() as connection:
            return outbox_listing.counts(connection)

    def send_again(self, numbers: Iterable[int], *, now: datetime, retelling: Retelling) -> list[QueuedPing]:
        """Make pings due at once, by their `id`, and forget what is remembered of their targets; gives those it did.

        What the far side took is passed over, as are ids that no ping has.
        """
        with self._database.write() as connection:
            return outbox_listing.send_again(connection, numbers, now=now, retelling=retelling)

    def attempts(self, ping: QueuedPing) -> list[Attempt]:
        """The last tries, up to 50, in the order of their recording."""
        with self._database.read() as connection:
            return recording.attempts_at(connection, ping)

    def remember(self, discovery: Discovery, *, until: datetime) -> None:
        """Keep what a target advertises, so that the next ping to it need not ask again; a day at most."""
        with self._database.write() as connection:
            memory.remember(connection, discovery, until=until)

    def recall(self, target: str, *, now: datetime) -> Discovery | None:
        """What is remembered of the target; None where it has to be asked."""
        with self._database.read() as connection:
            return memory.recall(connection, target, now=now)

    def forget(self, target: str) -> None:
        """Drop what is remembered of the target: it is to be asked again."""
        with self._database.write() as connection:
            memory.forget(connection, target)

    def pause(self, host: str, *, until: datetime) -> None:
        """Claim nothing for this `QueuedPing.host` before `until`; a pause that is longer already stays so."""
        with self._database.write() as connection:
            memory.pause(connection, host, until=until)

    def paused_until(self, host: str, *, now: datetime) -> datetime | None:
        """When the host's pause ends; None where it does not pause."""
        with self._database.read() as connection:
            return memory.paused_until(connection, host, now=now)

    def post(self, source: str) -> KnownPost | None:
        """The post as it was when last seen; None where it never was."""
        with self._database.read() as connection:
            return memory.post_at(connection, source)

    def posts_under(self, base_url: str) -> Iterator[KnownPost]:
        """The posts of a site, or of a part of it, that are not gone."""
        require_http(base_url)
        after = 0
        while True:
            with self._database.read() as connection:
                page = memory.posts_page(connection, after=after, size=_PAGE)
            yield from (post for _, post in page if is_under(post.source, base_url))
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    def keep_post(self, source: str, fingerprint: str, *, now: datetime) -> None:
        """The post was seen, with the links that were planned before."""
        with self._database.write() as connection:
            memory.keep_post(connection, source, fingerprint, now=now)

    def _pages(self, *conditions: ColumnElement[bool]) -> Iterator[QueuedPing]:
        page = select(outbox).where(*conditions).order_by(outbox.c.id).limit(_PAGE)
        after = 0
        while True:
            with self._database.read() as connection:
                pings = [ping_of(row) for row in connection.execute(page.where(outbox.c.id > after)).mappings()]
            yield from pings
            if len(pings) < _PAGE:
                return
            after = pings[-1].id
