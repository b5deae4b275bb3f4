"""How often is too often, for a sender and for the host of a source; by the library `limits`.

It takes a tenth of a second to load, and only what is given a rate loads it.
"""

import threading
from time import time

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pingback.errors import Fault, FaultCode
from pingback.receive.verify import counted_as

MAX_AMOUNT = 10_000  # in a window: each time that something happened is remembered until the window is over
MAX_WINDOWS = 2000  # remembered at once; the library walks through them all, in 1.4 ms
LONGEST_WINDOW = 24 * 3600  # seconds


class Rate:
    """So many times in so long for each key, as `60/minute; 300/hour` says it. Thread-safe; ValueError for other texts.

    What was counted is in memory: each process counts by itself, and from nothing when it starts.
    """

    def __init__(self, text: str) -> None:
        self._limits = limits_in(text)
        self._lock = threading.Lock()
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)

    def take(self, key: str) -> float:
        """Count one for this key: 0.0, or the seconds until there may be another, when nothing was counted."""
        with self._lock:
            if len(self._storage.events) >= MAX_WINDOWS:
                self._forget_half()
            for limit in self._limits:
                if not self._limiter.test(limit, key):
                    return max(1.0, self._limiter.get_window_stats(limit, key).reset_time - time())
            for limit in self._limits:
                self._limiter.hit(limit, key)
        return 0.0

    def check_sender(self, client_ip: str | None) -> None:
        """Count a ping from this address; raises `Fault` where there were too many.

        None is nobody's ping but our own host's, and is not counted. All whose address is none count as one sender, as
        behind a server that listens at a Unix socket and says no more.
        """
        sender = counted_as(client_ip)
        if sender is not None and (seconds := self.take(sender)):
            raise Fault(
                FaultCode.ACCESS_DENIED, "too many pings from your address; try again later", retry_after=seconds
            )

    def _forget_half(self) -> None:
        """Keep those windows in which most happened: to take the place of one costs a stranger a thousand as full.

        They go to a new storage, as a thread of the old one's may be at work there.
        """
        fullest = sorted(self._storage.events.items(), key=lambda window: len(window[1]))[MAX_WINDOWS // 2 :]
        self._storage = MemoryStorage()
        self._storage.events.update(fullest)
        self._limiter = MovingWindowRateLimiter(self._storage)


def limits_in(text: str) -> list[RateLimitItem]:
    """The limits that a text like `60/minute; 300/hour` names; ValueError where it names none, or one without sense."""
    limits = parse_many(text)
    for limit in limits:
        if not 0 < limit.amount <= MAX_AMOUNT or limit.get_expiry() > LONGEST_WINDOW:
            raise ValueError(f"{limit} is not between 1 and {MAX_AMOUNT} in a day at most")
    return limits
