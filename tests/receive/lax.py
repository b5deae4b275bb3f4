"""A receiver that takes and shows whatever links, at once and in the caller's thread, for tests of something else."""

from collections.abc import Callable, Iterable
from typing import Any

from pingback.clock import Clock, now
from pingback.net.client import Client
from pingback.protocols.table import on_their_word
from pingback.receive import receiver
from pingback.receive.existence import everything_exists
from pingback.receive.moderation import Decide, Moderator, approve
from pingback.receive.observer import NOBODY, Observer
from pingback.receive.pages import SitePages
from pingback.receive.policy import Policy
from pingback.store import Store

_LAX: dict[str, Any] = {
    "answer_within": None,
    "queued": (),
    "believed": (),
    "rate": None,
    "source_rate": None,
}


class Receiver(receiver.Receiver):
    """`pingback.receive.receiver.Receiver`, where what it is not given limits and hides nothing."""

    def __init__(
        self,
        *,
        site: str | Iterable[str],
        store: Store,
        client: Client,
        target_exists: Callable[[str], object] = everything_exists,
        decide: Decide = approve,
        block: Iterable[str] = (),
        self_pings: bool = True,
        observer: Observer = NOBODY,
        verify_trackbacks: bool = True,
        clock: Clock = now,
        **policy: Any,
    ) -> None:
        if not verify_trackbacks:
            policy["believed"] = store.moderation.on_their_word = on_their_word()
        super().__init__(
            SitePages(site, target_exists=target_exists, self_pings=self_pings),
            Moderator(store.blocks, decide=decide, block=block),
            store=store,
            client=client,
            policy=Policy(**(_LAX | policy)),
            clock=clock,
        )
        self.settler.observer = observer
