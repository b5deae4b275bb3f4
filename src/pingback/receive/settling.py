"""`Settler`: looks at sources, decides on what they say, and keeps it; at once, or of what had to wait, or of old.

The fault codes are those of Pingback 1.0 §3.
"""

from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.errors import Fault, FaultCode, FetchError, NoTurn
from pingback.model import Mention, MentionStatus, Verification
from pingback.receive.background import Background
from pingback.receive.backlog import REVERIFY_AFTER, Backlog
from pingback.receive.homes import home_of
from pingback.receive.moderation import Moderator, with_page
from pingback.receive.observer import NOBODY, Alarm, Observer, log_settled, timed
from pingback.receive.pages import SitePages
from pingback.receive.policy import Policy
from pingback.receive.renewal import Renewal
from pingback.receive.schedule import Schedule
from pingback.receive.turns import Turns
from pingback.receive.verify import fault_of, headers_for, verify

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.store import Store


class Settler:
    """Brings pings to their end, at once or later. Thread-safe.

    `background` looks at sources while nobody waits, or not for long; None where the caller's thread does all. What
    waits in the store is taken up by a thread from `start` on. `observer` is told of each look, and `on_settled` of
    each mention that was kept or found to be something else, once that is on disk, in the thread that did it.
    """

    def __init__(
        self,
        site: SitePages,
        moderator: Moderator,
        *,
        store: "Store",
        client: "Client",
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._site = site
        self._moderator = moderator
        self._store = store
        self._client = client
        self._clock = clock
        self._closed = False
        self.observer: Observer = NOBODY
        self.on_settled: Callable[[Mention], object] = lambda mention: None
        self.alarm = Alarm()
        self.background = Background() if policy.answer_within is not None or policy.queued else None
        self.backlog = Backlog(
            store.queue,
            background=self.background,
            is_ours=site.holds,
            turns=Turns(policy.source_rate, site=site, clock=clock),
            unasked=policy.believed,
            settle=lambda pending: self.settle(pending, partial(self.judge, pending, pending.client_ip)),
            renew=lambda known: self.renew_if_due(known, None),
            clock=clock,
        )
        self._renewal = Renewal(store=store, look=self._look, decided=moderator.decided, clock=clock)
        self._schedule = Schedule(self.alarm.guarding("take up what waits")(self._take_up))

    @property
    def running(self) -> bool:
        """A thread takes up what waits."""
        return self._schedule.running

    def start(self) -> None:
        """Have a thread take up what waits every few seconds from now on, where there is a background for it."""
        if self.background is not None:
            self._schedule.start()

    def wake(self) -> None:
        """Have that thread look again soon."""
        self._schedule.wake()

    def resume(self) -> None:
        """Finish what is pending, here, or in the background where there is one, which goes on with it from now on.

        A process may have ended before it could; what another has in hand is left to it. Raises StoreError.
        """
        self._take_up()
        self.start()

    def work_off(self, *, until: float = inf) -> int:
        """Finish what is pending in this thread, as far as it begins before `until` on the monotonic clock.

        How many mentions were looked at. Raises StoreError.
        """
        self._store.moderation.approve_on_their_word()
        return self.backlog.work_off(until=until)

    def reverify(self, *, after: timedelta, most: int, until: float = inf) -> int:
        """Look again at approved mentions whose source was last asked for that long ago, the oldest first.

        One that failed since is looked at sooner. Blocks, for `most` exchanges at most, as far as they begin before
        `until` on the monotonic clock; how many there were. Raises StoreError.
        """
        looked_at = 0
        if until <= monotonic():
            return looked_at
        for known in self._renewal.overdue(after=after, most=most):
            looked_at += 1
            with self.alarm.guarding(f"verify mention {known.id} anew"), suppress(NoTurn):
                self._renew(known, None)
            if self._closed or until <= monotonic():
                break
        return looked_at

    def close(self) -> None:
        """Stop the background; what it has not finished stays pending, for `resume` to take up."""
        self._closed = True
        self.backlog.close()
        self._schedule.close()
        if self.background is not None:
            self.background.close()

    def judge(self, arrived: Mention, client_ip: str | None) -> Mention:
        """The mention as it should be kept; raises `Fault` where it should not."""
        self._site.check_target(arrived.target)  # once more: since it came, the site and the blocks may have changed
        self._moderator.check_source(arrived.source)
        self._site.check_exists(arrived.target)
        try:
            verification = self._look(arrived, client_ip)
        except FetchError as error:
            raise fault_of(error) from error
        if not verification.linked:
            raise Fault(FaultCode.NO_LINK, verification.reason or "the source does not link to the target")
        return self._moderator.decided(with_page(arrived, verification, self._clock()), arrived)

    def keep(self, mention: Mention, *, source_asked: bool = True, holder: str | None = None) -> Mention:
        """The mention as it is on disk then; raises `Fault` where an equal ping was faster."""
        kept, new = self._store.mentions.keep(
            mention, home=home_of(mention.source), source_asked=source_asked, holder=holder
        )
        if not new:
            raise already_known()
        self.on_settled(kept)
        return kept

    def settle(self, pending: Mention, judge: Callable[[], Mention]) -> bool:
        """Bring a pending mention to its end, in a thread that nobody waits for; false where it waits still."""
        with self.alarm.guarding(f"finish mention {pending.id}"), suppress(NoTurn, CancelledError):
            self._end(pending, judge)
            return True
        return False

    def _end(self, pending: Mention, judge: Callable[[], Mention]) -> None:
        try:
            settled = replace(judge(), id=pending.id)
        except Fault as fault:
            settled = replace(pending, status=MentionStatus.REJECTED, fault=fault.code)
        except (NoTurn, CancelledError):  # nobody has looked: it waits
            self.backlog.give_back(pending)
            raise
        kept = self._store.mentions.update(settled)
        if kept.wanted:  # since somebody began to look, the owner approved it: to be looked at once more, by that word
            self.backlog.give_back(kept)
            self.wake()
        else:
            log_settled(kept)
            self.on_settled(kept)

    def renew_if_due(self, known: Mention, client_ip: str | None) -> bool:
        """True where its time had come, and nobody else took it."""
        with self.alarm.guarding(f"verify mention {known.id} anew"), suppress(NoTurn):
            instant = self._clock()
            due = instant - REVERIFY_AFTER
            if not self._store.mentions.claim(known, now=instant, not_since=due, holder=self.backlog.holder):
                return False
            self._renew(known, client_ip)
            self._store.queue.answer(known, looked=instant)
        return True

    def _renew(self, known: Mention, client_ip: str | None) -> None:
        if known.status is MentionStatus.PENDING and known.verified is None:
            self._end(known, partial(self.judge, known, client_ip))
            return
        with suppress(Fault):
            self._site.check_exists(known.target)  # which learns of it when the page has moved
        renewed = self._renewal.renew(known, client_ip)
        if renewed is not None:
            self.on_settled(renewed)

    def _take_up(self) -> None:
        self._store.moderation.approve_on_their_word()
        self.backlog.take_up()

    def _look(self, mention: Mention, client_ip: str | None) -> Verification:
        # What is kept and looked at later still counts for whom sent it, unless somebody else asks for it now.
        client_ip = mention.client_ip or "" if client_ip is None and mention.id is not None else client_ip
        headers = headers_for(client_ip, site=self._site.name, protocol=mention.protocol)
        look = partial(verify, mention.source, mention.target, protocol=mention.protocol)
        with (
            timed(partial(self.observer.verified, mention.protocol)),
            self.backlog.visiting(mention.source, client_ip) as permit,
        ):
            return look(client=self._client, headers=headers, permit=permit)


def already_known() -> Fault:
    """What the sender of a pair hears that is known."""
    return Fault(FaultCode.ALREADY_REGISTERED, "the ping is known already")
