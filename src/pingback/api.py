"""What `import pingback` offers: the doors of the rooms, with the defaults filled in.

A caller's own mistake is ValueError here; what the far side is and does comes as a value or as a `PingbackError`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from pingback.clock import Clock, now
from pingback.errors import SettingsError
from pingback.model import Endpoint, Outcome, Protocol, Verification, Words
from pingback.net.client import Client
from pingback.receive.moderation import Decider
from pingback.receive.observer import NOBODY, Observer
from pingback.receive.verify import verify as verify_with
from pingback.sending.discover import discover as discover_with
from pingback.sending.ping import send as send_with
from pingback.sending.publish import EVERYTHING, Publication, PublishOptions
from pingback.sending.publish import publish as publish_with
from pingback.settings import DEFAULTS, Approve, Trackback, Verify, given
from pingback.site import SiteReceiver
from pingback.urls import require_absolute, require_http

if TYPE_CHECKING:
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
    options: PublishOptions = EVERYTHING,
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
    return _published(publication, options=options, client=client or _default_client(), store=store)


def _published(
    publication: Publication, *, options: PublishOptions, client: Client, store: "Store | str"
) -> Iterator[Outcome]:
    from pingback.store import Store  # a database, which only those who remember need

    if not isinstance(store, str):
        yield from publish_with([publication], client=client, outbox=store.outbox, options=options)
        return
    with Store(store) as own:
        yield from publish_with([publication], client=client, outbox=own.outbox, options=options)


def verify(source: str, target: str, *, protocol: Protocol | None = None, client: Client | None = None) -> Verification:
    """Whether the source links to the target, and what it says of itself; see `pingback.receive.verify`.

    Without a protocol the rules of any of the three count: Webmention takes plain text and JSON as well.
    Raises `Blocked`, `Unreachable` or `BadStatus` when there is no source to look at, ValueError unless both are
    absolute and the target is an HTTP URL.
    """
    return verify_with(
        require_absolute(source), require_http(target), client=client or _default_client(), protocol=protocol
    )


class Receiver(SiteReceiver):
    """Takes pings for the pages under `site`, as safely as `pingback serve` does; see `pingback.receive.receiver`.

    A keyword that is a setting of `serve`, too, has its name, its values and its default (docs/reference.md); `rate`
    and `source_rate` are texts like `60/minute; 300/hour`, or `off`. What the host knows better than we do:

    `target_exists` is given a target under the site and says whether there is such a page, by the page or a boolean:
    what is false, None or empty is fault 32, and it may raise a `Fault` of its own. Without it the site is asked.
    `decide` says what becomes of a mention that was verified; None leaves it to the deciders of `serve`.

    `store` is a `Store`, or the URL of one that is opened here and closed by `close`. Nothing runs before the first
    ping; from then on threads verify what had to wait, also since before a restart, and look at old mentions again.
    Raises ValueError for a value that cannot be used, and StoreError.
    """

    def __init__(
        self,
        *,
        site: str | Iterable[str],
        store: "Store | str" = DEFAULTS.db,
        client: Client | None = None,
        target_exists: Callable[[str], object] | None = None,
        check_targets: bool = DEFAULTS.check_targets,
        close_after: float | None = DEFAULTS.close_after,
        decide: Decider | None = None,
        approve: Approve = DEFAULTS.approve,
        block: Iterable[str] = DEFAULTS.block,
        self_pings: bool = DEFAULTS.self_pings,
        verify: Verify | None = DEFAULTS.verify,
        answer_within: float = DEFAULTS.answer_within,
        trackback: Trackback = DEFAULTS.trackback,
        rate: str = DEFAULTS.rate,
        source_rate: str = DEFAULTS.source_rate,
        reverify_after_days: float = DEFAULTS.reverify_after_days,
        observer: Observer = NOBODY,
        clock: Clock = now,
    ) -> None:
        settings = given(
            db=store if isinstance(store, str) else DEFAULTS.db,
            site=(site,) if isinstance(site, str) else tuple(site),
            check_targets=check_targets,
            close_after=close_after,
            approve=approve,
            block=(block,) if isinstance(block, str) else tuple(block),
            self_pings=self_pings,
            verify=verify,
            answer_within=answer_within,
            trackback=trackback,
            rate=rate,
            source_rate=source_rate,
            reverify_after_days=reverify_after_days,
        )
        try:
            super().__init__(
                settings,
                store=None if isinstance(store, str) else store,
                client=client or _default_client(),
                target_exists=target_exists,
                decide=decide,
                observer=observer,
                clock=clock,
            )
        except SettingsError as error:
            raise ValueError(str(error)) from error


@cache
def _default_client() -> Client:
    """One for the process, so that connections are reused from call to call."""
    return Client()
