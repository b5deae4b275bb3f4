"""A machine that has no thread to spare for a while: what comes then is taken later, and nothing stays broken."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import Site, page
from tests.paths.programs import PATIENCE

ROOT = Path(__file__).parents[2]

BEGIN = f"""
import sys, threading
sys.path.insert(0, {str(ROOT)!r})
import pingback
from contextlib import contextmanager
from pingback import Client, Fault, Protocol, Site, Store
from tests.paths.programs import wait_until

web, db = sys.argv[1:]
TARGET = "https://my.example/5"

@contextmanager
def shortage():
    threading.stack_size(2**50)  # bytes, which no machine has
    try:
        yield
    finally:
        threading.stack_size(0)

def site(**more):
    return Site("https://my.example/", store=db, allow_networks=["127.0.0.0/8"], check_targets=False, approve="all",
        answer_within=60.0, **more)

def titles(site):
    return sorted(mention.title for mention in site.mentions(TARGET))
"""

A_STRANGER = """
with site() as site:
    with shortage():
        for number in range(20):
            try:
                site.receive(f"{web}/1", TARGET, client_ip="192.0.2.7")
            except Fault as fault:
                assert fault.code == 50 and fault.retry_after, fault
            else:
                raise AssertionError
    print(site.receive(f"{web}/1", TARGET, client_ip="192.0.2.7").title)
"""

THE_FIRST_PINGS = """
with site(rate="off", source_rate="off") as site:
    with shortage():
        for number in range(40):
            protocol = Protocol.WEBMENTION if number % 2 else Protocol.PINGBACK
            status = "pending" if protocol is Protocol.WEBMENTION else "approved"
            assert site.receive(f"{web}/{number}", TARGET, protocol=protocol).status == status
    site.receive(f"{web}/40", TARGET)
    wait_until(lambda: len(titles(site)) == 41)
    print(b"".join(site.wsgi()({"REQUEST_METHOD": "GET", "PATH_INFO": "/readyz"}, lambda *_: None)).decode(), end="")
"""

LATER_PINGS = """
with site(rate="off", source_rate="off") as site:
    site.receive(f"{web}/40", TARGET)
    with shortage():
        for number in range(40):
            site.receive(f"{web}/{number}", TARGET)
    wait_until(lambda: len(titles(site)) == 41)
    print("all of them")
"""

COUNTED = """
with site() as site:
    with shortage():
        for number in range(3):
            site.receive(f"{web}/{number}", TARGET)
    metrics = b"".join(site.wsgi()({"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics"}, lambda *_: None)).decode()
    print(*[line for line in metrics.splitlines() if line.startswith("pingback_received_total")])
"""

WORDS_ON_TRUST = """
with site(rate="off", trackback="unverified") as site:
    with shortage():
        print(site.receive(f"{web}/1", TARGET, protocol=Protocol.TRACKBACK).status)
"""

LOOK_UPS = """
with Client(allow=["127.0.0.0/8"], resolver=lambda host, port: ["127.0.0.1"]) as client:
    port = web.rpartition(":")[2]
    with shortage():
        for number in range(100):
            try:
                client.get(f"http://h{number}.example:{port}/1")
            except pingback.Unreachable:
                pass
            else:
                raise AssertionError
    print(client.get(f"http://h.example:{port}/1").status)
"""

SENDING = """
with Store(db) as store, Client(allow=["127.0.0.0/8"]) as client:
    with shortage():
        print(*sorted(outcome.status for outcome in pingback.publish(f"{web}/links", store=store, client=client)))
    print(*sorted(outcome.status for outcome in pingback.publish(f"{web}/links", store=store, client=client)))
"""

IN_THE_CALLERS = """
with site(source_rate="off") as site:
    with shortage():
        site.receive(f"{web}/1", TARGET, protocol=Protocol.WEBMENTION)
        print(site.run_due())
        print(*titles(site))
"""


@pytest.fixture
def web() -> Iterator[Site]:
    text = '<title>{number}</title><p>As said in <a href="https://my.example/5">five</a>, it is so.'
    with Site({f"/{number}": page(text.format(number=number).encode()) for number in range(41)}) as web:
        web.pages["/there"] = page(b'<link rel="webmention" href="/wm">')
        web.pages["/wm"] = page(status=202)
        web.pages["/links"] = page(b'<article><a href="/there">there</a> <a href="/1">one</a></article>')
        yield web


A_LIFESPAN = """
import asyncio

async def run(site):
    lifespan = site.lifespan(None)
    with shortage():
        await lifespan.__aenter__()
    print(site.receive(f"{web}/1", TARGET).title)
    with shortage():
        await lifespan.__aexit__(None, None, None)
    await asyncio.get_running_loop().shutdown_default_executor()

with site() as own:
    asyncio.run(run(own))
    print(own._parts)
"""


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        pytest.param(A_STRANGER, "1\n", id="nobody-can-be-counted"),
        pytest.param(THE_FIRST_PINGS, "ready\n", id="from-the-beginning"),
        pytest.param(LATER_PINGS, "all of them\n", id="some-are-there"),
        pytest.param(
            COUNTED, 'pingback_received_total{outcome="pending",protocol="pingback"} 3.0\n', id="counted-all-the-same"
        ),
        pytest.param(WORDS_ON_TRUST, "pending\n", id="words-on-trust"),
        pytest.param(LOOK_UPS, "200\n", id="look-ups"),
        pytest.param(SENDING, "accepted unsupported\nskipped skipped\n", id="sending-goes-on"),
        pytest.param(A_LIFESPAN, "1\nNone\n", id="lifespan"),
        pytest.param(IN_THE_CALLERS, "1\n1\n", id="what-waits-is-done-by-the-caller"),
    ],
)
def test_what_becomes_of_it(tmp_path: Path, web: Site, program: str, printed: str) -> None:
    command = [sys.executable, "-c", BEGIN + program, web.url, f"sqlite:///{tmp_path}/x.db"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.stdout, "Traceback" in done.stderr) == (printed, False), done.stderr
