"""`POST /publish`: the publish hook over HTTP, for deploys on other machines, and the page that says what came of it.

Who has the token (RFC 6750) names posts of the site, or its feeds. That they are to be published is on disk before the
answer, 202; the background does it. While there is no token, there is nothing here.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from pingback.clock import Clock, now
from pingback.errors import Fault, FaultCode, StoreError
from pingback.model import Outcome, OutcomeStatus
from pingback.protocols.forms import FORM, decode_form
from pingback.protocols.headers import content_type, retry_after
from pingback.server.http import Request, Response, plain
from pingback.server.inbox.visit import signed_by
from pingback.store.readings import TooMany
from pingback.text import plain as one_line
from pingback.urls import host_of, is_http, key_of, same_url, shown, split, tidy
from pingback.work import Reading, ReadingKind, ReadingStatus

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver
    from pingback.store import Store
    from pingback.store.secrets import Token

PATH = "/publish"

MOST_NAMED = 50  # posts and feeds in one request: their numbers are in the address of the status page
MOST_SHOWN = 1000  # outcomes on one status page
_LONGEST_TOKEN = 200  # characters that are looked at
_LONGEST_SHOWN = 200  # characters of what was sent that are told back

_STATUS_PAGE = "pingback publish status"  # what a signature is for
_UNKEPT = {"Cache-Control": "no-store"}
_JSON = {"Content-Type": "application/json"} | _UNKEPT

log = logging.getLogger(__name__)


class _Named(NamedTuple):
    """What a request wants to be published."""

    posts: tuple[str, ...]
    feeds: tuple[str, ...]


def answer(request: Request, receiver: "Receiver", *, clock: Clock = now) -> Response:
    """The response to whatever is asked at `/publish` and below; raises nothing."""
    try:
        token = receiver.store.secrets.token()
        if token is None:
            return nothing()
        if request.path != PATH:
            return _status(request, receiver.store, token)
        if request.method != "POST":
            return plain(405, "This takes POST only.", {"Allow": "POST"})
        return _unauthorized(request, receiver.store, token, clock) or _publish(request, receiver, token, clock)
    except Fault as fault:
        return plain(400, fault.message, _UNKEPT)
    except TooMany:
        return plain(503, "Too many posts wait to be published; try again later.", _UNKEPT | retry_after(60))
    except StoreError as error:
        log.error("nothing can be published: %s", error)
        return plain(503, "The database cannot be used; the log says why.", _UNKEPT | retry_after(30))
    except Exception:  # the end of a request
        log.exception("%s failed", PATH)
        return plain(500, "something went wrong here", _UNKEPT)


def nothing() -> Response:
    """For what is not there."""
    return plain(404, "There is nothing here.")


def _unauthorized(request: Request, store: "Store", token: "Token", clock: Clock) -> Response | None:
    """None for who has the token: nobody guesses it, so that others' tries never keep its owner out.

    Those tries are counted, and their number is limited as that of passwords is.
    """
    given = _tokens_in(request)
    if len(given) > 1:
        return _challenge(400, "The token is given twice.", "invalid_request")
    if not given:
        return _challenge(401, "This takes a token, by “Authorization: Bearer …”.")
    if token.is_hash_of(given[0][:_LONGEST_TOKEN]):
        return None
    wait = store.token_tries.attempt(request.remote_addr, now=clock())
    if wait is not None:
        minutes = ceil(wait.total_seconds() / 60)
        return plain(
            429,
            f"Too many wrong tokens. The next try may be in {minutes} {'minute' if minutes == 1 else 'minutes'}.",
            _UNKEPT | retry_after(wait.total_seconds()),
        )
    log.info("a wrong token for %s, from %s", PATH, request.remote_addr)
    return _challenge(401, "This is not the token.", "invalid_token")


def _tokens_in(request: Request) -> list[str]:
    """In the header or in a form (RFC 6750 §2.1, §2.2), and never in the query, which servers write into their logs."""
    scheme, _, value = request.headers.get("authorization", "").strip().partition(" ")
    given = [value.strip()] if scheme.lower() == "bearer" else []
    if _media_type(request) == FORM:
        try:
            field = decode_form(request.body, request.content_type).text("access_token")
        except Fault:  # which is said to who has a token
            field = None
        given += [field.strip()] if field is not None else []
    return [each for each in given if each]


def _challenge(status: int, text: str, error: str | None = None) -> Response:
    """As RFC 6750 §3 has it."""
    challenge = 'Bearer realm="pingback"' + (f', error="{error}"' if error else "")
    return plain(status, text, _UNKEPT | {"WWW-Authenticate": challenge})


def _publish(request: Request, receiver: "Receiver", token: "Token", clock: Clock) -> Response:
    media_type = _media_type(request)
    if media_type == FORM:
        named = _in_form(request)
    elif media_type == "application/json" or media_type.endswith("+json"):
        named = _in_json(request.body)
    elif not request.body.strip():
        named = _Named((), ())
    else:
        return plain(415, f"This takes a form ({FORM}) or JSON.", _UNKEPT | {"Accept": f"{FORM}, application/json"})
    checked = _checked(named, receiver)
    numbers = receiver.store.readings.add_all(checked.posts, checked.feeds, roots=receiver.site.roots, now=clock())
    receiver.wake()
    log.info("%d posts and %d feeds are to be published", len(checked.posts), len(checked.feeds))
    signed = _signer(token).dumps(numbers)
    location = f"{request.base}{PATH}/{signed if isinstance(signed, str) else signed.decode()}"
    body = json.dumps({"location": location} | _standing(receiver.store, numbers))
    return Response(status=202, headers={"Location": location} | _JSON, body=f"{body}\n".encode())


def _media_type(request: Request) -> str:
    """A form, where it is not said and there is something."""
    named, _ = content_type(request.content_type)
    return named or (FORM if request.body else "")


def _in_form(request: Request) -> _Named:
    form = decode_form(request.body, request.content_type)

    def values(name: str) -> tuple[str, ...]:
        names = (name.encode(), f"{name}[]".encode())  # as PHP has it
        return tuple(value.decode("utf-8", "replace") for field, value in form.fields if field in names)

    return _Named(values("url"), values("feed"))


def _in_json(body: bytes) -> _Named:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise Fault(FaultCode.BAD_PARAMETERS, "the message is not JSON") from None
    if not isinstance(sent, dict):
        raise Fault(FaultCode.BAD_PARAMETERS, "the message is no JSON object")

    def values(name: str) -> tuple[str, ...]:
        value = sent.get(name)
        several = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(each, str) for each in several):
            raise Fault(FaultCode.BAD_PARAMETERS, f"{name} is an address, or a list of addresses")
        return tuple(several)

    return _Named(values("url"), values("feed"))


def _checked(named: _Named, receiver: "Receiver") -> _Named:
    """Each once; the site's own feeds where nothing is named. Raises `Fault`."""
    posts, feeds = map(_each_once, named)
    if not posts and not feeds:
        feeds = _each_once(feed for feed in receiver.feeds if is_http(feed))
        if not feeds:
            raise Fault(FaultCode.BAD_PARAMETERS, "what is to be published? name a url or a feed")
    if len(posts) + len(feeds) > MOST_NAMED:
        raise Fault(FaultCode.BAD_PARAMETERS, f"this takes {MOST_NAMED} addresses at a time")
    for post in posts:
        if not receiver.site.holds(post):
            raise Fault(FaultCode.BAD_PARAMETERS, f"{_quoted(post)} is not a page of this site")
    for feed in feeds:
        is_own = host_of(feed) in receiver.site.hosts
        if not is_own and not any(same_url(feed, own) for own in receiver.feeds if is_http(own)):
            raise Fault(FaultCode.BAD_PARAMETERS, f"{_quoted(feed)} is no feed of this site")
    return _Named(posts, feeds)


