"""The XML-RPC surface: calls of Pingback 1.0 §3 and of the `system` methods, answered from a `Receiver`."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeAlias

from pingback.errors import Fault, FaultCode
from pingback.protocols.pingback import GET_PINGBACKS, METHODS, PING, Method, ping_of, strings_of, target_of
from pingback.protocols.xmlrpc import Call, Value, decode_call, encode_fault, encode_response
from pingback.server.http import Request, Response
from pingback.urls import tidy

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

ROOT = "/xmlrpc"

Answer: TypeAlias = "Callable[[Call, Receiver, str | None], Value]"

log = logging.getLogger(__name__)


def answer(request: Request, receiver: "Receiver") -> Response:
    """Always 200: whatever is wrong with the message or the ping is a fault inside."""
    return Response(status=200, headers={"Content-Type": "text/xml; charset=utf-8"}, body=_body(request, receiver))


def _body(request: Request, receiver: "Receiver") -> bytes:
    try:
        call = decode_call(request.body)
        if call.method not in _ANSWERS:
            raise Fault(FaultCode.NO_SUCH_METHOD, f"there is no method {call.method[:80]}")
        with receiver.listing() if call.method == GET_PINGBACKS else nullcontext():
            return encode_response(_ANSWERS[call.method](call, receiver, request.remote_addr))
    except Fault as fault:
        return encode_fault(fault.code, fault.message)
    except Exception:  # the end of a request
        log.exception("a call of XML-RPC failed")
        return encode_fault(FaultCode.INTERNAL_ERROR, "something went wrong here")


def _ping(call: Call, receiver: "Receiver", client_ip: str | None) -> Value:
    source, target = ping_of(call)
    mention = receiver.ping(source, target, client_ip=client_ip)
    done = "registered" if mention.verified else "accepted; it will be verified"
    return f"Pingback from {mention.source} to {mention.target} {done}."


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
    PING: _ping,
    GET_PINGBACKS: _pingbacks,
    "system.listMethods": _list_methods,
    "system.methodHelp": _method_help,
    "system.methodSignature": _method_signature,
}
