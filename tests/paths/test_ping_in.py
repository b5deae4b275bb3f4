"""A ping on its way in: `pingback serve` in a process of its own, pinged by the standard library's client."""

import signal
import threading
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from pingback.clock import now
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.version import VERSION
from tests.loopback import Request, Site, page
from tests.paths.programs import PATIENCE, Serving, pingback, wait_until


@pytest.fixture
def site() -> Iterator[Site]:
    """Our site with part five, and, to spare a second one, the post that links to it."""
    with Site() as site:
        site.pages |= {
            "/blog/5?a=1&b=2": page(b"<title>Part five</title>"),
            "/6": page(f'<title>Six</title><p>On <a href="{site.url}/blog/5?a=1&amp;b=2">five</a>.'.encode()),
            "/7": page(b"<title>Seven</title><p>no link"),
        }
        yield site


def _ping(serving: Serving, source: str, target: str) -> object:
    with xmlrpc.client.ServerProxy(serving.endpoint) as endpoint:
        try:
            return endpoint.pingback.ping(source, target)
        except xmlrpc.client.Fault as fault:
            return fault.faultCode


def test_taken_verified_kept_and_listed(site: Site, tmp_path: Path) -> None:
    source, target = f"{site.url}/6", f"{site.url}/blog/5?a=1&b=2"
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        assert _ping(serving, source, target) == f"Pingback from {source} to {target} registered."
        assert [
            _ping(serving, *pair)
            for pair in (
                (source, target),
                (f"{site.url}/7", target),
                (f"{site.url}/nowhere", target),
                ("http://10.0.0.1/", target),
                (source, f"{site.url}/blog/nowhere"),
                (source, f"{site.url}/6"),
            )
        ] == [48, 17, 16, 16, 32, 33]
        [kept] = pingback(tmp_path, "mentions", target).printed
        assert serving.stop() == 0

    assert (kept["source"], kept["target"], kept["status"]) == (source, target, "approved")
    assert (kept["title"], kept["excerpt"]) == ("Six", "On five.")
    lines = [line.partition(" INFO ")[2] for line in serving.log.splitlines()]
    assert lines == [
        f"taking pings at {serving.endpoint}",
        f"taking Webmentions at {serving.root}/webmention",
        f"taking TrackBacks at {serving.root}/trackback/PATH, where PATH is the target's",
        f"the inbox is at {serving.root}/inbox",
        "no password is set, so nobody can open the inbox: `pingback passwd` sets one in the same database",
        f"pingback from '{source}' to '{target}' by 127.0.0.1: approved",
        f"pingback from '{source}' to '{target}' by 127.0.0.1: fault 48, the ping is known already",
        f"pingback from '{site.url}/7' to '{target}' by 127.0.0.1: fault 17, {site.url}/7 does not link to {target}",
        *(
            f"pingback from '{gone}' to '{target}' by 127.0.0.1:"
            " fault 16, the source does not exist, or cannot be reached from here"
            for gone in (f"{site.url}/nowhere", "http://10.0.0.1/")
        ),
        f"pingback from '{source}' to '{site.url}/blog/nowhere' by 127.0.0.1: fault 32, the target does not exist",
        f"pingback from '{source}' to '{site.url}/6' by 127.0.0.1: fault 33, the target is not a page of this site",
        "stopped",
    ]


def test_the_source_is_told_who_asked(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, f"{site.url}/blog/", "--no-check-targets") as serving:
        _ping(serving, f"{site.url}/6", f"{site.url}/blog/5?a=1&b=2")
    [request] = site.requests
    assert request.path == "/6"
    assert request.headers["user-agent"] == f"pingback/{VERSION}; {site.url}/blog/; verifying pingback from 127.0.0.1"
    assert request.headers["x-pingback-forwarded-for"] == "127.0.0.1"


def test_what_was_answered_outlives_a_power_cut(site: Site, tmp_path: Path) -> None:
    source, target = f"{site.url}/6", f"{site.url}/blog/5?a=1&b=2"
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        assert "registered" in str(_ping(serving, source, target))
        serving.kill()
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        assert [mention.source for mention in serving.mentions()] == [source]
        assert _ping(serving, source, target) == 48
        assert serving.stop(signal.SIGINT) == 0


def test_a_slow_source_is_answered_in_time_and_verified_afterwards(site: Site, tmp_path: Path) -> None:
    source, target = f"{site.url}/slow", f"{site.url}/blog/5?a=1&b=2"
    gate = threading.Event()
    answer = site.pages["/6"]
    assert isinstance(answer, bytes)

    def slow(request: Request) -> bytes:
        gate.wait(PATIENCE)
        return answer

    site.pages["/slow"] = slow
    with Serving(tmp_path, f"{site.url}/blog/", "--answer-within", "0.1") as serving:
        try:
            assert (
                _ping(serving, source, target) == f"Pingback from {source} to {target} accepted; it will be verified."
            )
            [pending] = serving.mentions()
            assert (pending.status, pending.verified, pending.title) == (MentionStatus.PENDING, None, None)
        finally:
            gate.set()
        wait_until(lambda: serving.mentions()[0].status is not MentionStatus.PENDING)
        [mention] = serving.mentions()
        assert (mention.status, mention.title) == (MentionStatus.APPROVED, "Six")
        assert serving.stop() == 0


@pytest.mark.parametrize(
    ("path", "status", "fault"), [("/6", MentionStatus.APPROVED, None), ("/7", MentionStatus.REJECTED, 17)]
)
def test_what_was_pending_is_finished_after_a_restart(
    site: Site, tmp_path: Path, path: str, status: MentionStatus, fault: int | None
) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        store.mentions.keep(
            Mention(
                source=site.url + path,
                target=f"{site.url}/blog/5?a=1&b=2",
                protocol=Protocol.PINGBACK,
                status=MentionStatus.PENDING,
                received=now(),
            )
        )
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        wait_until(lambda: serving.mentions()[0].status is not MentionStatus.PENDING)
        [mention] = serving.mentions()
    assert (mention.status, mention.fault) == (status, fault)


def test_queued_verification_answers_first(site: Site, tmp_path: Path) -> None:
    source, target = f"{site.url}/7", f"{site.url}/blog/5?a=1&b=2"
    settings = {"PINGBACK_VERIFY": "queued"}
    with Serving(tmp_path, f"{site.url}/blog/", environ=settings) as serving:
        assert "it will be verified" in str(
            _ping(serving, source, target)
        )  # there is no link, which it does not know yet
        wait_until(lambda: serving.mentions()[0].status is MentionStatus.REJECTED)
        assert _ping(serving, f"{site.url}/6", f"{site.url}/6") == 33


def test_self_pings_can_be_turned_off_in_the_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "pingback.toml").write_text("self_pings = false\n")
    with Serving(tmp_path, f"{site.url}/") as serving:
        assert _ping(serving, f"{site.url}/6", f"{site.url}/blog/5?a=1&b=2") == 49
