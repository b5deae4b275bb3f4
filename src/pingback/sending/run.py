"""What one run of the courier has under way, and what it learned on it."""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pingback.model import Discovery, Outcome, QueuedPing
from pingback.sending.ping import Delivery
from pingback.sending.pool import Pool

THREADS = 48  # each spends nearly all of its time waiting for somebody's server
STRIKES = 2  # exchanges in a row that a host leaves without an answer; then it is left alone for a while
REMEMBERED = 1000  # discoveries, so that many links to one target cost one, and hosts that did not answer


class Job:
    """A claimed ping on its way."""

    def __init__(self, *, ping: QueuedPing, began: float) -> None:
        self.ping = ping
        self.began = began
        self.endpoint_host = ""  # where there is none
        self.is_recalled = False
        self.is_for_others = False  # the target has endpoints, but none for the protocols that this run may use
        self.tell: Callable[[], Delivery]
        self.told: Future[Delivery] | None = None  # since its delivery was begun

    @property
    def is_out(self) -> bool:
        """Its delivery was begun, and what became of it is not recorded."""
        return self.told is not None and not self.told.cancelled()

    @property
    def hosts(self) -> set[str]:
        """Those that learn of it: the target's, and its endpoint's."""
        return {self.ping.host, self.endpoint_host} - {""}


@dataclass
class Run:
    """What one `deliver` has under way. It begins nothing after `ends`, by `monotonic`."""

    on_outcome: Callable[[Outcome], object]
    sources: Collection[str] | None
    until: datetime
    ends: float

    def __post_init__(self) -> None:
        self.pool = Pool(THREADS)
        self.jobs: set[Job] = set()
        self.futures: dict[Future[Any], Callable[[], None]] = {}
        self.busy: Counter[str] = Counter()  # pings under way by the target's host
        self.telling: Counter[str] = Counter()  # deliveries under way by the endpoint's host
        self.queues: dict[str, deque[Job]] = {}  # of those that wait for their turn there
        self.asking: dict[str, list[Job]] = {}  # by target: who waits for its discovery
        self.found: OrderedDict[str, Discovery] = OrderedDict()
        self.unremembered: deque[tuple[Discovery, datetime]] = deque()  # of these, what the outbox is still to keep
        self.strikes: Counter[tuple[str, str]] = Counter()  # by host and what was done there
        self.gaps: dict[str, timedelta] = {}  # between the pings to hosts that asked for patience
        self.rests: dict[str, datetime] = {}  # until when a host is left alone
        self.aside: list[QueuedPing] = []  # what this run may not send, and the next one may

    def remember(self, key: str, found: Discovery) -> None:
        self.found[key] = found
        if len(self.found) > REMEMBERED:
            self.found.popitem(last=False)

    def let_go(self, job: Job) -> None:
        self.jobs.discard(job)
        count_down(self.busy, job.ping.host)

    def is_slow(self, host: str) -> bool:
        """It asked for patience, or did not answer the last time: it gets one ping at a time."""
        return host in self.gaps or (host, "told") in self.strikes or (host, "asked") in self.strikes

    def slow_hosts(self) -> set[str]:
        return {*self.gaps, *(host for host, _ in self.strikes)}

    def strikes_out(self, place: tuple[str, str], unanswered: bool) -> bool:
        """The host leaves us without an answer again and again, and is not to be tried for each of its pages."""
        if not unanswered:
            self.strikes.pop(place, None)
            return False
        self.strikes[place] += 1
        if len(self.strikes) > REMEMBERED:
            del self.strikes[next(iter(self.strikes))]
        return self.strikes[place] >= STRIKES


def count_down(counter: Counter[str], key: str) -> None:
    """Without a trace at zero: there may be very many hosts."""
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
