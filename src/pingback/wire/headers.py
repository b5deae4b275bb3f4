"""HTTP header fields as values: `Content-Type` (RFC 9110 §8.3)."""

import re
from typing import NamedTuple

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_MEDIA_TYPE = re.compile(rf"[ \t]*({_WORD}/{_WORD})[ \t]*(?=[;,]|\Z)")  # a comma: a proxy joined two such fields
_PARAMETER = re.compile(rf';[ \t]*({_WORD})=(?:"((?:[^"\\]|\\.)*)"|([^;,"]*))')
_ESCAPED = re.compile(r"\\(.)")


class ContentType(NamedTuple):
    """What a body is said to be: `media_type` in lower case, "" where there is no usable one; `charset` as written."""

    media_type: str
    charset: str | None


def content_type(value: str | None) -> ContentType:
    """The `Content-Type` field as a value; of several charsets the first counts, as in the MIME Sniffing standard."""
    found = _MEDIA_TYPE.match(value or "")
    if found is None:
        return ContentType("", None)
    return ContentType(found[1].lower(), _charset(found.string, found.end()))


def _charset(value: str, start: int) -> str | None:
    for name, quoted, plain in (match.groups("") for match in _PARAMETER.finditer(value, start)):
        if name.lower() == "charset":
            return _ESCAPED.sub(r"\1", quoted) or plain.strip(" \t") or None
    return None
