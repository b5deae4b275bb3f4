"""The parts of a site in one process: what `pingback.site` is made of."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from pingback.choices import (
    akismet_for,
    believed,
    channels_for,
    decide_for,
    policy_for,
    queue_for,
    rate_for,
    shared_limits,
    targets_for,
)
from pingback.clock import Clock
from pingback.errors import SettingsError, StoreError
from pingback.jobs.budget import HostBudget
from pingback.jobs.carriers import Carrier, Chore, Threads
from pingback.jobs.pool import Pool
from pingback.jobs.runner import Runner, lease_for
from pingback.jobs.single import SingleJobs
from pingback.jobs.steps import End, Handler
from pingback.model import Mention, MentionStatus
from pingback.net.client import Client
from pingback.page.about import READER
from pingback.publishing import Publishing
from pingback.receive.moderation import Decider, Moderator
from pingback.receive.notifier import Callbacks, Notifier
from pingback.receive.observer import NOBODY
from pingback.receive.pages import SitePages
from pingback.receive.receiver import Receiver
from pingback.receive.verification import Verifier
from pingback.settings import Settings
from pingback.store import Store
from pingback.urls import origin_of
from pingback.work import Job, JobKind

if TYPE_CHECKING:
    import dramatiq

    from pingback.jobs.brokers import DramatiqQueue
    from pingback.jobs.messages import Messages
    from pingback.receive.deciders.akismet import Akismet

REVERIFY_EVERY = 60.0  # seconds
# Mentions at a time, of those that were not looked at for long, and of those that an earlier version of ours read:
# gentle with the sources, and 5,000 a day.
REVERIFIED = 4
NOTIFY_EVERY = 2.0  # seconds; where there is nothing new, it costs a look at an index
TAKE_UP_EVERY = 60.0  # seconds
TAKE_BACK_EVERY = 2.0  # seconds; where nothing was left to us, it costs a look at an index
SETTLE_EVERY = 5.0  # seconds
COUNTS_EVERY = 10.0  # seconds
FORGET_EVERY = 3600.0  # seconds
FORGOTTEN = 5000  # rows at a time, in transactions of a thousand
AT_ONCE = 200  # mentions that are read again by one word, of which the jobs are made at once
# After which a job is tried again: that a database kept from being done, or that it cannot read, or a bug of ours.
A_MOMENT, A_MINUTE, A_DAY = timedelta(seconds=10), timedelta(minutes=1), timedelta(days=1)


class Host(NamedTuple):
    """What the program around a site knows better; see `pingback.site.Site`."""

    target_exists: Callable[[str], object] | None
    decide: Decider | None
    clock: Clock


class Parts:
    """What a site is in one process: all that has threads, locks and counts. It does nothing before it is asked to.

    Once `stopped` is set, it begins nothing more. Raises SettingsError where two settings exclude one another, and
    ValueError for a site that is none.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        client: Client,
        callbacks: Callbacks,
        host: Host,
        stopped: Event | None = None,
    ) -> None:
        self._of = partial(Parts, store=store, client=client, callbacks=callbacks, host=host, stopped=stopped)
        self._settings = settings
        self._store = store
        self._client = client
        self._clock = host.clock
        self._stopped = stopped or Event()
        self._akismet = akismet_for(settings, client) if settings.site or settings.akismet_site else None
        pages = None
        if settings.site:
            exists = targets_for(settings, store, client, host.target_exists)
            pages = SitePages(settings.site, target_exists=exists, self_pings=settings.self_pings)
        self._limits = shared_limits(settings, store)
        self._budget = HostBudget(
            rate_for(settings.source_rate, self._limits, of="hosts"),
            shared=self._limits,
            site=pages,
            clock=host.clock,
            pauses=store.pauses,
        )
        self.publishing = Publishing(
            client=client,
            store=store,
            settings=settings,
            budget=self._budget,
            stopped=self._stopped,
            clock=host.clock,
        )
        self._callbacks = callbacks
        self._notifier = Notifier(store, channels_for(settings, client), clock=host.clock)
        self._handlers: dict[JobKind, Handler] = {
            JobKind.NOTIFY: self._notifier.notify,
            **self.publishing.handlers(),
        }
        self._verifier = None
        if pages is not None:
            decide = decide_for(settings, store, self._akismet, first=host.decide)
            self._verifier = Verifier(
                pages,
                Moderator(store.blocks, decide=decide, block=settings.block),
                store=store,
                client=client,
                budget=self._budget,
                clock=host.clock,
                relays=settings.relays,
            )
            self._verifier.on_kept = callbacks.hear
            self._handlers |= {JobKind.VERIFY: self._verifier.verify, JobKind.REVERIFY: self._verifier.reverify}
        self._queue = queue_for(settings.broker)
        self._messages = self._messages_for(self._queue)
        self._carrier: Carrier = self._messages or Threads(
            self._runner(Pool(), self._handlers), [*self._chores(), *self._own_chores()]
        )
        self._receiver = None
        if self._verifier is not None:
            self._receiver = Receiver(
                self._verifier, policy=policy_for(settings, self._limits), carrier=self._carrier, feeds=settings.feeds
            )
        self._learning = Pool(quick=1, slow=0)
        if self._akismet is not None:
            store.moderation.on_decision = partial(self._learn, self._akismet)
        if protocols := believed(settings):
            store.moderation.on_their_word = protocols
        self.started = False

    @property
    def receiver(self) -> Receiver:
        """SettingsError where the settings name no site."""
        if self._receiver is None:
            raise SettingsError("site: which one? Nothing says where its pages are")
        return self._receiver

    @property
    def akismet(self) -> "Akismet | None":
        """Who is told of the owner's decisions; SettingsError where nothing says for which site."""
        return self._akismet or akismet_for(self._settings, self._client)

    def start(self) -> None:
        """Begin what goes on in the background. Where no thread is to be had, the next call tries again."""
        self._count()
        self._carrier.start()
        self._check_limits()
        self.started = self._carrier.running

    def _count(self) -> None:
        """Count what goes on from here."""
        if self._settings.metrics and self._verifier is not None and self._verifier.observer is NOBODY:
            from pingback.server.metrics import Metrics

            self._verifier.observer = Metrics(instant=self._clock)

    def _send_counts(self) -> None:
        if self._verifier is not None:
            self._verifier.observer.send(self._store)

    def wake(self) -> None:
        """Have the background look for jobs now."""
        self._carrier.wake()

    def take_up(self) -> None:
        """See that what waits has its job: what an earlier version left, and what was decided elsewhere.

        Raises StoreError.
        """
        self._store.moderation.approve_on_their_word()
        if self._verifier is not None:
            self._verifier.adopt(but_of=believed(self._settings))

    def run_due(self, until: float) -> int:
        """What the background does, in this thread, as far as it begins before `until` on the monotonic clock.

        How much there was. Raises StoreError.
        """
        self._count()
        self.take_up()
        self._store.jobs.open_lost_lanes()
        if monotonic() < until:
            self._reverify()
        told = self._callbacks.catch_up()
        self._notifier.look()
        with Pool() as pool:
            runner = self._runner(pool, self._handlers)
            done = runner.run(seconds=until - monotonic())
            if self._notifier.look():  # of what was verified just now
                done += runner.run(seconds=until - monotonic())
        self.publishing.settle()
        self._forget()
        return told + done

    def reread(
        self, target: str | None, source: str | None, everything: bool, on_mention: Callable[[Mention], object] | None
    ) -> int:
        """See `pingback.site.Site.reread`."""
        reader = None if everything or target or source else READER
        chosen = self._store.looks.read_before(reader, target=target, source=source)
        if self._verifier is not None:
            return self._look_again(self._verifier, chosen, on_mention)
        if not chosen:
            return 0
        # Whose pages they are, the database says.
        site = tuple(sorted({origin_of(each.target) for each in chosen}))
        with closing(self._of(replace(self._settings, site=site))) as parts:
            return parts.reread(target, source, everything, on_mention)

    def _look_again(
        self, verifier: Verifier, chosen: Iterable[Mention], on_mention: Callable[[Mention], object] | None
    ) -> int:
        """Look at their sources now, in this thread; how many are left to whoever does the jobs."""
        ours = [each for each in chosen if verifier.site.holds(each.target)]
        left = {each.id or 0 for each in ours}

        def look(job: Job) -> End:
            end = verifier.reverify(job)
            return end._replace(told=partial(tell, job.subject)) if end.counts else end

        def tell(number: int) -> None:
            left.discard(number)
            if on_mention is not None:
                for mention in self._store.mentions.with_ids([number]):
                    on_mention(mention)

        for start in range(0, len(ours), AT_ONCE):
            some = ours[start : start + AT_ONCE]
            self._store.looks.add_now(some, now=self._clock())
            with Pool() as pool:
                runner = self._runner(pool, {JobKind.REVERIFY: look})
                runner.run(only=[each.id or 0 for each in some], patience=timedelta(seconds=self._settings.wait))
        return len(left)

    def work(self) -> None:
        """Do in this thread what the background does, until `stopped` is set; what is being sent then is finished."""
        self._count()
        self._check_limits()
        self._carrier.run()

    def sweep(self) -> int:
        """See that all that is due is on its way to workers; how much was sent. SettingsError without a broker.

        Raises StoreError and BrokerError.
        """
        if self._messages is None:
            raise SettingsError("broker: which one? Without one, nothing is sent to workers")
        self._messages.check()
        self.take_up()
        return self._messages.sweep()

    def broker(self) -> "dramatiq.Broker":
        """Dramatiq's own, whose workers do the jobs; what goes along with them begins and ends with them."""
        if self._queue is None or self._messages is None:
            raise SettingsError("broker: which one? Nothing says where messages come from")
        from pingback.jobs.brokers import Companion

        self._queue.broker.add_middleware(Companion(self._messages.attend, self.close))
        return self._queue.broker

    def check_broker(self) -> None:
        """Raises BrokerError, in a sentence, where there is a broker that cannot be used now."""
        if self._messages is not None:
            self._messages.check()

    def close(self) -> None:
        """End it. What Akismet was not told by then is lost to Akismet, and to nobody else."""
        self._stopped.set()
        self._carrier.close()
        self._learning.close()
        with suppress(StoreError):  # some figures are lost, and nothing else
            self._send_counts()

    def _runner(self, pool: Pool, handlers: Mapping[JobKind, Handler]) -> Runner:
        return Runner(
            self._store.jobs,
            handlers,
            budget=self._budget,
            pool=pool,
            lease=lease_for(self._client.limits.timeout),
            stopped=self._stopped,
            broken=self._broken,
        )

    def _messages_for(self, queue: "DramatiqQueue | None") -> "Messages | None":
        if queue is None:
            return None
        from pingback.jobs.brokers import DramatiqWorkers
        from pingback.jobs.messages import Dispatch, Messages

        lease = lease_for(self._client.limits.timeout)
        jobs = SingleJobs(self._store.jobs, self._handlers, budget=self._budget, lease=lease, broken=self._broken)
        messages = Messages(
            Dispatch(self._store.jobs, tuple(self._handlers), queue, clock=self._clock),
            queue,
            workers=partial(DramatiqWorkers, queue, threads=self._settings.threads),
            chores=self._chores(),
            own_chores=self._own_chores(),
            stopped=self._stopped,
        )

        def do(number: int) -> None:
            if jobs.do(number):
                messages.wake()  # its host may have room for the next one

        queue.handle(do, lease=lease)
        return messages

    def _own_chores(self) -> list[Chore]:
        """What each process does for itself, whoever does the jobs."""
        return [
            Chore(NOTIFY_EVERY, self._callbacks.catch_up, "tell the program of new mentions"),
            Chore(COUNTS_EVERY, self._send_counts, "add up what was counted"),
        ]

    def _chores(self) -> list[Chore]:
        """What one process does for all, and may be done by any that does jobs."""
        return [
            Chore(TAKE_UP_EVERY, self.take_up, "take up what waits"),
            Chore(TAKE_BACK_EVERY, self._take_back, "take back what another site left to this one"),
            Chore(REVERIFY_EVERY, self._reverify, "verify old mentions anew"),
            Chore(NOTIFY_EVERY, self._look_for_news, "tell of new mentions"),
            Chore(FORGET_EVERY, self._forget, "forget what is old"),
            Chore(FORGET_EVERY, self._store.jobs.open_lost_lanes, "find jobs that nobody would find"),
            Chore(SETTLE_EVERY, self.publishing.settle, "tell the update services"),
        ]

    def _check_limits(self) -> None:
        if self._limits is not None and not self.started:
            self._limits.check()

    def _reverify(self) -> None:
        if self._settings.reverify_after_days and self._verifier is not None:
            after = timedelta(days=self._settings.reverify_after_days)
            added = self._verifier.add_overdue(after=after, most=REVERIFIED)
            if added + self._verifier.add_outdated(most=REVERIFIED):
                self._carrier_looks()

    def _forget(self) -> None:
        if self._settings.keep_days:
            instant = self._clock()
            before = instant - timedelta(days=self._settings.keep_days)
            self._store.retention.run(before=before, now=instant, most=FORGOTTEN)

    def _take_back(self) -> None:
        if self._verifier is not None and self._verifier.take_back():
            self._carrier_looks()

    def _look_for_news(self) -> None:
        if self._notifier.look():
            self._carrier_looks()

    def _carrier_looks(self) -> None:
        if self._carrier.running:
            self._carrier.wake()

    def _broken(self, job: Job, error: Exception) -> End:
        """What to keep of a job whose handler raised: what it does not know of is no reason to give up."""
        if job.kind in self.publishing.handlers():
            return self.publishing.broken(job, error)
        instant = self._clock()
        if isinstance(error, StoreError):
            again = instant + (A_MINUTE if error.public is None else A_MOMENT)  # it may be itself again
            return End(partial(self._store.jobs.postpone, job, again, now=instant), counts=False)
        return End(partial(self._store.jobs.fail, job, instant + A_DAY, now=instant))

    def _learn(self, akismet: "Akismet", before: MentionStatus, mention: Mention) -> None:
        """Akismet hears of the owner's decision, in a thread that nobody waits for."""
        with suppress(RuntimeError):  # it is closed
            self._learning.submit(partial(akismet.learn, before, mention))
