"""Who is told of pings and verifications, to count and time them."""

import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from pingback.errors import Fault
from pingback.model import MentionStatus, Protocol

if TYPE_CHECKING:
    from pingback.store import Store


class Observer(typing.Protocol):
    """Called by several threads at once, within the time that an answer may take."""

    def received(self, protocol: Protocol, end: MentionStatus | Fault, seconds: float) -> None:
        """A ping was answered after so long, with a mention that has this status or with a fault."""

    def verified(self, protocol: Protocol, seconds: float) -> None:
        """A source was asked for, whatever came of it."""

    def exposition(self, store: "Store") -> bytes | None:
        """All that was counted, and what the store holds, in Prometheus' text format; None where nobody counts."""


class Nobody:
    """Counts nothing."""

    def received(self, protocol: Protocol, end: MentionStatus | Fault, seconds: float) -> None:
        """Forget it."""

    def verified(self, protocol: Protocol, seconds: float) -> None:
        """Forget it."""

    def exposition(self, store: "Store") -> bytes | None:
        return None


NOBODY = Nobody()


@contextmanager
def timed(tell: Callable[[float], None]) -> Iterator[None]:
    """Tell how many seconds what is done inside took, however it ended."""
    began = monotonic()
    try:
        yield
    finally:
        tell(monotonic() - began)