def _each_once(sent: Iterable[str]) -> tuple[str, ...]:
    """Raises `Fault` for what is no HTTP URL: an empty one is a variable that was not set."""
    found: dict[str, str] = {}
    for each in sent:
        url = each.strip()
        if not is_http(url) or not url.isprintable() or split(url).has_credentials:
            raise Fault(FaultCode.BAD_PARAMETERS, f"{_quoted(url)} is not an absolute HTTP URL")
        found.setdefault(key_of(url), tidy(url))
    return tuple(found.values())


def _quoted(url: str) -> str:
    return f"“{one_line(shown(url))[:_LONGEST_SHOWN]}”"


# What came of it


def _status(request: Request, store: "Store", token: "Token") -> Response:
    """For whoever knows the address: it is signed, and no stranger guesses one."""
    try:
        numbers = _signer(token).loads(request.raw_path.removeprefix(f"{PATH}/"))
    except BadData:
        return nothing()
    if request.method not in ("GET", "HEAD"):
        return plain(405, "This takes GET, HEAD only.", {"Allow": "GET, HEAD"})
    standing = _standing(store, numbers)
    if not standing["sources"]:
        return nothing()
    body = json.dumps({"location": f"{request.base}{request.raw_path}"} | standing)
    return Response(status=200, headers=_JSON, body=f"{body}\n".encode())


def _signer(token: "Token") -> URLSafeSerializer:
    """By a key of the token's own: with it the addresses end."""
    return signed_by(token.key, _STATUS_PAGE)


def _standing(store: "Store", numbers: list[int]) -> dict[str, object]:
    """What was named, and the posts of its feeds; what became of each, ping by ping."""
    named = store.readings.standing(numbers)
    of_feeds = [source for each in named if each.kind is ReadingKind.FEED for source in each.found]
    readings = {each.id: each for each in [*named, *store.readings.posts(of_feeds)]}.values()
    posts = [source for each in readings for source in _spoken_by(each)]
    pings = list(islice(store.outbox.pings_of(posts), MOST_SHOWN + 1))
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    for ping in pings[:MOST_SHOWN]:
        outcomes[key_of(ping.source)].append(ping.as_outcome())
    sources = [_source(each, outcomes) for each in readings]
    stands = {source["status"] for source in sources}
    order = (ReadingStatus.WAITING, ReadingStatus.FAILED)
    return {
        "status": next((status.value for status in order if status.value in stands), ReadingStatus.DONE.value),
        "sources": sources,
        "complete": len(pings) <= MOST_SHOWN,
    }


def _spoken_by(reading: Reading) -> tuple[str, ...]:
    """The addresses by which a post tells others of itself: one that moved tells those who knew the old one, too."""
    return (reading.source, *reading.found) if reading.kind is ReadingKind.POST else ()


def _source(reading: Reading, outcomes: Mapping[str, list[Outcome]]) -> dict[str, object]:
    of_post = [outcome for source in _spoken_by(reading) for outcome in outcomes.get(key_of(source), [])]
    is_out = reading.status is ReadingStatus.DONE and any(each.status is OutcomeStatus.WAITING for each in of_post)
    return {
        "kind": reading.kind.value,
        "source": reading.source,
        "status": (ReadingStatus.WAITING if is_out else reading.status).value,
        "message": reading.message,
        "outcomes": [outcome.as_json() for outcome in of_post],
    }
