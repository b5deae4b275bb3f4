"""`pingback.receive.existence`: when a page of the site counts as moved, and when not."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from pingback.net.client import Client
from pingback.receive.existence import NoAnswer, SiteTargets
from pingback.store import Store
from tests.loopback import Page, Site, page, redirect
from tests.receive.lax import Receiver
from tests.receive.pages import Clock


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        site.pages |= {"/blog/new": page(b"<title>New"), "/blog/": page(b"<title>Home"), "/shop": page(b"<title>Shop")}
        yield site


def canonical(address: str) -> bytes:
    return page(f'<link rel="canonical" href="{address}">'.encode())


def moves(site: Site) -> list[tuple[str, str]]:
    """What is reported when the site is asked for /blog/old."""
    seen: list[tuple[str, str]] = []

    def report(target: str, final: str, *, within: float | None) -> None:
        assert within is None  # nobody waits
        seen.append((target.removeprefix(site.url), final.removeprefix(site.url)))

    with Client(allow=["127.0.0.1"]) as client:
        targets = SiteTargets(client)
        targets.report_moves(report, site=[f"{site.url}/blog"])
        assert targets(f"{site.url}/blog/old")
    return seen


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        pytest.param(redirect("/blog/new", 301), [("/blog/new", "/blog/new"), ("/blog/old", "/blog/new")], id="301"),
        pytest.param(redirect("/blog/new", 308), [("/blog/new", "/blog/new"), ("/blog/old", "/blog/new")], id="308"),
        pytest.param(canonical("/blog/new"), [("/blog/old", "/blog/new")], id="canonical"),
        pytest.param(page(b"<title>Here"), [("/blog/old", "/blog/old")], id="not-moved"),
        pytest.param(canonical("old"), [("/blog/old", "/blog/old")], id="canonical-is-itself"),
        pytest.param(redirect("/blog/new", 302), [], id="302-elsewhere-for-now"),
        pytest.param(redirect("/blog/new", 307), [], id="307-elsewhere-for-now"),
        pytest.param(redirect("/blog/", 301), [], id="to-the-root"),
        pytest.param(redirect("/shop", 301), [], id="out-of-the-site"),
        pytest.param(redirect("/blog/lost", 301), [], id="to-an-error"),
        pytest.param(canonical("/blog/"), [("/blog/old", "/blog/old")], id="canonical-is-the-root"),
        pytest.param(canonical("/blog"), [("/blog/old", "/blog/old")], id="canonical-is-the-root-without-its-slash"),
        pytest.param(canonical("/shop"), [("/blog/old", "/blog/old")], id="canonical-is-out-of-the-site"),
        pytest.param(canonical("https://evil.example/x"), [("/blog/old", "/blog/old")], id="canonical-is-elsewhere"),
        pytest.param(page(b" " * 64 * 1024 + b"<link rel=canonical href=new>"), [("/blog/old", "/blog/old")], id="far"),
        pytest.param(redirect("/blog/old", 301), [], id="circle"),
        pytest.param(page(status=500), [], id="error"),
    ],
)
def test_what_is_reported(site: Site, answer: Page, seen: list[tuple[str, str]]) -> None:
    site.pages["/blog/old"] = answer
    site.pages["/blog/lost"] = page(status=503)
    assert moves(site) == seen


def test_a_redirect_and_then_a_canonical_address(site: Site) -> None:
    site.pages |= {"/blog/old": redirect("/blog/new?x", 301), "/blog/new?x": canonical("/blog/new")}
    assert moves(site) == [("/blog/new?x", "/blog/new"), ("/blog/old", "/blog/new")]


def test_one_redirect_that_is_not_for_good_among_others(site: Site) -> None:
    site.pages |= {"/blog/old": redirect("/blog/x", 301), "/blog/x": redirect("/blog/new", 302)}
    assert moves(site) == []


def test_a_move_is_seen_when_an_old_mention_is_looked_at_again(site: Site) -> None:
    """Nobody need ping the old address once more."""
    old, new = f"{site.url}/blog/old", f"{site.url}/blog/new"
    site.pages |= {"/blog/old": page(b"<title>Old"), "/a": page(f'<title>A</title><a href="{old}">x</a>'.encode())}
    with Client(allow=["127.0.0.1"]) as client, Store("sqlite://") as store:
        clock = Clock()
        targets = SiteTargets(client, remembered_for=0.0)
        targets.report_moves(store.moves.keep, site=[f"{site.url}/blog"])
        receiver = Receiver(site=f"{site.url}/blog", store=store, client=client, target_exists=targets, clock=clock)
        with receiver:
            receiver.ping(f"{site.url}/a", old)
            site.pages["/blog/old"] = redirect("/blog/new", 301)
            clock.pass_by(days=30)
            assert receiver.pingbacks_of(new) == []
            receiver.reverify(after=timedelta(days=30), most=1)
            assert receiver.pingbacks_of(new) == [f"{site.url}/a"]


def test_a_page_that_moved_keeps_its_mentions(site: Site) -> None:
    """From the first ping, to the old address, to the listing at the new one, once the site said that it moved."""
    old, new = f"{site.url}/blog/old", f"{site.url}/blog/new"
    site.pages |= {
        "/blog/old": page(b"<title>Old"),
        "/a": page(f'<title>A</title><a href="{old}">x</a>'.encode()),
        "/b": page(f'<title>B</title><a href="{old}">x</a>'.encode()),
    }
    with Client(allow=["127.0.0.1"]) as client, Store("sqlite://") as store:
        targets = SiteTargets(client, remembered_for=0.0)
        targets.report_moves(store.moves.keep, site=[f"{site.url}/blog"])
        receiver = Receiver(site=f"{site.url}/blog", store=store, client=client, target_exists=targets)
        receiver.ping(f"{site.url}/a", old)
        assert receiver.pingbacks_of(new) == []
        site.pages["/blog/old"] = redirect("/blog/new", 301)
        assert receiver.ping(f"{site.url}/b", old).target == old
        assert receiver.pingbacks_of(new) == receiver.pingbacks_of(old) == [f"{site.url}/a", f"{site.url}/b"]


def test_a_sender_does_not_wait_for_a_locked_database(site: Site, tmp_path: Path) -> None:
    """The site's answer is not remembered then, so that the next who asks keeps the move."""
    old, new = f"{site.url}/blog/old", f"{site.url}/blog/new"
    site.pages["/blog/old"] = redirect("/blog/new", 301)
    path = tmp_path / "pingback.db"
    with Client(allow=["127.0.0.1"]) as client, Store(f"sqlite:///{path}?timeout=600") as store:
        targets = SiteTargets(client)
        targets.report_moves(store.moves.keep, site=[f"{site.url}/blog"])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(NoAnswer):
                targets(old, within=0.5)
        assert store.moves.page_of(old) != store.moves.page_of(new)
        assert targets(old, within=60.0)
        assert store.moves.page_of(old) == store.moves.page_of(new)
