"""What `import pingback` offers: the doors of the rooms, with the defaults filled in.

A caller's own mistake is ValueError here; what the far side is and does comes as a value or as a `PingbackError`.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from pingback.model import Endpoint, Outcome, Protocol, Verification, Words
from pingback.net.client import Client
from pingback.receive.verify import verify as verify_with
from pingback.sending.discover import discover as discover_with
from pingback.sending.ping import send as send_with
from pingback.sending.publish import EVERYTHING, Publication, PublishOptions
from pingback.sending.publish import publish as publish_with
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


@cache
def _default_client() -> Client:
    """One for the process, so that connections are reused from call to call."""
    return Client()
