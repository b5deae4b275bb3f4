"""How often is too often, by the library `limits`.

It takes a tenth of a second to load, and only what is given a rate loads it.
"""

import logging
import threading
import typing
from collections.abc import Mapping, Sequence
from hashlib import sha256
from time import monotonic, time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from pingback.errors import SettingsError, StoreError

if TYPE_CHECKING:
    from pingback.store import Store

MAX_AMOUNT = 10_000  # in a window: each time that something happened is remembered until the window is over
MAX_WINDOWS = 2000  # remembered at once; the library walks through them all, in 1.4 ms
LONGEST_WINDOW = 24 * 3600  # seconds
COME_AGAIN = 10.0  # seconds, where there is no thread to count by

MEMORY, DATABASE = "memory", "database"  # where processes count, beside the address of a Redis
ANSWER_WITHIN = 0.5  # seconds that Redis has; a ping waits meanwhile
AWAY_FOR = 5.0  # seconds that nothing is asked that gave no answer
SAY_EVERY = 60.0  # seconds
REFUSED_FOR = 10.0  # seconds, at most, that a refusal is believed without being asked for again
MAX_NEW = 1000  # keys a minute of which others hear: a flood of senders is to fill no database

log = logging.getLogger(__name__)


class Rate:
    """So many times in so long for each key, as `60/minute; 300/hour` says it. Thread-safe; ValueError for other texts.

    What was counted is in memory, from nothing when the process starts. Where there is a `shared` count, it holds, too,
    for all rates with the same text that are `of` the same things; while nobody can ask for it, that in memory does.
    """

    def __init__(self, text: str, shared: "SharedCount | None" = None, *, of: str = "") -> None:
        self._limits = limits_in(text)
        self._shared = shared
        self._of = of
        self._lock = threading.Lock()
        self._windows: _Windows | None = None  # until it is used: the library starts threads
        self._refused: dict[str, tuple[float, float]] = {}  # until when that is believed, and until when it holds
        self._new, self._new_since = 0, monotonic()

    def take(self, key: str) -> float:
        """Count one for this key: 0.0, or the seconds until there may be another, when nothing was counted."""
        try:
            return self.count(key)
        except RuntimeError:
            return COME_AGAIN

    def count(self, key: str) -> float:
        """As `take`; RuntimeError where the library needs a thread, and the machine has none to spare."""
        with self._lock:
            seconds, windows = self._seconds(key), self._windows_now()
            if seconds:
                return seconds
            if self._shared is None or not self._is_for_all(key, windows):
                windows.count(self._limits, key)
                return 0.0
        found = self._shared.take(self._limits, sha256(f"{self._of} {key}".encode(errors="replace")).hexdigest()[:32])
        with self._lock:
            if found:
                _put(self._refused, key, (monotonic() + min(found, REFUSED_FOR), monotonic() + found))
                return found
            windows = self._windows_now()
            if found is None and (seconds := windows.seconds(self._limits, key)):
                return seconds
            windows.count(self._limits, key)
        return 0.0

    def _seconds(self, key: str) -> float:
        """What is known without asking others: a flood that is refused costs nobody else anything."""
        believed, until = self._refused.get(key, (0.0, 0.0))
        if believed > monotonic():
            return max(1.0, until - monotonic())
        return self._windows_now().seconds(self._limits, key)

    def _is_for_all(self, key: str, windows: "_Windows") -> bool:
        if key in self._refused or windows.knows(self._limits, key):
            return True
        if monotonic() - self._new_since >= 60.0:
            self._new, self._new_since = 0, monotonic()
        self._new += 1
        return self._new <= MAX_NEW

    def _windows_now(self) -> "_Windows":
        if self._windows is None:
            self._windows = _Windows({})
        elif len(self._windows.events) >= MAX_WINDOWS:
            self._windows = self._windows.fullest_half()
        return self._windows


