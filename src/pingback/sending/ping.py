"""One ping: find the target's endpoint, deliver, and say what became of it (Pingback 1.0 §3)."""

import logging
from typing import TYPE_CHECKING

from pingback.errors import BadResponse, BadStatus, Blocked, Fault, FaultCode, Unreachable
from pingback.model import Endpoint, Outcome, OutcomeStatus, Protocol
from pingback.sending.discover import discover
from pingback.urls import shown
from pingback.wire.pingback import MEANINGS, encode_ping
from pingback.wire.xmlrpc import MAX_BODY, decode_response
from pingback.words import plain, shorten

if TYPE_CHECKING:
    from pingback.net.client import Client

LONGEST_MESSAGE = 300  # characters of what the far side says

# What an HTTP status means for the ping, and what a fault's code. Whatever is not listed, the Pingback codes for a bad
# source or target and WordPress's bare 0 among them, is a refusal: the same ping would be refused again.
_OF_STATUS = dict.fromkeys((408, 425, 429, *range(500, 600)), OutcomeStatus.FAILED)
_OF_FAULT: dict[int, OutcomeStatus] = {
    **_OF_STATUS,  # WordPress has faults with such codes: 429 for two pings within 15 seconds
    409: OutcomeStatus.ALREADY,  # it has a comment with these words: of this source, whose "&" it lost
    FaultCode.ALREADY_REGISTERED: OutcomeStatus.ALREADY,
    FaultCode.UPSTREAM_ERROR: OutcomeStatus.FAILED,
    FaultCode.INTERNAL_ERROR: OutcomeStatus.FAILED,
}

log = logging.getLogger(__name__)


def send(source: str, target: str, *, client: "Client", protocol: Protocol | None = None) -> Outcome:
    """Tell the target of the source, by `protocol` or the one it prefers. May run twice: then it is `already` there.

    Blocks for a GET and a POST, each within the client's limits. What the far side says and what keeps us from it are
    in the outcome; nothing is raised for them.
    """
    outcome = _send(source, target, client=client, protocol=protocol)
    log.info("ping from %r to %r: %s, %s", shown(source), shown(target), outcome.status, outcome.message)
    return outcome


def _send(source: str, target: str, *, client: "Client", protocol: Protocol | None) -> Outcome:
    def outcome(status: OutcomeStatus, message: str, fault: int | None = None) -> Outcome:
        return Outcome(source=source, target=target, status=status, message=plain(message), fault=fault)

    try:
        found = discover(target, client=client)
    except Blocked as error:
        return outcome(OutcomeStatus.BLOCKED, str(error))
    except BadStatus as error:
        return outcome(_OF_STATUS.get(error.status, OutcomeStatus.UNSUPPORTED), str(error), error.status)
    except Unreachable as error:
        return outcome(OutcomeStatus.FAILED, str(error))
    wanted = [endpoint for endpoint in found.endpoints if protocol in (None, endpoint.protocol)]
    if not wanted:
        return outcome(OutcomeStatus.UNSUPPORTED, f"{target} advertises no endpoint")
    return _deliver(source, target, wanted[0], client=client)


def _deliver(source: str, target: str, endpoint: Endpoint, *, client: "Client") -> Outcome:
    def outcome(status: OutcomeStatus, message: str, *, fault: int | None = None, attempts: int = 1) -> Outcome:
        return Outcome(
            source=source,
            target=target,
            status=status,
            message=shorten(plain(message), LONGEST_MESSAGE),
            protocol=endpoint.protocol,
            endpoint=endpoint.url,
            fault=fault,
            attempts=attempts,
        )

    try:
        with client.post(endpoint.url, encode_ping(source, target), content_type="text/xml") as response:
            status, body = response.status, response.read(MAX_BODY + 1)
    except Blocked as error:  # by the endpoint itself nothing left; where it redirects to, it got the message first
        return outcome(OutcomeStatus.BLOCKED, str(error), attempts=int(error.url != endpoint.url))
    except Unreachable as error:
        return outcome(OutcomeStatus.FAILED, str(error))
    try:
        value = decode_response(body)
    except Fault as fault:
        return outcome(_OF_FAULT.get(fault.code, OutcomeStatus.REFUSED), _words_of(fault), fault=fault.code)
    except BadResponse as error:
        if 200 <= status < 300:  # a login page, a maintenance page, nothing at all: it may be itself again tomorrow
            return outcome(OutcomeStatus.FAILED, f"{endpoint.url} gave no XML-RPC: {error}", fault=status)
        value = None
    if not 200 <= status < 300:
        return outcome(
            _OF_STATUS.get(status, OutcomeStatus.REFUSED), str(BadStatus(endpoint.url, status)), fault=status
        )
    return outcome(OutcomeStatus.ACCEPTED, value if isinstance(value, str) and value else "accepted")


def _words_of(fault: Fault) -> str:
    """What the far side said, or what its code means: WordPress sends most faults without a word."""
    return fault.message or MEANINGS.get(fault.code, "refused")
