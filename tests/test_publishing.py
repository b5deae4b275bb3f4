"""`pingback.publishing` over sockets: posts that go out now and later, and those that settings name."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Pool, event

from pingback.errors import FetchError
from pingback.model import OutcomeStatus, Protocol
from pingback.net.client import Client, Limits
from pingback.posts.values import BadFeed
from pingback.publishing import Publishing
from pingback.sending.values import PublishOptions
from pingback.settings import Settings
from pingback.store import Store
from tests.loopback import Request, Site, page
from tests.receive.pages import PATIENCE, Clock
from tests.sending.far_sides import FarSide, markup, post

MIB = 1024 * 1024


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.0/8"], limits=Limits(timeout=30.0)) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Make:
    """A publish hook, as settings want it."""

    def __init__(self, client: Client, store: Store, clock: Clock) -> None:
        self.client, self.store, self.clock = client, store, clock

    def __call__(self, stopped: threading.Event | None = None, **settings: Any) -> Publishing:
        return Publishing(
            client=self.client,
            store=self.store,
            settings=Settings(**settings),
            stopped=stopped,
            clock=self.clock,
        )


@pytest.fixture
def make(client: Client, store: Store, clock: Clock) -> Make:
    return Make(client, store, clock)


# Now


def test_the_settings_say_how_where_no_options_do(make: Make, blog: Site, far_side: FarSide) -> None:
    assert make(excepted=("127.0.0.2",)).publish(f"{blog.url}/6") == []
    assert make(protocol=Protocol.PINGBACK).publish(f"{blog.url}/6")[0].status is OutcomeStatus.UNSUPPORTED
    assert far_side.heard == []
    hook = make(excepted=("127.0.0.2",))
    assert [each.status for each in hook.publish(f"{blog.url}/6", options=PublishOptions())] == ["accepted"]


def test_update_services_hear_of_news_once(make: Make, blog: Site) -> None:
    hook = make(services=(f"{blog.url}/rpc",))
    first, second = hook.publish(f"{blog.url}/6"), hook.publish(f"{blog.url}/6")
    assert [outcome.target for outcome in first][1:] == [f"{blog.url}/rpc"]
    assert [outcome.status for outcome in second] == ["skipped"]


# Later


def test_without_wait_nothing_is_asked_for_or_sent(make: Make, blog: Site) -> None:
    assert make().publish(f"{blog.url}/6", wait=False) == []
    assert blog.requests == []
    assert list(make.store.outbox.pings()) == []


@pytest.mark.parametrize("method", ["send_due", "retry", "publish_all"])
def test_whatever_comes_next_publishes_it_once(make: Make, blog: Site, far_side: FarSide, method: str) -> None:
    make().publish(f"{blog.url}/6", wait=False)
    assert getattr(make(), method)() == {"accepted": 1}
    assert getattr(make(), method)() == {}
    assert far_side.heard == [(f"{blog.url}/6", f"{far_side.url}/1")]
    assert len(blog.requests) == 1


def test_the_page_that_was_at_hand_is_kept(make: Make, blog: Site, far_side: FarSide) -> None:
    make().publish(f"{blog.url}/6", f'<a href="{far_side.url}/2">„zwei“</a>', wait=False)
    make().publish(
        f"{blog.url}/7", f'<meta charset="latin-1"><a href="{far_side.url}/1">é</a>'.encode("latin-1"), wait=False
    )
    assert make().send_due() == {"accepted": 2}
    assert sorted(far_side.heard) == [
        (f"{blog.url}/6", f"{far_side.url}/2"),
        (f"{blog.url}/7", f"{far_side.url}/1"),
    ]


@pytest.mark.parametrize("wait", [True, False])
def test_of_a_page_at_hand_the_first_mib_counts(make: Make, blog: Site, far_side: FarSide, wait: bool) -> None:
    page_at_hand = f'<a href="{far_side.url}/1">1</a>'.ljust(MIB) + f'<a href="{far_side.url}/2">2</a>'
    make().publish(f"{blog.url}/6", page_at_hand, wait=wait)
    make().send_due()
    assert far_side.targets == ["/1"]


def test_a_newer_call_takes_the_place_of_the_first(make: Make, blog: Site, far_side: FarSide) -> None:
    make().publish(f"{blog.url}/6", markup(f"{far_side.url}/2"), wait=False)
    make().publish(f"{blog.url}/6", wait=False)
    make().send_due()
    assert far_side.targets == ["/1"]


def test_only_an_absolute_url_is_kept_and_no_wish_is_lost(make: Make) -> None:
    with pytest.raises(ValueError, match="absolute"):
        make().publish("/6", wait=False)
    with pytest.raises(ValueError, match="without wait"):
        make().publish("https://a.example/6", options=PublishOptions(), wait=False)
    with pytest.raises(ValueError, match="without wait"):
        make().publish("https://a.example/6", on_outcome=print, wait=False)
    assert make().send_due() == {}


@pytest.mark.parametrize("answer", [page(status=404), page(status=503), b""], ids=["404", "503", "no-answer"])
def test_a_source_that_cannot_be_read_is_tried_again(
    make: Make, blog: Site, far_side: FarSide, clock: Clock, answer: bytes
) -> None:
    there, blog.pages["/6"] = blog.pages["/6"], answer
    make().publish(f"{blog.url}/6", wait=False)
    make().publish(f"{blog.url}/7", wait=False)
    assert make().send_due() == {"skipped": 1, "accepted": 1}
    blog.pages["/6"] = there
    assert make().send_due() == {}
    clock.pass_by(minutes=10)
    assert make().send_due() == {"accepted": 1}
    assert sorted(far_side.targets) == ["/1", "/2"]


def test_it_is_given_up_after_five_days(make: Make, blog: Site, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    blog.pages["/6"] = page(status=404)
    make().publish(f"{blog.url}/6", wait=False)
    for _ in range(12):
        make().send_due()
        clock.pass_by(hours=12)
    asked = len(blog.requests)
    assert 5 <= asked <= 12
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"'{blog.url}/6' is not published, and given up: {blog.url}/6 answered with HTTP status 404"
    ]
    make().send_due()
    assert len(blog.requests) == asked


def test_a_post_that_is_not_for_the_public_is_done_with(make: Make, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = page(b'<meta name="robots" content="noindex">' + markup(f"{far_side.url}/1"))
    make().publish(f"{blog.url}/6", wait=False)
    assert make().send_due() == {"skipped": 1}
    assert make().send_due() == {}
    assert far_side.heard == []


def test_an_error_of_ours_stops_no_other(
    make: Make, blog: Site, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    make().publish(f"{blog.url}/6", wait=False)
    assert make(selector="p[").send_due() == {}
    assert "is not a CSS selector" in caplog.text
    clock.pass_by(minutes=10)
    assert make().send_due() == {"accepted": 1}


def test_of_two_at_once_one_publishes_it(make: Make, blog: Site, far_side: FarSide) -> None:
    asked, go_on = threading.Event(), threading.Event()
    there = blog.pages["/6"]
    assert isinstance(there, bytes)

    def held(request: Request) -> bytes:
        asked.set()
        assert go_on.wait(PATIENCE)
        return there

    blog.pages["/6"] = held
    make().publish(f"{blog.url}/6", wait=False)
    with ThreadPoolExecutor(1) as threads:
        one = threads.submit(make().send_due)
        assert asked.wait(PATIENCE)
        try:
            assert make().send_due() == {}
        finally:
            go_on.set()
        assert one.result(PATIENCE) == {"accepted": 1}
    assert len(blog.requests) == len(far_side.heard) == 1


def test_a_newer_call_while_it_is_published_is_not_lost(make: Make, blog: Site, far_side: FarSide) -> None:
    def changed(request: Request) -> bytes:
        blog.pages["/6"] = post(f"{far_side.url}/2")
        make().publish(f"{blog.url}/6", wait=False)
        return post(f"{far_side.url}/1")

    blog.pages["/6"] = changed
    make().publish(f"{blog.url}/6", wait=False)
    make().send_due()
    assert far_side.targets == ["/2"]  # as the post stood when its pings went out


# A round


def test_a_round_without_time_begins_nothing(make: Make, blog: Site) -> None:
    make().publish(f"{blog.url}/6", wait=False)
    assert make().send_due(seconds=0.0) == {}
    assert blog.requests == []
    assert make().send_due(seconds=PATIENCE) == {"accepted": 1}


def test_a_round_that_was_stopped_begins_nothing(make: Make, blog: Site) -> None:
    make().publish(f"{blog.url}/6", wait=False)
    stopped = threading.Event()
    stopped.set()
    assert make(stopped=stopped).send_due() == {}
    assert blog.requests == []


def test_a_protocol_in_the_settings_holds_for_what_is_due_too(
    make: Make, blog: Site, far_side: FarSide, clock: Clock
) -> None:
    make().publish(f"{blog.url}/6", wait=False)
    hook = make(protocol=Protocol.PINGBACK)
    assert hook.send_due() == {"unsupported": 1}
    assert hook.send_due() == {}  # it is not looked at in each round
    assert far_side.heard == []
    clock.pass_by(minutes=10)
    assert make().send_due() == {"accepted": 1}


# All that the settings name


def feed(blog: Site, *paths: str) -> bytes:
    items = "".join(f"<item><title>x</title><link>{blog.url}{path}</link></item>" for path in paths)
    xml = f'<rss version="2.0"><channel><title>B</title><link>{blog.url}/</link>{items}</channel></rss>'
    return page(xml.encode(), headers={"Content-Type": "application/rss+xml"})


def test_all_that_the_settings_name(make: Make, blog: Site, far_side: FarSide, tmp_path: Path) -> None:
    blog.pages |= {"/feed": feed(blog, "/6"), "/8": post(f"{far_side.url}/1"), "/built/9/": post(f"{far_side.url}/1")}
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{blog.url}/7</loc></url></urlset>'
    blog.pages["/sitemap.xml"] = page(sitemap.encode(), headers={"Content-Type": "application/xml"})
    (tmp_path / "9").mkdir()
    (tmp_path / "9/index.html").write_bytes(markup(f"{far_side.url}/1"))
    built: dict[str, Any] = {"folder": str(tmp_path), "base_url": f"{blog.url}/built"}
    hook = make(sitemaps=(f"{blog.url}/sitemap.xml",), **built)
    assert hook.publish_all([f"{blog.url}/8"]) == {"accepted": 3}
    assert sorted(source.removeprefix(blog.url) for source, _ in far_side.heard) == ["/7", "/8", "/built/9/"]
    assert hook.publish_all() == {"skipped": 2}
    assert make(feeds=(f"{blog.url}/feed",)).publish_all() == {"accepted": 1}


def test_a_feed_narrows_a_site_and_a_sitemap_to_what_it_has(
    make: Make, blog: Site, far_side: FarSide, tmp_path: Path
) -> None:
    blog.pages["/feed"] = feed(blog, "/6", "/built/9/", "/8")
    urls = "".join(f"<url><loc>{blog.url}/{path}</loc></url>" for path in ("6", "7"))
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    blog.pages["/sitemap.xml"] = page(sitemap.encode(), headers={"Content-Type": "application/xml"})
    for path in ("/8", "/built/9/", "/built/10/"):
        blog.pages[path] = post(f"{far_side.url}/1")
        (tmp_path / path[1:]).mkdir(parents=True)
        (tmp_path / path[1:] / "index.html").write_bytes(markup(f"{far_side.url}/1"))
    built: dict[str, Any] = {"folder": str(tmp_path / "built"), "base_url": f"{blog.url}/built"}
    sources: dict[str, Any] = {"sitemaps": (f"{blog.url}/sitemap.xml",), "feeds": (f"{blog.url}/feed",)}
    notes: list[str] = []
    assert make(**sources, **built).publish_all(on_note=notes.append) == {"accepted": 3}
    assert sorted(source.removeprefix(blog.url) for source, _ in far_side.heard) == ["/6", "/8", "/built/9/"]
    assert notes == [
        f"{blog.url}/built: pages that are left out, as the feed does not have them: 1",
        f"{blog.url}/sitemap.xml: pages that are left out, as the feed does not have them: 1",
    ]
    assert make(**sources, **built).publish_all() == {"skipped": 3}
    blog.pages["/feed"] = page(status=500)
    assert make(**sources, **built).publish_all() == {}


def test_a_post_that_is_missing_is_looked_for_by_runs_that_do_not_name_it(
    make: Make, blog: Site, far_side: FarSide, clock: Clock
) -> None:
    hook = make()
    hook.publish_all([f"{blog.url}/6"])
    del blog.pages["/6"]
    hook.publish_all([f"{blog.url}/6"])
    clock.pass_by(hours=24)
    assert (hook.publish_all(), len(blog.requests)) == ({}, 3)
    assert (hook.publish_all(), len(blog.requests)) == ({}, 3)
    clock.pass_by(hours=24)
    assert hook.publish_all() == {"accepted": 1}
    assert far_side.targets == ["/1", "/1"]


def sitemap(blog: Site, *paths: str) -> bytes:
    urls = "".join(f"<url><loc>{blog.url}{path}</loc></url>" for path in paths)
    xml = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    return page(xml.encode(), headers={"Content-Type": "application/xml"})


def test_what_a_sitemap_has_no_longer_is_looked_for_once_a_day(
    make: Make, blog: Site, far_side: FarSide, clock: Clock
) -> None:
    """A post that is there still is none that is missing."""
    hook = make(sitemaps=(f"{blog.url}/sitemap.xml",))
    blog.pages["/sitemap.xml"] = sitemap(blog, "/6", "/7")
    assert hook.publish_all() == {"accepted": 2}
    blog.pages["/sitemap.xml"] = sitemap(blog)
    del blog.pages["/6"]
    blog.requests.clear()
    for hours in (1, 24, 1, 24):
        clock.pass_by(hours=hours)
        assert hook.publish_all() == {}
    asked = [request.path for request in blog.requests if request.path != "/sitemap.xml"]
    assert sorted(asked) == ["/6", "/6", "/7", "/7"]
    clock.pass_by(hours=24)
    assert hook.publish_all() == {"accepted": 1}
    assert far_side.heard[-1] == (f"{blog.url}/6", f"{far_side.url}/1")


def test_what_a_sitemap_has_no_longer_is_looked_for_after_a_clock_ran_ahead(
    make: Make, blog: Site, clock: Clock
) -> None:
    hook = make(sitemaps=(f"{blog.url}/sitemap.xml",))
    blog.pages["/sitemap.xml"] = sitemap(blog, "/6")
    clock.pass_by(days=3650)
    assert hook.publish_all() == {"accepted": 1}
    clock.pass_by(days=-3650)
    blog.pages["/sitemap.xml"] = sitemap(blog)
    blog.requests.clear()
    assert hook.publish_all() == {}
    assert [request.path for request in blog.requests] == ["/sitemap.xml", "/6"]


def test_a_page_that_is_no_post_is_never_missing(make: Make, blog: Site) -> None:
    rows = "".join(f'<article><h2><a href="/{each}">A post of {each}</a></h2><p>Said.</p></article>' for each in "abcd")
    blog.pages |= {
        "/sitemap.xml": sitemap(blog, "/tags/words"),
        "/tags/words": page(f"<!doctype html><body><main>{rows}</main>".encode()),
    }
    hook = make(sitemaps=(f"{blog.url}/sitemap.xml",))
    hook.publish_all()
    del blog.pages["/tags/words"]
    hook.publish_all()
    assert list(make.store.posts.missing()) == []


def test_a_post_that_waits_and_is_missing_is_gone_in_the_end(
    make: Make, blog: Site, far_side: FarSide, clock: Clock
) -> None:
    hook = make()
    hook.publish_all([f"{blog.url}/6"])
    del blog.pages["/6"]
    hook.publish(f"{blog.url}/6", wait=False)
    told = []
    for _ in range(6):
        told.append(hook.send_due().get(OutcomeStatus.ACCEPTED, 0))
        clock.pass_by(hours=13)
    assert (sum(told), told[0]) == (1, 0)
    assert far_side.targets == ["/1", "/1"]


def test_posts_that_were_deleted(make: Make, blog: Site, far_side: FarSide) -> None:
    hook, left = make(), [f"{blog.url}/{number}" for number in range(10, 15)]
    blog.pages |= {f"/{number}": post(f"{far_side.url}/1") for number in range(10, 15)}
    hook.publish_all(left)
    for number in range(10, 15):
        del blog.pages[f"/{number}"]
    assert hook.dry_run(gone=left[:1]) == {"skipped": 1}
    assert hook.publish_all(gone=left[:1]) == {"accepted": 1}
    assert hook.publish_all(left[1:]) == {"skipped": 4}
    assert hook.publish_all(left[1:], gone=["all"]) == {"accepted": 4}


def item(url: str, summary: str) -> str:
    return f"<item><link>{url}</link><title>A post</title><description>{summary}</description></item>"


def test_an_unchanged_feed_asks_for_none_of_its_pages_again(make: Make, blog: Site, far_side: FarSide) -> None:
    """Also where its entries say no date; an entry that changed has its page read, and nobody else's."""
    there = f"<rss version='2.0'><channel><link>{blog.url}/</link>%s</channel></rss>"
    blog.pages["/feed"] = page((there % (item(f"{blog.url}/6", "six") + item(f"{blog.url}/7", "seven"))).encode())
    hook = make(feeds=(f"{blog.url}/feed",))
    assert hook.publish_all() == {"accepted": 2}
    assert hook.publish_all() == {"skipped": 2}
    assert sorted(request.path for request in blog.requests) == ["/6", "/7", "/feed", "/feed"]
    blog.pages["/6"] = post(f"{far_side.url}/1", words="As they said before")
    blog.pages["/feed"] = page((there % (item(f"{blog.url}/6", "anew") + item(f"{blog.url}/7", "seven"))).encode())
    assert hook.publish_all() == {"accepted": 1, "skipped": 1}
    assert [request.path for request in blog.requests][-2:] == ["/feed", "/6"]


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Those of all connections to SQLite that are made from now on."""
    heard: list[str] = []

    def follow(connection: sqlite3.Connection, _: object) -> None:
        connection.set_trace_callback(heard.append)

    event.listen(Pool, "connect", follow)
    yield heard
    event.remove(Pool, "connect", follow)


def test_unchanged_posts_of_a_built_site_are_asked_about_together(
    statements: list[str], make: Make, blog: Site, far_side: FarSide, tmp_path: Path
) -> None:
    """The store is read as often for sixty as for six, nothing is written, and nobody is asked."""
    said: dict[int, list[str]] = {}
    for posts in (6, 60):
        for number in range(posts):
            html = markup(f"{far_side.url}/1", f"{far_side.url}/2", words=f"The words of {number}")
            (tmp_path / f"{number}.html").write_bytes(html)
            blog.pages[f"/{number}.html"] = page(html)
        hook = make(folder=str(tmp_path), base_url=f"{blog.url}/")
        hook.publish_all()
        for heard in (statements, blog.requests, far_side.requests):
            heard.clear()
        assert hook.publish_all() == {"skipped": 2 * posts}
        assert (blog.requests, far_side.requests) == ([], [])
        said[posts] = [statement.split()[0] for statement in statements]
    assert said[60] == said[6]
    assert {*said[6]} <= {"BEGIN", "SELECT", "COMMIT", "ROLLBACK"}
    assert 0 < said[6].count("SELECT") <= 10


def test_a_feed_that_cannot_be_read_stops_no_other(
    make: Make, blog: Site, far_side: FarSide, caplog: pytest.LogCaptureFixture
) -> None:
    blog.pages |= {"/none": page(b"<p>no feed"), "/feed": feed(blog, "/6")}
    hook = make(feeds=(f"{blog.url}/none", f"{blog.url}/404", f"{blog.url}/feed"))
    unread: list[tuple[str, type[Exception]]] = []
    counts = hook.publish_all(on_unread=lambda name, error: unread.append((name, type(error))))
    assert counts == {"accepted": 1}
    assert [name for name, _ in unread] == [f"{blog.url}/none", f"{blog.url}/404"]
    assert issubclass(unread[0][1], BadFeed)
    assert issubclass(unread[1][1], FetchError)
    assert caplog.records == []
    hook.publish_all()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def test_dry_run_says_what_would_be_sent_and_sends_nothing(make: Make, blog: Site, far_side: FarSide) -> None:
    said: list[str] = []
    counts = make().dry_run([f"{blog.url}/6"], on_outcome=lambda outcome: said.append(outcome.message))
    assert counts == {"skipped": 1}
    assert said == [f"would be sent by webmention to {far_side.url}/endpoint"]
    assert far_side.heard == []
    assert list(make.store.outbox.pings()) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"html": "six.html"}, "needs a base URL", id="file-without-base-url"),
        pytest.param({"folder": "site"}, "needs a base URL", id="folder-without-base-url"),
    ],
)
def test_settings_that_say_too_little(make: Make, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make(**settings).publish_all()
