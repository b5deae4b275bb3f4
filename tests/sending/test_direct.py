"""Addresses for TrackBacks that a feed names, over sockets: they are told without a look at any page."""

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from pingback.model import Protocol
from pingback.net.client import Client
from pingback.sending.hook import dry_run
from pingback.sending.publish import Publisher
from pingback.sending.values import Publication, PublishOptions
from pingback.store import Store
from tests.loopback import Site, page
from tests.sending.far_sides import FarSide, post
from tests.sending.hook import Hook, statuses


@pytest.fixture
def blog() -> Iterator[Site]:
    with Site({"/6": post()}) as blog:
        yield blog


@pytest.fixture
def other() -> Iterator[Site]:
    """Its `/tb` takes TrackBacks, and says so nowhere."""
    with Site({"/tb": page(b"<response><error>0</error></response>")}, host="127.0.0.2") as other:
        yield other


@pytest.fixture
def hook(client: Client, store: Store) -> Hook:
    return Hook(client, store)


def item(blog: Site, *trackbacks: str, fingerprint: str = "1") -> Publication:
    return Publication(source=f"{blog.url}/6", fingerprint=fingerprint, trackbacks=trackbacks)


def test_t11_it_hears_of_the_item_once_and_is_asked_nothing(hook: Hook, blog: Site, other: Site) -> None:
    address = f"{other.url}/tb"
    [outcome] = hook(item(blog, address))
    assert (outcome.source, outcome.target, outcome.endpoint) == (f"{blog.url}/6", address, address)
    assert (outcome.protocol, outcome.status) == (Protocol.TRACKBACK, "accepted")
    blog.pages["/6"] = post(words="As others say")
    hook(item(blog, address, fingerprint="2"))
    [request] = other.requests
    assert (request.method, request.path) == ("POST", "/tb")
    assert parse_qs(request.body.decode())["url"] == [f"{blog.url}/6"]


def test_t11_beside_the_links_of_the_item(hook: Hook, blog: Site, other: Site) -> None:
    with FarSide("/1", host="127.0.0.3") as far_side:
        blog.pages["/6"] = post(f"{far_side.url}/1")
        outcomes = hook(item(blog, f"{other.url}/tb"))
        assert statuses(outcomes) == {f"{far_side.url}/1": "accepted", f"{other.url}/tb": "accepted"}


def test_t11_a_run_that_knows_no_feed_takes_nothing_back(hook: Hook, blog: Site, other: Site) -> None:
    address, takes = f"{other.url}/tb", other.pages["/tb"]
    other.pages["/tb"] = page(status=500)
    assert statuses(hook(item(blog, address))) == {address: "failed"}
    other.pages["/tb"] = takes
    assert statuses(hook(f"{blog.url}/6")) == {address: "accepted"}
    assert {request.method for request in other.requests} == {"POST"}
    assert [ping.linked for ping in hook.store.outbox.pings()] == [True]


def test_t11_an_item_that_is_gone_pings_nobody(hook: Hook, blog: Site, other: Site) -> None:
    other.pages["/tb"] = page(status=500)
    hook(item(blog, f"{other.url}/tb"))
    blog.pages["/6"] = page(status=410)
    hook(f"{blog.url}/6")
    assert [(ping.status, ping.next_try) for ping in hook.store.outbox.pings()] == [("skipped", None)]


def test_t11_only_what_the_options_allow(hook: Hook, client: Client, blog: Site, other: Site) -> None:
    given = item(blog, f"{other.url}/tb")
    [outcome] = hook(given, options=PublishOptions(protocols=[Protocol.WEBMENTION]))
    assert (outcome.status, other.requests) == ("unsupported", [])
    hook.clock.pass_by(hours=1)
    assert hook(item(blog, "http://127.0.0.9/tb"), options=PublishOptions(allows=lambda target: False)) == []
    publisher = Publisher(client=client, store=hook.store, clock=hook.clock)
    again = item(blog, f"{other.url}/b", fingerprint="2")
    [rehearsed] = dry_run([again], publisher=publisher, store=hook.store)
    assert rehearsed[1] == [f"{other.url}/tb", f"{other.url}/b"]
    assert other.requests == []
