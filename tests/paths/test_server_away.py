"""The database's server goes away while pings come: each sender hears that it is to come again, and then is taken."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pingback.model import Protocol
from pingback.store import Store
from tests.loopback import Site, page
from tests.paths.exchange import ask
from tests.paths.outside import Said, ping, shown_at
from tests.paths.programs import Serving, wait_until
from tests.postgresql.server import PASSWORD, Server, running

MINE = "https://my.example/"
TARGET = f"{MINE}5"
LINKING = page(f'<title>Six</title><p>As said in <a href="{TARGET}">five</a>, it is so.'.encode())
OPTIONS = ("--allow-network", "127.0.0.0/8", "--no-check-targets", "--verify", "inline", "--log-format", "json")
AWAY = {Protocol.PINGBACK: -32500, Protocol.TRACKBACK: 1, Protocol.WEBMENTION: 503}


@pytest.fixture
def web() -> Iterator[Site]:
    with ExitStack() as stack:
        web = stack.enter_context(Site(host="0.0.0.0"))
        web.pages["/"] = LINKING
        yield web


@pytest.fixture
def database() -> Iterator[Server]:
    with running(listens=True) as server:
        yield server


def test_the_server_goes_away_and_comes_back(web: Site, database: Server, tmp_path: Path) -> None:
    url = database.url_by_port("postgres")

    def pings(net: int) -> dict[str, Said]:
        """What a ping of each protocol hears, each from a host of its own."""
        hosts = {protocol: f"http://127.3.{net}.{number}:{web.port}/" for number, protocol in enumerate(AWAY, 1)}
        return {source: ping(serving.root, protocol, source, TARGET) for protocol, source in hosts.items()}

    with Serving(tmp_path, MINE, *OPTIONS, environ={"PINGBACK_DB": url}) as serving:
        before = pings(1)
        assert all(said.taken for said in before.values())
        database.kill()
        assert [said.fault for said in pings(2).values()] == [*AWAY.values()]
        ready = ask(f"{serving.root}/readyz")
        assert (ready.status, ready.body) == (503, "Pings cannot be kept: the database cannot be reached.\n")
        for path in (f"/api/mentions.json?target={TARGET}", f"/mentions?target={TARGET}", "/inbox", "/metrics"):
            assert ask(serving.root + path).status == 503
        assert ask(f"{serving.root}/healthz").status == 200
        database.start()
        assert {*shown_at(serving.root, TARGET)} == {*before}
        after = pings(3)
        assert all(said.taken for said in after.values())
        wait_until(lambda: ask(f"{serving.root}/readyz").status == 200)
        assert {*shown_at(serving.root, TARGET)} == {*before, *after}
        assert serving.stop() == 0
    assert "cannot be reached: " in serving.log
    assert PASSWORD not in serving.log
    assert "Traceback" not in serving.log
    with Store(url) as store:
        assert {mention.source for mention in store.mentions.list()} == {*before, *after}
