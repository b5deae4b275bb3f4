"""What `serve`, `worker` and `moderate` share: the deciders, as the settings want them, and Akismet."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from pingback.errors import SettingsError
from pingback.model import Mention, MentionStatus
from pingback.receive.background import Background, Busy
from pingback.receive.deciders.heuristics import suspicious
from pingback.receive.deciders.known import known_good, own_site
from pingback.receive.moderation import Decide, Decider, approve, hold, in_order
from pingback.settings import Settings

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.receive.deciders.akismet import Akismet
    from pingback.store import Store

_POLICIES: dict[str, Decide] = {"all": approve, "known": hold}


def decide_for(settings: Settings, store: "Store", akismet: "Akismet | None") -> Decide:
    """Known good, heuristics, Akismet, in this order; and the policy, when none of them knows.

    The blocks are asked before, by the receiver.
    """
    deciders: list[Decider] = [own_site(settings.site), known_good(store.moderation), suspicious]
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
