"""The values of XML-RPC that hold no others, as the text of their elements and back (xmlrpc.com/spec.md, “Scalars”)."""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import TypeAlias

Scalar: TypeAlias = str | bool | int | float | bytes | datetime | None  # a `datetime` is naive: the spec knows no zone

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")  # int() would also take "1_000", Arabic digits, and thousands of zeros
# Neither "nan" nor "inf". No run of digits can be split in two ways: with that, 24 KiB of them took 14 s.
_DOUBLE = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_DATE_TIME = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z?")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


def decode(tag: str, text: str) -> Scalar:
    """The value of an element in `TAGS`; ValueError where the text is not of its type."""
    try:
        return _DECODERS[tag](text.strip())
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no <{tag}>") from None


def encode(value: Scalar) -> str:
    """The element of a value; ValueError and TypeError as `xmlrpc.encode_response` says."""
    match value:
        case str():
            return f"<string>{encode_text(value)}</string>"
        case None:
            return "<nil/>"
        case bool():
            return f"<boolean>{value:d}</boolean>"
        case int() if _fits(value, 32):
            return f"<int>{value:d}</int>"
        case int() if _fits(value, 64):
            return f"<i8>{value:d}</i8>"
        case int():
            raise ValueError("XML-RPC has no integers over 64 bit")
        case float() if isfinite(value):
            return f"<double>{Decimal(repr(value)):f}</double>"  # the spec has no exponents
        case float():
            raise ValueError(f"XML-RPC has no double {value}")
        case bytes():
            return f"<base64>{b2a_base64(value, newline=False).decode()}</base64>"
        case datetime() if value.tzinfo is None:
            return f"<dateTime.iso8601>{value.isoformat(timespec='seconds').replace('-', '')}</dateTime.iso8601>"
        case datetime():
            raise ValueError("XML-RPC has no time zones")
    raise TypeError(f"XML-RPC has no type for {type(value).__name__}")


def encode_text(text: str) -> str:
    """`text` within an element. XML cannot carry most control characters: they become U+FFFD."""
    # A bare "\r" would be read as "\n" (XML 1.0 §2.11), and "]]>" may not stand in text (§2.4).
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return _NOT_XML.sub("\ufffd", text)


def _decode_integer(text: str, bits: int = 32) -> int:
    number = int(_matched(_INTEGER, text)[0])
    if not _fits(number, bits):
        raise ValueError(f"{number} is too large")
    return number


def _decode_double(text: str) -> float:
    number = float(_matched(_DOUBLE, text)[0])
    if not isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def _decode_date_time(text: str) -> datetime:
    year, month, day, hour, minute, second = map(int, _matched(_DATE_TIME, text).groups())
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # the spec gives it no zone


def _decode_nil(text: str) -> None:
    if text:
        raise ValueError("nil holds nothing")


_DECODERS: dict[str, Callable[[str], Scalar]] = {
    "int": _decode_integer,
    "i4": _decode_integer,
    "i8": lambda text: _decode_integer(text, 64),
    "ex:i8": lambda text: _decode_integer(text, 64),
    "boolean": lambda text: ("0", "1").index(text) == 1,
    "double": _decode_double,
    "dateTime.iso8601": _decode_date_time,
    "base64": lambda text: a2b_base64("".join(text.split()), strict_mode=True),
    "nil": _decode_nil,
    "ex:nil": _decode_nil,
}
TAGS = tuple(_DECODERS)  # not "string", whose text is its value


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError("not of this type")
    return found


def _fits(number: int, bits: int) -> bool:
    return -(1 << bits - 1) <= number < 1 << bits - 1
