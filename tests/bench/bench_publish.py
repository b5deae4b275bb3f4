"""Publishing a post: how near to what the far sides' own slowness sets, beside Pushl, and what a long queue costs.

The web is a process of its own: 60 hosts that take 50 ms for each answer, five pages on each. Of the 300 links one in
ten leads to a page without an endpoint, and one in fifty to a page that never answers.

`python -m tests.bench.bench_publish --beside-pushl` installs Pushl into a temporary folder and lets it send the same.
"""

import asyncio
import multiprocessing
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from pingback.jobs.budget import PER_HOST
from pingback.jobs.runner import LEASE
from pingback.model import Outcome, OutcomeStatus
from pingback.net.client import Client, Limits
from pingback.posts.site import pages_of
from pingback.publishing import Publishing
from pingback.settings import Settings
from pingback.store import Store
from pingback.work import JobKind
from tests.bench.timing import Row, compare, judge, show
from tests.loopback import page
from tests.store.sent import plan, plan_links, tell

HOSTS, PAGES, LATENCY, TIMEOUT = 60, 5, 0.05, 3.0
LINKS = HOSTS * PAGES
WITHOUT_ENDPOINT = range(3, LINKS, 10)
HANGING = range(7, LINKS, 50)  # each on a host of its own
TOLD = LINKS - len(WITHOUT_ENDPOINT) - len(HANGING)
# What nobody can be faster than who is polite: the post has to be had; the last of the pages that hang is the fifth of
# its host, with two rounds of two pages before it, each of which takes two answers; and that it hangs is known after
# the time-out and not before. All else goes on beside that.
BOUND = LATENCY + 2 * (2 * LATENCY) + TIMEOUT

WAITING, LEASED = 10_000, 64
BUILT, LINKED = 2000, 3

_ALLOW = "127.0.0.0/8"
_PUSHL = "pushl==0.4.*"


def rows() -> list[Row]:
    with web() as source:
        seconds = min(published(source) for _ in range(3))
    return [
        Row(
            f"publish {LINKS} links to {HOSTS} hosts of 50 ms, 2 % hanging: times the latency and one time-out of 3 s",
            seconds / BOUND,
            "at most 1.3",
            most=1.3,
        ),
        Row(f"a lease of {LEASED} pings where {WAITING} wait, in ms", lease() * 1000, "for scale"),
        Row(
            f"a post of {BUILT} that are as they were, each with {LINKED} links, in ms",
            unchanged() * 1000,
            "at most 0.5",
            most=0.5,
        ),
    ]


def published(source: str) -> float:
    """Seconds that it takes to publish the post, with an outbox on disk."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Client(allow=[_ALLOW], limits=Limits(timeout=TIMEOUT)) as client,
        Store(f"sqlite:///{folder}/outbox.db") as store,
    ):
        begin = perf_counter()
        outcomes: list[Outcome] = []
        Publishing(client=client, store=store).publish(source, on_outcome=outcomes.append)
        seconds = perf_counter() - begin
    accepted = sum(outcome.status is OutcomeStatus.ACCEPTED for outcome in outcomes)
    if (len(outcomes), accepted) != (LINKS, TOLD):
        raise AssertionError(f"{accepted} of {len(outcomes)} pings were accepted")
    return seconds


def lease() -> float:
    """Seconds for one lease, of pings to as many hosts as the links above have."""
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder, Store(f"sqlite:///{folder}/outbox.db") as store:
        for number in range(WAITING // 1000):
            targets = (f"https://{page % HOSTS}.example/{number}/{page}" for page in range(1000))
            plan(store, *targets, source=f"https://my.example/{number}", now=now)

        def lease() -> None:
            leased = store.jobs.lease(
                [JobKind.DELIVER], worker_id="bench", now=now, lease=LEASE, limit=LEASED, per_host=PER_HOST
            )
            if len(leased) != LEASED:
                raise AssertionError(f"{len(leased)} pings were leased")

        [seconds] = compare(lease, rounds=20)
    return seconds


def unchanged() -> float:
    """Seconds for one of the posts of a built site of which nothing changed since it was published."""
    with tempfile.TemporaryDirectory() as folder, Store(f"sqlite:///{folder}/outbox.db") as store:
        site, base = Path(folder) / "public", "https://my.example/"
        for number in range(BUILT):
            page = site / f"{number}" / "index.html"
            page.parent.mkdir(parents=True)
            page.write_text(f"<!doctype html><title>{number}</title><article>{'Words. ' * 300}</article>")
        for post in pages_of(site, base_url=base):
            links = {f"https://{number}.example/": "" for number in range(LINKED)}
            now, fingerprint = datetime(2026, 1, 2, 12, tzinfo=UTC), post.fingerprint
            plan_links(store, links, source=post.url, fingerprint=fingerprint, now=now)
        while store.jobs.next_due([JobKind.DELIVER], now=now):
            tell(store, now=now)
        with Client() as client:
            settings = Settings(folder=str(site), base_url=base)
            publishing = Publishing(client=client, store=store, settings=settings)
            begin = perf_counter()
            counts = publishing.publish_all()
            seconds = perf_counter() - begin
    if counts != {OutcomeStatus.SKIPPED: BUILT * LINKED}:
        raise AssertionError(f"{counts} came of posts that did not change")
    return seconds / BUILT


# The web


@contextmanager
def web() -> Iterator[str]:
    """The address of the post, while a process serves it and all that it links to."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        yield ours.recv()
    finally:
        server.terminate()
        server.join()


