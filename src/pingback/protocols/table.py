"""The table of the linkback protocols, in order of preference. It is read when it is needed, never at import.

To add a protocol, write a module with a `Linkback` (see there what each field means) and `add` it when your program
starts, before a site is made; from then on its endpoints are found and told, and `handle` takes its pings. Nothing
else has to know of it. What was kept of a protocol stays when it is taken out: its mentions are shown, and its pings
wait.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Lock

from pingback.model import Protocol
from pingback.protocols import pingback, trackback, webmention
from pingback.protocols.linkback import Linkback
from pingback.work import Retelling

# A tuple that is replaced, never changed, so that reading it needs no lock.
_linkbacks: tuple[Linkback, ...] = (webmention.LINKBACK, pingback.LINKBACK, trackback.LINKBACK)
_changing = Lock()
_NAME = re.compile("(?!auto$)[a-z0-9][a-z0-9-]{0,19}")  # `--protocol auto` is any
_PATH = re.compile("(/[A-Za-z0-9_-]+)+")
# What a server has beside the surfaces, by the first part of the path.
SERVERS_OWN = frozenset({"api", "healthz", "inbox", "mentions", "metrics", "publish", "readyz", "widget.js"})


def linkbacks() -> tuple[Linkback, ...]:
    """All of them."""
    return _linkbacks


def linkback_of(protocol: Protocol) -> Linkback | None:
    """That of this name; None where there is none, or none any more."""
    return next((linkback for linkback in _linkbacks if linkback.name == protocol), None)


def add(linkback: Linkback) -> None:
    """Have one more protocol, behind the others.

    ValueError where its name is taken, or is not 1 to 20 of a-z, 0-9 and "-", as it goes into headers, metrics and the
    database; and where no ping would arrive at the path of its surface: it is not like "/name" or "/my/name", a
    server has something else there, or it is above or below that of another protocol.
    """
    global _linkbacks
    if not _NAME.fullmatch(linkback.name):
        raise ValueError(f"{linkback.name!r} is no name for a protocol")
    path = linkback.surface.path if linkback.surface else None
    if path is not None and (not _PATH.fullmatch(path) or path.split("/")[1] in SERVERS_OWN):
        raise ValueError(f"{path!r} is no path for a surface")
    with _changing:
        for other in _linkbacks:
            if other.name == linkback.name:
                raise ValueError(f"there is a protocol {linkback.name} already")
            if path and other.surface and _overlap(path, other.surface.path):
                raise ValueError(f"{path} is where {other.name} is taken")
        _linkbacks = (*_linkbacks, linkback)


def remove(protocol: Protocol) -> None:
    """Have one less; nothing happens where it is not there."""
    global _linkbacks
    with _changing:
        _linkbacks = tuple(linkback for linkback in _linkbacks if linkback.name != protocol)


@contextmanager
def added(linkback: Linkback) -> Iterator[None]:
    """Have one more protocol for a while."""
    add(linkback)
    try:
        yield
    finally:
        remove(linkback.name)


def _overlap(one: str, another: str) -> bool:
    return f"{one}/".startswith(f"{another}/") or f"{another}/".startswith(f"{one}/")


class _Names(Collection[Protocol]):
    """The names in the table, whenever they are asked for."""

    def __contains__(self, name: object) -> bool:
        return any(linkback.name == name for linkback in _linkbacks)

    def __iter__(self) -> Iterator[Protocol]:
        return iter([linkback.name for linkback in _linkbacks])

    def __len__(self) -> int:
        return len(_linkbacks)


EVERY: Collection[Protocol] = _Names()


def sources_of(protocol: Protocol | None) -> frozenset[str]:
    """The media types that count as a source beside HTML; without a protocol, those of any."""
    return frozenset().union(*(one.sources for one in _linkbacks if protocol in (None, one.name)))


def headers_read() -> frozenset[str]:
    """The response headers in which an endpoint can stand."""
    return frozenset({"Link", *(linkback.header for linkback in _linkbacks if linkback.header)})


def on_their_word() -> tuple[Protocol, ...]:
    """The protocols whose pings a site may let stand on the words of their senders."""
    return tuple(linkback.name for linkback in _linkbacks if linkback.may_be_believed)


def retelling() -> Retelling:
    """Who may be told again, and of what."""
    return Retelling(
        changes=frozenset(linkback.name for linkback in _linkbacks if linkback.hears_changes),
        removals=frozenset(linkback.name for linkback in _linkbacks if linkback.hears_removals),
    )
