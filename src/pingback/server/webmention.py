"""The Webmention surface (Webmention §3.2): takes the form, and has a page for each ping that says how it stands."""

import logging
import re
from typing import TYPE_CHECKING

from pingback.errors import Fault, FaultCode
from pingback.model import Mention, MentionStatus, Protocol
from pingback.protocols.pingback import MEANINGS
from pingback.protocols.webmention import decode_webmention
from pingback.server.http import NOSNIFF, Request, Response, plain, retry_after, status_of
from pingback.store.keys import pair_of

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

ROOT = "/webmention"

_PAIR = re.compile(r"[0-9a-f]{64}")
_FAILED = "something went wrong here"
_UNKEPT = NOSNIFF | {"Cache-Control": "no-store"}

log = logging.getLogger(__name__)


def answer(request: Request, receiver: "Receiver") -> Response:
    """201 with a status page where the source is still to be looked at, 200 where it was (§3.2); 400 says why not."""
    try:
        source, target = decode_webmention(request.body, request.content_type)
        mention = _taken(source, target, request, receiver)
    except Fault as fault:
        return _refused(fault)
    except Exception:  # the end of a request
        log.exception("a Webmention failed")
        return plain(500, _FAILED, NOSNIFF)
    if mention is not None and mention.verified and not receiver.queues(Protocol.WEBMENTION):
        return plain(200, f"the webmention is {_standing(mention)}", NOSNIFF)
    page = f"{request.base}{ROOT}/{pair_of(source, target)}"
    return plain(201, f"the webmention is accepted, {page} says how it stands", _UNKEPT | {"Location": page})


def status(request: Request, receiver: "Receiver") -> Response:
    """The page for one ping, named by the key of its pair, so that nothing has to be remembered for it."""
    pair = request.raw_path.removeprefix(f"{ROOT}/")
    try:
        mention = receiver.find_pair(pair) if _PAIR.fullmatch(pair) else None
    except Fault as fault:
        return _refused(fault)
    if mention is None:
        return plain(404, "There is no such webmention.", NOSNIFF)
    return plain(200, f"the webmention is {_standing(mention)}", _UNKEPT)


def _taken(source: str, target: str, request: Request, receiver: "Receiver") -> Mention | None:
    """The mention of a ping that is new or known, which is no difference to the sender of a webmention (§3.2.4)."""
    try:
        return receiver.ping(source, target, client_ip=request.remote_addr, protocol=Protocol.WEBMENTION)
    except Fault as fault:
        if fault.code != FaultCode.ALREADY_REGISTERED:
            raise
    return receiver.find_pair(pair_of(source, target))


def _refused(fault: Fault) -> Response:
    """400 for all that is the sender's (§3.2.3)."""
    if fault.retry_after is not None:
        return plain(status_of(fault), fault.message, NOSNIFF | retry_after(fault.retry_after))
    return plain(500 if fault.code == FaultCode.INTERNAL_ERROR else 400, fault.message, NOSNIFF)


def _standing(mention: Mention) -> str:
    """How a mention stands, for anybody who knows source and target."""
    if mention.status is MentionStatus.REJECTED:
        return f"refused: {MEANINGS.get(mention.fault or 0, MEANINGS[FaultCode.GENERIC])}"
    if mention.status is MentionStatus.PENDING and mention.verified is None:
        return "waiting to be verified"
    if mention.status is MentionStatus.APPROVED:
        return "shown"
    is_deleted = mention.status is MentionStatus.DELETED and mention.decision is not MentionStatus.DELETED
    if is_deleted or mention.fault is not None:
        return "withdrawn"
    return "received, and not shown"  # waiting, spam or deleted: what the owner thinks of it is nobody's business
