"""`Verifier`: looks at sources and decides on what they say, while a sender waits, and by jobs afterwards.

An accepted ping has as many lives as one that we send: what may pass is tried again for two days, and meanwhile the
mention is rejected, as one whose source is gone. A known mention comes back with new words, or is withdrawn (Webmention
§3.2.4). The fault codes are those of Pingback 1.0 §3.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from math import inf
from random import Random
from time import monotonic
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.errors import BadStatus, Fault, FaultCode, FetchError, NoTurn, StoreClosed, StoreError, UnreadableRow
from pingback.jobs.budget import HostBudget
from pingback.jobs.retry import VERIFICATIONS, retry_after
from pingback.jobs.runner import lease_for
from pingback.jobs.steps import End
from pingback.jobs.workers import worker_id
from pingback.model import RELAYS, Mention, MentionStatus, Protocol, Verification
from pingback.page.about import READER
from pingback.receive.moderation import CHANGED, OVERTAKEN, Moderator, is_same_page, with_page, withdrawn
from pingback.receive.observer import NOBODY, Alarm, Observer, log_renewed, log_settled, timed
from pingback.receive.pages import SitePages
from pingback.receive.verify import counted_as, fault_of, headers_for, is_gone, may_pass, verify
from pingback.urls import server_of, shown
from pingback.work import LONGEST_PAUSE, Job, JobKind

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.store import Store

EXISTS_WITHIN = 1.0  # seconds that a sender waits for the site: WordPress waits for three, and the source needs some
UNREADABLE_FOR = timedelta(days=1)
NO_ROOM = (15.0, 60.0)  # seconds, the least and the most: what waits for a host's budget does not come back at once
AGAIN_AFTER_A_FAULT_OF_OURS = timedelta(days=1)

FAILURES = 3  # in a row; then a known source that only fails is taken for gone
FAILURES_APART = timedelta(days=3)  # at least, for both to count: a weekend without a server is one failure

log = logging.getLogger(__name__)


class Verifier:
    """Brings pings to their end. Thread-safe.

    `observer` is told of each look, and `on_kept` of each mention that was kept or found to be something else, once
    that is on disk, in the thread that did it.
    """

    def __init__(
        self,
        site: SitePages,
        moderator: Moderator,
        *,
        store: "Store",
        client: "Client",
        budget: HostBudget,
        clock: Clock,
        relays: Collection[str] = RELAYS,
    ) -> None:
        self.site = site
        self.moderator = moderator
        self.store = store
        self.budget = budget
        self.clock = clock
        self.relays = relays
        self.observer: Observer = NOBODY
        self.on_kept: Callable[[Mention], object] = lambda mention: None
        self.alarm = Alarm()
        self._client = client
        self._random = Random()  # noqa: S311  # it spreads tries over time, and hides nothing

    def judge(self, arrived: Mention, client_ip: str | None, *, blocks: Iterable[str], until: float = inf) -> Mention:
        """The mention as it should be kept; raises `Fault` where it should not, and `FetchError` where nobody can say.

        `blocks` are the store's of the source. `until` is when a sender who waits has to be answered, on the monotonic
        clock: a FetchError by then tells nothing of the source. `NoAnswer` where the site has none until then, `NoTurn`
        where the source is not to be asked for now.
        """
        self.site.check_exists(arrived.target, within=min(EXISTS_WITHIN, until - monotonic()) if until < inf else inf)
        verification = self._look(arrived, client_ip, seconds=until - monotonic())
        if not verification.linked:
            raise Fault(FaultCode.NO_LINK, verification.reason or "the source does not link to the target")
        return self.moderator.decided(with_page(arrived, verification, self.clock()), arrived, blocks=blocks)

    def verify(self, job: Job) -> End:
        """The handler of `verify` jobs: looks at the source of an accepted ping."""
        return self._handled(job, self._verified)

    def reverify(self, job: Job) -> End:
        """The handler of `reverify` jobs: looks at the source of a known mention again."""
        return self._handled(job, self._reverified)

    def add_overdue(self, *, after: timedelta, most: int) -> int:
        """Have approved mentions looked at again whose source was last asked for that long ago; how many there are.

        `most` of them, those of this site, the oldest first. Raises StoreError.
        """
        instant = self.clock()
        return self.store.looks.add_overdue(
            hosts=self.site.hosts, is_ours=self.site.holds, before=instant - after, now=instant, most=most
        )

    def add_outdated(self, *, most: int) -> int:
        """Have mentions looked at again that an earlier version of ours read; how many there are.

        `most` of them, those of this site, the oldest reading first. Raises StoreError.
        """
        return self.store.looks.add_outdated(
            hosts=self.site.hosts, is_ours=self.site.holds, reader=READER, now=self.clock(), most=most
        )

    def adopt(self, *, but_of: Collection[Protocol]) -> int:
        """Have those looked at that wait for it and have no job, but of these protocols, and those that another site
        left to this one; how many there were."""
        hosts, is_ours = self.site.hosts, self.site.holds
        found = self.store.looks.adopt(hosts=hosts, is_ours=is_ours, but_of=but_of, now=self.clock())
        return found + self.take_back()

    def take_back(self) -> int:
        """Have done now what another site of the database left to this one; how much that is. Raises StoreError."""
        return self.store.looks.take_back(hosts=self.site.hosts, is_ours=self.site.holds, now=self.clock())

    def look_again(self, known: Mention, client_ip: str | None) -> None:
        """Do now, in this thread, what is due of a mention that was pinged again. Raises `Busy`, and it stays due."""
        assert known.id is not None  # noqa: S101  # it was kept
        kind = kind_of(known)
        with self.budget.place(server_of(known.source)):  # first: what is leased and not begun waits for five minutes
            leased = self.store.jobs.lease(
                [kind],
                worker_id=worker_id(),
                now=self.clock(),
                lease=lease_for(self._client.limits.timeout),
                limit=1,
                per_host=1,
                only=[known.id],
            )
            for job in leased:
                self._handled(job, self._verified if kind is JobKind.VERIFY else self._reverified, client_ip).keep()

    def _handled(
        self,
        job: Job,
        handle: "Callable[[Job, Mention, str | None], Callable[[], Mention | None]]",
        client_ip: str | None = None,
    ) -> End:
        """What is to be kept of the job, or was kept: whoever hears of it may take their time, in this thread."""
        try:
            mention = self.store.mentions.at(job.subject)
        except UnreadableRow:  # of which the log tells; without its job it would be given one again and again
            return self._put_off(job, self.clock() + UNREADABLE_FOR)
        if mention is None or not is_wanted(mention, job.kind):
            return End(partial(self.store.jobs.done, job))
        if mention.wanted and mention.protocol in self.store.moderation.on_their_word:
            self.store.moderation.approve_on_their_word()
            return End(partial(self.store.jobs.done, job))
        if not self.site.holds(mention.target):
            return self._left_to_others(job, mention)
        # What is kept and looked at later still counts for whom sent it, unless somebody else asks for it now.
        sender = mention.client_ip or "" if client_ip is None else client_ip
        try:
            if not self.budget.take(mention.source):
                raise NoTurn(mention.source, "its host was asked enough", retry_after=self._random.uniform(*NO_ROOM))
            keep = handle(job, mention, sender)
        except NoTurn as postponed:
            # Who has counted is this process: another, or the next one, may have room.
            due = self.clock() + min(timedelta(seconds=postponed.retry_after), LONGEST_PAUSE)
            return self._put_off(job, due)
        try:
            kept = keep()
        except StoreError as error:
            if not isinstance(error, StoreClosed):
                self.alarm.ring(error)
            return End(keep)
        except Exception as error:  # it cannot be written, say
            if job.kind is not JobKind.VERIFY:
                raise
            self._say(job, mention, error)
            return End(partial(self._settle, _rejected(mention, FaultCode.INTERNAL_ERROR), job, self._again(job)))
        if kept is not None:
            self.on_kept(kept)
        return End(_nothing)

    def _put_off(self, job: Job, due: datetime) -> End:
        return End(partial(self.store.jobs.postpone, job, due, now=self.clock()), counts=False)

    def _left_to_others(self, job: Job, mention: Mention) -> End:
        """The site has no such page: another over the same database may, or it had one once. The mention stays.

        So does a look at a known one: its own site asked for it, or a sender, and nobody does so anew.
        """
        instant = self.clock()
        if job.kind is JobKind.VERIFY and instant - (mention.changed or mention.received) > VERIFICATIONS.horizon:
            return End(partial(self.store.jobs.done, job), counts=False)
        return End(partial(self.store.looks.leave_to_others, job, mention.target, now=instant), counts=False)

    # First looks

    def _verified(self, job: Job, mention: Mention, client_ip: str | None) -> Callable[[], Mention | None]:
        again: datetime | None = None
        try:
            # Once more: since it came, the site and the blocks may have changed.
            blocks = self.moderator.blocks_of(mention.source)
            self.moderator.check_source(mention.source, blocks=blocks)
            found = replace(self.judge(mention, client_ip, blocks=blocks), id=mention.id)
        except FetchError as error:
            found = _rejected(mention, fault_of(error).code)
            if may_pass(error):
                again = self._again(job, self._asked_for(error))
        except Fault as fault:
            found = _rejected(mention, fault.code)
        except (NoTurn, StoreError):
            raise
        except Exception as error:  # a page that we cannot read, a host's own decider: a failure of ours
            self._say(job, mention, error)
            found, again = _rejected(mention, FaultCode.INTERNAL_ERROR), self._again(job)
        return partial(self._settle, found, job, again)

    def _settle(self, found: Mention, job: Job, again: datetime | None) -> Mention | None:
        kept = self.store.looks.settle(found, job, again=again, now=self.clock())
        if kept is not None and not kept.wanted:  # else the owner approved it meanwhile: it is looked at once more
            log_settled(kept)
        return kept

    def _again(self, job: Job, not_before: datetime | None = None) -> datetime | None:
        instant = self.clock()
        since = job.failing_since or instant
        return VERIFICATIONS.next_try(failing_since=since, now=instant, random=self._random, not_before=not_before)

    def _asked_for(self, error: FetchError) -> datetime | None:
        """Until when the source is to be left alone, by its server's word.

        All else of that server is asked at the usual pace of those that want patience: whose page it is that says
        tomorrow is a stranger, and others who have pages there, and our own pings to them, are not to wait for it.
        """
        if not isinstance(error, BadStatus):
            return None
        until = retry_after(error.retry_after, now=self.clock(), within=VERIFICATIONS.horizon)
        if error.status == 429 or until is not None:
            self.budget.too_fast(server_of(error.url))
        return until

    # Known mentions

    def _reverified(self, job: Job, known: Mention, client_ip: str | None) -> Callable[[], Mention | None]:
        with suppress(Fault):
            self.site.check_exists(known.target)  # which learns of it when the page has moved
        try:
            found = self._renewed(known, self._look(known, client_ip))
        except FetchError as error:
            failed = job.attempts == 0 or self._is_another_failure(job)
            if not is_gone(error) and not (failed and job.attempts + 1 >= FAILURES):
                return partial(self._fail, job, failed)
            found = withdrawn(known, self.clock(), fault_of(error).code)
        except (NoTurn, StoreError):
            raise
        except Exception as error:  # what is wrong with us says nothing of the mention
            self._say(job, known, error)
            due = self.clock() + AGAIN_AFTER_A_FAULT_OF_OURS
            return partial(self.store.looks.fail, job, due=due, counts=False, now=self.clock())
        return partial(self._renew, found, job)

    def _renewed(self, known: Mention, verification: Verification) -> Mention:
        """An approval holds for as long as the page is the same; else a page, once approved, could say anything."""
        if not verification.linked:
            return withdrawn(known, self.clock(), FaultCode.NO_LINK)
        found = with_page(known, verification, self.clock())
        if known.decision is MentionStatus.DELETED or known.status is MentionStatus.SPAM:
            return found  # which nobody is shown
        if known.status is MentionStatus.PENDING:
            return self._still_waiting(found)
        if MentionStatus.APPROVED in (known.status, known.decision) and is_same_page(known, found):
            return replace(found, status=MentionStatus.APPROVED, held_for=None)
        try:
            return self.moderator.decided(found, known)
        except Fault as fault:
            return withdrawn(known, self.clock(), fault.code)

    def _still_waiting(self, found: Mention) -> Mention:
        """What waits for the owner goes on waiting, for the reason that it has by now.

        The owner was told that it waits, and would not be told that it is shown.
        """
        if found.decision is None and not (found.held_for or "").startswith(CHANGED):
            with suppress(Fault):
                decided = self.moderator.decided(found)
                if decided.status is MentionStatus.PENDING:
                    return decided
                if decided.status is MentionStatus.APPROVED:
                    return replace(found, held_for=OVERTAKEN)
        return found

    def _renew(self, found: Mention, job: Job) -> Mention | None:
        kept = self.store.looks.settle(found, job, again=None, now=self.clock())
        if kept is not None:
            log_renewed(kept)
        return kept

    def _is_another_failure(self, job: Job) -> bool:
        """It is far enough from those that counted."""
        since = job.failing_since or self.clock()
        return self.clock() >= since + job.attempts * FAILURES_APART

    def _fail(self, job: Job, counts: bool) -> None:
        instant = self.clock()
        due = instant + FAILURES_APART if counts else (job.failing_since or instant) + job.attempts * FAILURES_APART
        self.store.looks.fail(job, due=due, counts=counts, now=instant)

    def _look(self, mention: Mention, client_ip: str | None, *, seconds: float = inf) -> Verification:
        headers = headers_for(client_ip, site=self.site.name, protocol=mention.protocol)
        with (
            timed(partial(self.observer.verified, mention.protocol)),
            self.budget.asking(mention.source, sender=counted_as(client_ip)) as permit,
        ):
            return verify(
                mention.source,
                mention.target,
                protocol=mention.protocol,
                client=self._client,
                headers=headers,
                permit=permit,
                seconds=seconds,
                relays=self.relays,
            )

    def _say(self, job: Job, mention: Mention, error: Exception) -> None:
        """Once with all there is to say, and then that it lasts."""
        if job.attempts == 0:
            log.exception("cannot verify %r, mention %s", shown(mention.source), mention.id)
        else:
            log.error("still cannot verify %r, mention %s: %s", shown(mention.source), mention.id, type(error).__name__)


def kind_of(known: Mention) -> JobKind:
    """What kind of look a mention needs that is pinged again."""
    return JobKind.VERIFY if is_wanted(known, JobKind.VERIFY) else JobKind.REVERIFY


def is_wanted(mention: Mention, kind: JobKind) -> bool:
    """A look of this kind would tell something of the mention as it stands."""
    never_seen = mention.status is MentionStatus.PENDING and mention.verified is None
    if kind is JobKind.VERIFY:
        return never_seen or mention.status is MentionStatus.REJECTED
    return not never_seen and mention.status is not MentionStatus.REJECTED


def _rejected(mention: Mention, code: int) -> Mention:
    return replace(mention, status=MentionStatus.REJECTED, fault=code)


def _nothing() -> None:
    """All is kept."""
