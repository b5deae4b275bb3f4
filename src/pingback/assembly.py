"""The parts of a site, as its settings choose them: what `pingback.site` is made of."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from pingback.clock import Clock
from pingback.errors import SettingsError, StoreError
from pingback.model import Mention, MentionStatus, Protocol
from pingback.net.client import Client
from pingback.protocols.table import linkbacks, on_their_word
from pingback.publishing import Publishing
from pingback.receive.background import Background, Busy
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.deciders.known import known_good, own_site
from pingback.receive.existence import SiteTargets, everything_exists
from pingback.receive.moderation import Decide, Decider, Moderator, approve, hold, in_order
from pingback.receive.notifier import Callbacks, Channel, MailChannel, Notifier, WebhookChannel
from pingback.receive.observer import NOBODY
from pingback.receive.pages import SitePages
from pingback.receive.policy import Policy
from pingback.receive.receiver import Receiver
from pingback.receive.rounds import Job, Rounds
from pingback.settings import Settings
from pingback.store import Store
from pingback.table import OFF

if TYPE_CHECKING:
    from pingback.receive.deciders.akismet import Akismet
    from pingback.receive.limits import Rate

REVERIFY_EVERY = 60.0  # seconds
REVERIFIED = 4  # mentions at a time: gentle with the sources, and 5,000 a day
SEND_EVERY = 5.0  # seconds between two looks at what is to be sent
SEND_FOR = 300.0  # seconds after which a round begins nothing more
FORGET_EVERY = 3600.0  # seconds
FORGOTTEN = 5000  # rows at a time, in transactions of a thousand
NOTIFY_EVERY = 2.0  # seconds; where there is nothing new, it costs a look at an index

_POLICIES: dict[str, Decide] = {"all": approve, "known": hold}


class Host(NamedTuple):
    """What the program around a site knows better; see `pingback.site.Site`."""

    target_exists: Callable[[str], object] | None
    decide: Decider | None
    clock: Clock


class Parts:
    """What a site is in one process: all that has threads, locks and counts. It does nothing before it is asked to.

    Raises SettingsError where two settings exclude one another, and ValueError for a site that is none.
    """

    def __init__(self, settings: Settings, *, store: Store, client: Client, callbacks: Callbacks, host: Host) -> None:
        self._settings = settings
        self._store = store
        self._client = client
        self._clock = host.clock
        self._callbacks = callbacks
        self._akismet = akismet_for(settings, client) if settings.site or settings.akismet_site else None
        self._notifier = Notifier(store.notifications, _channels(settings, client), clock=host.clock)
        self._receiver = _receiver(settings, store, client, self._akismet, host) if settings.site else None
        if self._receiver is not None:
            self._receiver.settler.on_settled = callbacks.tell
        self._rounds = Rounds(
            [
                Job("verify old mentions anew", REVERIFY_EVERY, self._reverify),
                Job("tell of new mentions", NOTIFY_EVERY, self._tell),
                Job("forget what is old", FORGET_EVERY, self._forget),
            ]
        )
        self._stopped = Event()
        self.publishing = Publishing(
            client=client, store=store, settings=settings, stopped=self._stopped, clock=host.clock
        )
        self._sending = Rounds([Job("send what is due", SEND_EVERY, self._send)])  # which takes its time
        self._learning = Background(quick=1, slow=0)
        if self._akismet is not None:
            store.moderation.on_decision = partial(self._learn, self._akismet)
        if believed := _believed(settings):
            store.moderation.on_their_word = believed
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
        if self._settings.metrics and self.receiver.observer is NOBODY:
            from pingback.server.metrics import Metrics

            self.receiver.settler.observer = Metrics()
        self.start_receiving()
        self.start_sending()
        self.started = self.receiver.settler.running and self._rounds.running and self._sending.running

    def start_receiving(self) -> None:
        """Begin the half of it that is about pings of others."""
        self._begin()
        self.receiver.settler.start()
        self.receiver.settler.wake()
        self._rounds.start()

    def start_sending(self) -> None:
        """Begin the half of it that is about pings to others."""
        self._sending.start()

    def run_due(self, until: float) -> int:
        """What the background does, in this thread, as far as it begins before `until` on the monotonic clock.

        How much there was. Raises StoreError.
        """
        self._begin()
        done = 0
        if self._receiver is not None:
            done = self._receiver.settler.work_off(until=until) + self._reverify(until)
        self._forget()
        return done + self._tell() + self.publishing.send_due(seconds=until - monotonic()).total()

    def close(self) -> None:
        """End it. What Akismet was not told by then is lost to Akismet, and to nobody else."""
        self._stopped.set()
        self._rounds.close()
        if self._receiver is not None:
            self._receiver.close()
        self._learning.close()
        self._sending.close()

    def _begin(self) -> None:
        """There is news from now on. Where that cannot be kept in mind now, it is before anybody is told."""
        with suppress(StoreError):
            self._notifier.begin()
            self._callbacks.begin()

    def _reverify(self, until: float = float("inf")) -> int:
        if not self._settings.reverify_after_days:
            return 0
        after = timedelta(days=self._settings.reverify_after_days)
        return self.receiver.settler.reverify(after=after, most=REVERIFIED, until=until)

    def _forget(self) -> None:
        if self._settings.keep_days:
            instant = self._clock()
            before = instant - timedelta(days=self._settings.keep_days)
            self._store.retention.run(before=before, now=instant, most=FORGOTTEN)

    def _send(self) -> None:
        try:
            self.publishing.send_due(seconds=SEND_FOR)
        except StoreError:
            if not self._stopped.is_set():  # it is closed by now; what was out then is due again later
                raise

    def _tell(self) -> int:
        return self._notifier.tell() + self._callbacks.tell_all()

    def _learn(self, akismet: "Akismet", before: MentionStatus, mention: Mention) -> None:
        """Akismet hears of the owner's decision, in a thread that nobody waits for."""
        with suppress(Busy):
            self._learning.submit((mention.id, mention.status), partial(akismet.learn, before, mention))


