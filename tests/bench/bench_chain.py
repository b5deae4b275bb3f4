"""An accepted pingback beside the least that takes one (`tests.bench.bare_chain`): CPU of the server's process.

Both verify the same posts of 20 KB for the same clients, and each of their writes is on disk before it is answered.
The posts are of many hosts, each asked on a connection of its own, as those of a day are. Of ours counts what is done
after the answer, too. And how often one ping asks the database of ours.

Of a post with an h-entry ours reads all, and who wrote it and when; the bare chain does neither. So it may cost more of
the chain.
"""

import http.client
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import xmlrpc.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.bench_cpu import spent_by
from tests.bench.timing import Row, judge, show
from tests.load.server import Server
from tests.paths.programs import PATIENCE

SITE = "http://blog.example"
TARGET = f"{SITE}/2024/hello"
SIZE = 20 * 1024  # bytes of a post
HOSTS = 20
WARM_UP, PINGS = 50, 300
RUNS = 3  # of each, in turns
# What a post is, how many clients ping at once, and how many times the bare chain ours may cost.
CASES = (("a plain post", 1, 1.8), ("an h-entry", 1, 2.5), ("an h-entry", 4, 2.5))
AT_REST = 1.0  # seconds without CPU, after which a server has done all there is
OPTIONS = ("--rate", "off", "--source-rate", "off", "--answer-within", "60")  # one client pings for all
_CLASSES = re.compile(rb' class="[^"]*"')


class Taker(NamedTuple):
    """A server that takes pings."""

    port: int
    process: int


def rows() -> Iterator[Row]:
    for kind, clients, most in CASES:
        with posts(kind) as port:
            ours, theirs = compared(port, clients)
        case = f"{kind}, {clients} at once"
        yield Row(f"the bare chain: ms of CPU for an accepted ping, {case}", theirs, "for the record")
        yield Row(f"ours: ms of CPU for an accepted ping, {case}", ours, "for the record")
        yield Row(f"ours, times the bare chain, {case}", ours / theirs, f"at most {most}", most=most)
    with posts("an h-entry") as port:
        counts = asked_of_database(port)
    yield Row("read transactions of an accepted ping", counts["reads"], "at most 1", most=1)
    yield Row("write transactions of an accepted ping", counts["writes"], "at most 1", most=1)
    yield Row("statements of an accepted ping", counts["statements"], "for the record")


def compared(port: int, clients: int) -> tuple[float, float]:
    """Milliseconds of CPU that a ping takes of ours and of the bare chain: medians."""
    numbers = count()
    ours, theirs = [], []
    for _ in range(RUNS):
        with bare_chain() as taker:
            theirs.append(cost(taker, "/", port, clients, numbers))
        with serving() as taker:
            ours.append(cost(taker, "/xmlrpc", port, clients, numbers))
    return median(ours), median(theirs)


def cost(taker: Taker, path: str, port: int, clients: int, numbers: "count[int]") -> float:
    def ping(number: int) -> None:
        source = f"http://127.0.0.{1 + number % HOSTS}:{port}/{number}"
        body = xmlrpc.client.dumps((source, TARGET), "pingback.ping").encode()
        with closing(http.client.HTTPConnection("127.0.0.1", taker.port, timeout=PATIENCE)) as connection:
            connection.request("POST", path, body, {"Content-Type": "text/xml"})
            xmlrpc.client.loads(connection.getresponse().read())  # raises for a fault

    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(ping, [next(numbers) for _ in range(WARM_UP)]))
        before = at_rest(taker.process)
        list(threads.map(ping, [next(numbers) for _ in range(PINGS)]))
        return (at_rest(taker.process) - before) * 1000 / PINGS


def at_rest(process: int) -> float:
    """Seconds of CPU of the process once it takes no more."""
    last = -1.0
    while (now := spent_by(process)) > last:
        last = now
        time.sleep(AT_REST)
    return now


@contextmanager
def serving() -> Iterator[Taker]:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), SITE, *OPTIONS) as server:
        yield Taker(int(server.endpoint.split(":")[2].partition("/")[0]), server.pid)


@contextmanager
def bare_chain() -> Iterator[Taker]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.bare_chain", f"{folder}/bare.db"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                assert process.stdout is not None
                yield Taker(int(process.stdout.readline()), process.pid)
            finally:
                process.kill()


def asked_of_database(port: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.statements", str(port), SITE, TARGET]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


@contextmanager
def posts(kind: str) -> Iterator[int]:
    """The port at which posts of that kind are, on all of 127.0.0.1 to 127.0.0.20."""
    handler = _Entry if kind == "an h-entry" else _Post
    servers: list[ThreadingHTTPServer] = []
    try:
        for host in range(1, HOSTS + 1):
            port = servers[0].server_port if servers else 0
            servers.append(ThreadingHTTPServer((f"127.0.0.{host}", port), handler))
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        yield servers[0].server_port
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Post(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.written()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def written(self) -> bytes:
        return _CLASSES.sub(b"", post(self.path))

    def log_message(self, *_: object) -> None:
        pass


class _Entry(_Post):
    def written(self) -> bytes:
        return post(self.path)


def post(path: str) -> bytes:
    """A blog's page with microformats: a head, a menu, paragraphs, and in their middle the link to the target."""
    head = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Post {path} - A blog</title>\n'
        '<link rel="stylesheet" href="/style.css"><link rel="alternate" type="application/rss+xml" href="/feed">\n'
        "</head><body>\n<nav><ul>"
        + "".join(f'<li><a href="/section/{number}">Section {number}</a></li>' for number in range(10))
        + f'</ul></nav>\n<article class="h-entry"><h1 class="p-name">Post {path}</h1>\n'
        '<p class="p-author h-card"><a class="u-url p-name" href="/about">A. Writer</a></p><div class="e-content">\n'
    )
    link = f'<p>Somebody wrote of it, too: <a href="{TARGET}">a good post &amp; worth a look</a>, and more.</p>\n'
    tail = '</div></article>\n<footer><p>Made by hand. <a href="/imprint">Imprint</a></p></footer></body></html>\n'
    paragraphs = [
        f"<p>Paragraph {number}: words that a reader <em>may</em> read, as"
        f" {f'<a href=https://other.example/{number}>others</a>' if number % 5 == 0 else 'others'} did before, and some"
        " more of them, so that it is a paragraph as they are; <code>code</code> is <strong>there</strong>, too.</p>\n"
        for number in range(92)
    ]
    return (head + "".join(paragraphs[:46]) + link + "".join(paragraphs[46:]) + tail).encode()


if __name__ == "__main__":
    judge(show(rows()))
