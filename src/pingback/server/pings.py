"""Pings on their way in, by any protocol: its record says what was sent and what is replied, a `Receiver` the rest."""

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from pingback.errors import Fault, FaultCode
from pingback.protocols.headers import UNKEPT
from pingback.protocols.linkback import Linkback, Ping, Reply, Surface, Taken, text_reply
from pingback.server.http import Request, Response
from pingback.store.keys import pair_of

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

_PAIR = re.compile(r"[0-9a-f]{64}")

log = logging.getLogger(__name__)


def answer(request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Response:
    """What becomes of a ping."""

    def reply() -> Reply:
        ping = surface.decode(request.body, request.content_type)
        return take(ping, request, receiver, linkback, surface)

    return answered(reply, linkback, surface)


def status(request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Response:
    """The page for one ping, named by the key of its pair, so that nothing has to be remembered for it."""

    def reply() -> Reply:
        pair = request.raw_path.removeprefix(f"{surface.path}/")
        mention = receiver.find_pair(pair) if _PAIR.fullmatch(pair) else None
        if mention is None or surface.standing is None:
            return text_reply(404, f"There is no such {linkback.name}.")
        return text_reply(200, f"the {linkback.name} is {surface.standing(mention)}", UNKEPT)

    return answered(reply, linkback, surface)


def take(ping: Ping, request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Reply:
    """Hand the ping to the receiver; its reply, if it is no refusal. Raises `Fault`."""
    target = target_of(request, request.query, receiver, surface) if ping.target is None else ping.target
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


def target_of(request: Request, query: str, receiver: "Receiver", surface: Surface) -> str:
    """The target of a request whose path says it, with this query. Raises `Fault`."""
    path = request.raw_path.removeprefix(surface.path)
    return receiver.target_at(f"{path}?{query}" if query else path, asked_at=request.base)


def answered(reply: Callable[[], Reply], linkback: Linkback, surface: Surface) -> Response:
    """The response that is made, or why not, as the protocol says it."""
    try:
        made = reply()
    except Fault as fault:
        made = surface.refused(fault)
    except Exception:  # the end of a request
        log.exception("a %s failed", linkback.name)
        made = surface.refused(Fault(FaultCode.INTERNAL_ERROR, "something went wrong here"))
    return Response(status=made.status, headers=made.headers, body=made.body)
