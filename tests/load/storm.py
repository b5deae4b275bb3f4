"""Many pings at once, and what became of each."""

import http.client
import threading
import xmlrpc.client
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlsplit

PATIENCE = 60.0  # seconds for an answer


class Answered(NamedTuple):
    """`fault` is None for a success, and `seconds` what the sender waited; None where nobody answered."""

    source: str
    fault: int | None
    seconds: float | None

    @property
    def is_success(self) -> bool:
        return self.seconds is not None and self.fault is None


def storm(
    endpoint: str,
    sources: Sequence[str],
    target: Callable[[str], str],
    *,
    concurrency: int,
    after_each: Callable[[int], None] = lambda answered: None,
) -> list[Answered]:
    """Ping for every source, `concurrency` at a time; `after_each` hears how many are done.

    Sixty of them are of one sender. A server that goes away in the middle answers nobody any more.
    """
    done = Counted()

    def ping(numbered: tuple[int, str]) -> Answered:
        number, source = numbered
        sender = f"198.51.{100 + number // 60 % 100}.{number // 6000 % 250 + 1}"
        answered = _ping(endpoint, source, target(source), sender)
        after_each(done.one_more())
        return answered

    with ThreadPoolExecutor(concurrency) as threads:
        return list(threads.map(ping, enumerate(sources)))


class Counted:
    """A count that threads share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def one_more(self) -> int:
        with self._lock:
            self._count += 1
            return self._count


def percentile(answers: Sequence[Answered], share: float) -> float:
    """The seconds within which that share of the answers came."""
    waited = sorted(answer.seconds for answer in answers if answer.seconds is not None)
    return waited[min(len(waited) - 1, int(len(waited) * share))]


def memory_of(pid: int) -> float:
    """Megabytes that a process holds in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def _ping(endpoint: str, source: str, target: str, sender: str) -> Answered:
    parts = urlsplit(endpoint)
    body = xmlrpc.client.dumps((source, target), "pingback.ping").encode()
    began = perf_counter()
    try:
        with closing(http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)) as connection:
            headers = {"Content-Type": "text/xml", "X-Forwarded-For": sender}
            connection.request("POST", parts.path, body, headers)
            answer = connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return Answered(source, None, None)
    seconds = perf_counter() - began
    try:
        xmlrpc.client.loads(answer)
    except xmlrpc.client.Fault as fault:
        return Answered(source, fault.faultCode, seconds)
    return Answered(source, None, seconds)


def mixed(good: Sequence[str], slow: Sequence[str]) -> Iterator[str]:
    """The slow ones spread evenly among the good ones."""
    every = max(1, len(good) // max(1, len(slow)))
    left = list(slow)
    for number, source in enumerate(good):
        if number % every == 0 and left:
            yield left.pop()
        yield source
    yield from left
