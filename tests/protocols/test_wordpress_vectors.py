"""The codecs on what a real WordPress sends and answers (origin: tests/vectors/wordpress/README.md)."""

import json
from collections.abc import Sequence
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from pingback.errors import BadResponse, Fault
from pingback.protocols.trackback import decode_reply, decode_trackback, is_duplicate
from pingback.protocols.xmlrpc import decode_call, decode_response

_FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "wordpress"
_CALLS = sorted(_FOLDER.glob("*.call.http"))
_REPLIES = sorted(_FOLDER.glob("*.reply.http"))
_FORMS = sorted(_FOLDER.glob("*.form.http"))
_RESPONSES = sorted(_FOLDER.glob("*.response.http"))


def _named(messages: Sequence[Path]) -> list[Any]:
    return [pytest.param(message, id=message.name.split(".")[0]) for message in messages]


def test_all_are_there() -> None:
    assert (len(_CALLS), len(_REPLIES), len(_FORMS), len(_RESPONSES)) == (5, 16, 7, 8)


@pytest.mark.parametrize("message", _named(_CALLS))
def test_call(message: Path) -> None:
    call = decode_call(_body(message))
    assert {"method": call.method, "params": list(call.params)} == _expected(message)


@pytest.mark.parametrize("message", _named(_REPLIES))
def test_reply(message: Path) -> None:
    assert _meaning(_body(message)) == _expected(message)


@pytest.mark.parametrize("message", _named(_FORMS))
def test_trackback(message: Path) -> None:
    ping = decode_trackback(_body(message), _content_type(message))
    words = {"title": ping.words.title, "excerpt": ping.words.excerpt, "blog_name": ping.words.site_name}
    assert {"url": ping.source, **words} == _expected(message)


@pytest.mark.parametrize("message", _named(_RESPONSES))
def test_trackback_response(message: Path) -> None:
    assert {"status": _status(message), **_answer(_body(message))} == _expected(message)


def test_trackback_response_that_it_is_there_already() -> None:
    answers = {message.name: _answer(_body(message))["message"] for message in _RESPONSES}
    assert [name for name, said in answers.items() if is_duplicate(str(said))] == ["trackback-already.response.http"]


def _meaning(body: bytes) -> dict[str, object]:
    try:
        return {"value": decode_response(body)}
    except Fault as fault:
        return {"fault": fault.code, "message": fault.message}


def _answer(body: bytes) -> dict[str, object]:
    try:
        return decode_reply(body)._asdict()
    except BadResponse:
        return {"error": None, "message": None}


def _status(message: Path) -> int:
    return int(message.read_bytes().split()[1])


def _content_type(message: Path) -> str | None:
    _, _, rest = message.read_bytes().partition(b"\r\n")
    return message_from_bytes(rest)["Content-Type"]


def _body(message: Path) -> bytes:
    return message.read_bytes().partition(b"\r\n\r\n")[2]


def _expected(message: Path) -> Any:
    return json.loads(message.with_suffix(".json").read_text())
