"""The pages of a real WordPress, in several themes: its posts speak, and none of the lists of them does."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import requests

from pingback.page.entry import PageKind, Post, read_post
from tests.loopback import Site, page
from tests.paths.programs import pingback
from tests.wordpress.fixture import WordPress
from tests.wordpress.install import themes

pytestmark = pytest.mark.wordpress

_NAMES = "abcdefghijkl"
_WORDS = "<p>The path went on along the water for an hour, past the mill and the two bridges.</p>"
_PERMALINK = re.compile(r"/\d{4}/\d\d/\d\d/[^/]+/")
_SINGLE = frozenset({"/about-the-river/", "/sample-page/"})


@pytest.fixture(scope="module")
def far() -> Iterator[Site]:
    """Another site: whatever links to its pages can tell it. Its host is its own."""
    told = page(b'<!doctype html><title>Far</title><link rel="webmention" href="/webmention">')
    with Site({f"/{name}": told for name in _NAMES} | {"/webmention": page(status=202)}, host="127.0.0.2") as site:
        yield site


@pytest.fixture(scope="module")
def targets(wordpress: WordPress, far: Site) -> dict[str, str]:
    """Twelve posts, so that there is a second page of them, and what each links to; and a page that is none.

    Each links to the one before as well, which shows the ping among its comments.
    """
    targets: dict[str, str] = {}
    before = wordpress.url
    for name in _NAMES:
        target = f"{far.url}/{name}"
        html = f'<p>See <a href="{target}">somebody else</a> about it, <a href="{before}">and me</a>.</p>{_WORDS}'
        before = wordpress.post(f"Letter {name}", html, tags=["rivers"])
        targets[before] = target
    wordpress.page("About the river", _WORDS)
    wordpress.send_due()
    assert len(wordpress.comments(next(iter(targets)))) == 1
    return targets


def _read(url: str) -> Post:
    response = requests.get(url, timeout=300)
    return read_post(response.content, url=response.url, content_type=response.headers["Content-Type"])


def test_its_lists_say_nothing_and_its_posts_their_own(wordpress: WordPress, targets: dict[str, str]) -> None:
    year, month, day = next(iter(targets)).removeprefix(wordpress.url).split("/")[1:4]
    lists = (
        "/ /page/2/ /category/uncategorized/ /category/uncategorized/page/2/ /tag/rivers/ /author/admin/ /?s=river "
        f"/{year}/ /{year}/{month}/ /{year}/{month}/{day}/"
    ).split()
    for theme in themes():
        with wordpress.theme(theme):
            kinds = {path: _read(wordpress.url + path).kind for path in (*lists, "/no-such-page/")}
            posts = {url: _read(url) for url in targets}
        assert kinds == dict.fromkeys(lists, PageKind.LIST) | {"/no-such-page/": PageKind.ERROR}, theme
        assert {url: post.kind for url, post in posts.items()} == dict.fromkeys(targets, PageKind.POST), theme
        links = {url: {link.target for link in post.links} for url, post in posts.items()}
        foreign = {url: [each for each in found if not each.startswith(wordpress.url)] for url, found in links.items()}
        assert foreign == {url: [target] for url, target in targets.items()}, theme
        assert [url for url, post in posts.items() if post.published is None] == [], theme


def test_of_its_sitemap_posts_and_pages_speak(
    wordpress: WordPress, far: Site, targets: dict[str, str], tmp_path: Path
) -> None:
    sitemap = f"{wordpress.url}/wp-sitemap.xml"
    for theme in themes():
        far.requests.clear()
        folder = tmp_path / theme
        folder.mkdir()

        with wordpress.theme(theme):
            done = pingback(folder, "publish", "--sitemap", sitemap, "--allow-network", "127.0.0.2")

        heard = [dict(parse_qsl(str(each.body, "ascii"))) for each in far.requests if each.method == "POST"]
        assert sorted((each["source"], each["target"]) for each in heard) == sorted(targets.items()), (theme, done.err)
        sources = {outcome["source"].removeprefix(wordpress.url) for outcome in done.printed}
        assert [each for each in sources - _SINGLE if not _PERMALINK.fullmatch(each)] == [], theme
        # The first comment of a new WordPress links to it.
        assert [each for each in done.printed if "gravatar.com" in (each["target"] or "")] == [], theme
