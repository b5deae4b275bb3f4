"""How often is too often, by the library `limits`.

It takes a tenth of a second to load, and only what is given a rate loads it.
"""

import threading
from collections.abc import Mapping
from time import time
from typing import Any

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

MAX_AMOUNT = 10_000  # in a window: each time that something happened is remembered until the window is over
MAX_WINDOWS = 2000  # remembered at once; the library walks through them all, in 1.4 ms
LONGEST_WINDOW = 24 * 3600  # seconds
COME_AGAIN = 10.0  # seconds, where there is no thread to count by


class Rate:
    """So many times in so long for each key, as `60/minute; 300/hour` says it. Thread-safe; ValueError for other texts.

    What was counted is in memory: each process counts by itself, and from nothing when it starts.
    """

    def __init__(self, text: str) -> None:
        self._limits = limits_in(text)
        self._lock = threading.Lock()
        self._windows: _Windows | None = None  # until it is used: the library starts threads

    def take(self, key: str) -> float:
        """Count one for this key: 0.0, or the seconds until there may be another, when nothing was counted."""
        try:
            return self.count(key)
        except RuntimeError:
            return COME_AGAIN

    def count(self, key: str) -> float:
        """As `take`; RuntimeError where the library needs a thread, and the machine has none to spare."""
        with self._lock:
            if self._windows is None:
                self._windows = _Windows({})
            elif len(self._windows.events) >= MAX_WINDOWS:
                self._windows = self._windows.fullest_half()
            limiter = self._windows.limiter
            for limit in self._limits:
                if not limiter.test(limit, key):
                    return max(1.0, limiter.get_window_stats(limit, key).reset_time - time())
            for limit in self._limits:
                limiter.hit(limit, key)
        return 0.0


class _Windows:
    """What happened when, by key."""

    def __init__(self, events: Mapping[str, list[Any]]) -> None:
        self._storage = MemoryStorage()
        self._storage.events.update(events)
        self.limiter = MovingWindowRateLimiter(self._storage)

    @property
    def events(self) -> Mapping[str, list[Any]]:
        return self._storage.events

    def fullest_half(self) -> "_Windows":
        """Those windows in which most happened: to take the place of one costs a stranger a thousand as full.

        In a new storage, as a thread of the old one's may be at work there.
        """
        return _Windows(dict(sorted(self.events.items(), key=lambda window: len(window[1]))[MAX_WINDOWS // 2 :]))


def limits_in(text: str) -> list[RateLimitItem]:
    """The limits that a text like `60/minute; 300/hour` names; ValueError where it names none, or one without sense."""
    limits = parse_many(text)
    for limit in limits:
        if not 0 < limit.amount <= MAX_AMOUNT or limit.get_expiry() > LONGEST_WINDOW:
            raise ValueError(f"{limit} is not between 1 and {MAX_AMOUNT} in a day at most")
    return limits
