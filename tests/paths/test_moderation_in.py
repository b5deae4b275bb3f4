"""Moderation on its whole way: `pingback serve` as it is by default, and its owner at `pingback moderate`."""

import xmlrpc.client
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.loopback import Site, page
from tests.paths.programs import Serving, pingback, wait_until

FIVE = "/blog/5"


@pytest.fixture
def site() -> Iterator[Site]:
    """Our site with part five and six, and, to spare a second one, the posts of others."""
    with Site() as site:
        link = f'words <a href="{site.url}{FIVE}">five</a>'
        old = b'<meta property="article:published_time" content="2020-01-01"><title>Four</title>'
        site.pages |= {"/blog/4": page(old), FIVE: page(b"<title>Five</title>")}
        for path in ("/blog/6", "/~ann/1", "/~ann/2", "/~bob/1"):
            site.pages[path] = page(f"<title>{path}</title><p>{link}".encode())
        yield site


def _ping(serving: Serving, site: Site, source: str, target: str = FIVE) -> object:
    with xmlrpc.client.ServerProxy(serving.endpoint) as endpoint:
        try:
            return str(endpoint.pingback.ping(f"{site.url}{source}", f"{site.url}{target}")).rpartition(" ")[2]
        except xmlrpc.client.Fault as fault:
            return fault.faultCode


def test_the_first_mention_of_anybody_waits_and_the_next_is_approved(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, f"{site.url}/blog/", "--approve", "known") as serving:
        sources = ("/blog/6", "/~ann/1", "/~bob/1")
        assert [_ping(serving, site, source) for source in sources] == ["registered."] * 3
        assert [mention.status for mention in serving.mentions()] == ["approved", "pending", "pending"]

        assert pingback(tmp_path, "moderate", "approve", "2").code == 0
        assert pingback(tmp_path, "moderate", "spam", "3").code == 0
        assert _ping(serving, site, "/~ann/2") == "registered."
        assert [mention.status for mention in serving.mentions()] == ["approved", "approved", "spam", "approved"]

        host = site.url.removeprefix("http://").partition(":")[0]
        assert pingback(tmp_path, "moderate", "block", f"{host}/~bob").printed == [{"block": f"{host}/~bob"}]
        assert [_ping(serving, site, source) for source in ("/~bob/1", "/~ann/2")] == [49, 48]


def test_old_pages_and_blocked_hosts_by_option(site: Site, tmp_path: Path) -> None:
    arguments = ("--close-after", "30", "--block", "*/~bob")
    with Serving(tmp_path, f"{site.url}/blog/", *arguments) as serving:
        assert [
            _ping(serving, site, "/~ann/1", "/blog/4"),
            _ping(serving, site, "/~bob/1"),
            _ping(serving, site, "/~ann/1"),
        ] == [33, 49, "registered."]


def test_what_is_approved_unseen_is_looked_at_by_the_server(site: Site, tmp_path: Path) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        for source in ("/~ann/1", "/nowhere"):
            waiting = Mention(
                source=f"{site.url}{source}",
                target=f"{site.url}{FIVE}",
                protocol=Protocol.WEBMENTION,
                status=MentionStatus.PENDING,
                received=at,
            )
            rejected, _ = store.mentions.keep(waiting)
            store.mentions.update(
                replace(rejected, status=MentionStatus.REJECTED, fault=16)
            )  # or `serve` would look by itself
        printed = pingback(tmp_path, "moderate", "approve", "1", "2").printed
        assert [(each["status"], each["fault"]) for each in printed] == [("pending", None)] * 2
        with Serving(tmp_path, f"{site.url}/blog/", "--approve", "known"):
            wait_until(lambda: not any(mention.wanted for mention in store.mentions.list()))
        settled = [(mention.status, mention.fault, mention.title) for mention in store.mentions.list()]
    assert settled == [
        (MentionStatus.APPROVED, None, "/~ann/1"),
        (MentionStatus.REJECTED, 16, None),
    ]
