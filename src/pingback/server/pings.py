"""Pings on their way in, by any protocol: its record says what was sent and what is replied, a `Receiver` the rest.

And what two of their endpoints answer beside pings: the pingbacks of a target and the `system` methods of XML-RPC, and
the list of those that a TrackBack ping URL has.
"""

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from pingback.captions import headline, words_of
from pingback.errors import Fault, FaultCode
from pingback.model import Mention
from pingback.protocols.headers import UNKEPT
from pingback.protocols.linkback import Linkback, Ping, Reply, Surface, Taken, text_reply
from pingback.protocols.pingback import GET_PINGBACKS, METHODS, OtherCall, strings_of, target_of
from pingback.protocols.pingback import reply_with as call_reply
from pingback.protocols.trackback import Listed, encode_listing
from pingback.protocols.trackback import reply_with as list_reply
from pingback.protocols.xmlrpc import Value, encode_response
from pingback.sanitized import MAX_TEXT, sanitized
from pingback.server.http import Request, Response
from pingback.store.keys import pair_of
from pingback.text import shorten
from pingback.urls import tidy

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

_PAIR = re.compile(r"[0-9a-f]{64}")

MAX_ITEMS = 1000  # in one listing, which may have a thousand bytes for each

_UNKEPT = {"Cache-Control": "no-store"}
_NO_WORDS = "-"  # RSS 0.91 wants a description

log = logging.getLogger(__name__)


def answer(request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Response:
    """What becomes of a ping."""

    def reply() -> Reply:
        ping = surface.decode(request.body, request.content_type)
        return _take(ping, request, receiver, linkback, surface)

    return _answered(reply, linkback, surface)


def answer_call(request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Response:
    """What a call gives: a ping as by any protocol, and the methods below."""

    def reply() -> Reply:
        try:
            ping = surface.decode(request.body, request.content_type)
        except OtherCall as other:
            with receiver.listing() if other.call.method == GET_PINGBACKS else nullcontext():
                return call_reply(encode_response(_value_of(other, receiver, request.remote_addr)))
        return _take(ping, request, receiver, linkback, surface)

    return _answered(reply, linkback, surface)


def answer_or_list(request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Response:
    """A ping by POST; else what TrackBack 1.1 calls Retrieving TrackBack Pings, whose field is none of the target's.

    No cache is to keep it: which of several sites it is of depends on the host, which is the word of who asks.
    """
    if request.method == "POST":
        return answer(request, receiver, linkback, surface)

    def reply() -> Reply:
        fields = request.query.split("&")
        if "__mode=rss" not in fields:
            raise Fault(FaultCode.BAD_PARAMETERS, "a TrackBack ping is a POST")  # since TrackBack 1.1
        query = "&".join([field for field in fields if field.partition("=")[0] != "__mode"])
        target = _target_asked(request, query, receiver, surface)
        approved = receiver.approved_of(target, most=MAX_ITEMS, client_ip=request.remote_addr)
        return list_reply(
            encode_listing(
                title=f"Pings of {target}",
                link=target,
                description="The pages that are known to link to this one.",
                items=map(_listed, approved),
            )
        )

    response = _answered(reply, linkback, surface)
    return replace(response, headers={**response.headers, **_UNKEPT})


def status(request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Response:
    """The page for one ping, named by the key of its pair, so that nothing has to be remembered for it."""

    def reply() -> Reply:
        pair = request.raw_path.removeprefix(f"{surface.path}/")
        mention = receiver.find_pair(pair) if _PAIR.fullmatch(pair) else None
        if mention is None or surface.standing is None:
            return text_reply(404, f"There is no such {linkback.name}.")
        return text_reply(200, f"the {linkback.name} is {surface.standing(mention)}", UNKEPT)

    return _answered(reply, linkback, surface)


def _take(ping: Ping, request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Reply:
    """Hand the ping to the receiver; its reply, if it is no refusal. Raises `Fault`."""
    target = _target_asked(request, request.query, receiver, surface) if ping.target is None else ping.target
    try:
        mention = receiver.ping(
            ping.source, target, client_ip=request.remote_addr, protocol=linkback.name, words=ping.words
        )
    except Fault as fault:
        if not surface.knows_again or fault.code != FaultCode.ALREADY_REGISTERED:
            raise
        known = receiver.find_pair(pair_of(ping.source, target))
        if known is None:
            raise
        mention = known
    has_page = surface.standing is not None
    page = f"{request.base}{surface.path}/{pair_of(mention.source, mention.target)}" if has_page else None
    return surface.accepted(Taken(mention, page, receiver.queues(linkback.name)))


def _target_asked(request: Request, query: str, receiver: "Receiver", surface: Surface) -> str:
    """The target of a request whose path says it, with this query. Raises `Fault`."""
    path = request.raw_path.removeprefix(surface.path)
    return receiver.target_at(f"{path}?{query}" if query else path, asked_at=request.base)


def _answered(reply: Callable[[], Reply], linkback: Linkback, surface: Surface) -> Response:
    """The response that is made, or why not, as the protocol says it."""
    try:
        made = reply()
    except Fault as fault:
        made = surface.refused(fault)
    except Exception:  # the end of a request
        log.exception("a %s failed", linkback.name)
        made = surface.refused(Fault(FaultCode.INTERNAL_ERROR, "something went wrong here"))
    return Response(status=made.status, headers=made.headers, body=made.body)


def _value_of(other: OtherCall, receiver: "Receiver", client_ip: str | None) -> Value:
    """What a call gives that is no ping."""
    call = other.call
    if call.method == GET_PINGBACKS:
        return [tidy(source) for source in receiver.pingbacks_of(target_of(call), client_ip=client_ip)]
    if call.method == "system.listMethods":
        strings_of(call, 0)
        return list(METHODS)
    if call.method not in ("system.methodHelp", "system.methodSignature"):
        raise other
    [name] = strings_of(call, 1)
    if name not in METHODS:
        raise Fault(FaultCode.BAD_PARAMETERS, f"there is no method {name[:80]}")
    method = METHODS[name]
    return method.help if call.method == "system.methodHelp" else [list(each) for each in method.signatures]


def _listed(mention: Mention) -> Listed:
    shown = sanitized(mention)
    words = " ".join((words_of(shown) or _NO_WORDS).split())
    return Listed(title=headline(shown), link=shown.url, description=shorten(words, MAX_TEXT))