class _Windows:
    """What happened when, by key."""

    def __init__(self, events: Mapping[str, list[Any]]) -> None:
        self._storage = MemoryStorage()
        self._storage.events.update(events)
        self._limiter = MovingWindowRateLimiter(self._storage)

    @property
    def events(self) -> Mapping[str, list[Any]]:
        return self._storage.events

    def knows(self, limits: Sequence[RateLimitItem], key: str) -> bool:
        return any(limit.key_for(key) in self.events for limit in limits)

    def seconds(self, limits: Sequence[RateLimitItem], key: str) -> float:
        """Until there may be another; 0.0 where that is now."""
        for limit in limits:
            if not self._limiter.test(limit, key):
                return _seconds_until_free(self._limiter, limit, key)
        return 0.0

    def count(self, limits: Sequence[RateLimitItem], key: str) -> None:
        for limit in limits:
            self._limiter.hit(limit, key)

    def fullest_half(self) -> "_Windows":
        """Those windows in which most happened: to take the place of one costs a stranger a thousand as full.

        In a new storage, as a thread of the old one's may be at work there.
        """
        return _Windows(dict(sorted(self.events.items(), key=lambda window: len(window[1]))[MAX_WINDOWS // 2 :]))


class Counter(typing.Protocol):
    """Where all processes count."""

    errors: tuple[type[Exception], ...]

    def take(self, limits: Sequence[RateLimitItem], key: str) -> float:
        """Count one: 0.0, or the seconds until there may be another. What longer limits refuse, shorter ones count."""


class SharedCount:
    """What all processes count together. While that cannot be asked, the log says so once. Thread-safe.

    A flood may make a database so busy that it cannot be asked now and then; so the log warns once a minute at most.
    """

    def __init__(self, counter: Counter, name: str) -> None:
        self._counter = counter
        self._name = name
        self._away_until = 0.0
        self._is_away = False
        self._level, self._warned = logging.WARNING, -SAY_EVERY

    def take(self, limits: Sequence[RateLimitItem], key: str) -> float | None:
        """Count one: 0.0, or the seconds until there may be another; None where nobody knows."""
        if monotonic() < self._away_until:
            return None
        try:
            seconds = self._counter.take(limits, key)
        except self._counter.errors as error:
            self._away_until = monotonic() + AWAY_FOR
            if not self._is_away:
                self._say("each process counts limits alone, as %s cannot be used: %s", self._name, error)
            self._is_away = True
            return None
        if self._is_away:
            log.log(self._level, "limits are counted in %s again", self._name)
            self._is_away = False
        return seconds

    def _say(self, message: str, *arguments: object) -> None:
        self._level = logging.WARNING if monotonic() - self._warned >= SAY_EVERY else logging.INFO
        if self._level == logging.WARNING:
            self._warned = monotonic()
        log.log(self._level, message, *arguments)

    def check(self) -> None:
        """Have the log say so where it cannot be asked."""
        self.take(limits_in("1/second"), "")


class _InRedis:
    # An unreachable one, and a name that is none, which the library does not expect.
    errors: tuple[type[Exception], ...] = (StorageError, UnicodeError)

    def __init__(self, url: str) -> None:
        storage = RedisStorage(
            url,
            key_prefix="pingback",
            wrap_exceptions=True,
            socket_connect_timeout=ANSWER_WITHIN,
            socket_timeout=ANSWER_WITHIN,
        )
        self._limiter = MovingWindowRateLimiter(storage)

    def take(self, limits: Sequence[RateLimitItem], key: str) -> float:
        for limit in limits:
            if not self._limiter.hit(limit, key):
                return _seconds_until_free(self._limiter, limit, key)
        return 0.0


class _InDatabase:
    errors: tuple[type[Exception], ...] = (StoreError,)

    def __init__(self, store: "Store") -> None:
        self._rates = store.rates

    def take(self, limits: Sequence[RateLimitItem], key: str) -> float:
        return self._rates.take({limit.key_for(key): (limit.amount, limit.get_expiry()) for limit in limits})


def shared_count(where: str | None, store: "Store") -> SharedCount | None:
    """What processes count together, as `settings.limits` says it; None where each counts by itself.

    Without a word it is the database where other machines may use it, too. SettingsError for
    other words, which may hold a password and are in no message.
    """
    where = where or (MEMORY if store.is_local else DATABASE)
    if where == MEMORY:
        return None
    if where == DATABASE:
        return SharedCount(_InDatabase(store), "the database")
    try:
        parts = urlsplit(where)
        port = f":{parts.port}" if parts.port else ""
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise ValueError
        return SharedCount(_InRedis(where), f"{parts.scheme}://{parts.hostname}{port}")
    except ConfigurationError as error:
        raise SettingsError(f"limits: pip install 'pingback[dramatiq]' ({error})") from error
    except ValueError:
        raise SettingsError("limits: give memory, database, or one like redis://:PASSWORD@HOST/0") from None


def limits_in(text: str) -> list[RateLimitItem]:
    """The limits that a text like `60/minute; 300/hour` names, the shortest first.

    ValueError where it names none, or one without sense.
    """
    limits = parse_many(text)
    for limit in limits:
        if not 0 < limit.amount <= MAX_AMOUNT or limit.get_expiry() > LONGEST_WINDOW:
            raise ValueError(f"{limit} is not between 1 and {MAX_AMOUNT} in a day at most")
    return sorted(limits, key=RateLimitItem.get_expiry)


def _seconds_until_free(limiter: MovingWindowRateLimiter, limit: RateLimitItem, key: str) -> float:
    return max(1.0, limiter.get_window_stats(limit, key).reset_time - time())


def _put(refused: dict[str, tuple[float, float]], key: str, value: tuple[float, float]) -> None:
    """The oldest is forgotten where too much is known."""
    refused.pop(key, None)
    refused[key] = value
    if len(refused) > MAX_WINDOWS:
        del refused[next(iter(refused))]
