"""What an XML-RPC endpoint answers beside pings: the list of a target's pingbacks, and the `system` methods."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeAlias

from pingback.errors import Fault, FaultCode
from pingback.protocols.linkback import Linkback, Reply, Surface
from pingback.protocols.pingback import (
    GET_PINGBACKS,
    METHODS,
    Method,
    OtherCall,
    reply_with,
    strings_of,
    target_of,
)
from pingback.protocols.xmlrpc import Call, Value, encode_response
from pingback.server import pings
from pingback.server.http import Request, Response
from pingback.urls import tidy

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

Answer: TypeAlias = "Callable[[Call, Receiver, str | None], Value]"


def answer(request: Request, receiver: "Receiver", linkback: Linkback, surface: Surface) -> Response:
    """What a call gives: a ping as by any protocol, and the methods below."""

    def reply() -> Reply:
        try:
            ping = surface.decode(request.body, request.content_type)
        except OtherCall as other:
            return _called(other, receiver, request.remote_addr)
        return pings.take(ping, request, receiver, linkback, surface)

    return pings.answered(reply, linkback, surface)


def _called(other: OtherCall, receiver: "Receiver", client_ip: str | None) -> Reply:
    call = other.call
    if call.method not in _ANSWERS:
        raise other
    with receiver.listing() if call.method == GET_PINGBACKS else nullcontext():
        return reply_with(encode_response(_ANSWERS[call.method](call, receiver, client_ip)))


def _pingbacks(call: Call, receiver: "Receiver", client_ip: str | None) -> Value:
    return [tidy(source) for source in receiver.pingbacks_of(target_of(call), client_ip=client_ip)]


def _list_methods(call: Call, receiver: "Receiver", client_ip: str | None) -> Value:
    strings_of(call, 0)
    return list(METHODS)


def _method_help(call: Call, receiver: "Receiver", client_ip: str | None) -> Value:
    return _method_named_in(call).help


def _method_signature(call: Call, receiver: "Receiver", client_ip: str | None) -> Value:
    return [list(signature) for signature in _method_named_in(call).signatures]


def _method_named_in(call: Call) -> Method:
    [name] = strings_of(call, 1)
    if name not in METHODS:
        raise Fault(FaultCode.BAD_PARAMETERS, f"there is no method {name[:80]}")
    return METHODS[name]


_ANSWERS: dict[str, Answer] = {
    GET_PINGBACKS: _pingbacks,
    "system.listMethods": _list_methods,
    "system.methodHelp": _method_help,
    "system.methodSignature": _method_signature,
}
