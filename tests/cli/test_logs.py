"""`--log-format json`: one JSON object a line, whatever is logged."""

import json
import logging
import sys
from datetime import datetime

import pytest

from pingback.cli.logs import JsonLines


def record(message: str, *words: object, **fields: object) -> logging.LogRecord:
    made = logging.getLogger("pingback.x").makeRecord("pingback.x", logging.INFO, "x.py", 1, message, words, None)
    vars(made).update(fields)
    return made


def test_message_and_fields() -> None:
    line = json.loads(JsonLines().format(record("%s by %s", "pingback", "192.0.2.1", protocol="pingback", fault=17)))
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "level": "info",
        "logger": "pingback.x",
        "message": "pingback by 192.0.2.1",
        "protocol": "pingback",
        "fault": 17,
    }


@pytest.mark.parametrize("message", ["two\nlines", "\x1b[31mred", "\u202egnol", "\ud800", '"}\n{"level": "error"'])
def test_a_message_cannot_begin_a_line_of_its_own(message: str) -> None:
    line = JsonLines().format(record("%s", message))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == message


def test_an_exception_is_a_field() -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        failed = record("cannot")
        failed.exc_info = sys.exc_info()
    line = json.loads(JsonLines().format(failed))
    assert line["exception"].endswith("RuntimeError: broken")


def test_a_field_that_is_no_json_is_text() -> None:
    assert json.loads(JsonLines().format(record("x", error=ValueError("odd"))))["error"] == "odd"
