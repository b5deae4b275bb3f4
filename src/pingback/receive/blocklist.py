"""Blocks: hosts, folders and patterns whose pages the owner wants no pings from.

A block is `HOST` or `HOST/PATH`: the host and those below it, and of these the page at the path and all below it.
`*` stands for any letters, in both.
"""

import re
from functools import lru_cache

from pingback.urls import is_http, key_of, split

MAX_BLOCK = 500  # characters

_FORM = re.compile(r"(?ai:https?://)?((?:\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]\\\s]+)(?:/[^?#\\\s]*)?)")


def block_of(text: str) -> str:
    """A block in its normal form; a URL means its host and path. ValueError where it names no host."""
    if len(text) > MAX_BLOCK:
        raise ValueError(f"a block has at most {MAX_BLOCK} characters")
    found = _FORM.fullmatch(text.strip())
    if found is None or not is_http(url := f"http://{found[1]}"):
        raise ValueError(f"{text!r} is not of the form HOST or HOST/PATH")
    return f"{_host(url)}/{_path(url)}".rstrip("/")


def host_of_block(block: str) -> str:
    """The host that a block names; "" where only its pattern can tell."""
    host = block.partition("/")[0]
    return "" if "*" in host else host


def hosts_above(source: str) -> list[str]:
    """What a block of this source can name (`host_of_block`): its host, those that it is below, and none."""
    labels = _host(source).split(".")
    return [*(".".join(labels[start:]) for start in range(len(labels))), ""]


def blocks(block: str, source: str) -> bool:
    """The block is one of this source, an HTTP URL."""
    return _pattern(block).fullmatch(f"{_host(source)}/{_path(source)}") is not None


def _host(url: str) -> str:
    return split(url).host.rstrip(".")  # which leads to the same server


def _path(url: str) -> str:
    return key_of(url).partition("?")[0].partition("/")[2]


@lru_cache(maxsize=4096)
def _pattern(block: str) -> re.Pattern[str]:
    host, _, path = block.partition("/")
    folder = f"/{_glob(path, '.*')}" if path else ""
    return re.compile(rf"(?:[^/]+\.)?{_glob(host, '[^/]*')}{folder}(?:/.*)?", re.DOTALL)


def _glob(text: str, any_letters: str) -> str:
    """A pattern for `text`, that goes back to no `*` but the last: with several, a long URL would take for ever."""
    first, *middle = map(re.escape, text.split("*"))
    if not middle:
        return first
    last = middle.pop()
    return first + "".join(f"(?>{any_letters}?{piece})" for piece in middle) + any_letters + last