def store_for(settings: Settings) -> Store:
    """The store, which is opened when it is used; SettingsError for a URL that is none."""
    try:
        return Store(settings.db, at_once=False)
    except StoreError as error:
        raise SettingsError(f"db: {error}") from error


def decide_for(settings: Settings, store: Store, akismet: "Akismet | None", *, first: Decider | None = None) -> Decide:
    """The host's own decider `first`, known good, heuristics, Akismet; and the policy, when none of them knows.

    The blocks are asked before, by the receiver.
    """
    deciders: list[Decider] = [own_site(settings.site), known_good(store.mentions), suspicious]
    if first is not None:
        deciders.insert(0, first)
    if akismet is not None:
        deciders.append(akismet.decide)
    return in_order(deciders, last=_POLICIES[settings.approve])


def akismet_for(settings: Settings, client: Client) -> "Akismet | None":
    """Akismet, where there is a key for it."""
    if settings.akismet_key is None:
        return None
    site = settings.akismet_site or next(iter(settings.site), None)
    if site is None:
        raise SettingsError("akismet_key: for which site? set akismet_site")
    try:
        from pingback.receive.deciders.akismet import Akismet
    except ImportError as error:
        raise SettingsError(f"akismet_key: pip install 'pingback[akismet]' ({error})") from error
    return Akismet(key=settings.akismet_key, site=site, client=client)


def _receiver(settings: Settings, store: Store, client: Client, akismet: "Akismet | None", host: Host) -> Receiver:
    exists = _targets(settings, store, client, host.target_exists)
    decide = decide_for(settings, store, akismet, first=host.decide)
    return Receiver(
        SitePages(settings.site, target_exists=exists, self_pings=settings.self_pings),
        Moderator(store.blocks, decide=decide, block=settings.block),
        store=store,
        client=client,
        policy=Policy(
            answer_within=settings.answer_within,
            queued=_queued(settings.verify),
            believed=_believed(settings),
            rate=_rate(settings.rate),
            source_rate=_rate(settings.source_rate),
        ),
        clock=host.clock,
    )


def _targets(
    settings: Settings, store: Store, client: Client, known: Callable[[str], object] | None
) -> Callable[[str], object]:
    """Whether a target exists. Where the host does not know, the site is asked, and the store hears what moved."""
    if known is not None:
        if settings.close_after is not None:
            raise SettingsError(
                "close_after: target_exists is asked instead of the site, and may refuse old pages itself"
            )
        return known
    if settings.check_targets:
        close_after = None if settings.close_after is None else timedelta(days=settings.close_after)
        targets = SiteTargets(client, close_after=close_after)
        targets.report_moves(store.moves.keep, site=settings.site)
        return targets
    if settings.close_after is not None:
        raise SettingsError("close_after: the date of a target is on its page; it cannot be without check_targets")
    return everything_exists


def _channels(settings: Settings, client: Client) -> list[Channel]:
    channels: list[Channel] = []
    if settings.notify_mail is not None and settings.site:
        from pingback.net.mail import Mailer

        try:
            mailer = Mailer(settings.smtp_url, ca_bundle=settings.ca_bundle)
        except ValueError as error:
            raise SettingsError(f"smtp_url: {error}") from None
        channels.append(MailChannel(mailer, settings.notify_mail, site=settings.site[0]))
    if settings.notify_webhook is not None and settings.site:
        channels.append(WebhookChannel(client, settings.notify_webhook, secret=settings.notify_secret))
    return channels


def _queued(setting: str | None) -> tuple[Protocol, ...]:
    """The protocols whose pings are answered first, by the setting `verify`; without one, as each has it."""
    return tuple(each.name for each in linkbacks() if setting == "queued" or (setting is None and each.is_queued))


def _believed(settings: Settings) -> tuple[Protocol, ...]:
    """The protocols whose pings stand on the words of their senders, until the owner says more."""
    return on_their_word() if settings.trackback == "unverified" else ()


def _rate(setting: str) -> "Rate | None":
    if setting == OFF:
        return None
    from pingback.receive.limits import Rate  # a library, which only those who limit need

    return Rate(setting)
