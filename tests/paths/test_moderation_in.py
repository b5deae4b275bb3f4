"""Moderation on its whole way: `pingback serve` as it is by default, and its owner at `pingback moderate`."""

import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import Site, page
from tests.paths.programs import Serving, pingback

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
