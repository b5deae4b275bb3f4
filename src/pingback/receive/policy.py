"""How the pings of a site are taken, how many may ask at once for what is long, and who asks for what is the same."""

from collections.abc import Callable, Collection, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from threading import BoundedSemaphore, Lock, get_ident
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from pingback.errors import Fault, FaultCode
from pingback.model import Protocol
from pingback.receive.observer import RETRY_AFTER
from pingback.receive.verify import counted_as

if TYPE_CHECKING:
    from pingback.jobs.limits import Rate


T = TypeVar("T")

COME_AGAIN = 10.0  # seconds, where there is no thread to count by


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How pings are taken.

    With `answer_within` (seconds), no ping waits longer than that for its source: what is not verified by then is kept
    as `pending`, answered with success, and looked at by a job. Without, everything is done while the sender waits.
    Pings of the protocols in `queued` wait for no source: they are kept and verified afterwards.

    A TrackBack brings words of its own and proves nothing, so that it is verified like all others. Pings of protocols
    that are `believed` stay `pending` with these words instead, and nobody asks their source until another protocol
    names the same pair; what the owner approves of them is on their word (`Moderation.on_their_word`).

    `rate` is how often a sender may ping (`sender_of` its address), fault 49 beyond.
    """

    answer_within: float | None
    queued: Collection[Protocol]
    believed: Collection[Protocol]
    rate: "Rate | None"

    def check_sender(self, client_ip: str | None) -> None:
        """Count a ping from this address; raises `Fault` where there were too many.

        None is nobody's ping but our own host's, and is not counted. All whose address is none count as one sender, as
        behind a server that listens at a Unix socket and says no more.
        """
        sender = counted_as(client_ip)
        if self.rate is None or sender is None:
            return
        try:
            seconds = self.rate.count(sender)
        except RuntimeError as error:
            raise Fault(FaultCode.UPSTREAM_ERROR, "too busy; try again later", retry_after=COME_AGAIN) from error
        if seconds:
            message = "too many pings from your address; try again later"
            raise Fault(FaultCode.ACCESS_DENIED, message, retry_after=seconds)


class Full(Exception):
    """As many began to find something out as may."""


class Found(NamedTuple, Generic[T]):
    """What was found out, and whether the caller did so, or another."""

    value: T
    by_us: bool


class Shared(Generic[T]):
    """What several want to know at once: the first of them finds it out, the others wait for what comes of it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sought: dict[Hashable, tuple[Future[T], int]] = {}  # and the thread that does

    def find(self, key: Hashable, work: Callable[[], T], *, within: float, most: float = inf) -> Found[T]:
        """What `work` gives or raises, here or for whoever began with this key; TimeoutError for who waits too long.

        Raises `Full` for one who would begin where `most` did.
        """
        with self._lock:
            known = self._sought.get(key)
            if known is None:
                if len(self._sought) >= most:
                    raise Full
                ours: Future[T] = Future()
                self._sought[key] = ours, get_ident()
        if known is not None:
            return Found(known[0].result(None if within == inf else max(within, 0.0)), by_us=False)
        try:
            found = work()
        except BaseException as error:
            self._end(key)
            ours.set_exception(error)
            raise
        self._end(key)
        ours.set_result(found)
        return Found(found, by_us=True)

    def is_ours(self, key: Hashable) -> bool:
        """This thread is finding it out, and would wait for itself."""
        with self._lock:
            _, thread = self._sought.get(key, (None, None))
        return thread == get_ident()

    def _end(self, key: Hashable) -> None:
        with self._lock:
            del self._sought[key]


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
