"""What `import pingback` offers: the doors of the rooms, with the defaults filled in.

A caller's own mistake is ValueError here; what the far side is and does comes as a value or as a `PingbackError`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from pingback.clock import Clock, now
from pingback.model import Endpoint, Outcome, Protocol, Verification, Words
from pingback.net.client import Client
from pingback.receive import receiver as receive
from pingback.receive.existence import everything_exists
from pingback.receive.moderation import Decide, approve
from pingback.receive.observer import NOBODY, Observer
from pingback.receive.verify import verify as verify_with
from pingback.sending.discover import discover as discover_with
from pingback.sending.ping import send as send_with
from pingback.sending.publish import EVERYTHING, Publication, Wishes
from pingback.sending.publish import publish as publish_with
from pingback.urls import require_absolute, require_http

if TYPE_CHECKING:
    from pingback.receive.limits import Rate
    from pingback.store import Store


def discover(target: str, *, client: Client | None = None) -> list[Endpoint]:
    """The endpoints that the target's page advertises, the preferred one first; see `pingback.sending.discover`.

    Raises `Blocked`, `Unreachable` or `BadStatus` when there is no page to look at, ValueError for a relative target.
    """
    return list(discover_with(require_absolute(target), client=client or _default_client()).endpoints)


def send(
    source: str,
    target: str,
    *,
    protocol: Protocol | None = None,
    words: Words | None = None,
    client: Client | None = None,
) -> Outcome:
    """Tell the target's site that the source links to it; see `pingback.sending.ping`.

    Raises ValueError unless both are absolute and the source is an HTTP URL; all else is in the outcome.
    """
    return send_with(
        require_http(source),
        require_absolute(target),
        protocol=protocol,
        words=words,
        client=client or _default_client(),
    )


def publish(
    source: str,
    html: str | bytes | None = None,
    *,
    wishes: Wishes = EVERYTHING,
    client: Client | None = None,
    store: "Store | str" = "sqlite:///pingback.db",
) -> Iterator[Outcome]:
    """The publish hook: tell every page that the post at `source` links to; see `pingback.sending.publish`.

    `html` is the post's page, or the post alone, where that is at hand; the page is asked for all the same, as nothing
    is sent for a post that the public cannot read. Nothing happens before the outcomes are asked for. Raises ValueError
    where the source is not an absolute HTTP URL, and StoreError.
    """
    page = html.encode("utf-8", "replace") if isinstance(html, str) else html
    publication = Publication(
        source=require_http(source),
        page=None if page is None else lambda: page,
        content_type="text/html; charset=utf-8" if isinstance(html, str) else None,
    )
    return _published(publication, wishes=wishes, client=client or _default_client(), store=store)


def _published(publication: Publication, *, wishes: Wishes, client: Client, store: "Store | str") -> Iterator[Outcome]:
    from pingback.store import Store  # a database, which only those who remember need

    if not isinstance(store, str):
        yield from publish_with([publication], client=client, outbox=store.outbox, wishes=wishes)
        return
    with Store(store) as own:
        yield from publish_with([publication], client=client, outbox=own.outbox, wishes=wishes)


def verify(
    source: str, target: str, *, protocol: Protocol = Protocol.PINGBACK, client: Client | None = None
) -> Verification:
    """Whether the source links to the target, and what it says of itself; see `pingback.receive.verify`.

    Raises `Blocked`, `Unreachable` or `BadStatus` when there is no source to look at, ValueError unless both are
    absolute and the target is an HTTP URL.
    """
    return verify_with(
        require_absolute(source), require_http(target), client=client or _default_client(), protocol=protocol
    )


class Receiver(receive.Receiver):
    """`pingback.receive.receiver.Receiver`, which opens its own store when `store` is a URL, and closes it too.

    `rate` and `source_rate` are texts like `60/minute; 300/hour`; ValueError for others.
    """

    def __init__(
        self,
        *,
        site: str | Sequence[str],
        store: "Store | str" = "sqlite:///pingback.db",
        client: Client | None = None,
        target_exists: Callable[[str], bool] = everything_exists,
        decide: Decide = approve,
        block: Iterable[str] = (),
        self_pings: bool = True,
        answer_within: float | None = None,
        queued: Collection[Protocol] = (),
        verify_trackbacks: bool = True,
        observer: Observer = NOBODY,
        rate: str | None = None,
        source_rate: str | None = None,
        clock: Clock = now,
    ) -> None:
        from pingback.store import Store  # a database, which only receivers need

        self._own_store = None
        if isinstance(store, str):
            store = self._own_store = Store(store)
        try:
            super().__init__(
                site=site,
                store=store,
                client=client or _default_client(),
                target_exists=target_exists,
                decide=decide,
                block=block,
                self_pings=self_pings,
                answer_within=answer_within,
                queued=queued,
                verify_trackbacks=verify_trackbacks,
                observer=observer,
                rate=_rate(rate),
                source_rate=_rate(source_rate),
                clock=clock,
            )
        except BaseException:
            if self._own_store is not None:
                self._own_store.close()
            raise

    def close(self) -> None:
        """Stop what runs in the background, and close the store if it is our own."""
        super().close()
        if self._own_store is not None:
            self._own_store.close()


def _rate(text: str | None) -> "Rate | None":
    if text is None:
        return None
    from pingback.receive.limits import Rate  # a library, which only those who limit need

    return Rate(text)


@cache
def _default_client() -> Client:
    """One for the process, so that connections are reused from call to call."""
    return Client()
