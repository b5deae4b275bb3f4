"""One ping: find the target's endpoints, deliver to the first that is there, and say what became of it."""

import logging
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pingback.errors import BadStatus, Blocked, FetchError, NoSuchHost, Unreachable
from pingback.model import Discovery, Endpoint, Outcome, OutcomeStatus, Protocol, Via, Words
from pingback.page.about import read_mention
from pingback.page.entry import read_post
from pingback.protocols.linkback import OF_STATUS, Answer, Linkback
from pingback.protocols.table import EVERY, linkback_of
from pingback.protocols.xmlrpc import MAX_BODY
from pingback.sending.discover import discover
from pingback.text import plain, shorten
from pingback.urls import require_http, shown

if TYPE_CHECKING:
    from pingback.net.client import Client

LONGEST_MESSAGE = 300  # characters of what the far side says
LONGEST_EXCHANGE = 4096  # characters of what went over the wire that are kept to show why

_GONE = 410  # by the target's own word it does not come back

log = logging.getLogger(__name__)


class Delivery(NamedTuple):
    """What became of a ping, and what the next try should know.

    `retry_after` is the far side's `Retry-After` as it was written; `exchange` is the last request and its answer, as
    text for a person. `absent`: the endpoint is none, after all. `ages`: another day may bring another outcome.
    """

    outcome: Outcome
    retry_after: str | None = None
    exchange: str | None = None
    absent: bool = False
    ages: bool = False


def send(
    source: str,
    target: str,
    *,
    client: "Client",
    protocol: Protocol | None = None,
    endpoint: str | None = None,
    words: Words | None = None,
) -> Outcome:
    """Tell the target of the source, by `protocol` or the one it prefers. May run twice: then it is `already` there.

    With `endpoint`, an address that a person was given, the target is not asked; it takes a protocol.

    `words` are what is said of the source, by a protocol that carries words; without them they are taken from its page.
    An endpoint that turns out not to be there (404, 405, 410, no such method) leads on to the target's next one; one
    that says no does not. Blocks for a GET and a POST, each within the client's limits, and more where endpoints are
    not there. What the far side says and what keeps us from it are in the outcome; nothing is raised for them.
    ValueError for an endpoint that is no absolute HTTP URL, or without a protocol.
    """
    wanted = EVERY if protocol is None else (protocol,)
    try:
        found = given(target, endpoint, protocol) if endpoint else discover(target, client=client, wanted=wanted)
    except FetchError as error:
        outcome = unfound(source, target, error)
    else:
        outcome = deliver(source, found, client=client, wanted=wanted, words=words).outcome
    log_outcome(outcome)
    return outcome


def given(target: str, endpoint: str, protocol: Protocol | None) -> Discovery:
    """What would have been found at the target, where somebody knows its endpoint."""
    if protocol is None:
        raise ValueError("an endpoint is not enough: it needs a protocol")
    known = Endpoint(protocol=protocol, url=require_http(endpoint), via=Via.LINK)
    return Discovery(target=target, url=target, endpoints=(known,))


def log_outcome(outcome: Outcome) -> None:
    """One line for a ping that was sent, with its parts as fields."""
    parts = (shown(outcome.source), shown(outcome.target or ""), outcome.status, outcome.message)
    fields: dict[str, object] = dict(zip(("source", "target", "outcome", "said"), parts, strict=True))
    fields |= {"protocol": outcome.protocol, "fault": outcome.fault, "attempts": outcome.attempts}
    log.info("ping from %r to %r: %s, %s", *parts, extra=fields)


def unfound(source: str, target: str, error: FetchError) -> Outcome:
    """The outcome where the target gave no page to look for endpoints in."""
    outcome = partial(Outcome, source=source, target=target, message=plain(str(error)))
    if isinstance(error, Blocked):
        return outcome(status=OutcomeStatus.BLOCKED)
    if isinstance(error, BadStatus):
        return outcome(status=OF_STATUS.get(error.status, OutcomeStatus.UNSUPPORTED), fault=error.status)
    return outcome(status=OutcomeStatus.FAILED)


def undelivered(source: str, target: str, error: FetchError) -> Delivery:
    """What became of a ping whose target gave no page to look for endpoints in."""
    outcome = unfound(source, target, error)
    return Delivery(
        outcome,
        retry_after=error.retry_after if isinstance(error, BadStatus) else None,
        exchange=_on_paper(f"GET {target}", f"HTTP {error.status}" if isinstance(error, BadStatus) else str(error)),
        ages=isinstance(error, NoSuchHost) or (outcome.status is OutcomeStatus.UNSUPPORTED and outcome.fault != _GONE),
    )


