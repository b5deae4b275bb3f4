"""`pingback serve` when there is too much of something, or no disk; and two of them over one database."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from pingback.clock import now
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.brokers.program import redis
from tests.load.server import Server, approved
from tests.load.storm import storm
from tests.loopback import Request, Site, page, redirect
from tests.paths.programs import PATIENCE, wait_until

MINE = "https://my.example/"
LINKING = page(f'<title>Six</title><p>On <a href="{MINE}5">five</a>.'.encode())


@pytest.fixture
def site() -> Iterator[Site]:
    """A blog with a series of posts that all link to ours."""
    with Site({f"/{number}": LINKING for number in range(40)}) as site:
        yield site


def sources(site: Site, many: int) -> list[str]:
    return [f"{site.url}/{number}" for number in range(many)]


def faults(server: Server, posts: list[str]) -> list[int | None]:
    """What one sender hears, who pings for one post after the other."""
    return [answer.fault for answer in storm(server.endpoint, posts, lambda _: f"{MINE}5", concurrency=1)]


def test_a_flood_of_one_sender_is_49_and_429(site: Site, tmp_path: Path) -> None:
    with Server(tmp_path, MINE, "--rate", "3/hour") as server:
        assert faults(server, sources(site, 5)) == [None, None, None, 49, 49]
        root = server.endpoint.removesuffix("/xmlrpc")
        headers = {"X-Forwarded-For": "198.51.100.1"}
        form = {"source": f"{site.url}/9", "target": f"{MINE}5"}
        refused = requests.post(f"{root}/webmention", data=form, headers=headers, timeout=PATIENCE)
        assert (refused.status_code, 0 < int(refused.headers["Retry-After"]) <= 3600) == (429, True)
        refused = requests.post(f"{root}/trackback/5", data={"url": f"{site.url}/9"}, headers=headers, timeout=PATIENCE)
        assert (refused.status_code, "<error>1</error>" in refused.text) == (429, True)
        other = requests.post(f"{root}/webmention", data=form, headers={"X-Forwarded-For": "::2"}, timeout=PATIENCE)
        assert other.status_code == 201
    assert len(site.requests) <= 4


def test_a_hundred_hosts_that_redirect_to_one_victim_cost_it_ten_requests(site: Site, tmp_path: Path) -> None:
    site.pages = dict.fromkeys([f"/{number}" for number in range(100)], LINKING)
    ways = {path: redirect(site.url + path) for path in site.pages}
    with Site(ways, host="0.0.0.0") as many, Server(tmp_path, MINE, "--source-rate", "10/hour") as server:
        posts = [f"http://127.0.1.{number}:{many.port}/{number}" for number in range(100)]
        answers = storm(server.endpoint, posts, lambda _: f"{MINE}5", concurrency=16)
        assert [answer.fault for answer in answers] == [None] * 100
        wait_until(lambda: len(many.requests) >= 100)
        wait_until(lambda: len(approved(server.mentions())) == 10)
        assert len([mention for mention in server.mentions() if mention.status is MentionStatus.PENDING]) == 90
        assert server.stop() == 0
    assert len(site.requests) == 10


def test_a_disk_that_takes_nothing_is_32500_and_503_and_one_line(site: Site, tmp_path: Path) -> None:
    with Server(tmp_path, MINE) as server:
        root = server.endpoint.removesuffix("/xmlrpc")
        form = {"source": f"{site.url}/9", "target": f"{MINE}5"}
        with server.failing_disk():
            assert faults(server, sources(site, 5)) == [-32500] * 5
            refused = requests.post(f"{root}/webmention", data=form, timeout=PATIENCE)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
            refused = requests.post(f"{root}/trackback/5", data={"url": form["source"]}, timeout=PATIENCE)
            assert (refused.status_code, "<error>1</error>" in refused.text) == (503, True)
            assert server.mentions() == []
        assert faults(server, sources(site, 1)) == [None]
        assert approved(server.mentions()) == set(sources(site, 1))
        assert [line.partition(" ERROR ")[2] for line in server.log().splitlines() if "ERROR" in line] == [
            "pings cannot be kept: the database pingback.db cannot be read or written: the disk reports an error"
            " (since this was last said, 0 more times)"
        ]


def test_two_servers_over_one_database_look_at_each_source_once(site: Site, tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        for source in sources(site, 40):
            store.mentions.keep(
                Mention(
                    source=source,
                    target=f"{MINE}5",
                    protocol=Protocol.WEBMENTION,
                    status=MentionStatus.PENDING,
                    received=now(),
                )
            )
    options = (MINE, "--source-rate", "off")
    with Server(tmp_path, *options) as one, Server(tmp_path, *options):
        wait_until(lambda: approved(one.mentions()) == set(sources(site, 40)))
    assert sorted(request.path for request in site.requests) == sorted(site.pages)


@pytest.fixture(params=["redis", "database"])
def limits(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "database":
        yield "database"
    else:
        with redis() as running:
            yield running.url


@contextmanager
def two_servers(folder: Path, limits: str, *options: str) -> Iterator[tuple[Server, Server]]:
    """Over one database, whose logs are apart."""
    folders = folder / "one", folder / "other"
    for each in folders:
        each.mkdir()
        (each / "pingback.toml").write_text(f'limits = "{limits}"\n')
    options = "--db", f"sqlite:///{folder}/shared.db?timeout=30", *options
    with Server(folders[0], MINE, *options) as one, Server(folders[1], MINE, *options) as other:
        yield one, other


def test_two_servers_have_one_limit_of_a_sender(site: Site, tmp_path: Path, limits: str) -> None:
    with two_servers(tmp_path, limits, "--rate", "3/day") as (one, other):
        assert (faults(one, sources(site, 2)), faults(other, sources(site, 3))) == ([None, None], [48, 49, 49])


def test_where_nobody_can_be_asked_it_begins_and_says_so_once(site: Site, tmp_path: Path) -> None:
    (tmp_path / "pingback.toml").write_text('limits = "redis://:s3cret@127.0.0.1:1/0"\n')
    with Server(tmp_path, MINE, "--rate", "3/day") as server:
        assert faults(server, sources(site, 4)) == [None, None, None, 49]
        assert server.log().count("each process counts limits alone, as redis://127.0.0.1:1 cannot be used") == 1
        assert "s3cret" not in server.log()


def test_two_servers_cost_a_victim_what_one_may(site: Site, tmp_path: Path, limits: str) -> None:
    posts = sources(site, 10)
    with two_servers(tmp_path, limits, "--source-rate", "4/day") as (one, other):
        assert faults(one, posts[:5]) + faults(other, posts[5:]) == [None] * 10
    assert len(site.requests) == 4


def test_told_to_stop_it_finishes_what_it_began_and_leaves_the_rest(site: Site, tmp_path: Path) -> None:
    gate, stopped, asked = threading.Event(), threading.Event(), threading.Semaphore(0)
    order = itertools.count()

    def slow(request: Request) -> bytes:
        """The first two answer at the gate; what begins while the server stops is not answered by it."""
        is_first = next(order) < 2
        asked.release()
        (gate if is_first else stopped).wait(PATIENCE)
        return LINKING

    site.pages |= {f"/{number}": slow for number in range(5)}
    with Server(tmp_path, MINE, "--answer-within", "0") as server:
        try:
            assert faults(server, sources(site, 5)) == [None] * 5
            for _ in range(2):  # so many of one host at a time
                assert asked.acquire(timeout=PATIENCE)
            stopping = threading.Timer(0, server.stop)
            stopping.start()
            wait_until(lambda: _refuses(server))
        finally:
            gate.set()
        stopping.join(PATIENCE)
        stopped.set()
        statuses = sorted(mention.status.value for mention in server.mentions())
        assert statuses == ["approved"] * 2 + ["pending"] * 3
    with Server(tmp_path, MINE) as server:
        wait_until(lambda: approved(server.mentions()) == set(sources(site, 5)))


def _refuses(server: Server) -> bool:
    """It accepts no connection any more."""
    try:
        requests.get(server.endpoint.replace("/xmlrpc", "/healthz"), timeout=PATIENCE)
    except requests.ConnectionError:
        return True
    return False
