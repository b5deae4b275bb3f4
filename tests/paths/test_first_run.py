"""A site that is published for the first time, and what of it says nothing: old posts, and pages that are no posts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pingback.model import Outcome, OutcomeStatus
from pingback.net.client import Client
from pingback.publishing import Publishing
from pingback.sending.values import Taken
from pingback.settings import Settings
from pingback.store import Store
from tests.loopback import Site, page
from tests.receive.pages import Clock
from tests.sending.far_sides import FarSide

LINKED = 80  # pages of the far side


class Blog:
    """A built site that is on the web: a post for each name, with its date, words and links."""

    def __init__(self, folder: Path, far_side: FarSide) -> None:
        self.folder, self.far_side, self.site, self.clock = folder, far_side, Site(), Clock()
        self.client = Client(allow=["127.0.0.0/8"])
        self.store = Store("sqlite://")
        self.taken: list[Taken] = []
        self.folder.mkdir()

    def write(self, path: str, *targets: str, days_ago: float | None = None, words: str = "As they say") -> None:
        """A post that is so old; None: it bears no date."""
        at = "" if days_ago is None else (self.clock.instant - timedelta(days=days_ago)).isoformat()
        date = f'<meta property="article:published_time" content="{at}">' if at else ""
        links = "".join(f'<p>{words} <a href="{self.far_side.url}{target}">there</a>.</p>' for target in targets)
        self.put(path, f"<!doctype html><title>{path}</title>{date}<article><h1>{path}</h1>{links}</article>")

    def put(self, path: str, markup: str) -> None:
        file = self.folder / path / "index.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(markup)
        self.site.pages[f"/{path}/" if path else "/"] = page(markup.encode())

    def list_all(self, path: str, *names: str) -> None:
        rows = "".join(
            f'<article class="h-entry"><h2><a class="u-url" href="/{name}/">{name}</a></h2><div class="e-content">'
            f'<p>As they say <a href="{self.far_side.url}/1">there</a>.</p></div></article>'
            for name in names
        )
        self.put(path, f"<!doctype html><title>all</title><main>{rows}</main>")

    def publish(self, *, base_url: str = "", method: str = "publish_all", **settings: Any) -> list[tuple[str, str]]:
        """What the far side heard: the posts and their targets, sorted."""
        self.far_side.heard.clear()
        self.taken.clear()
        given = Settings(folder=str(self.folder), base_url=base_url or f"{self.site.url}/", **settings)
        publishing = Publishing(client=self.client, store=self.store, settings=given, clock=self.clock)
        getattr(publishing, method)(on_taken=self.taken.append)
        return sorted((source.removeprefix(self.site.url), to.rpartition("/")[2]) for source, to in self.far_side.heard)

    @property
    def as_told(self) -> int:
        return sum(taken.as_told is not None for taken in self.taken)


@pytest.fixture
def blog(tmp_path: Path) -> Iterator[Blog]:
    with FarSide(*(f"/{number}" for number in range(LINKED))) as far_side:
        blog = Blog(tmp_path / "public", far_side)
        with blog.site, blog.client, blog.store:
            yield blog


def test_old_posts_are_taken_as_told_the_first_time(blog: Blog) -> None:
    blog.write("old", "/1", days_ago=31)
    blog.write("new", "/2", days_ago=29)
    assert blog.publish() == [("/new/", "2")]
    assert blog.as_told == 1
    assert [request.path for request in blog.site.requests] == ["/new/"]
    assert (blog.publish(), blog.as_told) == ([], 0)


def test_what_comes_later_speaks_whatever_its_date(blog: Blog) -> None:
    blog.write("old", "/1", days_ago=31)
    blog.publish()
    blog.write("found-again", "/2", days_ago=1000)
    assert blog.publish() == [("/found-again/", "2")]


def test_a_link_that_is_added_to_an_old_post_is_told_and_the_others_are_not(blog: Blog) -> None:
    blog.write("old", "/1", "/2", days_ago=31)
    blog.publish()
    blog.write("old", "/1", "/2", days_ago=31, words="In other words")
    assert blog.publish() == []
    blog.write("old", "/1", "/3", days_ago=31)
    assert blog.publish() == [("/old/", "3")]
    blog.write("old", "/1", "/2", "/3", days_ago=31)
    assert blog.publish() == [("/old/", "2"), ("/old/", "3")]


def test_since_moves_the_line(blog: Blog) -> None:
    for days_ago in (1, 31, 100):
        blog.write(f"{days_ago}", "/1", days_ago=days_ago)
    assert blog.publish(since=blog.clock.instant - timedelta(days=50)) == [("/1/", "1"), ("/31/", "1")]
    blog.write("200", "/1", days_ago=200)
    assert blog.publish(since=blog.clock.instant - timedelta(days=50)) == []


@pytest.mark.parametrize("later", [False, True], ids=["at-once", "later"])
def test_backfill_sends_what_is_old(blog: Blog, later: bool) -> None:
    blog.write("new", "/1", days_ago=1)
    blog.write("old", "/2", days_ago=31)
    blog.write("older", "/3", days_ago=100)
    if later:
        assert blog.publish() == [("/new/", "1")]
        assert blog.publish(backfill=True) == [("/old/", "2"), ("/older/", "3")]
    else:
        assert blog.publish(backfill=True) == [("/new/", "1"), ("/old/", "2"), ("/older/", "3")]
    assert blog.publish(backfill=True) == []


def test_backfill_of_what_is_not_too_old(blog: Blog) -> None:
    blog.write("old", "/2", days_ago=31)
    blog.write("older", "/3", days_ago=100)
    blog.publish()
    assert blog.publish(backfill=True, since=blog.clock.instant - timedelta(days=50)) == [("/old/", "2")]
    assert blog.publish(backfill=True) == [("/older/", "3")]


def test_of_posts_without_a_date_fifty_speak(blog: Blog) -> None:
    for number in range(60):
        blog.write(f"{number:02}", f"/{number}")
    blog.write("dated", "/70", days_ago=1)
    assert (len(blog.publish()), blog.as_told) == (51, 10)
    assert blog.publish() == []
    blog.write("one-more", "/70")
    assert blog.publish() == [("/one-more/", "70")]
    assert len(blog.publish(backfill=True)) == 10


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_root_is_the_same_with_or_without_a_slash(blog: Blog, slash: str) -> None:
    blog.write("new", "/1", days_ago=1)
    blog.publish(base_url=blog.site.url + slash)
    blog.write("old", "/2", days_ago=31)
    assert blog.publish(base_url=blog.site.url + ("/" if not slash else "")) == [("/old/", "2")]


def test_a_first_run_that_was_ended_goes_on_as_one(blog: Blog) -> None:
    for name in ("a", "b", "c"):
        blog.write(name, "/1", days_ago=31)
    blog.write("d", "/1", days_ago=1)

    def end(taken: Taken) -> None:
        raise KeyboardInterrupt

    given = Settings(folder=str(blog.folder), base_url=blog.site.url)
    with pytest.raises(KeyboardInterrupt):
        Publishing(client=blog.client, store=blog.store, settings=given, clock=blog.clock).publish_all(on_taken=end)
    assert blog.publish() == [("/d/", "1")]


def test_of_posts_without_a_date_fifty_speak_also_where_the_first_run_was_ended(blog: Blog) -> None:
    for number in range(70):
        blog.write(f"{number:02}", f"/{number}")
    told: list[str] = []

    def end(outcome: Outcome) -> None:
        told.append(outcome.source)
        if len(told) == 20:
            raise KeyboardInterrupt

    given = Settings(folder=str(blog.folder), base_url=blog.site.url)
    with pytest.raises(KeyboardInterrupt):
        Publishing(client=blog.client, store=blog.store, settings=given, clock=blog.clock).publish_all(on_outcome=end)
    blog.publish()
    # What was out just when the run was ended has its lease still.
    spoke = [ping for ping in blog.store.outbox.pings() if ping.status is not OutcomeStatus.SKIPPED]
    assert (len(spoke), blog.as_told) == (50, 20)


def test_what_the_first_run_could_not_read_or_passed_over_is_no_newer_later(blog: Blog) -> None:
    blog.write("excluded", "/1", days_ago=31)
    blog.write("new-and-excluded", "/2", days_ago=1)
    blog.write("undated", "/3")
    blog.site.pages["/undated/"] = page(status=404)
    assert blog.publish(exclude=("*excluded",)) == []
    assert blog.publish() == [("/new-and-excluded/", "2")]
    assert [str(taken.error) for taken in blog.taken if taken.error] == [
        f"{blog.site.url}/undated/ answered with HTTP status 404"
    ]
    blog.write("undated", "/3")
    assert blog.publish() == [("/undated/", "3")]


def test_a_dry_run_says_the_same_and_keeps_nothing(blog: Blog) -> None:
    blog.write("old", "/1", days_ago=31)
    blog.write("new", "/2", days_ago=1)
    blog.list_all("", "old", "new")
    for _ in range(2):
        assert blog.publish(method="dry_run", exclude=("x",)) == []
        assert (blog.as_told, sum(taken.left_out is not None for taken in blog.taken)) == (1, 1)
    assert not blog.store.roots.is_known(blog.site.url)
    assert list(blog.store.posts.under(blog.site.url)) == []
    assert blog.publish() == [("/new/", "2")]


def test_lists_and_other_pages_that_are_no_posts_say_nothing_and_are_read_once(blog: Blog) -> None:
    blog.write("a", "/1", days_ago=1)
    blog.write("b", "/2", days_ago=2)
    blog.list_all("", "a", "b")
    refresh = '<meta http-equiv="refresh" content="0; url=/a/">'
    blog.put("old", f'<!doctype html><head>{refresh}</head><a href="{blog.far_side.url}/1">a</a>')
    assert blog.publish() == [("/a/", "1"), ("/b/", "2")]
    asked = len(blog.site.requests)
    for _ in range(2):
        left_out = [(taken.publication.source, taken.left_out.kind) for taken in blog.taken if taken.left_out]
        assert left_out == [(f"{blog.site.url}/", "list"), (f"{blog.site.url}/old/", "stub")]
        assert blog.publish() == []
    assert len(blog.site.requests) == asked
    blog.list_all("", "b", "a")
    assert blog.publish() == []


def test_a_post_that_becomes_a_list_takes_nothing_back(blog: Blog) -> None:
    blog.write("a", "/1", days_ago=1)
    blog.publish()
    blog.list_all("a", "b", "c")
    assert blog.publish() == []
    assert [ping.linked for ping in blog.store.outbox.pings()] == [True]
    blog.write("a", "/1", "/2", days_ago=1)
    assert blog.publish() == [("/a/", "1"), ("/a/", "2")]


def test_an_old_post_that_was_a_list_in_between_speaks_on(blog: Blog) -> None:
    blog.write("a", "/1", days_ago=10)
    assert blog.publish() == [("/a/", "1")]
    blog.clock.pass_by(hours=24 * 60)
    blog.list_all("a", "b", "c")
    assert blog.publish() == []
    blog.write("a", "/1", "/2", days_ago=70)
    assert blog.publish() == [("/a/", "1"), ("/a/", "2")]


def test_links_with_nofollow_are_read_again_when_they_are_asked_for(blog: Blog) -> None:
    link = f'<a rel="nofollow" href="{blog.far_side.url}/1">there</a>'
    blog.put("a", f"<!doctype html><article><h1>A</h1><p>As they say {link}.</p></article>")
    assert blog.publish() == []
    assert [taken.nothing for taken in blog.taken] == ["all that it links to has rel=nofollow (1); --nofollow takes it"]
    assert blog.publish(nofollow=True) == [("/a/", "1")]


def test_a_sitemap_is_a_root_too(blog: Blog) -> None:
    blog.write("old", "/1", days_ago=31)
    blog.write("new", "/2", days_ago=1)
    blog.list_all("", "old", "new")
    urls = "".join(f"<url><loc>{blog.site.url}{path}</loc></url>" for path in ("/", "/old/", "/new/"))
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    blog.site.pages["/sitemap.xml"] = page(sitemap.encode(), headers={"Content-Type": "application/xml"})
    given = Settings(sitemaps=(f"{blog.site.url}/sitemap.xml",))
    publishing = Publishing(client=blog.client, store=blog.store, settings=given, clock=blog.clock)
    for _ in range(2):
        publishing.publish_all()
        assert [source for source, _ in blog.far_side.heard] == [f"{blog.site.url}/new/"]


def test_what_a_sitemap_says_of_posts_without_a_date(blog: Blog) -> None:
    urls = ""
    for name, days_ago in {"old": 31, "new": 1}.items():
        blog.write(name, "/1")
        at = (blog.clock.instant - timedelta(days=days_ago)).isoformat()
        urls += f"<url><loc>{blog.site.url}/{name}/</loc><lastmod>{at}</lastmod></url>"
    blog.site.pages["/sitemap.xml"] = page(f"<urlset>{urls}</urlset>".encode())
    given = Settings(sitemaps=(f"{blog.site.url}/sitemap.xml",))
    Publishing(client=blog.client, store=blog.store, settings=given, clock=blog.clock).publish_all()
    assert [source for source, _ in blog.far_side.heard] == [f"{blog.site.url}/new/"]


def test_feeds_and_what_is_named_are_sent_however_old(blog: Blog) -> None:
    blog.write("old", "/1", days_ago=1000)
    publishing = Publishing(client=blog.client, store=blog.store, clock=blog.clock)
    publishing.publish_all([f"{blog.site.url}/old/"])
    assert len(blog.far_side.heard) == 1


def test_an_old_post_that_is_named_later_is_sent_as_well(blog: Blog) -> None:
    for name in ("old", "other"):
        blog.write(name, "/1", days_ago=31)
    assert blog.publish() == []
    publishing = Publishing(client=blog.client, store=blog.store, clock=blog.clock)
    for method in (publishing.dry_run, publishing.publish_all, publishing.publish_all):
        method([f"{blog.site.url}/old/"])
    assert [source for source, _ in blog.far_side.heard] == [f"{blog.site.url}/old/"]
    assert blog.publish() == []


def test_a_list_that_is_named_is_published_with_a_warning(blog: Blog, caplog: pytest.LogCaptureFixture) -> None:
    blog.list_all("all", "a", "b")
    Publishing(client=blog.client, store=blog.store, clock=blog.clock).publish_all([f"{blog.site.url}/all/"])
    assert blog.far_side.heard == [(f"{blog.site.url}/all/", f"{blog.far_side.url}/1")]
    [said] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said.startswith(f"{blog.site.url}/all/ is published, as it was named, but it looks like a list: ")


def test_dates_of_the_far_past_and_future(blog: Blog) -> None:
    blog.write("a", "/1", days_ago=-10_000)
    blog.write("b", "/1", days_ago=700_000)
    assert blog.publish(since=datetime(1000, 1, 1, tzinfo=UTC)) == [("/a/", "1")]