def deliver(
    source: str,
    found: Discovery,
    *,
    client: "Client",
    wanted: Collection[Protocol] = EVERY,
    words: Words | None = None,
) -> Delivery:
    """Tell the first of the target's endpoints that is there; `attempts` counts all that were told."""
    delivery, attempts = Delivery(unsupported(source, found.target, wanted), ages=True), 0
    for endpoint in found.endpoints:
        linkback = linkback_of(endpoint.protocol) if endpoint.protocol in wanted else None
        if linkback is None:
            continue
        delivery = _deliver(source, found.target, endpoint, linkback, client=client, words=words)
        attempts += delivery.outcome.attempts
        if not delivery.absent:
            break
    return delivery._replace(outcome=replace(delivery.outcome, attempts=attempts))


def unsupported(source: str, target: str, wanted: Collection[Protocol]) -> Outcome:
    """The outcome where the target advertises nothing that is wanted."""
    which = "no endpoint" if len(wanted) == len(EVERY) else f"no endpoint for {' or '.join(wanted)}"
    message = plain(f"{target} advertises {which}")
    return Outcome(source=source, target=target, status=OutcomeStatus.UNSUPPORTED, message=message)


def _deliver(
    source: str, target: str, endpoint: Endpoint, linkback: Linkback, *, client: "Client", words: Words | None
) -> Delivery:
    """What became of one POST."""
    outcome = partial(Outcome, source=source, target=target, protocol=endpoint.protocol, endpoint=endpoint.url)
    said = words or Words()
    if linkback.carries_words:
        said = _completed(said, source, target, linkback, client=client)
    body, content_type = linkback.message(source, target, said)
    posted = f"POST {endpoint.url}\n\n{body.decode('utf-8', 'replace')}"
    try:
        with client.post(endpoint.url, body, content_type=content_type) as response:
            retry_after = next(iter(response.headers("Retry-After")), None)
            answer = Answer(
                endpoint=endpoint.url,
                url=response.url,
                status=response.status,
                body=response.read(MAX_BODY + 1),
                content_type=response.content_type,
                location=next(iter(response.headers("Location")), None),
            )
    except Blocked as error:  # by the endpoint itself nothing left; where it redirects to, it got the message first
        attempts = int(error.url != endpoint.url)
        return Delivery(outcome(status=OutcomeStatus.BLOCKED, message=plain(str(error)), attempts=attempts))
    except Unreachable as error:
        failed = outcome(status=OutcomeStatus.FAILED, message=plain(str(error)), attempts=1)
        return Delivery(failed, exchange=_on_paper(posted, str(error)), ages=isinstance(error, NoSuchHost))
    verdict = linkback.verdict(answer)
    heard = outcome(
        status=verdict.status,
        message=shorten(plain(verdict.message), LONGEST_MESSAGE),
        fault=verdict.fault,
        attempts=1,
    )
    text = f"HTTP {answer.status} {answer.content_type or ''}\n\n{answer.body.decode('utf-8', 'replace')}"
    return Delivery(heard, retry_after, _on_paper(posted, text), verdict.absent, verdict.ages)


def _completed(given: Words, source: str, target: str, linkback: Linkback, *, client: "Client") -> Words:
    """The given words, and for those that are missing the page's own, where that can be had.

    A page that does not link to the target says nothing of it, but has a title all the same.
    """
    if given.title and given.excerpt and given.site_name:
        return given
    try:
        with client.get(source) as response:
            response.require_success()
            page = response.read()
            said = read_mention(
                page,
                source=source,
                target=target,
                url=response.url,
                content_type=response.content_type,
                protocol=linkback.name,
            )
            if not said.linked:
                post = read_post(page, url=response.url, content_type=response.content_type)
                said = replace(said, title=post.title, site_name=post.site_name)
    except FetchError:
        return given
    return Words(
        title=given.title or said.title,
        excerpt=given.excerpt or said.excerpt,
        site_name=given.site_name or said.site_name,
    )


def _on_paper(asked: str, heard: str) -> str:
    """An exchange, without what a terminal might obey."""
    parts = (part[:LONGEST_EXCHANGE].splitlines() for part in (asked, heard))
    return "\n\n".join("\n".join(map(plain, lines)) for lines in parts)
