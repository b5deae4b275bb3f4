"""The messages of Pingback 1.0 §3."""

import pytest

from pingback.errors import Fault, FaultCode
from pingback.protocols.linkback import Ping
from pingback.protocols.pingback import (
    GET_PINGBACKS,
    MEANINGS,
    METHODS,
    PING,
    encode_ping,
    ping_of,
    strings_of,
    target_of,
)
from pingback.protocols.xmlrpc import Call, Value, decode_call, decode_response, encode_response

SOURCE, TARGET = "http://a.example/?p=1&q=ä", "http://b.example/post#more"


def test_a_ping_comes_back_as_written() -> None:
    call = decode_call(encode_ping(SOURCE, TARGET))
    assert call.method == "pingback.ping"
    assert ping_of(call) == Ping(SOURCE, TARGET)


def test_white_space_around_a_url_is_not_part_of_it() -> None:
    assert ping_of(Call(PING, (f"\n {SOURCE}", f"{TARGET}\t\n"))) == Ping(SOURCE, TARGET)
    assert target_of(Call(GET_PINGBACKS, (f" {TARGET} ",))) == TARGET


@pytest.mark.parametrize(
    "params",
    [
        pytest.param((), id="P13-none"),
        pytest.param((SOURCE,), id="P13-one"),
        pytest.param((SOURCE, TARGET, "more"), id="P13-three"),
        pytest.param((SOURCE, 1), id="P13-an-integer"),
        pytest.param((None, TARGET), id="P13-nil"),
        pytest.param((SOURCE, TARGET.encode()), id="P13-base64"),
        pytest.param(([SOURCE, TARGET],), id="P13-an-array"),
        pytest.param(({"sourceURI": SOURCE}, {"targetURI": TARGET}), id="P13-structs"),
        pytest.param((SOURCE, TARGET, 1), id="P13-two-strings-and-more"),
    ],
)
def test_not_a_ping(params: tuple[Value, ...]) -> None:
    with pytest.raises(Fault) as refused:
        ping_of(Call(PING, params))
    assert refused.value.code == FaultCode.BAD_PARAMETERS
    assert refused.value.message == "pingback.ping takes 2 strings"


@pytest.mark.parametrize(
    "params",
    [pytest.param((), id="P23-none"), pytest.param(("a", "b"), id="P23-two"), pytest.param((1,), id="P23-an-integer")],
)
def test_not_a_target(params: tuple[Value, ...]) -> None:
    with pytest.raises(Fault) as refused:
        target_of(Call(GET_PINGBACKS, params))
    assert refused.value.code == FaultCode.BAD_PARAMETERS
    assert refused.value.message == "pingback.extensions.getPingbacks takes 1 string"


def test_no_parameters_at_all() -> None:
    assert strings_of(Call("system.listMethods", ()), 0) == []


def test_every_code_of_ours_has_a_meaning() -> None:
    assert set(MEANINGS) == set(FaultCode)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        pytest.param(16, "the source does not exist", id="P18-16"),
        pytest.param(17, "the source does not link to the target", id="P18-17"),
        pytest.param(32, "the target does not exist", id="P18-32"),
        pytest.param(33, "the target does not take pings", id="P18-33"),
        pytest.param(48, "the ping is known already", id="P18-48"),
    ],
)
def test_meaning(code: int, meaning: str) -> None:
    assert MEANINGS[code] == meaning


@pytest.mark.parametrize(
    ("method", "signatures"),
    [
        pytest.param("pingback.ping", [["string", "string", "string"]], id="P13-ping"),
        pytest.param("pingback.extensions.getPingbacks", [["array", "string"]], id="P23-getPingbacks"),
        pytest.param("system.listMethods", [["array"]], id="introspection-listMethods"),
        pytest.param("system.methodHelp", [["string", "string"]], id="introspection-methodHelp"),
        pytest.param("system.methodSignature", [["array", "string"]], id="introspection-methodSignature"),
    ],
)
def test_signature(method: str, signatures: list[list[str]]) -> None:
    assert decode_response(encode_response(METHODS[method].signatures)) == signatures


def test_no_multicall() -> None:
    assert len(METHODS) == 5
