"""Programs made for webmention.io's API, which read from our server instead.

webmention.js (PlaidWeb) is a widget in a real browser, eleventy-cache-webmentions what the builds of many static sites
read with. They come from npm, and nothing in them is changed.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from pingback.model import Author, MentionKind, MentionStatus
from pingback.server.run import Server
from pingback.store import Store
from tests.browser.install import npm_package
from tests.debian import program
from tests.loopback import Site, page
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Pages
from tests.server.shells import wsgi_of
from tests.server.strangers import HOSTILE, LIKE, PLAIN, TARGET

REPLY = replace(
    LIKE,
    source="https://c.example/reply",
    kind=MentionKind.REPLY,
    excerpt="I <b>disagree</b> & say why.",
    author=Author(name="Cem"),
)

# Builds a site once: what the plug-in has for a page, kept from one build to the next.
BUILD = """
const webmentions = require(process.argv[1]);
const [domain, feed, cacheDirectory, page] = process.argv.slice(2);
const wishes = { domain, feed, cacheDirectory, key: "children", duration: "0s", paginate: true };
webmentions.getWebmentions({ ...webmentions.defaults, ...wishes }, page)
    .then((found) => process.stderr.write(JSON.stringify(found)));
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    with Store("sqlite://", clock=clock) as store:
        yield store


@pytest.fixture
def server(store: Store) -> Iterator[str]:
    """The URL of a server with that store."""
    with (
        Receiver(site="https://my.example/", store=store, client=Pages()) as receiver,
        Server(wsgi_of(receiver)) as server,
    ):
        yield server.url


def test_webmention_js_in_the_browser(browser_page: Page, server: str, store: Store) -> None:
    for mention in (PLAIN, LIKE, REPLY, replace(HOSTILE, target=f"http{TARGET.removeprefix('https')}")):
        store.mentions.keep(mention)
    asked: list[str] = []
    browser_page.route("https://webmention.io/**", sent_to(server, asked))
    widget = (npm_package("webmention.js") / "static/webmention.js").read_bytes()
    html = f'<div id="webmentions"></div><script src="/webmention.js" data-page-url="{TARGET}"></script>'
    pages = {"/": page(html.encode()), "/webmention.js": page(widget, headers={"Content-Type": "text/javascript"})}
    with Site(pages) as site:
        browser_page.goto(site.url)
        comments, reactions = browser_page.locator("ul.comments > li"), browser_page.locator("ul.reacts > a")
        expect(comments).to_have_count(3)
        expect(comments.locator("a.source")).to_have_text([re.compile("</script></style></title>"), "Ann", "Cem"])
        expect(comments.locator("span").nth(1)).to_have_text("A post | Ann’s site")
        expect(comments.locator("span").nth(2)).to_have_text("I <b>disagree</b> & say why.")
        expect(reactions).to_have_count(1)
        expect(reactions).to_have_attribute("title", "Bob liked")
        assert browser_page.locator("#webmentions script, #webmentions [onclick], #webmentions [onerror]").count() == 0
    [url] = asked
    assert "per-page=30&sort-by=published&sort-dir=up&target[]=http%3A%2F%2Fmy.example%2Fpart-5&target[]=https" in url


def sent_to(server: str, asked: list[str]) -> Callable[[Route], None]:
    """What the widget asks of webmention.io is asked of this server."""

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(response=route.fetch(url=route.request.url.replace("https://webmention.io", server)))

    return answer


def test_eleventy_builds_with_what_is_new_each_time(server: str, store: Store, clock: Clock, tmp_path: Path) -> None:
    late = store.mentions.keep(replace(REPLY, status=MentionStatus.PENDING))[0]
    store.mentions.keep(PLAIN)
    store.mentions.keep(LIKE)
    clock.pass_by(hours=6)
    first = built(server, tmp_path)
    assert [each["wm-property"] for each in first] == ["mention-of", "like-of"]  # as they were published
    assert first[0]["contentSanitized"] == PLAIN.excerpt

    store.mentions.update(replace(late, status=MentionStatus.APPROVED))
    second = built(server, tmp_path)
    assert sorted(each["wm-source"] for each in second) == [PLAIN.source, LIKE.source, REPLY.source]
    [reply] = [each for each in second if each["wm-source"] == REPLY.source]
    assert reply["contentSanitized"] == "I &lt;b&gt;disagree&lt;/b&gt; &amp; say why."


def built(server: str, folder: Path) -> list[dict[str, Any]]:
    """What a build finds for the page; it reads pages of three."""
    plugin = str(npm_package("@chrisburnell/eleventy-cache-webmentions"))
    node, feed = program("node"), f"{server}/api/mentions.jf2?domain=my.example&token=none&per-page=3"
    assert node is not None
    done = subprocess.run(
        [node, "-e", BUILD, plugin, "https://my.example", feed, str(folder), f"{TARGET}/"],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
    )
    found: list[dict[str, Any]] = json.loads(done.stderr)
    return found
