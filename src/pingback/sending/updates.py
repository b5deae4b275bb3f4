"""Tells those who follow a whole blog that it has something new: update services, and the hubs of its feed.

Update services take `weblogUpdates.extendedPing` or, before that, `weblogUpdates.ping` by XML-RPC, as Ping-O-Matic and
its kin do. A WebSub hub takes a form that names the feed (WebSub §6: how is left to publisher and hub; this is the way
that hubs took when the protocol was PubSubHubbub).

Each is told once and not again: the next post is news that covers this one. Where a ping would be tried again, an
update is therefore `gone`.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pingback.errors import BadResponse, Blocked, Fault, FaultCode, FetchError
from pingback.model import Outcome, OutcomeStatus
from pingback.protocols.forms import FORM, encode_form
from pingback.protocols.linkback import OF_STATUS
from pingback.protocols.xmlrpc import MAX_BODY, Value, decode_response, encode_call
from pingback.text import plain, shorten
from pingback.urls import key_of, origin_of, shown, split

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.posts.values import Feed

LONGEST_MESSAGE = 300  # characters of what a service says

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A post that is new or changed, and the name of its site, where its page says it."""

    source: str
    site_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blog:
    """What is told to be new: `url` is its home page, `changed` a page that changed.

    `feed` is that of the blog, and `hubs` are those that the feed names.
    """

    name: str
    url: str
    changed: str
    feed: str | None = None
    hubs: tuple[str, ...] = ()


def blogs_with_news(news: Collection[News], feeds: Iterable["Feed"]) -> Iterator[Blog]:
    """What is to be told: each feed that has one of the posts, by the first of them, and the sites of all others.

    A site of which a feed has news is told by that feed alone: with a post, its front page and its archives change.
    """
    told: set[str] = set()
    for feed in feeds:
        pages = {key_of(entry.url) for entry in feed.entries}
        own = [each for each in news if key_of(each.source) in pages]
        if own:
            told.update(origin_of(each.source) for each in own)
            yield _blog_of(own[0], home=feed.home, feed=feed.topic or feed.url, hubs=feed.hubs)
    for each in news:
        if origin_of(each.source) not in told:
            told.add(origin_of(each.source))
            yield _blog_of(each)


def _blog_of(news: News, *, home: str | None = None, feed: str | None = None, hubs: tuple[str, ...] = ()) -> Blog:
    return Blog(
        name=news.site_name or split(news.source).host,
        url=home or f"{origin_of(news.source)}/",
        changed=news.source,
        feed=feed,
        hubs=hubs,
    )


def tell_of(blog: Blog, *, services: Iterable[str], websub: bool, client: "Client") -> Iterator[Outcome]:
    """Tell each update service and, with `websub`, each hub, one by one; the outcome's target is who was told."""
    for service in services:
        yield _logged(service, _tell_service(blog, service, client=client))
    if websub and blog.feed is not None:
        for hub in blog.hubs:
            yield _logged(hub, _tell_hub(blog, hub, client=client))


def _tell_service(blog: Blog, service: str, *, client: "Client") -> Outcome:
    """By the call that says more; where a service does not know it, by the one that all of them know."""
    extended = ["weblogUpdates.extendedPing", blog.name, blog.url, blog.changed, *([blog.feed] if blog.feed else [])]
    outcome = _call(blog, service, extended, client=client)
    if outcome.fault != FaultCode.NO_SUCH_METHOD:
        return outcome
    return _call(blog, service, ["weblogUpdates.ping", blog.name, blog.url], client=client)


def _call(blog: Blog, service: str, call: Sequence[str], *, client: "Client") -> Outcome:
    method, *params = call
    try:
        with client.post(service, encode_call(method, params), content_type="text/xml") as response:
            status, body = response.status, response.read(MAX_BODY + 1)
        return _of_service(blog, service, decode_response(body))
    except Fault as fault:
        return _outcome(blog, service, OutcomeStatus.REFUSED, fault.message or "refused", fault.code)
    except BadResponse as error:
        refused = OutcomeStatus.FAILED if 200 <= status < 300 else OutcomeStatus.REFUSED
        return _outcome(blog, service, OF_STATUS.get(status, refused), f"{service} gave no XML-RPC: {error}", status)
    except FetchError as error:
        return _unreached(blog, service, error)


def _of_service(blog: Blog, service: str, value: Value) -> Outcome:
    """The answer is a struct: `flerror` is true where the ping was not taken, `message` is for a person."""
    said = value if isinstance(value, Mapping) else {}
    # Some write it as an integer, and some as a string.
    refused = said.get("flerror") not in (False, 0, "0", "", None)
    status = OutcomeStatus.REFUSED if refused else OutcomeStatus.ACCEPTED
    message = said.get("message")
    return _outcome(blog, service, status, message if isinstance(message, str) and message else status)


def _tell_hub(blog: Blog, hub: str, *, client: "Client") -> Outcome:
    form = encode_form({"hub.mode": "publish", "hub.url": blog.feed or "", "hub.topic": blog.feed or ""})
    try:
        with client.post(hub, form, content_type=FORM) as response:
            status = response.status
    except FetchError as error:
        return _unreached(blog, hub, error)
    if 200 <= status < 300:
        return _outcome(blog, hub, OutcomeStatus.ACCEPTED, "accepted")
    refused = OF_STATUS.get(status, OutcomeStatus.REFUSED)
    return _outcome(blog, hub, refused, f"{hub} answered with HTTP status {status}", status)


def _unreached(blog: Blog, service: str, error: FetchError) -> Outcome:
    blocked = isinstance(error, Blocked)
    return _outcome(blog, service, OutcomeStatus.BLOCKED if blocked else OutcomeStatus.FAILED, str(error))


def _outcome(blog: Blog, service: str, status: OutcomeStatus, message: str, fault: int | None = None) -> Outcome:
    """What became of an update: its first try is the last."""
    if status is OutcomeStatus.FAILED:
        status = OutcomeStatus.GONE
    return Outcome(
        source=blog.changed,
        target=service,
        endpoint=service,
        status=status,
        message=shorten(plain(message), LONGEST_MESSAGE),
        fault=fault,
        attempts=int(status is not OutcomeStatus.BLOCKED),
    )


def _logged(service: str, outcome: Outcome) -> Outcome:
    log.info("update of %r to %r: %s, %s", shown(outcome.source), shown(service), outcome.status, outcome.message)
    return outcome
