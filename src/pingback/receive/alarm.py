"""What an operator must hear of, said loudly, and not once for each stranger who runs into it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from pingback.errors import Fault, FaultCode, StoreError

QUIET_FOR = 60.0  # seconds after a line, in which the same trouble is only counted
RETRY_AFTER = 60.0  # seconds until a ping that we had no room or no disk for is worth another try

log = logging.getLogger(__name__)


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

    @contextmanager
    def guarding(self, doing: str) -> Iterator[None]:
        """Around work that nobody waits for: what it fails on stays as it was."""
        try:
            yield
        except StoreError as error:
            self.ring(error)
        except Exception:
            log.exception("cannot %s", doing)

    def ring(self, trouble: StoreError) -> None:
        """Say it, or count it where it was said a moment ago."""
        with self._lock:
            if self._clock() < self._quiet_until:
                self._unsaid += 1
                return
            unsaid, self._unsaid = self._unsaid, 0
            self._quiet_until = self._clock() + QUIET_FOR
        log.error("pings cannot be kept: %s (since this was last said, %d more times)", trouble, unsaid)
