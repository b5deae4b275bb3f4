"""What one accepted ping asks of the database: `python -m tests.bench.statements PORT` prints the counts as JSON.

A process of its own, as it hears of every connection to SQLite that is made in it. The posts are at that port of
127.0.0.1 (`tests.bench.bench_chain`), and each ping goes through all of the application.
"""

import json
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from statistics import median
from typing import TYPE_CHECKING
from wsgiref.util import setup_testing_defaults

from sqlalchemy import Pool, event

import pingback

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

PINGS, WARM_UP = 60, 10
CALL = (
    "<methodCall><methodName>pingback.ping</methodName><params>"
    "<param><value>{}</value></param><param><value>{}</value></param></params></methodCall>"
)


class Counting:
    """Counts the transactions and statements of all connections that are made from now on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        event.listen(Pool, "connect", self._follow)

    def take(self) -> Counter[str]:
        """What came since the last time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return counts

    def _follow(self, connection: sqlite3.Connection, _: object) -> None:
        connection.set_trace_callback(self._tracer())

    def _tracer(self) -> Callable[[str], None]:
        inside = False  # a transaction that was begun
        before = ""

        def trace(statement: str) -> None:
            nonlocal inside, before
            if statement == before:  # what a trigger does is told as the statement that it belongs to
                return
            before = statement
            word = statement.lstrip().partition(" ")[0].upper().rstrip(";")
            if word in ("COMMIT", "END", "ROLLBACK"):
                inside = False
                return
            is_write = word in ("INSERT", "UPDATE", "DELETE", "REPLACE") or "IMMEDIATE" in statement.upper()[:20]
            with self._lock:
                if word == "BEGIN" or not inside:
                    self._counts["writes" if is_write else "reads"] += 1
                self._counts["statements"] += word != "BEGIN"
            inside = inside or word == "BEGIN"

        return trace


def count(port: int, site_url: str, target: str) -> dict[str, float]:
    """The medians over some pings."""
    counting = Counting()
    found: list[Counter[str]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        pingback.Site(
            site_url,
            store=f"sqlite:///{folder}/x.db",
            check_targets=False,
            allow_networks="127.0.0.0/8",
            rate="off",
            source_rate="off",
            approve="all",
            answer_within=60,
        ) as site,
    ):
        application = site.wsgi()
        for number in range(WARM_UP + PINGS):
            ping(application, f"http://127.0.0.{1 + number % 20}:{port}/{number}", target)
            found.append(counting.take())
    return {kind: median(counts[kind] for counts in found[WARM_UP:]) for kind in ("reads", "writes", "statements")}


def ping(application: "WSGIApplication", source: str, target: str) -> None:
    body = CALL.format(source, target).encode()
    environ: dict[str, object] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/xmlrpc",
        "CONTENT_TYPE": "text/xml",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": BytesIO(body),
    }
    setup_testing_defaults(environ)
    answer = b"".join(application(environ, lambda status, headers, error=None: lambda data: None))
    if b"<fault>" in answer:
        raise AssertionError(answer.decode())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(count(int(sys.argv[1]), sys.argv[2], sys.argv[3])))
