"""Who hears of pings: whoever counts and times them, the log, and the operator where something is wrong."""

import logging
import threading
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from pingback.errors import Fault, FaultCode, StoreError
from pingback.model import Mention, MentionStatus, Protocol
from pingback.receive.verify import address_of
from pingback.urls import shown

if TYPE_CHECKING:
    from pingback.store import Store

QUIET_FOR = 60.0  # seconds after a line, in which the same trouble is only counted
RETRY_AFTER = 60.0  # seconds until a ping that we had no room or no disk for is worth another try

log = logging.getLogger(__name__)


class Observer(typing.Protocol):
    """Called by several threads at once, within the time that an answer may take."""

    def received(self, protocol: Protocol, end: MentionStatus | Fault, seconds: float) -> None:
        """A ping was answered after so long, with a mention that has this status or with a fault."""

    def verified(self, protocol: Protocol, seconds: float) -> None:
        """A source was asked for, whatever came of it."""

    def send(self, store: "Store") -> None:
        """Add what was counted in this process to what others did. Raises StoreError, and then nothing is lost."""

    def exposition(self, store: "Store") -> bytes | None:
        """All that was counted, and what the store holds, in Prometheus' text format; None where nobody counts."""


class Nobody:
    """Counts nothing."""

    def received(self, protocol: Protocol, end: MentionStatus | Fault, seconds: float) -> None:
        """Forget it."""

    def verified(self, protocol: Protocol, seconds: float) -> None:
        """Forget it."""

    def send(self, store: "Store") -> None:
        """There is nothing."""

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


def log_ping(protocol: Protocol, source: str, target: str, client_ip: str | None, end: MentionStatus | Fault) -> None:
    """A ping was answered, with a mention that has this status or with a fault."""
    parts = (protocol, shown(source), shown(target), address_of(client_ip))
    fields: dict[str, object] = dict(zip(("protocol", "source", "target", "client_ip"), parts, strict=True))
    if isinstance(end, Fault):
        said, fields["outcome"], fields["fault"] = f"fault {end.code}, {end.message}"[:500], "refused", end.code
    else:
        said, fields["outcome"] = end, end
    log.info("%s from %r to %r by %s: %s", *parts, said, extra=fields)


def log_settled(settled: Mention) -> None:
    """What was answered before it was verified came to its end."""
    parts = (settled.protocol, shown(settled.source), shown(settled.target), settled.status)
    fields: dict[str, object] = dict(zip(("protocol", "source", "target", "outcome"), parts, strict=True))
    fields["mention"], fields["fault"] = settled.id, settled.fault
    why = "" if settled.fault is None else f", fault {settled.fault}"
    log.info("%s from %r to %r was looked at: %s%s", *parts, why, extra=fields)


def log_renewed(renewed: Mention) -> None:
    """The source of a known mention was looked at again."""
    parts = (shown(renewed.source), shown(renewed.target), renewed.status)
    fields = dict(zip(("source", "target", "outcome"), parts, strict=True)) | {"mention": renewed.id}
    log.info("%r looked at again for %r: %s", *parts, extra=fields)


class Alarm:
    """Logs trouble with the database at once, and then once a minute for as long as it lasts. Thread-safe.

    `clock` gives seconds that never run backwards.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._quiet_until = float("-inf")
        self._unsaid = 0

    @contextmanager
    def hiding(self) -> Iterator[None]:
        """Around what is done for a stranger, who hears that we failed, while the operator hears why."""
        try:
            yield
        except StoreError as error:
            self.ring(error)
            message = "the mentions cannot be read or written now; try again later"
            raise Fault(FaultCode.INTERNAL_ERROR, message, retry_after=RETRY_AFTER) from error

    def ring(self, trouble: StoreError) -> None:
        """Say it, or count it where it was said a moment ago."""
        with self._lock:
            if self._clock() < self._quiet_until:
                self._unsaid += 1
                return
            unsaid, self._unsaid = self._unsaid, 0
            self._quiet_until = self._clock() + QUIET_FOR
        log.error("pings cannot be kept: %s (since this was last said, %d more times)", trouble, unsaid)
