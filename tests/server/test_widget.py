"""`pingback.server.widget`: the script, and what it makes of a static page in a real browser."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from pingback.model import MentionKind
from pingback.server.app import handle
from pingback.server.http import Request, Response
from pingback.server.run import Server
from pingback.store import Store
from tests.loopback import Site
from tests.loopback import page as answered
from tests.receive.lax import Receiver
from tests.receive.pages import Pages
from tests.server.shells import wsgi_of
from tests.server.strangers import HOSTILE, LIKE, PLAIN, TARGET

# A page's own strict policy: no script but the widget, no inline handler, and no other place to load from.
POLICY = "default-src 'none'; script-src {server}; connect-src {server}"
DOCS = Path(__file__).parents[2] / "docs/display.md"
DIV = f'<div data-pingback-mentions data-target="{TARGET}"><a href="#">Mentions</a></div>'


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


@pytest.fixture
def server(store: Store) -> Iterator[str]:
    """The URL of a server with that store."""
    with (
        Receiver(site="https://my.example/", store=store, client=Pages()) as receiver,
        Server(wsgi_of(receiver)) as server,
    ):
        yield server.url


@pytest.fixture
def site(server: str) -> Iterator[Site]:
    """A static page on another origin, which `opened` makes."""
    with Site() as site:
        yield site


def filled(browser_page: Page, site: Site, server: str, html: str) -> Page:
    """The browser at a page with this markup and the script after it."""
    return opened(browser_page, site, server, f'{html}<script src="{server}/widget.js"></script>')


def opened(browser_page: Page, site: Site, server: str, html: str) -> Page:
    """The browser at a page with this markup and the strict policy."""
    policy = {"Content-Security-Policy": POLICY.format(server=server)}
    document = f'<!doctype html><meta charset="utf-8"><title>Five</title>{html}'
    site.pages["/five?a=1"] = answered(document.encode(), headers=policy)
    browser_page.goto(f"{site.url}/five?a=1#top")
    return browser_page


def test_it_fills_its_place(browser_page: Page, site: Site, server: str, store: Store) -> None:
    repost = replace(LIKE, source="https://c.example/repost", kind=MentionKind.REPOST, author=None)
    second = replace(LIKE, source="https://d.example/like", author=None)
    for mention in (PLAIN, LIKE, repost, second):
        store.keep(mention)
    page = filled(browser_page, site, server, DIV)
    section = page.locator("[data-pingback-mentions] > section.pingback-mentions:only-child")
    expect(section.get_by_role("heading", name="4 thoughts on this page")).to_be_visible()
    expect(section.locator("ol > li > p")).to_have_text(
        ["Pingback: A post | Ann’s site", "As said in part five, it is so.", "Ann"]
    )
    expect(section.locator("p.pingback-group")).to_have_text(["Liked by Bob, d.example", "Reposted by c.example"])
    link = section.get_by_role("link", name="A post | Ann’s site")
    expect(link).to_have_attribute("href", PLAIN.source)
    expect(link).to_have_attribute("rel", "nofollow ugc")


def test_as_the_docs_say(browser_page: Page, site: Site, server: str, store: Store) -> None:
    store.keep(replace(PLAIN, target="https://blog.example/part-five"))
    [html] = re.findall(r"^```html\n(<div .*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    page = opened(browser_page, site, server, html.replace("https://ping.example", server))
    expect(page.get_by_role("heading", name="1 thought on this page")).to_be_visible()


def test_one_thought_and_two_places(browser_page: Page, site: Site, server: str, store: Store) -> None:
    store.keep(PLAIN)
    headings = filled(browser_page, site, server, DIV + DIV).get_by_role("heading")
    expect(headings).to_have_text(["1 thought on this page"] * 2)


@pytest.mark.parametrize(
    ("head", "target"),
    [
        pytest.param('<link rel="canonical" href="https://my.example/part-5#x">', TARGET, id="canonical"),
        pytest.param("", "{site}/five?a=1", id="where-it-is"),
    ],
)
def test_without_a_target_it_is_the_page_itself(
    browser_page: Page, site: Site, server: str, store: Store, head: str, target: str
) -> None:
    store.keep(replace(PLAIN, target=target.format(site=site.url)))
    page = filled(browser_page, site, server, f"{head}<div data-pingback-mentions></div>")
    expect(page.get_by_role("heading", name="1 thought on this page")).to_be_visible()


@pytest.mark.parametrize("html", ["<p>No place for it.</p>", DIV], ids=["no-place", "nothing-to-show"])
def test_where_there_is_nothing_to_do_the_page_stays(browser_page: Page, site: Site, server: str, html: str) -> None:
    page = filled(browser_page, site, server, html)
    page.wait_for_load_state("networkidle")
    assert page.locator("section").count() == 0
    assert page.get_by_role("link", name="Mentions").count() == html.count("Mentions")


def test_where_the_server_does_not_answer_the_page_stays(
    browser_page: Page, site: Site, server: str, store: Store
) -> None:
    store.close()
    page = filled(browser_page, site, server, DIV)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("link", name="Mentions")).to_be_visible()


def test_strangers_in_the_widget(browser_page: Page, site: Site, server: str, store: Store) -> None:
    """The fixture fails for a script of theirs that ran and for one that the page's policy stopped; so do we."""
    dialogs: list[str] = []

    def heard(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    browser_page.on("dialog", heard)
    store.keep(replace(HOSTILE, target=TARGET))
    store.keep(replace(HOSTILE, source=HOSTILE.source.replace("?", "2?"), target=TARGET, kind=MentionKind.LIKE))
    place = filled(browser_page, site, server, DIV).locator("[data-pingback-mentions]")
    expect(place.get_by_role("heading")).to_have_text("2 thoughts on this page")
    assert place.locator("img, script, style").count() == 0
    for link in place.locator("a").all():
        assert str(link.get_attribute("href")).startswith("https://c.example/")
        link.hover()
    assert str(place.locator("a").first.text_content()).startswith("</script></style></title>--></bdi></a>")
    assert dialogs == []


def test_the_fragment_by_itself(browser_page: Page, server: str, store: Store) -> None:
    store.keep(replace(HOSTILE, target=TARGET))
    browser_page.goto(f"{server}/mentions?target={TARGET}&title=<script>alert(1)</script>")
    expect(browser_page.get_by_role("heading")).to_have_text("1 thought on “<script>alert(1)</script>”")
    assert browser_page.locator("img, script").count() == 0


def fetched(**headers: str) -> Response:
    with Store("sqlite://") as store, Receiver(site="https://my.example/", store=store, client=Pages()) as receiver:
        return handle(Request(method="GET", path="/widget.js", headers=headers), receiver)


def test_the_script_is_small_and_may_be_kept() -> None:
    script = fetched()
    assert len(script.body) < 3000
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cache-Control"] == "public, max-age=3600"
    assert fetched(**{"if-none-match": script.headers["ETag"]}).status == 304


def test_the_script_sets_text_and_no_markup() -> None:
    for word in (b"innerHTML", b"outerHTML", b"insertAdjacentHTML", b"document.write", b"eval", b"onclick"):
        assert word not in fetched().body
