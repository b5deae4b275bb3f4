"""Pingback 1.0: the call and what answers it, the codes of its faults, and the methods that an endpoint has."""

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from pingback.errors import BadResponse, Fault, FaultCode
from pingback.model import Advertisement, OutcomeStatus, Protocol, Words
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.linkback import (
    ABSENT,
    OF_STATUS,
    Answer,
    Check,
    Linkback,
    Message,
    Ping,
    Probe,
    Reply,
    Surface,
    Taken,
    Verdict,
    link_element,
    verdict_of_status,
)
from pingback.protocols.xmlrpc import (
    Call,
    decode_call,
    decode_response,
    decode_strict_response,
    encode_call,
    encode_fault,
    encode_response,
)
from pingback.text import plain, shorten

HEADER = "X-Pingback"  # §2.1

PING = "pingback.ping"
GET_PINGBACKS = "pingback.extensions.getPingbacks"

MEANINGS: dict[int, str] = {
    FaultCode.GENERIC: "the ping was refused for a reason without a code of its own",
    FaultCode.SOURCE_NOT_FOUND: "the source does not exist",
    FaultCode.NO_LINK: "the source does not link to the target",
    FaultCode.TARGET_NOT_FOUND: "the target does not exist",
    FaultCode.TARGET_NOT_PINGABLE: "the target does not take pings",
    FaultCode.ALREADY_REGISTERED: "the ping is known already",
    FaultCode.ACCESS_DENIED: "the sender is not allowed to ping the target",
    FaultCode.UPSTREAM_ERROR: "a server that was asked on the way could not be reached, or gave an error",
    FaultCode.INTERNAL_ERROR: "the endpoint failed on an error of its own",
    FaultCode.NOT_XMLRPC: "the message is XML, but not an XML-RPC call",
    FaultCode.NO_SUCH_METHOD: "the endpoint has no such method",
    FaultCode.BAD_PARAMETERS: "the method takes other parameters",
    FaultCode.NOT_WELL_FORMED: "the message is not well-formed XML",
}


class Method(NamedTuple):
    """What `system.methodSignature` and `system.methodHelp` say of a method; a signature begins with the result."""

    signatures: tuple[tuple[str, ...], ...]
    help: str


# system.multicall is not among them: one request could start hundreds of fetches.
METHODS: dict[str, Method] = {
    PING: Method(
        (("string", "string", "string"),),
        "Tells that the page at the first URL (sourceURI) links to the page at the second (targetURI). The source is"
        " fetched, and has to hold the link. Returns a sentence for debugging, or a fault of Pingback 1.0.",
    ),
    GET_PINGBACKS: Method(
        (("array", "string"),),
        "Returns the URLs of the pages that are known to link to the page at the given URL (targetURI).",
    ),
    "system.listMethods": Method((("array",),), "Returns the names of all methods."),
    "system.methodHelp": Method((("string", "string"),), "Returns what the named method does."),
    "system.methodSignature": Method(
        (("array", "string"),),
        "Returns the signatures of the named method, each an array of types: first the result, then the parameters.",
    ),
}


# What a fault's code means for a ping; the codes for a bad source or target and WordPress's bare 0 are refusals.
_OF_FAULT: dict[int, OutcomeStatus] = {
    **OF_STATUS,  # WordPress has faults with such codes: 429 for two pings within 15 seconds
    409: OutcomeStatus.ALREADY,  # it has a comment with these words: of this source, whose "&" it lost
    FaultCode.ALREADY_REGISTERED: OutcomeStatus.ALREADY,
    FaultCode.UPSTREAM_ERROR: OutcomeStatus.FAILED,
    FaultCode.INTERNAL_ERROR: OutcomeStatus.FAILED,
}
_ABSENT = ABSENT | {FaultCode.NO_SUCH_METHOD}
_AGING = _ABSENT - {410}  # a method that is switched off may be switched on


class OtherCall(Fault):
    """A call of another method. Where a server has no others, there is no such method; else it answers `call`."""

    def __init__(self, call: Call) -> None:
        super().__init__(FaultCode.NO_SUCH_METHOD, f"there is no method {call.method[:80]}")
        self.call = call


def encode_ping(source: str, target: str) -> bytes:
    """The body that tells the target's endpoint of the source."""
    return encode_call(PING, (source, target))


