"""What one site's receiver is made of, by its settings: for `serve`, `worker`, `moderate` and `pingback.Receiver`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from pingback.clock import Clock, now
from pingback.errors import SettingsError
from pingback.model import Mention, MentionStatus, Protocol, Words
from pingback.protocols.table import linkbacks
from pingback.receive.background import Background, Busy
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.deciders.known import known_good, own_site
from pingback.receive.existence import SiteTargets, everything_exists
from pingback.receive.moderation import Decide, Decider, approve, hold, in_order
from pingback.receive.observer import NOBODY, Observer
from pingback.receive.receiver import Receiver
from pingback.receive.rounds import Job, Rounds
from pingback.settings import Settings
from pingback.table import OFF

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.receive.channels import Channel
    from pingback.receive.deciders.akismet import Akismet
    from pingback.receive.limits import Rate
    from pingback.store import Store

REVERIFY_EVERY = 60.0  # seconds
REVERIFIED = 4  # mentions at a time: gentle with the sources, and 5,000 a day
NOTIFY_EVERY = 2.0  # seconds; where there is nothing new, it costs a look at an index

_POLICIES: dict[str, Decide] = {"all": approve, "known": hold}


class SiteReceiver(Receiver):
    """The receiver that the settings ask for. `close` ends all that it began, and its store if it opened that itself.

    `target_exists` is asked instead of the site. `decide` is asked first of all deciders, but after the blocks. What
    waits in the store, and what comes round (`rounds_for`), is taken up from the first ping on, or from `resume`.
    Raises SettingsError where two settings exclude one another, ValueError for a site that is none, and StoreError.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        client: "Client",
        store: "Store | None" = None,
        target_exists: Callable[[str], object] | None = None,
        decide: Decider | None = None,
        observer: Observer = NOBODY,
        clock: Clock = now,
    ) -> None:
        from pingback.store import Store  # a database, which only receivers need

        if target_exists is not None and settings.close_after is not None:
            raise SettingsError(
                "close_after: target_exists is asked instead of the site, and may refuse old pages itself"
            )
        with ExitStack() as ends:
            kept = ends.enter_context(Store(settings.db)) if store is None else store
            akismet = akismet_for(settings, client)
            ends.enter_context(taught(akismet, kept))
            super().__init__(
                site=settings.site,
                store=kept,
                client=client,
                target_exists=targets_for(settings, client, kept) if target_exists is None else target_exists,
                decide=decide_for(settings, kept, akismet, first=decide),
                block=settings.block,
                self_pings=settings.self_pings,
                answer_within=settings.answer_within,
                queued=_queued(settings.verify),
                verify_trackbacks=settings.trackback == "verified",
                observer=observer,
                rate=_rate(settings.rate),
                source_rate=_rate(settings.source_rate),
                clock=clock,
            )
            ends.callback(super().close)
            self.settings = settings
            self.rounds = rounds_for(settings, self, client)
            ends.callback(self.rounds.close)
            self._ends = ends.pop_all()

    def ping(
        self,
        source: str,
        target: str,
        *,
        client_ip: str | None = None,
        protocol: Protocol = Protocol.PINGBACK,
        words: Words | None = None,
    ) -> Mention:
        if not self.rounds.running:
            self.rounds.start()
            self._schedule.wake()
        return super().ping(source, target, client_ip=client_ip, protocol=protocol, words=words)

    def resume(self) -> None:
        self.rounds.start()
        super().resume()

    def close(self) -> None:
        self._ends.close()


def targets_for(settings: Settings, client: "Client", store: "Store") -> Callable[[str], bool]:
    """Whether a target exists: the site is asked, and the store hears which pages moved."""
    if settings.check_targets:
        close_after = None if settings.close_after is None else timedelta(days=settings.close_after)
        targets = SiteTargets(client, close_after=close_after)
        targets.report_moves(store.moves.keep, site=settings.site)
        return targets
    if settings.close_after is not None:
        raise SettingsError("close_after: the date of a target is on its page; it cannot be without check_targets")
    return everything_exists


def decide_for(
    settings: Settings, store: "Store", akismet: "Akismet | None", *, first: Decider | None = None
) -> Decide:
    """The host's own decider `first`, known good, heuristics, Akismet; and the policy, when none of them knows.

    The blocks are asked before, by the receiver.
    """
    deciders: list[Decider] = [own_site(settings.site), known_good(store.moderation), suspicious]
    if first is not None:
        deciders.insert(0, first)
    if akismet is not None:
        deciders.append(akismet.decide)
    return in_order(deciders, last=_POLICIES[settings.approve])


def akismet_for(settings: Settings, client: "Client") -> "Akismet | None":
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


@contextmanager
def taught(akismet: "Akismet | None", store: "Store") -> Iterator[None]:
    """Akismet hears of the owner's decisions, in a thread that nobody waits for.

    What it was not told when the context ends is lost to Akismet, and to nobody else.
    """
    if akismet is None:
        yield
        return
    background = Background(quick=1, slow=0)

    def learn(before: MentionStatus, mention: Mention) -> None:
        with suppress(Busy):
            background.submit((mention.id, mention.status), partial(akismet.learn, before, mention))

    store.moderation.on_decision = learn
    try:
        yield
    finally:
        background.close()


def rounds_for(settings: Settings, receiver: Receiver, client: "Client") -> Rounds:
    """What is done now and then: old mentions are verified anew, and the owner hears of new ones."""
    jobs = []
    if settings.reverify_after_days:
        after = timedelta(days=settings.reverify_after_days)
        reverify = partial(receiver.reverify, after=after, most=REVERIFIED)
        jobs.append(Job("verify old mentions anew", REVERIFY_EVERY, reverify))
    if channels := _channels(settings, client):
        from pingback.receive.notifier import Notifier

        notifier = Notifier(receiver.store, channels)
        jobs.append(Job("tell the owner of new mentions", NOTIFY_EVERY, notifier.tell))
    return Rounds(jobs)


def _channels(settings: Settings, client: "Client") -> "list[Channel]":
    channels: list[Channel] = []
    if settings.notify_mail is not None:
        from pingback.net.mail import Mailer
        from pingback.receive.channels import MailChannel

        try:
            mailer = Mailer(settings.smtp_url, ca_bundle=settings.ca_bundle)
        except ValueError as error:
            raise SettingsError(f"smtp_url: {error}") from None
        channels.append(MailChannel(mailer, settings.notify_mail, site=settings.site[0]))
    if settings.notify_webhook is not None:
        from pingback.receive.channels import WebhookChannel

        channels.append(WebhookChannel(client, settings.notify_webhook, secret=settings.notify_secret))
    return channels


def _queued(setting: str | None) -> tuple[Protocol, ...]:
    """The protocols whose pings are answered first, by the setting `verify`; without one, as each has it."""
    return tuple(each.name for each in linkbacks() if setting == "queued" or (setting is None and each.is_queued))


def _rate(setting: str) -> "Rate | None":
    if setting == OFF:
        return None
    from pingback.receive.limits import Rate  # a library, which only those who limit need

    return Rate(setting)
