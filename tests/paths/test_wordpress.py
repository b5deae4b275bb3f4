"""Pings with a real WordPress, both ways: ours becomes its comment, its own becomes our mention."""

import json
import os
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

import pingback
from pingback.model import OutcomeStatus, Protocol
from pingback.net.client import Client
from tests.loopback import Site, free_port, page
from tests.wordpress.fixture import Comment, Exchange, WordPress
from tests.wordpress.install import themes
from tests.wordpress.program import Program

pytestmark = pytest.mark.wordpress

_LOOPBACK = "127.0.0.0/8"
_DATABASE = "sqlite:///mentions.db"
_ALLOW = ("--allow-network", _LOOPBACK)


@pytest.fixture
def site() -> Iterator[Site]:
    """Our pages."""
    with Site() as running:
        yield running


def _add(site: Site, path: str, html: str, headers: Mapping[str, str] | None = None) -> str:
    """Serve a page; gives its URL."""
    site.pages[path] = page(html.encode(), headers=headers)
    return site.url + path


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a run of our command says: its exit code, and the objects it printed."""

    code: int
    printed: list[dict[str, Any]]


def _pingback(folder: Path, *arguments: str) -> Answer:
    command = [sys.executable, "-m", "pingback", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return Answer(code=done.returncode, printed=[json.loads(line) for line in done.stdout.splitlines()])


# From us to WordPress


def _post_of_ours(site: Site, target: str, *, title: str = "Part six — it’s “here”") -> str:
    return _add(
        site,
        "/part-6/",
        f'<!doctype html><title>{title}</title><meta property="og:site_name" content="Our house"><p>Navigation</p>'
        f'<article><p>All of this began with <a href="{target}">part five</a>, which is worth a look.</p></article>',
    )


def test_our_ping_is_its_comment_and_again_is_48(wordpress: WordPress, site: Site, tmp_path: Path) -> None:
    target = wordpress.post("Part five, by command", "<p>In the middle.</p>")
    source = _post_of_ours(site, target)

    first = _pingback(tmp_path, "send", source, target, *_ALLOW)
    assert first.code == 0
    [outcome] = first.printed
    assert outcome | {"message": "any"} == {
        "source": source,
        "target": target,
        "protocol": "pingback",
        "endpoint": wordpress.endpoint,
        "status": "accepted",
        "fault": None,
        "message": "any",
        "attempts": 1,
        "next_try": None,
    }
    assert wordpress.comments(target) == [
        Comment(
            type="pingback",
            author="Part six — it’s “here”",
            source=source,
            content="[&#8230;] of this began with part five, which is worth a [&#8230;]",
        )
    ]

    again = _pingback(tmp_path, "send", source, target, *_ALLOW)
    assert again.code == 0
    assert [(outcome["status"], outcome["fault"]) for outcome in again.printed] == [("already", 48)]
    assert len(wordpress.comments(target)) == 1


def test_it_hears_of_our_post_by_its_feed_and_once(wordpress: WordPress, site: Site, tmp_path: Path) -> None:
    target = wordpress.post("Part five, by feed", "<p>In the middle.</p>")
    source = _post_of_ours(site, target)
    feed = _add(
        site,
        "/feed/",
        f'<rss version="2.0"><channel><title>Our house</title><link>{site.url}/</link>'
        f"<item><title>Part six</title><link>{source}</link></item></channel></rss>",
        {"Content-Type": "application/rss+xml"},
    )

    first, again = (_pingback(tmp_path, "publish", "--feed", feed, *_ALLOW) for _ in range(2))

    assert (first.code, again.code) == (0, 0)
    assert [(outcome["target"], outcome["status"]) for outcome in first.printed] == [(target, "accepted")]
    assert [(outcome["target"], outcome["status"]) for outcome in again.printed] == [(target, "skipped")]
    assert [(comment.type, comment.source) for comment in wordpress.comments(target)] == [("pingback", source)]


def test_our_ping_from_python(wordpress: WordPress, site: Site) -> None:
    target = wordpress.post("Part five, by Python", "<p>In the middle.</p>")
    source = _post_of_ours(site, target)

    with Client(allow=[_LOOPBACK]) as client:
        first = pingback.send(source, target, client=client)
        again = pingback.send(source, target, client=client)

    assert (first.status, first.protocol, first.endpoint) == (
        OutcomeStatus.ACCEPTED,
        Protocol.PINGBACK,
        wordpress.endpoint,
    )
    assert (again.status, again.fault) == (OutcomeStatus.ALREADY, 48)
    assert [comment.source for comment in wordpress.comments(target)] == [source]


def test_without_a_link_it_refuses(wordpress: WordPress, site: Site, tmp_path: Path) -> None:
    target = wordpress.post("Nobody links here", "<p>In the middle.</p>")
    source = _post_of_ours(site, "http://other.example/")

    answer = _pingback(tmp_path, "send", source, target, *_ALLOW)

    assert answer.code == 1
    assert [(outcome["status"], outcome["fault"]) for outcome in answer.printed] == [("refused", 0)]  # never says why
    assert wordpress.comments(target) == []


def test_closed_to_pings_it_advertises_nothing(wordpress: WordPress, site: Site, tmp_path: Path) -> None:
    target = wordpress.post("Closed", "<p>In the middle.</p>", closed=True)
    source = _post_of_ours(site, target)

    answer = _pingback(tmp_path, "send", source, target, *_ALLOW)

    assert answer.code == 1
    assert [(outcome["status"], outcome["endpoint"]) for outcome in answer.printed] == [("unsupported", None)]
    assert wordpress.comments(target) == []


def test_our_trackback_is_its_comment_and_again_is_known(wordpress: WordPress, site: Site, tmp_path: Path) -> None:
    target = wordpress.post("Part five, by TrackBack", "<p>In the middle.</p>", with_rdf=True)
    source = _post_of_ours(site, target)

    first, again = (_pingback(tmp_path, "send", source, target, "--protocol", "trackback", *_ALLOW) for _ in range(2))

    assert (first.code, again.code) == (0, 0)
    [outcome] = first.printed
    assert outcome | {"message": "any"} == {
        "source": source,
        "target": target,
        "protocol": "trackback",
        "endpoint": f"{target}trackback/",
        "status": "accepted",
        "fault": None,
        "message": "any",
        "attempts": 1,
        "next_try": None,
    }
    assert [(outcome["status"], outcome["fault"]) for outcome in again.printed] == [("already", 1)]
    assert wordpress.comments(target) == [
        Comment(
            type="trackback",
            author="Our house",
            source=source,
            content="<strong>Part six — it’s “here”</strong>\n\n"
            "All of this began with part five, which is worth a look.",
        )
    ]


def test_closed_to_trackbacks_it_refuses(wordpress: WordPress, site: Site, tmp_path: Path) -> None:
    target = wordpress.post("Closed, with RDF", "<p>In the middle.</p>", closed=True, with_rdf=True)
    source = _post_of_ours(site, target)

    answer = _pingback(tmp_path, "send", source, target, *_ALLOW)

    assert answer.code == 1
    [outcome] = answer.printed
    assert (outcome["protocol"], outcome["status"], outcome["fault"]) == ("trackback", "refused", 1)
    assert "Sorry, trackbacks are closed for this item." in outcome["message"]
    assert wordpress.comments(target) == []


# From WordPress to us


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """`pingback serve` for the pages of `site`."""

    url: str
    folder: Path

    @property
    def endpoint(self) -> str:
        """Where it takes pingbacks."""
        return f"{self.url}/xmlrpc"

    def trackback(self, path: str) -> str:
        """Where it takes TrackBacks for a page."""
        return f"{self.url}/trackback{path}"

    def mentions(self) -> list[dict[str, Any]]:
        """What it keeps, as another process sees it."""
        answer = _pingback(self.folder, "mentions", "--db", _DATABASE)
        assert answer.code == 0
        return answer.printed


@pytest.fixture
def served(site: Site, tmp_path: Path) -> Iterator[Served]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["serve", "--site", f"{site.url}/", "--port", str(port), "--approve", "all", *_ALLOW, "--db", _DATABASE]
    program = Program(
        sys.executable, "-m", "pingback", *command, folder=tmp_path, log=tmp_path / "serve.log", environment=os.environ
    )
    with program:
        program.wait_until(lambda: _is_healthy(f"{url}/healthz"))
        yield Served(url=url, folder=tmp_path)


def _is_healthy(url: str) -> bool:
    try:
        return requests.get(url, timeout=60).ok
    except requests.ConnectionError:
        return False


def _pings(exchanges: list[Exchange]) -> list[Exchange]:
    return [exchange for exchange in exchanges if exchange.method == "POST"]


def _fault_of(exchange: Exchange) -> int | None:
    """The fault in a reply, read as its sender reads it: by another codec than ours."""
    try:
        xmlrpc.client.loads(exchange.response)
    except xmlrpc.client.Fault as fault:
        return fault.faultCode
    return None


def _error_of(exchange: Exchange) -> str | None:
    """The error in an answer to a TrackBack, read by another codec than ours."""
    return ElementTree.fromstring(exchange.response).findtext("error")


@pytest.mark.parametrize("by_header", [pytest.param(True, id="header"), pytest.param(False, id="link")])
def test_its_ping_is_our_mention(wordpress: WordPress, site: Site, served: Served, *, by_header: bool) -> None:
    if by_header:
        target = _add(site, "/part-5/", "<title>Part five</title>", {"X-Pingback": served.endpoint})
    else:
        target = _add(site, "/part-5/", f'<title>Part five</title><link rel="pingback" href="{served.endpoint}">')
    source = wordpress.post(
        "Fish & naïve “chips”",
        f'<p>Long ago, <a href="{target}">part five</a> said it better &amp; shorter than I ever could.</p>',
    )

    [ping] = _pings(wordpress.send_due())

    assert (ping.url, ping.status, _fault_of(ping)) == (served.endpoint, 200, None)
    [mention] = served.mentions()
    assert (mention["source"], mention["target"], mention["protocol"]) == (source, target, "pingback")
    assert (mention["status"], mention["fault"]) == ("approved", None)
    assert mention["verified"] is not None
    assert mention["title"] == "Fish & naïve “chips” – A real WordPress"
    assert "Long ago, part five said it better & shorter than I ever could." in mention["excerpt"]


def test_its_second_ping_hears_48(wordpress: WordPress, site: Site, served: Served) -> None:
    header = {"X-Pingback": served.endpoint}
    one = _add(site, "/one/", "<title>One</title>", header)
    two = _add(site, "/two/", "<title>Two</title>", header)
    html = f'<p>See <a href="{one}">one</a> and <a href="{two}">two</a>.</p>'
    source = wordpress.post("Both of them", html)
    assert [_fault_of(ping) for ping in _pings(wordpress.send_due())] == [None, None]

    wordpress.update(source, f"{html}<p>Corrected.</p>")
    [ping] = _pings(wordpress.send_due())  # it remembers only the last of several links to have been pinged

    assert (ping.status, _fault_of(ping)) == (200, 48)
    assert one in ping.request
    assert [mention["target"] for mention in served.mentions()] == [one, two]


def test_its_ping_for_a_mere_address_hears_17(wordpress: WordPress, site: Site, served: Served) -> None:
    target = _add(site, "/part-5/", "<title>Part five</title>", {"X-Pingback": served.endpoint})
    wordpress.post("No link", f"<p>It stood at {target} for years.</p>")

    [ping] = _pings(wordpress.send_due())

    assert (ping.status, _fault_of(ping)) == (200, 17)
    assert all(mention["status"] != "approved" for mention in served.mentions())


def test_its_trackback_is_verified_and_our_mention(wordpress: WordPress, site: Site, served: Served) -> None:
    target = _add(site, "/part-5/?a=1&b=2", "<title>Part five</title>")
    endpoint = served.trackback("/part-5/?a=1&b=2")
    source = wordpress.post(
        "Fish & naïve “chips”, told",
        f'<p>Long ago, <a href="{target.replace("&", "&amp;")}">part five</a> said it better &amp; shorter.</p>',
        to_ping=[endpoint],
    )

    [ping] = _pings(wordpress.send_due())

    assert (ping.url, ping.status, _error_of(ping)) == (endpoint, 200, "0")
    [mention] = served.mentions()
    assert (mention["source"], mention["target"], mention["protocol"]) == (source, target, "trackback")
    assert (mention["status"], mention["fault"]) == ("approved", None)
    assert mention["verified"] is not None
    assert mention["title"] == "Fish & naïve “chips”, told – A real WordPress"
    assert "Long ago, part five said it better & shorter." in mention["excerpt"]


def test_its_second_trackback_hears_error_1(wordpress: WordPress, site: Site, served: Served) -> None:
    target = _add(site, "/part-5/", "<title>Part five</title>")
    endpoint = served.trackback("/part-5/")
    # It never asks one address twice, but takes the same with a fragment for another one.
    to_ping = [f"{endpoint}#again", endpoint]
    wordpress.post("Told twice", f'<p>See <a href="{target}">five</a>.</p>', to_ping=to_ping)

    pings = _pings(wordpress.send_due())

    assert [(ping.status, _error_of(ping)) for ping in pings] == [(200, "0"), (200, "1")]
    assert [mention["target"] for mention in served.mentions()] == [target]


def test_its_trackback_after_its_ping_hears_error_1(wordpress: WordPress, site: Site, served: Served) -> None:
    target = _add(site, "/part-5/", "<title>Part five</title>", {"X-Pingback": served.endpoint})
    endpoint = served.trackback("/part-5/")
    wordpress.post("Told both ways", f'<p>See <a href="{target}">five</a>.</p>', to_ping=[endpoint])

    ping, trackback = _pings(wordpress.send_due())

    assert (ping.url, _fault_of(ping)) == (served.endpoint, None)
    assert (trackback.url, _error_of(trackback)) == (endpoint, "1")
    assert [(mention["target"], mention["protocol"]) for mention in served.mentions()] == [(target, "pingback")]


def test_its_trackback_without_a_link_hears_error_1(wordpress: WordPress, site: Site, served: Served) -> None:
    _add(site, "/part-5/", "<title>Part five</title>")
    wordpress.post("Told for nothing", "<p>It links nowhere.</p>", to_ping=[served.trackback("/part-5/")])

    [ping] = _pings(wordpress.send_due())

    assert (ping.status, _error_of(ping)) == (200, "1")
    assert served.mentions() == []


def test_a_post_with_a_comment_is_never_the_commenters(wordpress: WordPress, site: Site, served: Served) -> None:
    for theme in themes():
        target = _add(site, f"/{theme}/", "<title>Part five</title>", {"X-Pingback": served.endpoint})
        source = wordpress.post(f"Herons, {theme}", f'<p>As <a href="{target}">part five</a> said.</p>')
        wordpress.comment(source, "I had not heard of it.", author="Carl Commenter", url="http://carl.example/")

        with wordpress.theme(theme):
            assert "Carl Commenter" in requests.get(source, timeout=300).text, theme
            [ping] = _pings(wordpress.send_due())

        assert _fault_of(ping) is None, theme
        [mention] = [each for each in served.mentions() if each["target"] == target]
        author = mention["author"] or {"name": None, "url": None}
        assert author["name"] in (None, "admin"), theme
        assert author["url"] in (None, f"{wordpress.url}/author/admin/"), theme
        assert (mention["kind"], mention["excerpt"]) == ("mention-of", "As part five said."), theme


def test_a_comment_that_links_is_its_writers(wordpress: WordPress, site: Site, served: Served) -> None:
    for theme in themes():
        target = _add(site, f"/{theme}/", "<title>Part five</title>", {"X-Pingback": served.endpoint})
        source = wordpress.post(f"Storks, {theme}", "<p>Nobody has written of storks.</p>")
        wordpress.comment(
            source, f'But <a href="{target}">part five</a> has.', author="Carl Commenter", url="http://carl.example/"
        )

        with wordpress.theme(theme), xmlrpc.client.ServerProxy(served.endpoint) as server:
            server.pingback.ping(source, target)

        [mention] = [each for each in served.mentions() if each["target"] == target]
        author = mention["author"] or {}
        assert (author.get("name"), author.get("url")) == ("Carl Commenter", "http://carl.example/"), theme
        assert (mention["kind"], mention["excerpt"]) == ("mention-of", "But part five has."), theme