def ping_of(call: Call) -> Ping:
    """The source and the target of a ping; `OtherCall` where it is none, Fault where they are not two strings."""
    if call.method != PING:
        raise OtherCall(call)
    source, target = strings_of(call, 2)
    return Ping(source, target)


def verdict_on(answer: Answer) -> Verdict:
    """What the reply to a call means: the value or the fault in it, else its HTTP status."""
    try:
        value = decode_response(answer.body)
    except Fault as fault:
        status = _OF_FAULT.get(fault.code, OutcomeStatus.REFUSED)
        # WordPress sends most faults without a word.
        message = fault.message or MEANINGS.get(fault.code, "refused")
        return Verdict(status, message, fault.code, absent=fault.code in _ABSENT, ages=fault.code in _AGING)
    except BadResponse as error:
        if answer.is_success:  # a login page, a maintenance page, nothing at all: it may be itself again tomorrow
            return Verdict(OutcomeStatus.FAILED, f"{answer.endpoint} gave no XML-RPC: {error}", answer.status)
        return verdict_of_status(answer)
    if not answer.is_success:
        return verdict_of_status(answer)
    return Verdict(OutcomeStatus.ACCEPTED, value if isinstance(value, str) and value else "accepted")


def reply_with(body: bytes) -> Reply:
    """The response to a call, whatever became of it: always 200, as whatever is wrong is a fault inside."""
    return Reply(200, {"Content-Type": "text/xml; charset=utf-8"}, body)


def target_of(call: Call) -> str:
    """The target whose pingbacks are asked for; Fault where it is not one string."""
    return strings_of(call, 1)[0]


def strings_of(call: Call, count: int) -> list[str]:
    """All parameters of a call whose method takes `count` strings, white space around them removed; Fault otherwise."""
    strings = [value.strip() for value in call.params if isinstance(value, str)]
    if not len(strings) == len(call.params) == count:
        raise Fault(FaultCode.BAD_PARAMETERS, f"{call.method[:80]} takes {count} string{'s' * (count != 1)}")
    return strings


def _message(source: str, target: str, words: Words) -> Message:
    return Message(encode_ping(source, target), "text/xml")


def _accepted(taken: Taken) -> Reply:
    mention = taken.mention
    done = "registered" if mention.verified else "accepted; it will be verified"
    return reply_with(encode_response(f"Pingback from {mention.source} to {mention.target} {done}."))


def _advertisement(endpoint: str, target: str, title: str) -> Advertisement:
    """One header, or a `<link>`: §2."""
    return Advertisement(headers={HEADER: endpoint}, html=link_element("pingback", endpoint), rdf="")


# What a check-up sends, and what the answers mean. Nothing of it leaves a mention behind at an endpoint that verifies:
# the source is under `.invalid`, a domain that never exists (RFC 6761 §6.4).
_NOBODY = "https://nobody.invalid/pingback-doctor"
_ELSEWHERE = "https://elsewhere.invalid/"
_ANSWER_WITHIN = 3.0  # seconds; then WordPress hangs up
_LONGEST_SAID = 200  # characters of what the far side says
_XML = frozenset({"text/xml", "application/xml"})
_BEGINNING = re.compile(rb"(?:<\?xml[^>]*\?>\s*)?<methodResponse[\s>]")

# Right answers to a ping whose source does not exist: the norm's, and what others of good will say.
_NO_SUCH_SOURCE: dict[int, str] = {
    FaultCode.SOURCE_NOT_FOUND: "a source that does not exist is fault 16",
    FaultCode.UPSTREAM_ERROR: "a source that does not exist is fault 50, which is as good as 16",
    FaultCode.GENERIC: "a source that does not exist is fault 0; WordPress says so of everything",
}
# Wrong ones, and where to look.
_NOT_THIS_PAGE: dict[int, str] = {
    FaultCode.TARGET_NOT_FOUND: "the endpoint does not know this page (fault 32): does it know this site?",
    FaultCode.TARGET_NOT_PINGABLE: "the endpoint takes no pings for this page (fault 33): does it know this site?",
    FaultCode.ACCESS_DENIED: "the endpoint does not let us ping (fault 49)",
}
# Right answers to a ping for a page of another site.
_NOT_OURS = frozenset(
    {FaultCode.TARGET_NOT_PINGABLE, FaultCode.TARGET_NOT_FOUND, FaultCode.ACCESS_DENIED, FaultCode.GENERIC}
)


