"""What `import pingback` offers: the doors of the rooms, with the defaults filled in.

A caller's own mistake is ValueError here; what the far side is and does comes as a value or as a `PingbackError`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from pingback.doctor import CheckUp
from pingback.doctor import examine as examine_with
from pingback.errors import NoMatch
from pingback.model import Endpoint, Outcome, Protocol, Verification, Words
from pingback.net.client import Client
from pingback.page.entry import read_post
from pingback.publishing import Publishing
from pingback.receive.verify import verify as verify_with
from pingback.sending.discover import discover as discover_with
from pingback.sending.ping import send as send_with
from pingback.sending.publications import of_html
from pingback.sending.values import EVERYTHING, PublishOptions
from pingback.urls import require_absolute, require_http

if TYPE_CHECKING:
    from pingback.store import Store


def discover(target: str, *, client: Client | None = None) -> list[Endpoint]:
    """The endpoints that the target's page advertises, the preferred one first; see `pingback.sending.discover`.

    Raises `Blocked`, `Unreachable` or `BadStatus` when there is no page to look at, ValueError for a relative target.
    """
    return list(discover_with(require_absolute(target), client=client or _default_client()).endpoints)


def links(
    source: str, html: str | bytes | None = None, *, selector: str | None = None, client: Client | None = None
) -> list[str]:
    """The outbound links of the post at `source` that `publish` would ping, in document order, each once.

    `html` is the post's page where that is at hand; nothing is fetched then. `selector` is CSS for the post within its
    page. ValueError for a source that is not an absolute HTTP URL, and for a selector that is not CSS; otherwise raises
    `Blocked`, `Unreachable` or `BadStatus`, and `NoMatch` where the selector finds nothing.
    """
    page = of_html(require_http(source), html)
    if page.page is not None:
        post = read_post(page.page(), url=source, content_type=page.content_type, selector=selector)
    else:
        with (client or _default_client()).get(source) as response:
            response.require_success()
            post = read_post(response.read(), url=response.url, content_type=response.content_type, selector=selector)
    if post.unmatched is not None:
        raise NoMatch(source, post.unmatched)
    return [link.target for link in post.links]


def examine(url: str, *, client: Client | None = None) -> CheckUp:
    """What is right and wrong with the page at `url` and its endpoints, seen from outside; see `pingback.doctor`.

    Raises `Blocked` and `Unreachable` when there is no page to look at, ValueError for a relative URL.
    """
    return examine_with(require_absolute(url), client=client or _default_client())


def send(
    source: str,
    target: str,
    *,
    protocol: Protocol | None = None,
    endpoint: str | None = None,
    words: Words | None = None,
    client: Client | None = None,
) -> Outcome:
    """Tell the target's site that the source links to it; see `pingback.sending.ping`.

    Raises ValueError unless both are absolute and the source is an HTTP URL, and for an `endpoint` that is none or
    has no `protocol`; all else is in the outcome.
    """
    return send_with(
        require_http(source),
        require_absolute(target),
        protocol=protocol,
        endpoint=endpoint,
        words=words,
        client=client or _default_client(),
    )


def publish(
    source: str,
    html: str | bytes | None = None,
    *,
    options: PublishOptions = EVERYTHING,
    on_outcome: Callable[[Outcome], object] | None = None,
    client: Client | None = None,
    store: "Store | str" = "sqlite:///pingback.db",
) -> list[Outcome]:
    """The publish hook: tell every page that the post at `source` links to; see `pingback.publishing`.

    All is done when it returns; `on_outcome` hears of each ping as it is known, and may raise to end this early: what
    went out by then is recorded. `html` is the post's page, or the post alone, where that is at hand; the page is asked
    for all the same, as nothing is sent for a post that the public cannot read. Raises ValueError where the source is
    not an absolute HTTP URL, and StoreError.
    """
    require_http(source)
    with _opened(store) as kept:
        publishing = Publishing(client=client or _default_client(), store=kept)
        return publishing.publish(source, html, options=options, on_outcome=on_outcome)


@contextmanager
def _opened(store: "Store | str") -> "Iterator[Store]":
    """The store; one that is given by its URL is closed in the end."""
    from pingback.store import Store  # a database, which only those who remember need

    if isinstance(store, str):
        with Store(store) as own:
            yield own
    else:
        yield store


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
