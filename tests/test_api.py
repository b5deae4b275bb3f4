"""`import pingback`: its names, its defaults, and that a caller's own mistake is a ValueError."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pingback
from tests.loopback import Request, Site, page
from tests.receive.pages import PATIENCE, Page, Pages

TARGET = "https://my.example/part-5"
SOURCE = "https://a.example/6"
WEB = {SOURCE: Page(f'<title>Six</title><a href="{TARGET}">five</a>')}


@pytest.fixture
def client() -> Iterator[pingback.Client]:
    with pingback.Client(allow=["127.0.0.1"]) as client:
        yield client


def test_the_names() -> None:
    assert {name for name in pingback.__all__ if getattr(pingback, name) is None} == set()
    assert set(pingback.__all__) <= set(dir(pingback))
    assert pingback.__version__ == "0.1.0"
    with pytest.raises(AttributeError, match="no attribute 'publsh'"):
        _ = pingback.publsh


_LOADED = """
import sys
import importlib, warnings
bare = set(sys.modules)
import pingback
print(*sorted(set(sys.modules) - bare))
from pingback import *
print(*sorted({"lxml", "requests", "sqlalchemy"} & set(sys.modules)))
"""


def test_the_import_loads_nothing_but_itself() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    assert done.stdout == "pingback\nlxml requests sqlalchemy\n"
    assert done.stderr == ""


def test_discover(client: pingback.Client) -> None:
    with Site({"/": page(b'<link rel="pingback" href="/rpc">')}) as site:
        assert pingback.discover(site.url, client=client) == [
            pingback.Endpoint(protocol=pingback.Protocol.PINGBACK, url=f"{site.url}/rpc", via=pingback.Via.LINK)
        ]


def test_send(client: pingback.Client) -> None:
    with Site({"/": page(b"hello")}) as site:
        outcome = pingback.send(SOURCE, site.url, client=client)
    assert (outcome.status, outcome.target) == (pingback.OutcomeStatus.UNSUPPORTED, site.url)


@pytest.fixture
def linked() -> Iterator[Site]:
    """Its page `/6` links to its page `/5`, which takes Webmentions."""
    with Site({"/5": page(b'<link rel="webmention" href="/wm">'), "/wm": page(status=202)}) as site:
        site.pages["/6"] = page(b'<article><a href="/5">five</a></article>')
        yield site


def test_links(linked: Site, client: pingback.Client) -> None:
    assert pingback.links(f"{linked.url}/6", client=client) == [f"{linked.url}/5"]
    assert pingback.links(SOURCE, '<p id="mine"><a href="/5">five</a></p>') == ["https://a.example/5"]
    with pytest.raises(pingback.NoMatch, match="'#hers' finds nothing"):
        pingback.links(SOURCE, '<p id="mine"><a href="/5">five</a></p>', selector="#hers")
    with pytest.raises(ValueError, match="not an absolute HTTP URL"):
        pingback.links("part-six.html")


def test_examine(linked: Site, client: pingback.Client) -> None:
    found = pingback.examine(f"{linked.url}/5", client=client)
    assert [check.name for check in found.checks if not check.ok] == ["webmention-empty"]
    with pytest.raises(ValueError, match="not an absolute"):
        pingback.examine("/5", client=client)


def asked(site: Site) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in site.requests]


def test_publish_remembers_in_the_store(tmp_path: Path, linked: Site, client: pingback.Client) -> None:
    store = f"sqlite:///{tmp_path}/pingback.db"
    [first], [second] = (pingback.publish(f"{linked.url}/6", client=client, store=store) for _ in range(2))
    assert (first.target, first.status) == (f"{linked.url}/5", pingback.OutcomeStatus.ACCEPTED)
    assert (second.target, second.status) == (f"{linked.url}/5", pingback.OutcomeStatus.SKIPPED)
    assert asked(linked) == [("GET", "/6"), ("GET", "/5"), ("POST", "/wm"), ("GET", "/6")]
    # SQLite takes away its log when the last connection is closed.
    assert [path.name for path in tmp_path.iterdir()] == ["pingback.db"]


def test_publish_leaves_the_store_of_another_open(linked: Site, client: pingback.Client) -> None:
    with pingback.Store("sqlite://") as store:
        [outcome] = pingback.publish(f"{linked.url}/6", client=client, store=store)
        [ping] = store.outbox.pings()
    assert ping.as_outcome() == outcome


@pytest.mark.parametrize(
    "html",
    [
        pytest.param('<article>„<a href="/5?ü">fünf</a>“</article>', id="text"),
        pytest.param('<meta charset="latin-1"><a href="/5?ü">fünf</a>'.encode("latin-1"), id="bytes-as-they-say"),
    ],
)
def test_publish_of_a_post_at_hand(linked: Site, client: pingback.Client, html: str | bytes) -> None:
    linked.pages["/6"] = page(b"the page, without any link")
    linked.pages["/5?%C3%BC"] = linked.pages["/5"]
    with pingback.Store("sqlite://") as store:
        [outcome] = pingback.publish(f"{linked.url}/6", html, client=client, store=store)
    assert (outcome.target, outcome.status) == (f"{linked.url}/5?%C3%BC", pingback.OutcomeStatus.ACCEPTED)


def test_publish_with_options(linked: Site, client: pingback.Client) -> None:
    options = pingback.PublishOptions(self_pings=False)
    with pingback.Store("sqlite://") as store:
        assert pingback.publish(f"{linked.url}/6", options=options, client=client, store=store) == []
    assert asked(linked) == [("GET", "/6")]


def test_publish_is_done_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: Site, client: pingback.Client
) -> None:
    monkeypatch.chdir(tmp_path)
    pingback.publish(f"{linked.url}/6", client=client)
    assert asked(linked) == [("GET", "/6"), ("GET", "/5"), ("POST", "/wm")]
    assert [path.name for path in tmp_path.iterdir()] == ["pingback.db"]


def test_publish_tells_of_each_outcome_in_the_caller_s_thread(linked: Site, client: pingback.Client) -> None:
    linked.pages["/6"] = page(b'<article><a href="/5">five</a><a href="/4">four</a></article>')
    heard: list[tuple[pingback.Outcome, threading.Thread]] = []
    with pingback.Store("sqlite://") as store:
        outcomes = pingback.publish(
            f"{linked.url}/6",
            on_outcome=lambda outcome: heard.append((outcome, threading.current_thread())),
            client=client,
            store=store,
        )
    assert len(outcomes) == 2
    assert heard == [(outcome, threading.current_thread()) for outcome in outcomes]


def test_what_on_outcome_raises_leaves_publish_when_all_is_recorded(
    tmp_path: Path, linked: Site, client: pingback.Client
) -> None:
    def full(outcome: pingback.Outcome) -> None:
        raise OSError("no room")

    url = f"sqlite:///{tmp_path}/pingback.db"
    with pytest.raises(OSError, match="no room"):
        pingback.publish(f"{linked.url}/6", on_outcome=full, client=client, store=url)
    # SQLite takes away its log when the last connection is closed.
    assert [path.name for path in tmp_path.iterdir()] == ["pingback.db"]
    with pingback.Store(url) as store:
        assert [ping.status for ping in store.outbox.pings()] == [pingback.OutcomeStatus.ACCEPTED]


def test_two_threads_publish_at_once(tmp_path: Path, linked: Site, client: pingback.Client) -> None:
    """As the save hooks of a blog do, each in the thread of its request."""
    both = threading.Barrier(2, timeout=PATIENCE)

    def read(request: Request) -> bytes:
        both.wait()
        return page(b'<article><a href="/5">five</a></article>')

    linked.pages |= {"/6": read, "/7": read}
    store = f"sqlite:///{tmp_path}/pingback.db?timeout=60"
    with ThreadPoolExecutor(2) as threads:
        each = threads.map(lambda path: pingback.publish(linked.url + path, client=client, store=store), ["/6", "/7"])
        assert [[outcome.status for outcome in outcomes] for outcomes in each] == [["accepted"], ["accepted"]]


def test_publish_without_a_client_has_one_that_guards() -> None:
    with pingback.Store("sqlite://") as store:
        [outcome] = pingback.publish("http://127.0.0.1/6", store=store)
    assert (outcome.target, outcome.status) == (None, pingback.OutcomeStatus.SKIPPED)
    assert "is blocked" in outcome.message


def test_publish_with_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(pingback.StoreError, match="there is no folder"):
        pingback.publish(SOURCE, store=f"sqlite:///{tmp_path}/no/such/x.db")


def test_verify() -> None:
    verification = pingback.verify(SOURCE, TARGET, client=Pages(WEB))
    assert (verification.linked, verification.title) == (True, "Six")


def test_verify_takes_what_any_protocol_takes_unless_one_is_named() -> None:
    web = Pages({SOURCE: Page(f"See {TARGET}.", content_type="text/plain")})
    assert pingback.verify(SOURCE, TARGET, client=web).linked
    assert not pingback.verify(SOURCE, TARGET, protocol=pingback.Protocol.PINGBACK, client=web).linked


def test_without_a_client_there_is_one_that_guards() -> None:
    with pytest.raises(pingback.Blocked):
        pingback.discover("http://127.0.0.1/")
    with pytest.raises(pingback.Blocked):
        pingback.verify("http://127.0.0.1/", TARGET)
    assert pingback.send(SOURCE, "http://127.0.0.1/").status is pingback.OutcomeStatus.BLOCKED


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: pingback.discover("/part-5"), id="discover-relative"),
        pytest.param(lambda: pingback.discover(""), id="discover-nothing"),
        pytest.param(lambda: pingback.discover("https://a.example/\0"), id="discover-nul"),
        pytest.param(lambda: pingback.discover("https://a.example/" + "x" * 10_000), id="discover-too-long"),
        pytest.param(lambda: pingback.discover("https://a.example/\ud800"), id="discover-surrogate"),
        pytest.param(lambda: pingback.send("/6", TARGET), id="send-relative-source"),
        pytest.param(lambda: pingback.send("ftp://a.example/6", TARGET), id="send-source-not-http"),
        pytest.param(lambda: pingback.send(SOURCE, "part-5"), id="send-relative-target"),
        pytest.param(lambda: pingback.send(SOURCE, TARGET, endpoint=TARGET), id="send-endpoint-without-protocol"),
        pytest.param(lambda: pingback.publish("6"), id="publish-relative-source"),
        pytest.param(lambda: pingback.publish("ftp://a.example/6"), id="publish-source-not-http"),
        pytest.param(lambda: pingback.verify("6", TARGET), id="verify-relative-source"),
        pytest.param(lambda: pingback.verify(SOURCE, "/part-5"), id="verify-relative-target"),
        pytest.param(lambda: pingback.verify(SOURCE, "ftp://my.example/5"), id="verify-target-not-http"),
        pytest.param(lambda: pingback.Client(allow=["nonsense"]), id="client-network"),
        pytest.param(lambda: pingback.Limits(timeout=0), id="limits-timeout"),
    ],
)
def test_a_callers_mistake(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=" not "):
        call()
