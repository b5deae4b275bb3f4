"""`pingback publish --service --websub`: which feeds' services and hubs hear of news."""

import xmlrpc.client
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from tests.cli.conftest import ALLOW, Run
from tests.loopback import Site, page

THANKS = xmlrpc.client.dumps(({"flerror": False, "message": "Thanks."},), methodresponse=True).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    """Two blogs, `/a` and `/b`, each with a post, a feed and a hub of its own; and an update service."""
    with Site() as site:
        for blog in "ab":
            site.pages |= {
                f"/{blog}/1": page(f"<article><p>The first of {blog}.</p></article>".encode()),
                f"/{blog}/feed": page(atom(site, blog, "1")),
                f"/{blog}/hub": page(status=204),
            }
        site.pages |= {"/about": page(b"<article><p>Of me.</p></article>"), "/rpc": page(THANKS)}
        yield site


def atom(site: Site, blog: str, *posts: str) -> bytes:
    entries = "".join(f'<entry><id>{post}</id><link href="{site.url}/{blog}/{post}"/></entry>' for post in posts)
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><link href="{site.url}/{blog}/"/>'
        f'<link rel="self" href="{site.url}/{blog}/feed"/><link rel="hub" href="{site.url}/{blog}/hub"/>'
        f"{entries}</feed>"
    ).encode()


def publish(run: Run, site: Site, *arguments: str) -> None:
    """Publish what the arguments name, and have all that is heard of it."""
    site.requests.clear()
    feeds = [argument for blog in "ab" for argument in ("--feed", f"{site.url}/{blog}/feed")]
    done = run("publish", *arguments, *feeds, "--service", f"{site.url}/rpc", "--websub", *ALLOW)
    assert (done.code, done.out, done.err) == (0, "", "")


def heard(site: Site) -> list[str]:
    """By the hubs, of which feed; each as a path."""
    told = [request for request in site.requests if request.path.endswith("/hub")]
    return [f"{each.path} {parse_qs(each.body.decode())['hub.url'][0].removeprefix(site.url)}" for each in told]


def called(site: Site) -> list[list[str]]:
    """By the service: home, changed page and, where there is one, feed; each as a path."""
    calls = [xmlrpc.client.loads(request.body)[0] for request in site.requests if request.path == "/rpc"]
    return [[str(param).removeprefix(site.url) for param in params[1:]] for params in calls]


def test_each_feed_is_told_with_its_own_hub(site: Site, run: Run) -> None:
    publish(run, site)
    assert heard(site) == ["/a/hub /a/feed", "/b/hub /b/feed"]
    assert called(site) == [["/a/", "/a/1", "/a/feed"], ["/b/", "/b/1", "/b/feed"]]


def test_a_feed_without_news_is_not_told(site: Site, run: Run) -> None:
    publish(run, site)
    site.pages |= {"/a/2": page(b"<article><p>2</p></article>"), "/a/feed": page(atom(site, "a", "2", "1"))}
    publish(run, site)
    assert heard(site) == ["/a/hub /a/feed"]
    assert called(site) == [["/a/", "/a/2", "/a/feed"]]


def test_a_post_of_both_feeds_is_news_of_both(site: Site, run: Run) -> None:
    site.pages["/b/feed"] = page(atom(site, "b", "../a/1"))
    publish(run, site)
    assert heard(site) == ["/a/hub /a/feed", "/b/hub /b/feed"]


def test_a_page_of_no_feed_is_told_to_no_hub(site: Site, run: Run) -> None:
    publish(run, site)
    publish(run, site, f"{site.url}/about")
    assert heard(site) == []
    assert called(site) == [["/", "/about"]]
