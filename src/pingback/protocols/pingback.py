"""The messages of Pingback 1.0 §3: the call, the codes of its faults, and the methods that an endpoint answers."""

from typing import NamedTuple

from pingback.errors import Fault, FaultCode
from pingback.protocols.xmlrpc import Call, encode_call

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


def encode_ping(source: str, target: str) -> bytes:
    """The body that tells the target's endpoint of the source."""
    return encode_call(PING, (source, target))


def ping_of(call: Call) -> tuple[str, str]:
    """The source and the target of a ping; Fault where they are not two strings."""
    source, target = strings_of(call, 2)
    return source, target


def target_of(call: Call) -> str:
    """The target whose pingbacks are asked for; Fault where it is not one string."""
    return strings_of(call, 1)[0]


def strings_of(call: Call, count: int) -> list[str]:
    """All parameters of a call whose method takes `count` strings, white space around them removed; Fault otherwise."""
    strings = [value.strip() for value in call.params if isinstance(value, str)]
    if not len(strings) == len(call.params) == count:
        raise Fault(FaultCode.BAD_PARAMETERS, f"{call.method[:80]} takes {count} string{'s' * (count != 1)}")
    return strings
