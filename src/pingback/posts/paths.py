"""Which pages are meant by a pattern of their paths: "/posts/**", "drafts/", "*.html"."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from pingback.urls import split

_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_ANY = "**"


def matching(url: str, patterns: Iterable[str]) -> str | None:
    """The first of the patterns that the path of an HTTP URL is like; None for none.

    A path counts without the slash at its end, and decoded. In a pattern, `*` and `?` stand for letters of one part of
    the path, `**` for any number of parts. It may begin anywhere in the path, unless it begins with a slash; one that
    ends with a slash means all that is below, too.
    """
    parts = _parts(_path(split(url).href))
    return next((pattern for pattern in patterns if _is_like(parts, _parts_of_pattern(pattern))), None)


def _path(url: str) -> str:
    path = re.split(r"[?#]", _ORIGIN.sub("", url, count=1), maxsplit=1)[0]
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), path.encode("utf-8", "replace")).decode(
        errors="replace"
    )


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _parts_of_pattern(pattern: str) -> list[str]:
    path = _ORIGIN.sub("", pattern, count=1)
    parts = _parts(path)
    if parts and path.endswith("/"):
        parts.append(_ANY)
    return parts if path.startswith("/") else [_ANY, *parts]


def _is_like(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Where the rest does not fit, the last `**` takes one part more: no need to go back to those before it."""
    at = position = 0
    retry: tuple[int, int] | None = None
    while at < len(parts):
        if position < len(pattern) and pattern[position] == _ANY:
            position += 1
            retry = (at, position)
        elif position < len(pattern) and fnmatchcase(parts[at], pattern[position]):
            at, position = at + 1, position + 1
        elif retry is not None:
            retry = (retry[0] + 1, retry[1])
            at, position = retry
        else:
            return False
    return all(each == _ANY for each in pattern[position:])
