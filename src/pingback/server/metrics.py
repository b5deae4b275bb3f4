"""What is counted and timed, for Prometheus (text format 0.0.4): labels are protocols, statuses and the like only.

A URL or a host in a label would let strangers make as many time series as they like. Each process adds what it counted
to the sums in the database now and then, so that one that is asked answers for all: front ends and workers.
"""

import json
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import accumulate
from time import monotonic
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from pingback.clock import Clock, now
from pingback.errors import Fault, StoreError
from pingback.model import MentionStatus, Protocol

if TYPE_CHECKING:
    from pingback.store import Store

REFRESHED = 10.0  # seconds for which the store is not counted again, however often somebody asks
# Seconds: a refusal takes a millisecond, a source some hundred, WordPress hangs up after 3, a fetch ends after 15.
_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0)
_LE = (*map(str, _BUCKETS), "+Inf")
_RECEIVED = "pingback_received"
_ANSWERS, _VERIFICATIONS = "pingback_answer_seconds", "pingback_verification_seconds"
_BUCKET, _SUM = "_bucket", "_sum"  # behind the name of a histogram
_COUNTERS = {_RECEIVED: ("Pings that were answered.", ("protocol", "outcome"))}
_HISTOGRAMS = {_ANSWERS: "Until a ping was answered.", _VERIFICATIONS: "Until a source had answered."}


class Metrics:
    """An `Observer`. `clock` gives seconds that never run backwards; `instant` the time of day."""

    def __init__(self, *, clock: Callable[[], float] = monotonic, instant: Clock = now) -> None:
        self._clock = clock
        self._instant = instant
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        self._lock = threading.Lock()
        self._unsent: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._sending = threading.Lock()
        self._counted = float("-inf")
        self._gauges: list[Metric] = []

    def received(self, protocol: Protocol, end: MentionStatus | Fault, seconds: float) -> None:
        outcome = f"fault {int(end.code)}" if isinstance(end, Fault) else end.value
        with self._lock:
            self._unsent[_RECEIVED, _labels(protocol=protocol, outcome=outcome)] += 1
        self._observe(_ANSWERS, protocol, seconds)

    def verified(self, protocol: Protocol, seconds: float) -> None:
        self._observe(_VERIFICATIONS, protocol, seconds)

    def send(self, store: "Store") -> None:
        """Add what was counted since the last time to the sums in the store. Raises StoreError, and keeps it then."""
        with self._sending:
            with self._lock:
                sent, self._unsent = self._unsent, defaultdict(float)
            try:
                store.counts.add(sent)
            except StoreError:
                with self._lock:
                    _add(self._unsent, sent)
                raise

    def exposition(self, store: "Store") -> bytes | None:
        """All of it; what the store holds may be some seconds old. Raises StoreError."""
        with self._sending:
            if self._clock() - self._counted >= REFRESHED:
                self._gauges = [*_gauges(store, self._instant)]
                self._counted = self._clock()
            sums = defaultdict(float, store.counts.all())
            with self._lock:
                _add(sums, self._unsent)
        registry = CollectorRegistry()
        registry.register(_Given([*_families(sums), *self._gauges]))
        return generate_latest(registry) + generate_latest(self._process)

    def _observe(self, name: str, protocol: Protocol, seconds: float) -> None:
        bucket = _LE[bisect_left(_BUCKETS, seconds)]
        with self._lock:
            self._unsent[name + _BUCKET, _labels(protocol=protocol, le=bucket)] += 1
            self._unsent[name + _SUM, _labels(protocol=protocol)] += seconds


class _Given:
    """Families of samples that are there already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = [*families]

    def collect(self) -> Iterable[Metric]:
        return self._families


def _add(sums: defaultdict[tuple[str, str], float], numbers: Mapping[tuple[str, str], float]) -> None:
    for name, number in numbers.items():
        sums[name] += number


@cache
def _labels(**labels: str) -> str:
    return json.dumps(labels, sort_keys=True)


def _families(sums: Mapping[tuple[str, str], float]) -> Iterator[Metric]:
    """What the processes counted. Of what no version of ours wrote nothing is said."""
    told: dict[str, list[tuple[dict[str, str], float]]] = {}
    for (name, text), number in sums.items():
        told.setdefault(name, []).append((_read(text), number))
    for name, (words, labels) in _COUNTERS.items():
        counter = CounterMetricFamily(name, words, labels=labels)
        for given, number in told.get(name, ()):
            if given.keys() == {*labels}:
                counter.add_metric([given[label] for label in labels], number)
        yield counter
    for name, words in _HISTOGRAMS.items():
        yield _histogram(name, words, told.get(name + _BUCKET, ()), told.get(name + _SUM, ()))


def _histogram(
    name: str,
    words: str,
    buckets: Iterable[tuple[dict[str, str], float]],
    sums: Iterable[tuple[dict[str, str], float]],
) -> Metric:
    by_protocol: dict[str, defaultdict[str, float]] = {}
    for given, number in buckets:
        if given.keys() == {"protocol", "le"} and given["le"] in _LE:
            by_protocol.setdefault(given["protocol"], defaultdict(float))[given["le"]] += number
    totals = {given.get("protocol", ""): number for given, number in sums}
    histogram = HistogramMetricFamily(name, words, labels=["protocol"])
    for protocol, found in sorted(by_protocol.items()):
        heaps = zip(_LE, accumulate(found[le] for le in _LE), strict=True)
        histogram.add_metric([protocol], [*heaps], totals.get(protocol, 0.0))
    return histogram


def _gauges(store: "Store", instant: Clock) -> Iterator[Metric]:
    """What the store holds."""
    for name, words, counts in (
        ("pingback_mentions", "Mentions in the store.", store.tallies.mentions()),
        ("pingback_outbox_pings", "Pings in the outbox.", store.tallies.pings()),
    ):
        gauge = GaugeMetricFamily(name, words, labels=["protocol", "status"])
        for (protocol, status), number in counts.items():
            gauge.add_metric([protocol, status], number)
        yield gauge
    due = GaugeMetricFamily("pingback_jobs_due", "Jobs that could be done now.", labels=["kind"])
    oldest = GaugeMetricFamily(
        "pingback_jobs_oldest_due_seconds", "For how long the first of them could be done.", labels=["kind"]
    )
    leased = GaugeMetricFamily(
        "pingback_jobs_leased", "Jobs on their way to a worker, or in hand.", labels=["kind", "by"]
    )
    for kind, backlog in store.counts.backlogs(instant()).items():
        due.add_metric([kind], backlog.due)
        oldest.add_metric([kind], backlog.oldest.total_seconds())
        leased.add_metric([kind, "queue"], backlog.sent)
        leased.add_metric([kind, "worker"], backlog.in_hand)
    yield from (due, oldest, leased)


def _read(labels: str) -> dict[str, str]:
    try:
        given = json.loads(labels)
    except ValueError:
        return {}
    texts = isinstance(given, dict) and all(isinstance(value, str) for value in given.values())
    return given if texts else {}
