"""How many may do at once what is long and what any stranger may ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from pingback.errors import Fault, FaultCode
from pingback.receive.alarm import RETRY_AFTER


class Gate:
    """Lets `at_once` callers in, while others wait: `in_hand` of them in all, so that they do not take all threads."""

    def __init__(self, *, at_once: int, in_hand: int) -> None:
        self._places = BoundedSemaphore(in_hand)
        self._inside = BoundedSemaphore(at_once)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Within the block the caller is in; may block before. Raises a `Fault` with `retry_after` for one too many."""
        if not self._places.acquire(blocking=False):
            message = "too many ask for long lists; try again later"
            raise Fault(FaultCode.UPSTREAM_ERROR, message, retry_after=RETRY_AFTER)
        try:
            with self._inside:
                yield
        finally:
            self._places.release()
