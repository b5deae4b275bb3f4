"""Which source may be asked now, and what becomes of the pings whose source has to wait.

Each host has a budget (`pingback.receive.turns`), and what goes beyond waits in the store until there is some left.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from functools import cached_property, partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pingback.clock import Clock
from pingback.holders import is_gone, this_process
from pingback.model import Mention, Protocol
from pingback.receive.background import Background, Busy
from pingback.receive.turns import Turns, Way, host_of
from pingback.receive.verify import counted_as

if TYPE_CHECKING:
    from pingback.store.queue import Queue

T = TypeVar("T")
Look: TypeAlias = Callable[[Mention], bool]  # true where somebody looked

REVERIFY_AFTER = timedelta(hours=1)
MOST_WAITING = 1000  # pings, which are read anew at each turn
MOST_WAITING_OF_A_HOST = 50  # more than anybody's series, and five minutes' budget
UNKNOWN = "unknown"  # a process that has no name here; its leases run out by themselves


class Backlog:
    """What waits for a look at its source, kept in `queue`. Thread-safe.

    A database may hold what other sites have to see to: `is_ours` says of a target whether this one does. `turns` are
    the budgets of the hosts. `settle` and `renew` look at the source of a mention: one that was claimed and
    is pending, and one that was verified before. They run in the `background`, or where there is none, in the thread
    that calls `take_up`.
    """

    def __init__(
        self,
        queue: "Queue",
        *,
        background: Background | None,
        is_ours: Callable[[str], bool],
        turns: Turns,
        unasked: Collection[Protocol],
        settle: Look,
        renew: Look,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._background = background
        self._is_ours = is_ours
        self._hosts = turns
        self._unasked = unasked
        self._settle = settle
        self._renew = renew
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: Counter[str] = Counter()  # by host; `take_up` counts them anew
        self._turns = threading.Lock()
        self._in_hand: set[int | None] = set()  # the mentions that `take_up` has begun with
        self._closed = False

    @cached_property
    def holder(self) -> str:
        """The name of this process, which takes a look at /proc."""
        return this_process() or UNKNOWN

    def look(self, background: Background, key: Hashable, source: str, work: Callable[[], T]) -> Future[T]:
        """What `work` will give, which asks the source. Raises `Busy` where its host has had enough for now.

        Equal keys share one job, and so one request to the server of the source.
        """
        host = host_of(source)
        with self._turns:  # no turn is taken that is not used
            known = background.find(key)
            if known is not None:
                return known
            if not background.has_room(host) or not self.has_turn(source):
                raise Busy
            return background.submit(key, work, lane=host)

    @contextmanager
    def joining(self, source: str) -> Iterator[None]:
        """What is kept meanwhile is one more that waits. Raises `Busy` where there is no room for it.

        Nobody counts anew in between, or what is counted but not kept would be forgotten.
        """
        host = host_of(source)
        with self._lock:
            if self._waiting.total() >= MOST_WAITING or self._waiting[host] >= MOST_WAITING_OF_A_HOST:
                raise Busy
            yield
            self._waiting[host] += 1

    def has_turn(self, source: str) -> bool:
        """Take a turn at the host of the source, where there is one left."""
        return self._hosts.take(source)

    def visiting(self, source: str, client_ip: str | None) -> AbstractContextManager[Way]:
        """The permit of an exchange that begins at the source, on the word of whoever pinged; see `Turns`."""
        return self._hosts.visiting(source, sender=counted_as(client_ip))

    def ask_again(self, mention: Mention) -> bool:
        """Remember that the mention was pinged again; true when its source may be asked now, else it will be later."""
        instant = self._clock()
        tried = self._queue.ask_again(mention, at=instant)
        return tried is None or tried <= instant - REVERIFY_AFTER

    def give_back(self, mention: Mention) -> None:
        """Let others look at what this process began with, and was stopped."""
        self._queue.give_back(mention, holder=self.holder)

    def take_up(self) -> None:
        """Look at what waits, as far as its hosts' budgets go. Raises StoreError."""
        if self._background is None:
            self.work_off()
            return
        for mention, work in self._due():
            if self._closed:
                return
            with suppress(Busy):  # then it waits for the next time
                looking = self.look(self._background, ("backlog", mention.id), mention.source, work)
                self._in_hand.add(mention.id)
                looking.add_done_callback(partial(self._let_go, mention))

    def work_off(self, *, until: float = inf) -> int:
        """Look at what waits in this thread, as far as it begins before `until` on the monotonic clock.

        How many mentions were looked at. Raises StoreError.
        """
        looked_at = 0
        for mention, work in self._due():
            if self._closed or until <= monotonic():
                break
            if self.has_turn(mention.source):
                looked_at += work()
        return looked_at

    def close(self) -> None:
        """Begin with nothing more."""
        self._closed = True

    def _due(self) -> Iterator[tuple[Mention, Callable[[], bool]]]:
        """What waits and is in nobody's hand, and how to look at it."""
        for holder in filter(is_gone, self._queue.holders()):
            self._queue.release(holder)
        in_hand = frozenset(self._in_hand)  # before they are read: what is done by then is not read any more
        with self._lock:
            waiting = self._of_ours(self._queue.waiting(but_of=self._unasked, now=self._clock()))
            self._waiting = Counter(host_of(mention.source) for mention in waiting)
        for mention in waiting:
            if mention.id not in in_hand:
                yield mention, partial(self._settle_if_free, mention)
        for mention in self._of_ours(self._queue.asked(tried_before=self._clock() - REVERIFY_AFTER)):
            if mention.id not in in_hand:
                yield mention, partial(self._renew, mention)

    def _of_ours(self, mentions: Iterable[Mention]) -> list[Mention]:
        return [mention for mention in mentions if self._is_ours(mention.target)]

    def _let_go(self, mention: Mention, _: Future[bool]) -> None:
        self._in_hand.discard(mention.id)

    def _settle_if_free(self, mention: Mention) -> bool:
        if self._closed or not self._queue.claim(mention, holder=self.holder, now=self._clock()):
            return False
        return self._settle(mention)
