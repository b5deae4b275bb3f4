"""What the settings choose: the deciders, limits, channels and the like that a site is made with."""

from collections.abc import Callable
from datetime import timedelta
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

from pingback.errors import SettingsError, StoreError
from pingback.model import REACTIONS, Protocol
from pingback.net.client import Client
from pingback.protocols.table import linkbacks, on_their_word
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.deciders.known import known_good, own_site
from pingback.receive.existence import HostTargets, SiteTargets, everything_exists
from pingback.receive.moderation import Decide, Decider, approve, hold, in_order
from pingback.receive.notifier import Channel, MailChannel, WebhookChannel
from pingback.receive.pages import TargetExists
from pingback.receive.policy import Policy
from pingback.settings import Settings
from pingback.store import Store
from pingback.table import OFF

if TYPE_CHECKING:
    from pingback.jobs.brokers import DramatiqQueue
    from pingback.jobs.limits import Rate, SharedCount
    from pingback.receive.deciders.akismet import Akismet

_POLICIES: dict[str, Decide] = {"all": approve, "known": hold}


def check_callable(name: str, called: object) -> None:
    """What a coroutine function gives is true, and nothing happens: `target_exists` would let every target pass."""
    if not callable(called) or iscoroutinefunction(called) or iscoroutinefunction(type(called).__call__):
        raise TypeError(f"{name} takes a plain function, which is called in a thread, and not {called!r}")


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
    deciders: list[Decider] = [own_site(settings.site), known_good(store.mentions, relays=settings.relays), suspicious]
    if first is not None:
        deciders.insert(0, first)
    if akismet is not None:
        deciders.append(akismet.decide)
    words = _POLICIES[settings.approve]
    reactions = _POLICIES[settings.approve_reactions or settings.approve]
    return in_order(deciders, last=lambda mention: (reactions if mention.kind in REACTIONS else words)(mention))


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


def policy_for(settings: Settings, shared: "SharedCount | None") -> Policy:
    return Policy(
        answer_within=settings.answer_within,
        queued=tuple(
            each.name
            for each in linkbacks()
            if settings.verify == "queued" or (settings.verify is None and each.is_queued)  # else as each has it
        ),
        believed=believed(settings),
        rate=rate_for(settings.rate, shared, of="senders"),
    )


def targets_for(
    settings: Settings, store: Store, client: Client, known: Callable[[str], object] | None
) -> TargetExists:
    """Whether a target exists. Where the host does not know, the site is asked, and the store hears what moved."""
    if known is not None:
        if settings.close_after is not None:
            raise SettingsError(
                "close_after: target_exists is asked instead of the site, and may refuse old pages itself"
            )
        return HostTargets(known)
    if settings.check_targets:
        close_after = None if settings.close_after is None else timedelta(days=settings.close_after)
        targets = SiteTargets(client, close_after=close_after)
        targets.report_moves(store.moves.keep, site=settings.site)
        return targets
    if settings.close_after is not None:
        raise SettingsError("close_after: the date of a target is on its page; it cannot be without check_targets")
    return everything_exists


def channels_for(settings: Settings, client: Client) -> list[Channel]:
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


def believed(settings: Settings) -> tuple[Protocol, ...]:
    """The protocols whose pings stand on the words of their senders, until the owner says more."""
    return on_their_word() if settings.trackback == "unverified" else ()


def queue_for(broker: str | None) -> "DramatiqQueue | None":
    if broker is None:
        return None
    try:
        from pingback.jobs.brokers import DramatiqQueue  # a library, which only those with a broker have

        return DramatiqQueue(broker)
    except ImportError as error:
        raise SettingsError(f"broker: pip install 'pingback[dramatiq]' ({error})") from error


def rate_for(setting: str, shared: "SharedCount | None", *, of: str) -> "Rate | None":
    if setting == OFF:
        return None
    from pingback.jobs.limits import Rate  # a library, which only those who limit need

    return Rate(setting, shared, of=of)


def shared_limits(settings: Settings, store: Store) -> "SharedCount | None":
    """What all processes count together."""
    if settings.limits is None and store.is_local:
        return None
    from pingback.jobs.limits import shared_count

    return shared_count(settings.limits, store)
