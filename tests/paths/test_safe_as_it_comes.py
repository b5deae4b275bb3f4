"""What strangers can do to `pingback serve` and to `pingback.Site`, with no setting but the site: the same."""

import threading
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

import pingback
from pingback.server.run import Server
from tests.loopback import Request, Site, page
from tests.paths.exchange import ask, post
from tests.paths.programs import PATIENCE, Serving, wait_until

LOOPBACK = "127.0.0.0/8"


@contextmanager
def by_serve(folder: Path, site: str) -> Iterator[str]:
    with Serving(folder, site, "--allow-network", LOOPBACK, usual=("--port", "0")) as serving:
        yield serving.root


@contextmanager
def by_library(folder: Path, site: str) -> Iterator[str]:
    with (
        pingback.Client(allow=[LOOPBACK]) as client,
        pingback.Site(site, store=f"sqlite:///{folder}/pingback.db", client=client) as home,
        Server(home.wsgi()) as server,
    ):
        yield server.url


Open = Callable[[Path, str], AbstractContextManager[str]]
both = pytest.mark.parametrize("opened", [by_serve, by_library])


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({"/5": page(b"<title>Five</title>")}) as site:
        yield site


@pytest.fixture
def victim(site: Site) -> Iterator[Site]:
    linking = page(f'<title>Six</title><p>As said in <a href="{site.url}/5">five</a>, it is so.</p>'.encode())
    with Site({f"/{number}": linking for number in range(80)}, host="127.0.0.2") as victim:
        yield victim


def ping(root: str, source: str, target: str, *, sender: str) -> int | None:
    """The fault that a sender at this address hears, None for success."""
    connection = HTTPConnection(root.removeprefix("http://"), timeout=PATIENCE, source_address=(sender, 0))
    try:
        call = xmlrpc.client.dumps((source, target), "pingback.ping")
        connection.request("POST", "/xmlrpc", call.encode(), {"Content-Type": "text/xml"})
        xmlrpc.client.loads(connection.getresponse().read())
    except xmlrpc.client.Fault as fault:
        return fault.faultCode
    finally:
        connection.close()
    return None


@both
def test_one_sender_has_sixty_pings_taken_one_victim_is_asked_ten_times_and_nothing_is_shown(
    opened: Open, tmp_path: Path, site: Site, victim: Site
) -> None:
    target = f"{site.url}/5"
    with opened(tmp_path, site.url) as root:
        heard = [ping(root, f"{victim.url}/{number}", target, sender="127.0.0.3") for number in range(80)]
        wait_until(lambda: len(victim.requests) >= 10)
        shown = ask(f"{root}/api/mentions.json?target={target}")
        listed = ask(f"{root}/mentions?target={target}")
        with pingback.Store(f"sqlite:///{tmp_path}/pingback.db") as store:
            kept = [mention.status for mention in store.mentions.list()]
    assert heard == [None] * 60 + [49] * 20
    assert len(victim.requests) == 10
    assert kept == ["pending"] * 60
    assert (shown.status, "Six" in shown.body, "Six" in listed.body) == (200, False, False)


@both
def test_a_target_that_is_none_is_not_taken(opened: Open, tmp_path: Path, site: Site, victim: Site) -> None:
    with opened(tmp_path, site.url) as root:
        assert ping(root, f"{victim.url}/1", f"{site.url}/404", sender="127.0.0.3") == 32
    assert victim.requests == []


@both
def test_a_source_that_hangs_keeps_no_sender_waiting(opened: Open, tmp_path: Path, site: Site, victim: Site) -> None:
    answered, asked = threading.Event(), threading.Event()

    def hanging(request: Request) -> bytes:
        asked.set()
        assert answered.wait(PATIENCE)
        return page()

    victim.pages["/hanging"] = hanging
    with opened(tmp_path, site.url) as root:
        try:
            assert ping(root, f"{victim.url}/hanging", f"{site.url}/5", sender="127.0.0.3") is None
            assert asked.wait(PATIENCE)
        finally:
            answered.set()


@both
def test_a_webmention_is_answered_before_its_source_is_asked(
    opened: Open, tmp_path: Path, site: Site, victim: Site
) -> None:
    with opened(tmp_path, site.url) as root:
        answer = post(f"{root}/webmention", {"source": f"{victim.url}/1", "target": f"{site.url}/5"})
    assert answer.status == 201
    assert "Location" in answer.headers


@both
def test_own_pages_are_shown_at_once_and_the_first_mention_by_others_is_not(
    opened: Open, tmp_path: Path, site: Site, victim: Site
) -> None:
    site.pages["/6"] = victim.pages["/1"]
    target = f"{site.url}/5"
    with opened(tmp_path, site.url) as root:
        assert ping(root, f"{victim.url}/1", target, sender="127.0.0.3") is None
        assert ping(root, f"{site.url}/6", target, sender="127.0.0.3") is None
        wait_until(lambda: f"{site.url}/6" in ask(f"{root}/api/mentions.json?target={target}").body)
        assert victim.url not in ask(f"{root}/api/mentions.json?target={target}").body
