"""What is counted and timed, for Prometheus (text format 0.0.4): labels are protocols, statuses and fault codes only.

A URL or a host in a label would let strangers make as many time series as they like.
"""

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from pingback.errors import Fault
from pingback.model import MentionStatus, Protocol

if TYPE_CHECKING:
    from pingback.store import Store

REFRESHED = 10.0  # seconds for which the store is not counted again, however often somebody asks
# Seconds: a refusal takes a millisecond, a source some hundred, WordPress hangs up after 3, a fetch ends after 15.
_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0)


class Metrics:
    """An `Observer` with a registry of its own. `clock` gives seconds that never run backwards."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._registry = registry = CollectorRegistry()
        self._received = Counter(
            "pingback_received", "Pings that were answered.", ["protocol", "outcome"], registry=registry
        )
        self._answers = _histogram("pingback_answer_seconds", "Until a ping was answered.", registry)
        self._verifications = _histogram("pingback_verification_seconds", "Until a source had answered.", registry)
        self._mentions = _gauge("pingback_mentions", "Mentions in the store.", registry)
        self._outbox = _gauge("pingback_outbox_pings", "Pings in the outbox.", registry)
        ProcessCollector(registry=registry)
        self._counting = threading.Lock()
        self._counted = float("-inf")

    def received(self, protocol: Protocol, end: MentionStatus | Fault, seconds: float) -> None:
        outcome = f"fault {int(end.code)}" if isinstance(end, Fault) else end.value
        self._received.labels(protocol, outcome).inc()
        self._answers.labels(protocol).observe(seconds)

    def verified(self, protocol: Protocol, seconds: float) -> None:
        self._verifications.labels(protocol).observe(seconds)

    def exposition(self, store: "Store") -> bytes | None:
        """All of it; what the store holds may be some seconds old. Raises StoreError."""
        with self._counting:
            if self._clock() - self._counted >= REFRESHED:
                self._count(store)
                self._counted = self._clock()
        return generate_latest(self._registry)

    def _count(self, store: "Store") -> None:
        for gauge, counts in (
            (self._mentions, store.tallies.mentions()),
            (self._outbox, store.tallies.pings()),
        ):
            gauge.clear()
            for (protocol, status), count in counts.items():
                gauge.labels(protocol, status).set(count)


def _histogram(name: str, words: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(name, words, ["protocol"], buckets=_BUCKETS, registry=registry)


def _gauge(name: str, words: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, words, ["protocol", "status"], registry=registry)
