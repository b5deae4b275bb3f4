"""What the answer to a ping means, protocol by protocol: an HTTP response in, a verdict out.

Pingback 1.0 §3 answers by a value or a fault, TrackBack 1.2 by a number and a message, Webmention §3.1.4 by the status.
"""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pingback.errors import BadResponse, BadStatus, Fault, FaultCode
from pingback.model import OutcomeStatus, Protocol
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.pingback import MEANINGS
from pingback.protocols.trackback import decode_reply, is_duplicate
from pingback.protocols.xmlrpc import decode_response
from pingback.urls import resolve

# What an HTTP status means for a ping. Whatever is not listed is a refusal: the same ping would be refused again.
OF_STATUS = dict.fromkeys((408, 425, 429, *range(500, 600)), OutcomeStatus.FAILED)
# What a fault's code means; the Pingback codes for a bad source or target and WordPress's bare 0 are refusals too.
_OF_FAULT: dict[int, OutcomeStatus] = {
    **OF_STATUS,  # WordPress has faults with such codes: 429 for two pings within 15 seconds
    409: OutcomeStatus.ALREADY,  # it has a comment with these words: of this source, whose "&" it lost
    FaultCode.ALREADY_REGISTERED: OutcomeStatus.ALREADY,
    FaultCode.UPSTREAM_ERROR: OutcomeStatus.FAILED,
    FaultCode.INTERNAL_ERROR: OutcomeStatus.FAILED,
}
# Where nobody takes pings of this protocol, another one may be worth a try.
ABSENT = frozenset({404, 405, 410, FaultCode.NO_SUCH_METHOD})
# Where endpoints that answer in JSON keep the sentence for a person, the best first.
_JSON_REASONS = ("error_description", "message", "summary", "error")


class Answer(NamedTuple):
    """What came back for a ping; `url` is where it came from, after redirects."""

    endpoint: str
    url: str
    status: int
    body: bytes
    content_type: str | None = None
    location: str | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Verdict(NamedTuple):
    """What an answer means. `fault` as in `Outcome`; `absent`: there is no endpoint of this protocol, after all."""

    status: OutcomeStatus
    message: str
    fault: int | None = None
    absent: bool = False


def verdict_on(answer: Answer, protocol: Protocol) -> Verdict:
    """What the answer to a ping by `protocol` means for it."""
    return _READERS[protocol](answer)


def _of_pingback(answer: Answer) -> Verdict:
    try:
        value = decode_response(answer.body)
    except Fault as fault:
        status = _OF_FAULT.get(fault.code, OutcomeStatus.REFUSED)
        # WordPress sends most faults without a word.
        message = fault.message or MEANINGS.get(fault.code, "refused")
        return Verdict(status, message, fault.code, absent=fault.code in ABSENT)
    except BadResponse as error:
        if answer.is_success:  # a login page, a maintenance page, nothing at all: it may be itself again tomorrow
            return Verdict(OutcomeStatus.FAILED, f"{answer.endpoint} gave no XML-RPC: {error}", answer.status)
        return _of_status(answer)
    if not answer.is_success:
        return _of_status(answer)
    return Verdict(OutcomeStatus.ACCEPTED, value if isinstance(value, str) and value else "accepted")


def _of_trackback(answer: Answer) -> Verdict:
    try:
        reply = decode_reply(answer.body)
    except BadResponse as error:
        if answer.status == 409:  # WordPress has a comment with these words, and says so in an XML of its own
            return Verdict(OutcomeStatus.ALREADY, "the ping is known already", answer.status)
        if not answer.is_success:
            return _of_status(answer)
        # WordPress gives nothing at all where it does not like the ping, and never will. A page is not an answer: it is
        # of a login or of maintenance, as with a pingback.
        status = OutcomeStatus.FAILED if answer.body.strip() else OutcomeStatus.REFUSED
        return Verdict(status, f"{answer.endpoint} gave no TrackBack response: {error}", answer.status)
    if reply.error:
        status = OutcomeStatus.ALREADY if is_duplicate(reply.message) else OutcomeStatus.REFUSED
        return Verdict(status, reply.message or "refused", reply.error)
    if not answer.is_success:
        return _of_status(answer)
    return Verdict(OutcomeStatus.ACCEPTED, "accepted")


def _of_webmention(answer: Answer) -> Verdict:
    if not answer.is_success:
        verdict = _of_status(answer)
        return verdict._replace(message=_reason_in(answer) or verdict.message)
    status_page = resolve(answer.url, answer.location) if answer.location else None
    return Verdict(OutcomeStatus.ACCEPTED, f"accepted; its status: {status_page}" if status_page else "accepted")


def _of_status(answer: Answer) -> Verdict:
    status = OF_STATUS.get(answer.status, OutcomeStatus.REFUSED)
    message = str(BadStatus(answer.endpoint, answer.status))
    return Verdict(status, message, answer.status, absent=answer.status in ABSENT)


def _reason_in(answer: Answer) -> str | None:
    """Why, in the endpoint's own words: Webmention §3.2.3 lets it say so, and leaves the form to it."""
    media_type = parse_content_type(answer.content_type).media_type
    if media_type == "text/plain":
        return answer.body.decode("utf-8", "replace").strip() or None
    if media_type == "application/json" or media_type.endswith("+json"):
        return _reason_in_json(answer.body)
    return None


def _reason_in_json(body: bytes) -> str | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, Mapping):
        return None
    return next((found[name] for name in _JSON_REASONS if isinstance(found.get(name), str)), None)


_READERS: Mapping[Protocol, Callable[[Answer], Verdict]] = {
    Protocol.WEBMENTION: _of_webmention,
    Protocol.PINGBACK: _of_pingback,
    Protocol.TRACKBACK: _of_trackback,
}