def _judge_ping(answer: Answer, seconds: float) -> Iterator[Check]:
    yield _judge_answer(answer)
    message = f"a ping is answered after {seconds:.1f} seconds"
    if seconds > _ANSWER_WITHIN:
        message += f"; WordPress hangs up after {_ANSWER_WITHIN:g}"
    yield Check(name="pingback-time", ok=seconds <= _ANSWER_WITHIN, message=message)
    yield _judge_source(answer)


def _judge_page(answer: Answer, seconds: float) -> Iterator[Check]:
    message = f"a GET is answered with {answer.status}"
    if answer.status != 405:
        message += "; it should be 405, for an endpoint takes POST only: is this its address?"
    yield Check(name="pingback-get", ok=answer.status == 405, message=message)


def _judge_answer(answer: Answer) -> Check:
    check = partial(Check, name="pingback-answer", ok=False)
    if answer.status != 200:
        return check(message=f"a fault comes with HTTP status {answer.status}; senders want 200, for faults too")
    if parse_content_type(answer.content_type).media_type not in _XML:
        return check(
            message=f"the answer's Content-Type is {shorten(plain(answer.content_type or 'none'), 80)}, not text/xml"
        )
    if not _BEGINNING.match(answer.body):
        return check(
            message="something stands before the XML, or it is none; WordPress wants <?xml or <methodResponse> at once"
        )
    return check(ok=True, message="a ping is answered with HTTP status 200 and XML-RPC")


def _judge_source(answer: Answer) -> Check:
    check = partial(Check, name="pingback-source")
    said = _said(answer)
    if said is None:
        return check(ok=True, message="a ping is accepted before its source is looked at, and has to be verified later")
    if isinstance(said, BadResponse):
        return check(ok=False, message=f"a ping is not answered in XML-RPC: {said}")
    if said.code in _NO_SUCH_SOURCE:
        return check(ok=True, message=_NO_SUCH_SOURCE[said.code])
    return check(ok=False, message=_NOT_THIS_PAGE.get(said.code) or f"instead of fault 16 there is {_shown(said)}")


def _judge_target(answer: Answer) -> Check:
    check = partial(Check, name="pingback-target")
    said = _said(answer)
    if said is None:
        return check(ok=False, message="a ping for a page of another site is accepted; it should be fault 33")
    if isinstance(said, BadResponse):
        return check(ok=False, message=f"a ping for a page of another site is not answered in XML-RPC: {said}")
    if said.code in _NOT_OURS:
        return check(ok=True, message=f"a ping for a page of another site is fault {said.code}")
    return check(ok=False, message=f"a ping for a page of another site should be fault 33, and is {_shown(said)}")


def _said(answer: Answer) -> Fault | BadResponse | None:
    """The fault, or why there is no telling, as there is not for senders that pass nothing over; None for a success."""
    try:
        decode_strict_response(answer.body)
    except (Fault, BadResponse) as said:
        return said
    return None


def _shown(fault: Fault) -> str:
    message = plain(fault.message) or MEANINGS.get(fault.code, "without a word")
    return f"fault {fault.code}: {shorten(message, _LONGEST_SAID)}"


_PROBES = (
    Probe(None, _judge_page),
    Probe(lambda target: _message(_NOBODY, target, Words()), _judge_ping),
    Probe(lambda target: _message(_NOBODY, _ELSEWHERE, Words()), lambda answer, seconds: [_judge_target(answer)]),
)

LINKBACK = Linkback(
    name=Protocol.PINGBACK,
    message=_message,
    verdict=verdict_on,
    header=HEADER,
    rels=frozenset({"pingback"}),
    a_comes_last=True,  # a stranger's comment can hold one, and must not take the pings of the page
    surface=Surface(
        path="/xmlrpc",
        decode=lambda body, content_type: ping_of(decode_call(body)),
        accepted=_accepted,
        refused=lambda fault: reply_with(encode_fault(fault.code, fault.message)),
        advertisement=_advertisement,
    ),
    probes=_PROBES,
)
