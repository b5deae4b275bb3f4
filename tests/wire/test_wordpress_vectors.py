"""The XML-RPC codec on what a real WordPress sends and answers (origin: tests/vectors/wordpress/README.md)."""

import json
from pathlib import Path
from typing import Any

import pytest

from pingback.errors import Fault
from pingback.wire.xmlrpc import decode_call, decode_response

_FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "wordpress"
_CALLS = sorted(_FOLDER.glob("*.call.http"))
_REPLIES = sorted(_FOLDER.glob("*.reply.http"))


def test_all_are_there() -> None:
    assert (len(_CALLS), len(_REPLIES)) == (5, 16)


@pytest.mark.parametrize("message", _CALLS, ids=lambda path: path.name.removesuffix(".call.http"))
def test_call(message: Path) -> None:
    call = decode_call(_body(message))
    assert {"method": call.method, "params": list(call.params)} == _expected(message)


@pytest.mark.parametrize("message", _REPLIES, ids=lambda path: path.name.removesuffix(".reply.http"))
def test_reply(message: Path) -> None:
    assert _meaning(_body(message)) == _expected(message)


def _meaning(body: bytes) -> dict[str, object]:
    try:
        return {"value": decode_response(body)}
    except Fault as fault:
        return {"fault": fault.code, "message": fault.message}


def _body(message: Path) -> bytes:
    return message.read_bytes().partition(b"\r\n\r\n")[2]


def _expected(message: Path) -> Any:
    return json.loads(message.with_suffix(".json").read_text())
