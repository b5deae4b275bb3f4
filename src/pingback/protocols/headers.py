"""HTTP header fields as values: `Content-Type` (RFC 9110 §8.3), `Link` (RFC 8288 §3), how long a page is fresh;
and some that we send."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from math import ceil
from typing import NamedTuple

# For what may hold a stranger's words: no browser is to look for markup in them.
NOSNIFF = {"X-Content-Type-Options": "nosniff"}
UNKEPT = NOSNIFF | {"Cache-Control": "no-store"}  # and for what no cache is to keep

MAX_LINKS = 500  # in all fields of a response, what stands between two included

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_MEDIA_TYPE = re.compile(rf"[ \t]*({_WORD}/{_WORD})[ \t]*(?=[;,]|\Z)")  # a comma: a proxy joined two such fields
_PARAMETER = re.compile(rf';[ \t]*({_WORD})=(?:"((?:[^"\\]|\\.)*)"|([^;,"]*))')
_ESCAPED = re.compile(r"\\(.)")

# A quoted string that never ends goes to the end of its field (RFC 8288 §B.4). Nothing here is given back once it is
# matched, and an address ends at a second "<": so a megabyte of "<", or of quotes, is read once.
_QUOTED = r'[^"\\]*+(?:\\.[^"\\]*+)*+'
_LINK_VALUE = re.compile(rf'\s*+(?:<([^<>]*+)>)?((?:[^,"]++|"{_QUOTED}"?)*+)', re.DOTALL)
_LINK_PARAMETER = re.compile(rf';\s*+([^\s=;]++)\s*+(?:=\s*+(?:"({_QUOTED})"?|([^;]*+)))?', re.DOTALL)


_MAX_AGE = re.compile(r'max-age[ \t]*=[ \t]*"?([0-9]{1,9})')
_NOT_KEPT = re.compile(r"\bno-(?:store|cache)\b")


class ContentType(NamedTuple):
    """What a body is said to be: `media_type` in lower case, "" where there is no usable one; `charset` as written."""

    media_type: str
    charset: str | None


class Link(NamedTuple):
    """One link of a `Link` field: `url` as written, `rels` in lower case, `anchor` where it is not the page's own."""

    url: str
    rels: tuple[str, ...]
    anchor: str | None


def content_type(value: str | None) -> ContentType:
    """The `Content-Type` field as a value; of several charsets the first counts, as in the MIME Sniffing standard."""
    found = _MEDIA_TYPE.match(value or "")
    if found is None:
        return ContentType("", None)
    return ContentType(found[1].lower(), _parameter("charset", found.string, found.end()))


def profiles_in(value: str | None) -> list[str]:
    """The addresses in the `profile` parameter of a `Content-Type` field (RFC 6906 §3.1)."""
    found = _MEDIA_TYPE.match(value or "")
    return [] if found is None else (_parameter("profile", found.string, found.end()) or "").split()


def links_in(values: Iterable[str]) -> Iterator[Link]:
    """The links of all `Link` fields, in order (RFC 8288 §3), MAX_LINKS at most. What is none is passed over, up to the
    next comma."""
    values_found = chain.from_iterable(_LINK_VALUE.finditer(value) for value in values)
    for found in islice(values_found, MAX_LINKS):
        if found[1] is not None:
            yield _link(found[1], found[2])


def fresh_for(cache_control: Iterable[str], *, expires: str | None, date: str | None) -> float | None:
    """Seconds that a page may be kept, by `Cache-Control`, else by `Expires` and `Date` (RFC 9111 §4.2.1 and §5).

    None where the page does not say. A page that says so in a way that cannot be read is stale at once.
    """
    directives = ",".join(cache_control).lower()
    if _NOT_KEPT.search(directives):
        return 0.0
    if found := _MAX_AGE.search(directives):
        return float(found[1])
    if expires is None:
        return None
    from email.utils import parsedate_to_datetime  # 8 ms, and few pages have dates alone

    try:
        return max((parsedate_to_datetime(expires) - parsedate_to_datetime(date or "")).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when the same request is welcome (RFC 9110 §10.2.3)."""
    return {"Retry-After": str(ceil(seconds))}


def _parameter(wanted: str, value: str, start: int) -> str | None:
    for name, quoted, plain in (match.groups("") for match in _PARAMETER.finditer(value, start)):
        if name.lower() == wanted:
            return _ESCAPED.sub(r"\1", quoted) or plain.strip(" \t") or None
    return None


def _link(url: str, text: str) -> Link:
    parameters: dict[str, str] = {}
    for name, quoted, plain in (match.groups("") for match in _LINK_PARAMETER.finditer(text)):
        if name.lower() in ("rel", "anchor"):  # the first of each counts (RFC 8288 §3.3)
            parameters.setdefault(name.lower(), _ESCAPED.sub(r"\1", quoted) or plain.strip())
    return Link(url, tuple(parameters.get("rel", "").lower().split()), parameters.get("anchor"))