def serve(parent: Connection) -> None:
    asyncio.run(_serve(parent))


async def _serve(parent: Connection) -> None:
    blog = await asyncio.start_server(_answer, "127.0.0.1", 0)
    port = blog.sockets[0].getsockname()[1]
    others = [await asyncio.start_server(_answer, host_of(number), port) for number in range(HOSTS)]
    parent.send(f"http://127.0.0.1:{port}/post")
    await asyncio.gather(*(server.serve_forever() for server in (blog, *others)))


def host_of(link: int) -> str:
    return f"127.0.1.{link % HOSTS + 1}"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            await reader.readexactly(length)
            await asyncio.sleep(LATENCY)
            path = head.split()[1]
            if path.removeprefix("/").isdigit() and int(path[1:]) in HANGING:
                await asyncio.sleep(3600)
            writer.write(_page_at(path, port=writer.get_extra_info("sockname")[1]))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _page_at(path: str, *, port: int) -> bytes:
    if path == "/post":
        links = (f'<p>See <a href="http://{host_of(n)}:{port}/{n}">this</a>.</p>' for n in range(LINKS))
        return page(f"<!doctype html><article class=h-entry>{''.join(links)}</article>".encode())
    if path == "/webmention":
        return page(b"Thanks.", status=202, headers={"Content-Type": "text/plain"})
    if int(path[1:]) in WITHOUT_ENDPOINT:
        return page(b"<!doctype html><title>Hello</title>")
    return page(b'<!doctype html><title>Hello</title><link rel="webmention" href="/webmention">')


# Beside Pushl


def rows_beside_pushl() -> list[Row]:
    """Whole processes, each with its defaults but the time-out; Pushl tries a page that hangs five times."""
    with tempfile.TemporaryDirectory() as name, web() as source:
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "venv", folder / "pushl"], check=True)
        subprocess.run([folder / "pushl/bin/pip", "install", "--quiet", _PUSHL], check=True)
        timeout = f"{TIMEOUT:.0f}"
        pushl = [f"{folder}/pushl/bin/pushl", "--timeout", timeout, "--cache", f"{folder}/cache", "--entry", source]
        ours = [sys.executable, "-m", "pingback", "publish", source, "--json", "--timeout", timeout]
        ours += ["--allow-network", _ALLOW, "--db", f"sqlite:///{folder}/pingback.db"]
        own, theirs = ran(*ours), ran(*pushl)
    return [
        Row(f"pingback publish of {LINKS} links, a whole process, in s", own, "for scale"),
        Row("pushl 0.4 --entry, the same page with the same time-out, in s", theirs, "for scale"),
    ]


def ran(*command: str) -> float:
    """Seconds that a process takes."""
    begin = perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    return perf_counter() - begin


if __name__ == "__main__":
    missed = show(rows())
    if "--beside-pushl" in sys.argv:
        show(rows_beside_pushl())
    judge(missed)
